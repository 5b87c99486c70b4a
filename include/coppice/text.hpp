// coppice/text.hpp: a persistent text.
//
// text is a text you can keep every version of: a copy is O(1), a change makes a new value, and the old one stays as it
// was. Use it for what an editor shows: long, changed anywhere, found by line, undone by keeping the value before. For
// words and lines that nobody edits std::string is smaller and faster.
//
//     coppice::text page("first line\nsecond line\n");
//     const auto before = page;
//     page = std::move(page).insert(page.position_of_line(1), "between\n");
//     for (const coppice::splice& change : diff(before, page)) { /* {11, 0, 11, 8}: eight bytes came in */ }
//
// It holds UTF-8, and nothing else: bytes are checked where they come in, and no change may begin or end inside a code
// point. Positions are bytes, counted from 0, as in std::string; lines and code points are counted beside them.
//
// Shape. A B+ tree by position (resident/text_tree.hpp) and its size; 16 bytes, and copying counts one.
//
//      text ---> [ 3 7 | code points, line breaks ]      sums of bytes, and what each child holds
//                 /   `---.
//             [a b c] [d e f g]                          leaves of at most 2 KiB
//
// Cost                                               time         allocates
//   copy, size, length, line_count, ==itself         O(1)         nothing
//   line_of, column, position_of_line, operator[]    O(log n)     nothing
//   insert, erase, replace of m bytes                O(log n + m) one path; on an rvalue nothing where it has one owner
//   slice, take, drop, line, +                       O(log n)     one path of each input; the rest is shared
//   find, ==, <=>, hash, to_string                   O(n)         nothing; leaves in one place of both are not compared
//   diff, merge                                      O(d log n)   d differences
//
// Threads. Texts that share nodes are independent. On one text const calls may overlap, assignment not.
// (With local_nodes all texts that share nodes belong to one thread.)
// Errors. Allocation throws; std::out_of_range a position behind the end; text_error one inside a code point, and bytes
// that are not UTF-8. Every text is then as it was.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iosfwd>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <coppice/resident/iterator.hpp>
#include <coppice/resident/rooted.hpp>
#include <coppice/resident/sequence_diff.hpp>
#include <coppice/resident/sequence_merge.hpp>
#include <coppice/resident/text_diff.hpp>
#include <coppice/resident/text_tree.hpp>

namespace coppice {

/// No code point begins at a position: that of a text, or of bytes that were to become one.
class text_error : public std::invalid_argument {
public:
    text_error(const char* what, std::size_t position)
        : std::invalid_argument("coppice::text: " + std::string(what) + " at byte " + std::to_string(position)),
          position_(position) {}
    [[nodiscard]] std::size_t position() const noexcept { return position_; }

private:
    std::size_t position_;
};

template <class Nodes>
class text_edit;

template <class Nodes = shared_nodes>
class basic_text : public resident::rooted<resident::text_tree<Nodes>>, public resident::iterable<basic_text<Nodes>> {
    using base = resident::rooted<resident::text_tree<Nodes>>;
    using nodes = resident::text_tree<Nodes>;
    using header = typename nodes::header;
    using base::root_, base::size_;

public:
    using value_type = char;
    using reference = const char&;
    using const_reference = const char&;
    using const_pointer = const char*;
    using typename resident::iterable<basic_text>::const_iterator;
    using edit_type = text_edit<Nodes>;
    class code_point_iterator;
    class code_point_range;
    /// Of the one allocation of a text that fits into a leaf.
    static constexpr std::size_t node_bytes_beyond_elements = nodes::leaf::first_byte();

    /// Nothing.  Allocates nothing.
    basic_text() noexcept = default;
    /// Errors: throws text_error naming the first byte that is not UTF-8.
    explicit basic_text(std::string_view bytes) : basic_text() { append_here(checked(bytes)); }

    // ---- Looking

