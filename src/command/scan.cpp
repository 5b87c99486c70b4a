#include "command/scan.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <functional>

#include <fmt/format.h>

#include <coppice/tree/cursor.hpp>

#include <command/parse.hpp>
#include <command/session.hpp>

namespace coppice {
namespace {

constexpr std::size_t slots_max = 65'536;
constexpr std::size_t snapshots_max = 4'096;
constexpr unsigned slot_bits = 16;
constexpr std::uint64_t number_mask = (std::uint64_t{1} << 46U) - 1;
constexpr std::uint64_t page_max = 10'000;       // COUNT is a hint
constexpr std::uint64_t small_collection = 128;  // comes in one page
static_assert(slots_max == std::size_t{1} << slot_bits);

struct scan_options {
    std::uint64_t cursor = 0;
    std::uint64_t count = 10;
    std::optional<std::string_view> pattern;
    std::optional<std::string_view> type;
};

// As Redis reads it, with strtoul: nothing is 0, and a sign is taken.
result<std::uint64_t> cursor_in(std::string_view text) {
    const std::string copy(text.substr(0, text.find('\0')));
    char* end = nullptr;
    errno = 0;
    const std::uint64_t cursor = std::strtoul(copy.c_str(), &end, 10);
    const bool spaced = !copy.empty() && std::isspace(static_cast<unsigned char>(copy.front())) != 0;
    if (spaced || *end != '\0' || errno == ERANGE) { return error{errc::invalid, "invalid cursor"}; }
    return cursor;
}

result<scan_options> options_in(arguments given, std::size_t cursor_at, bool types) {
    scan_options options;
    const auto cursor = cursor_in(given[cursor_at]);
    if (!cursor) { return cursor.error(); }
    options.cursor = *cursor;
    for (std::size_t i = cursor_at + 1; i < given.size(); i += 2) {
        if (i + 1 == given.size()) { return syntax_error(); }
        const auto value = given[i + 1];
        if (says(given[i], "COUNT")) {
            const auto count = integer_in(value);
            if (!count) { return count.error(); }
            if (*count < 1) { return syntax_error(); }
            options.count = std::min(static_cast<std::uint64_t>(*count), page_max);
        } else if (says(given[i], "MATCH")) {
            options.pattern = value == "*" ? std::optional<std::string_view>() : value;
        } else if (types && says(given[i], "TYPE")) {
            options.type = value;
        } else {
            return syntax_error();
        }
    }
    return options;
}

scan_subject subject_of(const command_context& context, value_type type, std::string_view key) {
    return {type, context.branch.id, context.database, std::hash<std::string_view>()(key)};
}

// A cursor that was given out for `given` is used for `wanted`.
error wrong_subject(const scan_subject& given, const scan_subject& wanted) {
    const auto again = [](std::string_view of) {
        return error{errc::invalid, fmt::format("this cursor is of a scan of {}, start again at 0", of)};
    };
    if (given.branch != wanted.branch) { return again("another branch"); }
    if (given.database != wanted.database) {
        return again(fmt::format("database {}, not of {}", given.database, wanted.database));
    }
    if (given.type == value_type{}) { return again("the keys of the database"); }
    return again("another key");
}

void say_page(reply_sink& reply, std::uint64_t next, const std::vector<std::string>& words) {
    reply.array(2);
    reply.bulk(fmt::format_int(next).c_str());
    reply.array(words.size());
    for (const auto& word : words) { reply.bulk(word); }
}

// Walks at most `count` records from where `from` stands, those whose first byte is `section` if that is given,
// and answers.
status answer_page(const command_context& context, const scan_subject& subject, const scan_options& options,
                   const tree& live, std::optional<char> section, scan_take take) {
    auto place = context.host->scans.begin(options.cursor, subject, live);
    if (!place) { return place.error(); }
    cursor at(place->walked);
    if (section && !place->next.empty()) {  // SWAPDB gives a database another section, but not in a snapshot
        auto& first = place->next.front();
        (place->frozen ? *section : first) = place->frozen ? first : *section;
    }
    if (!place->next.empty()) {
        at.seek(place->next);
    } else if (section) {
        at.seek(std::string_view(&*section, 1));
    }
    std::vector<std::string> words;
    std::string key;
    const auto read_key = [&] {
        key.clear();
        at.get().append_key(key);
        return !section || key.front() == *section;
    };
    bool more = !at.at_end() && read_key();
    for (std::uint64_t seen = 0; more && seen < options.count; ++seen) {
        const auto name = std::string_view(key).substr(section ? 1 : 0);
        if (!options.pattern || matches_glob(*options.pattern, name)) { take(place->walked, name, at.get(), words); }
        at.next();
        more = !at.at_end() && read_key();
    }
    std::uint64_t next = 0;
    if (more) {
        if (place->slot == 0) {
            place->pin = context.as_of != nullptr ? context.as_of->pin : context.store.snapshot(context.branch).pin;
        }
        next = context.host->scans.go_on(*place, subject, key);
    } else {
        context.host->scans.end(*place);
    }
    say_page(context.reply, next, words);
    return {};
}

}  // namespace

result<scan_table::place> scan_table::begin(std::uint64_t cursor, const scan_subject& subject, const tree& live) {
    if (cursor == 0) { return place{live, false, {}, {}, 0}; }
    const auto* const found = find(cursor);
    if (found == nullptr) { return error{errc::invalid, "cursor expired, start again at 0"}; }
    if (found->subject != subject) { return wrong_subject(found->subject, subject); }
    const auto index = static_cast<std::uint32_t>(found - slots_.data());
    slots_[index].used = clock_.elapsed();
    const auto& next = found->number == cursor >> slot_bits ? found->next : found->previous_next;
    return place{found->walked ? *found->walked : live, found->walked.has_value(), next, {}, index + 1};
}

const scan_table::slot* scan_table::find(std::uint64_t cursor) const noexcept {
    const auto index = static_cast<std::size_t>(cursor & (slots_max - 1));
    const auto number = cursor >> slot_bits;
    if (index >= slots_.size() || number == 0) { return nullptr; }
    const auto& found = slots_[index];
    return found.number == number || found.previous == number ? &found : nullptr;
}

bool scan_table::knows(std::uint64_t cursor, const scan_subject& subject) const noexcept {
    const auto* const found = find(cursor);
    return found != nullptr && found->subject == subject;
}

std::uint64_t scan_table::go_on(const place& from, const scan_subject& subject, std::string_view next) {
    std::string page(next);  // memory first: what is below cannot fail
    std::string page_before(from.next);
    const std::uint32_t index = from.slot != 0 ? from.slot - 1 : take_slot();
    auto& used = slots_[index];
    if (from.slot == 0) {
        used.subject = subject;
        used.walked.emplace(from.walked);
        used.pin = from.pin;
        ++fresh_;
        while (fresh_ > snapshots_max) {
            drop_snapshot(slots_[stale_]);
            stale_ = (stale_ + 1) % slots_.size();
        }
    }
    used.previous = used.number;
    used.previous_next = std::move(page_before);
    used.number = std::max<std::uint64_t>(random_() & number_mask, 1);
    used.next = std::move(page);
    used.used = clock_.elapsed();
    return used.number << slot_bits | index;
}

void scan_table::end(const place& from) noexcept {
    if (from.slot == 0) { return; }
    auto& done = slots_[from.slot - 1];
    drop_snapshot(done);
    done = slot();
    free_.push_back(from.slot - 1);
}

void scan_table::drop_snapshot(slot& of) noexcept {
    if (!of.walked) { return; }
    of.walked.reset();
    of.pin.reset();
    --fresh_;
}

std::uint32_t scan_table::take_slot() {
    if (!free_.empty()) {
        const auto index = free_.back();
        free_.pop_back();
        return index;
    }
    if (slots_.size() < slots_max) {
        if (free_.capacity() <= slots_.size()) { free_.reserve(2 * slots_.size() + 16); }  // end() needs no memory
        slots_.emplace_back();
        return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const auto index = reuse_;
    reuse_ = (reuse_ + 1) % slots_.size();
    drop_snapshot(slots_[index]);
    slots_[index] = slot();
    return static_cast<std::uint32_t>(index);
}

void scan_table::sweep(std::chrono::seconds idle_max) {
    if (fresh_ == 0) { return; }
    const auto now = clock_.elapsed();
    for (auto& each : slots_) {
        if (each.walked && now - each.used > idle_max) { drop_snapshot(each); }
    }
}

status answer_child_scan(const command_context& context, arguments given, value_type type, scan_take take) {
    const auto cursor = cursor_in(given[2]);
    if (!cursor) { return cursor.error(); }
    const auto found = context.find(given[1], type);
    if (!found) { return found.error(); }
    const auto subject = subject_of(context, type, given[1]);
    if (!*found && !context.host->scans.knows(*cursor, subject)) {
        say_page(context.reply, 0, {});
        return {};
    }
    auto options = options_in(given, 2, false);
    if (!options) { return options.error(); }
    const auto view = context.view();
    const tree live = *found ? view.child(**found) : tree(view.keys().context(), keyed_records);
    if (options->cursor == 0 && live.size() <= small_collection) { options->count = small_collection; }
    return answer_page(context, subject, *options, live, std::nullopt, take);
}

status answer_key_scan(const command_context& context, arguments given) {
    const auto options = options_in(given, 1, true);
    if (!options) { return options.error(); }
    const auto view = context.view();
    const auto take = [&](const tree&, std::string_view key, const record_view& record,
                          std::vector<std::string>& words) {
        const auto found = view.alive(record);
        if (found && (!options->type || says(*options->type, name_of(found->type)))) { words.emplace_back(key); }
    };
    const auto subject = subject_of(context, value_type{}, {});
    return answer_page(context, subject, *options, view.keys(), static_cast<char>(view.space(context.database)), take);
}

}  // namespace coppice
