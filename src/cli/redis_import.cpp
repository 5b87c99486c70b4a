#include <map>

#include <cli/import.hpp>
#include <cli/interruption.hpp>
#include <cli/keys.hpp>
#include <cli/output.hpp>
#include <cli/reply_view.hpp>

namespace coppice::cli {
namespace {

// A type of key that is copied: how long it is, how a page of it is read, and how that page is written.
struct copied_type {
    std::string_view name;
    std::string_view length;  // empty: read at once
    std::string_view page;    // LRANGE by positions, HSCAN and SSCAN by cursor
    std::string_view write;
};
constexpr copied_type copied_types[] = {
    {"string", "", "GET", "SET"},
    {"list", "LLEN", "LRANGE", "RPUSH"},
    {"hash", "HLEN", "HSCAN", "HSET"},
    {"set", "SCARD", "SSCAN", "SADD"},
};
constexpr std::size_t page_items = 1000;

const copied_type* find_type(std::string_view name) {
    for (const auto& each : copied_types) {
        if (each.name == name) { return &each; }
    }
    return nullptr;
}

class redis_copy {
public:
    redis_copy(command_runner& from, command_runner& to, const clock_source& clock)
        : from_(from), to_(to), clock_(clock) {}

    status copy(const std::vector<reply_value>& keys) {
        command_batch questions;
        for (const auto& key : keys) {
            questions.add({"TYPE", key.text});
            questions.add({"PTTL", key.text});
        }
        auto answers = run_checked(from_, questions);
        if (!answers) { return answers.error(); }
        const auto now = clock_.now() / 1000;
        command_batch reads;
        std::vector<std::size_t> wanted;
        for (std::size_t index = 0; index < keys.size(); ++index) {
            const auto* type = find_type((*answers)[2 * index].text);
            if (type == nullptr) {
                if ((*answers)[2 * index].text != "none") { others_[(*answers)[2 * index].text] += 1; }
                continue;
            }
            wanted.push_back(index);
            reads.add({type->length.empty() ? type->page : type->length, keys[index].text});
        }
        auto lengths = run_checked(from_, reads);
        if (!lengths) { return lengths.error(); }
        for (std::size_t at = 0; at < wanted.size(); ++at) {
            const auto index = wanted[at];
            const auto left = number_of((*answers)[2 * index + 1]);
            const auto& type = *find_type((*answers)[2 * index].text);
            if (auto done = copy_one(type, keys[index].text, (*lengths)[at], left < 0 ? 0 : now + left); !done) {
                return done;
            }
        }
        return flush();
    }
    status flush() {
        if (batch_.empty()) { return {}; }
        auto replies = run_checked(to_, batch_);
        batch_.clear();
        if (!replies) { return replies.error(); }
        return {};
    }
    redis_report report() const {
        return {{taken_.begin(), taken_.end()}, {others_.begin(), others_.end()}, with_deadline_};
    }
    std::uint64_t keys() const { return keys_; }

private:
    // `measured` is the value of a string and the length of anything else. Keys that went away meanwhile are left out.
    status copy_one(const copied_type& type, const std::string& key, const reply_value& measured,
                    std::int64_t deadline) {
        if (type.length.empty() ? measured.kind == reply_kind::null : number_of(measured) == 0) { return {}; }
        batch_.add({"DEL", key});
        if (type.length.empty()) {
            batch_.add({type.write, key, measured.text});
        } else if (type.page == "LRANGE") {
            const auto length = static_cast<std::uint64_t>(number_of(measured));
            for (std::uint64_t at = 0; at < length; at += page_items) {
                auto page =
                    checked(from_.run({type.page, key, std::to_string(at), std::to_string(at + page_items - 1)}));
                if (!page) { return page.error(); }
                if (auto put = write_page(type, key, page->items); !put) { return put; }
            }
        } else {
            std::string cursor = "0";
            do {
                auto page = checked(from_.run({type.page, key, cursor, "COUNT", std::to_string(page_items)}));
                if (!page) { return page.error(); }
                if (page->items.size() != 2) { return error{errc::corrupt, "the answer to a scan is no page"}; }
                if (auto put = write_page(type, key, page->items[1].items); !put) { return put; }
                cursor = page->items[0].text;
            } while (cursor != "0");
        }
        if (deadline != 0) {
            batch_.add({"PEXPIREAT", key, std::to_string(deadline)});
            with_deadline_ += 1;
        }
        taken_[std::string(type.name)] += 1;
        keys_ += 1;
        return is_full(batch_) ? flush() : status();
    }
    // A small hash or set comes in one page however many were asked for, so pages are cut again. An even number of
    // words keeps a field with its value.
    status write_page(const copied_type& type, const std::string& key, const std::vector<reply_value>& items) {
        for (std::size_t at = 0; at < items.size(); ++at) {
            if (at % words_per_command == 0) {
                if (is_full(batch_)) {
                    if (auto done = flush(); !done) { return done; }
                }
                batch_.begin();
                batch_.word(type.write);
                batch_.word(key);
            }
            batch_.word(items[at].text);
        }
        return {};
    }

    command_runner& from_;
    command_runner& to_;
    const clock_source& clock_;
    command_batch batch_;
    std::map<std::string, std::uint64_t> taken_;
    std::map<std::string, std::uint64_t> others_;
    std::uint64_t with_deadline_ = 0;
    std::uint64_t keys_ = 0;
};

}  // namespace

result<redis_report> import_redis(command_runner& from, command_runner& to, std::string_view pattern,
                                  const clock_source& clock, progress& shown) {
    const auto before = version_now(to);
    auto size = checked(from.run({"DBSIZE"}));
    if (!size) { return size.error(); }
    const auto total = static_cast<std::uint64_t>(number_of(*size));
    redis_copy copying(from, to, clock);
    std::uint64_t scanned_keys = 0;
    auto scanned = scan_keys(from, pattern, [&](const std::vector<reply_value>& keys) -> status {
        if (interruption::signal() != 0) { return interrupted(); }
        scanned_keys += keys.size();
        auto copied = copying.copy(keys);
        shown.at(scanned_keys, pattern == "*" ? std::optional(total) : std::nullopt, copying.keys());
        return copied;
    });
    shown.done();
    if (!scanned) {
        auto failure = scanned.error();
        failure.context +=
            " (" + counted(copying.keys(), "key") + (copying.keys() == 1 ? " is copied)" : " are copied)");
        if (interruption::signal() != 0 && copying.keys() != 0) { failure.context += way_back(before); }
        return failure;
    }
    return copying.report();
}

}  // namespace coppice::cli