    /// Code points; size() is that of bytes.
    [[nodiscard]] std::size_t length() const noexcept { return nodes::measure_before(root_, size_).code_points; }
    /// One more than there are line breaks ('\n'): what stands behind the last one is a line, empty or not.
    [[nodiscard]] std::size_t line_count() const noexcept { return nodes::measure_before(root_, size_).breaks + 1; }

    /// The byte at `position`.  Requires: position < size().
    [[nodiscard]] const char& operator[](std::size_t position) const noexcept { return *leaf_of(position).at; }
    /// The code point that begins at `position`.  Errors: as of a change there.
    [[nodiscard]] char32_t code_point_at(std::size_t position) const {
        if (expect_boundary(position) == size_) { throw text_error("no code point,", position); }
        return resident::utf8::decoded(this->begin() + static_cast<std::ptrdiff_t>(position));
    }

    // Positions, lines and code points are counted from 0.  Errors: std::out_of_range for what is not there.

    /// How many code points begin before `position`.
    [[nodiscard]] std::size_t code_points_before(std::size_t position) const {
        return nodes::measure_before(root_, expect(position, size_)).code_points;
    }
    /// Where a code point begins; the end for the one behind the last.
    [[nodiscard]] std::size_t position_of_code_point(std::size_t index) const {
        if (expect(index, length()) == length()) { return size_; }
        return nodes::template position_of<&resident::text_measure::code_points>(root_, index);
    }
    /// The line that a position is in. A line break is in the line that it ends.
    [[nodiscard]] std::size_t line_of(std::size_t position) const {
        return nodes::measure_before(root_, expect(position, size_)).breaks;
    }
    /// Where a line begins.
    [[nodiscard]] std::size_t position_of_line(std::size_t line) const {
        if (expect(line, line_count() - 1) == 0) { return 0; }
        return nodes::template position_of<&resident::text_measure::breaks>(root_, line - 1) + 1;
    }
    /// How many code points of its line begin before a position.
    [[nodiscard]] std::size_t column(std::size_t position) const {
        return code_points_before(position) - code_points_before(position_of_line(line_of(position)));
    }
    /// A line, its line break included: all lines one behind the other are the text.
    [[nodiscard]] basic_text line(std::size_t line) const {
        const std::size_t first = position_of_line(line);
        return part(first, line + 1 == line_count() ? size_ : position_of_line(line + 1));
    }

    /// Where `wanted` stands first at `from` or behind it.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view wanted, std::size_t from = 0) const;
    [[nodiscard]] bool contains(std::string_view wanted) const { return find(wanted).has_value(); }
    [[nodiscard]] bool starts_with(std::string_view wanted) const { return has_at(0, wanted); }
    [[nodiscard]] bool ends_with(std::string_view wanted) const {
        return wanted.size() <= size_ && has_at(size_ - wanted.size(), wanted);
    }

    [[nodiscard]] std::string to_string() const {
        std::string all;
        all.reserve(size_);
        for_each_span([&all](std::string_view some) { all += some; });
        return all;
    }
    /// Copies all bytes to `to`, which has room for size(); returns where they end.
    char* copy_to(char* to) const {
        for_each_span([&to](std::string_view some) { to = std::copy(some.begin(), some.end(), to); });
        return to;
    }
    /// The bytes from `position` to the end of their leaf, which may lie inside a code point; valid while any text
    /// lives that holds them.  Requires: position < size().
    [[nodiscard]] std::string_view span_at(std::size_t position) const noexcept {
        const auto in = leaf_of(position);
        return {in.at, static_cast<std::size_t>(in.end - in.at)};
    }
    /// Calls `use` with the bytes of each leaf, in order.  The quickest way through all.
    template <class Use>
    void for_each_span(Use use) const {
        for (std::size_t position = 0; position < size_;) {
            const std::string_view some = span_at(position);
            use(some);
            position += some.size();
        }
    }
    /// A forward range of char32_t. The text must live, where it is.
    [[nodiscard]] code_point_range code_points() const& noexcept { return code_point_range(*this); }
    /// Of a text that ends with the expression, as `page.line(1)`: give it a name first.
    code_point_range code_points() const&& = delete;

