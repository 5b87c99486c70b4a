// tree/assemble.hpp: builds nodes out of pieces of other nodes and new entries.
//
// Every change that does not fit where it lies (split, merge, redistribute, slice, join, bulk build) is
// one sentence here: a sequence of entries goes in, the fewest nodes that hold it evenly come out. Nothing
// that went in is changed; children gain an owner each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tree/page.hpp"

namespace coppice {

/// A node that has just been made, and what its parent must know of it.
struct built_node {
    node_ptr owned;
    std::string separator;  ///< keyed, but for the first of several: the least key that may stand in it
    std::uint64_t count = 0;

    /// What a parent's entry for it says. The ownership stays here until the caller detaches it.
    [[nodiscard]] page::item entry() const noexcept {
        return {.key = separator,
                .bytes = {},
                .form = child_form::slot,
                .embedded = {},
                .child = owned.get(),
                .count = count};
    }
};

/// Where the cuts go when the entries need several nodes.
enum class cut_rule {
    even,        ///< all nodes about equally full
    fill_first,  ///< the first nodes full, the rest in the last: appending
    lean_first,  ///< of two nodes, the first gets two thirds: entries that ascend go on in the second
    fill_last,   ///< the last nodes full, the rest in the first: prepending
};

class assembly {
public:
    assembly(tree_context& context, tree_shape shape, unsigned height)
        : context_(context), shape_(shape), height_(height) {}

    /// Adds entries [first, last) of `n`.
    void add(const node& n, unsigned first, unsigned last);
    /// Adds a new entry; what it borrows must live until finish().
    void add(const page::item& fresh);

    /// Gives entry `at` of those added so far another key: entry 0 of an inner node has none of its own.
    /// `key` is borrowed until finish().
    void rekey(std::size_t at, std::string_view key) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return pieces_.size(); }
    /// The nodes, in order. None when nothing was added.  Errors: bad_alloc; nothing is then changed.
    [[nodiscard]] std::vector<built_node> finish(cut_rule rule);
    /// One node, however large.  Requires: not empty.
    [[nodiscard]] node_ptr finish_as_one() { return build(0, pieces_.size()).owned; }

private:
    struct piece {
        const node* from;  // null for a new entry
        const page::item* fresh;
        std::string_view own_key;  // of a new entry, or given with rekey
        std::uint32_t entry;
        std::uint32_t key_bytes;    // of the whole key
        std::uint32_t value_bytes;  // the mark of a long key included
        bool has_own_key;
        bool slot;
        bool has_long_key;
        [[nodiscard]] unsigned slots() const noexcept { return (slot ? 1U : 0U) + (has_long_key ? 1U : 0U); }
    };
    struct measure {
        std::size_t fixed;    // bytes of a node without entries
        std::size_t entries;  // bytes of all entries
    };
    [[nodiscard]] std::size_t entry_bytes(const piece& p, std::size_t prefix) const noexcept;
    /// A piece's whole key: its own, or put together in `buffer`.
    [[nodiscard]] static std::string_view key_at(const piece& p, std::string& buffer);
    /// The prefix that the keys of entries [first, last) share; an inner node's first key does not count.
    [[nodiscard]] std::size_t shared_prefix(std::size_t first, std::size_t last, std::string& left,
                                            std::string& right) const;
    /// Where each node ends.
    [[nodiscard]] std::vector<std::size_t> choose_cuts(cut_rule rule) const;
    [[nodiscard]] built_node build(std::size_t first, std::size_t last) const;
    void write_entry(node& to, unsigned entry, const piece& p, bool keyless, std::uint16_t slot,
                     std::string& key) const;

    tree_context& context_;
    tree_shape shape_;
    unsigned height_;
    std::vector<piece> pieces_;
};

/// Bytes leaves that hold the parts one after the other.
[[nodiscard]] std::vector<built_node> assemble_bytes(tree_context& context, const std::vector<std::string_view>& parts,
                                                     cut_rule rule);

/// The shortest key that is greater than `left` and not greater than `right`.  Requires: left < right.
[[nodiscard]] inline std::string_view shortest_separator(std::string_view left, std::string_view right) noexcept {
    std::size_t shared = 0;
    while (shared < left.size() && left[shared] == right[shared]) { ++shared; }
    return right.substr(0, shared + 1);
}

}  // namespace coppice
