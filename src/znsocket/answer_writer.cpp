#include "znsocket/answer_writer.hpp"

#include <algorithm>

namespace coppice::znsocket {
namespace {

constexpr std::string_view begin_of_answer = R"({"data":)";
constexpr std::string_view end_of_set = R"(,"type":"set")";
constexpr std::string_view general_prefix = "ERR ";
constexpr std::size_t json_per_byte = 6;  // of a text of control characters
constexpr std::size_t short_answer_steps = 8;

// Room for some more, growing by factors.
template <class Elements>
void make_room_in(Elements& all, std::size_t more) {
    if (all.capacity() - all.size() >= more) { return; }
    all.reserve(std::max(2 * all.capacity(), all.size() + more));
}

}  // namespace

void answer_writer::begin(const prepared& of) {
    begin_pipeline({&of, 1});
    pipeline_ = false;
    answer_depth_ = 0;
}

void answer_writer::begin_pipeline(std::span<const prepared> each) {
    steps_.clear();
    open_.clear();
    failed_.reset();
    text_.forget();
    of_ = each;
    pipeline_ = true;
    answer_depth_ = 1;
    start_ = out_.size();
    out_ += begin_of_answer;
}

void answer_writer::fail(const failure& what) {
    if (failed_) { return; }
    const auto before = steps_.size();
    steps_.push_back({out_.size()});
    failed_ = what;
    failed_at_ = before;
}

void answer_writer::end() {
    if (!is_whole()) { fail({"ResponseError", "the command was not answered"}); }
    if (failed_) {
        out_.resize(start_);
        append_error(out_, *failed_);
    } else if (pipeline_) {
        out_ += steps_.empty() ? "[]}" : "}";
    }
    of_ = {};
}

void answer_writer::status(std::string_view text) {
    say([&] {
        switch (current().form) {
            case answer_form::truth: out_ += "true"; return;
            case answer_form::fixed: out_ += current().if_null; return;
            default: append_json_text(out_, text); return;
        }
    });
}

void answer_writer::error(std::string_view text) {
    if (text.starts_with(general_prefix)) { text.remove_prefix(general_prefix.size()); }
    fail({"ResponseError", std::string(text)});
}

void answer_writer::integer(std::int64_t number) {
    say([&] {
        const bool alone = is_answer();
        const auto form = current().form;
        if (alone && form == answer_form::truth) {
            out_ += number != 0 ? "true" : "false";
        } else {
            out_ += std::to_string(alone && form == answer_form::given_count ? current().count : number);
        }
    });
}

void answer_writer::real(double number) {
    say([&] { append_json_number(out_, number); });
}

void answer_writer::boolean(bool truth) {
    say([&] { out_ += truth ? "true" : "false"; });
}

void answer_writer::null() {
    say([&] { out_ += is_answer() ? std::string_view(current().if_null) : "null"; });
}

void answer_writer::bulk(std::string_view bytes) {
    if (!begin_value()) { return; }
    say_text(bytes);
    end_value();
}

void answer_writer::begin_bulk(std::uint64_t) {
    if (begin_value()) { out_ += '"'; }
}

void answer_writer::part(std::string_view bytes) {
    if (failed_ || steps_.empty()) { return; }
    text_.add(bytes);
    check_bound();
}

void answer_writer::end_bulk() {
    if (failed_ || steps_.empty()) { return; }
    text_.end();
    out_ += '"';
    end_value();
}

void answer_writer::make_room(std::size_t bytes) {
    make_room_in(out_, json_per_byte * bytes);
    make_room_in(steps_, short_answer_steps);
    make_room_in(open_, short_answer_steps);
}

void answer_writer::back_to(std::size_t to) {
    if (to == steps_.size()) { return; }
    out_.resize(steps_[to].at);
    steps_.resize(to);
    text_.forget();
    if (failed_ && to <= failed_at_) { failed_.reset(); }
    open_.clear();
    for (std::size_t at = 0; at < (failed_ ? failed_at_ : to); ++at) {
        account(steps_[at]);
        while (!open_.empty() && open_.back().items_left == 0) { open_.pop_back(); }
    }
}

void answer_writer::bound(std::size_t bytes) noexcept { most_ = bytes == unbounded ? unbounded : out_.size() + bytes; }

// The command whose answer the last value is, or is part of.
const prepared& answer_writer::current() const noexcept {
    static const prepared unknown;
    const auto place = pipeline_ ? open_.front().items_said - 1 : 0;
    return place < of_.size() ? of_[place] : unknown;
}

// Whether the last value is a name in an object.
bool answer_writer::is_name() const noexcept {
    return !open_.empty() && open_.back().close == '}' && open_.back().items_said % 2 == 1;
}

bool answer_writer::is_whole() const noexcept {
    return open_.empty() && (!steps_.empty() || (pipeline_ && of_.empty()));
}

// Whether a text that is said now and is a number is to be one.
bool answer_writer::says_numbers() const noexcept {
    const auto form = current().form;
    const bool cursor = (form == answer_form::page || form == answer_form::pairs_page) && is_item_of_answer();
    return cursor || form == answer_form::numbers;
}

void answer_writer::open(char close, std::uint64_t items) {
    const bool in_pairs_page = is_item_of_answer() && current().form == answer_form::pairs_page;
    if (in_pairs_page) { close = '}'; }
    if (!begin_value(close, items)) { return; }
    out_ += close == ']' ? '[' : '{';
    if (items > 0) { return check_bound(); }
    out_ += close;
    open_.pop_back();
    end_value();
}

// Writes what stands before a value. False: it is not heard.
bool answer_writer::begin_value(char close, std::uint64_t items) {
    const bool before_exec = pipeline_ && open_.empty();
    if (failed_ || (before_exec && close != ']')) { return false; }
    steps_.push_back({out_.size(), close, items});
    if (!open_.empty()) {
        const auto& around = open_.back();
        if (around.items_said > 0) { out_ += around.close == '}' && around.items_said % 2 == 1 ? ':' : ','; }
        if (pipeline_ && is_answer()) { out_ += begin_of_answer; }
    }
    account(steps_.back());
    return true;
}

void answer_writer::account(const step& said) {
    if (!open_.empty()) {
        --open_.back().items_left;
        ++open_.back().items_said;
    }
    if (said.close != 0) { open_.push_back({said.close, said.items}); }
}

// Writes what stands behind a value, closing what it was the last item of.
void answer_writer::end_value() {
    for (;;) {
        if (is_answer()) {
            if (current().form == answer_form::members) { out_ += end_of_set; }
            out_ += '}';
        }
        if (open_.empty() || open_.back().items_left > 0) { break; }
        out_ += open_.back().close;
        open_.pop_back();
    }
    check_bound();
}

template <class Write>
void answer_writer::say(Write write) {
    if (!begin_value()) { return; }
    const bool quoted = is_name();
    if (quoted) { out_ += '"'; }
    write();
    if (quoted) { out_ += '"'; }
    end_value();
}

void answer_writer::say_text(std::string_view bytes) {
    if (says_numbers()) {
        const auto number = read_json(bytes);
        if (number && (number->is(value_kind::integer) || number->is(value_kind::real))) {
            return append_json(out_, *number);
        }
    }
    append_json_text(out_, bytes);
}

void answer_writer::check_bound() const {
    if (out_.size() > most_) { throw answer_too_long(); }
}

}  // namespace coppice::znsocket
