#include "znsocket/session.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

#include "znsocket/envelope.hpp"

namespace coppice::znsocket {
namespace {

using wire::socket_packet;
using wire::socket_packet_type;

constexpr std::string_view name_space = "/znsocket";
constexpr std::string_view unknown_event = "UnknownEventError";
constexpr std::string_view key_error = "KeyError";
constexpr std::string_view complete = R"({"status":"complete"})";

const value nothing;

std::string json_of(const value& given) {
    std::string json;
    append_json(json, given);
    return json;
}

std::string json_of(const failure& what) {
    std::string json;
    append_error(json, what);
    return json;
}

std::string json_of(bool truth) { return truth ? "true" : "false"; }

failure wrong_arguments(std::string_view name, std::string_view text) {
    return {"TypeError", fmt::format("Invalid arguments for {}: {}", name, text)};
}

const value& item(const value& array, std::size_t at) noexcept {
    return array.is(value_kind::array) && at < array.items.size() ? array.items[at] : nothing;
}

std::string_view text_in(const value& object, std::string_view name) noexcept {
    const auto* const found = object.find(name);
    return found != nullptr && found->is(value_kind::text) ? std::string_view(found->text) : std::string_view();
}

// A number that is missing or none is 0.
std::uint64_t number_in(const value& object, std::string_view name) noexcept {
    const auto* const found = object.find(name);
    std::uint64_t number = 0;
    if (found != nullptr && found->is(value_kind::integer)) {
        std::from_chars(found->text.data(), found->text.data() + found->text.size(), number);
    }
    return number;
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
    : hub_(shared), around_(around), id_(std::move(id)), given_(std::move(given)) {}

session::~session() { hub_.leave(*this); }

// ---- packets

status session::take(socket_packet packet, std::vector<std::string> attachments) {
    switch (packet.type) {
        case socket_packet_type::connect: connect(packet); return {};
        case socket_packet_type::disconnect:
            if (packet.name_space == name_space && std::exchange(connected_, false)) { hub_.leave(*this); }
            return {};
        case socket_packet_type::event:
        case socket_packet_type::binary_event: return take_event(packet, std::move(attachments));
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

status session::take_event(const socket_packet& packet, std::vector<std::string> attachments) {
    // Not looked into before its sender has connected, for which he may need a password.
    if (packet.name_space != name_space || !connected_) {
        acknowledge(packet.id, json_of(failure{std::string(unknown_event), "Not connected to /znsocket"}));
        return {};
    }
    auto json = read_json(packet.json);
    if (!json) { return json.error(); }
    if (!json->is(value_kind::array) || json->items.empty() || !json->items.front().is(value_kind::text)) {
        return error{errc::invalid, "an event is an array that begins with its name"};
    }
    std::size_t bytes = packet.json.size();
    for (const auto& each : attachments) { bytes += each.size(); }
    inbox_.push_back({std::move(json->items.front().text), json->items.size() > 1 ? std::move(json->items[1]) : value(),
                      std::move(attachments), packet.id, bytes});
    inbox_bytes_ += bytes;
    return {};
}

status session::take_ack(const socket_packet& packet) {
    auto json = read_json(packet.json);
    if (!json) { return json.error(); }
    if (packet.id && connected_) { hub_.answer(*this, *packet.id, json_of(item(*json, 0))); }
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

void session::go_on() {
    while (running_ || !inbox_.empty()) {
        if (!running_) {
            auto next = std::move(inbox_.front());
            inbox_.pop_front();
            inbox_bytes_ -= next.bytes;
            begin(next);
        }
        run_requests();
        if (ran_ < requests_.size() || around_.waits()) { return; }
        finish();
    }
}

void session::begin(event& next) {
    running_ = true;
    reply_to_ = next.id;
    if (next.name == "compressed_message") {
        run_compressed(next);
    } else if (next.name == "chunked_message") {
        take_chunk(next);
    } else if (next.name == "get_chunked_result") {
        auto kept = chunks_.take_answer(text_in(next.data, "chunk_id"));
        const auto* const failed = std::get_if<failure>(&kept);
        failed != nullptr ? fail(*failed) : say(std::move(std::get<std::string>(kept)));
    } else {
        run_event(next.name, next.data, false);
    }
}

void session::run_event(std::string_view name, const value& data, bool in_envelope) {
    if (name == "server_config") {
        return say(fmt::format(R"({{"max_http_buffer_size":{},"async_mode":"coppice","namespace":"{}"}})",
                               limits::event_bytes, name_space));
    }
    if (name == "refresh") {
        hub_.refresh(this, branch_, json_of(in_envelope ? item(data, 1) : data));
        return say({});
    }
    if (name == "check_adapter" || name == "adapter_exists" || name == "register_adapter" || name == "adapter:get") {
        return run_adapter_event(name, data);
    }
    const auto& args = item(data, 0);
    const auto& kwargs = item(data, 1);
    if (!args.is(value_kind::array) || !kwargs.is(value_kind::object) || data.items.size() != 2) {
        return fail(wrong_arguments(name, "an event carries [args, kwargs]: an array and an object"));
    }
    name == "pipeline" ? run_pipeline(kwargs) : run_command(name, args, kwargs);
}

void session::run_command(std::string_view name, const value& args, const value& kwargs) {
    auto command = prepare(name, args, kwargs);
    if (const auto* const failed = std::get_if<failure>(&command)) { return fail(*failed); }
    commands_.push_back(std::move(std::get<prepared>(command)));
    give_requests(false);
}

// Commands in front of one that cannot be prepared run, as if it had failed itself.
void session::run_pipeline(const value& kwargs) {
    const auto* const message = kwargs.find("message");
    if (message == nullptr || !message->is(value_kind::array)) {
        return fail(wrong_arguments("pipeline", "message is an array of [name, [args, kwargs]]"));
    }
    for (const auto& each : message->items) {
        const auto& name = item(each, 0);
        const auto& args = item(item(each, 1), 0);
        const auto& kwargs_of = item(item(each, 1), 1);
        if (!name.is(value_kind::text) || !args.is(value_kind::array) || !kwargs_of.is(value_kind::object)) {
            failure_ = wrong_arguments("pipeline", "a command is [name, [args, kwargs]]");
            break;
        }
        auto command = prepare(name.text, args, kwargs_of);
        if (auto* const failed = std::get_if<failure>(&command)) {
            failure_ = std::move(*failed);
            break;
        }
        commands_.push_back(std::move(std::get<prepared>(command)));
    }
    if (!commands_.empty()) { return give_requests(true); }
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

void session::run_requests() {
    while (ran_ < requests_.size() && !around_.waits()) {
        const auto finished = around_.run(std::span(requests_).subspan(ran_));
        if (finished == 0) { return; }
        ran_ += finished;
    }
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
    chunks_id_.clear();
    requests_.clear();
    words_.clear();
    commands_.clear();
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
    const auto key = text_in(item(data, 1), "key");
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
    const std::string method(text_in(item(data, 1), "method"));
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
std::string* session::attachment_of(event& given) noexcept {
    const auto* const data = given.data.find("data");
    const auto place = data == nullptr ? std::nullopt : data->placeholder();
    return place && *place < given.attachments.size() ? &given.attachments[*place] : nullptr;
}

void session::run_compressed(event& given) {
    auto* const bytes = attachment_of(given);
    if (bytes == nullptr) { return fail(deserialization_failure("data, an attachment, is missing")); }
    run_opened(text_in(given.data, "event"), *bytes);
}

void session::take_chunk(event& given) {
    auto* const bytes = attachment_of(given);
    if (bytes == nullptr) {
        return fail({"ChunkDecodeError", "Failed to decode chunk: data, an attachment, is missing"});
    }
    chunk one{.id = std::string(text_in(given.data, "chunk_id")),
              .index = number_in(given.data, "chunk_index"),
              .total = number_in(given.data, "total_chunks"),
              .size = number_in(given.data, "size"),
              .event = std::string(text_in(given.data, "event")),
              .data = std::move(*bytes)};
    const std::string id = one.id;
    auto outcome = chunks_.add(std::move(one), around_.now());
    if (const auto* const failed = std::get_if<failure>(&outcome)) { return fail(*failed); }
    if (const auto* const so_far = std::get_if<chunks_waiting>(&outcome)) {
        return say(fmt::format(R"({{"status":"waiting","received":{},"total":{}}})", so_far->received, so_far->total));
    }
    const auto* const all = std::get_if<chunks_assembled>(&outcome);
    if (all == nullptr) { return say(std::string(complete)); }
    chunks_id_ = id;
    run_opened(all->event, all->bytes);
}

void session::run_opened(std::string_view name, std::string_view bytes) {
    const auto opened = open_envelope(bytes);
    if (const auto* const failed = std::get_if<failure>(&opened)) { return fail(*failed); }
    const auto data = read_json(std::get<std::string>(opened));
    if (!data) { return fail(deserialization_failure(data.error().context)); }
    run_event(name, *data, true);
}

void session::second_passed() { chunks_.expire(around_.now()); }

}  // namespace coppice::znsocket
