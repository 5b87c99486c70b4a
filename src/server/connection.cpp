#include "server/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include <linux/sockios.h>
#include <spdlog/logger.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <coppice/base/assert.hpp>
#include <coppice/base/limits.hpp>

#include "server/framing.hpp"
#include "server/http_side.hpp"
#include "server/turn.hpp"
#include "wire/sniff.hpp"

namespace coppice::server {
namespace {

constexpr std::size_t rest_in_scratch = 4 * 1024;     // a longer rest is read on where it lies, not copied
constexpr std::size_t requests_together = 1024;       // are read before they run: what is read may have to wait
constexpr std::chrono::seconds reading_patience{60};  // with a client that does not read,
constexpr std::chrono::seconds crowded_patience{1};   // and where other clients' jobs wait for it
constexpr std::chrono::seconds burst_over{2};         // then memory that is not used is given back
constexpr std::string_view no_memory = "there is no memory for its requests";

std::string reason_of(int number) { return std::generic_category().message(number); }

}  // namespace

connection::connection(turn& shared, std::uint64_t id, accepted from)
    : turn_(shared),
      id_(id),
      address_(std::move(from.address)),
      local_address_(std::move(from.local_address)),
      born_(shared.clock.elapsed()),
      descriptor_(from.descriptor),
      watch_(shared.events.watch_descriptor(from.descriptor, [this](readiness what) { on_ready(what); })),
      active_(born_) {}

connection::~connection() {
    if (read_) { read_->cancel(); }
    close_descriptor();
}

void connection::close_descriptor() noexcept {
    watch_.reset();  // the loop must forget a descriptor before it is closed
    if (descriptor_ >= 0) { ::close(std::exchange(descriptor_, -1)); }
}

void connection::touch() noexcept { active_ = turn_.clock.elapsed(); }

// ---- What comes in.

void connection::on_ready(readiness what) {
    try {
        if (has(what, readiness::write)) { turn_.mark_dirty(*this); }
        if (has(what, readiness::broken)) { return end("the socket is broken"); }
        if (has(what, readiness::read)) { return read_some(); }
        if (has(what, readiness::hang_up)) { input_over(); }
    } catch (const std::bad_alloc&) { end(no_memory); }
}

void connection::read_some() {
    const bool waits = input_waits();
    const bool in_place = !framed() && (waits || rest_.size() > rest_in_scratch || parser_.in_bulk());
    char* to = turn_.scratch.data();
    std::size_t room = read_bytes;
    // Inside an announced string no command can be run before the rest is there: take more at a time.
    if (parser_.in_bulk() && parser_.wanted() > rest_.size()) {
        room = std::clamp(parser_.wanted() - rest_.size(), read_bytes, scratch_bytes);
        static_cast<void>(rest_.room(parser_.wanted() - rest_.size()));
    }
    if (in_place) {
        to = rest_.room(room);
    } else if (!framed()) {
        if (!rest_.empty()) { std::memcpy(turn_.scratch.data(), rest_.data(), rest_.size()); }
        to = turn_.scratch.data() + rest_.size();
    }
    const auto got = ::recv(descriptor_, to, room, 0);
    if (got < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) { return; }
        return end(reason_of(errno));
    }
    if (got == 0) { return input_over(); }
    const auto bytes = static_cast<std::size_t>(got);
    bytes_read_ += bytes;
    turn_.sums.bytes_read += bytes;
    touch();
    if (framed()) { return unframe({turn_.scratch.data(), bytes}); }
    if (in_place) {
        rest_.added(bytes);
        if (waits) {
            waiting_ = true;
            turn_.mark_dirty(*this);  // enough of it and reading stops
        } else {
            process(rest_.view());
        }
    } else {
        process({turn_.scratch.data(), rest_.size() + bytes});
    }
}

// Frames are opened into rest_, whether or not what they bring can be run.
void connection::unframe(std::string_view bytes) {
    frames_->receive(bytes, rest_);
    turn_.mark_dirty(*this);  // there may be a pong to send, or enough that waits
    if (!waiting_ && !must_wait()) { process(rest_.view()); }
    if (!dead_ && frames_->over()) { input_over(); }
}

// The client sends no more. It may still read (printf ... | nc), so what it asked for is answered first; but
// nobody waits on a closed connection for something to happen.
void connection::input_over() {
    input_over_ = true;
    if (is_blocked()) { return end("closed by the client"); }
    turn_.mark_dirty(*this);
}