    /// Calls `use(address, bytes)` for each node, a node before those below it, which are left out if `use` returns
    /// false. Texts share a node if both have its address.  Cost: O(nodes).
    template <class Use>
    void for_each_node(Use use) const {
        const auto look = [&use](const header& node, std::size_t bytes) {
            return use(static_cast<const void*>(&node), bytes);
        };
        if (root_ != nullptr) { nodes::for_each_node(*root_, look); }
    }
    /// Calls `use(address, first, count)` for runs of up to `most` bytes, or of one leaf, in order. As long as it
    /// lives, what lies at one address and is as long is one run, in however many texts.  Cost: O(runs).
    template <class Use>
    void for_each_run(std::size_t most, Use use) const {
        const auto look = [&use](const header& node, std::size_t first, std::size_t count) {
            use(static_cast<const void*>(&node), first, count);
        };
        if (root_ != nullptr) { nodes::for_each_run(*root_, 0, most, look); }
    }

    // ---- Changing: each makes a new text, and on an rvalue reuses what nobody else holds.
    // Errors: std::out_of_range unless first <= last <= size(), text_error inside a code point or for other bytes.

    /// With `bytes` before the byte at `position`.
    [[nodiscard]] basic_text insert(std::size_t position, std::string_view bytes) const& {
        return basic_text(*this).insert(position, bytes);
    }
    [[nodiscard]] basic_text insert(std::size_t position, std::string_view bytes) && {
        return std::move(*this).replace(position, position, bytes);
    }
    [[nodiscard]] basic_text insert(std::size_t position, const basic_text& other) const {
        return replace(position, position, other);
    }
    /// Without bytes [first, last).
    [[nodiscard]] basic_text erase(std::size_t first, std::size_t last) const& {
        return basic_text(*this).erase(first, last);
    }
    [[nodiscard]] basic_text erase(std::size_t first, std::size_t last) && {
        return std::move(*this).replace(first, last, std::string_view());
    }
    /// With others in place of bytes [first, last).
    [[nodiscard]] basic_text replace(std::size_t first, std::size_t last, std::string_view bytes) const& {
        return basic_text(*this).replace(first, last, bytes);
    }
    [[nodiscard]] basic_text replace(std::size_t first, std::size_t last, std::string_view bytes) && {
        replace_here(first, last, bytes);
        return std::move(*this);
    }
    [[nodiscard]] basic_text replace(std::size_t first, std::size_t last, const basic_text& other) const {
        expect_range(first, last);
        return part(0, first) + other + part(last, size_);
    }

    /// Bytes [first, last).
    [[nodiscard]] basic_text slice(std::size_t first, std::size_t last) const {
        expect_range(first, last);
        return part(first, last);
    }
    /// The first `count` bytes, and all but them.
    [[nodiscard]] basic_text take(std::size_t count) const { return slice(0, count); }
    [[nodiscard]] basic_text drop(std::size_t count) const { return slice(count, std::max(count, size_)); }

    /// Both, one behind the other.
    [[nodiscard]] friend basic_text operator+(basic_text left, const basic_text& right) { return left += right; }
    [[nodiscard]] friend basic_text operator+(basic_text left, std::string_view right) { return left += right; }
    basic_text& operator+=(const basic_text& right) {
        append_here(right);
        return *this;
    }
    basic_text& operator+=(std::string_view right) {
        append_here(checked(right));
        return *this;
    }

    /// For many changes at once.
    [[nodiscard]] edit_type edit() const& { return edit_type(*this); }
    [[nodiscard]] edit_type edit() && { return edit_type(std::move(*this)); }

    // ---- Comparing.  The order is that of bytes, which is that of code points.

