#include "store/catalog.hpp"

#include <algorithm>
#include <cstring>

#include <coppice/base/bytes.hpp>
#include <coppice/tree/cursor.hpp>

namespace coppice {
namespace {

constexpr char row_format = 1;
constexpr std::size_t message_bytes_inline = 700;  // with the rest of the record below record_bytes_inline

std::string big(std::uint64_t number) {
    const std::uint64_t swapped = big_endian(number);
    return {reinterpret_cast<const char*>(&swapped), sizeof swapped};
}
std::uint64_t from_big(std::string_view bytes) noexcept { return big_endian(load<std::uint64_t>(bytes.data())); }

std::string branch_key(branch_id id) { return 'b' + big(id); }
std::string_view text_of(const commit_id& id) noexcept { return {reinterpret_cast<const char*>(id.data()), id.size()}; }
std::string commit_key(char section, const commit_id& id) { return section + std::string(text_of(id)); }
std::string time_key(char section, branch_id branch, microseconds_utc time) {
    return section + big(branch) + big(static_cast<std::uint64_t>(time));
}
std::string age_key(microseconds_utc time, branch_id branch) {
    return 'p' + big(static_cast<std::uint64_t>(time)) + big(branch);
}
std::string name_key(std::string_view name) { return 'n' + std::string(name); }

commit_id take_commit(byte_reader& from) {
    commit_id id{};
    const std::string_view bytes = from.take(id.size());
    if (!from.failed()) { std::memcpy(id.data(), bytes.data(), id.size()); }
    return id;
}

/// The bytes of a row behind its format.  Rows lie in nodes whose checksum was right, so that a row that does not
/// read is a newer coppice's.
byte_reader row_reader(std::string_view bytes) {
    byte_reader from(bytes);
    if (from.number<char>() != row_format) {
        throw load_error({errc::unsupported, "catalog: a row of a newer coppice"});
    }
    return from;
}

[[noreturn]] void broken_row(const char* which) { throw load_error({errc::corrupt, std::string("catalog: ") + which}); }

}  // namespace

// ---- the head

namespace {
constexpr std::uint8_t head_kind = 'H';
constexpr std::uint8_t head_format = 1;
}  // namespace

std::string encode_head(const store_head& head) {
    std::string out;
    out.push_back(static_cast<char>(head_kind));
    out.push_back(static_cast<char>(head_format));
    // Features that a reader, a writer and anybody must understand: none so far. Group, epoch and owner: constants
    // until more than one machine shares a store.
    for (int i = 0; i < 6; ++i) { append_number(out, std::uint64_t{0}); }
    append_number(out, head.generation);
    append_number(out, head.nonce);
    out.append(reinterpret_cast<const char*>(head.uuid.data()), head.uuid.size());
    append_number(out, static_cast<std::uint64_t>(head.root));
    append_number(out, head.root_seal);
    append_number(out, head.root_count);
    append_number(out, head.next_record);
    append_number(out, head.next_branch);
    append_number(out, head.point_bytes);
    append_number(out, head.time);
    append_number(out, head.arena);
    append_number(out, head.arena_used);
    append_varint(out, head.arenas.size());
    for (const auto& [arena, used] : head.arenas) {
        append_number(out, arena);
        append_number(out, used);
    }
    return out;
}

result<store_head> decode_head(std::string_view bytes) {
    byte_reader from(bytes);
    const auto kind = from.number<std::uint8_t>();
    const auto format = from.number<std::uint8_t>();
    if (kind != head_kind) { return error{errc::corrupt, "head: kind"}; }
    if (format > head_format) { return error{errc::unsupported, "the store was written by a newer coppice"}; }
    for (int i = 0; i < 6; ++i) {
        const auto word = from.number<std::uint64_t>();
        if (i < 3 && word != 0) {
            return error{errc::unsupported, "the store uses a feature that this coppice does not know"};
        }
    }
    store_head head;
    head.generation = from.number<std::uint64_t>();
    head.nonce = from.number<std::uint64_t>();
    const std::string_view uuid = from.take(head.uuid.size());
    if (!from.failed()) { std::memcpy(head.uuid.data(), uuid.data(), uuid.size()); }
    head.root = static_cast<node_id>(from.number<std::uint64_t>());
    head.root_seal = from.number<std::uint64_t>();
    head.root_count = from.number<std::uint64_t>();
    head.next_record = from.number<std::uint64_t>();
    head.next_branch = from.number<std::uint64_t>();
    head.point_bytes = from.number<std::uint64_t>();
    head.time = from.number<microseconds_utc>();
    head.arena = from.number<std::uint32_t>();
    head.arena_used = from.number<std::uint32_t>();
    for (std::uint64_t i = from.varint(); i > 0 && !from.failed(); --i) {
        const auto arena = from.number<std::uint32_t>();
        head.arenas.emplace_back(arena, from.number<std::uint32_t>());
    }
    if (from.failed() || !from.at_end()) { return error{errc::corrupt, "head: length"}; }
    return head;
}

// ---- names

std::optional<name_row> catalog::name(std::string_view name) const {
    const auto found = rows_.find(name_key(name));
    if (!found) { return std::nullopt; }
    byte_reader from = row_reader(found->bytes);
    name_row row;
    row.tag = from.number<char>() == 't';
    if (row.tag) {
        row.commit = take_commit(from);
    } else {
        row.branch = from.varint();
    }
    if (from.failed()) { broken_row("name"); }
    return row;
}

void catalog::put_name(std::string_view name, const name_row& row) {
    std::string bytes(1, row_format);
    bytes.push_back(row.tag ? 't' : 'b');
    if (row.tag) {
        bytes.append(text_of(row.commit));
    } else {
        append_varint(bytes, row.branch);
    }
    rows_.put({name_key(name), bytes});
}

void catalog::erase_name(std::string_view name) { rows_.erase(name_key(name)); }

void catalog::for_each_name(function_ref<bool(std::string_view name, const name_row&)> visit) const {
    cursor at(rows_);
    if (rows_.empty()) { return; }
    std::string key;
    for (at.seek("n"); !at.at_end(); at.next()) {
        key.clear();
        at.get().append_key(key);
        if (key[0] != 'n') { return; }
        const std::string_view text = std::string_view(key).substr(1);
        if (!visit(text, *name(text))) { return; }
    }
}

// ---- states

std::optional<snapshot_state> catalog::state_in(std::string_view key, branch_id branch, microseconds_utc time) const {
    const auto found = rows_.find(key);
    if (!found) { return std::nullopt; }
    byte_reader from = row_reader(found->bytes);
    snapshot_state state{rows_.child_of(*found, keyed_records), from.number<space_map>(), time, branch, {}};
    if (from.failed()) { broken_row("state"); }
    return state;
}

// ---- branches:  format | spaces | flags (1: has a head, 2: uncommitted) | created | changed | head? | name

std::optional<branch_row> catalog::branch(branch_id id) const {
    const auto found = rows_.find(branch_key(id));
    if (!found) { return std::nullopt; }
    byte_reader from = row_reader(found->bytes);
    branch_row row;
    row.id = id;
    row.spaces = from.number<space_map>();
    const auto flags = from.number<std::uint8_t>();
    row.uncommitted = (flags & 2) != 0;
    row.created = from.number<microseconds_utc>();
    row.changed = from.number<microseconds_utc>();
    if ((flags & 1) != 0) { row.head = take_commit(from); }
    row.name = from.text();
    if (from.failed()) { broken_row("branch"); }
    return row;
}

std::optional<snapshot_state> catalog::branch_state(branch_id id) const {
    const auto row = branch(id);
    return row ? state_in(branch_key(id), id, row->changed) : std::nullopt;
}

void catalog::put_branch(const branch_row& row, const snapshot_state& state) {
    std::string bytes(1, row_format);
    append_number(bytes, row.spaces);
    bytes.push_back(static_cast<char>((row.head ? 1U : 0U) | (row.uncommitted ? 2U : 0U)));
    append_number(bytes, row.created);
    append_number(bytes, row.changed);
    if (row.head) { bytes.append(text_of(*row.head)); }
    append_text(bytes, row.name);
    rows_.put({branch_key(row.id), bytes, &state.keys});
}

void catalog::erase_all(std::string_view prefix) {
    std::string end(prefix);
    end.append(20, '\xff');
    const std::uint64_t first = rows_.rank(prefix).position;
    rows_.erase_range(first, rows_.rank(end).position - first);
}

std::uint64_t catalog::erase_branch(const branch_row& row) {
    std::vector<microseconds_utc> points;
    for_each_version(row.id, INT64_MAX, [&](const version_entry& entry) {
        if (!entry.commit) { points.push_back(entry.time); }
        return true;
    });
    std::uint64_t held = 0;
    for (const microseconds_utc time : points) { held += erase_point(row.id, time); }
    erase_all('v' + big(row.id));
    erase_all('r' + big(row.id));
    erase_name(row.name);
    rows_.erase(branch_key(row.id));
    return held;
}

// ---- commits:  format | spaces | time | branch | parents | author | (message, or 0xff... in 'm')

std::optional<commit_row> catalog::commit(const commit_id& id) const {
    const auto found = rows_.find(commit_key('c', id));
    if (!found) { return std::nullopt; }
    byte_reader from = row_reader(found->bytes);
    commit_row row;
    row.id = id;
    row.spaces = from.number<space_map>();
    row.time = from.number<microseconds_utc>();
    row.branch = from.varint();
    for (std::uint64_t i = from.varint(); i > 0 && !from.failed(); --i) { row.parents.push_back(take_commit(from)); }
    const bool long_text = from.number<char>() != 0;
    if (long_text) {
        std::string text;
        if (const auto message = rows_.find(commit_key('m', id))) {
            for (cursor at(rows_.child_of(*message, plain_bytes)); !at.at_end(); at.skip_leaf()) {
                text += at.rest_of_leaf();
            }
        }
        byte_reader parts(text);
        row.author = parts.text();
        row.message = parts.text();
    } else {
        row.author = from.text();
        row.message = from.text();
    }
    if (from.failed()) { broken_row("commit"); }
    return row;
}

std::optional<snapshot_state> catalog::commit_state(const commit_id& id) const {
    const auto row = commit(id);
    return row ? state_in(commit_key('c', id), row->branch, row->time) : std::nullopt;
}

void catalog::put_commit(const commit_row& row, const tree& keys) {
    std::string text;
    append_text(text, row.author);
    append_text(text, row.message);
    const bool long_text = text.size() > message_bytes_inline;
    std::string bytes(1, row_format);
    append_number(bytes, row.spaces);
    append_number(bytes, row.time);
    append_varint(bytes, row.branch);
    append_varint(bytes, row.parents.size());
    for (const commit_id& parent : row.parents) { bytes.append(text_of(parent)); }
    bytes.push_back(long_text ? 1 : 0);
    if (long_text) {
        const tree rope = tree::build_bytes(rows_.context(), text);
        rows_.put({commit_key('m', row.id), std::string_view(&row_format, 1), &rope});
    } else {
        bytes.append(text);
    }
    rows_.put({commit_key('c', row.id), bytes, &keys});
    std::string version(1, row_format);
    append_number(version, row.spaces);
    version.push_back('c');
    version.append(text_of(row.id));
    rows_.put({time_key('v', row.branch, row.time), version});
}

std::vector<commit_id> catalog::commits_with_prefix(std::string_view prefix) const {
    std::vector<commit_id> found;
    if (rows_.empty()) { return found; }
    std::string low = "c";  // the whole bytes that the digits say
    const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); };
    for (std::size_t i = 0; i + 1 < prefix.size(); i += 2) {
        low.push_back(static_cast<char>(digit(prefix[i]) << 4 | digit(prefix[i + 1])));
    }
    if (prefix.size() % 2 == 1) { low.push_back(static_cast<char>(digit(prefix.back()) << 4)); }
    std::string lower(prefix);
    for (char& c : lower) { c = static_cast<char>(c >= 'A' && c <= 'F' ? c | 0x20 : c); }
    cursor at(rows_);
    for (at.seek(low); !at.at_end() && found.size() < 2; at.next()) {
        const std::string key = at.get().key();
        if (key[0] != 'c') { break; }
        commit_id id;
        std::memcpy(id.data(), key.data() + 1, id.size());
        if (!to_hex(id).starts_with(lower)) { break; }
        found.push_back(id);
    }
    return found;
}

