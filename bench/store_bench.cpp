// What copies and branches cost, in time and memory, whatever the size of what is copied; and differences of versions.
//
// Lists have elements "element:%012d", keys are `key:%012d` with values of 16 bytes. Copies and branches are made on
// a store in memory, its log not written; the many branches on a store in a folder, logged and checkpointed, whose
// memory is the process's allocations and whose disk is what the store says it takes. Column "aim" is what the
// product is held to: nanoseconds, or bytes where the row has no time.
#include <cstring>
#include <filesystem>
#include <memory>

#include <coppice/base/random.hpp>
#include <store/diff.hpp>
#include <store/engine.hpp>

#include "arguments.hpp"
#include "tree_report.hpp"

namespace coppice::bench {
namespace {

struct settings {
    std::uint64_t largest = 10'000'000;
    std::uint64_t keys = 1'000'000;
    std::uint64_t branches = 10'000;
    unsigned runs = 5;
    bool json = false;
    std::string_view only;
    std::filesystem::path folder = std::filesystem::temp_directory_path();
};

constexpr std::uint64_t copies_per_run = 1000;

std::string numbered(const char* prefix, std::uint64_t number) {
    char text[48];
    std::snprintf(text, sizeof text, "%s%012llu", prefix, static_cast<unsigned long long>(number));
    return text;
}

[[noreturn]] void stop(const error& failure) {
    std::fprintf(stderr, "store_bench: %s\n", failure.message().c_str());
    std::exit(1);
}
template <class T>
T must(result<T> done) {
    if (!done) { stop(done.error()); }
    return std::move(*done);
}
void must(const status& done) {
    if (!done) { stop(done.error()); }
}

std::unique_ptr<engine> open_store(storage where) {
    engine_options options;
    options.one_writer = true;
    options.background = false;
    return must(engine::open(std::move(where), options));
}

/// Hands over what was written, so that it is published; all but the last primitive's log is left out.
void publish(engine& store, live_branch& branch) {
    branch.writer.clear_log();
    branch.writer.put_string(15, "published", "", no_deadline);
    store.record(branch);
    static_cast<void>(must(store.end_turn()));
    static_cast<void>(must(store.branch_info("main")));  // whoever asks for a branch has it published
}

void free_garbage(engine& store) {
    while (store.pool().free_garbage(4096) != 0) {}
}

void fill_list(live_branch& branch, std::string_view key, std::uint64_t elements) {
    constexpr std::uint64_t together = 1000;
    std::vector<std::string> texts;
    std::vector<std::string_view> values;
    for (std::uint64_t at = 0; at < elements; at += together) {
        texts.clear();
        const std::uint64_t end = std::min(elements, at + together);
        for (std::uint64_t i = at; i < end; ++i) { texts.push_back(numbered("element:", i)); }
        values.assign(texts.begin(), texts.end());
        branch.writer.splice_list(0, key, at, 0, values);
        branch.writer.clear_log();
    }
}

void fill_keys(live_branch& branch, std::uint64_t keys) {
    for (std::uint64_t i = 0; i < keys; ++i) {
        branch.writer.put_string(0, numbered("key:", i), "0123456789abcdef", no_deadline);
        if (i % 1000 == 0) { branch.writer.clear_log(); }
    }
}

/// A row with time, and one with what each took of memory.
template <class Body>
void measure_with_memory(report& out, engine& store, const std::string& what, double aim, double bytes_aim,
                         Body&& one) {
    std::uint64_t number = 0;
    free_garbage(store);
    const std::size_t before = allocated_bytes();
    out.measure(
        what, copies_per_run, aim, [&] { free_garbage(store); },
        [&] {
            for (std::uint64_t i = 0; i < copies_per_run; ++i) { one(number++); }
            return number;
        });
    free_garbage(store);
    const double bytes = bytes_since(before) / static_cast<double>(number);
    out.add({.what = what + ": memory", .bytes = bytes, .aim = bytes_aim});
}

void copy_rows(report& out, const settings& set, std::uint64_t elements) {
    const std::string of = " of " + std::to_string(elements) + " elements";
    if (!out.wants("copy" + of)) { return; }
    const auto store = open_store(open_memory_storage());
    const branch_handle main = must(store->branch("main"));
    fill_list(*main, "list", elements);
    publish(*store, *main);
    const auto found = main->writer.view(0).find(0, "list");
    const tree list = main->writer.view(0).child(*found);
    out.measure("copy of a value" + of, copies_per_run, 1000, [&] {
        std::uint64_t hash = 0;
        for (std::uint64_t i = 0; i < copies_per_run; ++i) {
            const tree copy(list);
            hash = mix(hash, copy.size());
        }
        return hash;
    });
    out.measure("snapshot: newest published, list" + of, copies_per_run, 1000, [&] {
        std::uint64_t hash = 0;
        for (std::uint64_t i = 0; i < copies_per_run; ++i) { hash = mix(hash, store->read(*main).keys.size()); }
        return hash;
    });
    std::vector<snapshot_state> held;
    held.reserve(copies_per_run * (set.runs + 1));
    measure_with_memory(out, *store, "snapshot, held" + of, 1000, 1024,
                        [&](std::uint64_t) { held.push_back(store->snapshot(*main)); });
    std::vector<snapshot_state>().swap(held);
    measure_with_memory(out, *store, "copy of a key" + of, 10'000, 1024, [&](std::uint64_t i) {
        main->writer.copy_key(current_of{main->id}, {main->keys, main->spaces, 0, main->id, {}}, 0, "list", 0,
                              numbered("copy:", i), no_deadline);
        main->writer.clear_log();
    });
    measure_with_memory(out, *store, "branch" + of, 10'000, 1024, [&](std::uint64_t i) {
        static_cast<void>(must(store->create_branch(numbered("b", i), "main")));
    });
    if (elements > 1'000'000) { return; }
    std::vector<std::string> plain;
    for (std::uint64_t i = 0; i < elements; ++i) { plain.push_back(numbered("element:", i)); }
    out.measure("beside it: copy of a std::vector<std::string>" + of, 1, 0, [&] {
        const std::vector<std::string> copy(plain);
        return mix(0, copy.size());
    });
}