    [[nodiscard]] friend bool operator==(const basic_text& a, const basic_text& b) noexcept {
        return a.size_ == b.size_ && compare(a, b) == 0;
    }
    [[nodiscard]] friend std::strong_ordering operator<=>(const basic_text& a, const basic_text& b) noexcept {
        return compare(a, b);
    }
    [[nodiscard]] friend bool operator==(const basic_text& a, std::string_view b) noexcept {
        return a.size_ == b.size() && a.has_at(0, b);
    }
    [[nodiscard]] friend std::strong_ordering operator<=>(const basic_text& a, std::string_view b) noexcept {
        for (std::size_t position = 0; position < std::min(a.size_, b.size());) {
            const std::string_view some = a.span_at(position).substr(0, b.size() - position);
            const int order = some.compare(b.substr(position, some.size()));
            if (order != 0) { return order <=> 0; }
            position += some.size();
        }
        return a.size_ <=> b.size();
    }
    /// Of the bytes, however they lie in leaves. It is the same in every run of a program.
    [[nodiscard]] std::size_t hash() const noexcept;

    /// What differs, in order: which bytes of `before` have become which of `after`, whole code points.
    /// Cost: O(changes * log n).
    [[nodiscard]] friend std::vector<splice> diff(const basic_text& before, const basic_text& after) {
        const auto changes = resident::sequence_diff<nodes>::of(before.items(), after.items());
        return resident::whole_code_points(before, after, changes);
    }
    /// `base` with what `a` and `b` have changed. `resolve(merge_conflict)` returns what is to stand where both have
    /// changed the same part in different ways.
    template <class Resolve>
    [[nodiscard]] friend basic_text merge(const basic_text& base, const basic_text& a, const basic_text& b,
                                          Resolve resolve) {
        return resident::merged(base, a, b, resolve);
    }

    template <class Traits>
    friend std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                                        const basic_text& written) {
        written.for_each_span(
            [&out](std::string_view some) { out.write(some.data(), static_cast<std::ptrdiff_t>(some.size())); });
        return out;
    }

    /// Dies naming the broken invariant.  Cost: O(n).  Requires: as vector's.
    void check_invariants() const {
        COPPICE_CHECK(size_ == (root_ == nullptr ? 0 : nodes::size_of(*root_)));
        COPPICE_CHECK(resident::utf8::valid_bytes(to_string()) == size_);
        nodes::check(root_);
    }

private:
    friend edit_type;
    friend const_iterator;
    using cursor = const char*;

    // ---- Refusing

    /// `given`, which is a position, a line or a code point.
    static std::size_t expect(std::size_t given, std::size_t most) {
        if (given > most) {
            throw std::out_of_range("coppice::text: " + std::to_string(given) + " is given, at most "
                                    + std::to_string(most) + " is there");
        }
        return given;
    }
    std::size_t expect_boundary(std::size_t position) const {
        if (expect(position, size_) < size_ && resident::utf8::continues((*this)[position])) {
            throw text_error("a position inside a code point,", position);
        }
        return position;
    }
    void expect_range(std::size_t first, std::size_t last) const {
        expect(first, last);
        expect_boundary(first);
        expect_boundary(last);
    }
    [[nodiscard]] static std::string_view checked(std::string_view bytes) {
        const std::size_t valid = resident::utf8::valid_bytes(bytes);
        if (valid != bytes.size()) { throw text_error("bytes that are not UTF-8,", valid); }
        return bytes;
    }

    // ---- Looking

