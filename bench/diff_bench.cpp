// Differences of versions, beside reading both versions whole: time per difference, not per change.
//
// Keys are `key:%012d` entered in random order, values 16 bytes; lists have the same values by number, bytes
// are random letters. Each run changes other places. Column "aim" is what the product is held to.
#include <cstring>
#include <memory>

#include <coppice/base/random.hpp>
#include <coppice/tree/cursor.hpp>
#include <coppice/tree/diff.hpp>

#include "arguments.hpp"
#include "tree_report.hpp"

namespace coppice::bench {
namespace {

struct settings {
    std::uint64_t keys = 1'000'000;
    unsigned runs = 7;
    bool json = false;
    std::string_view only;
};

std::string key_of_number(std::uint64_t number) {
    char text[32];
    std::snprintf(text, sizeof text, "key:%012llu", static_cast<unsigned long long>(number));
    return text;
}

std::uint64_t drain(keyed_diff& diff) {
    std::uint64_t hash = 0;
    for (keyed_change change; diff.next(change);) {
        hash = mix(hash, change.key.size() + (change.after ? change.after->bytes.size() : 0));
    }
    return hash;
}

/// The same by reading both trees whole: what a diff without shared nodes costs at the least.
std::uint64_t scan_both(const tree& before, const tree& after) {
    std::uint64_t different = 0;
    cursor a(before);
    cursor b(after);
    std::string key_a;
    std::string key_b;
    while (!a.at_end() && !b.at_end()) {
        key_a.clear();
        key_b.clear();
        a.get().append_key(key_a);
        b.get().append_key(key_b);
        if (key_a != key_b || a.get().bytes != b.get().bytes) { ++different; }
        if (key_a <= key_b) { a.next(); }
        if (key_b <= key_a) { b.next(); }
    }
    return different;
}

void keyed_rows(report& out, const settings& set, tree_context& context) {
    if (!out.wants("keyed")) { return; }
    random_source random(1);
    std::vector<std::uint64_t> order(set.keys);
    for (std::uint64_t i = 0; i < set.keys; ++i) {
        const std::uint64_t other = random.below(i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    tree before(context, keyed_records);
    for (const std::uint64_t number : order) { before.put({key_of_number(2 * number), "0123456789abcdef"}); }
    tree after = before;
    const auto set_some = [&](std::uint64_t changes) {
        after = before;
        for (; changes > 0; --changes) { after.put({key_of_number(2 * random.below(set.keys)), "fedcba9876543210"}); }
    };
    const auto diff = [&] {
        keyed_diff found(before, after);
        return drain(found);
    };
    out.measure(
        "keyed: 1 key set", 1, 0, [&] { set_some(1); }, diff);
    out.measure(
        "keyed: 100 keys set", 1, set.keys == 1'000'000 ? 400'000 : 0, [&] { set_some(100); }, diff);
    out.measure(
        "keyed: 10,000 keys set", 1, 0, [&] { set_some(10'000); }, diff);
    out.measure(
        "keyed: 100 keys, 50 entered, 50 erased", 1, 0,
        [&] {
            after = before;
            for (int i = 0; i < 50; ++i) {
                after.put({key_of_number(2 * random.below(set.keys) + 1), "fedcba9876543210"});
                after.erase(key_of_number(2 * random.below(set.keys)));
            }
        },
        diff);
    out.measure(
        "keyed: 100 keys set, a page of 10 behind a key", 1, 0, [&] { set_some(100); },
        [&] {
            keyed_diff found(before, after);
            found.seek(key_of_number(set.keys));
            keyed_change change;
            std::uint64_t hash = 0;
            for (int i = 0; i < 10 && found.next(change); ++i) { hash = mix(hash, change.key.size()); }
            return hash;
        });
    out.measure(
        "keyed: equal() of a tree that shares nothing", 1, 0,
        [&] {
            after = tree(context, keyed_records);
            for (const std::uint64_t number : order) { after.put({key_of_number(2 * number), "0123456789abcdef"}); }
        },
        [&] { return std::uint64_t{equal(before, after)}; });
    out.measure(
        "keyed: both trees read whole", 1, 0, [&] { set_some(100); }, [&] { return scan_both(before, after); });
}

void list_rows(report& out, const settings& set, tree_context& context) {
    if (!out.wants("list")) { return; }
    random_source random(2);
    std::vector<std::string> texts;
    std::vector<record> records;
    for (std::uint64_t i = 0; i < set.keys; ++i) { texts.push_back(key_of_number(i)); }
    for (const std::string& each : texts) { records.push_back({{}, each}); }
    const tree before = tree::build(context, listed_records, records);
    tree after = before;
    const record given{{}, "fedcba9876543210"};
    const auto insert_some = [&](std::uint64_t changes) {
        after = before;
        for (; changes > 0; --changes) { after.splice(random.below(after.size()), 0, {&given, 1}); }
    };
    const auto diff = [&] { return mix(0, list_diff(before, after).size()); };
    out.measure(
        "list: 1 element inserted", 1, 0, [&] { insert_some(1); }, diff);
    out.measure(
        "list: 10 elements inserted", 1, 0, [&] { insert_some(10); }, diff);
    out.measure(
        "list: 100 elements inserted", 1, 0, [&] { insert_some(100); }, diff);
    out.measure(
        "list: 10,000 elements inserted", 1, 0, [&] { insert_some(10'000); }, diff);
    insert_some(10);
    records.clear();
    std::vector<std::string> changed;
    for (cursor at(after); !at.at_end(); at.next()) { changed.emplace_back(at.get().bytes); }
    for (const std::string& each : changed) { records.push_back({{}, each}); }
    after = tree::build(context, listed_records, records);
    out.measure("list: 10 inserted, trees that share nothing", 1, 0, diff);
}

void bytes_rows(report& out, const settings& set, tree_context& context) {
    if (!out.wants("bytes")) { return; }
    random_source random(3);
    std::string text(set.keys * 16, '.');
    for (char& c : text) { c = static_cast<char>('a' + random.below(26)); }
    const tree before = tree::build_bytes(context, text);
    tree after = before;
    const auto insert_some = [&](std::uint64_t changes) {
        after = before;
        for (; changes > 0; --changes) { after.splice_bytes(random.below(after.size()), 0, "inserted"); }
    };
    const auto diff = [&] { return mix(0, list_diff(before, after).size()); };
    out.measure(
        "bytes: 1 time 8 bytes inserted", 1, 0, [&] { insert_some(1); }, diff);
    out.measure(
        "bytes: 100 times 8 bytes inserted", 1, 0, [&] { insert_some(100); }, diff);
}

int run(const settings& set) {
    report out(set.runs, set.only);
    auto pool = std::make_unique<node_pool>();
    tree_context context{pool.get()};
    keyed_rows(out, set, context);
    list_rows(out, set, context);
    bytes_rows(out, set, context);
    char parameters[128];
    std::snprintf(parameters, sizeof parameters, "\"keys\": %llu, \"runs\": %u",
                  static_cast<unsigned long long>(set.keys), set.runs);
    if (set.json) {
        out.print_json(parameters);
        return 0;
    }
    std::printf("%s; a row is one whole difference\n", parameters);
    out.print_table();
    return 0;
}

}  // namespace
}  // namespace coppice::bench

int main(int argc, char** argv) {
    coppice::bench::settings set;
    for (coppice::bench::arguments given("diff_bench [--small] [--json] [--only text] [--runs n] [--keys n]", argc,
                                         argv);
         given.next();) {
        if (given.is("--small")) {
            set.keys = 2000;
        } else if (!given.flag("--json", set.json) && !given.value("--only", set.only)
                   && !given.value("--runs", set.runs) && !given.value("--keys", set.keys)) {
            return given.refuse();
        }
    }
    return coppice::bench::run(set);
}
