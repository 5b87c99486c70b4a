// The process that storage tests kill.  Usage: storage_child append FOLDER: appends numbered records and now and
// then makes a checkpoint of one node and a head; says each acknowledged step on stdout, until it is killed.

#include <cstdio>
#include <cstring>
#include <string>

#include <storage/storage.hpp>

using namespace coppice;

namespace {

/// The record `sequence` as the test expects it.
std::string record_of(log_sequence sequence) { return std::to_string(sequence) + std::string(sequence % 700, 'r'); }

int append_for_ever(const char* folder) {
    storage_options options;
    options.log_segment_bytes = 64 * 1024;
    auto opened = open_directory_storage(folder, options);
    if (!opened) {
        std::printf("failed %s\n", opened.error().message().c_str());
        return 1;
    }
    auto& disk = *opened;
    const auto head = disk.heads->read("main");
    if (!head) { return 2; }
    auto token = *head ? (*head)->token : head_token();
    // The head says below which record the log is not needed: "S" and a node of the same number.
    const log_sequence from = *head ? std::stoull((*head)->bytes) : 1;
    const auto report = disk.log->replay(from, [](log_sequence sequence, std::string_view record) -> status {
        if (record != record_of(sequence)) { return error{errc::corrupt, "another record"}; }
        return {};
    });
    if (!report) {
        std::printf("failed %s\n", report.error().message().c_str());
        return 3;
    }
    for (;;) {
        const auto sequence = disk.log->next();
        if (!disk.log->append(record_of(sequence))) { return 4; }
        std::printf("written %llu\n", static_cast<unsigned long long>(sequence));
        if (sequence % 100 == 0) {
            const auto text = std::to_string(sequence);
            const std::string payload = text + std::string(2000, 'n');
            const stored_node node{make_node_id(1, static_cast<std::uint32_t>(sequence)), payload};
            if (!disk.nodes->put_many({&node, 1}) || !disk.nodes->sync()) { return 5; }
            auto moved = disk.heads->move_head("main", token, text);
            if (!moved || moved->outcome != move_outcome::moved) { return 6; }
            token = moved->token;
            std::printf("moved %s\n", text.c_str());
            if (!disk.log->drop_before(sequence)) { return 7; }
        }
        std::fflush(stdout);
    }
}

}  // namespace

int main(int count, char** words) {
    if (count == 3 && std::strcmp(words[1], "append") == 0) { return append_for_ever(words[2]); }
    std::fprintf(stderr, "usage: storage_child append FOLDER\n");
    return 64;
}
