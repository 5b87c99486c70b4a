#include <set>

#include <storage/rocksdb_engine.hpp>

namespace coppice {
namespace {

constexpr std::string_view generations_name = "HEADS";
constexpr std::size_t generations_bytes_max = 16 * 1024 * 1024;
/// Each flush of nodes starts a new journal, and old ones live until the heads in them are flushed too.
constexpr unsigned moves_per_flush = 16;

class rocksdb_heads final : public head_store {
public:
    rocksdb_heads(std::shared_ptr<rocksdb_engine> engine, std::shared_ptr<disk_folder> folder)
        : engine_(std::move(engine)), folder_(std::move(folder)) {
        auto read = read_generations();
        if (read) {
            generations_ = std::move(*read);
        } else {
            unwitnessed_ = read.error();
        }
    }

    result<std::optional<head_record>> read(std::string_view name) const override {
        const std::scoped_lock lock(mutex_);
        auto state = read_unlocked(name);
        if (!state) { return state.error(); }
        if (state->generation == 0) { return std::optional<head_record>(); }
        return std::optional(head_record{std::move(state->bytes), token_of(state->generation)});
    }

    result<head_move> move_head(std::string_view name, const head_token& token, std::string_view next) override {
        COPPICE_CHECK(!name.empty() && next.size() <= head_bytes_max);
        const std::scoped_lock lock(mutex_);
        if (failed_) { return error{errc::read_only, "heads: " + failed_->context}; }
        const auto now = read_unlocked(name);
        if (!now) { return now.error(); }
        if (token != token_of(now->generation)) { return head_move{move_outcome::lost, {}, {}}; }
        if (auto room = engine_->check_room(next.size()); !room) { return room.error(); }  // R4
        const auto generation = now->generation + 1;
        rocksdb::WriteOptions options;
        options.sync = true;
        const auto answer =
            engine_->db().Put(options, engine_->heads(), key_of(name), pack_head(name, next, generation));
        if (!answer.ok()) {
            auto failure = error_of_engine(answer, "head " + std::string(name));
            if (failure.code != errc::no_space) { failed_ = failure; }
            return head_move{move_outcome::unknown, {}, std::move(failure)};
        }
        generations_.insert_or_assign(std::string(name), generation);
        // Behind the head, never before it. Failing here loses only the second witness of this move.
        (void)replace_file(*folder_, generations_name, pack_generations(generations_)).has_value();
        if (++moves_ % moves_per_flush == 0) { (void)engine_->db().Flush({}, engine_->heads()); }
        return head_move{move_outcome::moved, token_of(generation), {}};
    }

    void verify(findings& found) const override {
        const std::scoped_lock lock(mutex_);
        if (const auto read = read_generations(); !read) { found.push_back({"heads", read.error().context}); }
        rocksdb::ReadOptions options;
        options.verify_checksums = true;
        const std::unique_ptr<rocksdb::Iterator> at(engine_->db().NewIterator(options, engine_->heads()));
        std::set<std::string, std::less<>> answered;
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            const auto name = at->key().ToString();
            answered.insert(name);
            if (const auto state = read_stored(name); !state) { found.push_back({"heads", state.error().context}); }
        }
        if (!at->status().ok()) { found.push_back({"heads", at->status().ToString()}); }
        for (const auto& [name, generation] : generations_) {
            if (answered.contains(name)) { continue; }
            if (const auto state = read_stored(name); !state) { found.push_back({"heads", state.error().context}); }
        }
    }

private:
    static rocksdb::Slice key_of(std::string_view name) { return {name.data(), name.size()}; }
    static head_token token_of(std::uint64_t generation) {
        return generation == 0 ? head_token() : head_token(std::to_string(generation));
    }

    /// Generation 0: there is none.
    result<head_state> read_unlocked(std::string_view name) const {
        if (unwitnessed_) { return *unwitnessed_; }
        return read_stored(name);
    }
    result<head_state> read_stored(std::string_view name) const {
        rocksdb::ReadOptions options;
        options.verify_checksums = true;
        std::string envelope;
        const auto answer = engine_->db().Get(options, engine_->heads(), key_of(name), &envelope);
        const auto context = "head " + std::string(name);
        head_state state;
        if (answer.ok()) {
            auto unpacked = unpack_head(name, envelope);
            if (!unpacked) { return error{errc::corrupt, context + ": is damaged: checksum"}; }
            state = std::move(*unpacked);
        } else if (!answer.IsNotFound()) {
            return error_of_engine(answer, context);
        }
        const auto reached = generations_.find(name);
        if (reached != generations_.end() && state.generation < reached->second) {  // R2, H4
            return error{errc::corrupt, context + ": is damaged: its newest state, generation "
                                            + std::to_string(reached->second) + ", is gone, and "
                                            + (state.generation == 0
                                                   ? std::string("no older one is there")
                                                   : "generation " + std::to_string(state.generation) + " is older")};
        }
        return state;
    }

    result<head_generations> read_generations() const {
        const auto bytes = read_whole_file(*folder_, generations_name, generations_bytes_max);
        const auto without = [](std::string_view what) {
            return error{errc::corrupt, "the file HEADS " + std::string(what)
                                            + ": without it an old state could pass for the newest one"};
        };
        if (!bytes && bytes.error().code == errc::not_found) { return without("is gone"); }
        if (!bytes) { return bytes.error(); }
        auto generations = unpack_generations(*bytes);
        if (!generations) { return without("is damaged (checksum)"); }
        return std::move(*generations);
    }

    const std::shared_ptr<rocksdb_engine> engine_;
    const std::shared_ptr<disk_folder> folder_;
    mutable std::mutex mutex_;
    head_generations generations_;      // guarded by mutex_, as everything below
    std::optional<error> unwitnessed_;  ///< set: HEADS does not tell how far heads came
    std::optional<error> failed_;
    unsigned moves_ = 0;
};

}  // namespace

std::unique_ptr<head_store> make_rocksdb_heads(std::shared_ptr<rocksdb_engine> engine,
                                               std::shared_ptr<disk_folder> folder) {
    return std::make_unique<rocksdb_heads>(std::move(engine), std::move(folder));
}

}  // namespace coppice
