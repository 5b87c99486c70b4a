// bench/text_rows.hpp: the rows of collections_bench for text, beside std::string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/text.hpp>

#include "collections_table.hpp"

namespace coppice::bench {

/// What a text of n bytes, in lines of some forty, is asked to do; short ones often enough to be timed.
struct text_work {
    std::string bytes;
    std::vector<std::size_t> places;  // in random order
    std::size_t operations;

    explicit text_work(std::size_t n) : places(10'000), operations(std::min<std::size_t>(n / 10, 10'000)) {
        random_source random(1);
        while (bytes.size() < n) {
            bytes += random.below(7) == 0    ? ' '
                     : random.below(40) == 0 ? '\n'
                                             : static_cast<char>('a' + random.below(26));
        }
        for (auto& each : places) { each = random.below(n); }
    }
    [[nodiscard]] std::size_t nth(std::size_t at) const { return places[at % places.size()]; }
};

/// The rows that std::string has as well.
template <class Text, class Put>
void rows_of_texts(const text_work& work, Put put) {
    constexpr bool is_std = std::is_same_v<Text, std::string>;
    constexpr std::string_view word = "word ";
    put("bytes per byte", bytes_per_element(work.bytes.size(), [&work] { return Text(work.bytes); }));
    const Text made(work.bytes);
    const auto own = [&work] { return Text(work.bytes); };
    const std::size_t all = is_std ? std::min<std::size_t>(work.operations, 1'000) : work.operations;
    const auto many = [&](const char* name, auto body) {
        put(name, time_of(all, own, [&](Text& subject) {
                for (std::size_t at = 0; at < all; ++at) { body(subject, work.nth(at)); }
            }));
    };
    put("make, per byte", time_of(
                              work.bytes.size(), [] { return 0; }, [&](int) { seen += own().size(); }));
    many("get a byte, random", [&made](Text&, std::size_t at) { seen += static_cast<std::uint64_t>(made[at]); });
    many("insert 5 bytes, sole owner", [&](Text& subject, std::size_t at) {
        if constexpr (is_std) {
            subject.insert(at, word);
        } else {
            subject = std::move(subject).insert(at, word);
        }
    });
    many("erase 5 bytes, sole owner", [&](Text& subject, std::size_t at) {
        const std::size_t first = at * (subject.size() - word.size()) / work.bytes.size();
        if constexpr (is_std) {
            subject.erase(first, word.size());
        } else {
            subject = std::move(subject).erase(first, first + word.size());
        }
    });
    many("insert 5 bytes, persistent", [&](Text&, std::size_t at) {
        if constexpr (is_std) {
            seen += Text(made).insert(at, word).size();
        } else {
            seen += std::as_const(made).insert(at, word).size();
        }
    });
    put("find what is not there, per byte", time_of(work.bytes.size(), own, [&](Text& subject) {
            seen += subject.find("Q") == subject.find("Z") ? 1 : 0;
        }));
}

template <class Text, class Put>
void rows_of_text_values(const text_work& work, Put put) {
    const std::size_t words = work.bytes.size() / 100;
    put("bytes per byte, n/100 inserts", bytes_per_element(work.bytes.size() + 5 * words, [&work, words] {
            Text edited(work.bytes);
            for (std::size_t at = 0; at < words; ++at) {
                edited = std::move(edited).insert(work.nth(at * at), "word ");
            }
            return edited;
        }));
    const Text made(work.bytes);
    const auto many = [&](const char* name, auto body) {
        put(name, time_of(
                      work.operations, [] { return 0; },
                      [&](int) {
                          for (std::size_t at = 0; at < work.operations; ++at) { body(work.nth(at)); }
                      }));
    };
    many("line of a position", [&](std::size_t at) { seen += made.line_of(at); });
    many("position of a line", [&](std::size_t at) { seen += made.position_of_line(at % made.line_count()); });
    many("a line as a text", [&](std::size_t at) { seen += made.line(at % made.line_count()).size(); });
    many("slice of a third", [&](std::size_t) { seen += made.slice(made.size() / 3, made.size() / 3 * 2).size(); });
    many("concat with itself", [&](std::size_t) { seen += (made + made).size(); });
    many("copy", [&](std::size_t) { seen += Text(made).size(); });
    if (work.bytes.size() < 10'000) { return; }
    auto edit = made.edit();
    for (std::size_t at = 0; at < 100; ++at) { edit.replace(work.nth(at), work.nth(at) + 1, "#"); }
    const Text other = std::move(edit).done();
    put("diff of 100, us", time_of(
                               1'000, [] { return 0; }, [&](int) { seen += diff(made, other).size(); }));
}

inline void texts(const settings& set) {
    for (std::size_t n : set.sizes) {
        n *= 10;
        const std::string title = "text, n = " + std::to_string(n);
        if (title.find(set.only) == title.npos) { continue; }
        table out(title, {"coppice", "coppice, local", "std::string"});
        const text_work work(n);
        in_turns(set, [&] {
            rows_of_texts<text>(work, out.column("coppice"));
            rows_of_text_values<text>(work, out.column("coppice"));
            rows_of_texts<basic_text<local_nodes>>(work, out.column("coppice, local"));
            rows_of_text_values<basic_text<local_nodes>>(work, out.column("coppice, local"));
            rows_of_texts<std::string>(work, out.column("std::string"));
        });
        out.print();
    }
}

}  // namespace coppice::bench
