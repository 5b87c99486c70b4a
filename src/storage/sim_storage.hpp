// storage/sim_storage.hpp: the storage a test owns: it crashes, fails, and fills up when told to.
//
//   sim_storage disk;
//   auto opened = disk.open();                  ... use it ...
//   disk.for_each_crash_image(200, random, [&](sim_storage& image) {
//       auto again = image.open();              holds the last acknowledged write, or a later one
//   });
//
// An image is a disk of its own; the one it was taken from goes on. The log is the real one over a simulated
// disk (sim_disk.hpp), so its crash images are those of real files; nodes and heads are maps that keep what
// was not synced apart.
//
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <coppice/base/error.hpp>
#include <coppice/base/random.hpp>

#include <storage/storage.hpp>

namespace coppice {

struct sim_options {
    std::size_t log_segment_bytes = 64 * 1024;
    std::uint64_t seed = 1;  ///< of the log's nonces, and of what becomes of an unknown move
};

class sim_storage {
public:
    explicit sim_storage(const sim_options& options = {});
    ~sim_storage();
    sim_storage(const sim_storage&) = delete;
    sim_storage& operator=(const sim_storage&) = delete;

    /// Opens what is on the disk. Closing the storage before is a clean stop; an image is a crash.
    /// Errors: errc::in_use while another one is open; what a fault makes of it.
    [[nodiscard]] result<storage> open();

    /// One image that a crash at this moment may leave.
    [[nodiscard]] std::unique_ptr<sim_storage> crash_image(random_source& random) const;

    /// All of them if there are at most `limit`, else that many drawn at random. Returns how many.
    std::size_t for_each_crash_image(std::size_t limit, random_source& random,
                                     const std::function<void(sim_storage& image)>& visit) const;

    /// Lets the k-th operation from now on fail, counted from 0 over all of nodes, heads and log. Fails once.
    void fail_operation(std::uint64_t k, errc code = errc::io);
    void fail_nothing();
    [[nodiscard]] std::uint64_t operations() const;  ///< so far

    /// How much fits: set it to used_bytes() to fill the disk.
    void set_capacity(std::uint64_t bytes);
    [[nodiscard]] std::uint64_t used_bytes() const;

    /// Flips one bit of a stored node, or of a file of the log, durably. False: there is no such byte.
    bool damage_node(node_id id, std::uint64_t bit);
    bool damage_log(std::string_view file, std::uint64_t bit);
    [[nodiscard]] std::vector<std::string> log_files() const;

    struct state;

private:
    explicit sim_storage(std::shared_ptr<state> survived);

    const std::shared_ptr<state> state_;
};

}  // namespace coppice
