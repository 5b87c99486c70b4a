// znsocket/answer_writer.hpp: a sink that says the answer of an event, as the JSON of its acknowledgement.
//
//     answer_writer answer(out);
//     answer.begin(prepared);              {"data":3}     {"data":["a"],"type":"set"}
//     run_request(.., answer, words);      {"error":{"msg":"no such key","type":"ResponseError"}}
//     answer.end();
//
// A pipeline is run as MULTI, its commands, EXEC. What the server says until EXEC's array comes is not heard,
// but for errors, and each item of the array becomes the answer of its command:
//
//     {"data":[{"data":1},{"data":["a"],"type":"set"}]}
//
// The first error, in EXEC's array or before it, is the whole answer, so EXEC may stop there and say fewer items
// than it announced.
//
// What was said can be taken back (reply.hpp): a step is kept for each value, 24 bytes, and the place among open
// arrays is found again by walking over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/reply.hpp"
#include "znsocket/commands.hpp"
#include "znsocket/value.hpp"

namespace coppice::znsocket {

class answer_writer final : public reply_sink {
public:
    /// Appends to `out`, which must outlive this.
    explicit answer_writer(std::string& out) : out_(out), text_(out) {}

    /// The next value is the answer of this command.  Requires: `of` lives until end().
    void begin(const prepared& of);
    /// What MULTI, these commands and EXEC say comes next.  Requires: `each` lives until end().
    void begin_pipeline(std::span<const prepared> each);
    /// Instead of what was and will be said, unless that has been an error already: of a command of a pipeline that
    /// could not be prepared, after those before it have run.
    void fail(const failure& what);
    /// The answer is whole: `out` has one JSON object more.
    void end();

    void status(std::string_view text) override;
    void error(std::string_view text) override;
    void integer(std::int64_t number) override;
    void real(double number) override;
    void boolean(bool truth) override;
    void bulk(std::string_view bytes) override;
    void verbatim(std::string_view text) override { bulk(text); }
    void null() override;
    void null_array() override { null(); }
    void array(std::size_t size) override { open(']', size); }
    void map(std::size_t pairs) override { open('}', 2 * pairs); }
    void set(std::size_t size) override { open(']', size); }
    void begin_bulk(std::uint64_t length) override;
    void part(std::string_view bytes) override;
    void end_bulk() override;
    void make_room(std::size_t bytes) override;
    [[nodiscard]] std::size_t mark() const noexcept override { return steps_.size(); }
    void back_to(std::size_t to) override;
    void bound(std::size_t bytes) noexcept override;
    /// 3: maps, sets and doubles are said as such.
    [[nodiscard]] int protocol() const noexcept override { return 3; }

private:
    // One value that was said.
    struct step {
        std::size_t at;           // where `out` ended before it
        char close = 0;           // of an aggregate: the bracket behind its items
        std::uint64_t items = 0;  // of an aggregate
    };
    // An aggregate whose items are still coming.
    struct frame {
        char close;
        std::uint64_t items_left;
        std::uint64_t items_said = 0;
    };

    [[nodiscard]] const prepared& current() const noexcept;
    [[nodiscard]] bool is_answer() const noexcept { return open_.size() == answer_depth_; }
    [[nodiscard]] bool is_item_of_answer() const noexcept { return open_.size() == answer_depth_ + 1; }
    [[nodiscard]] bool is_name() const noexcept;
    [[nodiscard]] bool is_whole() const noexcept;
    [[nodiscard]] bool says_numbers() const noexcept;
    void open(char close, std::uint64_t items);
    bool begin_value(char close = 0, std::uint64_t items = 0);
    void account(const step& said);
    void end_value();
    template <class Write>
    void say(Write write);
    void say_text(std::string_view bytes);
    void check_bound() const;

    std::string& out_;
    json_text_writer text_;
    std::span<const prepared> of_;
    bool pipeline_ = false;
    std::size_t start_ = 0;         // of this answer, in out_
    std::size_t answer_depth_ = 0;  // how many aggregates are open where a command's answer begins
    std::vector<step> steps_;
    std::vector<frame> open_;
    std::optional<failure> failed_;
    std::size_t failed_at_ = 0;  // steps before the error
    std::size_t most_ = unbounded;
};

}  // namespace coppice::znsocket
