// The data folder on the real disk: its lock, its copies, damage in each of its files, and kill -9.
#ifndef COPPICE_WITHOUT_ROCKSDB

#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "storage_kinds.hpp"

namespace coppice::testing {
namespace {

namespace fs = std::filesystem;

node_id id(std::uint32_t number) { return make_node_id(1, number); }
std::string payload_of(std::uint32_t number) {
    random_source random(number);
    return random_bytes(random, 100 + number * 67 % 4000, 5);
}

/// Puts some nodes, moves a head, writes records, twice, so that each kind of file is there.
void fill(storage& disk) {
    head_token token;
    for (std::uint32_t round = 0; round < 2; ++round) {
        for (std::uint32_t i = 1; i <= 60; ++i) {
            const auto number = round * 60 + i;
            const auto payload = payload_of(number);
            const stored_node node{id(number), payload};
            ASSERT_TRUE(disk.nodes->put_many({&node, 1}));
            ASSERT_TRUE(disk.log->append(payload));
        }
        ASSERT_TRUE(disk.nodes->sync());
        token = disk.heads->move_head("main", token, "head " + std::to_string(round))->token;
    }
    ASSERT_TRUE(disk.log->sync());
    ASSERT_TRUE(disk.log->append(payload_of(121)));  // says that the others are durable
}

/// Reads everything that fill() put: each thing is right or an error. Returns how many were errors.
std::size_t read_all(storage& disk) {
    std::size_t errors = 0;
    for (std::uint32_t number = 1; number <= 120; ++number) {
        const auto payload = payload_of(number);
        const auto got = disk.nodes->get(id(number), seal_of(id(number), payload));
        if (!got) {
            ++errors;
        } else {
            EXPECT_EQ(*got, payload);
        }
    }
    const auto head = disk.heads->read("main");
    if (!head) {
        ++errors;
    } else {
        EXPECT_TRUE(head->has_value()) << "a lost head must not look like a new store";
        if (*head) { EXPECT_EQ((*head)->bytes, "head 1"); }
    }
    const auto report = disk.log->replay(1, [](log_sequence sequence, std::string_view record) -> status {
        EXPECT_EQ(record, payload_of(static_cast<std::uint32_t>(sequence)));
        return {};
    });
    if (!report) {
        ++errors;
    } else {
        EXPECT_GE(report->next, 121U);
    }
    return errors;
}

TEST(DataFolder, BelongsToItsOwnerAlone) {
    const temporary_folder folder;
    const auto path = folder.path() / "deep" / "data";
    auto disk = opened(open_directory_storage(path, small_options()));
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0700U);
    const auto pid = std::to_string(::getpid());
    EXPECT_EQ(open_directory_storage(path).error(), (error{errc::in_use, "store in use by pid " + pid}));
    ASSERT_TRUE(disk.folder->set_listening("127.0.0.1:5000"));
    EXPECT_EQ(open_directory_storage(path).error(),
              (error{errc::in_use, "store in use by pid " + pid + ", listening at 127.0.0.1:5000"}));
    EXPECT_EQ(verify_directory(path).size(), 1U) << "in use: ask the owner";
    disk = {};
    EXPECT_TRUE(open_directory_storage(path, small_options()));
}

TEST(DataFolder, RefusesALaterFormat) {
    const temporary_folder folder;
    (void)opened(open_directory_storage(folder.path() / "data", small_options()));
    std::ofstream(folder.path() / "data" / "FORMAT") << "coppice data folder, format 2\n";
    EXPECT_EQ(open_directory_storage(folder.path() / "data").error().code, errc::unsupported);
}

// A copy made while the store is written opens as a store of its own.
TEST(DataFolder, BacksUpWhileInUse) {
    const temporary_folder folder;
    auto disk = opened(open_directory_storage(folder.path() / "data", small_options()));
    fill(disk);
    const auto copy_at = folder.path() / "copy";
    ASSERT_TRUE(disk.folder->backup_to(copy_at));
    EXPECT_EQ(disk.folder->backup_to(copy_at).error().code, errc::exists);
    ASSERT_TRUE(disk.log->append("later"));
    EXPECT_TRUE(verify_directory(copy_at).empty());
    auto copy = opened(open_directory_storage(copy_at, small_options()));
    EXPECT_EQ(read_all(copy), 0U);
    EXPECT_EQ(*copy.log->append("its own"), 122U);
    EXPECT_EQ(disk.log->next(), 123U);
}

// However the place is written; and what is there stays as it is.
TEST(DataFolder, BacksUpNeitherIntoNorOverItself) {
    const temporary_folder folder;
    const auto path = folder.path() / "data.unfinished";
    auto disk = opened(open_directory_storage(path, small_options()));
    fill(disk);
    fs::create_directory_symlink(path, folder.path() / "link");
    for (const auto& target :
         {path / "copy", path / "nodes" / "copy", path / "new" / "copy", folder.path() / "link" / "copy",
          folder.path() / "other" / ".." / "link" / "copy", fs::relative(path) / "copy"}) {
        const auto done = disk.folder->backup_to(target);
        ASSERT_FALSE(done) << target;
        EXPECT_EQ(done.error().code, errc::invalid) << target;
        EXPECT_NE(done.error().context.find(" lies in the store's own folder "), std::string::npos)
            << done.error().context;
    }
    EXPECT_FALSE(fs::exists(path / "new"));
    EXPECT_TRUE(disk.folder->backup_to(folder.path() / "data.unfinished2/")) << "a name that begins like it";
    EXPECT_TRUE(verify_directory(folder.path() / "data.unfinished2").empty());
    EXPECT_TRUE(disk.log->append("later"));
}

// A backup grows in a folder of another name, which is emptied first.
TEST(DataFolder, IsNotWhatABackupThrowsAway) {
    const temporary_folder folder;
    auto disk = opened(open_directory_storage(folder.path() / "b.unfinished" / "c.unfinished", small_options()));
    for (const auto& target : {folder.path() / "b", folder.path() / "b/", folder.path() / "b.unfinished" / "c"}) {
        const auto done = disk.folder->backup_to(target);
        ASSERT_FALSE(done) << target;
        EXPECT_NE(done.error().context.find("the store itself lies in "), std::string::npos) << done.error().context;
    }
    EXPECT_TRUE(fs::exists(folder.path() / "b.unfinished" / "c.unfinished" / "FORMAT"));
}

// Half a backup, as kill -9 leaves one, makes room for the next; what is none stays.
TEST(DataFolder, BacksUpOverABackupThatWasCutOff) {
    const temporary_folder folder;
    auto disk = opened(open_directory_storage(folder.path() / "data", small_options()));
    fill(disk);
    const auto growing = folder.path() / "copy.unfinished";
    fs::create_directories(growing / "log");
    fs::create_directories(growing / "nodes.tmp");
    std::ofstream(growing / "nodes.tmp" / "000012.sst") << "half";
    std::ofstream(growing / "HEADS") << "half";
    ASSERT_TRUE(disk.folder->backup_to(folder.path() / "copy"));
    EXPECT_FALSE(fs::exists(growing));
    EXPECT_TRUE(verify_directory(folder.path() / "copy").empty());
    const auto other = folder.path() / "other.unfinished";
    for (const auto* name : {"notes.txt", ".hidden", "LOCK"}) {
        fs::create_directories(other);
        std::ofstream(other / name) << "mine";
        const auto done = disk.folder->backup_to(folder.path() / "other");
        ASSERT_FALSE(done) << name;
        EXPECT_EQ(done.error().code, errc::exists);
        EXPECT_NE(done.error().context.find("no backup that was cut off: remove it, or"), std::string::npos);
        EXPECT_TRUE(fs::exists(other / name));
        fs::remove_all(other);
    }
    std::ofstream(other.c_str()) << "a file";
    EXPECT_FALSE(disk.folder->backup_to(folder.path() / "other"));
    EXPECT_TRUE(fs::exists(other));
}

// A folder of something else gets no store, nor any file; one that is empty to a person does.
TEST(DataFolder, IsNotMadeAmongOtherFiles) {
    const temporary_folder folder;
    const auto project = folder.path() / "project";
    fs::create_directories(project / "log");
    std::ofstream(project / "README") << "a project";
    const auto refused = open_directory_storage(project, small_options());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::invalid);
    EXPECT_NE(refused.error().context.find("holds no store, but something else (README): choose an empty folder"),
              std::string::npos)
        << refused.error().context;
    EXPECT_FALSE(fs::exists(project / "LOCK"));
    EXPECT_FALSE(fs::exists(project / "nodes"));
    const auto disk = folder.path() / "disk";
    fs::create_directories(disk / "lost+found");
    std::ofstream(disk / ".gitignore") << "*";
    (void)opened(open_directory_storage(disk, small_options()));
    std::ofstream(disk / "notes") << "beside a store";
    (void)opened(open_directory_storage(disk, small_options()));
}

