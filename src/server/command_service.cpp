#include "server/command_service.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>

#include "command/expiry.hpp"
#include "server/host.hpp"

namespace coppice::server {
namespace {

constexpr std::size_t together = 32;                  // GETs that descend together
constexpr std::size_t near_least = 8;                 // calls for which looking ahead pays
constexpr std::size_t checks_between = 16;            // requests between two looks at a congested client
constexpr std::chrono::microseconds turn_share{250};  // of one client that sends much at once, then others have a turn
constexpr unsigned misses_max = 3;
constexpr std::chrono::seconds scan_patience{1};  // with idle scans, where memory is scarce
constexpr std::chrono::milliseconds sweep_interval{100};
constexpr std::chrono::milliseconds tick_interval{20};
constexpr std::chrono::seconds count_interval{1};
constexpr std::chrono::microseconds sweep_time_max{500};
constexpr std::chrono::milliseconds sweep_pause{2};  // then a quarter of the loop's time goes to it, as in Redis
constexpr std::size_t sweep_keys = 32;               // of one branch, between two looks at the clock
constexpr std::uint64_t bytes_of_removal = 64;       // in the log, of one of them
constexpr std::size_t points_at_once = 16;           // that go between two looks at the memory, where it is scarce
constexpr std::size_t slow_words_max = 32;           // as Redis keeps them
constexpr std::size_t slow_word_bytes_max = 128;

[[nodiscard]] bool is_get(const request& given) noexcept {
    return given.size() == 2 && given[0].size() == 3 && (given[0][0] | 0x20) == 'g' && (given[0][1] | 0x20) == 'e'
           && (given[0][2] | 0x20) == 't';
}

// Finds the first arguments of all requests, their descents side by side.  False: a page is missing or broken.
[[nodiscard]] bool descend_together(const branch_view& view, unsigned space, std::span<const request> requests,
                                    std::span<record_view> found) {
    std::array<std::optional<section_key>, together> sections;
    std::array<std::string_view, together> keys;
    for (std::size_t i = 0; i < requests.size(); ++i) { keys[i] = sections[i].emplace(space, requests[i][1]); }
    try {
        view.keys().find_many(std::span(keys).first(requests.size()), found.first(requests.size()));
        return true;
    } catch (const std::exception&) { return false; }
}

[[nodiscard]] std::uint64_t bytes_of(std::span<const request> requests) noexcept {
    constexpr std::uint64_t beside = 64;  // what the log adds to a request
    std::uint64_t bytes = 0;
    for (const auto& each : requests) {
        bytes += beside;
        for (const auto word : each) { bytes += word.size() + 8; }
    }
    return bytes;
}

}  // namespace

struct command_service::connected_client final : client_state {
    connected_client(command_service& of, client& is, branch_handle main)
        : who(is), session(of, is.id(), std::move(main)) {}

