// The only file that includes nlohmann-json: its SAX parser, fed a byte at a time from a byte_source.
#include <iterator>
#include <nlohmann/json.hpp>

#include <cli/documents/json_text.hpp>

namespace coppice::cli {
namespace {

// long double, so that 1e400 is read and not called an overflow; its digits come to us as they were written.
using json_type =
    nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t, std::uint64_t, long double>;

// The bytes of a source one at a time, and where the last one stood.
class character_input {
public:
    character_input(byte_source& source, text_position start) : source_(source), where_(start) { where_.column -= 1; }

    bool at_end() {
        if (!rest_.empty()) { return false; }
        if (ended_) { return true; }
        auto piece = source_.next();
        if (!piece) {
            failure_ = piece.error();
            ended_ = true;
            return true;
        }
        rest_ = *piece;
        ended_ = rest_.empty();
        return ended_;
    }
    char front() const { return rest_.front(); }
    void advance() {
        const char character = rest_.front();
        rest_.remove_prefix(1);
        if (line_ended_) {
            where_.line += 1;
            where_.column = 0;
        }
        if ((static_cast<unsigned char>(character) & 0xc0) != 0x80) { where_.column += 1; }
        line_ended_ = character == '\n';
        if (++token_bytes_ > limits::document_bytes) {
            failure_ =
                error_at(source_.name(), where_,
                         "one value is longer than " + std::to_string(limits::document_bytes) + " bytes", errc::limit);
            rest_ = {};
            ended_ = true;
        }
    }
    void token_taken() { token_bytes_ = 0; }
    text_position where() const { return where_; }
    std::string_view file() const { return source_.name(); }
    const std::optional<error>& failure() const { return failure_; }

private:
    byte_source& source_;
    std::string_view rest_;
    text_position where_;
    std::uint64_t token_bytes_ = 0;
    bool line_ended_ = false;
    bool ended_ = false;
    std::optional<error> failure_;
};

class character_iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = char;

    character_iterator() = default;
    explicit character_iterator(character_input& input) : input_(&input) {}
    char operator*() const { return input_->front(); }
    character_iterator& operator++() {
        input_->advance();
        return *this;
    }
    void operator++(int) { input_->advance(); }
    friend bool operator==(const character_iterator& one, const character_iterator& other) {
        return one.is_end() == other.is_end();
    }
    friend bool operator!=(const character_iterator& one, const character_iterator& other) { return !(one == other); }

private:
    bool is_end() const { return input_ == nullptr || input_->at_end(); }
    character_input* input_ = nullptr;
};

// What nlohmann's message says beyond its own number and position.
std::string reason_in(std::string_view message) {
    if (const auto end = message.find("] "); end != std::string_view::npos) { message.remove_prefix(end + 2); }
    if (message.starts_with("parse error")) {
        if (const auto colon = message.find(": "); colon != std::string_view::npos) {
            message.remove_prefix(colon + 2);
        }
    }
    return printable(message);
}

// nlohmann's handler interface, passed on to ours.
class handler {
public:
    handler(character_input& input, json_events& events) : input_(input), events_(events) {}

    bool null() { return scalar(value_kind::null, "null"); }
    bool boolean(bool truth) { return scalar(value_kind::boolean, truth ? "true" : "false"); }
    // Only numbers with a minus sign come here, so zero was written "-0".
    bool number_integer(std::int64_t number) {
        return scalar(value_kind::number, number == 0 ? "-0" : std::to_string(number));
    }
    bool number_unsigned(std::uint64_t number) { return scalar(value_kind::number, std::to_string(number)); }
    bool number_float(long double, const std::string& digits) { return scalar(value_kind::number, digits); }
    bool string(std::string& text) { return scalar(value_kind::string, text); }
    bool binary(json_type::binary_t&) { return false; }
    bool key(std::string& text) {
        mark();
        return events_.name(text);
    }
    bool start_object(std::size_t) { return begin(value_kind::object); }
    bool start_array(std::size_t) { return begin(value_kind::array); }
    bool end_object() { return end(value_kind::object); }
    bool end_array() { return end(value_kind::array); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& why) {
        mark();
        events_.failure = error_at(input_.file(), input_.where(), "this is not JSON: " + reason_in(why.what()));
        return false;
    }

private:
    void mark() {
        input_.token_taken();
        events_.where = input_.where();
    }
    bool scalar(value_kind kind, std::string_view text) {
        mark();
        return events_.scalar(kind, text);
    }
    bool begin(value_kind container) {
        mark();
        if (++depth_ > limits::document_nesting) {
            events_.failure =
                error_at(input_.file(), input_.where(),
                         "nested more than " + std::to_string(limits::document_nesting)
                             + " levels deep, which is a fixed limit: flatten it, or make what is deeper a string",
                         errc::limit);
            return false;
        }
        return events_.begin(container);
    }
    bool end(value_kind container) {
        mark();
        depth_ -= 1;
        return events_.end(container);
    }

    character_input& input_;
    json_events& events_;
    std::size_t depth_ = 0;
};

}  // namespace

status read_json_events(byte_source& source, json_events& events, text_position start) {
    character_input input(source, start);
    handler passing(input, events);
    const bool whole = json_type::sax_parse(character_iterator(input), character_iterator(), &passing);
    if (input.failure()) { return *input.failure(); }
    if (!whole) { return events.failure; }
    return {};
}

}  // namespace coppice::cli
