// store/diff.cpp: the keys that differ between two versions.
#include "store/diff.hpp"

#include <algorithm>

#include <coppice/base/assert.hpp>
#include <coppice/base/bytes.hpp>

namespace coppice {
namespace {

constexpr unsigned databases = 16;
constexpr unsigned deadline_section = 0x10;
constexpr std::size_t deadline_head = 1 + sizeof(milliseconds_utc);  // before the key, in the deadlines' section

/// Whether two values say the same, however they are stored.
bool same_value(const value_view& a, const value_view& b) {
    if (a.size() != b.size()) { return false; }
    if (a.rope && b.rope) { return equal(*a.rope, *b.rope); }
    if (!a.rope && !b.rope) { return a.bytes == b.bytes; }
    std::string bytes_a;
    std::string bytes_b;
    a.append_to(bytes_a);
    b.append_to(bytes_b);
    return bytes_a == bytes_b;
}

/// Whether a difference of two hashes' records is one of what fields say.
bool fields_differ(const keyed_diff& of, const keyed_change& change) {
    if (change.kind != change_kind::changed) { return true; }
    return !same_value(field_of(of.before(), *change.before).value, field_of(of.after(), *change.after).value);
}

}  // namespace

version_diff::version_diff(snapshot_state before, snapshot_state after, diff_scope within)
    : before_(std::move(before)),
      after_(std::move(after)),
      within_(std::move(within)),
      database_(within_.database.value_or(0)),
      database_end_(within_.database ? *within_.database + 1 : databases) {}

version_diff::sections version_diff::sections_of(unsigned database) const noexcept {
    return {physical_space(before_.spaces, database), physical_space(after_.spaces, database)};
}

void version_diff::resume(const diff_place& behind) {
    if (within_.database && *within_.database != behind.database) { return; }  // of another scope
    begun_ = false;
    database_ = behind.database;
    step_ = behind.deadline != no_deadline ? step::expired : step::records;
    from_ = behind;
}

bool version_diff::next(key_change& to) {
    while (database_ < database_end_) {
        if (within_.key) {
            const unsigned database = database_++;
            if (from_ && from_->database == database) { continue; }
            if (auto found = find(database, *within_.key)) {
                to = std::move(*found);
                told_ = {database, no_deadline, to.key};
                return true;
            }
            continue;
        }
        if (!begun_) { begin_step(); }
        to.database = database_;
        if (step_ == step::records) {
            if (beside_ ? next_side_by_side(to) : next_record(to)) { return true; }
            step_ = step::expired;
        } else {
            if (next_expired(to)) { return true; }
            step_ = step::records;
            ++database_;
        }
        begun_ = false;
        from_.reset();
    }
    return false;
}

/// The keys of a section that are compared.
key_range version_diff::range_of(unsigned section) const {
    return key_range::with_prefix(section_key(section, within_.prefix), before_.keys.context().sizes);
}

/// Puts the walk of this step where it begins.
void version_diff::begin_step() {
    const auto [before, after] = sections_of(database_);
    records_.reset();
    beside_.reset();
    due_.reset();
    if (step_ == step::expired) {
        const milliseconds_utc first = std::min(before_.time, after_.time) / 1000 + 1;
        due_.emplace(before_.keys);
        if (before_.keys.empty()) {
            // nothing is there to expire
        } else if (from_) {
            due_->seek(section_key(before, from_->deadline, from_->key));
        } else {
            due_->seek(section_key(before, first, {}));
        }
    } else if (before == after) {
        records_.emplace(before_.keys, after_.keys, range_of(before));
        if (from_) { records_->seek(section_key(before, from_->key)); }
    } else {
        const std::string prefix = range_of(before).low.substr(1);
        const std::string_view low = from_ ? from_->key : prefix;
        beside_.emplace(side_by_side{cursor(before_.keys), cursor(after_.keys), prefix});
        if (!before_.keys.empty()) { beside_->before.seek(section_key(before, low)); }
        if (!after_.keys.empty()) { beside_->after.seek(section_key(after, low)); }
    }
    begun_ = true;
}

bool version_diff::next_record(key_change& to) {
    while (records_->next(change_)) {
        to.key.assign(change_.key, 1);
        if (!to.key.starts_with(within_.prefix)) { continue; }  // of long keys the range holds others, too
        if (!settle(to, change_.before, change_.after, true)) { continue; }
        told_ = {database_, no_deadline, to.key};
        return true;
    }
    return false;
}

bool version_diff::next_side_by_side(key_change& to) {
    const auto [section_before, section_after] = sections_of(database_);
    const auto read = [&](const cursor& at, unsigned section, std::string& key) {
        key.clear();
        if (at.at_end()) { return false; }
        at.get().append_page_key(key);
        const bool inside = static_cast<unsigned char>(key[0]) == section;
        key.erase(0, 1);
        return inside && key.starts_with(beside_->prefix);
    };
    side_by_side& at = *beside_;
    for (;;) {
        at.more_before = read(at.before, section_before, at.key_before);
        at.more_after = read(at.after, section_after, at.key_after);
        if (!at.more_before && !at.more_after) { return false; }
        const bool take_before = at.more_before && (!at.more_after || at.key_before <= at.key_after);
        const bool take_after = at.more_after && (!at.more_before || at.key_after <= at.key_before);
        std::optional<record_view> before;
        std::optional<record_view> after;
        if (take_before) { before = at.before.get(); }
        if (take_after) { after = at.after.get(); }
        to.key.clear();
        (before ? *before : *after).append_key(to.key);
        to.key.erase(0, 1);
        const bool passed = !to.key.starts_with(within_.prefix) || (from_ && to.key == from_->key);
        const bool differ = !passed && !(before && after && equal_values(before_.keys, *before, after_.keys, *after));
        const bool tell = differ && settle(to, before, after, true);
        if (take_before) { at.before.next(); }
        if (take_after) { at.after.next(); }
        if (!tell) { continue; }
        told_ = {database_, no_deadline, to.key};
        return true;
    }
}

/// Keys whose records say the same, while the deadline lies between the versions' times.
bool version_diff::next_expired(key_change& to) {
    const milliseconds_utc last = std::max(before_.time, after_.time) / 1000;
    const auto [section_before, section_after] = sections_of(database_);
    std::string entry;
    for (; !due_->at_end(); due_->next()) {
        entry.clear();
        due_->get().append_key(entry);
        if (static_cast<unsigned char>(entry[0]) != deadline_section + section_before) { return false; }
        const auto deadline = static_cast<milliseconds_utc>(big_endian(load<std::uint64_t>(entry.data() + 1)));
        if (deadline > last) { return false; }
        to.key.assign(entry, deadline_head);
        if (!to.key.starts_with(within_.prefix)) { continue; }
        if (from_ && deadline == from_->deadline && to.key == from_->key) { continue; }
        const auto before = before_.keys.find(section_key(section_before, to.key));
        const auto after = after_.keys.find(section_key(section_after, to.key));
        if (!before || !after || !equal_values(before_.keys, *before, after_.keys, *after)) { continue; }
        if (!settle(to, before, after, false)) { continue; }
        due_->next();
        told_ = {database_, deadline, to.key};
        return true;
    }
    return false;
}

std::optional<key_change> version_diff::find(unsigned database, std::string_view key) const {
    const auto [section_before, section_after] = sections_of(database);
    const auto before = before_.keys.find(section_key(section_before, key));
    const auto after = after_.keys.find(section_key(section_after, key));
    const bool differ = !(before && after && equal_values(before_.keys, *before, after_.keys, *after));
    key_change change;
    change.database = database;
    change.key = key;
    if (!settle(change, before, after, differ)) { return std::nullopt; }
    return change;
}

/// Enters what the records say at their versions' times.  Returns whether that differs.
bool version_diff::settle(key_change& to, const std::optional<record_view>& before,
                          const std::optional<record_view>& after, bool records_differ) const {
    to.before = before_.view_then().alive(before);
    to.after = after_.view_then().alive(after);
    if (!to.before && !to.after) { return false; }
    to.kind = !to.before ? change_kind::added : !to.after ? change_kind::removed : change_kind::changed;
    return to.kind != change_kind::changed || (records_differ && !same(*to.before, *to.after, records_differ));
}

/// Whether two keys say the same, though their records may differ.
bool version_diff::same(const found_key& before, const found_key& after, bool records_differ) const {
    if (before.type != after.type || before.deadline != after.deadline) { return false; }
    const branch_view view_before = before_.view_then();
    const branch_view view_after = after_.view_then();
    switch (before.type) {
        case value_type::string: return same_value(view_before.string_value(before), view_after.string_value(after));
        case value_type::hash: {
            keyed_diff fields(view_before.child(before), view_after.child(after));
            for (keyed_change change; fields.next(change);) {
                if (fields_differ(fields, change)) { return false; }
            }
            return true;
        }
        default: return !records_differ;  // their records say nothing but the elements
    }
}

diff_counts count_changes(version_diff& diff) {
    diff_counts counts;
    for (key_change change; diff.next(change);) {
        switch (change.kind) {
            case change_kind::added: ++counts.added; break;
            case change_kind::removed: ++counts.removed; break;
            case change_kind::changed: ++counts.changed; break;
        }
    }
    return counts;
}

// ---- inside a key

key_parts::key_parts(const version_diff& of, const key_change& change)
    : of_(of),
      kind_(change.kind),
      key_before_(change.before),
      key_after_(change.after),
      before_(of.before().keys.context(), child_shape(change.type())),
      after_(before_) {
    if (kind_ != change_kind::changed) {
        at_ = stage::end;
        return;
    }
    before_ = of.before().view_then().child(*key_before_);
    after_ = of.after().view_then().child(*key_after_);
}

bool key_parts::is_short_string() const noexcept {
    return key_before_->type == value_type::string && key_before_->size() <= record_bytes_inline
           && key_after_->size() <= record_bytes_inline;
}

bool key_parts::next(part_change& to) {
    to.kind = change_kind::changed;
    to.name.clear();
    to.before = {};
    to.after = {};
    if (at_ == stage::type) {
        at_ = stage::deadline;
        if (key_before_->type != key_after_->type) {
            to.what = part_kind::type;
            return true;
        }
    }
    if (at_ == stage::deadline) {
        at_ = stage::content;
        to.deadline_before = key_before_->deadline;
        to.deadline_after = key_after_->deadline;
        if (to.deadline_before != to.deadline_after) {
            to.what = part_kind::deadline;
            if (to.deadline_before == no_deadline) { to.kind = change_kind::added; }
            if (to.deadline_after == no_deadline) { to.kind = change_kind::removed; }
            return true;
        }
    }
    if (at_ == stage::content) {
        if (key_before_->type == key_after_->type && next_content(to)) { return true; }
        at_ = stage::end;
    }
    return false;
}

bool key_parts::next_content(part_change& to) {
    if (before_.shape().keyed) { return next_record(to); }
    if (!is_short_string()) { return next_run(to); }
    if (std::exchange(told_value_, true)) { return false; }
    to.what = part_kind::value;
    to.before = of_.before().view_then().string_value(*key_before_);
    to.after = of_.after().view_then().string_value(*key_after_);
    return !same_value(to.before, to.after);
}

bool key_parts::next_record(part_change& to) {
    const bool hash = key_before_->type == value_type::hash;
    if (!records_) {
        records_.emplace(before_, after_);
        if (resumed_) { records_->seek(resume_name_); }
    }
    while (records_->next(change_)) {
        if (hash && !fields_differ(*records_, change_)) { continue; }
        to.what = hash ? part_kind::field : part_kind::member;
        to.kind = change_.kind;
        to.name = change_.key;
        if (hash && change_.before) { to.before = field_of(records_->before(), *change_.before).value; }
        if (hash && change_.after) { to.after = field_of(records_->after(), *change_.after).value; }
        return true;
    }
    return false;
}

bool key_parts::next_run(part_change& to) {
    const bool string = key_before_->type == value_type::string;
    if (!runs_) {
        const auto as_tree = [&](tree& child, const found_key& key) {
            if (string && child.empty()) { child = tree::build_bytes(child.context(), key.rest); }
        };
        as_tree(before_, *key_before_);
        as_tree(after_, *key_after_);
        runs_ = list_diff(before_, after_);
    }
    if (next_run_ >= runs_->size()) { return false; }
    to.run = (*runs_)[next_run_++];
    to.what = string ? part_kind::bytes : part_kind::run;
    if (to.run.before_count == 0) { to.kind = change_kind::added; }
    if (to.run.after_count == 0) { to.kind = change_kind::removed; }
    return true;
}

// A place:  stage 1 B | the name, or the number of runs told (varint)

std::string key_parts::place() const {
    std::string text(1, static_cast<char>(at_));
    if (at_ != stage::content) { return text; }
    if (records_) {
        text.push_back('n');
        text += change_.key;
    } else if (runs_ || told_value_) {
        text.push_back('r');
        append_varint(text, told_value_ ? 1 : next_run_);
    }
    return text;
}

status key_parts::resume(std::string_view behind) {
    byte_reader from(behind);
    const auto at = from.number<std::uint8_t>();
    if (from.failed() || at > static_cast<std::uint8_t>(stage::end)) { return error{errc::invalid, "place"}; }
    if (kind_ != change_kind::changed) { return {}; }
    at_ = static_cast<stage>(at);
    records_.reset();
    resumed_ = false;
    next_run_ = 0;
    told_value_ = false;
    if (from.at_end()) { return {}; }
    if (from.number<char>() == 'n') {
        resume_name_ = from.rest();
        resumed_ = true;
        return {};
    }
    const std::uint64_t told = from.varint();
    if (from.failed()) { return error{errc::invalid, "place"}; }
    next_run_ = static_cast<std::size_t>(told);
    told_value_ = told != 0 && is_short_string();
    return {};
}

}  // namespace coppice