// Room comes back after most nodes are retired: each pass rewrites the older half of the blob files.
TEST(DataFolder, ShrinksAfterRetiring) {
    const temporary_folder folder;
    auto disk = opened(open_directory_storage(folder.path() / "data", small_options()));
    random_source random(1);
    std::vector<node_id> dead;
    for (std::uint32_t i = 1; i <= 2000; ++i) {
        const auto payload = random_bytes(random, 3000);
        const stored_node node{id(i), payload};
        ASSERT_TRUE(disk.nodes->put_many({&node, 1}));
        if (i % 10 != 0) { dead.push_back(node.id); }
    }
    ASSERT_TRUE(disk.nodes->sync());
    const auto before = disk.nodes->disk_bytes();
    ASSERT_TRUE(disk.nodes->retire(dead));
    std::atomic<bool> stop{false};
    ASSERT_TRUE(disk.nodes->sync());
    for (int pass = 0; pass < 3; ++pass) { ASSERT_TRUE(disk.nodes->compact(stop)); }
    EXPECT_LT(disk.nodes->disk_bytes(), before / 2);
    EXPECT_TRUE(verify_storage(disk).empty());
}

/// Flips bits in every file of `path`, one at a time, in a copy.
void flip_bits_in(const fs::path& path) {
    EXPECT_TRUE(verify_directory(path).empty());
    const temporary_folder folder;
    random_source random(test_seed());
    std::map<std::string, std::pair<int, int>> kinds;  // reported, tried
    std::vector<fs::path> files;
    for (const auto& file : fs::recursive_directory_iterator(path)) {
        if (file.is_regular_file() && file.file_size() > 0 && file.path().filename() != "LOCK") {
            files.push_back(file.path());
        }
    }
    for (const auto& file : files) {
        const auto size = fs::file_size(file);
        const auto kind = file.has_extension() && file.parent_path().filename() == "nodes"
                              ? "*" + file.extension().string()
                          : file.parent_path().filename() == "log" ? std::string("log segment")
                                                                   : file.filename().string().substr(0, 6);
        // Files of the same kind share a budget; the first and last bytes are always tried.
        for (int i = 0; i < (kinds[kind].second > 12 ? 2 : 6); ++i) {
            const auto at = i == 0 ? 0 : i == 1 ? size - 1 : random.below(size);
            const auto broken = folder.path() / "broken";
            fs::remove_all(broken);
            fs::copy(path, broken, fs::copy_options::recursive);
            std::fstream bytes(broken / fs::relative(file, path), std::ios::in | std::ios::out | std::ios::binary);
            bytes.seekg(static_cast<std::streamoff>(at));
            const auto byte = bytes.get();
            bytes.seekp(static_cast<std::streamoff>(at));
            bytes.put(static_cast<char>(byte ^ (1 << random.below(8))));
            bytes.close();
            const auto found = verify_directory(broken);
            ++kinds[kind].second;
            kinds[kind].first += found.empty() ? 0 : 1;
            auto again = open_directory_storage(broken, small_options());
            const auto errors = again ? read_all(*again) : 1;
            // A manifest that has lost its newest entry is whole, but for nodes that only their parents know of:
            // reading them is an error, and the store's verify, which walks from the head, meets it.
            EXPECT_FALSE(found.empty() && errors > 0 && kind != "MANIFE")
                << kind << " at " << at << " of " << size << ": verify saw nothing";
        }
    }
    for (const auto& [kind, counts] : kinds) {
        std::printf("  %-12s %d of %d flips reported\n", kind.c_str(), counts.first, counts.second);
    }
    for (const auto* const kind : {"*.blob", "*.sst", "HEADS", "FORMAT", "CURREN"}) {
        EXPECT_GT(kinds[kind].second, 0) << kind;
        EXPECT_EQ(kinds[kind].first, kinds[kind].second) << kind;
    }
}

