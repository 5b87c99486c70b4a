#include <cli/documents/stored.hpp>

#include <cli/documents/json_text.hpp>

namespace coppice::cli {
namespace {

bool is_marked_number(std::string_view bytes) {
    return !bytes.empty() && bytes.front() == ' ' && is_json_number(bytes.substr(1));
}

// Would a string of these bytes be taken for something else, digits aside?
bool reads_as_json(std::string_view bytes) {
    const auto kind = kind_of_json_text(bytes);
    return (kind && *kind != value_kind::number) || is_marked_number(bytes);
}

}  // namespace

std::string stored(const value& content, digits_are& digits) {
    if (content.kind == value_kind::number) {
        if (digits == digits_are::unseen) { digits = digits_are::numbers; }
        return digits == digits_are::text ? ' ' + content.text : content.text;
    }
    if (content.kind != value_kind::string) { return content.text; }
    if (is_json_number(content.text)) {
        if (digits == digits_are::unseen) { digits = digits_are::text; }
        return digits == digits_are::text ? content.text : json_string(content.text);
    }
    return reads_as_json(content.text) ? json_string(content.text) : content.text;
}

value loaded(std::string_view bytes, digits_are digits) {
    if (is_marked_number(bytes)) { return {value_kind::number, std::string(bytes.substr(1))}; }
    const auto kind = kind_of_json_text(bytes);
    if (!kind) { return {value_kind::string, std::string(bytes)}; }
    switch (*kind) {
        case value_kind::string: return {value_kind::string, characters_of(bytes)};
        case value_kind::array:
        case value_kind::object: return {*kind, compact_json(bytes)};
        case value_kind::number:
            if (digits == digits_are::text) { return {value_kind::string, std::string(bytes)}; }
            break;
        default: break;
    }
    return {*kind, std::string(bytes)};
}

digits_are& value_typing::of_field(const std::string& name) {
    const auto known = fields_.find(name);
    if (known != fields_.end()) { return known->second; }
    if (fields_.size() >= fields_max) {
        others_ = digits_are::numbers;
        return others_;
    }
    return fields_.emplace(name, digits_are::unseen).first->second;
}

digits_are value_typing::of_field(const std::string& name) const {
    const auto known = fields_.find(name);
    return known == fields_.end() ? digits_are::unseen : known->second;
}

std::vector<std::string> value_typing::fields_that_are(digits_are kind) const {
    std::vector<std::string> names;
    for (const auto& [name, digits] : fields_) {
        if (digits == kind) { names.push_back(name); }
    }
    return names;
}

void value_typing::set_fields(const std::vector<std::string>& names, digits_are kind) {
    for (const auto& name : names) { fields_[name] = kind; }
}

}  // namespace coppice::cli
