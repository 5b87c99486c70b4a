#include <cli/reply_view.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <cli/documents/document.hpp>
#include <cli/documents/json_text.hpp>

namespace coppice::cli {

const reply_value* find_field(const reply_value& map, std::string_view name) noexcept {
    if (map.kind != reply_kind::map && map.kind != reply_kind::array) { return nullptr; }
    for (std::size_t index = 0; index + 1 < map.items.size(); index += 2) {
        if (map.items[index].text == name) { return &map.items[index + 1]; }
    }
    return nullptr;
}

std::string text_field(const reply_value& map, std::string_view name) {
    const auto* found = find_field(map, name);
    return found == nullptr ? std::string() : text_of(*found);
}

std::int64_t number_field(const reply_value& map, std::string_view name) {
    const auto* found = find_field(map, name);
    return found == nullptr ? 0 : number_of(*found);
}

const std::vector<reply_value>& list_field(const reply_value& map, std::string_view name) noexcept {
    static const std::vector<reply_value> nothing;
    const auto* found = find_field(map, name);
    return found == nullptr ? nothing : found->items;
}

std::string text_of(const reply_value& given) {
    switch (given.kind) {
        case reply_kind::integer: return std::to_string(given.number);
        case reply_kind::boolean: return given.number != 0 ? "true" : "false";
        default: return given.text;
    }
}

std::int64_t number_of(const reply_value& given) {
    if (given.kind == reply_kind::real) { return static_cast<std::int64_t>(given.real); }
    if (given.text.empty()) { return given.number; }
    std::int64_t number = 0;
    std::from_chars(given.text.data(), given.text.data() + given.text.size(), number);
    return number;
}

bool is_true(const reply_value& given) {
    return given.number != 0 || given.text == "1" || given.text == "true" || given.text == "yes";
}

reply_value make_text(std::string_view text) {
    reply_value made;
    made.kind = reply_kind::bulk;
    made.text = text;
    return made;
}

reply_value make_number(std::int64_t number) {
    reply_value made;
    made.kind = reply_kind::integer;
    made.number = number;
    return made;
}

reply_value make_truth(bool truth) {
    reply_value made;
    made.kind = reply_kind::boolean;
    made.number = truth ? 1 : 0;
    return made;
}

reply_value make_list(std::vector<reply_value> items) {
    reply_value made;
    made.kind = reply_kind::array;
    made.items = std::move(items);
    return made;
}

reply_value make_map(std::vector<std::pair<std::string_view, reply_value>> fields) {
    reply_value made;
    made.kind = reply_kind::map;
    for (auto& [name, content] : fields) {
        made.items.push_back(make_text(name));
        made.items.push_back(std::move(content));
    }
    return made;
}

namespace {

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto byte = [&](std::size_t index) -> std::uint32_t {
            return index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0;
        };
        const auto three = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
        for (unsigned digit = 0; digit < 4; ++digit) {
            out += at + digit > bytes.size() ? '=' : digits[(three >> (18 - 6 * digit)) & 63];
        }
    }
    return out;
}

void append_text(std::string& out, std::string_view text) {
    if (find_bad_utf8(text) == std::string_view::npos) {
        append_json_string(out, text);
    } else {
        out += "{\"base64\":\"" + base64(text) + "\"}";
    }
}

bool is_text(const reply_value& given) {
    return (given.kind == reply_kind::bulk || given.kind == reply_kind::status)
           && find_bad_utf8(given.text) == std::string_view::npos;
}

void append_json(std::string& out, const reply_value& given);

void append_items(std::string& out, const reply_value& given, std::size_t stride) {
    out += '[';
    for (std::size_t index = 0; index < given.items.size(); index += stride) {
        if (index != 0) { out += ','; }
        if (stride == 2) { out += '['; }
        append_json(out, given.items[index]);
        if (stride == 2) {
            out += ',';
            append_json(out, given.items[index + 1]);
            out += ']';
        }
    }
    out += ']';
}

