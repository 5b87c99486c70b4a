#include "store/objects.hpp"

#include <coppice/base/assert.hpp>
#include <coppice/base/bytes.hpp>
#include <coppice/tree/cursor.hpp>

namespace coppice {
namespace {

constexpr unsigned deadline_section = 0x10;
constexpr unsigned char has_deadline = 0x80;

/// Milliseconds as bytes whose order is theirs.
void deadline_bytes(milliseconds_utc deadline, char (&to)[8]) noexcept {
    put_number(to, big_endian(static_cast<std::uint64_t>(deadline)));
}

}  // namespace

std::string_view name_of(value_type type) noexcept {
    switch (type) {
        case value_type::string: return "string";
        case value_type::list: return "list";
        case value_type::hash: return "hash";
        case value_type::set: return "set";
        case value_type::sorted_set: return "zset";
    }
    return "none";
}

std::string name_of_key(std::string_view key) { return "key '" + std::string(key.substr(0, 100)) + "'"; }

error wrong_type(std::string_view key, value_type found, value_type expected) {
    return {errc::wrong_type,
            name_of_key(key) + " is a " + std::string(name_of(found)) + ", not a " + std::string(name_of(expected))};
}

section_key::section_key(unsigned space, milliseconds_utc deadline, std::string_view key) {
    char middle[8];
    deadline_bytes(deadline, middle);
    assign(deadline_section + space, {middle, sizeof middle}, key);
}

void section_key::assign(unsigned section, std::string_view middle, std::string_view key) {
    const std::size_t bytes = 1 + middle.size() + key.size();
    char* to = short_;
    if (bytes > sizeof short_) {
        long_.resize(bytes);
        to = long_.data();
    }
    to[0] = static_cast<char>(section);
    middle.copy(to + 1, middle.size());  // either may be null where it is empty
    key.copy(to + 1 + middle.size(), key.size());
    view_ = {to, bytes};
}

found_key parse_key_record(const record_view& record) noexcept {
    COPPICE_ASSERT(!record.bytes.empty());
    found_key found;
    found.record = record;
    const auto kind = static_cast<unsigned char>(record.bytes[0]);
    found.type = static_cast<value_type>(kind & 0x0f);
    std::size_t header = 1;
    if ((kind & has_deadline) != 0) {
        found.deadline = load<milliseconds_utc>(record.bytes.data() + 1);
        header += sizeof(milliseconds_utc);
    }
    found.rest = record.bytes.substr(header);
    return found;
}

void append_key_header(std::string& out, value_type type, milliseconds_utc deadline) {
    const bool has = deadline != no_deadline;
    out.push_back(static_cast<char>(static_cast<unsigned>(type) | (has ? has_deadline : 0U)));
    if (has) { append_number(out, deadline); }
}

void value_view::append_to(std::string& out) const {
    if (!rope) {
        out.append(bytes);
        return;
    }
    for (cursor at(*rope); !at.at_end(); at.skip_leaf()) { out.append(at.rest_of_leaf()); }
}

value_view element_value(const tree& of, const record_view& element) {
    if (element.child == child_form::none) { return {element.bytes, std::nullopt}; }
    return {{}, of.child_of(element, plain_bytes)};
}

field_view field_of(const tree& of, const record_view& field) {
    byte_reader from(field.bytes);
    const std::uint64_t sequence = from.varint();
    if (field.child == child_form::none) { return {sequence, {from.rest(), std::nullopt}}; }
    return {sequence, {{}, of.child_of(field, plain_bytes)}};
}

value_view branch_view::string_value(const found_key& of) const {
    if (of.record.child == child_form::none) { return {of.rest, std::nullopt}; }
    return {{}, child(of)};
}

branch_view::range branch_view::positions(unsigned database) const {
    const char first = static_cast<char>(space(database));
    const char last = static_cast<char>(space(database) + 1);
    return {keys_->rank({&first, 1}).position, keys_->rank({&last, 1}).position};
}

branch_view::range branch_view::deadline_positions(unsigned database, bool due) const {
    const char first = static_cast<char>(deadline_section + space(database));
    const std::uint64_t begin = keys_->rank({&first, 1}).position;
    if (due) { return {begin, keys_->rank(section_key(space(database), now_ + 1, {})).position}; }
    const char last = static_cast<char>(deadline_section + space(database) + 1);
    return {begin, keys_->rank({&last, 1}).position};
}

std::uint64_t branch_view::size() const {
    const char first = static_cast<char>(deadline_section);
    std::uint64_t keys = keys_->rank({&first, 1}).position;
    if (keys == keys_->size()) { return keys; }  // none has a deadline
    for (unsigned database = 0; database < 16; ++database) {
        const range due = deadline_positions(database, true);
        keys -= due.last - due.first;
    }
    return keys;
}

std::uint64_t branch_view::size(unsigned database) const {
    const range all = positions(database);
    const range due = deadline_positions(database, true);
    return (all.last - all.first) - (due.last - due.first);
}

}  // namespace coppice