// ---- restore points and versions:  'v' format | spaces | 'p' cost varint, or 'c' commit id;  'p' format | cost

void catalog::put_point(branch_id branch, microseconds_utc time, std::uint64_t cost, const snapshot_state& state) {
    std::string version(1, row_format);
    append_number(version, state.spaces);
    version.push_back('p');
    append_varint(version, cost);
    rows_.put({time_key('v', branch, time), version, &state.keys});
    std::string age(1, row_format);
    append_varint(age, cost);
    rows_.put({age_key(time, branch), age});
}

std::optional<snapshot_state> catalog::point_state(branch_id branch, microseconds_utc time) const {
    return state_in(time_key('v', branch, time), branch, time);
}

std::optional<point_row> catalog::oldest_point() const {
    if (rows_.empty()) { return std::nullopt; }
    cursor at(rows_);
    at.seek("p");
    if (at.at_end()) { return std::nullopt; }
    const std::string key = at.get().key();
    if (key[0] != 'p') { return std::nullopt; }
    byte_reader from = row_reader(at.get().bytes);
    return point_row{static_cast<microseconds_utc>(from_big(std::string_view(key).substr(1))),
                     from_big(std::string_view(key).substr(9)), from.varint()};
}

std::uint64_t catalog::erase_point(branch_id branch, microseconds_utc time) {
    const auto found = rows_.find(age_key(time, branch));
    if (!found) { return 0; }
    byte_reader from = row_reader(found->bytes);
    const std::uint64_t cost = from.varint();
    rows_.erase(age_key(time, branch));
    rows_.erase(time_key('v', branch, time));
    return cost;
}

