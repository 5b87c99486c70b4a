#include "znsocket/session.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

#include "znsocket/envelope.hpp"

namespace coppice::znsocket {
namespace {

using wire::socket_packet;
using wire::socket_packet_type;

constexpr std::string_view name_space = "/znsocket";
constexpr int events_in_a_turn = 256;
constexpr std::size_t requests_in_a_turn = 1024;
constexpr std::string_view key_error = "KeyError";
constexpr std::string_view complete = R"({"status":"complete"})";

std::string json_of(const failure& what) {
    std::string json;
    append_error(json, what);
    return json;
}

std::string json_of(bool truth) { return truth ? "true" : "false"; }

std::string_view text_in(const value& object, std::string_view name) noexcept {
    const auto* const found = object.find(name);
    return found != nullptr && found->is(value_kind::text) ? std::string_view(found->text) : std::string_view();
}

std::optional<std::uint64_t> number_in(const value& object, std::string_view name) noexcept {
    const auto* const found = object.find(name);
    return found == nullptr ? std::nullopt : found->whole_number();
}

// What an owner's silence is to an asker. Its client reads a JSON text of some methods, and raises what it finds there.
std::string no_answer(std::string_view method, const failure& why) {
    auto json = json_of(why);
    if (method != "__getitem__" && method != "get") { return json; }
    std::string text;
    append_json_text(text, json);
    return text;
}

}  // namespace

session::session(hub& shared, surroundings& around, std::string id, credentials given)
    : hub_(shared), around_(around), id_(std::move(id)), given_(std::move(given)), chunks_(shared.room_for_chunks()) {}

session::~session() { hub_.leave(*this); }

// ---- packets

status session::take(socket_packet packet, std::vector<std::string> attachments) {
    switch (packet.type) {
        case socket_packet_type::connect: connect(packet); return {};
        case socket_packet_type::disconnect:
            if (packet.name_space == name_space && std::exchange(connected_, false)) { hub_.leave(*this); }
            return {};
        case socket_packet_type::event:
        case socket_packet_type::binary_event: take_event(packet, std::move(attachments)); return {};
        case socket_packet_type::ack: return take_ack(packet);
        case socket_packet_type::binary_ack: return error{errc::invalid, "an acknowledgement with attachments"};
        case socket_packet_type::connect_error: return error{errc::invalid, "a connect error is the server's to say"};
    }
    return {};
}

void session::refuse_connection(const std::string& to, std::string_view why) {
    std::string json = R"({"message":)";
    append_json_text(json, why);
    send(socket_packet_type::connect_error, to, {}, json + "}");
}

void session::connect(const socket_packet& packet) {
    if (packet.name_space != name_space && packet.name_space != "/") {
        return refuse_connection(packet.name_space, "Invalid namespace");
    }
    auto as = given_;
    const auto said = packet.json.empty() ? result<value>(value()) : read_json(packet.json);
    if (const auto password = said ? text_in(*said, "password") : ""; !password.empty()) { as.password = password; }
    if (const auto branch = said ? text_in(*said, "branch") : ""; !branch.empty()) { as.branch = branch; }
    const auto refused = !around_.authenticated() || as.branch ? log_in(as) : std::string();
    if (!around_.authenticated()) {
        return refuse_connection(packet.name_space,
                                 "NOAUTH a password is needed, in the address (http://:password@host:port or "
                                 "?password=...) or as {\"password\": ...} when connecting");
    }
    if (!refused.empty()) { return refuse_connection(packet.name_space, refused); }
    branch_ = as.branch.value_or("main");
    if (packet.name_space == name_space && !std::exchange(connected_, true)) { hub_.join(*this); }
    send(socket_packet_type::connect, packet.name_space, {}, fmt::format(R"({{"sid":"{}"}})", id_));
}

// Why not; empty: it is done.
std::string session::log_in(const credentials& as) {
    const auto user = as.branch ? fmt::format("default@{}", *as.branch) : "default";
    const std::array<std::string_view, 3> words{"AUTH", user, as.password};
    const std::array<wire::request, 1> requests{words};
    const prepared plain;
    answers_.begin(plain);
    const bool finished = around_.run(requests) == requests.size();
    answers_.end();
    const auto answer = read_json(std::exchange(written_, {}));
    if (!finished || !answer) { return "the branch is not at hand yet: connect again"; }
    const auto* const failed = answer->find("error");
    return failed == nullptr ? std::string() : std::string(text_in(*failed, "msg"));
}

void session::take_event(socket_packet& packet, std::vector<std::string> attachments) {
    // Not looked into before its sender has connected, for which he may need a password.
    if (packet.name_space != name_space || !connected_) {
        return acknowledge(packet.id, json_of(failure{"UnknownEventError", "Not connected to /znsocket"}));
    }
    std::size_t bytes = packet.json.size();
    for (const auto& each : attachments) { bytes += each.size(); }
    inbox_.push_back({std::move(packet.json), std::move(attachments), packet.id, bytes});
    inbox_bytes_ += bytes;
}

status session::take_ack(const socket_packet& packet) {
    auto json = read_json(packet.json);
    if (!json) { return json.error(); }
    if (packet.id && connected_) { hub_.answer(*this, *packet.id, json_of(json->item(0))); }
    return {};
}

void session::acknowledge(reply_to id, std::string_view json) {
    if (!id) { return; }
    send(socket_packet_type::ack, name_space, id, fmt::format("[{}]", json));
}

void session::send(socket_packet_type type, std::string_view to, reply_to id, std::string json) {
    around_.send(text_of(socket_packet{
        .type = type, .attachments = 0, .name_space = std::string(to), .id = id, .json = std::move(json)}));
}

// ---- of a participant

void session::refreshed(std::string_view payload) {
    send(socket_packet_type::event, name_space, {}, fmt::format(R"(["refresh",{}])", payload));
}

void session::asked(std::uint64_t ticket, std::string_view question) {
    send(socket_packet_type::event, name_space, ticket, fmt::format(R"(["adapter:get",{}])", question));
}

// ---- events

status session::go_on() {
    for (int left = events_in_a_turn; left > 0 && has_work(); --left) {
        if (!running_) { begin(); }
        while (read_ && !around_.waits()) {
            auto read = *std::exchange(read_, std::nullopt);
            if (!read) { return read.error(); }
            run(std::move(*read));
        }
        run_requests();
        if (ran_ < requests_.size() || around_.waits()) { return {}; }
        finish();
    }
    return {};
}

// Finds out what an event asks for; on a worker, when that takes long.
template <class Reader>
void session::read(std::size_t bytes, Reader reader) {
    if (bytes <= limits::event_bytes_at_once) {
        read_ = reader();
        return;
    }
    const auto found = std::make_shared<std::optional<result<event>>>();
    around_.work([found, reader = std::move(reader)] { *found = reader(); },
                 [this, found] { read_ = std::move(*found); });
}

void session::begin() {
    auto next = std::move(inbox_.front());
    inbox_.pop_front();
    inbox_bytes_ -= next.bytes;
    running_ = true;
    reply_to_ = next.id;
    attachments_ = std::move(next.attachments);
    const auto size = next.json.size();
    read(size, [json = std::move(next.json)] { return read_event(json); });
}

void session::run(event asked) {
    switch (asked.kind) {
        case event_kind::command:
        case event_kind::pipeline: return run_commands(std::move(asked));
        case event_kind::server_config:
            return say(fmt::format(R"({{"max_http_buffer_size":{},"async_mode":"coppice","namespace":"{}"}})",
                                   limits::event_bytes, name_space));
        case event_kind::refresh: hub_.refresh(this, branch_, json_of(asked.data), around_.now()); return say({});
        case event_kind::adapter: return run_adapter_event(asked.name, asked.data);
        case event_kind::compressed: return open_compressed(asked.data);
        case event_kind::chunk: return take_chunk(asked.data);
        case event_kind::chunk_answer: return say_kept_answer(text_in(asked.data, "chunk_id"));
    }
}

void session::run_commands(event asked) {
    commands_ = std::move(asked.commands);
    failure_ = std::move(asked.failed);
    if (!commands_.empty()) { return give_requests(asked.kind == event_kind::pipeline); }
    failure_ ? fail(*failure_) : say(R"({"data":[]})");
}

void session::give_requests(bool pipeline) {
    static constexpr std::array<std::string_view, 1> multi{"MULTI"};
    static constexpr std::array<std::string_view, 1> exec{"EXEC"};
    words_.reserve(commands_.size());
    if (pipeline) { requests_.emplace_back(multi); }
    for (const auto& command : commands_) {
        requests_.emplace_back(words_.emplace_back(command.words.begin(), command.words.end()));
    }
    if (pipeline) { requests_.emplace_back(exec); }
    pipeline ? answers_.begin_pipeline(commands_) : answers_.begin(commands_.front());
}

// A pipeline's commands are only queued here; other clients have a turn in between.
void session::run_requests() {
    if (ran_ == requests_.size() || around_.waits()) { return; }
    const auto rest = std::span(requests_).subspan(ran_);
    ran_ += around_.run(rest.first(std::min(rest.size(), requests_in_a_turn)));
}

void session::fail(const failure& what) { say(json_of(what)); }

void session::finish() {
    if (!requests_.empty() && !answer_) {
        if (failure_) { answers_.fail(*failure_); }
        answers_.end();
        answer_ = std::move(written_);
    }
    if (answer_) { answer(reply_to_, chunks_id_, std::move(*answer_)); }  // else an adapter's owner does
    running_ = false;
    ran_ = 0;
    attachments_.clear();
    chunks_id_.clear();
    requests_ = {};
    words_ = {};
    commands_ = {};
    failure_.reset();
    answer_.reset();
    written_.clear();
}

// What came in chunks is asked for later.
void session::answer(reply_to id, const std::string& chunks_id, std::string json) {
    if (chunks_id.empty()) { return acknowledge(id, json); }
    chunks_.keep_answer(chunks_id, std::move(json));
    acknowledge(id, complete);
}

// ---- adapters

void session::run_adapter_event(std::string_view name, const value& data) {
    const auto key = text_in(data.item(1), "key");
    if (key.empty()) { return fail(wrong_arguments(name, "key, a text, is missing")); }
    if (name == "check_adapter") { return say(json_of(hub_.check(*this, key))); }
    if (name == "adapter_exists") { return say(json_of(hub_.exists(key))); }
    if (name == "adapter:get") { return ask_adapter(key, data); }
    if (!hub_.register_adapter(*this, key)) {
        return fail({std::string(key_error), fmt::format("Key {} already exists in storage", key)});
    }
    say(json_of(true));
}

void session::ask_adapter(std::string_view key, const value& data) {
    const std::string method(text_in(data.item(1), "method"));
    hub_.ask(
        *this, key, json_of(data), around_.now(),
        [this, id = reply_to_, chunks = chunks_id_, key = std::string(key), method](told how, std::string_view said) {
            if (how == told::answered) { return answer(id, chunks, std::string(said)); }
            const failure why{std::string(key_error), untold(how, key)};
            answer(id, chunks, how == told::no_adapter ? json_of(why) : no_answer(method, why));
        });
}

// ---- envelopes

// The bytes that stand at "data"; null when there are none.
std::string* session::attachment_of(const value& data) noexcept {
    const auto* const bytes = data.find("data");
    const auto place = bytes == nullptr ? std::nullopt : bytes->placeholder();
    return place && *place < attachments_.size() ? &attachments_[*place] : nullptr;
}

void session::open(std::string_view name, std::string envelope) {
    const auto size = enveloped_bytes(envelope);
    read(size, [name = std::string(name), envelope = std::move(envelope)] { return open_event(name, envelope); });
}

void session::open_compressed(const value& data) {
    auto* const bytes = attachment_of(data);
    if (bytes == nullptr) { return fail(deserialization_failure("data, an attachment, is missing")); }
    open(text_in(data, "event"), std::move(*bytes));
}

void session::take_chunk(const value& data) {
    auto* const bytes = attachment_of(data);
    if (bytes == nullptr) {
        return fail({"ChunkDecodeError", "Failed to decode chunk: data, an attachment, is missing"});
    }
    const auto index = number_in(data, "chunk_index");
    const auto total = number_in(data, "total_chunks");
    if (!index || !total) {
        return fail({"ChunkError", "chunk_index and total_chunks are whole numbers, the index counted from 0"});
    }
    chunk one{.id = std::string(text_in(data, "chunk_id")),
              .index = *index,
              .total = *total,
              .size = number_in(data, "size").value_or(0),
              .event = std::string(text_in(data, "event")),
              .data = std::move(*bytes)};
    const std::string id = one.id;
    auto outcome = chunks_.add(std::move(one), around_.now());
    if (const auto* const failed = std::get_if<failure>(&outcome)) { return fail(*failed); }
    if (const auto* const so_far = std::get_if<chunks_waiting>(&outcome)) {
        return say(fmt::format(R"({{"status":"waiting","received":{},"total":{}}})", so_far->received, so_far->total));
    }
    auto* const all = std::get_if<chunks_assembled>(&outcome);
    if (all == nullptr) { return say(std::string(complete)); }
    chunks_id_ = id;
    open(all->event, std::move(all->bytes));
}

void session::say_kept_answer(std::string_view chunks_id) {
    auto kept = chunks_.take_answer(chunks_id);
    const auto* const failed = std::get_if<failure>(&kept);
    failed != nullptr ? fail(*failed) : say(std::move(std::get<std::string>(kept)));
}

void session::second_passed() { chunks_.expire(around_.now()); }

}  // namespace coppice::znsocket
