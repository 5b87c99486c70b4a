// examples/kept_collections.cpp: an editor's text that outlives the program, with every version of it.
//
// Usage: kept_collections [FOLDER]          (./notes unless said otherwise; run it again: it goes on)
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include <coppice/persist.hpp>

namespace {

/// What is in a result, or the end of this program: one of yours would go on with the error.
template <class T>
T need(coppice::result<T> given) {
    if (!given) {
        std::cerr << given.error().message() << "\n";
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) { return std::move(*given); }
}

/// A page of 100,000 lines.
coppice::text long_page() {
    std::string lines;
    for (int line = 1; line <= 100'000; ++line) { lines += "line " + std::to_string(line) + "\n"; }
    return coppice::text(lines);
}

}  // namespace

int main(int argument_count, char** arguments) {
    coppice::store notes = need(coppice::store::open(argument_count > 1 ? arguments[1] : "notes"));
    coppice::branch main = need(notes.branch("main"));
    auto log_before = need(notes.metrics()).log_bytes;
    const auto written = [&] {
        const auto log_now = need(notes.metrics()).log_bytes;
        return log_now - std::exchange(log_before, log_now);
    };

    auto kept = need(coppice::find_stored<coppice::text>(main.read(), "page"));
    if (need(kept.size()) == 0) {
        kept = need(coppice::save(main, "page", long_page()));
        std::cout << need(kept.size()) << " bytes of text saved: " << written() << " bytes written\n";
    }
    need(main.commit("before typing"));

    // A part is read where it lies; the whole, which can be edited, when it is asked for.
    std::cout << "it begins: " << need(kept.slice(0, 6)) << "\n";
    coppice::text page = need(kept.load());
    page = std::move(page).insert(page.position_of_line(50'000), "typed just now\n");
    kept = need(coppice::save(main, "page", page, kept));
    std::cout << "a line typed and saved: " << written() << " bytes written\n";

    // Another key that begins as this one costs what it differs by.
    auto draft = need(coppice::save(main, "draft", page.take(page.position_of_line(10)), kept));
    std::cout << "a draft of its first lines: " << written() << " bytes written\n";

    // Somebody else has saved meanwhile: nobody's work is lost.
    auto theirs = need(coppice::save(main, "page", page.insert(0, "theirs\n"), kept));
    const coppice::text mine = page + "mine\n";
    const auto refused = coppice::save(main, "page", mine, kept);
    std::cout << "refused: " << refused.error().message() << "\n";
    const auto both =
        merge(page, mine, need(theirs.load()), [](const auto& conflict) { return conflict.ours + conflict.theirs; });
    kept = need(coppice::save(main, "page", both, theirs));

    // And what it was before is there.
    auto before = need(coppice::find_stored<coppice::text>(need(notes.at("main~0")), "page"));
    std::cout << "lines: " << need(before.load()).line_count() - 1 << " before, " << both.line_count() - 1 << " now\n";
    need(notes.close());
}
