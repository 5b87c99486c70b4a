#include "store/writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "store/primitives.hpp"

namespace coppice {
namespace {

constexpr std::size_t together = 32;       // names that descend together
constexpr std::size_t sequence_bytes = 8;  // a hash's next sequence number, the last bytes of its record

/// Refuses a key, field or member that is too long. What only removes or reads need not ask.
void check_length(std::string_view key, std::string_view what) {
    if (key.size() <= limits::key_bytes) { return; }
    throw refused_change({errc::limit, std::string(what) + " of " + std::to_string(key.size())
                                           + " bytes: the longest is " + std::to_string(limits::key_bytes)});
}

/// `length` zero bytes, made of one page that is shared.  Cost: O(log length).
tree zero_bytes(tree_context& context, std::uint64_t length) {
    tree zeros = tree::build_bytes(context, std::string(std::min<std::uint64_t>(length, 4096), '\0'));
    while (zeros.size() < length) { zeros = tree::concat(zeros, zeros); }
    return zeros.slice(0, length);
}

/// A record for `value` behind `before`: in one piece, which is on the stack where it is short, or, when the value is
/// long, `before` and a tree of the value's bytes.
class value_record {
public:
    value_record(tree_context& context, std::string_view before, std::string_view value) {
        if (value.size() > record_bytes_inline) {
            rope_.emplace(tree::build_bytes(context, value));
            value = {};
        }
        const std::size_t bytes = before.size() + value.size();
        char* to = short_;
        if (bytes > sizeof short_) {
            long_.resize(bytes);
            to = long_.data();
        }
        std::copy(value.begin(), value.end(), std::copy(before.begin(), before.end(), to));
        bytes_ = {to, bytes};
    }
    value_record(const value_record&) = delete;
    value_record& operator=(const value_record&) = delete;
    [[nodiscard]] record as(std::string_view key) const noexcept { return {key, bytes_, rope_ ? &*rope_ : nullptr}; }

private:
    char short_[128];
    std::string long_;
    std::string_view bytes_;
    std::optional<tree> rope_;
};

/// Keeps what a key's record says.
template <class Saved>
void keep_record(Saved& saved, const tree& keys, const record_view& found) {
    saved.there = true;
    saved.bytes = found.bytes;
    if (found.child != child_form::none) {
        const tree_shape shape = saved.key[0] < 0x10 ? child_shape(parse_key_record(found).type) : keyed_records;
        saved.child.emplace(keys.child_of(found, shape));
    }
}

/// Bytes of the child tree that a record loses, estimated: copies of pages do not count it, and versions hold it.
std::uint64_t child_bytes(const record_view& lost, bool is_rope) noexcept {
    constexpr std::uint64_t element_bytes = 32;
    return lost.child == child_form::slot ? lost.child_count * (is_rope ? 1 : element_bytes) : 0;
}

}  // namespace

/// Adds a primitive to the log's text, and its keys to those written; takes them back unless done() is reached.
class branch_writer::logged {
public:
    explicit logged(branch_writer& writer) noexcept
        : writer_(writer), before_(writer.log_.size()), written_(writer.written_ ? writer.written_->size() : 0) {}
    /// With `key` as its first argument.
    logged(branch_writer& writer, primitive which, unsigned database, std::string_view key) : logged(writer) {
        append_primitive(text(), which);
        add_key(database, key);
    }
    ~logged() {
        if (done_) { return; }
        writer_.log_.resize(before_);
        if (writer_.written_ != nullptr) { writer_.written_->resize(written_); }
    }
    logged(const logged&) = delete;
    logged& operator=(const logged&) = delete;
    [[nodiscard]] std::string& text() const noexcept { return writer_.log_; }
    void add_key(unsigned database, std::string_view key) {
        check_length(key, "key");
        text().push_back(static_cast<char>(database));
        append_text(text(), key);
        if (writer_.written_ != nullptr) { writer_.written_->push_back({database, std::string(key)}); }
    }
    void done() noexcept {
        done_ = true;
        ++writer_.changes_;
    }

private:
    branch_writer& writer_;
    std::size_t before_;
    std::size_t written_;
    bool done_ = false;
};

// ---- undoing

void branch_writer::begin_group() {
    COPPICE_CHECK(!grouped_);
    grouped_ = true;
    begin_step();
    group_log_ = log_.size();
    group_changes_ = changes_;
}

void branch_writer::end_group() noexcept {
    grouped_ = false;
    saved_.clear();
    undo_.clear();
}

// A key that is changed again and again is saved once: keeping what it said in between copies a path each time.
bool branch_writer::is_saved(std::string_view section) {
    constexpr std::size_t looked_through = 16;
    const auto first = std::max(step_, undo_.size() - std::min(undo_.size(), looked_through));
    const auto says = [&](const saved_key& one) { return one.key == section; };
    if (std::any_of(undo_.begin() + static_cast<std::ptrdiff_t>(first), undo_.end(), says)) { return true; }
    if (first == step_) { return false; }
    for (; listed_ < undo_.size(); ++listed_) { saved_.insert(undo_[listed_].key); }
    return saved_.contains(std::string(section));
}

void branch_writer::save(std::string_view section) {
    if (!grouped_ || is_saved(section)) { return; }
    saved_key saved;
    saved.key = section;
    if (const auto found = keys_.find(section)) { keep_record(saved, keys_, *found); }
    undo_.push_back(std::move(saved));
}

void branch_writer::save_all() {
    if (!grouped_) { return; }
    saved_key saved;
    saved.all.emplace(keys_);
    saved.spaces = spaces_;
    undo_.push_back(std::move(saved));
}

void branch_writer::restore(saved_key& saved) {
    if (saved.all) {
        keys_ = std::move(*saved.all);
        spaces_ = saved.spaces;
    } else if (saved.there) {
        keys_.put({saved.key, saved.bytes, saved.child ? &*saved.child : nullptr});
    } else {
        keys_.erase(saved.key);
    }
}

void branch_writer::undo_to(const mark& to) {
    // Undoing cannot be put off: where it needs a node that is not in memory, it waits.
    tree_context& context = *keys_context();
    const bool waits = std::exchange(context.may_wait, true);
    saved_.clear();
    step_ = listed_ = std::min(step_, to.undo);
    while (undo_.size() > to.undo) {
        restore(undo_.back());
        undo_.pop_back();
    }
    log_.resize(to.log);
    changes_ = to.changes;
    context.may_wait = waits;
}

// ---- keys of any type

/// Runs `change`, which makes several edits, wholly or not at all.
template <class Change>
void branch_writer::atomically(Change&& change) {
    const bool own_group = !grouped_;
    own_group ? begin_group() : begin_step();
    const mark begin = here();
    try {
        change();
    } catch (...) {
        undo_to(begin);
        if (own_group) { end_group(); }
        throw;
    }
    if (own_group) { end_group(); }
}

void branch_writer::note_replaced(const record_view& key) const noexcept {
    keys_context()->edits.replaced_bytes += child_bytes(key, parse_key_record(key).type == value_type::string);
}

void branch_writer::set_deadline_entry(unsigned space, std::string_view key, milliseconds_utc old_deadline,
                                       milliseconds_utc deadline) {
    if (old_deadline == deadline) { return; }
    if (old_deadline != no_deadline) {
        const section_key entry(space, old_deadline, key);
        save(entry);
        keys_.erase(entry);
    }
    if (deadline != no_deadline) {
        const section_key entry(space, deadline, key);
        save(entry);
        keys_.put({entry, {}});
    }
}

/// Enters a record of a key space, its deadline being `deadline`, and sees to the entries of deadlines.
void branch_writer::replace_record(unsigned space, std::string_view key, const record& given,
                                   milliseconds_utc deadline) {
    const section_key section(space, key);
    record placed = given;
    placed.key = section;
    if (deadline == no_deadline) {
        // In a group what the record said is kept where putting finds it: one descent, not two.
        const bool saves = grouped_ && !is_saved(section);
        if (saves) {
            saved_key saved;
            saved.key = std::string_view(section);
            undo_.push_back(std::move(saved));
        }
        const auto timeless = [&](const record_view& old) {
            if (parse_key_record(old).deadline != no_deadline) { return false; }
            note_replaced(old);
            if (saves) { keep_record(undo_.back(), keys_, old); }
            return true;
        };
        try {
            if (keys_.put_if(placed, timeless) != tree::put_outcome::refused) { return; }
        } catch (...) {
            if (saves) { undo_.pop_back(); }  // nothing was put: undoing must not take the key away
            throw;
        }
        if (saves) { undo_.pop_back(); }
    }
    const auto old = keys_.find(section);
    const milliseconds_utc old_deadline = old ? parse_key_record(*old).deadline : no_deadline;
    if (old) { note_replaced(*old); }
    atomically([&] {
        save(section);
        keys_.put(placed);
        set_deadline_entry(space, key, old_deadline, deadline);
    });
}

void branch_writer::put_string(unsigned database, std::string_view key, std::string_view value,
                               milliseconds_utc deadline) {
    logged entry(*this, primitive::put_string, database, key);
    append_varint(log_, static_cast<std::uint64_t>(deadline));
    log_.reserve(log_.size() + value.size() + value.size() / 64);  // what comes behind a long one should not move it
    append_text(log_, value);
    std::string header;
    append_key_header(header, value_type::string, deadline);
    const value_record record(*keys_context(), header, value);
    replace_record(physical_space(spaces_, database), key, record.as(key), deadline);
    entry.done();
}

bool branch_writer::erase_in(unsigned space, std::string_view key) {
    const section_key section(space, key);
    const auto found = keys_.find(section);
    if (!found) { return false; }
    const milliseconds_utc deadline = parse_key_record(*found).deadline;
    note_replaced(*found);
    if (deadline == no_deadline) {
        save(section);
        keys_.erase(section);
        return true;
    }
    atomically([&] {
        save(section);
        keys_.erase(section);
        set_deadline_entry(space, key, deadline, no_deadline);
    });
    return true;
}

bool branch_writer::erase(unsigned database, std::string_view key) {
    if (key.size() > limits::key_bytes) { return false; }
    logged entry(*this, primitive::erase_key, database, key);
    if (!erase_in(physical_space(spaces_, database), key)) { return false; }
    entry.done();
    return true;
}

void branch_writer::set_deadline(unsigned database, std::string_view key, milliseconds_utc deadline) {
    const unsigned space = physical_space(spaces_, database);
    const section_key section(space, key);
    const auto record = keys_.find(section);
    if (!record) { return; }
    const found_key found = parse_key_record(*record);
    if (found.deadline == deadline) { return; }
    logged entry(*this, primitive::set_deadline, database, key);
    append_varint(log_, static_cast<std::uint64_t>(deadline));
    std::string bytes;
    append_key_header(bytes, found.type, deadline);
    bytes.append(found.rest);
    const tree child = keys_.child_of(*record, child_shape(found.type));
    const milliseconds_utc old_deadline = found.deadline;
    atomically([&] {
        save(section);
        keys_.put({section, bytes, &child});
        set_deadline_entry(space, key, old_deadline, deadline);
    });
    entry.done();
}

void branch_writer::copy_key(const version_name& from, const snapshot_state& state, unsigned from_database,
                             std::string_view source, unsigned database, std::string_view key,
                             milliseconds_utc deadline) {
    const auto record = state.keys.find(section_key(physical_space(state.spaces, from_database), source));
    if (!record) { return; }
    logged entry(*this, primitive::copy_key, database, key);
    append_version(log_, from);
    log_.push_back(static_cast<char>(from_database));
    append_text(log_, source);
    append_varint(log_, static_cast<std::uint64_t>(deadline));
    const found_key found = parse_key_record(*record);
    std::string bytes;
    append_key_header(bytes, found.type, deadline);
    bytes.append(found.rest);
    const tree child = state.keys.child_of(*record, child_shape(found.type)).through(*keys_context());
    replace_record(physical_space(spaces_, database), key, {key, bytes, &child}, deadline);
    entry.done();
}

void branch_writer::move_key(unsigned from_database, std::string_view source, unsigned database, std::string_view key) {
    const unsigned from = physical_space(spaces_, from_database);
    const unsigned to = physical_space(spaces_, database);
    const auto record = keys_.find(section_key(from, source));
    if (!record || (from == to && source == key)) { return; }
    logged entry(*this, primitive::move_key, from_database, source);
    entry.add_key(database, key);
    const found_key found = parse_key_record(*record);
    const std::string bytes(record->bytes);
    const milliseconds_utc deadline = found.deadline;
    atomically([&] {
        {
            const tree child = keys_.child_of(*record, child_shape(found.type));
            replace_record(to, key, {key, bytes, &child}, deadline);
        }
        erase_in(from, source);
    });
    entry.done();
}

void branch_writer::erase_space(unsigned database) {
    const branch_view now(keys_, spaces_, 0);
    const auto keys = now.positions(database);
    const auto deadlines = now.deadline_positions(database, false);
    if (keys.first == keys.last) { return; }
    logged entry(*this);
    append_primitive(log_, primitive::erase_space);
    log_.push_back(static_cast<char>(database));
    save_all();
    tree rest(keys_);
    rest.erase_range(deadlines.first,
                     deadlines.last - deadlines.first);  // the higher section first: positions below stay
    rest.erase_range(keys.first, keys.last - keys.first);
    swap(keys_, rest);
    entry.done();
}

void branch_writer::swap_spaces(unsigned a, unsigned b) {
    if (a == b) { return; }
    logged entry(*this);
    append_primitive(log_, primitive::swap_spaces);
    log_.push_back(static_cast<char>(a));
    log_.push_back(static_cast<char>(b));
    save_all();
    const std::uint64_t different = physical_space(spaces_, a) ^ physical_space(spaces_, b);
    spaces_ ^= (different << (4 * a)) | (different << (4 * b));
    entry.done();
}

// ---- collections

/// Lets `change` work on the child tree of a key, which is made if it is not there.
template <class Change>
void branch_writer::change_child(unsigned space, std::string_view key, value_type type, Change&& change) {
    const section_key section(space, key);
    save(section);
    if (keys_.edit_child(section, child_shape(type), change)) { return; }
    std::string bytes;
    append_key_header(bytes, type, no_deadline);
    if (type == value_type::hash) { append_number(bytes, std::uint64_t{0}); }
    tree child(*keys_context(), child_shape(type));
    change(child, bytes);
    keys_.put({section, bytes, &child});
}

void branch_writer::splice_string(unsigned database, std::string_view key, std::uint64_t position, std::uint64_t erased,
                                  std::string_view given) {
    const unsigned space = physical_space(spaces_, database);
    const auto record = keys_.find(section_key(space, key));
    const std::uint64_t size = record ? parse_key_record(*record).size() : 0;
    logged entry(*this, primitive::splice_string, database, key);
    append_varint(log_, position);
    append_varint(log_, erased);
    append_text(log_, given);
    if ((!record || record->child == child_form::none)
        && std::max(size, position) + given.size() <= record_bytes_inline) {
        std::string value;
        milliseconds_utc deadline = no_deadline;
        if (record) {
            const found_key found = parse_key_record(*record);
            value = found.rest;
            deadline = found.deadline;
        }
        if (position > value.size()) { value.resize(position); }
        value.replace(position, erased, given);
        std::string bytes;
        append_key_header(bytes, value_type::string, deadline);
        bytes.append(value);
        replace_record(space, key, {key, bytes}, deadline);
    } else {
        change_child(space, key, value_type::string, [&](tree& rope, std::string& bytes) {
            const bool timed = (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0;
            const std::size_t header = timed ? 9 : 1;
            if (rope.empty()) {  // it was short until now
                rope = tree::build_bytes(*keys_context(), std::string_view(bytes).substr(header));
                bytes.resize(header);
            }
            if (position <= rope.size()) {
                rope.splice_bytes(position, std::min(erased, rope.size() - position), given);
            } else {
                const tree zeros = zero_bytes(*keys_context(), position - rope.size());
                rope.splice_tree(rope.size(), 0, tree::concat(zeros, tree::build_bytes(*keys_context(), given)));
            }
        });
    }
    entry.done();
}

void branch_writer::splice_list(unsigned database, std::string_view key, std::uint64_t position, std::uint64_t erased,
                                std::span<const std::string_view> given) {
    const unsigned space = physical_space(spaces_, database);
    logged entry(*this, primitive::splice_list, database, key);
    append_varint(log_, position);
    append_varint(log_, erased);
    append_varint(log_, given.size());
    for (const std::string_view value : given) { append_text(log_, value); }
    if (given.empty() && erased > 0) {
        const auto found = keys_.find(section_key(space, key));
        if (found && found->child_count == erased) {  // nothing is left
            erase_in(space, key);
            entry.done();
            return;
        }
    }
    const auto splice = [&](tree& list, std::span<const record> records) {
        if (erased == 1) { keys_context()->edits.replaced_bytes += child_bytes(list.at(position), true); }
        list.splice(position, erased, records);
    };
    if (given.size() == 1) {
        const value_record value(*keys_context(), {}, given[0]);
        const record only = value.as({});
        change_child(space, key, value_type::list, [&](tree& list, std::string&) { splice(list, {&only, 1}); });
    } else {
        std::vector<std::optional<tree>> ropes(given.size());
        std::vector<record> records(given.size());
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (given[i].size() > record_bytes_inline) {
                ropes[i].emplace(tree::build_bytes(*keys_context(), given[i]));
                records[i].child = &*ropes[i];
            } else {
                records[i].bytes = given[i];
            }
        }
        change_child(space, key, value_type::list, [&](tree& list, std::string&) { splice(list, records); });
    }
    entry.done();
}

/// Runs `change` on a child tree; when it throws after some of its edits, the tree says what it said.
template <class Change>
void branch_writer::change_whole(tree& child, std::size_t edits, Change&& change) {
    if (edits == 1 || child.empty()) {
        change(child);
        return;
    }
    tree changed(child);
    change(changed);
    swap(child, changed);
}

std::uint64_t branch_writer::put_fields(unsigned database, std::string_view key, std::span<const field_value> given) {
    logged entry(*this, primitive::put_fields, database, key);
    append_varint(log_, given.size());
    for (const field_value& each : given) {
        check_length(each.field, "field");
        append_text(log_, each.field);
        append_text(log_, each.value);
    }
    std::uint64_t added = 0;
    change_child(physical_space(spaces_, database), key, value_type::hash, [&](tree& hash, std::string& bytes) {
        added = 0;
        const auto next = load<std::uint64_t>(bytes.data() + bytes.size() - sequence_bytes);
        change_whole(hash, given.size(), [&](tree& fields) {
            for (const field_value& each : given) {
                std::uint64_t sequence = next + added;
                if (const auto old = fields.find(each.field)) {
                    const char* at = old->bytes.data();
                    sequence = take_varint(at);
                    keys_context()->edits.replaced_bytes += child_bytes(*old, true);
                } else {
                    ++added;
                }
                char number[varint_bytes_max];
                const std::string_view before(number, static_cast<std::size_t>(put_varint(number, sequence) - number));
                fields.put(value_record(*keys_context(), before, each.value).as(each.field));
            }
        });
        put_number(bytes.data() + bytes.size() - sequence_bytes, next + added);
    });
    entry.done();
    return added;
}

std::uint64_t branch_writer::add_members(unsigned database, std::string_view key,
                                         std::span<const std::string_view> members) {
    logged entry(*this, primitive::add_members, database, key);
    append_varint(log_, members.size());
    for (const std::string_view member : members) {
        check_length(member, "member");
        append_text(log_, member);
    }
    std::uint64_t added = 0;
    change_child(physical_space(spaces_, database), key, value_type::set, [&](tree& set, std::string&) {
        added = 0;
        change_whole(set, members.size(), [&](tree& all) {
            for (const std::string_view member : members) {
                const auto outcome = all.put_if({member, {}}, [](const record_view&) { return false; });
                added += outcome == tree::put_outcome::added ? 1 : 0;
            }
        });
    });
    if (added > 0) { entry.done(); }
    return added;
}

std::uint64_t branch_writer::erase_elements(primitive which, value_type type, unsigned database, std::string_view key,
                                            std::span<const std::string_view> names) {
    const unsigned space = physical_space(spaces_, database);
    const auto record = keys_.find(section_key(space, key));
    if (!record) { return 0; }
    std::vector<std::string_view> there;
    {
        const tree child = keys_.child_of(*record, keyed_records);
        there.reserve(names.size());
        std::array<record_view, together> found;
        for (auto rest = names; !rest.empty(); rest = rest.subspan(std::min(together, rest.size()))) {
            const auto some = rest.first(std::min(together, rest.size()));
            child.find_many(some, std::span(found).first(some.size()));
            for (std::size_t i = 0; i < some.size(); ++i) {
                if (found[i].leaf != nullptr) { there.push_back(some[i]); }
            }
        }
    }
    if (!std::is_sorted(there.begin(), there.end())) { std::sort(there.begin(), there.end()); }
    there.erase(std::unique(there.begin(), there.end()), there.end());
    if (there.empty()) { return 0; }
    logged entry(*this, which, database, key);
    append_varint(log_, there.size());
    for (const std::string_view name : there) { append_text(log_, name); }
    if (there.size() == record->child_count) {
        erase_in(space, key);
    } else {
        change_child(space, key, type, [&](tree& child, std::string&) {
            change_whole(child, there.size(), [&](tree& all) {
                for (const std::string_view name : there) { all.erase(name); }
            });
        });
    }
    entry.done();
    return there.size();
}

std::uint64_t branch_writer::erase_fields(unsigned database, std::string_view key,
                                          std::span<const std::string_view> fields) {
    return erase_elements(primitive::erase_fields, value_type::hash, database, key, fields);
}

std::uint64_t branch_writer::erase_members(unsigned database, std::string_view key,
                                           std::span<const std::string_view> members) {
    return erase_elements(primitive::erase_members, value_type::set, database, key, members);
}

}  // namespace coppice