    client& who;
    command_session session;
    unsigned misses = 0;             // of the request that waits
    std::uint64_t unpaid_bytes = 0;  // that he wrote and did not wait for
    std::optional<error> failed;     // why its page cannot be loaded
};

command_service::command_service(loop& events, engine& data, settings& given, spdlog::logger& log)
    : command_host(data), loop_(events), settings_(given), log_(log) {
    data.on_durable([&events] { events.wake(); });
    data.on_turn_wanted([&events] { events.wake(); });
    timers_.push_back(loop_.every(sweep_interval, [this] {
        look_at_memory();
        if (sweep_soon_ == timer_id::none) { sweep(); }
    }));
    timers_.push_back(loop_.every(tick_interval, [this] { store.tick(); }));
    timers_.push_back(loop_.every(count_interval, [this] {
        count_operations();
        tell_trouble();
    }));
    const auto follow = [this](setting which, std::function<void(const settings&)> f) {
        f(settings_);
        settings_.on_change(which, [f = std::move(f)](const settings& now) {
            f(now);
            return status{};
        });
    };
    follow(setting::slowlog_log_slower_than,
           [this](const settings& now) { slow_limit_us = now.number(setting::slowlog_log_slower_than); });
    follow(setting::slowlog_max_len, [this](const settings& now) {
        slow_length_max = static_cast<std::size_t>(now.number(setting::slowlog_max_len));
    });
    follow(setting::appendfsync, [this](const settings& now) {
        const auto& word = now.text(setting::appendfsync);
        store.set_durability(word == "always" ? durability::always
                             : word == "no"   ? durability::no
                                              : durability::everysec);
    });
    follow(setting::maxmemory, [this](const settings& now) {
        look_at_memory();
        const auto bytes = now.number(setting::maxmemory);
        if (bytes == 0) { return; }
        log_.warn("maxmemory {}: above it commands that add data are refused; no key is dropped to make room", bytes);
    });
    follow(setting::history_budget, [this](const settings& now) {
        store.set_history_budget(static_cast<std::uint64_t>(now.number(setting::history_budget)));
    });
}

command_service::~command_service() {
    for (const auto timer : timers_) { loop_.cancel(timer); }
    loop_.cancel(sweep_soon_);
    store.on_durable([] {});
    store.on_turn_wanted([] {});
}

void command_service::connected(client& who) {
    auto main = store.branch("main");
    if (!main) { return who.kill(main.error().context); }
    auto made = std::make_unique<connected_client>(*this, who, std::move(*main));
    made->session.authenticated = settings_.text(setting::requirepass).empty();
    made->session.exec_ends_at_error = who.ends_transactions_at_errors();
    who.set_authenticated(made->session.authenticated);
    clients_.emplace(who.id(), made.get());
    who.state = std::move(made);
}

void command_service::disconnected(client& who) noexcept {
    clients_.erase(who.id());
    who.state.reset();
}

// No answer follows: the client sees the end of the connection, as it does of Redis.
void command_service::close_running() noexcept {
    if (running_ != nullptr) { running_->session.closing = true; }
}

client& command_service::client_of(const command_session& session) const { return clients_.at(session.id)->who; }

// ---- running requests

std::size_t command_service::run(client& who, std::span<const request> requests) {
    auto* const from = static_cast<connected_client*>(who.state.get());
    if (from == nullptr) { return requests.size(); }
    running_ = from;
    now_ = clock.now() / 1000;
    unpaced_bytes_ = batch_bytes = bytes_of(requests);
    room_reserved = false;
    const auto begun = clock.elapsed();
    stretch open{begun, 0};
    std::size_t at = 0;
    std::size_t near = 0;
    try {
        // wrote() must not need memory when something is written.
        if (writers_.size() == writers_.capacity()) { writers_.reserve(2 * writers_.size() + 16); }
        while (at < requests.size() && !who.closing()) {
            if (at != open.first && requests[at][0] != requests[open.first][0]) {
                end_stretch(*from, open, requests, at);
            }
            if (at >= near) { near = at + bring_near(*from, requests.subspan(at)); }
            const auto together_ran = is_get(requests[at]) ? run_gets(*from, requests.subspan(at)) : 0;
            if (together_ran == 0 && !run_one(*from, requests[at])) { break; }
            at += std::max<std::size_t>(together_ran, 1);
            if (given_away_ || from->session.closing) { break; }
            if (at % checks_between == 0 && (who.congested() || clock.elapsed() - begun > turn_share)) { break; }
        }
        if (at != open.first) { end_stretch(*from, open, requests, at); }
    } catch (const std::bad_alloc&) { who.kill("there is no memory for its answers"); }
    flush_writes();
    if (!std::exchange(given_away_, false) && from->session.closing) { who.close_after_reply(); }
    running_ = nullptr;
    return at;
}

// Runs one request.  False: it is not finished and will be given again.
bool command_service::run_one(connected_client& from, const request& given) {
    if (from.failed) [[unlikely]] {
        reply_error(from.who.reply(), *std::exchange(from.failed, std::nullopt));
        from.misses = 0;
        return true;
    }
    const auto before = from.session.reply_mode;
    if (from.misses >= misses_max) [[unlikely]] {
        run_waiting(from, given);
    } else if (const auto missing = run_request(*this, from.session, from.who.reply(), given, now_)) [[unlikely]] {
        wait_for_page(from, *missing);
        return false;
    }
    from.misses = 0;
    if (before != replies::on || from.session.reply_mode != replies::on) [[unlikely]] {
        follow_reply_mode(from, before);
    }
    return true;
}

// CLIENT REPLY SKIP mutes from its own end to the end of the next request.
void command_service::follow_reply_mode(connected_client& from, replies before) {
    auto& mode = from.session.reply_mode;
    if (mode == replies::skip_next) {
        mode = replies::skip_this;
        from.who.mute(true);
    } else if (before == replies::skip_this && mode == replies::skip_this) {
        mode = replies::on;
        from.who.mute(false);
    }
}

// Runs the GETs that stand together at the front, their descents side by side.  Returns how many: 0 when there is
// only one, or when one by one is needed to get it right.
std::size_t command_service::run_gets(connected_client& from, std::span<const request> requests) {
    auto& session = from.session;
    std::size_t count = 1;
    while (count < std::min(together, requests.size()) && is_get(requests[count])) { ++count; }
    if (count == 1 || session.needs_care() || session.branch->dropped || from.misses != 0) { return 0; }
    const branch_view view(session.branch->keys, session.branch->spaces, now_);
    std::array<record_view, together> found;
    // Where a page is missing or broken: one by one, the others are answered first.
    if (!descend_together(view, view.space(session.database), requests.first(count), found)) { return 0; }
    auto& reply = from.who.reply();
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto alive = found[i].leaf == nullptr ? std::nullopt : view.alive(found[i]);
        if (!alive) {
            reply.null();
        } else if (alive->type == value_type::string && alive->record.child == child_form::none) [[likely]] {
            reply.bulk(alive->rest);
            ++hits;
        } else {
            count = i;  // the rest one by one
        }
    }
    static const command* const row = find_command("GET");
    session.last = row;
    session.last_subcommand = nullptr;
    stats.hits += hits;
    stats.misses += count - hits;
    stats.commands += count;
    stats.rows[static_cast<std::size_t>(row - all_commands().data())].calls += count;
    return count;
}

