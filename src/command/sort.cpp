// command/sort.cpp: SORT and SORT_RO: a list or a set in order, perhaps by and with what other keys say.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <coppice/tree/cursor.hpp>

#include <command/dispatch.hpp>
#include <command/keys.hpp>

namespace coppice {
namespace {

constexpr std::size_t exact_digits = 15;  // of a whole number that is a double as it stands

struct sort_options {
    std::optional<std::string_view> by;
    std::vector<std::string_view> get;
    std::optional<std::string_view> store;
    std::int64_t offset = 0;
    std::int64_t count = -1;
    bool descending = false;
    bool alphabetic = false;
    bool sorted = true;
};

struct sorted_element {
    std::string text;
    double score = 0;
    std::optional<std::string> by;
};

result<sort_options> options_in(arguments words, bool may_store) {
    sort_options options;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto left = words.size() - i - 1;
        if (says(words[i], "ASC")) {
            options.descending = false;
        } else if (says(words[i], "DESC")) {
            options.descending = true;
        } else if (says(words[i], "ALPHA")) {
            options.alphabetic = true;
        } else if (says(words[i], "LIMIT") && left >= 2) {
            const auto offset = integer_in(words[++i]);
            const auto count = integer_in(words[++i]);
            if (!offset || !count) { return not_integer_error(); }
            options.offset = *offset;
            options.count = *count;
        } else if (may_store && says(words[i], "STORE") && left >= 1) {
            options.store = words[++i];
        } else if (says(words[i], "BY") && left >= 1) {
            options.by = words[++i];
            options.sorted = options.by->find('*') != std::string_view::npos;
        } else if (says(words[i], "GET") && left >= 1) {
            options.get.push_back(words[++i]);
        } else {
            return syntax_error();
        }
    }
    return options;
}

// What the key, or the field ("weight_*->field"), says that `pattern` names for `element`.
std::optional<std::string> look_up(const command_context& context, std::string_view pattern, std::string_view element) {
    if (pattern == "#") { return std::string(element); }
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) { return std::nullopt; }
    auto rest = pattern.substr(star + 1);
    std::string_view field;
    if (const auto arrow = rest.find("->"); arrow != std::string_view::npos && arrow + 2 < rest.size()) {
        field = rest.substr(arrow + 2);
        rest = rest.substr(0, arrow);
    }
    std::string key(pattern.substr(0, star));
    key.append(element).append(rest);
    const auto view = context.view();
    const auto found = view.find(context.database, key);
    if (!found) { return std::nullopt; }
    std::string text;
    if (field.empty()) {
        if (found->type != value_type::string) { return std::nullopt; }
        view.string_value(*found).append_to(text);
    } else {
        if (found->type != value_type::hash) { return std::nullopt; }
        const tree fields = view.child(*found);
        const auto record = fields.find(field);
        if (!record) { return std::nullopt; }
        field_of(fields, *record).value.append_to(text);
    }
    return text;
}

result<std::vector<sorted_element>> elements_of(const command_context& context, std::string_view key) {
    std::vector<sorted_element> elements;
    const auto view = context.view();
    const auto found = view.find(context.database, key);
    if (!found) { return elements; }
    if (found->type != value_type::list && found->type != value_type::set) { return wrong_type_error(); }
    const tree child = view.child(*found);
    elements.reserve(child.size());
    for (cursor at(child); !at.at_end(); at.next()) {
        auto& element = elements.emplace_back();
        if (found->type == value_type::set) {
            at.get().append_key(element.text);
        } else {
            element_value(child, at.get()).append_to(element.text);
        }
    }
    return elements;
}

// A number ends at a zero byte, as C strings do.
status weigh(const command_context& context, const sort_options& options, std::vector<sorted_element>& elements) {
    for (auto& element : elements) {
        if (options.by) { element.by = look_up(context, *options.by, element.text); }
        if (options.alphabetic || (options.by && !element.by)) { continue; }
        const auto& text = options.by ? *element.by : element.text;
        if (const auto whole = integer_in(text); whole && text.size() <= exact_digits) {
            element.score = static_cast<double>(*whole);
            continue;
        }
        char* end = nullptr;
        errno = 0;
        element.score = std::strtod(text.c_str(), &end);
        if (*end != '\0' || errno == ERANGE || std::isnan(element.score)) {
            return error{errc::invalid, "One or more scores can't be converted into double"};
        }
    }
    return {};
}

// As Redis does: whole where the order is stored, else up to a zero byte, where C strings end.
int compare_texts(const sort_options& options, const std::string& a, const std::string& b) noexcept {
    return options.store ? a.compare(b) : std::strcmp(a.c_str(), b.c_str());
}

