#include <map>
#include <mutex>

#include <storage/segment_log.hpp>
#include <storage/sim_disk.hpp>
#include <storage/sim_storage.hpp>

namespace coppice {

/// All that lies on the disk, guarded by `mutex`.
struct sim_storage::state {
    using node_map = std::map<node_id, std::string>;
    struct head {
        std::string bytes;
        std::uint64_t generation = 0;
    };
    using head_map = std::map<std::string, head, std::less<>>;
    struct node_change {
        node_id id;
        std::optional<std::string> payload;  ///< nothing: retired
    };

    std::mutex mutex;
    sim_options options;
    random_source random{1};
    bool open = false;
    sim_faults faults;
    sim_disk disk;
    node_map nodes;
    node_map durable_nodes;
    std::vector<node_change> pending_nodes;
    head_map heads;                                     // durable: each move is synced
    std::vector<std::pair<std::string, head>> unknown;  // moves whose fate is not decided yet

    static void apply(const node_change& made, node_map& to) {
        if (made.payload) {
            to.insert_or_assign(made.id, *made.payload);
        } else {
            to.erase(made.id);
        }
    }
    void settle_unknown(crash_choices& choices) {
        for (auto& [name, moved] : unknown) {
            if (choices.taken()) { heads.insert_or_assign(name, moved); }
        }
        unknown.clear();
    }
    std::shared_ptr<state> survivor(crash_choices& choices) {
        const auto left = std::make_shared<state>();
        const std::scoped_lock lock(mutex);
        left->options = options;
        left->options.seed = random();
        left->random = random_source(left->options.seed);
        left->faults.capacity = faults.capacity;
        left->disk = disk.survivor(choices);
        left->durable_nodes = durable_nodes;
        for (const auto& made : pending_nodes) {
            if (choices.taken()) { apply(made, left->durable_nodes); }
        }
        left->nodes = left->durable_nodes;
        left->heads = heads;
        left->unknown = unknown;
        left->settle_unknown(choices);
        left->faults.used = left->disk.bytes();
        for (const auto& [id, payload] : left->nodes) { left->faults.used += payload.size(); }
        return left;
    }
};

namespace {

using sim_state = sim_storage::state;

class sim_nodes final : public node_store {
public:
    explicit sim_nodes(std::shared_ptr<sim_state> state) : state_(std::move(state)) {}

    status put_many(std::span<const stored_node> nodes) override {
        const sim_lock lock(state_->mutex);
        if (auto begun = begin("put nodes"); !begun) { return begun; }
        for (const auto& [id, payload] : nodes) {
            COPPICE_CHECK(id != node_id::none && payload.size() <= node_bytes_max);
            const auto old = state_->nodes.find(id);
            if (old != state_->nodes.end()) { state_->faults.give_back(old->second.size()); }
            auto taken = state_->faults.take(payload.size(), to_string(id));
            if (!taken) {
                if (old != state_->nodes.end()) { state_->faults.used += old->second.size(); }
                return taken;
            }
            change({id, std::string(payload)});
        }
        return {};
    }
    result<std::string> get(node_id id, node_seal expected) const override {
        const sim_lock lock(state_->mutex);
        if (auto begun = state_->faults.begin(to_string(id)); !begun) { return begun.error(); }
        const auto found = state_->nodes.find(id);
        if (found == state_->nodes.end()) { return error{errc::not_found, to_string(id) + ": is not there"}; }
        if (!seal_matches(id, found->second, expected)) { return error{errc::corrupt, to_string(id) + ": checksum"}; }
        return found->second;
    }
    status retire(std::span<const node_id> dead) override {
        const sim_lock lock(state_->mutex);
        if (auto begun = begin("retire nodes"); !begun) { return begun; }
        for (const auto id : dead) {
            const auto found = state_->nodes.find(id);
            if (found == state_->nodes.end()) { continue; }
            state_->faults.give_back(found->second.size());
            change({id, {}});
        }
        return {};
    }
    status sync() override {
        const sim_lock lock(state_->mutex);
        if (auto begun = begin("sync nodes"); !begun) { return begun; }
        for (const auto& made : state_->pending_nodes) { sim_state::apply(made, state_->durable_nodes); }
        state_->pending_nodes.clear();
        return {};
    }
    status for_each_id(node_id from, node_id to, const std::function<bool(node_id)>& visit) const override {
        std::vector<node_id> ids;
        {
            const sim_lock lock(state_->mutex);
            if (auto begun = state_->faults.begin("list nodes"); !begun) { return begun; }
            for (auto at = state_->nodes.lower_bound(from); at != state_->nodes.end() && at->first < to; ++at) {
                ids.push_back(at->first);
            }
        }
        for (const auto id : ids) {
            if (!visit(id)) { break; }
        }
        return {};
    }
    std::uint64_t disk_bytes() const override {
        const sim_lock lock(state_->mutex);
        std::uint64_t bytes = 0;
        for (const auto& [id, payload] : state_->nodes) { bytes += payload.size(); }
        return bytes;
    }
    status compact(std::atomic<bool>& /*stop*/) override { return {}; }
    status resume() override {
        const sim_lock lock(state_->mutex);
        if (auto begun = begin("resume"); !begun) { return begun; }
        if (state_->faults.used >= state_->faults.capacity) {
            return error{errc::no_space, "resume: the disk is full"};
        }
        random_choices choices(state_->random);
        state_->settle_unknown(choices);
        return {};
    }
    void verify(findings& /*found*/) const override {}

private:
    /// Counts an operation; whatever fails but for want of room is final.
    status begin(std::string_view what) {
        if (failed_) { return error{errc::read_only, "nodes: " + failed_->context}; }
        auto begun = state_->faults.begin(what);
        if (!begun && begun.error().code != errc::no_space) { failed_ = begun.error(); }
        return begun;
    }
    void change(sim_state::node_change made) {
        sim_state::apply(made, state_->nodes);
        state_->pending_nodes.push_back(std::move(made));
    }

