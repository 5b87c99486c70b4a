// Events of any bytes: JSON that was read is written and read again the same; what is prepared are the words of a
// command, or an error; answers are JSON wherever their texts are split.
//
// The first byte chooses the event, or that the document names it, as a pipeline does; the rest is [args, kwargs].
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <coppice/base/assert.hpp>

#include "znsocket/answer_writer.hpp"
#include "znsocket/commands.hpp"
#include "znsocket/value.hpp"

namespace {

using namespace coppice::znsocket;

value read_back(const std::string& json) {
    auto read = read_json(json);
    COPPICE_CHECK(read.has_value());
    return std::move(*read);
}

// Says each word of a command, first in one piece, then in pieces.
void check_answer(const prepared& command) {
    std::string answers[2];
    for (const std::size_t piece : {SIZE_MAX, std::size_t{1}}) {
        auto& json = answers[piece == 1 ? 1 : 0];
        answer_writer answer(json);
        answer.begin(command);
        answer.array(command.words.size());
        for (const auto& word : command.words) {
            answer.begin_bulk(word.size());
            for (std::size_t at = 0; at < word.size(); at += std::min(piece, word.size() - at)) {
                answer.part(std::string_view(word).substr(at, piece));
            }
            answer.end_bulk();
        }
        answer.end();
        static_cast<void>(read_back(json));
    }
    COPPICE_CHECK(answers[0] == answers[1]);
}

void check_prepared(std::string_view event, const value& args, const value& kwargs) {
    const auto made = prepare(event, args, kwargs);
    if (const auto* failed = std::get_if<failure>(&made)) {
        std::string json;
        append_error(json, *failed);
        static_cast<void>(read_back(json));
        return;
    }
    const auto& command = std::get<prepared>(made);
    COPPICE_CHECK(is_command(event));
    COPPICE_CHECK(!command.words.empty() && !command.words[0].empty());
    static_cast<void>(read_back(command.if_null));
    check_answer(command);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) { return 0; }
    static const auto events = all_commands();
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto document = read_json(text);
    if (!document) { return 0; }
    const auto json = json_of(*document);
    COPPICE_CHECK(json_of(read_back(json)) == json);
    static_cast<void>(document->placeholder());
    const auto& items = document->items;
    if (!document->is(value_kind::array) || items.size() < 2) { return 0; }
    if (data[0] < events.size()) {
        check_prepared(events[data[0]].event, items[0], items[1]);
    } else if (items[0].is(value_kind::text) && items[1].items.size() == 2) {
        check_prepared(items[0].text, items[1].items[0], items[1].items[1]);
    }
    return 0;
}