    [[nodiscard]] resident::leaf_place<const char*> leaf_of(std::size_t position) const noexcept {
        COPPICE_ASSERT(position < size_);
        const auto found = nodes::find_leaf(root_, position);
        const char* items = found.in->items();
        return {items, items + found.at, items + found.in->size()};
    }
    [[nodiscard]] auto items() const {
        typename resident::sequence_diff<nodes>::items all;
        if (root_ != nullptr) { all.push_back({root_, size_}); }
        return all;
    }
    /// `wanted` stands at `position`.
    [[nodiscard]] bool has_at(std::size_t position, std::string_view wanted) const noexcept {
        if (wanted.size() > size_ - position) { return false; }
        while (!wanted.empty()) {
            const std::string_view here = span_at(position).substr(0, wanted.size());
            if (here != wanted.substr(0, here.size())) { return false; }
            wanted.remove_prefix(here.size());
            position += here.size();
        }
        return true;
    }
    [[nodiscard]] static std::strong_ordering compare(const basic_text& a, const basic_text& b) noexcept {
        const std::size_t both = a.is_same(b) ? 0 : std::min(a.size_, b.size_);
        for (std::size_t position = 0; position < both;) {
            const std::string_view in_a = a.span_at(position);
            const std::string_view in_b = b.span_at(position);
            const std::size_t count = std::min(in_a.size(), in_b.size());
            const int order = in_a.data() == in_b.data() ? 0 : std::memcmp(in_a.data(), in_b.data(), count);
            if (order != 0) { return order <=> 0; }
            position += count;
        }
        return a.size_ <=> b.size_;
    }

    // ---- Changing

    /// Bytes [first, last), which are known to be there.
    [[nodiscard]] basic_text part(std::size_t first, std::size_t last) const {
        if (first == 0 && last == size_) { return *this; }
        basic_text some;
        if (first == last) { return some; }
        some.root_ = nodes::slice(root_, first, last).take();
        some.size_ = last - first;
        return some;
    }
    void replace_here(std::size_t first, std::size_t last, std::string_view given) {
        expect_range(first, last);
        const std::string_view bytes = checked(given);
        if (first == last && bytes.empty()) { return; }
        if (first == size_) { return append_here(bytes); }
        if (nodes::splice(root_, first, last, bytes)) {
            size_ += bytes.size() - (last - first);
            return;
        }
        basic_text made = part(0, first);
        made.append_here(bytes);
        made.append_here(part(last, size_));
        *this = std::move(made);
    }
    void append_here(std::string_view bytes) {
        if (bytes.empty()) { return; }
        if (root_ == nullptr || !nodes::splice(root_, size_, size_, bytes)) {
            basic_text longer = *this;  // for it may come to some of the bytes only
            nodes::append(longer.root_, bytes);
            std::swap(root_, longer.root_);
        }
        size_ += bytes.size();
    }
    void append_here(const basic_text& other) {
        const basic_text right = other;  // it may be this one
        if (root_ == nullptr) {
            *this = right;
            return;
        }
        if (right.root_ != nullptr && right.root_->height == 0) { return append_here(right.span_at(0)); }
        header* both = nodes::concat(root_, right.root_).take();
        nodes::release(std::exchange(root_, both));
        size_ += right.size_;
    }
};

using text = basic_text<>;

template <class Nodes>
class basic_text<Nodes>::code_point_iterator {
public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = char32_t;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = char32_t;

    code_point_iterator() noexcept = default;
    explicit code_point_iterator(const_iterator at) noexcept : at_(at) {}

    char32_t operator*() const noexcept { return resident::utf8::decoded(at_); }
    code_point_iterator& operator++() noexcept {
        at_ += static_cast<std::ptrdiff_t>(resident::utf8::length(*at_));
        return *this;
    }
    code_point_iterator operator++(int) noexcept {
        code_point_iterator before = *this;
        ++*this;
        return before;
    }
    /// Where it is in the bytes.
    [[nodiscard]] const_iterator base() const noexcept { return at_; }
    [[nodiscard]] friend bool operator==(const code_point_iterator& a, const code_point_iterator& b) noexcept {
        return a.at_ == b.at_;
    }

private:
    const_iterator at_;
};

template <class Nodes>
class basic_text<Nodes>::code_point_range {
public:
    explicit code_point_range(const basic_text& of) noexcept : of_(&of) {}
    [[nodiscard]] code_point_iterator begin() const noexcept { return code_point_iterator(of_->begin()); }
    [[nodiscard]] code_point_iterator end() const noexcept { return code_point_iterator(of_->end()); }
    [[nodiscard]] std::size_t size() const noexcept { return of_->length(); }

private:
    const basic_text* of_;
};