// Lets the keys of neighbouring calls of one command descend side by side, so that each finds its pages near: a
// cache miss of one is waited for together with those of the others.  Returns how many need not be looked at again.
std::size_t command_service::bring_near(const connected_client& from, std::span<const request> requests) const {
    const auto& name = requests[0][0];
    std::size_t count = 1;
    while (count < std::min(together, requests.size()) && requests[count].size() > 1 && requests[count][0] == name) {
        ++count;
    }
    const auto& session = from.session;
    if (count < near_least || requests[0].size() < 2 || is_get(requests[0]) || session.needs_care()
        || from.misses != 0) {
        return count;
    }
    const auto* const row = find_command(name);
    if (row == nullptr || row->mode != access::write || row->keys.first != 1 || row->keys.last != 1) { return count; }
    const branch_view view(session.branch->keys, session.branch->spaces, now_);
    std::array<record_view, together> found;
    // Where a page is missing, whoever needs it meets it again.
    static_cast<void>(descend_together(view, view.space(session.database), requests.first(count), found));
    return count;
}

// ---- pages that are not in memory

void command_service::wait_for_page(connected_client& from, const not_resident& missing) {
    ++from.misses;
    ++stats.misses_in_memory;
    from.who.park(waiting_for::work);
    server_->workers().run([this, missing, id = from.who.id()] {
        auto loaded = store.load(missing);
        loop_.post([this, id, loaded = std::move(loaded)] {
            const auto found = clients_.find(id);
            if (found == clients_.end()) { return; }
            if (!loaded) { found->second->failed = loaded.error(); }
            found->second->who.resume();
        });
    });
}

// A command that met too many missing pages loads them where it runs.
void command_service::run_waiting(connected_client& from, const request& given) {
    const auto branch = from.session.branch;
    branch->context.may_wait = true;
    try {
        while (const auto missing = run_request(*this, from.session, from.who.reply(), given, now_)) {
            if (const auto loaded = store.load(*missing); !loaded) {
                reply_error(from.who.reply(), loaded.error());
                break;
            }
        }
    } catch (...) {
        branch->context.may_wait = false;
        throw;
    }
    branch->context.may_wait = false;
}

void command_service::load_for_sweep(std::vector<not_resident> missing) {
    server_->workers().run([this, missing = std::move(missing)] {
        for (const auto& page : missing) {
            if (!store.load(page)) { return; }
        }
        loop_.post([this] { sweep_soon(); });
    });
}

bool command_service::answer_long(const command_context& context, const command& row, arguments given) {
    if (running_ == nullptr || running_->session.reply_mode != replies::on) { return false; }
    auto work = std::make_shared<long_command>(context, row, given);
    running_->who.answer_long([work](reply_sink& reply) { work->run(reply); });
    given_away_ = true;
    return true;
}

bool command_service::answer_prepared(const command_context&, std::function<void(reply_sink&)> answer) {
    if (running_ == nullptr || running_->session.reply_mode != replies::on) { return false; }
    running_->who.answer_long(std::move(answer));
    given_away_ = true;
    return true;
}

