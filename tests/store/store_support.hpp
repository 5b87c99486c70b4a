// tests/store/store_support.hpp: random work on a store, and everything a store says as one text.
#pragma once

#include <string>

#include <coppice/tree/cursor.hpp>
#include <storage/sim_storage.hpp>
#include <store/engine.hpp>
#include <store/reference.hpp>

#include <gtest/gtest.h>

namespace coppice::testing {

class hand_clock final : public clock_source {
public:
    microseconds_utc now() const noexcept override { return time; }
    std::chrono::nanoseconds elapsed() const noexcept override { return std::chrono::microseconds(time); }
    microseconds_utc time = 1'700'000'000'000'000;
};

inline constexpr node_sizes small_nodes{
    .leaf_bytes = 512, .inner_bytes = 512, .fanout = 6, .embed_bytes = 60, .unembed_bytes = 120};

inline void dump_tree(const tree& t, std::string& out) {
    out += "{";
    if (t.shape().kind == leaf_kind::bytes) {
        for (cursor at(t); !at.at_end(); at.skip_leaf()) { out += at.rest_of_leaf(); }
    } else {
        for (cursor at(t); !at.at_end(); at.next()) {
            const record_view record = at.get();
            if (t.shape().keyed) { record.append_key(out); }
            out += "=";
            out += record.bytes;
            if (record.child == child_form::none) { continue; }
            // The store's trees: keys, whose type says the child's shape; fields and elements, whose child is bytes.
            tree_shape shape = plain_bytes;
            const bool key = t.shape().keyed && record.key()[0] < 0x10 && !record.bytes.empty()
                             && (static_cast<unsigned char>(record.bytes[0]) & 0x70U) == 0 && out.size() > 0;
            if (key) { shape = child_shape(parse_key_record(record).type); }
            dump_tree(t.child_of(record, shape), out);
        }
    }
    out += "}";
}

/// Everything that a user can ask a store, times of the newest changes left out. Without `history` what branches
/// say now: a change of several records (a tick, a rewind) shows there in one step.
inline std::string dump(engine& store, bool history = true) {
    std::string out;
    for (const branch_row& row : store.branches()) {
        out += "\nbranch " + row.name + (row.head ? " " + to_hex(*row.head) : "") + (row.uncommitted ? " *" : "");
        const auto now = store.resolve(row.name);
        EXPECT_TRUE(now.has_value()) << (now ? "" : now.error().message());
        if (!now) { return "unreadable"; }
        out += " " + std::to_string(now->state.spaces) + " ";
        dump_tree(now->state.keys, out);
        if (!history) { continue; }
        const auto versions = store.history(row.name, {.count = 1000});
        EXPECT_TRUE(versions.has_value());
        for (const version_row& version : *versions) {
            out += "\n  " + std::to_string(version.time)
                   + (version.commit ? to_hex(version.commit->id) + version.commit->message : "");
            const auto then =
                store.resolve(version.commit ? to_hex(version.commit->id) : row.name + "@" + format_time(version.time));
            EXPECT_TRUE(then.has_value()) << (then ? "" : then.error().message());
            if (then) { dump_tree(then->state.keys, out); }
        }
        const auto reflog = store.reflog(row.name, 100);
        for (const reflog_row& entry : *reflog) { out += "\n  " + entry.action + entry.before; }
    }
    for (const auto& tag : store.tags()) { out += "\ntag " + tag.name + " " + to_hex(tag.commit); }
    return out;
}

/// One random change of a random branch, or of references.
inline void change_something(engine& store, hand_clock& clock, random_source& random) {
    clock.time += static_cast<microseconds_utc>(random.below(700'000));
    const auto rows = store.branches();
    const std::string name = rows[random.below(rows.size())].name;
    const auto branch = store.branch(name);
    ASSERT_TRUE(branch.has_value());
    const auto key = [&] {
        const std::string number = std::to_string(random.below(30));
        return (random.one_in(8) ? std::string(random.one_in(3) ? 1500 : 520, 'k') : std::string("key")) + number;
    };
    const auto text = [&] {
        return std::string(random.below(random.one_in(6) ? 3000 : 30), static_cast<char>('a' + random.below(26)));
    };
    switch (random.below(24)) {
        case 0: static_cast<void>(store.create_branch("b" + std::to_string(random.below(6)), name)); return;
        case 1: static_cast<void>(store.drop_branch("b" + std::to_string(random.below(6)))); return;
        case 2:
            static_cast<void>(
                store.rename_branch("b" + std::to_string(random.below(6)), "b" + std::to_string(random.below(6))));
            return;
        case 3: static_cast<void>(store.commit(**branch, text(), "ada")); return;
        case 4: static_cast<void>(store.create_tag("t" + std::to_string(random.below(3)), name)); return;
        case 5: static_cast<void>(store.drop_tag("t" + std::to_string(random.below(3)))); return;
        case 6: static_cast<void>(store.rewind(**branch, random.one_in(2) ? name + "~0" : name + "@-1s")); return;
        case 7:
        case 8: store.tick(); return;
        default: break;
    }
    const status done = store.transact(**branch, [&](branch_writer& writer) -> status {
        for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
            const std::string k = key();
            const auto view = writer.view(0);
            const auto there = view.find(0, k);
            switch (random.below(10)) {
                case 0: writer.erase(0, k); break;
                case 1: writer.set_deadline(0, k, random.one_in(2) ? no_deadline : 1'900'000'000'000); break;
                case 2: writer.move_key(0, k, static_cast<unsigned>(random.below(2)), key()); break;
                case 3:
                    if (random.one_in(8)) { writer.erase_space(static_cast<unsigned>(random.below(2))); }
                    if (random.one_in(8)) { writer.swap_spaces(0, 1); }
                    break;
                case 4:
                case 5: {
                    if (there && there->type != value_type::hash) { break; }
                    const std::string f = key();
                    const std::string v = text();
                    const field_value fields[] = {{f, v}, {"same", "x"}};
                    writer.put_fields(0, k, fields);
                    const std::string gone = key();
                    const std::string_view names[] = {gone, "nothing"};
                    writer.erase_fields(0, k, names);
                    break;
                }
                case 6: {
                    if (there && there->type != value_type::list) { break; }
                    const std::uint64_t size = there ? there->size() : 0;
                    const std::uint64_t at = random.below(size + 1);
                    const std::string v = text();
                    const std::string_view values[] = {v, "tail"};
                    writer.splice_list(0, k, at, random.below(size - at + 1), values);
                    break;
                }
                case 7:
                    if (there && there->type != value_type::string) { break; }
                    writer.splice_string(0, k, random.below(40), random.below(20), text());
                    break;
                default: writer.put_string(0, k, text(), random.one_in(5) ? 1'900'000'000'000 : no_deadline); break;
            }
        }
        return {};
    });
    ASSERT_TRUE(done.has_value()) << done.error().message();
}

}  // namespace coppice::testing
