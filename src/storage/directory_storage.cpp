// The kind of storage that lies in a data folder: its lock, its opening, its copies and its verification.
//
//   data/  LOCK    who has it open       FORMAT  "coppice data folder, format 1"
//          HEADS   how far heads came    nodes/  RocksDB        log/  segments

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <storage/rocksdb_engine.hpp>
#include <storage/segment_log.hpp>

namespace coppice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_name = "FORMAT";
constexpr std::string_view heads_name = "HEADS";
constexpr std::string_view format_begin = "coppice data folder, format ";
constexpr std::string_view format_text = "coppice data folder, format 1\n";
constexpr std::size_t small_file_bytes = 4096;

/// Makes a folder and its parents, for the owner only.
status make_folder(const fs::path& path) {
    std::error_code failure;
    if (fs::is_directory(path, failure)) { return {}; }
    if (fs::exists(path, failure)) { return error{errc::invalid, path.string() + " is a file, not a folder"}; }
    if (path.has_parent_path() && path.parent_path() != path) {
        if (auto made = make_folder(path.parent_path()); !made) { return made; }
    }
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return error_of_errno(errno, "create " + path.string());
    }
    return {};
}

/// Whether `place`, which need not be there yet, is `folder` or in it. Links are followed.
bool is_inside(const fs::path& place, const fs::path& folder) {
    const auto resolved = [](const fs::path& path) {
        std::error_code failure;
        // The first time only up to what is not there; then nothing behind that goes up again.
        return fs::weakly_canonical(fs::weakly_canonical(fs::absolute(path), failure), failure);
    };
    const auto inner = resolved(place);
    const auto outer = resolved(folder);
    return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

/// Names in a folder that a store does not write there while it is made, or a backup while it grows; sorted.
std::vector<std::string> foreign_names(const fs::path& path) {
    constexpr std::string_view own[] = {"FORMAT", "FORMAT.next", "HEADS", "HEADS.next", "log", "nodes", "nodes.tmp"};
    std::vector<std::string> foreign;
    std::error_code failure;
    for (fs::directory_iterator file(path, failure), end; !failure && file != end; file.increment(failure)) {
        auto name = file->path().filename().string();
        if (std::find(std::begin(own), std::end(own), name) == std::end(own)) { foreign.push_back(std::move(name)); }
    }
    std::sort(foreign.begin(), foreign.end());
    return foreign;
}

std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t few = 3;
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < few; ++i) { text += (i == 0 ? "" : ", ") + names[i]; }
    return names.size() > few ? text + ", ..." : text;
}

/// Whether a store is there or may grow there.  Errors: errc::invalid where something else is.
status check_place(const fs::path& path) {
    std::error_code failure;
    for (const auto name : {format_name, heads_name, std::string_view("nodes/CURRENT")}) {
        if (fs::exists(path / name, failure)) { return {}; }
    }
    auto foreign = foreign_names(path);
    std::erase_if(foreign, [](const std::string& name) {
        return name == "LOCK" || name == "lost+found" || name.starts_with('.');
    });
    if (foreign.empty()) { return {}; }
    return error{errc::invalid, path.string() + " holds no store, but something else (" + listed(foreign)
                                    + "): choose an empty folder or a new one"};
}