// A bit flipped anywhere in any file: verify reports it or it does no harm, nothing dies, and whatever is read is
// right or an error. Only what RocksDB writes for people (LOG, OPTIONS, IDENTITY) may be damaged unseen.
TEST(Damage, InAnyFileIsReportedOrHarmless) {
    const temporary_folder folder;
    const auto path = folder.path() / "data";
    const auto killed = folder.path() / "killed";
    {
        auto disk = opened(open_directory_storage(path, small_options()));
        fill(disk);
        EXPECT_EQ(read_all(disk), 0U);
        fs::copy(path, killed, fs::copy_options::recursive);  // with the head in RocksDB's journal
    }
    flip_bits_in(path);
    flip_bits_in(killed);
}

// A file that is gone is damage, never an empty store.
TEST(Damage, OfALostFileIsReported) {
    const temporary_folder folder;
    const auto path = folder.path() / "data";
    {
        auto disk = opened(open_directory_storage(path, small_options()));
        fill(disk);
    }
    for (const auto& file : fs::directory_iterator(path / "nodes")) {
        const auto name = file.path().filename().string();
        if (name.starts_with("LO") || name == "IDENTITY" || name.starts_with("OPTIONS") || file.file_size() == 0) {
            continue;
        }
        const auto broken = folder.path() / "broken";
        fs::remove_all(broken);
        fs::copy(path, broken, fs::copy_options::recursive);
        fs::remove(broken / "nodes" / name);
        EXPECT_FALSE(verify_directory(broken).empty()) << name;
        auto again = open_directory_storage(broken, small_options());
        EXPECT_TRUE(!again || read_all(*again) > 0) << name;
    }
}