void append_map(std::string& out, const reply_value& given) {
    bool names = true;
    for (std::size_t index = 0; index < given.items.size(); index += 2) {
        names = names && is_text(given.items[index]);
    }
    if (!names) { return append_items(out, given, 2); }
    out += '{';
    for (std::size_t index = 0; index < given.items.size(); index += 2) {
        if (index != 0) { out += ','; }
        append_json_string(out, given.items[index].text);
        out += ':';
        append_json(out, given.items[index + 1]);
    }
    out += '}';
}

void append_json(std::string& out, const reply_value& given) {
    switch (given.kind) {
        case reply_kind::null: out += "null"; break;
        case reply_kind::integer: out += std::to_string(given.number); break;
        case reply_kind::boolean: out += given.number != 0 ? "true" : "false"; break;
        case reply_kind::big_number: out += given.text; break;
        case reply_kind::real:
            if (std::isfinite(given.real) && is_json_number(given.text)) {
                out += given.text;
            } else {
                append_json_string(out, given.text);
            }
            break;
        case reply_kind::error: out += "{\"error\":" + json_string(printable(given.text, SIZE_MAX)) + '}'; break;
        case reply_kind::map: append_map(out, given); break;
        case reply_kind::array:
        case reply_kind::set:
        case reply_kind::push: append_items(out, given, 1); break;
        case reply_kind::status:
        case reply_kind::bulk:
        case reply_kind::verbatim: append_text(out, given.text); break;
    }
}

void append_shown(std::string& out, const reply_value& given, std::size_t indent, bool at_top, bool for_terminal);

void append_list(std::string& out, const reply_value& given, std::size_t indent, bool for_terminal) {
    const auto digits = std::to_string(given.items.size()).size();
    for (std::size_t index = 0; index < given.items.size(); ++index) {
        if (index != 0) { out += '\n' + std::string(indent, ' '); }
        auto number = std::to_string(index + 1);
        number.insert(0, digits - number.size(), ' ');
        out += number + ") ";
        append_shown(out, given.items[index], indent + digits + 2, false, for_terminal);
    }
}

void append_shown_map(std::string& out, const reply_value& given, std::size_t indent, bool for_terminal) {
    for (std::size_t index = 0; index + 1 < given.items.size(); index += 2) {
        if (index != 0) { out += '\n' + std::string(indent, ' '); }
        const auto name = printable(text_of(given.items[index]), SIZE_MAX);
        const auto& content = given.items[index + 1];
        out += name + ": ";
        if (!content.items.empty()) { out += '\n' + std::string(indent + 2, ' '); }
        append_shown(out, content, indent + 2, false, for_terminal);
    }
}

void append_shown(std::string& out, const reply_value& given, std::size_t indent, bool at_top, bool for_terminal) {
    switch (given.kind) {
        case reply_kind::null: out += "(nothing)"; break;
        case reply_kind::error: out += "(error) " + printable(given.text, SIZE_MAX); break;
        case reply_kind::integer:
        case reply_kind::boolean: out += text_of(given); break;
        case reply_kind::real:
        case reply_kind::big_number:
        case reply_kind::verbatim:
        case reply_kind::status: out += given.text; break;
        case reply_kind::bulk:
            if (!at_top) {
                out += '"' + printable(given.text, SIZE_MAX) + '"';
            } else if (for_terminal && given.text.find('\x1b') != std::string::npos) {
                out += printable(given.text, SIZE_MAX);
            } else {
                out += given.text;
            }
            break;
        case reply_kind::map:
            out += given.items.empty() ? "(empty)" : "";
            append_shown_map(out, given, indent, for_terminal);
            break;
        case reply_kind::array:
        case reply_kind::set:
        case reply_kind::push:
            out += given.items.empty() ? "(empty)" : "";
            append_list(out, given, indent, for_terminal);
            break;
    }
}

}  // namespace

std::string json_of_reply(const reply_value& given) {
    std::string out;
    append_json(out, given);
    return out;
}

std::string text_of_reply(const reply_value& given, bool for_terminal) {
    std::string out;
    append_shown(out, given, 0, true, for_terminal);
    return out;
}

}  // namespace coppice::cli