status command_service::save(command_context& context) {
    if (running_ == nullptr) { return command_host::save(context); }
    running_->who.answer_long([this](reply_sink& reply) {
        if (const auto saved = store.checkpoint(); !saved) { return reply_error(reply, saved.error()); }
        reply.status("OK");
    });
    given_away_ = true;
    return {};
}

// ---- writes and the end of a turn

void command_service::wrote(live_branch& branch) {
    if (unrecorded_ != &branch) {
        flush_writes();
        unrecorded_ = &branch;
    }
    note_writer();
}

void command_service::wrote(std::span<live_branch* const> branches) {
    if (branches.empty()) { return; }
    if (branches.size() == 1) { return wrote(*branches.front()); }
    flush_writes();
    store.record(branches);
    note_writer();
}

void command_service::note_writer() {
    if (running_ == nullptr) { return; }
    if (writers_.empty() || writers_.back().id != running_->who.id()) { writers_.push_back({running_->who.id(), 0}); }
    writers_.back().bytes += std::exchange(unpaced_bytes_, 0);
}

void command_service::flush_writes() {
    if (unrecorded_ != nullptr) { store.record(*std::exchange(unrecorded_, nullptr)); }
}

std::uint64_t command_service::end_turn() {
    flush_writes();
    const bool wrote = !writers_.empty();
    const auto begun = wrote ? clock.elapsed() : std::chrono::nanoseconds{};
    const auto ticket = store.end_turn();
    if (wrote && ticket) { note_commit(*ticket, begun); }
    note_durable();
    if (!ticket) {
        // What was not logged must not be answered.
        log_.error("the log cannot be written: {}", ticket.error().message());
        for_each_writer([](client& who) { who.kill("the log cannot be written"); });
    } else if (store.pace().slows()) {
        pace_writers(store.pace());
    }
    writers_.clear();
    return ticket ? *ticket : 0;
}

void command_service::for_each_writer(function_ref<void(client&)> seen) {
    for (const auto& each : writers_) {
        if (const auto found = clients_.find(each.id); found != clients_.end()) { seen(found->second->who); }
    }
}

// Who wrote in this turn goes on when the checkpoint had time to follow; others do not notice.
void command_service::pace_writers(const log_pace& pace) {
    const auto writers = paced_ + writers_.size();
    for (const auto& each : writers_) {
        const auto found = clients_.find(each.id);
        if (found == clients_.end()) { continue; }
        auto& who = found->second->who;
        found->second->unpaid_bytes += each.bytes;
        const auto pause =
            std::chrono::duration_cast<std::chrono::milliseconds>(pace.wait(found->second->unpaid_bytes, writers));
        if (pause.count() == 0 || who.parked() || who.closing()) { continue; }
        try {
            loop_.after(pause, [this, id = each.id] {
                --paced_;
                if (const auto later = clients_.find(id); later != clients_.end()) { later->second->who.resume(); }
            });
        } catch (const std::bad_alloc&) { continue; }  // then he does not wait
        ++paced_;
        found->second->unpaid_bytes = 0;
        who.park(waiting_for::work);
    }
}

// ---- figures

void command_service::note_commit(log_sequence end, std::chrono::nanoseconds begun) {
    if (end <= store.durable()) { return commit_times.add(clock.elapsed() - begun); }
    try {
        commits_.push_back({end, begun});
    } catch (const std::bad_alloc&) {  // then it is not counted
    }
}

void command_service::note_durable() {
    for (; !commits_.empty() && commits_.front().end <= store.durable(); commits_.pop_front()) {
        commit_times.add(clock.elapsed() - commits_.front().begun);
    }
}

void command_service::end_stretch(connected_client& from, stretch& open, std::span<const request> requests,
                                  std::size_t end) {
    const auto now = clock.elapsed();
    const auto spent = now - open.begun;
    const auto& given = requests[open.first];
    if (const auto* row = find_command(given[0]); row != nullptr) {
        stats.rows[static_cast<std::size_t>(row - all_commands().data())].spent += spent;
    }
    const auto each = spent / static_cast<std::int64_t>(end - open.first);
    if (slow_limit_us >= 0 && each >= std::chrono::microseconds(slow_limit_us)) { note_slow(from, given, each); }
    open = {now, end};
}

