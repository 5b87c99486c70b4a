// command/hash_reads.cpp: HMGET, HGETALL, HKEYS, HVALS, HRANDFIELD and HSCAN: many fields at once.
//
// A hash is a tree by field; each field carries the number of its insertion. What answers all of a hash goes
// through its leaves once and puts the fields in the order of those numbers.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <coppice/base/bytes.hpp>
#include <coppice/tree/cursor.hpp>

#include <command/hashes.hpp>
#include <command/ranges.hpp>
#include <command/scan.hpp>

namespace coppice {
namespace {

// ---- all fields, in the order of insertion

struct field_place {
    std::uint64_t sequence;
    const node* leaf;
    unsigned entry;
};

constexpr std::size_t few = 64;  // fields that are put in order without allocating

// Calls `seen` with each field.
template <class Seen>
void in_order(const tree& fields, Seen&& seen) {
    std::array<field_place, few> near;
    std::vector<field_place> far;
    if (fields.size() > few) { far.resize(fields.size()); }
    const std::span<field_place> places = fields.size() > few ? std::span(far) : std::span(near).first(fields.size());
    cursor at(fields);
    for (auto& place : places) {
        const char* bytes = at.get().bytes.data();
        place = {take_varint(bytes), &at.leaf(), at.entry()};
        at.next();
    }
    const auto earlier = [](const field_place& a, const field_place& b) { return a.sequence < b.sequence; };
    if (!std::is_sorted(places.begin(), places.end(), earlier)) { std::sort(places.begin(), places.end(), earlier); }
    for (const auto& place : places) { seen(view_record(*place.leaf, place.entry, &fields.context())); }
}

enum class field_parts : std::uint8_t { names, values, both };

status answer_all(const command_context& context, std::string_view key, field_parts parts) {
    const auto found = hash_at(context, key);
    if (!found) { return found.error(); }
    const auto size = *found ? (*found)->size() : 0;
    if (parts == field_parts::both) {
        context.reply.map(size);
    } else {
        context.reply.array(size);
    }
    if (size == 0) { return {}; }
    const tree fields = context.view().child(**found);
    std::string name;
    in_order(fields, [&](const record_view& field) {
        if (parts != field_parts::values) { reply_name_of(context.reply, field, name); }
        if (parts != field_parts::names) { reply_field(context.reply, fields, field); }
    });
    return {};
}

// ---- HRANDFIELD

struct random_fields {
    random_count wanted;
    bool values = false;
};

result<random_fields> random_fields_in(arguments given) {
    const auto wanted = random_count_in(given[2]);
    if (!wanted) { return wanted.error(); }
    if (given.size() > 4 || (given.size() == 4 && !says(given[3], "WITHVALUES"))) { return syntax_error(); }
    const bool values = given.size() == 4;
    if (values && wanted->count > INT64_MAX / 2) { return error{errc::invalid, "value is out of range"}; }
    return random_fields{*wanted, values};
}

// Says fields, with their values if wanted: side by side, or as pairs where the protocol is the third.
class field_answer {
public:
    field_answer(const command_context& context, const tree& fields, bool values, std::uint64_t count)
        : reply_(context.reply), fields_(fields), values_(values), pairs_(values && context.reply.protocol() > 2) {
        reply_.array(values_ && !pairs_ ? 2 * count : count);
    }
    void add(const record_view& field) {
        if (pairs_) { reply_.array(2); }
        reply_name_of(reply_, field, name_);
        if (values_) { reply_field(reply_, fields_, field); }
    }

private:
    reply_sink& reply_;
    const tree& fields_;
    bool values_;
    bool pairs_;
    std::string name_;
};

void answer_random_fields(const command_context& context, const tree& fields, const random_fields& asked) {
    auto& random = random_of(context);
    const auto size = fields.size();
    const auto count = asked.wanted.repeats ? asked.wanted.count : std::min(asked.wanted.count, size);
    field_answer answer(context, fields, asked.values, count);
    if (asked.wanted.repeats) {
        for (std::uint64_t i = 0; i < count; ++i) { answer.add(fields.at(random.below(size))); }
    } else if (count == size) {
        in_order(fields, [&](const record_view& field) { answer.add(field); });
    } else {
        auto chosen = different_below(random, size, count);
        for (auto left = chosen.size(); left > 1; --left) { std::swap(chosen[left - 1], chosen[random.below(left)]); }
        for (const auto position : chosen) { answer.add(fields.at(position)); }
    }
}

}  // namespace

status hgetall(command_context& context, arguments given) { return answer_all(context, given[1], field_parts::both); }
status hkeys(command_context& context, arguments given) { return answer_all(context, given[1], field_parts::names); }
status hvals(command_context& context, arguments given) { return answer_all(context, given[1], field_parts::values); }

std::uint64_t hgetall_elements(const command_context& context, arguments given) {
    return size_of(context, given[1], value_type::hash);
}

status hmget(command_context& context, arguments given) {
    constexpr std::size_t together = 32;  // fields that descend together
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    auto names = given.subspan(2);
    context.reply.array(names.size());
    if (!*found) {
        for (std::size_t i = 0; i < names.size(); ++i) { context.reply.null(); }
        return {};
    }
    const tree fields = context.view().child(**found);
    while (!names.empty()) {
        std::array<record_view, together> records;
        const auto count = std::min(together, names.size());
        fields.find_many(names.first(count), std::span(records).first(count));
        for (const auto& record : std::span(records).first(count)) {
            if (record.leaf != nullptr) {
                reply_field(context.reply, fields, record);
            } else {
                context.reply.null();
            }
        }
        names = names.subspan(count);
    }
    return {};
}

status hrandfield(command_context& context, arguments given) {
    std::optional<random_fields> asked;
    if (given.size() > 2) {
        const auto read = random_fields_in(given);
        if (!read) { return read.error(); }
        asked = *read;
    }
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found) {
        if (asked) {
            context.reply.array(0);
        } else {
            context.reply.null();
        }
        return {};
    }
    if (asked) {
        if (const auto repeats = check_repeats(asked->wanted); !repeats) { return repeats; }
    }
    const tree fields = context.view().child(**found);
    if (asked) {
        answer_random_fields(context, fields, *asked);
    } else {
        context.reply.bulk(fields.at(random_of(context).below(fields.size())).key());
    }
    return {};
}

std::uint64_t hrandfield_elements(const command_context& context, arguments given) {
    if (given.size() < 3) { return 1; }
    const auto asked = random_fields_in(given);
    if (!asked) { return 0; }
    const auto size = size_of(context, given[1], value_type::hash);
    return asked->wanted.repeats ? (size == 0 ? 0 : asked->wanted.count) : std::min(asked->wanted.count, size);
}

status hscan(command_context& context, arguments given) {
    return answer_child_scan(
        context, given, value_type::hash,
        [](const tree& fields, std::string_view name, const record_view& field, std::vector<std::string>& words) {
            words.emplace_back(name);
            field_of(fields, field).value.append_to(words.emplace_back());
        });
}

}  // namespace coppice
