#include "embed/embedded_store.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include <pthread.h>
#include <unistd.h>

#include <command/expiry.hpp>
#include <command/parse.hpp>

namespace coppice {
namespace {

constexpr std::chrono::milliseconds upkeep_interval{50};
constexpr std::chrono::microseconds sweep_time_max{500};
constexpr std::size_t sweep_keys = 32;          // of one branch, between two looks at the clock
constexpr std::size_t garbage_per_turn = 1024;  // nodes, where no thread frees them
constexpr std::uint64_t checkpoint_log_bytes = 64 * limits::mebibyte;
constexpr std::uint64_t bytes_beside = 8;  // what a word takes more in the log, about

/// What is open in this process, and how often it was forked.
class open_stores {
public:
    open_stores() {
        ::pthread_atfork([] { of_process().mutex_.lock(); }, [] { of_process().mutex_.unlock(); },
                         [] { of_process().begin_child(); });
    }
    [[nodiscard]] static open_stores& of_process() {
        static auto* const stores = new open_stores;  // lives as long as threads may ask
        return *stores;
    }
    [[nodiscard]] unsigned generation() const noexcept { return generation_.load(std::memory_order_relaxed); }

    void add(const std::shared_ptr<embedded_store>& store) {
        const std::lock_guard lock(mutex_);
        std::erase_if(all_, [](const auto& each) { return each.expired(); });
        all_.push_back(store);
    }
    [[nodiscard]] std::vector<std::shared_ptr<embedded_store>> all() {
        const std::lock_guard lock(mutex_);
        std::vector<std::shared_ptr<embedded_store>> found;
        for (const auto& each : all_) {
            if (auto store = each.lock()) { found.push_back(std::move(store)); }
        }
        return found;
    }
    /// The store of a folder, opened under a lock, so that two threads get one.
    [[nodiscard]] result<std::shared_ptr<embedded_store>> of_folder(const std::filesystem::path& folder) {
        std::error_code failure;
        const auto name = std::filesystem::weakly_canonical(folder, failure).string();
        if (failure) { return error{errc::io, folder.string() + ": " + failure.message()}; }
        const std::lock_guard lock(opening_);
        if (auto there = folders_[name].lock(); there && !there->is_elsewhere()) { return there; }
        auto where = open_directory_storage(folder);
        if (!where) { return where.error(); }
        auto opened = embedded_store::open(std::move(*where), upkeep::in_background);
        if (opened) { folders_[name] = *opened; }
        return opened;
    }

private:
    void begin_child() noexcept {
        generation_.fetch_add(1, std::memory_order_relaxed);
        for (const auto& each : all_) {
            if (const auto store = each.lock()) { store->forget_lock(); }
        }
        if (!all_.empty()) { ::on_exit(leave_child, nullptr); }
        mutex_.unlock();
    }

    /// Destructors of libraries, which come after this, would wait for threads that the child has not.
    static void leave_child(int status, void*) {
        std::fflush(nullptr);
        ::_exit(status);
    }

