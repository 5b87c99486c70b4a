// tests/support/collected_reply.hpp: replies as values that a test can look into, and as text it can compare.
//
//     +OK   -ERR syntax error   :3   ,1.5   #t   "bytes"   =text   nil   nil*   [a, b]   {a: b}   ~(a, b)
//
// nil* is a null array. Bytes above 40 are said as their length and a hash.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <command/command.hpp>
#include <wire/reply.hpp>

namespace coppice::testing {

enum class reply_kind : std::uint8_t {
    status,
    error,
    integer,
    real,
    boolean,
    bulk,
    verbatim,
    null,
    null_array,
    array,
    map,
    set
};

struct reply_value {
    reply_kind kind = reply_kind::null;
    std::string text{};       ///< of a status, error, bulk or verbatim
    std::int64_t number = 0;  ///< of an integer or a boolean
    double real = 0;
    std::vector<reply_value> items{};  ///< of an aggregate; of a map name, value, name, value

    [[nodiscard]] bool is_aggregate() const noexcept { return kind >= reply_kind::array; }
    /// The bytes of the items, as they came.
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> all;
        for (const auto& item : items) { all.push_back(item.text); }
        return all;
    }
};

inline std::string to_text(const reply_value& value);

inline std::string items_to_text(const std::vector<reply_value>& items, bool pairs) {
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) { text += pairs && i % 2 == 1 ? ": " : ", "; }
        text += to_text(items[i]);
    }
    return text;
}

inline std::string bytes_to_text(std::string_view bytes) {
    constexpr std::size_t shown = 40;
    if (bytes.size() <= shown) { return fmt::format("\"{}\"", bytes); }
    return fmt::format("\"{} bytes {:x}\"", bytes.size(), std::hash<std::string_view>()(bytes));
}

inline std::string to_text(const reply_value& value) {
    switch (value.kind) {
        case reply_kind::status: return "+" + value.text;
        case reply_kind::error: return "-" + value.text;
        case reply_kind::integer: return fmt::format(":{}", value.number);
        case reply_kind::real: return fmt::format(",{}", value.real);
        case reply_kind::boolean: return value.number != 0 ? "#t" : "#f";
        case reply_kind::bulk: return bytes_to_text(value.text);
        case reply_kind::verbatim: return "=" + value.text;
        case reply_kind::null: return "nil";
        case reply_kind::null_array: return "nil*";
        case reply_kind::array: return "[" + items_to_text(value.items, false) + "]";
        case reply_kind::map: return "{" + items_to_text(value.items, true) + "}";
        case reply_kind::set: return "~(" + items_to_text(value.items, false) + ")";
    }
    return {};
}

/// The text of an aggregate of bulk strings.
template <class Texts>
std::string aggregate_text(reply_kind kind, const Texts& values) {
    reply_value all{kind, {}};
    for (const auto& value : values) { all.items.push_back({reply_kind::bulk, value}); }
    return to_text(all);
}

/// Whether a reply is of the kind that its command's row says. Errors always are.
inline bool fits(reply_type promised, const reply_value& value) {
    const auto kind = value.kind;
    if (kind == reply_kind::error) { return true; }
    switch (promised) {
        case reply_type::simple: return kind == reply_kind::status;
        case reply_type::integer: return kind == reply_kind::integer;
        case reply_type::bulk: return kind == reply_kind::bulk || kind == reply_kind::verbatim;
        case reply_type::array: return kind == reply_kind::array;
        case reply_type::map: return kind == reply_kind::map;
        case reply_type::set: return kind == reply_kind::set;
        case reply_type::null_or_bulk: return kind == reply_kind::null || kind == reply_kind::bulk;
        case reply_type::null_or_array: return kind == reply_kind::null_array || kind == reply_kind::array;
        case reply_type::any: return true;
    }
    return false;
}

/// Collects values; take() hands over the first one and forgets the rest.
class collected_reply final : public reply_sink {
public:
    explicit collected_reply(int protocol = 2) : protocol_(protocol) {}

    void status(std::string_view text) override { add({reply_kind::status, std::string(text)}); }
    void error(std::string_view text) override { add({reply_kind::error, std::string(text)}); }
    void integer(std::int64_t number) override { add({reply_kind::integer, {}, number}); }
    void real(double number) override { add({reply_kind::real, {}, 0, number}); }
    void boolean(bool truth) override { add({reply_kind::boolean, {}, truth ? 1 : 0}); }
    void bulk(std::string_view bytes) override { add({reply_kind::bulk, std::string(bytes)}); }
    void verbatim(std::string_view text) override { add({reply_kind::verbatim, std::string(text)}); }
    void null() override { add({reply_kind::null}); }
    void null_array() override { add({reply_kind::null_array}); }
    void array(std::size_t size) override { add({reply_kind::array, {}, static_cast<std::int64_t>(size)}); }
    void map(std::size_t pairs) override { add({reply_kind::map, {}, 2 * static_cast<std::int64_t>(pairs)}); }
    void set(std::size_t size) override { add({reply_kind::set, {}, static_cast<std::int64_t>(size)}); }
    void begin_bulk(std::uint64_t length) override { add({reply_kind::bulk, {}, static_cast<std::int64_t>(length)}); }
    void part(std::string_view bytes) override { values_.back().text += bytes; }
    void end_bulk() override {}
    [[nodiscard]] std::size_t mark() const noexcept override { return values_.size(); }
    void back_to(std::size_t to) override { values_.resize(to); }
    [[nodiscard]] int protocol() const noexcept override { return protocol_; }

    void set_protocol(int protocol) noexcept { protocol_ = protocol; }
    /// How many values were said, an aggregate and each of its items counting one.
    [[nodiscard]] std::size_t said() const noexcept { return values_.size(); }
    /// The only reply.  Returns a status that says what is wrong where there is not one whole reply.
    [[nodiscard]] reply_value take() {
        std::size_t next = 0;
        auto value = values_.empty() ? reply_value{reply_kind::status, "NOTHING SAID"} : built(next);
        if (next != values_.size()) { value = {reply_kind::status, "MORE THAN ONE REPLY, OR LESS"}; }
        values_.clear();
        return value;
    }

private:
    void add(reply_value value) { values_.push_back(std::move(value)); }

    // The value at `next`, with the items that follow it; moves `next` behind them, and beyond the end when some
    // are missing.
    reply_value built(std::size_t& next) {
        if (next >= values_.size()) {
            next = values_.size() + 1;
            return {};
        }
        auto value = std::move(values_[next++]);
        if (!value.is_aggregate()) { return value; }
        for (std::int64_t i = 0; i < value.number; ++i) { value.items.push_back(built(next)); }
        return value;
    }

    int protocol_;
    std::vector<reply_value> values_;  // in the order in which they were said
};

}  // namespace coppice::testing
