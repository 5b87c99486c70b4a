#include "embed/embedded_store.hpp"

#include <atomic>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include <embed/flat_reply.hpp>
#include <storage/volatile_storage.hpp>

namespace coppice {
namespace {

using words = std::vector<std::string_view>;

/// What a command answers, a text or a number; of an aggregate, how many values follow.
std::string ask(embedded_session& session, const words& command) {
    flat_reply reply;
    const auto done = session.run(command, reply);
    if (!done) { return done.error().message(); }
    const auto& first = reply.items().front();
    return flat_reply::has_text(first.is) ? std::string(reply.text_of(first)) : std::to_string(first.number);
}

std::unique_ptr<embedded_session> session_of(const std::shared_ptr<embedded_store>& store) {
    auto opened = embedded_session::open(store, "main");
    return opened ? std::move(*opened) : nullptr;
}

class temporary_folder {
public:
    temporary_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "coppice-embed-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] std::filesystem::path data() const { return path_ / "data"; }

private:
    std::filesystem::path path_;
};

// Two who open one folder have one store; when both are gone, its lock is, and the next finds all.
TEST(EmbeddedStore, IsOneForEachFolder) {
    const temporary_folder place;
    {
        const auto one = open_embedded_folder(place.data());
        const auto other = open_embedded_folder(place.data() / ".." / "data");
        ASSERT_TRUE(one && other);
        EXPECT_EQ(one->get(), other->get());
        EXPECT_EQ(ask(*session_of(*one), {"SET", "k", "v"}), "OK");
        EXPECT_EQ(ask(*session_of(*other), {"GET", "k"}), "v");
        EXPECT_FALSE(check_directory_unused(place.data()));
    }
    EXPECT_TRUE(check_directory_unused(place.data()));
    EXPECT_EQ(ask(*session_of(*open_embedded_folder(place.data())), {"GET", "k"}), "v");
}

// Several threads: each command is whole, those of one call stand together, and long reads see one version.
TEST(EmbeddedStore, SerialisesItsThreads) {
    constexpr std::size_t many = 5'000;  // more than a long read has
    const auto store = embedded_store::open(open_volatile_storage(), upkeep::in_background);
    ASSERT_TRUE(store);
    const auto fill = [](std::string_view value) {
        words command(many + 2, value);
        command[0] = "RPUSH";
        command[1] = "l";
        return command;
    };
    const auto clear = words{"DEL", "l"};
    std::atomic<bool> done = false;
    std::vector<std::thread> writers;
    for (const std::string_view value : {"a", "b", "c"}) {
        writers.emplace_back([&, value] {
            const auto session = session_of(*store);
            const auto filled = fill(value);
            const std::vector<arguments> both{clear, filled};
            for (int i = 0; i < 50; ++i) {
                flat_reply reply;
                EXPECT_TRUE(session->run(both, reply));
                EXPECT_EQ(reply.items()[1].number, static_cast<std::int64_t>(many));
            }
        });
    }
    std::thread reader([&] {
        const auto session = session_of(*store);
        while (!done) {
            flat_reply reply;
            EXPECT_TRUE(session->run(words{"LRANGE", "l", "0", "-1"}, reply));
            const auto& items = reply.items();
            if (items.size() < 2) { continue; }
            ASSERT_EQ(items.size(), many + 1);
            for (const auto& item : items) {
                if (item.is == flat_reply::kind::bulk) { ASSERT_EQ(reply.text_of(item), reply.text_of(items[1])); }
            }
        }
    });
    for (auto& each : writers) { each.join(); }
    done = true;
    reader.join();
}

// A held value stays as it was, whatever is written, and keeps its store open.
TEST(EmbeddedStore, HoldsBytesAsTheyWere) {
    std::optional<held_bytes> held;
    const std::string value(100'000, 'x');
    {
        const auto store = embedded_store::open(open_volatile_storage(), upkeep::in_background);
        const auto session = session_of(*store);
        EXPECT_EQ(ask(*session, {"SET", "k", value}), "OK");
        auto found = session->hold("k", {});
        ASSERT_TRUE(found && *found);
        held = std::move(**found);
        EXPECT_EQ(ask(*session, {"SETRANGE", "k", "5", "yyyyy"}), "100000");
        EXPECT_EQ(ask(*session, {"FLUSHALL"}), "OK");
        EXPECT_FALSE(*session->hold("k", {}));
        EXPECT_EQ(session->hold("k", "nope").error().code, errc::not_found);
        EXPECT_EQ(ask(*session, {"RPUSH", "k", "a"}), "1");
        EXPECT_EQ(session->hold("k", {}).error().code, errc::wrong_type);
    }
    std::string copied(held->size(), ' ');
    held->copy(0, held->size(), copied.data());
    EXPECT_EQ(copied, value);
    EXPECT_LT(held->page_at(10).size(), 4'096U);
    EXPECT_EQ(held->page_at(99'999), "x");
}

// Behind close() all is refused in words, also what waits.
TEST(EmbeddedStore, RefusesWhenClosed) {
    const auto store = embedded_store::open(open_volatile_storage(), upkeep::in_background);
    const auto session = session_of(*store);
    EXPECT_TRUE((*store)->close());
    EXPECT_TRUE((*store)->close());
    EXPECT_EQ(ask(*session, {"GET", "k"}), "closed: the store was closed");
    EXPECT_EQ(embedded_session::open(*store, "main").error().code, errc::closed);
}

// SAVE needs a turn of the writer while it waits: it must not keep that to itself.
TEST(EmbeddedStore, SavesAndKeepsUpBesideItsThreads) {
    const temporary_folder place;
    const auto store = open_embedded_folder(place.data());
    const auto session = session_of(*store);
    EXPECT_EQ(ask(*session, {"CONFIG", "SET", "appendfsync", "always"}), "OK");
    EXPECT_EQ(ask(*session, {"SET", "k", "v", "PX", "30"}), "OK");
    EXPECT_EQ(ask(*session, {"SAVE"}), "OK");
    for (int i = 0; i < 200 && ask(*session, {"DBSIZE"}) != "0"; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(ask(*session, {"DBSIZE"}), "0");
    EXPECT_NE(ask(*session, {"CONFIG", "SET", "appendfsync", "never"}).find("one of: always"), std::string::npos);
}

}  // namespace
}  // namespace coppice
