// Each collection once, as a program that is built against an installed coppice has them.
#include <coppice/atomic_box.hpp>
#include <coppice/cow_dataset.hpp>
#include <coppice/map.hpp>
#include <coppice/ordered_map.hpp>
#include <coppice/ordered_set.hpp>
#include <coppice/set.hpp>
#include <coppice/text.hpp>
#include <coppice/textbook/list.hpp>
#include <coppice/textbook/search_tree.hpp>
#include <coppice/vector.hpp>
#include <coppice/vector_merge.hpp>

#include <string>

int main() {
    const coppice::vector<std::string> words{"one", "two"};
    const auto longer = words.push_back("three");
    const auto merged = merge(words, longer, words.set(0, "1"), [](const auto& conflict) { return conflict.ours; });

    coppice::map<coppice::text, int> counts;
    for (const auto& word : merged) { counts = std::move(counts).insert(coppice::text(word), 1); }
    const coppice::set<std::string> hashed(merged.begin(), merged.end());
    const coppice::ordered_set<std::string> ordered(merged.begin(), merged.end());
    const auto ages = coppice::ordered_map<std::string, int>{{"ada", 36}}.insert("alan", 41);
    const coppice::cow_dataset<int> rows{1, 2, 3};

    coppice::atomic_box<coppice::text> shown(coppice::text("x"));
    shown.update([](const coppice::text& now) { return now.insert(0, "y"); });
    bool refused = false;
    try {
        shown.store(coppice::text("\xff"));
    } catch (const coppice::text_error& error) { refused = error.position() == 0; }

    const bool right = merged == coppice::vector<std::string>{"1", "two", "three"} && counts.size() == 3
                       && hashed.contains("two") && ordered.nth(0) == "1" && ages.nth(1).second == 41
                       && rows.copy().is_shared_with(rows) && shown.load() == "yx" && refused;
    return right ? 0 : 1;
}
