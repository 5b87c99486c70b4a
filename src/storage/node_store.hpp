// storage/node_store.hpp: the door between nodes and a disk (beside it: head_store, write_log).
//
// A node is a run of bytes under an id that is never used twice, so nothing is ever overwritten: nodes are
// put, read and retired. Few operations, so that everything above runs in memory as well; a service of many
// machines can stand behind the same door.
//
//        parent's payload                      node_store
//   ... | id | seal | id | seal | ...           id -> payload
//         |     `---- checked by get
//         `---------------------> get(id, seal)
//
// What coppice assumes of any node_store
//   A1  After sync() succeeds, every earlier put_many and retire survives a crash.
//   A2  Before that, a crash may lose any of them, node by node; none is ever half there.
//   A3  get returns the bytes that were put under id, or says errc::corrupt.
//   A4  After a failed sync() or put_many what was put since the last good sync is unknown. errc::no_space
//       may be answered by resume() and putting all of it again; after any other error the store takes no
//       further writes (errc::read_only).
//
// Threads. get, get_many, prefetch, for_each_id and disk_bytes from any thread at any time. One thread at a
// time puts and syncs; one at a time retires and compacts, beside it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>
#include <coppice/base/node_id.hpp>

namespace coppice {

/// The longest payload of a node. The tree's nodes are a few KiB and only a lone large record makes a larger
/// one; the bound keeps a damaged or hostile length from sizing an allocation.
inline constexpr std::size_t node_bytes_max = 16 * 1024 * 1024;

/// Above every id: for_each_id(node_id::none, node_id_end, ...) visits all.
inline constexpr node_id node_id_end = static_cast<node_id>(std::uint64_t{1} << 63);

/// A node on its way to the store: borrowed bytes under the id they will have for ever.
struct stored_node {
    node_id id;
    std::string_view payload;
};

/// What a parent knows of a child.
struct node_reference {
    node_id id;
    node_seal seal;
};

/// The checksum of `payload` as node `id`: XXH3-64 seeded with the id, so that a node found in another's
/// place does not match, without its top bit, which belongs to the tree. It is taken over the payload before
/// compression: a parent can be sealed before anybody compresses its children, and the seal stays when a
/// store packs the node in another way.
[[nodiscard]] node_seal seal_of(node_id id, std::string_view payload) noexcept;

/// Whether `payload` is what `seal` was made of (the tree's bit in `seal` is ignored).
[[nodiscard]] bool seal_matches(node_id id, std::string_view payload, node_seal seal) noexcept;

/// "node 3:812", as every context names a node.
[[nodiscard]] std::string to_string(node_id id);

/// One thing that a verification found broken.
struct finding {
    std::string where;  ///< "node 3:812", "log segment 17 at 4096", "nodes/000012.sst"
    std::string what;
};
using findings = std::vector<finding>;

class node_store {
public:
    virtual ~node_store() = default;

    /// Puts nodes. Ids within one call may stand in any order; growing is fastest.
    /// Requires: no id was put before, unless a crash or an error lost it; payloads up to node_bytes_max.
    /// Errors: errc::no_space, errc::io, errc::read_only.
    virtual status put_many(std::span<const stored_node> nodes) = 0;

    /// The payload of one node.  Errors: errc::not_found, errc::corrupt ("node 3:812: checksum"), errc::io.
    [[nodiscard]] virtual result<std::string> get(node_id id, node_seal expected) const = 0;

    /// The payloads of several nodes, in the order asked for.
    [[nodiscard]] virtual std::vector<result<std::string>> get_many(std::span<const node_reference> wanted) const;

    /// Says that these will be read soon. Only a hint.
    virtual void prefetch(std::span<const node_id> soon) const;

    /// Deletes nodes that no live head reaches; one that is not there is no error.
    virtual status retire(std::span<const node_id> dead) = 0;

    /// Makes every earlier put_many and retire durable.
    virtual status sync() = 0;

    /// Calls visit for each id in [from, to), growing, until it returns false. Nodes put or retired meanwhile
    /// may be seen or not.
    virtual status for_each_id(node_id from, node_id to, const std::function<bool(node_id)>& visit) const = 0;

    /// What the nodes occupy, for accounting.
    [[nodiscard]] virtual std::uint64_t disk_bytes() const = 0;

    /// Gives the room of retired nodes back to the disk. Long: run it in the background after a wave of retire and a
    /// sync. Breaks off, with an error, when `stop` becomes true.
    virtual status compact(std::atomic<bool>& stop) = 0;

    /// Tries to go on after errc::no_space: fails with it again while there is no room, and for some seconds more.
    virtual status resume() = 0;

    /// Reads everything with all checks on and adds what is broken. Never dies.
    virtual void verify(findings& found) const = 0;
};

}  // namespace coppice
