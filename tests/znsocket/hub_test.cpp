// Refreshes reach everybody else; a question reaches its owner and comes back once, whatever becomes of the owner.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <coppice/base/limits.hpp>

#include <fmt/format.h>

#include "znsocket/hub.hpp"

namespace coppice::znsocket {
namespace {

using namespace std::chrono_literals;

struct someone final : participant {
    explicit someone(hub& to, std::string on = "main") : at(to), works_on(std::move(on)) { at.join(*this); }
    ~someone() override { at.leave(*this); }
    [[nodiscard]] std::string_view branch() const noexcept override { return works_on; }
    void refreshed(std::string_view payload) override { refreshes.emplace_back(payload); }
    void asked(std::uint64_t ticket, std::string_view question) override { questions.emplace_back(ticket, question); }

    hub& at;
    std::string works_on;
    std::vector<std::string> refreshes;
    std::vector<std::pair<std::uint64_t, std::string>> questions;
};

struct heard {
    std::vector<std::pair<told, std::string>> all;
    [[nodiscard]] hub::on_told here() {
        return [this](told how, std::string_view said) { all.emplace_back(how, said); };
    }
};

TEST(Hub, ARefreshReachesEverybodyElse) {
    hub all;
    someone a(all);
    someone b(all);
    someone c(all);
    EXPECT_EQ(all.refresh(&a, "main", "x", 1s), 2U);
    EXPECT_TRUE(a.refreshes.empty());
    EXPECT_EQ(b.refreshes, std::vector<std::string>{"x"});
    EXPECT_EQ(c.refreshes, std::vector<std::string>{"x"});
    EXPECT_EQ(all.refresh(nullptr, "main", "y", 1s), 3U) << "of somebody who hears none";
}

TEST(Hub, ARefreshStaysOnItsBranch) {
    hub all;
    someone a(all, "exp");
    someone b(all, "exp");
    someone c(all);
    EXPECT_EQ(all.refresh(&a, "exp", "x", 1s), 1U);
    EXPECT_EQ(b.refreshes, std::vector<std::string>{"x"});
    EXPECT_TRUE(c.refreshes.empty());
}

std::string refresh_of(std::string_view target, std::string_view data) {
    return fmt::format(R"({{"target":"{}","data":{}}})", target, data);
}

TEST(Hub, RefreshesThatComeTooFastAreBroughtTogether) {
    hub all;
    someone writer(all);
    someone reader(all);
    const auto now = 1s;
    const auto say = [&](const std::string& payload) { all.refresh(&writer, "main", payload, now); };
    for (std::size_t i = 0; i < limits::refreshes_at_once; ++i) { say(refresh_of("k", R"({"indices":[0]})")); }
    EXPECT_EQ(reader.refreshes.size(), limits::refreshes_at_once);
    EXPECT_FALSE(all.refreshes_wait());
    reader.refreshes.clear();

    for (const auto* const data : {R"({"indices":[5,4]})", R"({"keys":["a"]})", R"({"start":9,"stop":null})",
                                   R"({"indices":[5,6]})", R"({"start":3,"stop":null})", R"({"keys":[1,"a"]})"}) {
        say(refresh_of("k", data));
    }
    say(refresh_of("other", R"({"indices":[5]})"));
    EXPECT_TRUE(reader.refreshes.empty());
    EXPECT_TRUE(all.refreshes_wait());
    all.time_passed(now + limits::refresh_window - 1ms);
    EXPECT_TRUE(reader.refreshes.empty());
    all.time_passed(now + limits::refresh_window);
    EXPECT_FALSE(all.refreshes_wait());
    EXPECT_EQ(reader.refreshes,
              (std::vector<std::string>{
                  refresh_of("k", R"({"indices":[5,4,6]})"), refresh_of("k", R"({"keys":["a",1]})"),
                  refresh_of("k", R"({"start":3,"stop":null})"), refresh_of("other", R"({"indices":[5]})")}));
    all.refresh(&writer, "main", "next", now + limits::refresh_window);
    EXPECT_EQ(reader.refreshes.back(), "next") << "it need not wait";
}

TEST(Hub, MessagesOfNoKnownKindAreNeverLostOrChanged) {
    hub all;
    someone writer(all);
    someone reader(all);
    std::vector<std::string> said;
    for (const auto& payload :
         {std::string("5"), std::string("not JSON"), refresh_of("k", "7"), refresh_of("k", R"({"start":1,"stop":2})"),
          refresh_of("k", R"({"start":-1,"stop":null})"),
          refresh_of("k", R"({"start":99999999999999999999,"stop":null})"), refresh_of("k", R"({"indices":3})"),
          refresh_of("k", R"({"indices":[3],"keys":[4]})"),
          std::string(R"({"target":"k","data":{"keys":[1]},"more":1})")}) {
        for (std::size_t i = 0; i < limits::refreshes_waiting; ++i) {
            said.push_back(payload);
            all.refresh(&writer, "main", payload, 1s);
        }
    }
    all.time_passed(2s);
    EXPECT_EQ(reader.refreshes, said);
}

TEST(Hub, WhoIsGoneHasNoRefreshesWaiting) {
    hub all;
    {
        someone reader(all);
        for (std::size_t i = 0; i <= limits::refreshes_at_once; ++i) { all.refresh(nullptr, "main", "x", 1s); }
        EXPECT_TRUE(all.refreshes_wait());
    }
    EXPECT_FALSE(all.refreshes_wait());
}

TEST(Hub, WhoHasLeftMayStillAsk) {
    hub all;
    someone owner(all);
    someone gone(all);
    EXPECT_TRUE(all.register_adapter(owner, "k"));
    all.leave(gone);
    EXPECT_TRUE(all.check(gone, "k"));
    EXPECT_FALSE(all.check(gone, "other"));
    EXPECT_TRUE(all.register_adapter(owner, "other")) << "nobody who is there has opened it";
    EXPECT_FALSE(all.register_adapter(gone, "third"));
    heard answers;
    all.ask(gone, "k", "?", 1s, answers.here());
    ASSERT_EQ(answers.all.size(), 1U);
    EXPECT_EQ(answers.all[0].first, told::no_adapter);
    EXPECT_TRUE(owner.questions.empty());
}

TEST(Hub, AQuestionComesBackOnceAndOnlyFromItsOwner) {
    hub all;
    someone owner(all);
    someone asker(all);
    heard answers;
    ASSERT_TRUE(all.register_adapter(owner, "k"));
    all.ask(asker, "k", "how long?", 0s, answers.here());
    ASSERT_EQ(owner.questions.size(), 1U);
    EXPECT_EQ(owner.questions[0].second, "how long?");
    const auto ticket = owner.questions[0].first;
    all.answer(asker, ticket, "mine");
    EXPECT_TRUE(answers.all.empty());
    all.answer(owner, ticket, "3");
    all.answer(owner, ticket, "4");
    EXPECT_EQ(answers.all, (std::vector<std::pair<told, std::string>>{{told::answered, "3"}}));
}

TEST(Hub, WithoutAnAdapterOrItsOwnerThereIsAnAnswerToo) {
    hub all;
    someone asker(all);
    heard answers;
    all.ask(asker, "k", "?", 0s, answers.here());
    {
        someone owner(all);
        ASSERT_TRUE(all.register_adapter(owner, "k"));
        all.ask(asker, "k", "?", 0s, answers.here());
        EXPECT_EQ(answers.all.size(), 1U);
    }
    EXPECT_FALSE(all.exists("k"));
    someone silent(all);
    ASSERT_TRUE(all.register_adapter(silent, "k"));
    all.ask(asker, "k", "?", 1s, answers.here());
    all.time_passed(1s + limits::adapter_patience - 1ns);
    EXPECT_EQ(answers.all.size(), 2U);
    all.time_passed(1s + limits::adapter_patience);
    ASSERT_EQ(answers.all.size(), 3U);
    EXPECT_EQ(answers.all[0].first, told::no_adapter);
    EXPECT_EQ(answers.all[1].first, told::owner_gone);
    EXPECT_EQ(answers.all[2].first, told::no_answer);
}

TEST(Hub, WhoAskedAndLeftIsToldNothing) {
    hub all;
    someone owner(all);
    heard answers;
    ASSERT_TRUE(all.register_adapter(owner, "k"));
    {
        someone asker(all);
        all.ask(asker, "k", "?", 0s, answers.here());
    }
    all.answer(owner, owner.questions[0].first, "3");
    all.time_passed(1h);
    EXPECT_TRUE(answers.all.empty());
}

// As long as somebody has it open who has decided that it has none.
TEST(Hub, AKeyThatWasOpenedGetsNoAdapter) {
    hub all;
    someone owner(all);
    {
        someone reader(all);
        EXPECT_FALSE(all.check(reader, "k"));
        EXPECT_FALSE(all.register_adapter(owner, "k"));
    }
    EXPECT_TRUE(all.register_adapter(owner, "k"));
    someone late(all);
    EXPECT_TRUE(all.check(late, "k"));
    EXPECT_TRUE(all.exists("k"));
}

// Who reads while the owner's line is down has decided that there is no adapter, but takes nothing from the owner.
TEST(Hub, AnOwnerThatComesBackHasItsKeyAgain) {
    hub all;
    heard answers;
    someone reader(all);
    EXPECT_FALSE(all.check(reader, "k"));
    someone owner(all);
    EXPECT_TRUE(all.register_again(owner, "k"));
    EXPECT_TRUE(all.register_again(owner, "k"));
    EXPECT_TRUE(all.check(reader, "k"));
    someone other(all);
    EXPECT_FALSE(all.register_again(other, "k")) << "it has an owner";
    all.ask(reader, "k", "?", 0s, answers.here());
    EXPECT_EQ(owner.questions.size(), 1U);
}

TEST(Hub, TheLastToRegisterAKeyOwnsItAndTheFirstTakesNothingAway) {
    hub all;
    someone second(all);
    {
        someone first(all);
        ASSERT_TRUE(all.register_adapter(first, "k"));
        ASSERT_TRUE(all.register_adapter(second, "k"));
    }
    EXPECT_TRUE(all.exists("k"));
    someone asker(all);
    heard answers;
    all.ask(asker, "k", "?", 0s, answers.here());
    EXPECT_EQ(second.questions.size(), 1U);
}

}  // namespace
}  // namespace coppice::znsocket
