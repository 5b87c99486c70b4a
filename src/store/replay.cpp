// store/replay.cpp: does again what the log says was done to a branch.
//
// Each primitive is read whole and checked before it is applied, and is applied by the same function that
// wrote it; so replay needs no clock, no budget and no random number, and ends in the state it started from.
#include <algorithm>

#include "store/primitives.hpp"
#include "store/writer.hpp"

namespace coppice {
namespace {

error damaged(std::string what) { return {errc::corrupt, "log: " + std::move(what)}; }

struct key_place {
    unsigned database;
    std::string_view key;
};

unsigned take_database(byte_reader& from) {
    const auto database = from.number<std::uint8_t>();
    if (database >= limits::key_spaces) { from.fail(); }
    return database;
}

key_place take_place(byte_reader& from) {
    const unsigned database = take_database(from);
    return {database, from.text()};
}

std::vector<std::string_view> take_texts(byte_reader& from) {
    const std::uint64_t count = from.varint();
    std::vector<std::string_view> texts;
    texts.reserve(std::min<std::uint64_t>(count, from.rest().size()));  // each takes a byte at the least
    for (std::uint64_t i = 0; i < count && !from.failed(); ++i) { texts.push_back(from.text()); }
    return texts;
}

}  // namespace

status branch_writer::replay(std::string_view text, version_finder version) {
    byte_reader from(text);
    while (!from.at_end()) {
        const auto which = static_cast<primitive>(from.number<std::uint8_t>());
        const status done = replay_one(which, from, version);
        if (!done) { return done; }
    }
    clear_log();
    return {};
}

status branch_writer::replay_one(primitive which, byte_reader& from, version_finder version) {
    const std::string name = "primitive " + std::to_string(static_cast<unsigned>(which));
    const auto type_fits = [&](unsigned database, std::string_view key, value_type type) {
        const auto record = keys_.find(section_key(physical_space(spaces_, database), key));
        return !record || parse_key_record(*record).type == type;
    };
    switch (which) {
        case primitive::put_string: {
            const key_place at = take_place(from);
            const auto deadline = static_cast<milliseconds_utc>(from.varint());
            const std::string_view value = from.text();
            if (from.failed()) { break; }
            put_string(at.database, at.key, value, deadline);
            return {};
        }
        case primitive::erase_key: {
            const key_place at = take_place(from);
            if (from.failed()) { break; }
            erase(at.database, at.key);
            return {};
        }
        case primitive::set_deadline: {
            const key_place at = take_place(from);
            const auto deadline = static_cast<milliseconds_utc>(from.varint());
            if (from.failed()) { break; }
            set_deadline(at.database, at.key, deadline);
            return {};
        }
        case primitive::copy_key: {
            const key_place at = take_place(from);
            const version_name source_version = take_version(from);
            const unsigned from_database = take_database(from);
            const std::string_view source = from.text();
            const auto deadline = static_cast<milliseconds_utc>(from.varint());
            if (from.failed()) { break; }
            const auto state = version(source_version);
            if (!state) { return damaged(name + ": " + state.error().context); }
            copy_key(source_version, *state, from_database, source, at.database, at.key, deadline);
            return {};
        }
        case primitive::move_key: {
            const key_place at = take_place(from);
            const key_place to = take_place(from);
            if (from.failed()) { break; }
            move_key(at.database, at.key, to.database, to.key);
            return {};
        }
        case primitive::erase_space: {
            const unsigned database = take_database(from);
            if (from.failed()) { break; }
            erase_space(database);
            return {};
        }
        case primitive::swap_spaces: {
            const unsigned a = take_database(from);
            const unsigned b = take_database(from);
            if (from.failed()) { break; }
            swap_spaces(a, b);
            return {};
        }
        case primitive::splice_string: {
            const key_place at = take_place(from);
            const std::uint64_t position = from.varint();
            const std::uint64_t erased = from.varint();
            const std::string_view given = from.text();
            if (from.failed() || position > limits::value_bytes
                || !type_fits(at.database, at.key, value_type::string)) {
                break;
            }
            splice_string(at.database, at.key, position, erased, given);
            return {};
        }
        case primitive::splice_list: {
            const key_place at = take_place(from);
            const std::uint64_t position = from.varint();
            const std::uint64_t erased = from.varint();
            const auto given = take_texts(from);
            if (from.failed() || !type_fits(at.database, at.key, value_type::list)) { break; }
            const auto record = keys_.find(section_key(physical_space(spaces_, at.database), at.key));
            const std::uint64_t size = record ? record->child_count : 0;
            if (position > size || erased > size - position) { break; }
            splice_list(at.database, at.key, position, erased, given);
            return {};
        }
        case primitive::put_fields: {
            const key_place at = take_place(from);
            const std::uint64_t count = from.varint();
            std::vector<field_value> given;
            given.reserve(std::min<std::uint64_t>(count, from.rest().size()));
            for (std::uint64_t i = 0; i < count && !from.failed(); ++i) {
                const std::string_view field = from.text();
                given.push_back({field, from.text()});
            }
            if (from.failed() || !type_fits(at.database, at.key, value_type::hash)) { break; }
            put_fields(at.database, at.key, given);
            return {};
        }
        case primitive::erase_fields:
        case primitive::add_members:
        case primitive::erase_members: {
            const key_place at = take_place(from);
            const auto names = take_texts(from);
            const value_type type = which == primitive::erase_fields ? value_type::hash : value_type::set;
            if (from.failed() || !type_fits(at.database, at.key, type)) { break; }
            if (which == primitive::add_members) {
                add_members(at.database, at.key, names);
            } else {
                erase_elements(which, type, at.database, at.key, names);
            }
            return {};
        }
        default: return {error{errc::unsupported, "log: " + name + " is not known: written by a newer coppice"}};
    }
    return damaged(name);
}

}  // namespace coppice
