// What nodes and the log cost: codecs on node-like payloads, put and get in a data folder, turns of the log.
//
// Usage: storage_bench [--small]       in the folder TMPDIR names, which decides what a sync costs

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <coppice/base/random.hpp>

#include <storage/node_envelope.hpp>
#include <storage/storage.hpp>

#include "tree_report.hpp"

namespace {

using namespace coppice;
using bench::mix;
using bench::report;

/// Payloads like those the tree stores, 4 KiB at most.
std::string make_payload(random_source& random, unsigned kind) {
    std::string bytes;
    const auto size = 2048 + random.below(2048);
    for (std::uint64_t n = random.below(1'000'000); bytes.size() < size; ++n) {
        switch (kind) {
            case 0:  // sorted keys with small records
                bytes += "user:" + std::to_string(n) + R"({"name":"user )" + std::to_string(random.below(100'000)) +
                         R"(","score":)" + std::to_string(random.below(1000)) + "}";
                break;
            case 1:  // a trajectory: doubles that differ in their low digits
                append_number(bytes,
                              std::sin(static_cast<double>(n) / 100.0) + static_cast<double>(random.below(1000)) / 1e6);
                break;
            case 2:  // random values behind short keys
                append_number(bytes, static_cast<std::uint32_t>(n));
                append_number(bytes, random());
                append_number(bytes, random());
                break;
            default:  // ids and ranks
                append_number(bytes, n);
        }
    }
    return bytes;
}

void measure_codecs(report& rows, std::size_t count) {
    const char* const kinds[] = {"records", "doubles", "random", "integers"};
    const struct {
        const char* name;
        node_codec codec;
        int level;
    } codecs[] = {{"none", node_codec::none, 0}, {"lz4", node_codec::lz4, 1}, {"lz4 fast 8", node_codec::lz4, 8},
                  {"zstd -1", node_codec::zstd, -1}, {"zstd 1", node_codec::zstd, 1}, {"zstd 3", node_codec::zstd, 3}};
    for (unsigned kind = 0; kind < 4; ++kind) {
        random_source random(1);
        std::vector<std::string> payloads;
        double total = 0;
        for (std::size_t i = 0; i < count; ++i) {
            payloads.push_back(make_payload(random, kind));
            total += static_cast<double>(payloads.back().size());
        }
        for (const auto& codec : codecs) {
            std::vector<std::string> envelopes(count);
            const auto name = std::string(kinds[kind]) + ", " + codec.name;
            auto& packed = rows.measure("pack " + name, count, 0, [&] {
                std::uint64_t hash = 0;
                for (std::size_t i = 0; i < count; ++i) {
                    envelopes[i].clear();
                    pack_node(envelopes[i], payloads[i], codec.codec, codec.level);
                    hash = mix(hash, envelopes[i].size());
                }
                return hash;
            });
            double after = 0;
            for (const auto& envelope : envelopes) { after += static_cast<double>(envelope.size()); }
            packed.bytes = 100 * after / total;  // per cent of the payload
            rows.measure("unpack " + name, count, 0, [&] {
                std::uint64_t hash = 0;
                for (const auto& envelope : envelopes) { hash = mix(hash, unpack_node(envelope)->size()); }
                return hash;
            });
        }
    }
}

void measure_nodes(report& rows, const std::filesystem::path& folder, std::size_t count, const std::string& name,
                   const storage_options& options) {
    random_source random(2);
    std::vector<std::string> payloads;
    std::vector<stored_node> nodes;
    for (std::size_t i = 0; i < 2000; ++i) { payloads.push_back(make_payload(random, 0)); }
    std::uint32_t arena = 0;
    auto opened = open_directory_storage(folder / name, options);
    if (!opened) { std::exit(1); }
    auto& store = *opened->nodes;
    rows.measure("put_many 2,000 and sync, " + name, count, 0, [&] {
        ++arena;
        for (std::size_t i = 0; i < count; i += 2000) {
            nodes.clear();
            for (std::size_t j = 0; j < std::min<std::size_t>(2000, count - i); ++j) {
                nodes.push_back({make_node_id(arena, static_cast<std::uint32_t>(i + j + 1)), payloads[j]});
            }
            if (!store.put_many(nodes)) { std::exit(1); }
        }
        if (!store.sync()) { std::exit(1); }
        return std::uint64_t{count};
    });
    const auto gets = count / 2;
    rows.measure("get at random, " + name, gets, 0, [&] {
        std::uint64_t hash = 0;
        for (std::size_t i = 0; i < gets; ++i) {
            const auto at = random.below(count);
            const auto id =
                make_node_id(1 + static_cast<std::uint32_t>(random.below(arena)), static_cast<std::uint32_t>(at + 1));
            // The seal is taken here as a parent would have it; its cost is part of the row.
            const auto got = store.get(id, seal_of(id, payloads[at % 2000]));
            if (!got) { std::exit(1); }
            hash = mix(hash, got->size());
        }
        return std::uint64_t{gets};
    });
    rows.measure("list ids, " + name, count * arena, 0, [&] {
        std::uint64_t seen = 0;
        if (!store.for_each_id(node_id::none, node_id_end, [&](node_id) { return ++seen > 0; })) { std::exit(1); }
        return seen;
    });
}

void measure_log(report& rows, const std::filesystem::path& folder, std::size_t count) {
    const std::string record(60, 'r');
    for (const bool real : {false, true}) {
        auto opened = open_directory_storage(folder / "log", {});
        if (!opened) { std::exit(1); }
        auto memory = open_memory_storage();
        auto& log = real ? *opened->log : *memory.log;
        const std::string where = real ? "segments" : "memory";
        for (const std::size_t turn : {1U, 32U, 512U}) {
            log_batch batch;
            rows.measure("log record of 60, " + std::to_string(turn) + " a turn, " + where, count, 0, [&] {
                for (std::size_t i = 0; i < count; i += turn) {
                    batch.clear();
                    for (std::size_t j = 0; j < turn; ++j) {
                        batch.begin_record();
                        batch.append(record);
                        batch.end_record();
                    }
                    if (!log.reserve(batch.size_bytes()) || !log.write(batch)) { std::exit(1); }
                }
                return std::uint64_t{count};
            });
            if (!log.sync() || !log.rotate() || !log.drop_before(log.next())) { std::exit(1); }
        }
        const auto syncs = std::max<std::size_t>(count / 2000, 5);
        rows.measure("log turn of one record and sync, " + where, syncs, 0, [&] {
            for (std::size_t i = 0; i < syncs; ++i) {
                if (!log.append(record) || !log.sync()) { std::exit(1); }
            }
            return std::uint64_t{syncs};
        });
    }
}

}  // namespace

int main(int count, char** words) {
    const bool small = count > 1 && std::strcmp(words[1], "--small") == 0;
    const std::size_t nodes = small ? 2000 : 40'000;
    std::string folder = (std::filesystem::temp_directory_path() / "coppice-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) { return 1; }
    std::printf("storage_bench: %zu nodes of 2 to 4 KiB, 5 runs; \"bytes\" of pack rows: per cent of the payload\n",
                nodes);
    report rows(5, "");
    measure_codecs(rows, small ? 100 : 2000);
    storage_options options;
    measure_nodes(rows, folder, nodes, "lz4", options);
    options.codec = node_codec::zstd;
    measure_nodes(rows, folder, nodes, "zstd", options);
    measure_log(rows, folder, small ? 4096 : 200'000);
    rows.print_table();
    std::filesystem::remove_all(folder);
    return 0;
}
