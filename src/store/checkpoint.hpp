// store/checkpoint.hpp: gives ids to the nodes that have none, and writes them.
//
// The walk is in the order in which parents need their children: leaves before the nodes above them, child
// trees before the records that hold them. So ids grow, a node that dies before a checkpoint is never
// written, and a node with an id has only children with ids. Whoever owns the root keeps the nodes from
// being edited meanwhile: an edit would find them shared and copy.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <coppice/tree/tree.hpp>

#include <storage/node_store.hpp>

namespace coppice {

class node_writer {
public:
    /// Ids are `arena`'s from `first` on.
    node_writer(node_pool& pool, node_store& nodes, std::uint32_t arena, std::uint32_t first)
        : pool_(pool), nodes_(nodes), arena_(arena), next_(first) {}

    /// Writes what is below `root` and `root` itself.  When it fails or throws, undo() must follow.
    /// Errors: errc::no_space, errc::io, errc::limit (the arena is full: lease another).
    [[nodiscard]] status write(node& root);
    /// Makes everything written durable.
    [[nodiscard]] status sync();
    /// Takes the ids back: as if nothing had been written.
    void undo() noexcept;

    [[nodiscard]] std::uint64_t nodes() const noexcept { return given_.size(); }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::uint32_t used() const noexcept { return next_ - 1; }

private:
    static constexpr std::size_t batch_nodes = 256;
    [[nodiscard]] status write_below(node& n, unsigned depth);
    [[nodiscard]] status flush();

    node_pool& pool_;
    node_store& nodes_;
    std::uint32_t arena_;
    std::uint32_t next_;
    std::vector<node*> given_;  // all that got an id
    std::vector<stored_node> batch_;
    std::vector<std::string> payloads_;
    std::uint64_t bytes_ = 0;
};

}  // namespace coppice