    const std::shared_ptr<sim_state> state_;
    std::optional<error> failed_;  // guarded by the state's mutex
};

class sim_heads final : public head_store {
public:
    explicit sim_heads(std::shared_ptr<sim_state> state) : state_(std::move(state)) {}

    result<std::optional<head_record>> read(std::string_view name) const override {
        const sim_lock lock(state_->mutex);
        if (auto begun = state_->faults.begin("read head"); !begun) { return begun.error(); }
        const auto found = state_->heads.find(name);
        if (found == state_->heads.end()) { return std::optional<head_record>(); }
        return std::optional(head_record{found->second.bytes, token_of(found->second.generation)});
    }
    result<head_move> move_head(std::string_view name, const head_token& token, std::string_view next) override {
        COPPICE_CHECK(!name.empty() && next.size() <= head_bytes_max);
        const sim_lock lock(state_->mutex);
        if (failed_) { return error{errc::read_only, "heads: " + failed_->context}; }
        const auto found = state_->heads.find(name);
        const auto generation = found == state_->heads.end() ? 0 : found->second.generation;
        if (token != token_of(generation)) { return head_move{move_outcome::lost, {}, {}}; }
        const sim_state::head moved{std::string(next), generation + 1};
        if (auto begun = state_->faults.begin("move head"); !begun) {
            if (begun.error().code != errc::no_space) { failed_ = begun.error(); }
            state_->unknown.emplace_back(name, moved);
            return head_move{move_outcome::unknown, {}, begun.error()};
        }
        state_->heads.insert_or_assign(std::string(name), moved);
        return head_move{move_outcome::moved, token_of(moved.generation), {}};
    }
    void verify(findings& /*found*/) const override {}

private:
    static head_token token_of(std::uint64_t generation) {
        return generation == 0 ? head_token() : head_token(std::to_string(generation));
    }