std::uint64_t catalog::count(char section) const {
    const char next = static_cast<char>(section + 1);
    return rows_.rank({&next, 1}).position - rows_.rank({&section, 1}).position;
}

std::uint64_t catalog::point_count() const { return count('p'); }

namespace {
catalog::version_entry entry_of(const record_view& record, microseconds_utc time) {
    byte_reader from = row_reader(record.bytes);
    static_cast<void>(from.number<space_map>());
    catalog::version_entry entry;
    entry.time = time;
    if (from.number<char>() == 'c') {
        entry.commit = take_commit(from);
    } else {
        entry.cost_bytes = from.varint();
    }
    if (from.failed()) { broken_row("version"); }
    return entry;
}
}  // namespace

void catalog::for_each_version(branch_id branch, microseconds_utc from,
                               function_ref<bool(const version_entry&)> visit) const {
    if (rows_.empty()) { return; }
    const std::string prefix = 'v' + big(branch);
    cursor at(rows_);
    const std::string last = time_key('v', branch, from);
    at.seek(last);
    const bool there = !at.at_end() && at.get().key() == last;
    if (!there && at.position() == 0) { return; }
    if (!there) { at.previous(); }
    while (true) {
        const std::string key = at.get().key();
        if (!key.starts_with(prefix)) { return; }
        if (!visit(entry_of(at.get(), static_cast<microseconds_utc>(from_big(std::string_view(key).substr(9)))))) {
            return;
        }
        if (at.position() == 0) { return; }
        at.previous();
    }
}

