// Differences of versions, against models: applied to what was before they give what is after, whatever came
// between; they tell nothing that does not differ, and go on behind any place.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <store/diff.hpp>
#include <store/engine.hpp>

#include <gtest/gtest.h>

#include "support/seeds.hpp"

namespace coppice {
namespace {

class hand_clock final : public clock_source {
public:
    microseconds_utc now() const noexcept override { return time; }
    std::chrono::nanoseconds elapsed() const noexcept override { return std::chrono::microseconds(time); }
    microseconds_utc time = 1'700'000'000'000'000;
};

constexpr node_sizes tiny{.leaf_bytes = 512, .inner_bytes = 512, .fanout = 5, .embed_bytes = 60, .unembed_bytes = 120};

std::unique_ptr<engine> open_in_memory(const clock_source& clock) {
    engine_options options;
    options.background = false;
    options.sizes = tiny;
    auto opened = engine::open(open_memory_storage(), options, clock);
    EXPECT_TRUE(opened.has_value());
    return std::move(*opened);
}

// ---- the model: all that a version says

struct modelled {
    value_type type{};
    milliseconds_utc deadline = no_deadline;
    std::string text{};
    std::vector<std::string> elements{};
    std::map<std::string, std::string> fields{};
    friend bool operator==(const modelled&, const modelled&) = default;
};
using model = std::map<std::pair<unsigned, std::string>, modelled>;

std::string text_of(const value_view& value) {
    std::string text;
    value.append_to(text);
    return text;
}

modelled model_of(const branch_view& view, const found_key& found) {
    modelled made{.type = found.type, .deadline = found.deadline};
    if (found.type == value_type::string) {
        made.text = text_of(view.string_value(found));
        return made;
    }
    const tree child = view.child(found);
    for (cursor at(child); !at.at_end(); at.next()) {
        switch (found.type) {
            case value_type::list: made.elements.push_back(text_of(element_value(child, at.get()))); break;
            case value_type::hash: made.fields[at.get().key()] = text_of(field_of(child, at.get()).value); break;
            default: made.fields[at.get().key()]; break;
        }
    }
    return made;
}

model model_of(const snapshot_state& state) {
    model made;
    const branch_view view = state.view_then();
    for (unsigned database = 0; database < 16; ++database) {
        const auto keys = view.positions(database);
        if (keys.first == keys.last) { continue; }
        cursor at(state.keys);
        at.seek(keys.first);
        for (; at.position() < keys.last; at.next()) {
            const auto found = view.alive(at.get());
            if (found) { made[{database, at.get().key().substr(1)}] = model_of(view, *found); }
        }
    }
    return made;
}

// ---- applying a difference

void apply_part(modelled& to, const part_change& part, const key_parts& parts, std::int64_t& moved) {
    const auto begin = [&](auto& of) {
        return of.begin() + static_cast<std::ptrdiff_t>(part.run.before_position) + moved;
    };
    switch (part.what) {
        case part_kind::type: FAIL() << "told apart";
        case part_kind::deadline:
            EXPECT_EQ(to.deadline, part.deadline_before);
            to.deadline = part.deadline_after;
            return;
        case part_kind::value:
            EXPECT_EQ(to.text, text_of(part.before));
            to.text = text_of(part.after);
            return;
        case part_kind::bytes: {
            const auto from = begin(to.text);
            std::string given;
            value_view{{}, parts.after().slice(part.run.after_position, part.run.after_position + part.run.after_count)}
                .append_to(given);
            to.text.replace(from, from + static_cast<std::ptrdiff_t>(part.run.before_count), given);
            break;
        }
        case part_kind::field:
            if (part.kind != change_kind::added) { EXPECT_EQ(to.fields.at(part.name), text_of(part.before)); }
            [[fallthrough]];
        case part_kind::member:
            EXPECT_EQ(to.fields.contains(part.name), part.kind != change_kind::added) << part.name;
            if (part.kind == change_kind::removed) {
                to.fields.erase(part.name);
            } else {
                to.fields[part.name] = text_of(part.after);
            }
            return;
        case part_kind::run: {
            const auto from = begin(to.elements);
            const auto at = to.elements.erase(from, from + static_cast<std::ptrdiff_t>(part.run.before_count));
            std::vector<std::string> given;
            for (std::uint64_t i = 0; i < part.run.after_count; ++i) {
                given.push_back(text_of(element_value(parts.after(), parts.after().at(part.run.after_position + i))));
            }
            to.elements.insert(at, given.begin(), given.end());
            break;
        }
    }
    moved += static_cast<std::int64_t>(part.run.after_count) - static_cast<std::int64_t>(part.run.before_count);
}

/// Makes of `to`, which says what was before, what is after. Each part is told behind the place of the one before.
void apply_changed(modelled& to, const version_diff& diff, const key_change& change, const modelled& after,
                   bool resume_each) {
    if (change.before->type != change.after->type) {
        key_parts parts(diff, change);
        part_change part;
        ASSERT_TRUE(parts.next(part));
        EXPECT_EQ(part.what, part_kind::type);
        to = after;
        return;
    }
    std::int64_t moved = 0;
    std::size_t told = 0;
    std::string place;
    auto parts = std::make_unique<key_parts>(diff, change);
    for (part_change part; parts->next(part); ++told) {
        apply_part(to, part, *parts, moved);
        if (!resume_each) { continue; }
        place = parts->place();
        parts = std::make_unique<key_parts>(diff, change);
        ASSERT_TRUE(parts->resume(place).has_value());
    }
    EXPECT_GT(told, 0U) << change.key;
}

/// Applies the difference of two versions to a model of the one, and compares with a model of the other.
void expect_right(const snapshot_state& before, const snapshot_state& after, const diff_scope& within,
                  bool resume_each) {
    model expected = model_of(after);
    model made = model_of(before);
    const auto inside = [&](const auto& entry) {
        const auto& [database, key] = entry.first;
        return (!within.database || *within.database == database) && key.starts_with(within.prefix)
               && (!within.key || *within.key == key);
    };
    std::erase_if(expected, [&](const auto& entry) { return !inside(entry); });
    std::erase_if(made, [&](const auto& entry) { return !inside(entry); });
    const model was = made;
    auto diff = std::make_unique<version_diff>(before, after, within);
    std::set<std::pair<unsigned, std::string>> told;
    diff_counts counts;
    for (key_change change; diff->next(change);) {
        const std::pair name(change.database, change.key);
        EXPECT_TRUE(told.insert(name).second) << change.key << " is told twice";
        EXPECT_TRUE(!was.contains(name) || !expected.contains(name) || was.at(name) != expected.at(name)) << change.key;
        const auto found = diff->find(change.database, change.key);
        ASSERT_TRUE(found.has_value());
        EXPECT_EQ(found->kind, change.kind);
        switch (change.kind) {
            case change_kind::added:
                ++counts.added;
                EXPECT_FALSE(was.contains(name));
                made[name] = model_of(after.view_then(), *change.after);
                break;
            case change_kind::removed:
                ++counts.removed;
                EXPECT_TRUE(made.erase(name) == 1) << change.key;
                break;
            case change_kind::changed:
                ++counts.changed;
                ASSERT_TRUE(was.contains(name) && expected.contains(name)) << change.key;
                apply_changed(made[name], *diff, change, expected.at(name), resume_each);
                break;
        }
        if (!resume_each) { continue; }
        const diff_place place = diff->place();
        diff = std::make_unique<version_diff>(before, after, within);
        diff->resume(place);
    }
    EXPECT_TRUE(made == expected);
    version_diff again(before, after, within);
    const diff_counts counted = count_changes(again);
    EXPECT_EQ(counted.added, counts.added);
    EXPECT_EQ(counted.removed, counts.removed);
    EXPECT_EQ(counted.changed, counts.changed);
}

// ---- random edits

void edit(branch_writer& writer, random_source& random, milliseconds_utc now) {
    const auto database = static_cast<unsigned>(random.below(3));
    // Some keys and names are long: they agree in what a page shows of them, and in less than that.
    const auto lengthened = [&](std::string name) {
        if (random.one_in(4)) { name.insert(name.size() / 2, random.one_in(2) ? 520 : 440, 'x'); }
        return name;
    };
    const std::string key = lengthened((random.one_in(2) ? "user:" : "k") + std::to_string(random.below(12)))
                            + (random.one_in(2) ? "a" : "b");
    const auto text = [&](std::size_t longest) {
        std::string made(random.below(longest), ' ');
        for (char& c : made) { c = static_cast<char>('a' + random.below(3)); }
        return made;
    };
    const auto deadline = [&] {
        return random.one_in(2) ? no_deadline : now + static_cast<milliseconds_utc>(random.below(40'000)) - 10'000;
    };
    const auto found = writer.view(0).find(database, key);  // due or not
    const auto is = [&](value_type type) { return !found || found->type == type; };
    const std::uint64_t size = found ? found->size() : 0;
    switch (random.below(16)) {
        case 0: writer.erase(database, key); return;
        case 1: writer.put_string(database, key, text(random.one_in(4) ? 4000 : 20), deadline()); return;
        case 2: writer.set_deadline(database, key, deadline()); return;
        case 3: writer.move_key(database, key, static_cast<unsigned>(random.below(3)), lengthened("k3")); return;
        case 4:
            if (random.one_in(6)) { writer.swap_spaces(0, 1 + static_cast<unsigned>(random.below(2))); }
            return;
        case 5:
            if (random.one_in(10)) { writer.erase_space(database); }
            return;
        case 6:
        case 7:
            if (!is(value_type::string)) { return; }
            {
                const std::uint64_t at = random.below(size + 1);
                writer.splice_string(database, key, at, random.below(size - at + 1) / 2, text(30));
            }
            return;
        case 8:
        case 9:
        case 10: {
            if (!is(value_type::list)) { return; }
            const std::uint64_t at = random.below(size + 1);
            const std::string value = text(random.one_in(6) ? 2000 : 10);
            const std::string_view values[] = {value, "x", "y"};
            writer.splice_list(database, key, at, std::min<std::uint64_t>(size - at, random.below(4)),
                               {values, random.below(4)});
            return;
        }
        case 11:
        case 12: {
            if (!is(value_type::set)) { return; }
            const std::string in = lengthened(text(6));
            const std::string out = lengthened(text(6));
            const std::string_view members[] = {in, out};
            writer.add_members(database, key, members);
            writer.erase_members(database, key, {members + 1, 1});
            return;
        }
        default: {
            if (!is(value_type::hash)) { return; }
            const std::string name = lengthened(text(4));
            const std::string gone = lengthened(text(4));
            const std::string value = text(random.one_in(6) ? 2000 : 10);
            const field_value fields[] = {{name, value}, {gone, "same"}};
            writer.put_fields(database, key, {fields, random.below(2) + 1});
            const std::string_view names[] = {gone};
            writer.erase_fields(database, key, names);
            return;
        }
    }
}

TEST(VersionDiff, AppliedToWhatWasBeforeGivesWhatIsAfter) {
    testing::for_each_seed(12, [](random_source& random) {
        hand_clock clock;
        const auto store = open_in_memory(clock);
        std::vector<snapshot_state> versions;
        std::vector<std::string> names = {"main"};
        for (int round = 0; round < 40; ++round) {
            clock.time += static_cast<microseconds_utc>(random.below(8'000'000));
            if (names.size() < 3 && random.one_in(10)) {
                names.push_back("b" + std::to_string(round));
                ASSERT_TRUE(store->create_branch(names.back(), names[random.below(names.size() - 1)]).has_value());
            }
            const std::string& name = names[random.below(names.size())];
            const auto branch = *store->branch(name);
            const status done = store->transact(*branch, [&](branch_writer& writer) {
                for (auto edits = random.below(20); edits > 0; --edits) { edit(writer, random, clock.time / 1000); }
                return status{};
            });
            ASSERT_TRUE(done.has_value());
            versions.push_back(store->resolve(name)->state);
        }
        for (int pair = 0; pair < 40; ++pair) {
            const snapshot_state& before = versions[random.below(versions.size())];
            const snapshot_state& after = versions[random.below(versions.size())];
            diff_scope within;
            if (random.one_in(3)) { within.database = static_cast<unsigned>(random.below(3)); }
            if (random.one_in(3)) { within.prefix = "user:"; }
            if (random.one_in(6)) { within.prefix = "use" + std::string(470 + random.below(60), 'x'); }
            if (random.one_in(6)) { within.key = "k" + std::to_string(random.below(12)) + "a", within.prefix.clear(); }
            expect_right(before, after, within, random.one_in(2));
            if (::testing::Test::HasFailure()) { return; }
        }
    });
}

// ---- single properties

class VersionDiffOf : public ::testing::Test {
protected:
    snapshot_state after(const std::function<void(branch_writer&)>& change) {
        const auto branch = *store_->branch("main");
        EXPECT_TRUE(store_
                        ->transact(*branch,
                                   [&](branch_writer& writer) {
                                       change(writer);
                                       return status{};
                                   })
                        .has_value());
        return store_->resolve("main")->state;
    }
    static std::string told(const snapshot_state& before, const snapshot_state& after) {
        std::string text;
        version_diff diff(before, after);
        for (key_change change; diff.next(change);) {
            constexpr char signs[] = {'+', '-', '~'};
            text += signs[static_cast<int>(change.kind)] + std::to_string(change.database) + ":" + change.key + " ";
        }
        return text;
    }
    hand_clock clock_;
    std::unique_ptr<engine> store_ = open_in_memory(clock_);
};

TEST_F(VersionDiffOf, AKeyWhoseDeadlineHasComeIsNotInTheVersion) {
    const milliseconds_utc now = clock_.time / 1000;
    const auto before = after([&](branch_writer& writer) {
        writer.put_string(0, "soon", "1", now + 5000);
        writer.put_string(0, "sooner", "1", now + 3000);
        writer.put_string(0, "later", "1", now + 50'000);
        writer.put_string(0, "past", "1", now - 1);
    });
    clock_.time += 5'000'000;
    const auto then = store_->resolve("main")->state;
    EXPECT_EQ(told(before, then), "-0:sooner -0:soon ");
    EXPECT_EQ(told(then, before), "+0:sooner +0:soon ");
    EXPECT_EQ(told(before, before), "");
    // One that was swept, and one that was written again.
    const auto swept = after([&](branch_writer& writer) {
        writer.erase(0, "past");
        writer.erase(0, "soon");
        writer.put_string(0, "sooner", "2", now + 60'000);
    });
    EXPECT_EQ(told(before, swept), "-0:soon ~0:sooner ");
    EXPECT_EQ(told(then, swept), "+0:sooner ");
}

TEST_F(VersionDiffOf, SwappedSpacesAreToldByTheirNumbers) {
    const auto before = after([](branch_writer& writer) {
        writer.put_string(0, "a", "1", no_deadline);
        writer.put_string(0, "both", "1", no_deadline);
        writer.put_string(1, "b", "2", no_deadline);
        writer.put_string(1, "both", "1", no_deadline);
    });
    const auto swapped = after([](branch_writer& writer) { writer.swap_spaces(0, 1); });
    EXPECT_EQ(told(before, swapped), "-0:a +0:b +1:a -1:b ");
}

TEST_F(VersionDiffOf, WhatAHashSaysIsComparedNotItsOrder) {
    const auto before = after([](branch_writer& writer) {
        const field_value fields[] = {{"a", "1"}, {"b", "2"}};
        writer.put_fields(0, "h", fields);
    });
    const auto same = after([](branch_writer& writer) {
        const std::string_view names[] = {"a"};
        const field_value fields[] = {{"a", "1"}};
        writer.erase_fields(0, "h", names);
        writer.put_fields(0, "h", fields);
    });
    EXPECT_EQ(told(before, same), "");
    const auto other = after([](branch_writer& writer) {
        const field_value fields[] = {{"a", "3"}};
        writer.put_fields(0, "h", fields);
    });
    EXPECT_EQ(told(before, other), "~0:h ");
}

TEST_F(VersionDiffOf, APlaceOfAnotherScopeLeadsNowhereElse) {
    const auto empty = store_->resolve("main")->state;
    const auto filled = after([](branch_writer& writer) {
        for (const unsigned database : {0U, 1U, 3U}) { writer.put_string(database, "key", "1", no_deadline); }
    });
    version_diff diff(empty, filled, {.database = 3});
    diff.resume({0, no_deadline, "a"});
    key_change change;
    ASSERT_TRUE(diff.next(change));
    EXPECT_EQ(change.database, 3U);
    EXPECT_FALSE(diff.next(change));
}

TEST_F(VersionDiffOf, AnEmptyStoreDiffersFromNothing) {
    const auto empty = store_->resolve("main")->state;
    EXPECT_EQ(told(empty, empty), "");
    const auto one = after([](branch_writer& writer) { writer.put_string(3, "a", "1", no_deadline); });
    EXPECT_EQ(told(empty, one), "+3:a ");
    EXPECT_EQ(told(one, empty), "-3:a ");
}

}  // namespace
}  // namespace coppice