    const std::shared_ptr<sim_state> state_;
    std::optional<error> failed_;  // guarded by the state's mutex
};

/// Marks the disk as open for as long as the storage lives.
class sim_owner final : public storage_folder {
public:
    /// Requires: the state's mutex, and a disk that is not open.
    explicit sim_owner(std::shared_ptr<sim_state> state) : state_(std::move(state)) { state_->open = true; }
    ~sim_owner() override {
        const sim_lock lock(state_->mutex);
        state_->open = false;
    }
    status set_listening(std::string_view /*address*/) override { return {}; }
    status backup_to(const std::filesystem::path& /*target*/) override {
        return error{errc::unsupported, "a simulated disk has no backup"};
    }
    void forget_lock() noexcept override {}
    const std::filesystem::path& path() const noexcept override { return path_; }

private:
    const std::shared_ptr<sim_state> state_;
    const std::filesystem::path path_ = "simulated";
};

}  // namespace

sim_storage::sim_storage(const sim_options& options) : state_(std::make_shared<state>()) {
    state_->options = options;
    state_->random = random_source(options.seed);
}
sim_storage::sim_storage(std::shared_ptr<state> survived) : state_(std::move(survived)) {}
sim_storage::~sim_storage() = default;

result<storage> sim_storage::open() {
    std::uint64_t seed = 0;
    storage opened;
    {
        const sim_lock lock(state_->mutex);
        if (state_->open) { return error{errc::in_use, "store in use by this test"}; }
        opened.folder = std::make_unique<sim_owner>(state_);
        random_choices choices(state_->random);
        state_->settle_unknown(choices);
        seed = state_->random();
    }
    auto log = segment_log::open(open_sim_folder(state_, state_->disk, state_->faults, state_->mutex),
                                 state_->options.log_segment_bytes, seed);
    if (!log) { return log.error(); }
    opened.nodes = std::make_unique<sim_nodes>(state_);
    opened.heads = std::make_unique<sim_heads>(state_);
    opened.log = std::move(*log);
    return opened;
}

std::unique_ptr<sim_storage> sim_storage::crash_image(random_source& random) const {
    random_choices choices(random);
    return std::unique_ptr<sim_storage>(new sim_storage(state_->survivor(choices)));
}

std::size_t sim_storage::for_each_crash_image(std::size_t limit, random_source& random,
                                              const std::function<void(sim_storage& image)>& visit) const {
    // Counted before any is opened: all if they are few.
    every_choice counting;
    std::size_t count = 0;
    do {
        (void)state_->survivor(counting);
        ++count;
    } while (count <= limit && counting.next());
    every_choice every;
    random_choices some(random);
    const bool all = count <= limit;
    for (std::size_t i = 0; i < std::min(count, limit); ++i) {
        sim_storage image(state_->survivor(all ? static_cast<crash_choices&>(every) : some));
        visit(image);
        if (all) { (void)every.next(); }
    }
    return std::min(count, limit);
}

void sim_storage::fail_operation(std::uint64_t k, errc code) {
    const sim_lock lock(state_->mutex);
    state_->faults.fail_at = state_->faults.operations + k;
    state_->faults.fail_with = code;
}
void sim_storage::fail_nothing() {
    const sim_lock lock(state_->mutex);
    state_->faults.fail_at.reset();
}
std::uint64_t sim_storage::operations() const {
    const sim_lock lock(state_->mutex);
    return state_->faults.operations;
}
void sim_storage::set_capacity(std::uint64_t bytes) {
    const sim_lock lock(state_->mutex);
    state_->faults.capacity = bytes;
}
std::uint64_t sim_storage::used_bytes() const {
    const sim_lock lock(state_->mutex);
    return state_->faults.used;
}

namespace {
bool flip(std::string& bytes, std::uint64_t bit) {
    if (bit / 8 >= bytes.size()) { return false; }
    auto& byte = bytes[static_cast<std::size_t>(bit / 8)];
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    return true;
}
}  // namespace

bool sim_storage::damage_node(node_id id, std::uint64_t bit) {
    const sim_lock lock(state_->mutex);
    const auto now = state_->nodes.find(id);
    const auto durable = state_->durable_nodes.find(id);
    if (durable != state_->durable_nodes.end()) { (void)flip(durable->second, bit); }
    return now != state_->nodes.end() && flip(now->second, bit);
}

bool sim_storage::damage_log(std::string_view file, std::uint64_t bit) {
    const sim_lock lock(state_->mutex);
    const auto found = state_->disk.names.find(file);
    if (found == state_->disk.names.end()) { return false; }
    (void)flip(found->second->durable, bit);
    return flip(found->second->now, bit);
}

std::vector<std::string> sim_storage::log_files() const {
    const sim_lock lock(state_->mutex);
    std::vector<std::string> names;
    for (const auto& [name, inode] : state_->disk.names) { names.push_back(name); }
    return names;
}

}  // namespace coppice
