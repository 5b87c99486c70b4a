#include <cli/documents/json_text.hpp>

namespace coppice::cli {

void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        switch (character) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (byte < 0x20 || byte == 0x7f) {
                    out += "\\u00";
                    out += {digits[byte >> 4], digits[byte & 15]};
                } else {
                    out += character;
                }
        }
    }
    out += '"';
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

void append_json(std::string& out, const value& content) {
    if (content.kind == value_kind::string) {
        append_json_string(out, content.text);
    } else {
        out += content.text;
    }
}

std::string json_of(const document& given) {
    std::string out;
    if (!is_container(given.kind) || !given.text.empty()) {
        append_json(out, {given.kind, given.text});
        return out;
    }
    const bool is_object = given.kind == value_kind::object;
    out += is_object ? '{' : '[';
    bool first = true;
    for (const auto& member : given.members) {
        if (!first) { out += ','; }
        first = false;
        if (is_object) {
            append_json_string(out, member.name);
            out += ':';
        }
        append_json(out, member.content);
    }
    out += is_object ? '}' : ']';
    return out;
}

void json_text_builder::clear() {
    text_.clear();
    open_.clear();
    duplicates = 0;
}

void json_text_builder::separate() {
    if (!open_.empty() && !open_.back().is_object) {
        if (text_.back() != '[') { text_ += ','; }
    }
}

void json_text_builder::scalar(value_kind kind, std::string_view text) {
    separate();
    if (kind == value_kind::string) {
        append_json_string(text_, text);
    } else {
        text_ += text;
    }
}

void json_text_builder::begin(value_kind container) {
    separate();
    const bool is_object = container == value_kind::object;
    text_ += is_object ? '{' : '[';
    open_.push_back({is_object, {}, {}});
}

void json_text_builder::end(value_kind container) {
    text_ += container == value_kind::object ? '}' : ']';
    open_.pop_back();
}

// Each entry of an object begins at its comma, or behind the brace for the first; so a duplicate is cut
// from its own beginning to the next one's, and a comma left in front is cut too.
void json_text_builder::cut_entry(level& object, std::string_view text) {
    auto& entries = object.entries;
    std::size_t index = 0;
    while (entries[index].name != text) { ++index; }
    const auto from = entries[index].begins;
    auto length = (index + 1 < entries.size() ? entries[index + 1].begins : text_.size()) - from;
    if (index == 0 && entries.size() > 1) { length += 1; }
    text_.erase(from, length);
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
    for (auto later = index; later < entries.size(); ++later) { entries[later].begins -= length; }
    if (index == 0 && !entries.empty()) { entries.front().begins = from; }
    duplicates += 1;
}

void json_text_builder::name(std::string_view text) {
    auto& object = open_.back();
    if (!object.names.emplace(text).second) { cut_entry(object, text); }
    const auto begins = text_.size();
    if (!object.entries.empty()) { text_ += ','; }
    object.entries.push_back({std::string(text), begins});
    append_json_string(text_, text);
    text_ += ':';
}

bool is_json_number(std::string_view text) noexcept {
    std::size_t at = 0;
    const auto digits = [&] {
        const auto from = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') { ++at; }
        return at - from;
    };
    if (at < text.size() && text[at] == '-') { ++at; }
    const auto whole_from = at;
    const auto whole = digits();
    if (whole == 0 || (whole > 1 && text[whole_from] == '0')) { return false; }
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (digits() == 0) { return false; }
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) { ++at; }
        if (digits() == 0) { return false; }
    }
    return at == text.size();
}

namespace {

// Accepts any JSON, and keeps the strings of the top array or the top string itself.
class string_collector final : public json_events {
public:
    bool scalar(value_kind kind, std::string_view text) override {
        only_strings = only_strings && kind == value_kind::string && depth_ <= 1;
        if (keep) { strings.emplace_back(text); }
        return true;
    }
    bool begin(value_kind container) override {
        only_strings = only_strings && depth_ == 0 && container == value_kind::array;
        depth_ += 1;
        return true;
    }
    bool end(value_kind) override {
        depth_ -= 1;
        return true;
    }
    bool name(std::string_view) override { return true; }

    bool keep = false;
    bool only_strings = true;
    std::vector<std::string> strings;

private:
    int depth_ = 0;
};

}  // namespace

std::optional<value_kind> kind_of_json_text(std::string_view text) {
    if (text.empty()) { return std::nullopt; }
    const auto if_json = [&](value_kind kind, char last) -> std::optional<value_kind> {
        if (text.size() < 2 || text.back() != last) { return std::nullopt; }
        memory_source source(text);
        string_collector events;
        if (!read_json_events(source, events)) { return std::nullopt; }
        return kind;
    };
    switch (text.front()) {
        case '{': return if_json(value_kind::object, '}');
        case '[': return if_json(value_kind::array, ']');
        case '"': return if_json(value_kind::string, '"');
        default: break;
    }
    if (text == "null") { return value_kind::null; }
    if (text == "true" || text == "false") { return value_kind::boolean; }
    if (is_json_number(text)) { return value_kind::number; }
    return std::nullopt;
}

std::string compact_json(std::string_view text) {
    std::string out;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char character = text[at];
        if (in_string && character == '\\') {
            out += character;
            out += text[++at];
            continue;
        }
        if (character == '"') { in_string = !in_string; }
        if (!in_string && (character == ' ' || character == '\n' || character == '\r' || character == '\t')) {
            continue;
        }
        out += character;
    }
    return out;
}

std::string characters_of(std::string_view text) {
    memory_source source(text);
    string_collector events;
    events.keep = true;
    const auto read = read_json_events(source, events);
    COPPICE_CHECK(read.has_value() && events.strings.size() == 1);
    return std::move(events.strings.front());
}

std::optional<std::vector<std::string>> strings_of(std::string_view text) {
    memory_source source(text);
    string_collector events;
    events.keep = true;
    if (text.empty() || text.front() != '[' || !read_json_events(source, events) || !events.only_strings) {
        return std::nullopt;
    }
    return std::move(events.strings);
}

std::string json_of_strings(const std::vector<std::string>& strings) {
    std::string out = "[";
    for (const auto& text : strings) {
        if (out.size() > 1) { out += ','; }
        append_json_string(out, text);
    }
    return out + ']';
}

}  // namespace coppice::cli