std::optional<catalog::version_entry> catalog::oldest_version(branch_id branch) const {
    if (rows_.empty()) { return std::nullopt; }
    const std::string prefix = 'v' + big(branch);
    cursor at(rows_);
    at.seek(prefix);
    if (at.at_end()) { return std::nullopt; }
    const std::string key = at.get().key();
    if (!key.starts_with(prefix)) { return std::nullopt; }
    return entry_of(at.get(), static_cast<microseconds_utc>(from_big(std::string_view(key).substr(9))));
}

// ---- reflog

void catalog::put_reflog(branch_id branch, const reflog_row& row) {
    std::string bytes(1, row_format);
    append_text(bytes, row.action);
    append_text(bytes, row.before);
    append_text(bytes, row.after);
    rows_.put({time_key('r', branch, row.time), bytes});
}

void catalog::for_each_reflog(branch_id branch, function_ref<bool(const reflog_row&)> visit) const {
    if (rows_.empty()) { return; }
    const std::string prefix = 'r' + big(branch);
    cursor at(rows_);
    at.seek(time_key('r', branch, INT64_MAX));
    while (at.position() > 0) {
        at.previous();
        const std::string key = at.get().key();
        if (!key.starts_with(prefix)) { return; }
        byte_reader from = row_reader(at.get().bytes);
        reflog_row row;
        row.time = static_cast<microseconds_utc>(from_big(std::string_view(key).substr(9)));
        row.action = from.text();
        row.before = from.text();
        row.after = from.text();
        if (from.failed()) { broken_row("reflog"); }
        if (!visit(row)) { return; }
    }
}

}  // namespace coppice