void command_service::note_slow(const connected_client& from, const request& given, std::chrono::nanoseconds spent) {
    const auto* row = find_command(given[0]);
    if (row == nullptr || row->name == "AUTH" || row->name == "HELLO" || row->name == "CONFIG") {
        return;
    }  // passwords
    slow_entry entry{
        slow_ids++, now_ / 1000,        std::chrono::duration_cast<std::chrono::microseconds>(spent).count(),
        {},         from.who.address(), from.session.name};
    for (std::size_t i = 0; i < std::min(given.size(), slow_words_max); ++i) {
        if (i + 1 == slow_words_max && given.size() > slow_words_max) {
            entry.words.push_back(fmt::format("... ({} more arguments)", given.size() - slow_words_max + 1));
        } else if (given[i].size() > slow_word_bytes_max) {
            entry.words.push_back(fmt::format("{}... ({} more bytes)", given[i].substr(0, slow_word_bytes_max),
                                              given[i].size() - slow_word_bytes_max));
        } else {
            entry.words.emplace_back(given[i]);
        }
    }
    slow.push_front(std::move(entry));
    while (slow.size() > slow_length_max) { slow.pop_back(); }
}

// Once, and again when it is over or has another reason.
void command_service::tell_trouble() {
    auto trouble = store.trouble();
    const auto kind = [](const std::string& text) { return text.substr(0, text.find(':')); };
    if (kind(trouble) == kind(trouble_told_)) { return; }
    if (trouble.empty()) {
        log_.info("checkpoints and writes go on");
    } else {
        log_.error("no checkpoint, or no write, can be made: {}", trouble);
    }
    trouble_told_ = std::move(trouble);
}

void command_service::count_operations() {
    stats.ops_per_second = stats.commands - std::min(operations_seen_, stats.commands);
    operations_seen_ = stats.commands;
    scans.sweep();
}

void command_service::look_at_memory() {
    const auto memory_max = static_cast<std::uint64_t>(settings_.number(setting::maxmemory));
    const auto memory = store.pool().figures();
    out_of_memory = memory_max != 0 && memory.bytes > memory_max;
    // What the points dropped last held may not be freed yet, or a checkpoint hold it, too: then it is not known
    // whether more have to go.
    const bool scarce = memory_max != 0 && memory.bytes > memory_max / 8 * 7;
    if (scarce) { scans.sweep(scan_patience); }
    if (scarce && memory.garbage_nodes == 0 && !store.checkpoint_running()) {
        store.drop_oldest_points(points_at_once);
    }
}

// A slice of a pass over all branches in use, each of which gets a few keys at a time, so that none waits for another.
// While slices find expired keys, or a page with some was loaded, the next comes soon.
void command_service::sweep() {
    sweep_soon_ = timer_id::none;
    const auto until = clock.elapsed() + sweep_time_max;
    bool removed_any = false;
    try {
        do {
            if (to_sweep_.empty()) {
                sweep_again_ = false;
                to_sweep_ = store.live_branches();
            }
            while (!to_sweep_.empty() && clock.elapsed() < until) {
                const auto branch = to_sweep_.back().lock();
                to_sweep_.pop_back();
                const auto removed = branch == nullptr || branch->dropped ? 0 : sweep(*branch);
                removed_any = removed_any || removed > 0;
                sweep_again_ = sweep_again_ || removed == sweep_keys;
            }
        } while (sweep_again_ && clock.elapsed() < until);
    } catch (const std::bad_alloc&) { return; }  // then the next one does it
    if (removed_any && (sweep_again_ || !to_sweep_.empty())) { sweep_soon(); }
}

std::size_t command_service::sweep(live_branch& branch) {
    if (!store.reserve(0)) { return 0; }
    const auto before = stats.expired;
    std::vector<not_resident> missing;
    try {
        try {
            remove_expired(*this, branch, clock.now() / 1000, sweep_keys, missing);
        } catch (const not_resident& page) { missing.push_back(page); }
        if (!missing.empty()) { load_for_sweep(std::move(missing)); }
    } catch (const std::exception&) {  // no memory, or a broken page: reading the key says it
    }
    flush_writes();
    return static_cast<std::size_t>(stats.expired - before);
}

void command_service::sweep_soon() {
    if (sweep_soon_ != timer_id::none) { return; }
    try {
        const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(
            store.pace().wait(sweep_keys * bytes_of_removal, paced_ + 1));
        sweep_soon_ = loop_.after(std::max(sweep_pause, pause), [this] { sweep(); });
    } catch (const std::bad_alloc&) { return; }  // then the next one is a little later
}

}  // namespace coppice::server