int compare(const sort_options& options, const sorted_element& a, const sorted_element& b) noexcept {
    if (!options.alphabetic) {
        if (a.score != b.score) { return a.score < b.score ? -1 : 1; }
        return a.text.compare(b.text);  // equal scores have an order too
    }
    if (!options.by) { return compare_texts(options, a.text, b.text); }
    if (!a.by || !b.by) { return (a.by ? 1 : 0) - (b.by ? 1 : 0); }
    return compare_texts(options, *a.by, *b.by);
}

// The elements that are left after LIMIT, in order.
result<std::vector<sorted_element>> sorted(const command_context& context, sort_options& options,
                                           std::string_view key) {
    auto elements = elements_of(context, key);
    if (!elements) { return elements; }
    if (options.sorted) {
        if (const auto done = weigh(context, options, *elements); !done) { return done.error(); }
    }
    std::vector<sorted_element*> order;  // an element is long to move
    order.reserve(elements->size());
    for (auto& element : *elements) { order.push_back(&element); }
    if (options.sorted) {
        std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
            const int sign = compare(options, *a, *b);
            return options.descending ? sign > 0 : sign < 0;
        });
    } else if (options.descending) {
        std::reverse(order.begin(), order.end());
    }
    const auto size = static_cast<std::int64_t>(order.size());
    const auto from = std::clamp<std::int64_t>(options.offset, 0, size);
    const auto left = size - from;
    const auto count = options.count < 0 ? left : std::min(options.count, left);
    std::vector<sorted_element> chosen;
    chosen.reserve(static_cast<std::size_t>(count));
    for (auto i = from; i < from + count; ++i) { chosen.push_back(std::move(*order[static_cast<std::size_t>(i)])); }
    return chosen;
}

void say(const command_context& context, const sort_options& options, const std::vector<sorted_element>& elements) {
    context.reply.array(elements.size() * std::max<std::size_t>(options.get.size(), 1));
    for (const auto& element : elements) {
        if (options.get.empty()) { context.reply.bulk(element.text); }
        for (const auto pattern : options.get) {
            if (const auto text = look_up(context, pattern, element.text)) {
                context.reply.bulk(*text);
            } else {
                context.reply.null();
            }
        }
    }
}

void store_at(const command_context& context, const sort_options& options,
              const std::vector<sorted_element>& elements) {
    std::vector<std::string> made;
    for (const auto& element : elements) {
        for (const auto pattern : options.get) { made.push_back(look_up(context, pattern, element.text).value_or("")); }
    }
    std::vector<std::string_view> values(made.begin(), made.end());
    if (options.get.empty()) {
        for (const auto& element : elements) { values.push_back(element.text); }
    }
    start_group(context);
    context.writer().erase(context.database, *options.store);
    if (!values.empty()) { context.writer().splice_list(context.database, *options.store, 0, 0, values); }
    context.reply.integer(static_cast<std::int64_t>(values.size()));
}

}  // namespace

// Without STORE it is a read, which may be long.
status sort(command_context& context, arguments given) {
    auto options = options_in(given.subspan(2), true);
    if (!options) { return options.error(); }
    if (!options->store) {
        static const command* const row = find_command("SORT_RO");
        command_context inner(context.store, context.branch, context.database, context.now, context.reply,
                              context.session, context.host);
        run_command(inner, *row, given);
        return {};
    }
    const auto elements = sorted(context, *options, given[1]);
    if (!elements) { return elements.error(); }
    store_at(context, *options, *elements);
    return {};
}

status sort_ro(command_context& context, arguments given) {
    auto options = options_in(given.subspan(2), false);
    if (!options) { return options.error(); }
    const auto elements = sorted(context, *options, given[1]);
    if (!elements) { return elements.error(); }
    say(context, *options, *elements);
    return {};
}

void sort_target(arguments given, std::vector<std::string_view>& keys) {
    std::optional<std::string_view> target;
    for (std::size_t i = 2; i + 1 < given.size(); ++i) {
        if (says(given[i], "LIMIT")) {
            i += 2;
        } else if (says(given[i], "BY") || says(given[i], "GET")) {
            ++i;
        } else if (says(given[i], "STORE")) {
            target = given[++i];
        }
    }
    if (target) { keys.push_back(*target); }
}
std::uint64_t sort_elements(const command_context& context, arguments given) {
    const auto found = context.view().find(context.database, given[1]);
    const auto options = options_in(given.subspan(2), false);
    if (!found || !options) { return 0; }
    return found->size() * (1 + (options->by && options->sorted ? 1 : 0) + options->get.size());
}

}  // namespace coppice