template <class Nodes>
std::optional<std::size_t> basic_text<Nodes>::find(std::string_view wanted, std::size_t from) const {
    if (from > size_ || wanted.size() > size_ - from) { return std::nullopt; }
    if (wanted.empty()) { return from; }
    const std::size_t last = size_ - wanted.size();  // where it may begin
    while (from <= last) {
        const std::string_view here = span_at(from);
        const std::size_t whole = here.find(wanted);
        if (whole != here.npos) { return from + whole; }
        // It may begin here and end in a leaf behind.
        std::size_t at = here.size() - std::min(here.size(), wanted.size() - 1);
        while ((at = here.find(wanted.front(), at)) != here.npos) {
            if (has_at(from + at, wanted)) { return from + at; }
            ++at;
        }
        from += here.size();
    }
    return std::nullopt;
}

template <class Nodes>
std::size_t basic_text<Nodes>::hash() const noexcept {
    constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15;
    std::uint64_t mixed = size_;
    std::uint64_t word = 0;  // the bytes since the last whole one
    unsigned bytes = 0;
    const auto mix = [&mixed](std::uint64_t of) {
        mixed = (mixed ^ of) * odd;
        mixed ^= mixed >> 29;
    };
    for_each_span([&](std::string_view some) {
        for (; !some.empty() && bytes != 0; some.remove_prefix(1)) {
            word |= static_cast<std::uint64_t>(static_cast<unsigned char>(some.front())) << (8 * bytes);
            bytes = (bytes + 1) % sizeof word;
            if (bytes == 0) { mix(std::exchange(word, 0)); }
        }
        for (; some.size() >= sizeof word; some.remove_prefix(sizeof word)) {
            std::memcpy(&word, some.data(), sizeof word);
            mix(std::exchange(word, 0));
        }
        for (const char each : some) {
            word |= static_cast<std::uint64_t>(static_cast<unsigned char>(each)) << (8 * bytes++);
        }
    });
    mix(word);
    return static_cast<std::size_t>(mixed ^ mixed >> 32);
}

/// Many changes of a text, which end in one value: `auto e = t.edit(); e.insert(0, "x"); t = std::move(e).done();`
/// What the edit has made and nobody else holds is changed in place.
/// Threads: one.  Errors: as those of the text; the edit is then as it was.
template <class Nodes>
class text_edit {
public:
    explicit text_edit(basic_text<Nodes> from) noexcept : made_(std::move(from)) {}

    [[nodiscard]] std::size_t size() const noexcept { return made_.size(); }
    [[nodiscard]] bool empty() const noexcept { return made_.empty(); }
    [[nodiscard]] const char& operator[](std::size_t position) const noexcept { return made_[position]; }

    void insert(std::size_t position, std::string_view bytes) { made_.replace_here(position, position, bytes); }
    void erase(std::size_t first, std::size_t last) { made_.replace_here(first, last, {}); }
    void replace(std::size_t first, std::size_t last, std::string_view bytes) {
        made_.replace_here(first, last, bytes);
    }
    void append(std::string_view bytes) { made_ += bytes; }
    void append(const basic_text<Nodes>& other) { made_ += other; }
    void clear() noexcept { made_ = {}; }

    /// The value as it is now; the edit may go on.
    [[nodiscard]] basic_text<Nodes> done() const& noexcept { return made_; }
    [[nodiscard]] basic_text<Nodes> done() && noexcept { return std::move(made_); }

private:
    basic_text<Nodes> made_;
};

}  // namespace coppice

template <class Nodes>
struct std::hash<coppice::basic_text<Nodes>> {
    [[nodiscard]] std::size_t operator()(const coppice::basic_text<Nodes>& of) const noexcept { return of.hash(); }
};
