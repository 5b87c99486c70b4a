// store/editor.cpp: what a transaction does, checked before the writer does it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <coppice/base/assert.hpp>
#include <coppice/base/limits.hpp>
#include <coppice/tree/cursor.hpp>

#include "store/inside.hpp"

namespace coppice {
namespace {

constexpr std::size_t copied_together = 256;  // elements of a copy by value that make one primitive
constexpr std::size_t copied_bytes_together = 1024 * 1024;

}  // namespace

editor::editor(edit_state& state, const tree& keys, std::uint64_t spaces, milliseconds_utc now,
               unsigned database) noexcept
    : view(keys, spaces, now, database), state_(&state) {}

editor editor::database(unsigned number) const noexcept {
    COPPICE_ASSERT(number < limits::key_spaces);
    return {*state_, *keys_, spaces_, now_, number};
}

const status& editor::state() const noexcept { return state_->failed; }

bool editor::fail(error cause) {
    if (state_->failed) { state_->failed = std::move(cause); }
    return false;
}

/// Runs `change` unless the transaction has failed; fails it when a node cannot be read or the writer refuses.
template <class Edit>
auto editor::edit(Edit&& change) -> decltype(change()) {
    using returned = decltype(change());
    if (!state_->failed) { return returned(); }
    auto outcome = caught([&]() -> result<returned> {
        if constexpr (std::is_void_v<returned>) {
            change();
            return {};
        } else {
            return change();
        }
    });
    if (!outcome) { fail(outcome.error()); }
    if constexpr (!std::is_void_v<returned>) { return outcome ? *outcome : returned(); }
}

status editor::attempt(function_ref<status()> f) {
    branch_writer& writer = state_->writer;
    auto& sources = state_->notes.copied_from;
    const auto before = writer.here();
    const std::size_t sources_before = sources.size();
    const auto undo = [&] {
        // What this throws leaves a part there: then the transaction fails.
        status known = std::exchange(state_->failed, error{errc::limit, "out of memory"});
        status undone = caught([&]() -> status {
            writer.undo_to(before);
            return {};
        });
        sources.erase(sources.begin() + static_cast<std::ptrdiff_t>(sources_before), sources.end());
        state_->failed = known ? std::move(undone) : std::move(known);
    };
    writer.begin_step();
    status done;
    try {
        done = f();
    } catch (...) {
        undo();
        throw;
    }
    if (!done) { undo(); }
    return done;
}

/// Whether the key may be written at all. One whose deadline has come is removed: what follows begins anew.
bool editor::admit(std::string_view key) {
    if (key.size() > limits::key_bytes) {
        return fail({errc::limit, "a key is longer than " + std::to_string(limits::key_bytes) + " bytes"});
    }
    const branch_view now = view_inside::open(*this);
    const auto record = keys_->find(section_key(now.space(database_), key));
    if (record && !now.alive(record)) { state_->writer.erase(database_, key); }
    return true;
}

/// Whether the key holds what is expected, or nothing; and may be written.
bool editor::is(std::string_view key, value_type expected) {
    if (!admit(key)) { return false; }
    const auto found = view_inside::open(*this).find(database_, key);
    return !found || found->type == expected || fail(wrong_type(key, found->type, expected));
}

bool editor::fits(std::string_view value) {
    return value.size() <= limits::value_bytes
           || fail({errc::limit, "a value is longer than " + std::to_string(limits::value_bytes) + " bytes"});
}

// ---- any type

bool editor::erase(std::string_view key) {
    return edit([&] { return admit(key) && state_->writer.erase(database_, key); });
}

bool editor::rename(std::string_view key, std::string_view next) {
    return edit([&] {
        if (!admit(key) || !admit(next) || !view_inside::open(*this).find(database_, key)) { return false; }
        state_->writer.move_key(database_, key, database_, next);
        return true;
    });
}

bool editor::copy(std::string_view source, std::string_view target) {
    return edit([&] {
        if (!admit(source) || !admit(target)) { return false; }
        const auto found = view_inside::open(*this).find(database_, source);
        if (!found) { return false; }
        if (source == target) { return true; }
        const branch_id id = state_->branch.id;
        const snapshot_state now{*keys_, spaces_, 0, id, {}};
        state_->writer.copy_key(current_of{id}, now, database_, source, database_, target, found->deadline);
        return true;
    });
}

bool editor::copy(const snapshot& from, std::string_view source, std::string_view target) {
    return edit([&] {
        const auto found = view_inside::open(from).find(view_inside::database(from), source);
        if (!found || !admit(target)) { return false; }
        const auto by_value = [&] {
            bool done = false;
            (void)attempt([&]() -> status {
                done = put_copy(from, source, target);
                return {};
            });
            return done;
        };
        if (!view_inside::of_one_store(*this, from)) { return by_value(); }
        const branch_version& held = *from.held_;
        // The log must name the version by something that means the same when it is replayed. "What the branch says
        // now" does, of another branch, if it still says so when this transaction is logged.
        const version_name name = held.name.value_or(current_of{held.state.branch});
        const auto* current = std::get_if<current_of>(&name);
        const bool newest =
            current != nullptr && current->branch != state_->branch.id && state_->store.means(name, held.state);
        if (current != nullptr && !newest) { return by_value(); }
        state_->notes.copied_from.push_back({name, held.state, {}});
        state_->writer.copy_key(name, held.state, view_inside::database(from), source, database_, target,
                                found->deadline);
        return true;
    });
}

/// Writes what `from` says of a key, value by value.
bool editor::put_copy(const view& from, std::string_view source, std::string_view target) {
    branch_writer& writer = state_->writer;
    const branch_view then = view_inside::open(from);
    const auto found = then.find(view_inside::database(from), source);
    const tree child =
        found->type == value_type::string ? tree(then.keys().context(), keyed_records) : then.child(*found);
    writer.erase(database_, target);
    std::vector<std::string> texts;
    std::vector<std::string_view> values;
    std::size_t bytes = 0;
    const auto flush = [&] {
        values.assign(texts.begin(), texts.end());
        if (found->type == value_type::list) {
            const auto there = view_inside::open(*this).find(database_, target);
            writer.splice_list(database_, target, there ? there->size() : 0, 0, values);
        } else if (found->type == value_type::set) {
            writer.add_members(database_, target, values);
        } else {
            std::vector<field_value> fields;
            for (std::size_t i = 0; i < values.size(); i += 2) { fields.push_back({values[i], values[i + 1]}); }
            writer.put_fields(database_, target, fields);
        }
        texts.clear();
        bytes = 0;
    };
    const auto add = [&](std::string_view text) {
        texts.emplace_back(text);
        bytes += text.size();
    };
    const auto flush_if_many = [&] {
        if (texts.size() >= copied_together || bytes >= copied_bytes_together) { flush(); }
    };
    status done;
    switch (found->type) {
        case value_type::string: {
            std::uint64_t end = 0;
            writer.put_string(database_, target, {}, no_deadline);
            done = from.for_each_part(source, 0, all, [&](std::string_view part) {
                writer.splice_string(database_, target, end, 0, part);
                end += part.size();
            });
            break;
        }
        case value_type::list:
            done = from.for_each_element(source, 0, all, [&](std::string_view element) {
                add(element);
                flush_if_many();
            });
            break;
        case value_type::hash:
            done = from.for_each_field(source, [&](std::string_view name, std::string_view value) {
                add(name);
                add(value);
                flush_if_many();
            });
            break;
        default:
            done = from.for_each_member(source, [&](std::string_view member) {
                add(member);
                flush_if_many();
            });
    }
    if (!done) { return fail(done.error()); }
    if (!texts.empty()) { flush(); }
    writer.set_deadline(database_, target, found->deadline);
    return true;
}

bool editor::expire(std::string_view key, milliseconds_utc deadline) {
    return edit([&] {
        if (!admit(key) || !view_inside::open(*this).find(database_, key)) { return false; }
        state_->writer.set_deadline(database_, key, deadline);
        return true;
    });
}

void editor::clear() {
    edit([&] { state_->writer.erase_space(database_); });
}

// ---- strings

void editor::put(std::string_view key, std::string_view value, milliseconds_utc deadline) {
    edit([&] {
        if (admit(key) && fits(value)) { state_->writer.put_string(database_, key, value, deadline); }
    });
}

void editor::append(std::string_view key, std::string_view bytes) {
    edit([&] {
        if (!is(key, value_type::string) || bytes.empty()) { return; }
        const auto found = view_inside::open(*this).find(database_, key);
        splice_bytes(key, found ? found->size() : 0, 0, bytes);
    });
}

void editor::splice_bytes(std::string_view key, std::uint64_t position, std::uint64_t erased, std::string_view given) {
    edit([&] {
        if (!is(key, value_type::string)) { return; }
        const auto found = view_inside::open(*this).find(database_, key);
        const std::uint64_t size = found ? found->size() : 0;
        if (position > limits::value_bytes || given.size() > limits::value_bytes
            || std::max(position, size) + given.size() > limits::value_bytes) {
            fail({errc::limit, "a string would be longer than " + std::to_string(limits::value_bytes) + " bytes"});
            return;
        }
        const std::uint64_t erasable = position < size ? std::min(erased, size - position) : 0;
        if (given.empty() && erasable == 0 && position <= size) { return; }
        state_->writer.splice_string(database_, key, position, erasable, given);
    });
}

// ---- lists

void editor::push_back(std::string_view key, std::string_view value) { push_back(key, std::span(&value, 1)); }

void editor::push_back(std::string_view key, std::initializer_list<std::string_view> values) {
    push_back(key, std::span(values.begin(), values.size()));
}

void editor::push_back(std::string_view key, std::span<const std::string_view> values) {
    edit([&] {
        if (!is(key, value_type::list)) { return; }
        const auto found = view_inside::open(*this).find(database_, key);
        splice(key, found ? found->size() : 0, 0, values);
    });
}

void editor::splice(std::string_view key, std::uint64_t position, std::uint64_t erased,
                    std::initializer_list<std::string_view> values) {
    splice(key, position, erased, std::span(values.begin(), values.size()));
}

void editor::splice(std::string_view key, std::uint64_t position, std::uint64_t erased,
                    std::span<const std::string_view> values) {
    edit([&] {
        if (!is(key, value_type::list)) { return; }
        const auto found = view_inside::open(*this).find(database_, key);
        const std::uint64_t size = found ? found->size() : 0;
        if (position > size || erased > size - position) {
            fail({errc::invalid, name_of_key(key) + " has " + std::to_string(size) + " elements: cannot replace "
                                     + std::to_string(erased) + " from " + std::to_string(position)});
            return;
        }
        if (values.empty() && erased == 0) { return; }
        if (!std::all_of(values.begin(), values.end(), [&](std::string_view value) { return fits(value); })) { return; }
        state_->writer.splice_list(database_, key, position, erased, values);
    });
}

// ---- hashes and sets

std::uint64_t editor::put_field(std::string_view key, std::string_view field, std::string_view value) {
    const field_value only{field, value};
    return put_fields(key, std::span(&only, 1));
}

std::uint64_t editor::put_fields(std::string_view key, std::initializer_list<field_value> fields) {
    return put_fields(key, std::span(fields.begin(), fields.size()));
}

std::uint64_t editor::put_fields(std::string_view key, std::span<const field_value> fields) {
    return edit([&]() -> std::uint64_t {
        if (!is(key, value_type::hash) || fields.empty()) { return 0; }
        const auto fit = [&](const field_value& each) { return fits(each.field) && fits(each.value); };
        if (!std::all_of(fields.begin(), fields.end(), fit)) { return 0; }
        return state_->writer.put_fields(database_, key, fields);
    });
}

std::uint64_t editor::erase_field(std::string_view key, std::string_view field) {
    return erase_fields(key, std::span(&field, 1));
}

std::uint64_t editor::erase_fields(std::string_view key, std::span<const std::string_view> fields) {
    return edit([&]() -> std::uint64_t {
        return is(key, value_type::hash) ? state_->writer.erase_fields(database_, key, fields) : 0;
    });
}

std::uint64_t editor::add_member(std::string_view key, std::string_view member) {
    return add_members(key, std::span(&member, 1));
}

std::uint64_t editor::add_members(std::string_view key, std::initializer_list<std::string_view> members) {
    return add_members(key, std::span(members.begin(), members.size()));
}

std::uint64_t editor::add_members(std::string_view key, std::span<const std::string_view> members) {
    return edit([&]() -> std::uint64_t {
        if (!is(key, value_type::set) || members.empty()) { return 0; }
        if (!std::all_of(members.begin(), members.end(), [&](std::string_view each) { return fits(each); })) {
            return 0;
        }
        return state_->writer.add_members(database_, key, members);
    });
}

std::uint64_t editor::erase_member(std::string_view key, std::string_view member) {
    return erase_members(key, std::span(&member, 1));
}

std::uint64_t editor::erase_members(std::string_view key, std::span<const std::string_view> members) {
    return edit([&]() -> std::uint64_t {
        return is(key, value_type::set) ? state_->writer.erase_members(database_, key, members) : 0;
    });
}

}  // namespace coppice
