// The stored tree beside the containers that cannot be copied: CPU time per operation, bytes per element.
//
// Keys are `key:%012d` in random order, values 16 bytes. Column "aim" is what the product is held to.
// --sizes shows the choice of page and fan-out: the rows that depend on them, for nine pairs.
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <unordered_map>

#include <coppice/base/random.hpp>
#include <coppice/tree/check.hpp>
#include <coppice/tree/cursor.hpp>
#include <coppice/tree/tree.hpp>

#include "arguments.hpp"
#include "tree_report.hpp"

#if __has_include(<absl/container/btree_map.h>) && defined(COPPICE_BENCH_ABSL)
#include <absl/container/btree_map.h>
#endif

namespace coppice::bench {
namespace {

struct settings {
    std::uint64_t keys = 1'000'000;
    std::uint64_t many = 10'000'000;
    unsigned runs = 5;
    bool json = false;
    bool sizes = false;
    std::string_view only;
    node_sizes nodes{};
};

/// A key as text without an allocation of its own.
struct key_text {
    std::array<char, 16> text;
    [[nodiscard]] std::string_view view() const { return {text.data(), text.size()}; }
};

key_text key_of_number(std::uint64_t number) {
    char text[32];
    std::snprintf(text, sizeof text, "key:%012llu", static_cast<unsigned long long>(number));
    key_text key;
    std::memcpy(key.text.data(), text, key.text.size());
    return key;
}

constexpr std::string_view value = "0123456789abcdef";
constexpr std::string_view other_value = "fedcba9876543210";

std::vector<key_text> sorted_keys(std::uint64_t size) {
    std::vector<key_text> keys(size);
    for (std::uint64_t i = 0; i < size; ++i) { keys[i] = key_of_number(i); }
    return keys;
}
std::vector<key_text> shuffled(std::vector<key_text> keys, std::uint64_t seed) {
    random_source random(seed);
    for (std::size_t i = keys.size(); i > 1; --i) { std::swap(keys[i - 1], keys[random.below(i)]); }
    return keys;
}

/// A pool and its context, emptied at the end.
struct ground {
    explicit ground(const node_sizes& sizes) : context{&pool, sizes} {}
    void clean() {
        while (pool.free_garbage(1'000'000) != 0) {}
    }
    node_pool pool;
    tree_context context;
};

tree inserted(ground& on, const std::vector<key_text>& keys) {
    tree made(on.context, keyed_records);
    for (const key_text& key : keys) { made.put({key.view(), value}); }
    return made;
}

// ---- records by key

std::uint64_t get_all(const tree& from, std::span<const key_text> keys) {
    std::uint64_t hash = 0;
    for (const key_text& key : keys) { hash += static_cast<unsigned char>(from.find(key.view())->bytes[3]); }
    return hash;
}
std::uint64_t get_together(const tree& from, std::span<const key_text> keys) {
    std::uint64_t hash = 0;
    std::array<std::string_view, 16> wanted;
    std::array<record_view, 16> found;
    for (std::size_t i = 0; i + 16 <= keys.size(); i += 16) {
        for (std::size_t j = 0; j < 16; ++j) { wanted[j] = keys[i + j].view(); }
        from.find_many(wanted, found);
        for (const record_view& each : found) { hash += static_cast<unsigned char>(each.bytes[3]); }
    }
    return hash;
}

void gets(report& out, const settings& set, std::uint64_t size, double aim, double aim_together) {
    ground on(set.nodes);
    const std::string n = size >= 1'000'000 ? std::to_string(size / 1'000'000) + " M" : std::to_string(size);
    const auto keys = shuffled(sorted_keys(size), 1);
    const tree subject = inserted(on, keys);
    const auto asked = shuffled(keys, 2);
    const std::span some(asked.data(), std::min<std::size_t>(asked.size(), 1'000'000) / 16 * 16);
    out.measure("GET, " + n + " keys", some.size(), aim, [&] { return get_all(subject, some); });
    out.measure("16 GETs together, " + n + " keys", some.size(), aim_together,
                [&] { return get_together(subject, some); });
}

void changes(report& out, const settings& set) {
    ground on(set.nodes);
    const auto sorted = sorted_keys(set.keys);
    const auto keys = shuffled(sorted, 1);
    const auto again = shuffled(sorted, 2);
    const auto per_key = [&](std::size_t before) {
        on.clean();
        return bytes_since(before) / static_cast<double>(set.keys);
    };
    tree subject(on.context, keyed_records);
    const auto empty = [&] {
        subject.clear();
        on.clean();
    };
    const std::size_t before = allocated_bytes();
    row& insert = out.measure("insert, random keys", keys.size(), 380, empty, [&] {
        for (const key_text& key : keys) { subject.put({key.view(), value}); }
        return subject.size();
    });
    insert.bytes = per_key(before);
    out.measure("SET existing", keys.size(), 480, [&] {
        for (const key_text& key : again) { subject.put({key.view(), other_value}); }
        return subject.size();
    });
    tree full = subject;
    out.measure(
        "erase, random keys", keys.size(), 600,
        [&] {
            empty();
            subject = inserted(on, keys);
            full.clear();
        },
        [&] {
            for (const key_text& key : again) { subject.erase(key.view()); }
            return subject.size();
        });
    row& ascending = out.measure("insert, ascending keys", keys.size(), 0, empty, [&] {
        for (const key_text& key : sorted) { subject.put({key.view(), value}); }
        return subject.size();
    });
    ascending.bytes = per_key(before);
    // Ascending runs that begin inside the tree: a hundred users, each adding to his own.
    row& runs = out.measure("insert, 100 ascending runs in turn", keys.size(), 0, empty, [&] {
        const std::size_t run = sorted.size() / 100;
        for (std::size_t i = 0; i < run; ++i) {
            for (std::size_t user = 0; user < 100; ++user) { subject.put({sorted[user * run + i].view(), value}); }
        }
        return subject.size();
    });
    runs.bytes = per_key(before);
    std::vector<record> records;
    for (const key_text& key : sorted) { records.push_back({key.view(), value}); }
    empty();
    const std::size_t with_records = allocated_bytes();
    row& bulk = out.measure("bulk build", keys.size(), 60, empty, [&] {
        subject = tree::build(on.context, keyed_records, records);
        return subject.size();
    });
    bulk.bytes = per_key(with_records);
}

void versions(report& out, const settings& set) {
    ground on(set.nodes);
    const auto keys = shuffled(sorted_keys(set.keys), 1);
    tree subject = inserted(on, keys);
    random_source random(7);
    std::vector<tree> kept;
    constexpr std::size_t writes = 1000;
    kept.reserve(writes);
    const auto drop = [&] {
        kept.clear();
        on.clean();
    };
    const auto write_after_snapshot = [&] {
        for (std::size_t i = 0; i < writes; ++i) {
            kept.push_back(subject);
            subject.put({keys[random.below(keys.size())].view(), other_value});
        }
        return subject.size();
    };
    for (int i = 0; i < 3; ++i) {  // the memory of the measured copies has been used before
        drop();
        write_after_snapshot();
    }
    const auto copied = on.context.edits;
    row& write = out.measure("write after a snapshot", writes, 2700, drop, write_after_snapshot);
    write.bytes = static_cast<double>(on.context.edits.copied_bytes - copied.copied_bytes) / static_cast<double>(writes)
                  / static_cast<double>(set.runs);
    row freeing{.what = "freeing a node of a path", .aim = 260};
    std::vector<double> times;
    std::vector<double> slices;
    for (unsigned run = 0; run < set.runs * 4; ++run) {
        drop();
        write_after_snapshot();
        const std::uint64_t nodes = on.pool.figures().nodes;
        const double begin = thread_time();
        kept.clear();
        for (std::size_t freed = 1; freed != 0;) {
            const double slice = thread_time();
            freed = on.pool.free_garbage(128);
            slices.push_back(thread_time() - slice);
        }
        times.push_back((thread_time() - begin)
                        / static_cast<double>(std::max<std::uint64_t>(1, nodes - on.pool.figures().nodes)));
    }
    freeing.ns = median(times);
    out.add(freeing);
    std::sort(slices.begin(), slices.end());
    out.add({.what = "the longest of most slices of 128 nodes (p99)",
             .ns = slices[slices.size() * 99 / 100],
             .aim = 100'000});
    for (const std::size_t every : {std::size_t{0}, std::size_t{100'000}, std::size_t{1000}}) {
        const std::string what = every == 0 ? "SET, no snapshots" : "SET, a snapshot per " + std::to_string(every);
        out.measure(what, keys.size(), every == 100'000 ? 1000 / 1.4 : 0, drop, [&] {
            tree snapshot(on.context, keyed_records);
            for (std::size_t i = 0; i < keys.size(); ++i) {
                if (every != 0 && i % every == 0) { snapshot = subject; }
                subject.put({keys[keys.size() - i - 1].view(), value});
                if (every != 0 && i % 64 == 0) { on.pool.free_garbage(64); }
            }
            return subject.size();
        });
    }
    times.clear();
    for (unsigned run = 0; run < set.runs; ++run) {
        tree whole = inserted(on, keys);
        const std::uint64_t nodes = on.pool.figures().nodes;
        const double begin = thread_time();
        whole = tree(on.context, keyed_records);
        while (on.pool.free_garbage(128) != 0) {}
        times.push_back((thread_time() - begin) / static_cast<double>(nodes - on.pool.figures().nodes));
    }
    out.add({.what = "freeing a node of a whole tree", .ns = median(times), .aim = 260});
    out.measure("copy of a tree", 1'000'000, 0, [&] {
        std::uint64_t sum = 0;
        for (int i = 0; i < 1'000'000; ++i) {
            const tree copy = subject;
            sum += copy.size();
        }
        return sum;
    });
    const std::size_t cuts = 2000;
    out.measure("slice", cuts, 0, drop, [&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < cuts; ++i) {
            const std::uint64_t from = random.below(subject.size() / 2);
            sum += subject.slice(from, from + subject.size() / 2).size();
        }
        return sum;
    });
    out.measure("slice in two and concat", cuts, 0, drop, [&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < cuts; ++i) {
            const std::uint64_t at = random.below(subject.size());
            sum += tree::concat(subject.slice(0, at), subject.slice(at, subject.size())).size();
        }
        return sum;
    });
}

// ---- hashes: child trees of a record

void hashes(report& out, const settings& set) {
    ground on(set.nodes);
    const auto keys = shuffled(sorted_keys(set.keys), 1);
    const auto again = shuffled(keys, 2);
    tree space(on.context, keyed_records);
    const std::size_t before = allocated_bytes();
    const auto empty = [&] {
        space.clear();
        on.clean();
        space.put({"hash", "h"});
    };
    row& put = out.measure("HSET, random new fields of one hash", keys.size(), 0, empty, [&] {
        for (const key_text& field : keys) {
            space.edit_child("hash", keyed_records, [&](tree& child, std::string&) {
                child.put({field.view(), value});
            });
        }
        return space.find("hash")->child_count;
    });
    put.bytes = bytes_since(before) / static_cast<double>(keys.size());
    put.aim = 380;
    out.measure("HGET", keys.size(), 450, [&] {
        std::uint64_t hash = 0;
        for (const key_text& field : again) {
            const tree child = space.child_of(*space.find("hash"), keyed_records);
            hash += static_cast<unsigned char>(child.find(field.view())->bytes[3]);
        }
        return hash;
    });
    const auto clear = [&] {
        space.clear();
        on.clean();
    };
    clear();
    const std::size_t fields = 3;
    row& small = out.measure("three-field hash: one field set", keys.size() * fields, 0, clear, [&] {
        for (const key_text& key : keys) {
            space.put({key.view(), {}});
            for (const std::string_view field : {"f1", "f2", "f3"}) {
                space.edit_child(key.view(), keyed_records, [&](tree& child, std::string&) {
                    child.put({field, value.substr(0, 6)});
                });
            }
        }
        return space.size();
    });
    small.bytes = bytes_since(before) / static_cast<double>(keys.size());
    out.measure("three-field hash: one field read", keys.size(), 0, [&] {
        std::uint64_t hash = 0;
        for (const key_text& key : again) {
            const tree child = space.child_of(*space.find(key.view()), keyed_records);
            hash += static_cast<unsigned char>(child.find("f2")->bytes[3]);
        }
        return hash;
    });
}

// ---- lists

void lists(report& out, const settings& set) {
    ground on(set.nodes);
    tree list(on.context, listed_records);
    const std::array<record, 1> one{record{{}, value}};
    const std::size_t before = allocated_bytes();
    const auto bytes_each = [&] {
        on.clean();
        return bytes_since(before) / static_cast<double>(list.size());
    };
    row& append = out.measure(
        "list append", set.keys, 90,
        [&] {
            list.clear();
            on.clean();
        },
        [&] {
            for (std::uint64_t i = 0; i < set.keys; ++i) { list.append(one); }
            return list.size();
        });
    append.bytes = bytes_each();
    row& prepend = out.measure(
        "list prepend", set.keys, 90,
        [&] {
            list.clear();
            on.clean();
        },
        [&] {
            for (std::uint64_t i = 0; i < set.keys; ++i) { list.splice(0, 0, one); }
            return list.size();
        });
    prepend.bytes = bytes_each();
    std::vector<std::uint64_t> at(std::min<std::uint64_t>(set.keys, 1'000'000));
    random_source random(3);
    for (std::uint64_t& each : at) { each = random.below(set.keys); }
    out.measure("list index", at.size(), 200, [&] {
        std::uint64_t hash = 0;
        for (const std::uint64_t each : at) { hash += static_cast<unsigned char>(list.at(each).bytes[3]); }
        return hash;
    });
    const std::size_t ranges = std::max<std::size_t>(1, at.size() / 20);
    out.measure("list range of 100", ranges, 800, [&] {
        std::uint64_t hash = 0;
        cursor walk(list);
        for (std::size_t i = 0; i < ranges; ++i) {
            walk.seek(std::min(at[i], list.size() - std::min<std::uint64_t>(100, list.size())));
            for (int j = 0; j < 100 && !walk.at_end(); ++j, walk.next()) {
                hash += static_cast<unsigned char>(walk.get().bytes[3]);
            }
        }
        return hash;
    });
    out.measure("list scan, each element", list.size(), 0, [&] {
        std::uint64_t hash = 0;
        for (cursor walk(list); !walk.at_end(); walk.next()) {
            hash += static_cast<unsigned char>(walk.get().bytes[3]);
        }
        return hash;
    });
    const tree appended = list;
    row& middle = out.measure(
        "list insert in the middle", at.size(), 0,
        [&] {
            list.clear();
            on.clean();
        },
        [&] {
            for (std::size_t i = 0; i < at.size(); ++i) { list.splice(at[i] % (list.size() + 1), 0, one); }
            return list.size();
        });
    middle.bytes = bytes_since(before) / static_cast<double>(list.size() + appended.size());
}

// ---- the peers

template <class Map>
void peer(report& out, const settings& set, const std::string& name) {
    const auto keys = shuffled(sorted_keys(set.keys), 1);
    const auto again = shuffled(keys, 2);
    const std::size_t before = allocated_bytes();
    Map subject;
    row& insert = out.measure(
        name + ": insert", keys.size(), 0, [&] { subject = Map(); },
        [&] {
            for (const key_text& key : keys) { subject[std::string(key.view())] = value; }
            return subject.size();
        });
    insert.bytes = bytes_since(before) / static_cast<double>(keys.size());
    out.measure(name + ": GET", keys.size(), 0, [&] {
        std::uint64_t hash = 0;
        std::string wanted;
        for (const key_text& key : again) {
            wanted = key.view();
            hash += static_cast<unsigned char>(subject.find(wanted)->second[3]);
        }
        return hash;
    });
    out.measure(name + ": SET existing", keys.size(), 0, [&] {
        std::string wanted;
        for (const key_text& key : again) {
            wanted = key.view();
            subject.find(wanted)->second = other_value;
        }
        return subject.size();
    });
    const double begin = thread_time();
    for (const key_text& key : again) { subject.erase(std::string(key.view())); }
    out.add({.what = name + ": erase",
             .ns = (thread_time() - begin) / static_cast<double>(keys.size()),
             .hash = subject.size()});
}

/// The rows on which page size and fan-out were chosen.
void sizes(report& out, const settings& set) {
    const auto keys = shuffled(sorted_keys(set.keys), 1);
    const auto again = shuffled(keys, 2);
    for (const std::uint32_t leaf : {2048U, 4096U, 8192U}) {
        for (const std::uint32_t fanout : {32U, 64U, 128U}) {
            settings one = set;
            one.nodes.leaf_bytes = leaf;
            one.nodes.inner_bytes = std::max(4096U, fanout * 64);
            one.nodes.fanout = fanout;
            ground on(one.nodes);
            const std::string name = std::to_string(leaf / 1024) + " KiB, " + std::to_string(fanout) + ": ";
            const std::size_t before = allocated_bytes();
            tree subject(on.context, keyed_records);
            row& insert = out.measure(
                name + "insert", keys.size(), 0,
                [&] {
                    subject.clear();
                    on.clean();
                },
                [&] {
                    for (const key_text& key : keys) { subject.put({key.view(), value}); }
                    return subject.size();
                });
            insert.bytes = bytes_since(before) / static_cast<double>(keys.size());
            out.measure(name + "GET", again.size(), 0, [&] { return get_all(subject, again); });
            std::vector<tree> kept;
            const std::size_t writes = std::min<std::size_t>(1000, keys.size());
            kept.reserve(writes);
            const auto copied = on.context.edits;
            row& write = out.measure(
                name + "write after a snapshot", writes, 0,
                [&] {
                    kept.clear();
                    on.clean();
                },
                [&] {
                    for (std::size_t i = 0; i < writes; ++i) {
                        kept.push_back(subject);
                        subject.put({again[i].view(), other_value});
                    }
                    return subject.size();
                });
            write.bytes = static_cast<double>(on.context.edits.copied_bytes - copied.copied_bytes)
                          / static_cast<double>(writes) / static_cast<double>(set.runs);
        }
    }
}

int run(const settings& set) {
    report out(set.runs, set.only);
    if (set.sizes) {
        sizes(out, set);
    } else {
        if (out.wants("get")) { gets(out, set, set.keys, 450, 200); }
        if (out.wants("many")) { gets(out, set, set.many, 850, 360); }
        if (out.wants("change")) { changes(out, set); }
        if (out.wants("version")) { versions(out, set); }
        if (out.wants("hash")) { hashes(out, set); }
        if (out.wants("list")) { lists(out, set); }
        if (out.wants("peer")) {
            peer<std::unordered_map<std::string, std::string>>(out, set, "std::unordered_map");
            peer<std::map<std::string, std::string>>(out, set, "std::map");
#if defined(COPPICE_BENCH_ABSL)
            peer<absl::btree_map<std::string, std::string>>(out, set, "absl::btree_map");
#endif
        }
    }
    char parameters[256];
    std::snprintf(
        parameters, sizeof parameters,
        "\"keys\": %llu, \"many\": %llu, \"runs\": %u, \"leaf_bytes\": %u, \"inner_bytes\": %u, \"fanout\": %u",
        static_cast<unsigned long long>(set.keys), static_cast<unsigned long long>(set.many), set.runs,
        set.nodes.leaf_bytes, set.nodes.inner_bytes, set.nodes.fanout);
    if (set.json) {
        out.print_json(parameters);
        return 0;
    }
    std::printf("%s; keys key:%%012d, values of 16 bytes\n", parameters);
    out.print_table();
    return 0;
}

}  // namespace
}  // namespace coppice::bench

int main(int argc, char** argv) {
    coppice::bench::settings set;
    for (coppice::bench::arguments given("tree_bench [--small] [--json] [--only text] [--runs n] [--keys n] [--many n] "
                                         "[--leaf-bytes n] [--inner-bytes n] [--fanout n] [--sizes]",
                                         argc, argv);
         given.next();) {
        if (given.is("--small")) {
            set.keys = 2000;
            set.many = 4000;
        } else if (!given.flag("--json", set.json) && !given.flag("--sizes", set.sizes)
                   && !given.value("--only", set.only) && !given.value("--runs", set.runs)
                   && !given.value("--keys", set.keys) && !given.value("--many", set.many)
                   && !given.value("--leaf-bytes", set.nodes.leaf_bytes)
                   && !given.value("--inner-bytes", set.nodes.inner_bytes)
                   && !given.value("--fanout", set.nodes.fanout)) {
            return given.refuse();
        }
    }
    return coppice::bench::run(set);
}