// Runs what can be run of `bytes` (all of rest_, or of the scratch) and keeps the rest.
void connection::process(std::string_view bytes) {
    if (speaking_ == speaking::undecided && !decide_protocol(bytes)) { return keep(bytes); }
    if (speaking_ == speaking::http) { return process_http(bytes); }
    waiting_ = false;
    std::size_t done = 0;
    while (done < bytes.size() && !must_wait()) {
        auto& batch = turn_.batch;
        batch.clear();
        const auto allowed = turn_.request_limits_for(authenticated_);
        auto outcome = wire::parse_outcome::whole;
        std::size_t at = done;
        // A stranger's requests are read one at a time: the limits are others once AUTH has run.
        const std::size_t most = authenticated_ ? requests_together : 1;
        while (at < bytes.size() && batch.size() < most) {
            outcome = parser_.next(bytes.substr(at), allowed, batch, at - done);
            if (outcome != wire::parse_outcome::whole) { break; }
            at += parser_.consumed();
        }
        const auto ran = batch.empty() ? 0 : turn_.commands.run(*this, batch.requests());
        if (dead_) { return; }
        const bool whole = outcome == wire::parse_outcome::whole;
        const bool failed = outcome == wire::parse_outcome::failed;
        if (ran < batch.size() || (failed && must_wait())) {
            // Given again, or (an error behind a request that waits) said in its turn.
            parser_.reset();
            done += batch.bytes_of_first(ran);
            waiting_ = true;
            turn_.mark_dirty(*this);
            break;
        }
        done = at;
        waiting_ = must_wait() && whole && done < bytes.size();
        if (failed) {
            turn_.log.debug("client {}: {}", id_, parser_.error());
            reply().error(parser_.error());
            close_after_reply();
        }
        if (!whole) { break; }
    }
    keep(bytes.substr(done));
}

// True once it is decided.
bool connection::decide_protocol(std::string_view bytes) {
    switch (wire::sniff(bytes)) {
        case wire::spoken::undecided: return false;
        case wire::spoken::resp: speaking_ = speaking::resp; return true;
        case wire::spoken::tls:
            turn_.log.warn("client {} from {} begins with TLS, which this build does not speak", id_, address_);
            end("TLS is not spoken");
            return false;
        case wire::spoken::http: begin_http(); return true;
    }
    return false;
}

// It is no client of the Redis protocol after all: sessions of Engine.IO are clients of their own.
void connection::begin_http() {
    speaking_ = speaking::http;
    turn_.commands.disconnected(*this);
    http_ = std::make_unique<http_side>(*this, turn_);
}

void connection::process_http(std::string_view bytes) {
    const auto taken = http_->take(bytes);
    if (framed()) {
        http_.reset();
        const std::string early(bytes.substr(taken));
        rest_.clear();
        return unframe(early);
    }
    waiting_ = must_wait() && taken < bytes.size();
    keep(bytes.substr(taken));
}

// Now it is a client of the Redis protocol after all.
void connection::speak_in_frames() {
    frames_ = std::make_unique<framing>(out_.size());
    speaking_ = speaking::resp;
    turn_.commands.connected(*this);
}

void connection::keep(std::string_view unread) {
    if (dead_) { return; }
    if (closing_) { unread = {}; }
    if (unread.empty()) {
        rest_.clear();
    } else if (unread.data() >= rest_.data() && unread.data() < rest_.data() + rest_.size()) {
        rest_.drop_front(rest_.size() - unread.size());
    } else {
        rest_.clear();
        rest_.append(unread);
    }
}

void connection::run_waiting() {
    if (must_wait() || paused_ || rest_.empty()) { return; }
    try {
        process(rest_.view());
        turn_.mark_dirty(*this);
    } catch (const std::bad_alloc&) { end(no_memory); }
}

// ---- What goes out.

reply_sink& connection::reply() noexcept {
    if (!muted_ && !dead_) {
        if (out_.capacity() == 0) { out_ = turn_.take_buffer(); }
        turn_.mark_dirty(*this);
    }
    return sink_;
}

reply_sink& connection::push(std::size_t size) {
    if (over_limit()) { cut_off("it is sent more"); }
    if (dead_) { return sink_; }
    if (read_ == nullptr && !muted_) {
        auto& sink = reply();
        sink_.writer().push(size);
        return sink;
    }
    if (side_ == nullptr) { side_ = std::make_unique<side>(); }
    turn_.mark_dirty(*this);
    side_->sink.writer().set_version(sink_.writer().version());
    side_->sink.writer().push(size);
    return side_->sink;
}

wire::byte_buffer& connection::outgoing() noexcept {
    static_cast<void>(reply());  // a buffer, and a write at the end of the turn
    return dead_ ? turn_.discarded : out_;
}

void connection::splice_side() {
    if (side_ == nullptr || read_ != nullptr) { return; }
    out_.append(side_->bytes.view());
    side_.reset();
}

void connection::set_protocol(int version) noexcept {
    sink_.writer().set_version(version == 3 ? wire::resp_version::three : wire::resp_version::two);
}

void connection::mute(bool on) noexcept {
    if (dead_) { return; }
    muted_ = on;
    sink_.writer().write_to(on ? turn_.discarded : out_);
}