    std::atomic<unsigned> generation_{0};
    std::mutex mutex_;
    std::vector<std::weak_ptr<embedded_store>> all_;  // guarded by mutex_
    std::mutex opening_;
    std::unordered_map<std::string, std::weak_ptr<embedded_store>> folders_;  // guarded by opening_
};

[[nodiscard]] std::string_view word_of(durability sync) noexcept {
    return sync == durability::always ? "always" : sync == durability::no ? "no" : "everysec";
}

[[nodiscard]] std::optional<durability> durability_in(std::string_view text) noexcept {
    for (const auto each : {durability::always, durability::everysec, durability::no}) {
        if (says(text, word_of(each))) { return each; }
    }
    return std::nullopt;
}

}  // namespace

// ---- opening and closing

result<std::shared_ptr<embedded_store>> embedded_store::open(storage where, upkeep how) {
    engine_options options;
    options.one_writer = true;
    options.background = how == upkeep::in_background;
    if (!where.folder) {  // checkpoints would only hold everything twice
        options.checkpoint_log_bytes = UINT64_MAX;
        options.checkpoint_interval = std::chrono::hours(24 * 365 * 100);
    }
    auto opened = engine::open(std::move(where), options);
    if (!opened) { return opened.error(); }
    // A child made by fork() has no way to end the threads, and its parent still writes.
    const auto let_go = [](embedded_store* store) {
        if (!store->is_elsewhere()) { delete store; }
    };
    std::shared_ptr<embedded_store> made(new embedded_store(std::move(*opened), how), let_go);
    open_stores::of_process().add(made);
    return made;
}

embedded_store::embedded_store(std::unique_ptr<engine> opened, upkeep how)
    : engine_owner{std::move(opened)},
      command_host(*engine_),
      how_(how),
      generation_(open_stores::of_process().generation()) {
    if (how_ == upkeep::in_turns) { return; }
    engine_->on_turn_wanted([this] {
        const std::lock_guard lock(wake_mutex_);
        turn_wanted_ = true;
        wake_.notify_one();
    });
    upkeep_ = std::thread([this] { run_upkeep(); });
}

embedded_store::~embedded_store() { static_cast<void>(close()); }

status embedded_store::close() {
    {
        const std::lock_guard turn(turn_);
        if (std::exchange(closed_, true)) { return {}; }
    }
    // Meanwhile upkeep gives it the turn that it needs.
    const auto closed = engine_->folder() != nullptr ? engine_->close() : status{};
    {
        const std::lock_guard lock(wake_mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    if (upkeep_.joinable()) { upkeep_.join(); }
    return closed;
}

bool embedded_store::is_elsewhere() const noexcept { return generation_ != open_stores::of_process().generation(); }

void embedded_store::forget_lock() noexcept {
    if (engine_->folder() != nullptr) { engine_->folder()->forget_lock(); }
}

status embedded_store::check_open() const {
    if (is_elsewhere()) {
        return error{errc::closed,
                     "the store was opened before this process was forked, and belongs to its parent; "
                     "start the process anew (spawn) or serve the folder to both with `coppice serve`"};
    }
    return {};
}

result<std::shared_ptr<embedded_store>> open_embedded_folder(const std::filesystem::path& folder) {
    return open_stores::of_process().of_folder(folder);
}

void close_embedded_stores() noexcept {
    for (const auto& each : open_stores::of_process().all()) {
        if (!each->is_elsewhere()) { static_cast<void>(each->close()); }
    }
}

// ---- turns

/// Writes what the commands changed, and does the upkeep that nobody else does.
status embedded_store::end_turn() {
    wrote_ = false;
    if (const auto ended = engine_->end_turn(); !ended) { return ended.error(); }
    if (how_ == upkeep::in_background) { return {}; }
    engine_->tick();
    engine_->pool().free_garbage(garbage_per_turn);
    return engine_->log_bytes() < checkpoint_log_bytes ? status{} : engine_->checkpoint();
}

void embedded_store::run_upkeep() {
    std::unique_lock lock(wake_mutex_);
    while (!stopping_) {
        wake_.wait_for(lock, upkeep_interval, [this] { return turn_wanted_ || stopping_; });
        turn_wanted_ = false;
        lock.unlock();
        {
            const std::lock_guard turn(turn_);
            if (!closed_) {  // behind the last checkpoint nothing is to be done again
                remove_expired_keys();
                engine_->tick();
            }
            static_cast<void>(engine_->end_turn());  // a failure is met by the next command that writes
            hub.time_passed(clock.elapsed());
            deliver_pushes();
        }
        lock.lock();
    }
}

void embedded_store::remove_expired_keys() {
    const auto until = clock.elapsed() + sweep_time_max;
    try {
        for (const auto& each : engine_->live_branches()) {
            const auto branch = each.lock();
            if (branch == nullptr || branch->dropped || !engine_->reserve(0)) { continue; }
            std::uint64_t before = 0;
            do {
                before = stats.expired;
                std::vector<not_resident> missing;
                remove_expired(*this, *branch, clock.now() / 1000, sweep_keys, missing);
            } while (stats.expired - before >= sweep_keys && clock.elapsed() < until);
        }
    } catch (const std::exception&) {  // no memory, or a broken page: reading the key says it
    }
}

void embedded_store::wait_for(const log_pace& pace, std::uint64_t bytes_written) {
    const auto writers = paused_.fetch_add(1, std::memory_order_relaxed) + 1;
    std::this_thread::sleep_for(pace.wait(bytes_written, writers));
    paused_.fetch_sub(1, std::memory_order_relaxed);
}

// ---- what the commands ask

reply_sink* embedded_store::push(command_session& session, std::size_t size) {
    const auto found = mailboxes_.find(session.id);
    if (found == mailboxes_.end()) { return nullptr; }
    begun_.push_back(found->second);
    return &found->second->begin(size);
}

void embedded_store::deliver_pushes() {
    for (const auto& each : begun_) { each->deliver(); }
    begun_.clear();
    listeners_.store(hub.participants(), std::memory_order_relaxed);
}

void embedded_store::wrote(live_branch& branch) {
    wrote_ = true;
    engine_->record(branch);
}

void embedded_store::wrote(std::span<live_branch* const> branches) {
    wrote_ = true;
    engine_->record(branches);
}

bool embedded_store::answer_long(const command_context& context, const command& row, arguments given) {
    deferred_ = [work = std::make_shared<long_command>(context, row, given)](reply_sink& reply) { work->run(reply); };
    return true;
}

bool embedded_store::answer_prepared(const command_context&, std::function<void(reply_sink&)> answer) {
    deferred_ = std::move(answer);
    return true;
}

status embedded_store::save(command_context&) {
    deferred_ = [this](reply_sink& reply) {
        if (const auto saved = engine_->checkpoint(); !saved) { return reply_error(reply, saved.error()); }
        reply.status("OK");
    };
    return {};
}

std::vector<std::pair<std::string, std::string>> embedded_store::settings_matching(
    std::span<const std::string_view> patterns) const {
    auto found = command_host::settings_matching(patterns);
    for (const auto pattern : patterns) {
        if (matches_glob(lower_case(pattern), "appendfsync")) { found.emplace_back("appendfsync", word_of(sync_)); }
    }
    return found;
}

status embedded_store::change_settings(std::span<const name_and_value> wanted) {
    for (const auto& [name, value] : wanted) {
        if (!says(name, "appendfsync")) { return command_host::change_settings(wanted); }
        const auto sync = durability_in(value);
        if (!sync) {
            return error{errc::invalid,
                         "CONFIG SET failed (possibly related to argument 'appendfsync') - argument "
                         "must be one of: always, everysec, no"};
        }
        sync_ = *sync;
        engine_->set_durability(sync_);
    }
    return {};
}

// ---- sessions

result<std::unique_ptr<embedded_session>> embedded_session::open(std::shared_ptr<embedded_store> in,
                                                                 std::string_view branch, unsigned database) {
    if (const auto open = in->check_open(); !open) { return open.error(); }
    const std::lock_guard turn(in->turn_);
    if (in->closed_) { return error{errc::closed, "the store was closed"}; }
    auto handle = in->engine_->branch(branch);
    if (!handle) { return handle.error(); }
    std::unique_ptr<command_session> session(new command_session(*in, ++in->sessions_given_, std::move(*handle)));
    session->protocol = 3;
    session->database = database;
    auto pushes = std::make_shared<mailbox>();
    in->mailboxes_.emplace(session->id, pushes);
    return std::unique_ptr<embedded_session>(
        new embedded_session(std::move(in), std::move(session), std::move(pushes)));
}

embedded_session::~embedded_session() {
    if (store_->is_elsewhere()) {
        static_cast<void>(session_.release());  // its parent's
        return;
    }
    const std::lock_guard turn(store_->turn_);
    store_->mailboxes_.erase(session_->id);
    session_.reset();
    store_->deliver_pushes();  // those who asked its adapters are told
}

status embedded_session::run(std::span<const arguments> commands, reply_sink& sink) {
    auto& store = *store_;
    if (const auto open = store.check_open(); !open) { return open.error(); }
    std::uint64_t bytes = 0;
    for (const auto words : commands) {
        for (const auto word : words) { bytes += word.size() + bytes_beside; }
    }
    std::unique_lock turn(store.turn_);
    bool wrote = false;
    for (const auto words : commands) {
        if (store.closed_) { return error{errc::closed, "the store was closed"}; }
        run_request(store, *session_, sink, words);
        if (&sink == &pushes_->replies()) { store.begun_.push_back(pushes_); }
        store.deliver_pushes();
        // Whoever calls hears all replies, also that to CLIENT REPLY OFF.
        if (std::exchange(session_->reply_mode, replies::on) != replies::on) { sink.status("OK"); }
        if (!store.deferred_) { continue; }
        const auto answer = std::exchange(store.deferred_, nullptr);
        wrote = wrote || store.wrote_;
        if (const auto ended = store.end_turn(); !ended) { return ended.error(); }
        turn.unlock();
        const auto said = sink.mark();
        try {
            answer(sink);
        } catch (const load_error& failed) {
            sink.back_to(said);
            reply_error(sink, failed.cause());
        }
        turn.lock();
    }
    wrote = wrote || store.wrote_;
    if (const auto ended = store.end_turn(); !ended) { return ended.error(); }
    if (!wrote) { return {}; }
    const bool sync = store.sync_ == durability::always;
    const auto pace = store.engine_->pace();
    turn.unlock();
    if (sync) {
        if (const auto synced = store.engine_->sync_now(); !synced) { return synced.error(); }
    }
    if (pace.slows()) { store.wait_for(pace, bytes); }
    return {};
}

result<std::optional<held_bytes>> embedded_session::hold(std::string_view key, std::string_view reference) {
    auto& store = *store_;
    if (const auto open = store.check_open(); !open) { return open.error(); }
    const std::lock_guard turn(store.turn_);
    if (store.closed_) { return error{errc::closed, "the store was closed"}; }
    const bool now = reference.empty();
    const auto version = now ? result<resolved_version>(error{errc::not_found, {}}) : store.engine_->resolve(reference);
    if (!now && !version) { return version.error(); }
    snapshot_state state = now ? store.engine_->snapshot(*session_->branch) : version->state;
    state.keys = state.keys.through(store.engine_->reading_context());
    const auto view = now ? state.view(store.clock.now() / 1000) : state.view_then();
    try {
        const auto found = view.find(session_->database, key);
        if (!found) { return std::optional<held_bytes>(); }
        if (found->type != value_type::string) { return wrong_type_error(); }
        auto value = view.string_value(*found);
        if (value.rope) { return std::optional<held_bytes>(held_bytes(store_, std::move(*value.rope))); }
        return std::optional<held_bytes>(held_bytes(store_, std::string(value.bytes)));
    } catch (const load_error& failed) { return failed.cause(); }
}

}  // namespace coppice
