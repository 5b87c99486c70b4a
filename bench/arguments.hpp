// bench/arguments.hpp: the words after a benchmark's name.
//
//     for (arguments given("tree_bench [--small] [--json] [--runs n]", argc, argv); given.next();) {
//         if (given.is("--small")) {
//             ...
//         } else if (!given.flag("--json", set.json) && !given.value("--runs", set.runs)) {
//             return given.refuse();
//         }
//     }
#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace coppice::bench {

class arguments {
public:
    /// `usage` begins with the program's name.
    arguments(const char* usage, int count, char** words) : usage_(usage), words_(words), count_(count) {}

    /// Whether there is another word.  `--help` says what there is, and ends the program.
    [[nodiscard]] bool next() {
        if (++at_ < count_ && is("--help")) {
            std::printf(
                "usage: %s\n\nWhat is measured, and what the columns mean, stands at the top of bench/%s.cpp.\n",
                usage_, program().c_str());
            std::exit(0);
        }
        return at_ < count_;
    }
    [[nodiscard]] bool is(std::string_view name) const { return words_[at_] == name; }
    /// It is `name`: `to` becomes true.
    bool flag(std::string_view name, bool& to) const { return is(name) && (to = true); }
    /// It is `name`, and the next word becomes `to`: a number above 0, or a text.
    template <class To>
    bool value(std::string_view name, To& to) {
        if (!is(name) || at_ + 1 == count_) { return false; }
        const char* word = words_[at_ + 1];
        if constexpr (std::is_arithmetic_v<To>) {
            const char* end = word + std::strlen(word);
            if (std::from_chars(word, end, to).ptr != end || to <= 0) { return false; }
        } else {
            to = word;
        }
        ++at_;
        return true;
    }
    /// Says that the word is not known; what main returns then.
    [[nodiscard]] int refuse() const {
        std::fprintf(stderr, "%s: unknown argument %s, or one without its value\nusage: %s\n", program().c_str(),
                     words_[at_], usage_);
        return 2;
    }

private:
    [[nodiscard]] std::string program() const { return std::string(usage_, std::strcspn(usage_, " ")); }

    const char* usage_;
    char** words_;
    int count_;
    int at_ = 0;
};

}  // namespace coppice::bench