// Whoever may be cut off is not given more to read before.
bool connection::congested() const noexcept { return unread() > limits::reply_pause_bytes || over_limit(); }

std::size_t connection::unread() const noexcept { return out_.size() + (framed() ? frames_->unsent() : 0); }

bool connection::over_limit() const noexcept {
    const auto of_all = unread() + (side_ != nullptr ? side_->bytes.size() : 0);
    return turn_.output_limit != 0 && of_all > turn_.output_limit;
}

void connection::cut_off(std::string_view reason) {
    if (dead_) { return; }
    ++turn_.sums.output_limit_disconnections;
    turn_.log.warn("client {} from {} leaves {} bytes of answers unread and {}: cut off", id_, address_, out_.size(),
                   reason);
    kill("too many unread answers");
}

// One answer may be larger than the limit: who takes some of it goes on. The socket's buffer is large, so that a slow
// reader makes room in it rarely; what is left there tells sooner. A long answer that says nothing yet is waited for.
void connection::look_at_reading(std::chrono::nanoseconds now) {
    int queued = 0;
    static_cast<void>(::ioctl(descriptor_, SIOCOUTQ, &queued));
    const auto taken = sent_ - static_cast<std::uint64_t>(queued);
    if ((!over_limit() && !keeps_worker()) || taken != taken_) {
        taken_ = taken;
        taken_at_ = now;
    } else if (now - taken_at_ > reading_patience) {
        cut_off("has read nothing for a minute");
    } else if (turn_.stuck_jobs > 0 && keeps_worker() && now - taken_at_ >= crowded_patience) {
        --turn_.stuck_jobs;
        cut_off("has read nothing for a second, while all workers wait for such clients and others for a worker");
    }
}

void connection::seal(std::uint64_t ticket, std::uint64_t durable) {
    if (dead_) { return; }
    splice_side();
    const auto end = sent_ + out_.size();
    if (end == (marks_.empty() ? free_until_ : marks_.back().until)) { return; }
    if (marks_.empty() && ticket <= durable) {
        free_until_ = end;
    } else if (!marks_.empty() && ticket <= marks_.back().ticket) {
        marks_.back().until = end;  // needs no wait of its own, but replies leave in order
    } else {
        marks_.push_back({ticket, end});
        turn_.mark_held(*this);
    }
}

bool connection::release(std::uint64_t durable) {
    auto first_held = marks_.begin();
    for (; first_held != marks_.end() && first_held->ticket <= durable; ++first_held) {
        free_until_ = first_held->until;
    }
    marks_.erase(marks_.begin(), first_held);
    return !marks_.empty();
}

void connection::finish_turn() {
    if (dead_) { return; }
    write_some();
    if (dead_) { return; }
    if (out_.empty() && out_.capacity() != 0) { turn_.give_buffer(std::exchange(out_, {})); }
    const bool quiet = unread() == 0 && read_ == nullptr;
    if (closing_ && quiet) { return end("closed after its last answer"); }
    if (input_over_ && (is_blocked() || (quiet && !waiting_ && !parked_))) { return end("closed by the client"); }
    update_interest();
    if (waiting_ && !must_wait() && !paused_) { turn_.mark_runnable(*this); }
}

void connection::write_some() {
    const auto sendable = std::min<std::uint64_t>(free_until_ - sent_, write_bytes);
    if (sendable == 0 && (!framed() || frames_->unsent() == 0)) { return; }
    const std::string_view ready(out_.data(), static_cast<std::size_t>(sendable));
    const auto written =
        framed() ? frames_->write(descriptor_, ready) : ::send(descriptor_, ready.data(), ready.size(), MSG_NOSIGNAL);
    if (written < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) { end(reason_of(errno)); }
        return;
    }
    const auto bytes = static_cast<std::size_t>(written);
    sent_ += bytes;
    turn_.sums.bytes_written += bytes;
    out_.drop_front(bytes);
    touch();
    const auto unsent = std::find_if(chunk_ends_.begin(), chunk_ends_.end(), [this](auto end) { return end > sent_; });
    if (unsent != chunk_ends_.begin()) {
        read_->sent(static_cast<std::size_t>(unsent - chunk_ends_.begin()));
        chunk_ends_.erase(chunk_ends_.begin(), unsent);
    }
}

// A client that sends a long pipeline before it reads an answer is read from meanwhile: it could wait for ever. In
// frames there may be pings, whose answers would pile up; and who speaks in frames reads at any time.
std::size_t connection::waiting_most() const noexcept {
    const bool may_send_first = speaking_ == speaking::resp && authenticated_ && !framed();
    if (may_send_first && turn_.waiting_bytes < 2 * turn_.waiting_limit) { return turn_.waiting_limit; }
    return paused_ ? 0 : limits::reply_resume_bytes;
}