/// Starts storage_child with its output in `output`.
pid_t start_child(const fs::path& data, const fs::path& output) {
    const pid_t child = ::fork();
    if (child == 0) {
        const int to = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(to, STDOUT_FILENO);
        ::execl(COPPICE_STORAGE_CHILD, COPPICE_STORAGE_CHILD, "append", data.c_str(), nullptr);
        ::_exit(127);
    }
    return child;
}

// kill -9 at random moments: nothing that was answered is lost, time after time.
TEST(Kill, LosesNothingThatWasAnswered) {
    const temporary_folder folder;
    const auto data = folder.path() / "data";
    const auto output = folder.path() / "output";
    random_source random(test_seed());
    for (int round = 0; round < 6; ++round) {
        const pid_t child = start_child(data, output);
        ::usleep(static_cast<useconds_t>(120'000 + random.below(250'000)));
        ::kill(child, SIGKILL);
        int ended = 0;
        ::waitpid(child, &ended, 0);
        ASSERT_TRUE(WIFSIGNALED(ended)) << std::ifstream(output).rdbuf();
        log_sequence written = 0;
        log_sequence moved = 0;
        std::ifstream said(output);
        for (std::string word, number; said >> word >> number && !said.eof();) {  // the last line may be half
            (word == "moved" ? moved : written) = std::stoull(number);
        }
        auto disk = opened(open_directory_storage(data, small_options()));
        const auto head = disk.heads->read("main");
        ASSERT_TRUE(head);
        const log_sequence from = *head ? std::stoull((*head)->bytes) : 1;
        EXPECT_GE(from, std::max<log_sequence>(moved, 1));
        const auto report = disk.log->replay(from, [](log_sequence, std::string_view) -> status { return {}; });
        ASSERT_TRUE(report) << report.error().message();
        EXPECT_GT(report->next, written);
        EXPECT_TRUE(verify_storage(disk).empty());
    }
}

// A process may not grow files (a limit that always works, unlike mounting a small disk): the log says so in
// reserve, keeps what it has, and goes on when it may again.
TEST(Space, IsMissedInReserveAndFoundAgain) {
    const temporary_folder folder;
    auto disk = opened(open_directory_storage(folder.path() / "data", small_options()));
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const auto unlimited = limit.rlim_cur;
    ASSERT_TRUE(disk.log->append("fits"));
    limit.rlim_cur = 32 * 1024;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto refused = disk.log->reserve(200'000);
    limit.rlim_cur = unlimited;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, before);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::no_space);
    ASSERT_TRUE(disk.log->reserve(200'000));
    EXPECT_EQ(*disk.log->append(std::string(150'000, 'x')), 2U);
}

}  // namespace
}  // namespace coppice::testing

#endif
