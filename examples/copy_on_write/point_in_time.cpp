// A store in a folder keeps unplanned versions, by the clock. After the accident, the last one before it is good.
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <coppice/store.hpp>

#include "scenes.hpp"
#include "stage.hpp"

namespace copy_on_write {
namespace {

/// A folder that is gone with the scene.
struct temporary_folder {
    temporary_folder() : path(std::filesystem::temp_directory_path() / ("copy_on_write." + std::to_string(getpid()))) {}
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    const std::filesystem::path path;
};

/// The reference that names a version of main for as long as it is kept: its time in seconds since 1970.
std::string reference_to(coppice::version_id version) {
    const auto microseconds = static_cast<std::uint64_t>(version);
    const std::string fraction = std::to_string(microseconds % 1'000'000);
    return "main@" + std::to_string(microseconds / 1'000'000) + "." + std::string(6 - fraction.size(), '0') + fraction;
}

}  // namespace

void point_in_time(stage& on) {
    const std::size_t orders = on.size(20'000, 500);
    const std::size_t batches = 5;
    on.say(
        "Nobody commits just before an accident. So a store keeps versions by itself while a branch changes, about\n"
        "one a second (here one every 20 ms), and thins them out with age. Five batches of "
        + count_text(orders) + " orders come in;\nthen somebody's script clears the database.");
    const temporary_folder folder;
    const coppice::store_options options{.restore_point_interval = std::chrono::milliseconds(20), .background = false};
    {
        coppice::store data = need(coppice::store::open(folder.path, options));
        coppice::branch main = need(data.branch("main"));
        const auto settle = [&] {  // what the background does, at a moment that the scene knows
            std::this_thread::sleep_for(std::chrono::milliseconds(25));
            data.make_restore_points();
        };
        for (std::size_t batch = 0; batch < batches; ++batch) {
            need(main.transact([&](coppice::editor& edit) {
                for (std::size_t i = 0; i < orders; ++i) {
                    edit.put("order:" + std::to_string(batch * orders + i), "paid");
                }
            }));
            settle();
        }
        need(main.transact([](coppice::editor& edit) { edit.clear(); }));
        settle();
        need(data.close());
    }

    coppice::store data = need(coppice::store::open(folder.path, options));
    coppice::branch main = need(data.branch("main"));
    std::vector<std::vector<std::string>> rows{{"version", "orders", ""}};
    std::string good;
    for (const coppice::version_info& each : need(data.history("main"))) {
        const std::string reference = reference_to(each.version);
        const std::uint64_t count = need(need(data.at(reference)).key_count());
        const bool last_good = good.empty() && count > 0;
        if (last_good) { good = reference; }
        rows.push_back({reference, count_text(count), last_good ? "<- the last good one" : ""});
    }
    on.table(rows);
    expect(!good.empty(), "no restore point has the orders");

    const std::uint64_t before = need(main.read().key_count());
    const auto restored = time_of([&] { need(main.rewind(good)); });
    const std::uint64_t now = need(main.read().key_count());
    expect(before == 0 && now == batches * orders, "not what the store said before the accident");
    on.say("The folder was closed and opened again meanwhile. Now main goes back to the last good version:");
    on.table({{"orders before", "the rewind took", "orders after"},
              {count_text(before), time_text(restored), count_text(now)}});
    on.say("It can itself be undone: the reflog says " + need(data.reflog("main")).front().action + ".");
    need(data.close());
}

}  // namespace copy_on_write