void connection::account_waiting(std::size_t bytes) noexcept {
    turn_.waiting_bytes += bytes - accounted_;
    accounted_ = bytes;
}

void connection::update_interest() {
    paused_ = congested() || (paused_ && unread() >= limits::reply_resume_bytes);
    account_waiting(rest_.size());
    const bool reads = !input_over_ && !closing_ && !(input_waits() && rest_.size() >= waiting_most());
    auto wanted = reads ? readiness::read : readiness::none;
    // Whoever is not read from is watched for its end, at least while it waits for something to happen.
    if (!reads && is_blocked()) { wanted = wanted | readiness::hang_up; }
    if (free_until_ > sent_ || (framed() && frames_->unsent() > 0)) { wanted = wanted | readiness::write; }
    if (wanted != interest_) {
        interest_ = wanted;
        watch_->want(wanted);
    }
}

// ---- Waiting and ending.

void connection::resume() {
    parked_ = false;
    if (!dead_) {
        turn_.mark_runnable(*this);
        turn_.mark_dirty(*this);
    }
}

void connection::answer_long(std::function<void(reply_sink&)> answer) {
    COPPICE_CHECK(read_ == nullptr);
    if (dead_) { return; }
    read_ = std::make_shared<long_read>(turn_.events, turn_.workers, turn_.clock, static_cast<chunk_target&>(*this));
    turn_.workers.run(
        [read = read_, answer = std::move(answer), version = sink_.writer().version()] { read->run(answer, version); });
}

void connection::chunk(const wire::byte_buffer& bytes) {
    if (muted_) { return read_->sent(1); }
    static_cast<void>(reply());
    out_.append(bytes.view());
    chunk_ends_.push_back(sent_ + out_.size());
}

void connection::chunks_ended(bool failed) {
    read_.reset();
    chunk_ends_.clear();
    if (failed) { return end("its answer broke off"); }
    turn_.mark_dirty(*this);
    turn_.mark_runnable(*this);
}

void connection::close_after_reply() {
    closing_ = true;
    if (!dead_) { turn_.mark_dirty(*this); }
}

void connection::stop_reading() { close_after_reply(); }

void connection::kill(std::string_view reason) {
    if (dead_) { return; }
    dead_ = true;
    account_waiting(0);
    turn_.log.debug("client {} from {}: {}", id_, address_, reason);
    if (framed()) {
        const bool expected = closing_ || input_over_;
        frames_->say_close(descriptor_, expected ? wire::close_code::normal : wire::close_code::going_away,
                           reason.substr(0, wire::close_reason_bytes));
    }
    close_descriptor();
    if (read_) { std::exchange(read_, nullptr)->cancel(); }
    sink_.writer().write_to(turn_.discarded);
    turn_.mark_dead(*this);
}

void connection::end(std::string_view reason) {
    kill(reason);
    tell_end();
}

void connection::tell_end() noexcept {
    if (std::exchange(told_, true)) { return; }
    http_ != nullptr ? http_->ended() : turn_.commands.disconnected(*this);
}

void connection::second_passed(std::chrono::nanoseconds now) {
    if (dead_) { return; }
    const auto idle = now - active_;
    const bool may_time_out = !stays_when_idle_ && !parked_ && read_ == nullptr;
    if (turn_.idle_limit.count() > 0 && may_time_out && idle > turn_.idle_limit) { return end("idle for too long"); }
    if (closing_ && idle > reading_patience) { return end("did not read its last answer"); }
    look_at_reading(now);
    if (rest_.capacity() > 2 * rest_.size() && idle > burst_over) {
        wire::byte_buffer fitting;
        fitting.append(rest_.view());
        rest_ = std::move(fitting);
    }
}

client_numbers connection::numbers() const {
    const auto seconds = [now = turn_.clock.elapsed()](auto since) {
        return std::chrono::duration_cast<std::chrono::seconds>(now - since);
    };
    client_numbers shown{.age = seconds(born_), .idle = seconds(active_)};
    shown.qbuf = rest_.size();
    shown.qbuf_free = rest_.capacity() - rest_.size();
    shown.argv_mem = parser_.memory();
    shown.rbs = out_.capacity();
    shown.obl = out_.size();
    shown.omem = unread() > limits::reply_pause_bytes ? unread() - limits::reply_pause_bytes : 0;
    shown.tot_mem = sizeof *this + rest_.capacity() + out_.capacity() + shown.argv_mem;
    char* event = shown.events;
    if (has(interest_, readiness::read)) { *event++ = 'r'; }
    if (has(interest_, readiness::write)) { *event++ = 'w'; }
    *event = '\0';
    shown.bytes_read = bytes_read_;
    shown.bytes_written = sent_;
    return shown;
}

}  // namespace coppice::server