/// An advisory lock on data/LOCK, and the text in it. The system drops it with the process, however that ends.
class folder_lock {
public:
    folder_lock() = default;
    folder_lock(folder_lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    folder_lock& operator=(folder_lock&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~folder_lock() {
        if (descriptor_ >= 0) { ::close(descriptor_); }
    }

    static result<folder_lock> take(const fs::path& folder) {
        auto lock = lock_file(folder / "LOCK", O_RDWR | O_CREAT, LOCK_EX);
        if (!lock) { return lock; }
        if (auto written = lock->write_owner(""); !written) { return written.error(); }
        return lock;
    }
    /// Keeps owners out and changes nothing; no file, no lock.
    static result<folder_lock> take_to_read(const fs::path& folder) {
        auto lock = lock_file(folder / "LOCK", O_RDONLY, LOCK_SH);
        if (!lock && lock.error().code == errc::not_found) { return folder_lock(); }
        return lock;
    }

    /// The text a second opener is shown.
    status write_owner(std::string_view listening) const {
        auto text = "pid " + std::to_string(::getpid());
        if (!listening.empty()) { text += ", listening at " + std::string(listening); }
        if (::ftruncate(descriptor_, 0) != 0
            || ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
            // A full disk must not keep a store from opening: the lock holds without its text.
            if (errno != ENOSPC) { return error_of_errno(errno, "write LOCK"); }
        }
        return {};
    }

private:
    static result<folder_lock> lock_file(const fs::path& path, int mode, int kind) {
        folder_lock lock;
        lock.descriptor_ = ::open(path.c_str(), mode | O_CLOEXEC, 0600);
        if (lock.descriptor_ < 0) {
            const int why = errno;
            auto failure = error_of_errno(why, "open " + path.string());
            if (why == EROFS) {
                failure.context +=
                    "; an open store writes to its folder: mount it writable, or copy the folder to where "
                    "that is so (`coppice verify` reads it where it lies)";
            }
            return failure;
        }
        if (::flock(lock.descriptor_, kind | LOCK_NB) == 0) { return lock; }
        if (errno != EWOULDBLOCK) { return error_of_errno(errno, "lock " + path.string()); }
        char text[256];
        const auto got = ::pread(lock.descriptor_, text, sizeof text, 0);
        const auto owner =
            got > 0 ? std::string(text, static_cast<std::size_t>(got)) : "a process that has not said its id";
        return error{errc::in_use, "store in use by " + owner};
    }

    int descriptor_ = -1;
};

class data_folder final : public storage_folder {
public:
    data_folder(fs::path path, folder_lock lock, std::shared_ptr<rocksdb_engine> engine, segment_log& log)
        : lock_(std::move(lock)), path_(std::move(path)), engine_(std::move(engine)), log_(log) {}

    status set_listening(std::string_view address) override { return lock_.write_owner(address); }
    void forget_lock() noexcept override { lock_ = folder_lock(); }
    const fs::path& path() const noexcept override { return path_; }

    status backup_to(const fs::path& given) override {
        const fs::path target = given.has_filename() ? given : given.parent_path();  // without the / at its end
        std::error_code failure;
        if (fs::exists(target, failure)) {
            return error{errc::exists, target.string() + " is there already; a backup goes to a new folder"};
        }
        // Under another name until it is whole, so that half a copy is never taken for one.
        auto growing = target;
        growing += ".unfinished";
        if (is_inside(target, path_)) {
            return error{errc::invalid, target.string() + " lies in the store's own folder " + path_.string()
                                            + "; a backup goes to a new folder outside of it"};
        }
        if (is_inside(path_, growing)) {
            return error{errc::invalid, "the store itself lies in " + growing.string()
                                            + ", where the backup would grow; choose another name for it"};
        }
        const bool is_file = fs::exists(growing, failure) && !fs::is_directory(growing, failure);
        if (is_file || !foreign_names(growing).empty()) {
            return error{errc::exists, growing.string()
                                           + ", where the backup would grow, is there and no backup that was cut off: "
                                             "remove it, or choose another name"};
        }
        fs::remove_all(growing, failure);  // what a backup left that was cut off, as by kill -9
        if (auto copied = copy_to(growing); !copied) {
            fs::remove_all(growing, failure);
            return copied;
        }
        if (::rename(growing.c_str(), target.c_str()) != 0) {
            return error_of_errno(errno, "rename " + growing.string());
        }
        return open_disk_folder(fs::absolute(target).parent_path())->sync();
    }

private:
    status copy_to(const fs::path& target) {
        if (auto made = make_folder(target / "log"); !made) { return made; }
        const auto here = open_disk_folder(path_, true);
        const auto there = open_disk_folder(target);
        // HEADS, then the engine, then the log: each is as new as the one before, or newer, and nothing is
        // dropped from the log meanwhile.
        const auto copy_state = [&]() -> status {
            const auto generations = read_whole_file(*here, heads_name, head_bytes_max);
            if (!generations) { return generations.error(); }
            if (auto written = replace_file(*there, heads_name, *generations); !written) { return written; }
            return engine_->copy_to(target / "nodes");
        };
        if (auto copied = log_.copy_to(*open_disk_folder(target / "log"), copy_state); !copied) { return copied; }
        return replace_file(*there, format_name, format_text);
    }

    folder_lock lock_;  // released last
    const fs::path path_;
    const std::shared_ptr<rocksdb_engine> engine_;
    segment_log& log_;  // of the same storage
};

/// Whether a store was ever used in the folder: a head was moved, or a record written.
bool was_used(const fs::path& path, disk_folder& folder) {
    const auto heads = read_whole_file(folder, heads_name, head_bytes_max);
    if (heads && *heads != pack_generations({})) { return true; }
    std::error_code failure;
    for (fs::directory_iterator file(path / "log", failure), end; !failure && file != end; file.increment(failure)) {
        if (file->path().extension() == ".log") { return true; }
    }
    return false;
}

constexpr std::string_view log_is_gone = "the folder log is gone: it holds what was written since the last checkpoint";
bool has_log(const fs::path& path) {
    std::error_code failure;
    return fs::is_directory(path / "log", failure);
}

/// Whether the folder holds a store (true), or nothing yet.
result<bool> read_format(const fs::path& path, disk_folder& folder) {
    const auto text = read_whole_file(folder, format_name, small_file_bytes);
    if (!text) {
        if (text.error().code != errc::not_found) { return text.error(); }
        if (!was_used(path, folder)) { return false; }
        return error{errc::corrupt, "the file FORMAT is gone: it must say \"coppice data folder, format 1\""};
    }
    if (*text == format_text) { return true; }
    const auto number = text->starts_with(format_begin) ? std::string_view(*text).substr(format_begin.size()) : "";
    if (number.size() > 1 && number.find_first_not_of("0123456789") == number.size() - 1 && number.ends_with('\n')) {
        return error{errc::unsupported, "the data folder has format " + std::string(number.substr(0, number.size() - 1))
                                            + " (its file FORMAT says so); this coppice reads format 1"};
    }
    return error{errc::corrupt, "the file FORMAT is damaged: it must say \"coppice data folder, format 1\""};
}

}  // namespace

result<storage> open_directory_storage(const fs::path& path, const storage_options& options) {
    if (auto fit = check_place(path); !fit) { return fit.error(); }  // before anything is written
    if (auto made = make_folder(path); !made) { return made.error(); }
    auto lock = folder_lock::take(path);
    if (!lock) { return lock.error(); }
    std::shared_ptr<disk_folder> folder = open_disk_folder(path);
    const auto there = read_format(path, *folder);
    if (!there) { return there.error(); }
    if (!*there) {
        if (auto made = make_folder(path / "log"); !made) { return made.error(); }
    } else if (!has_log(path)) {
        return error{errc::corrupt, std::string(log_is_gone)};
    }
    // First, for it gives back room that was taken beforehand: the engine needs some to open.
    auto log = segment_log::open(open_disk_folder(path / "log"), options.log_segment_bytes, random_seed());
    if (!log) { return log.error(); }
    auto engine = rocksdb_engine::open(path / "nodes", options, *there ? engine_mode::open : engine_mode::create);
    if (!engine) { return engine.error(); }
    if (!*there) {
        // Behind the engine's first files and the others': from now on a missing one is damage, not a new store.
        if (auto written = replace_file(*folder, heads_name, pack_generations({})); !written) {
            return written.error();
        }
        if (auto written = replace_file(*folder, format_name, format_text); !written) { return written.error(); }
    }
    storage opened;
    opened.nodes = make_rocksdb_nodes(*engine);
    opened.heads = make_rocksdb_heads(*engine, folder);
    opened.folder = std::make_unique<data_folder>(path, std::move(*lock), *engine, **log);
    opened.log = std::move(*log);
    return opened;
}

status check_directory_unused(const fs::path& path) {
    const auto lock = folder_lock::take_to_read(path);
    return lock ? status() : status(lock.error());
}

result<bool> is_data_folder(const fs::path& path) {
    for (const auto name : {format_name, heads_name, std::string_view("nodes"), std::string_view("log")}) {
        std::error_code failure;
        if (fs::exists(path / name, failure)) { return true; }
        if (failure == std::errc::permission_denied) { return error_of_errno(EACCES, "open " + path.string()); }
    }
    return false;
}

findings verify_directory(const fs::path& path, const state_verifier& also) {
    findings found;
    std::error_code failure;
    if (!fs::is_directory(path, failure)) { return {{path.string(), "is no folder"}}; }
    const auto lock = folder_lock::take_to_read(path);
    if (!lock) { return {{path.string(), lock.error().message()}}; }
    const std::shared_ptr<disk_folder> folder = open_disk_folder(path, true);
    if (const auto there = read_format(path, *folder); !there || !*there) {
        found.push_back({"data folder", there ? "there is no coppice store in it" : there.error().context});
        if (there) { return found; }
    }
    log_range log;
    if (has_log(path)) {
        log = verify_log_folder(*open_disk_folder(path / "log", true), found);
    } else {
        found.push_back({"log", std::string(log_is_gone)});
    }
    const auto engine = rocksdb_engine::open(path / "nodes", {}, engine_mode::read_only);
    if (!engine) {
        found.push_back({"nodes", engine.error().context});
        return found;
    }
    const auto nodes = make_rocksdb_nodes(*engine);
    const auto heads = make_rocksdb_heads(*engine, folder);
    nodes->verify(found);
    heads->verify(found);
    if (also) { also(*nodes, *heads, log, found); }
    return found;
}

}  // namespace coppice
