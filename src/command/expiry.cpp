#include "command/expiry.hpp"

#include <fmt/format.h>

#include <coppice/tree/cursor.hpp>

#include <command/dispatch.hpp>
#include <command/keys.hpp>
#include <command/parse.hpp>

namespace coppice {
namespace {

error time_error(std::string_view command_name) {
    return {errc::invalid, fmt::format("invalid expire time in '{}' command", command_name)};
}

// NX, XX, GT and LT: which deadline a key may have now.
struct condition {
    bool none = false;
    bool some = false;
    bool later = false;
    bool sooner = false;

    [[nodiscard]] bool allows(milliseconds_utc current, milliseconds_utc wanted) const noexcept {
        const bool has = current != no_deadline;
        return !(none && has) && !(some && !has) && !(later && (!has || wanted <= current))
               && !(sooner && has && wanted >= current);
    }
};

result<condition> condition_in(arguments words) {
    condition wanted;
    for (const auto word : words) {
        if (says(word, "NX")) {
            wanted.none = true;
        } else if (says(word, "XX")) {
            wanted.some = true;
        } else if (says(word, "GT")) {
            wanted.later = true;
        } else if (says(word, "LT")) {
            wanted.sooner = true;
        } else {
            return error{errc::invalid, fmt::format("Unsupported option {}", printed(word))};
        }
    }
    if (wanted.none && (wanted.some || wanted.later || wanted.sooner)) {
        return error{errc::invalid, "NX and XX, GT or LT options at the same time are not compatible"};
    }
    if (wanted.later && wanted.sooner) {
        return error{errc::invalid, "GT and LT options at the same time are not compatible"};
    }
    return wanted;
}

status expire_as(command_context& context, arguments given, std::string_view name, time_form form) {
    const auto wanted = condition_in(given.subspan(3));
    if (!wanted) { return wanted.error(); }
    const auto deadline = deadline_in(context, name, given[2], form, false);
    if (!deadline) { return deadline.error(); }
    const auto found = context.view().find(context.database, given[1]);
    if (!found || !wanted->allows(found->deadline, *deadline)) {
        context.reply.integer(0);
        return {};
    }
    if (*deadline <= context.now) {
        context.writer().erase(context.database, given[1]);
    } else {
        touch_key(context, given[1]);
        context.writer().set_deadline(context.database, given[1], *deadline);
    }
    context.reply.integer(1);
    return {};
}

status say_deadline(const command_context& context, std::string_view key, bool absolute, std::int64_t unit) {
    const auto found = context.view().find(context.database, key);
    if (!found) {
        context.reply.integer(-2);
    } else if (found->deadline == no_deadline) {
        context.reply.integer(-1);
    } else {
        const auto milliseconds = absolute ? found->deadline : std::max<std::int64_t>(found->deadline - context.now, 0);
        const bool up = milliseconds % unit * 2 >= unit && unit > 1;  // half up, and no deadline is too late for it
        context.reply.integer(milliseconds / unit + (up ? 1 : 0));
    }
    return {};
}

}  // namespace

result<milliseconds_utc> deadline_in(const command_context& context, std::string_view command_name,
                                     std::string_view text, time_form form, bool positive_only) {
    const auto number = integer_in(text);
    if (!number) { return number.error(); }
    milliseconds_utc deadline = *number;
    if (positive_only && deadline <= 0) { return time_error(command_name); }
    if (form.seconds && __builtin_mul_overflow(deadline, 1000, &deadline)) { return time_error(command_name); }
    if (!form.absolute && __builtin_add_overflow(deadline, context.now, &deadline)) { return time_error(command_name); }
    return deadline;
}

status expire(command_context& context, arguments given) { return expire_as(context, given, "expire", {true, false}); }
status pexpire(command_context& context, arguments given) {
    return expire_as(context, given, "pexpire", {false, false});
}
status expireat(command_context& context, arguments given) {
    return expire_as(context, given, "expireat", {true, true});
}
status pexpireat(command_context& context, arguments given) {
    return expire_as(context, given, "pexpireat", {false, true});
}

status ttl(command_context& context, arguments given) { return say_deadline(context, given[1], false, 1000); }
status pttl(command_context& context, arguments given) { return say_deadline(context, given[1], false, 1); }
status expiretime(command_context& context, arguments given) { return say_deadline(context, given[1], true, 1000); }
status pexpiretime(command_context& context, arguments given) { return say_deadline(context, given[1], true, 1); }

status persist(command_context& context, arguments given) {
    const auto found = context.view().find(context.database, given[1]);
    const bool had = found && found->deadline != no_deadline;
    if (had) { context.writer().set_deadline(context.database, given[1], no_deadline); }
    context.reply.integer(had ? 1 : 0);
    return {};
}

void remove_expired(command_host& host, live_branch& branch, milliseconds_utc now, std::size_t keys_max,
                    std::vector<not_resident>& missing) {
    constexpr std::size_t before_key = 1 + sizeof(milliseconds_utc);  // of a deadline's record: section, deadline
    std::size_t looked_at = 0;
    std::vector<std::string> keys;
    for (unsigned database = 0; database < limits::key_spaces && looked_at < keys_max; ++database) {
        const branch_view view(branch.keys, branch.spaces, now);
        const auto due = view.deadline_positions(database, true);
        if (due.first == due.last) { continue; }
        keys.clear();
        for (cursor at(view.keys(), due.first); at.position() < due.last && looked_at < keys_max; at.next()) {
            keys.push_back(at.get().key().substr(before_key));
            ++looked_at;
        }
        for (const auto& key : keys) {
            try {
                branch.writer.erase(database, key);
            } catch (const not_resident& page) {
                missing.push_back(page);
                continue;
            }
            host.wrote(branch);
            ++host.stats.expired;
            if (!host.watches.empty()) {
                host.watches.touch(branch.id, database, key, branch_view(branch.keys, branch.spaces, now));
            }
        }
    }
}

}  // namespace coppice
