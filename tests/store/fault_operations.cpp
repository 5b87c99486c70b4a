// What a store is asked for while something fails, in an order in which each finds what it needs.
#include "store/fault_support.hpp"

namespace coppice::testing {
namespace {

constexpr milliseconds_utc late = 1'900'000'000'000;
constexpr unsigned space = 0;

template <class Edit>
status write(faulty_store& store, Edit edit, std::string_view branch = "main") {
    return store.change(branch, [&](branch_writer& writer) {
        edit(writer);
        return status{};
    });
}

status filled(faulty_store& store) {
    return write(store, [](branch_writer& writer) {
        for (int i = 0; i < 60; ++i) {
            writer.put_string(space, "key" + std::to_string(i), std::string(1 + i % 40, 'v'), no_deadline);
        }
    });
}

status copied_from_a_version(faulty_store& store) {
    auto version = store->resolve("main~0");
    if (!version) { return version.error(); }
    transaction_notes notes;
    notes.copied_from.push_back(*version);
    return store.change(
        "exp",
        [&](branch_writer& writer) {
            writer.copy_key(version->name, version->state, space, "hash", space, "hash of main", no_deadline);
            return status{};
        },
        &notes);
}

status refused(faulty_store& store) {
    const status done = store.change("main", [](branch_writer& writer) -> status {
        writer.put_string(space, "key3", "other", late);
        writer.erase(space, "key4");
        const field_value fields[] = {{"x", "1"}, {"y", "2"}};
        writer.put_fields(space, "hash", fields);
        const std::string_view values[] = {"a", "b"};
        writer.splice_list(space, "list", 1, 1, values);
        writer.erase_space(1);
        return error{errc::conflict, "as the test wants"};
    });
    if (done) { return error{errc::io, "a change that was refused was done"}; }
    return done.error().code == errc::conflict ? status{} : done;
}

// One element of a range, read to its end.
status read_all(faulty_store& store) {
    const auto now = store->resolve("main");
    if (!now) { return now.error(); }
    std::string text;
    dump_tree(now->state.keys, text);
    const auto versions = store->history("main", {.count = 1000});
    if (!versions) { return versions.error(); }
    store->branches_and_names().for_each_branch([&](const branch_row& row, const snapshot_state& state) {
        text += row.name + std::to_string(state.keys.size());
    });
    static_cast<void>(store->figures());
    static_cast<void>(store->tags());
    for (const std::string_view branch : {"main", "exp"}) {
        if (const auto moves = store->reflog(branch, 10); !moves) { return moves.error(); }
        if (const auto since = store->history_begin(branch); !since) { return since.error(); }
        if (const auto about = store->branch_info(branch); !about) { return about.error(); }
    }
    return store->resolve("main@-1s") ? status{} : status{error{errc::not_found, "main a second ago"}};
}

status differences(faulty_store& store) {
    const auto before = store->resolve("main~0");
    if (!before) { return before.error(); }
    const auto after = store->resolve("exp");
    if (!after) { return after.error(); }
    version_diff diff(before->state, after->state);
    for (key_change change; diff.next(change);) {
        key_parts parts(diff, change);
        for (part_change part; parts.next(part);) {}
    }
    return {};
}

status verified(faulty_store& store) {
    const findings found = store->verify();
    return found.empty() ? status{} : status{error{errc::corrupt, found.front().where + ": " + found.front().what}};
}

}  // namespace

const std::vector<fault_operation>& fault_operations() {
    using store = faulty_store;
    using writer = branch_writer;
    static const std::vector<fault_operation> all = {
        {"fill", filled},
        {"put", [](store& s) { return write(s, [](writer& w) { w.put_string(space, "a", "short", no_deadline); }); }},
        {"put a long one",
         [](store& s) {
             return write(s, [](writer& w) { w.put_string(space, "long", std::string(3000, 'x'), no_deadline); });
         }},
        {"put again and again, which is a long text of the log",
         [](store& s) {
             return write(s, [](writer& w) {
                 for (int i = 0; i < 90; ++i) { w.put_string(space, "long", std::string(3000, 'x'), no_deadline); }
             });
         }},
        {"put with a deadline",
         [](store& s) { return write(s, [](writer& w) { w.put_string(space, "key7", "timed", late); }); }},
        {"put over a deadline",
         [](store& s) { return write(s, [](writer& w) { w.put_string(space, "key7", "timeless", no_deadline); }); }},
        {"splice a short string",
         [](store& s) { return write(s, [](writer& w) { w.splice_string(space, "a", 3, 1, "it"); }); }},
        {"splice a string until it is long",
         [](store& s) {
             return write(s, [](writer& w) { w.splice_string(space, "a", 2000, 0, std::string(400, 'y')); });
         }},
        {"splice a long string",
         [](store& s) {
             return write(s, [](writer& w) { w.splice_string(space, "long", 700, 900, std::string(90, 'z')); });
         }},
        {"new list",
         [](store& s) {
             return write(s, [](writer& w) {
                 const std::string long_value(1500, 'l');
                 const std::string_view values[] = {"one", long_value, "three"};
                 w.splice_list(space, "list", 0, 0, values);
             });
         }},
        {"list splice",
         [](store& s) {
             return write(s, [](writer& w) {
                 const std::vector<std::string> many(70, "element of a list that has many");
                 const std::vector<std::string_view> values(many.begin(), many.end());
                 w.splice_list(space, "list", 1, 1, values);
             });
         }},
        {"one element of a list",
         [](store& s) {
             return write(s, [](writer& w) {
                 const std::string_view value = "replaced";
                 w.splice_list(space, "list", 30, 1, {&value, 1});
             });
         }},
        {"new hash",
         [](store& s) {
             return write(s, [](writer& w) {
                 const field_value fields[] = {{"f", "1"}, {"g", "2"}};
                 w.put_fields(space, "hash", fields);
             });
         }},
        {"fields",
         [](store& s) {
             return write(s, [](writer& w) {
                 std::vector<std::string> names;
                 for (int i = 0; i < 40; ++i) { names.push_back("field " + std::to_string(i)); }
                 const std::string long_value(1400, 'h');
                 std::vector<field_value> fields = {{"f", "again"}, {"long", long_value}};
                 for (const auto& name : names) { fields.push_back({name, name}); }
                 w.put_fields(space, "hash", fields);
             });
         }},
        {"erase fields",
         [](store& s) {
             return write(s, [](writer& w) {
                 const std::string_view names[] = {"field 3", "field 17", "nothing", "g"};
                 w.erase_fields(space, "hash", names);
             });
         }},
        {"members",
         [](store& s) {
             return write(s, [](writer& w) {
                 const std::string_view members[] = {"x", "y", "z"};
                 w.add_members(space, "set", members);
                 w.add_members(1, "other set", members);
             });
         }},
        {"erase members",
         [](store& s) {
             return write(s, [](writer& w) {
                 const std::string_view members[] = {"z", "y"};
                 w.erase_members(space, "set", members);
                 const std::string_view all_of_it[] = {"x", "y", "z"};
                 w.erase_members(1, "other set", all_of_it);
             });
         }},
        {"expire",
         [](store& s) {
             return write(s, [](writer& w) {
                 w.set_deadline(space, "hash", late);
                 w.set_deadline(space, "key9", late + 1);
             });
         }},
        {"erase",
         [](store& s) {
             return write(s, [](writer& w) {
                 w.erase(space, "key9");
                 w.erase(space, "key10");
             });
         }},
        {"commit",
         [](store& s) {
             const auto main = s->branch("main");
             if (!main) { return status{main.error()}; }
             const auto made = s->commit(**main, "the first", "ada");
             return s.end_turn(made ? status{} : status{made.error()});
         }},
        {"tag", [](store& s) { return s.end_turn(s->create_tag("v1", "main")); }},
        {"copy",
         [](store& s) {
             return write(s, [](writer& w) {
                 const auto state = snapshot_state{tree(w.view(0).keys()), spaces_in_order, 0, main_branch, {}};
                 w.copy_key(current_of{main_branch}, state, space, "hash", 2, "copy of the hash", late + 2);
             });
         }},
        {"rename", [](store& s) { return write(s, [](writer& w) { w.move_key(space, "key20", space, "renamed"); }); }},
        {"rename over another, with deadlines",
         [](store& s) { return write(s, [](writer& w) { w.move_key(2, "copy of the hash", space, "key21"); }); }},
        {"branch",
         [](store& s) {
             const auto made = s->create_branch("exp", "main");
             return s.end_turn(made ? status{} : status{made.error()});
         }},
        {"branch of a commit",
         [](store& s) {
             const auto made = s->create_branch("an-old-one-with-a-long-name", "v1");
             return s.end_turn(made ? status{} : status{made.error()});
         }},
        {"write to a branch",
         [](store& s) {
             return write(
                 s,
                 [](writer& w) {
                     for (int i = 0; i < 30; i += 3) {
                         w.put_string(space, "key" + std::to_string(i), "of exp", no_deadline);
                     }
                     const std::string_view value = "of exp";
                     w.splice_list(space, "list", 5, 10, {&value, 1});
                     const field_value fields[] = {{"field 20", "of exp"}};
                     w.put_fields(space, "hash", fields);
                     w.splice_string(space, "long", 50, 0, "of exp");
                 },
                 "exp");
         }},
        {"restore points",
         [](store& s) {
             s->tick();
             return s.end_turn({});
         },
         in_steps::yes},
        {"copy from a version", copied_from_a_version},
        {"a change that is refused", refused},
        {"differences", differences},
        {"checkpoint", [](store& s) { return s->checkpoint(); }},
        {"read", read_all},
        {"erase a space and swap",
         [](store& s) {
             return write(s, [](writer& w) {
                 w.put_string(1, "in one", "1", late);
                 w.put_string(1, "and in one", "1", no_deadline);
                 w.swap_spaces(1, 3);
                 w.put_string(1, "in the other", "1", late);
                 w.erase_space(3);
             });
         }},
        {"restore points again",
         [](store& s) {
             s->tick();
             return s.end_turn({});
         },
         in_steps::yes},
        {"rewind to a commit",
         [](store& s) {
             const auto main = s->branch("main");
             if (!main) { return status{main.error()}; }
             return s.end_turn(s->rewind(**main, "v1"));
         },
         in_steps::yes},
        {"write after it",
         [](store& s) { return write(s, [](writer& w) { w.put_string(space, "after", "it", no_deadline); }); }},
        {"rewind to a time",
         [](store& s) {
             const auto main = s->branch("main");
             if (!main) { return status{main.error()}; }
             return s.end_turn(s->rewind(**main, "main@-5s"));
         },
         in_steps::yes},
        {"commit a long message",
         [](store& s) {
             const auto exp = s->branch("exp");
             if (!exp) { return status{exp.error()}; }
             const auto made = s->commit(**exp, std::string(2500, 'm'), "grace");
             return s.end_turn(made ? status{} : status{made.error()});
         }},
        {"fewer restore points",
         [](store& s) {
             s->set_history_budget(0);
             s->tick();
             s->set_history_budget(1 << 30);
             return s.end_turn({});
         },
         in_steps::yes},
        {"rename a branch",
         [](store& s) { return s.end_turn(s->rename_branch("an-old-one-with-a-long-name", "old")); }},
        {"drop a tag", [](store& s) { return s.end_turn(s->drop_tag("v1")); }},
        {"read again", read_all},
        {"drop a branch", [](store& s) { return s.end_turn(s->drop_branch("old")); }},
        {"clean-up",
         [](store& s) {
             const auto done = s->clean_up();
             return done ? status{} : status{done.error()};
         }},
        {"verify", verified},
        {"differences again", differences},
        {"sync", [](store& s) { return s->sync_now(); }},
        {"close", [](store& s) { return s->close(); }},
    };
    return all;
}

}  // namespace coppice::testing