void diff_rows(report& out, const settings& set) {
    if (!out.wants("diff")) { return; }
    const auto store = open_store(open_memory_storage());
    const branch_handle main = must(store->branch("main"));
    fill_keys(*main, set.keys);
    publish(*store, *main);
    const snapshot_state before = store->read(*main);
    random_source random(1);
    snapshot_state after = before;
    const auto set_some = [&](std::uint64_t changes) {
        for (; changes > 0; --changes) {
            main->writer.put_string(0, numbered("key:", random.below(set.keys)), numbered("", random.below(1'000'000)),
                                    no_deadline);
        }
        publish(*store, *main);
        after = store->read(*main);
    };
    const auto told = [&] {
        version_diff diff(before, after);
        std::uint64_t hash = 0;
        for (key_change change; diff.next(change);) {
            key_parts parts(diff, change);
            for (part_change part; parts.next(part);) { hash = mix(hash, part.after.size()); }
        }
        return hash;
    };
    const std::string of = ", " + std::to_string(set.keys) + " keys";
    set_some(100);
    out.measure("diff, 100 keys set" + of, 1, set.keys == 1'000'000 ? 1'000'000 : 0, told);
    out.measure("diff, 100 keys set, a page of 10 behind a key" + of, 1, 0, [&] {
        version_diff diff(before, after);
        diff.resume({0, no_deadline, numbered("key:", set.keys / 2)});
        key_change change;
        std::uint64_t hash = 0;
        for (int i = 0; i < 10 && diff.next(change); ++i) { hash = mix(hash, change.key.size()); }
        return hash;
    });
    set_some(std::min<std::uint64_t>(set.keys, 10'000));
    out.measure("diff, some 10,000 keys set" + of, 1, 0, told);
}

/// Many branches of one data set, each with one edit: memory and disk each.
void branch_rows(report& out, const settings& set, const std::string& what, double aim,
                 function_ref<void(live_branch&, std::uint64_t)> edit) {
    if (!out.wants("branches, " + what)) { return; }
    const std::filesystem::path folder = set.folder / ("coppice-bench-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    {
        const auto store = open_store(must(open_directory_storage(folder)));
        const branch_handle main = must(store->branch("main"));
        fill_keys(*main, set.keys / 10);
        fill_list(*main, "list", set.keys / 10);
        publish(*store, *main);
        must(store->checkpoint());
        free_garbage(*store);
        const std::size_t memory_before = allocated_bytes();
        const std::uint64_t disk_before = store->figures().disk_bytes;
        const double begin = thread_time();
        for (std::uint64_t i = 0; i < set.branches; ++i) {
            const std::string name = numbered("b", i);
            static_cast<void>(must(store->create_branch(name, "main")));
            const branch_handle branch = must(store->branch(name));
            edit(*branch, i);
            store->record(*branch);
            static_cast<void>(must(store->end_turn()));
        }
        const auto each = [&](double total) { return total / static_cast<double>(set.branches); };
        const std::string of = std::to_string(set.branches) + " branches, " + what;
        out.add({.what = of + ": time", .ns = each(thread_time() - begin)});
        free_garbage(*store);
        out.add({.what = of + ": memory each", .bytes = each(bytes_since(memory_before)), .aim = aim});
        must(store->checkpoint());
        free_garbage(*store);
        out.add({.what = of + ": memory each, checkpointed", .bytes = each(bytes_since(memory_before)), .aim = aim});
        const double disk = static_cast<double>(store->figures().disk_bytes) - static_cast<double>(disk_before);
        out.add({.what = of + ": disk each", .bytes = each(std::max(disk, 0.0)), .aim = aim});
    }
    std::filesystem::remove_all(folder);
}

int run(const settings& set) {
    report out(set.runs, set.only);
    for (std::uint64_t elements = 1000; elements <= set.largest; elements *= 10) { copy_rows(out, set, elements); }
    diff_rows(out, set);
    branch_rows(out, set, "a string set", 16 * 1024, [&](live_branch& branch, std::uint64_t i) {
        branch.writer.put_string(0, numbered("key:", i * 7919 % (set.keys / 10)), "fedcba9876543210", no_deadline);
    });
    branch_rows(out, set, "an element of a list set", 24 * 1024, [&](live_branch& branch, std::uint64_t i) {
        const std::string_view value[] = {"changed"};
        branch.writer.splice_list(0, "list", i * 7919 % (set.keys / 10), 1, value);
    });
    char parameters[160];
    std::snprintf(parameters, sizeof parameters, "\"largest\": %llu, \"keys\": %llu, \"branches\": %llu, \"runs\": %u",
                  static_cast<unsigned long long>(set.largest), static_cast<unsigned long long>(set.keys),
                  static_cast<unsigned long long>(set.branches), set.runs);
    if (set.json) {
        out.print_json(parameters);
        return 0;
    }
    std::printf("%s\n", parameters);
    out.print_table();
    return 0;
}

}  // namespace
}  // namespace coppice::bench

int main(int argc, char** argv) {
    coppice::bench::settings set;
    for (coppice::bench::arguments given("store_bench [--small] [--json] [--only text] [--runs n] [--largest n] "
                                         "[--keys n] [--branches n] [--folder path]",
                                         argc, argv);
         given.next();) {
        if (given.is("--small")) {
            set.largest = 1000;
            set.keys = 2000;
            set.branches = 50;
        } else if (!given.flag("--json", set.json) && !given.value("--only", set.only)
                   && !given.value("--runs", set.runs) && !given.value("--largest", set.largest)
                   && !given.value("--keys", set.keys) && !given.value("--branches", set.branches)
                   && !given.value("--folder", set.folder)) {
            return given.refuse();
        }
    }
    return coppice::bench::run(set);
}
