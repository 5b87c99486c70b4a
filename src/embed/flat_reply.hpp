// embed/flat_reply.hpp: the sink of a program that makes values of its own language of replies, when it may.
//
// A reply lies here as a run of items, aggregates before what they hold, and one run of bytes: filling it needs no lock
// of the program's and, once it has grown, no memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <wire/reply.hpp>

namespace coppice {

class flat_reply final : public reply_sink {
public:
    enum class kind : std::uint8_t { null, word, failure, integer, real, boolean, bulk, verbatim, array, map, set };
    struct item {
        kind is;
        union {
            std::int64_t number;  ///< integer, boolean; of an aggregate how many values follow, of a map two for a pair
            double real;
            std::uint64_t begin;  ///< of a text, in bytes
        };
        std::uint64_t size = 0;  ///< of a text
    };

    [[nodiscard]] static bool has_text(kind is) noexcept {
        return is == kind::word || is == kind::failure || is == kind::bulk || is == kind::verbatim;
    }
    [[nodiscard]] const std::vector<item>& items() const noexcept { return items_; }
    [[nodiscard]] std::string_view text_of(const item& of) const noexcept {
        return std::string_view(bytes_).substr(of.begin, of.size);
    }
    /// Forgets the replies, and gives back memory where it is much.
    void clear() noexcept;

    void status(std::string_view text) override { say(kind::word, text); }
    void error(std::string_view text) override { say(kind::failure, text); }
    void integer(std::int64_t number) override { say(kind::integer, number); }
    void real(double number) override;
    void boolean(bool truth) override { say(kind::boolean, truth ? 1 : 0); }
    void bulk(std::string_view bytes) override { say(kind::bulk, bytes); }
    void verbatim(std::string_view text) override { say(kind::verbatim, text); }
    void null() override { say(kind::null, std::int64_t{0}); }
    void null_array() override { null(); }
    void array(std::size_t size) override { say(kind::array, static_cast<std::int64_t>(size)); }
    void map(std::size_t pairs) override { say(kind::map, static_cast<std::int64_t>(2 * pairs)); }
    void set(std::size_t size) override { say(kind::set, static_cast<std::int64_t>(size)); }
    void begin_bulk(std::uint64_t length) override;
    void part(std::string_view bytes) override;
    void end_bulk() override {}

    /// A number of items; their bytes are taken back with them.
    [[nodiscard]] std::size_t mark() const noexcept override { return items_.size(); }
    void back_to(std::size_t to) override;
    void bound(std::size_t bytes) noexcept override { most_ = bytes == unbounded ? unbounded : bytes_.size() + bytes; }
    [[nodiscard]] int protocol() const noexcept override { return 3; }

private:
    void say(kind is, std::string_view text);
    void say(kind is, std::int64_t number);

    std::vector<item> items_;
    std::string bytes_;
    std::size_t most_ = unbounded;  // bytes that may be said
};

}  // namespace coppice
