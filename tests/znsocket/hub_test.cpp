// Refreshes reach everybody else; a question reaches its owner and comes back once, whatever becomes of the owner.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <coppice/base/limits.hpp>

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
    EXPECT_EQ(all.refresh(&a, "main", "x"), 2U);
    EXPECT_TRUE(a.refreshes.empty());
    EXPECT_EQ(b.refreshes, std::vector<std::string>{"x"});
    EXPECT_EQ(c.refreshes, std::vector<std::string>{"x"});
    EXPECT_EQ(all.refresh(nullptr, "main", "y"), 3U) << "of somebody who hears none";
}

TEST(Hub, ARefreshStaysOnItsBranch) {
    hub all;
    someone a(all, "exp");
    someone b(all, "exp");
    someone c(all);
    EXPECT_EQ(all.refresh(&a, "exp", "x"), 1U);
    EXPECT_EQ(b.refreshes, std::vector<std::string>{"x"});
    EXPECT_TRUE(c.refreshes.empty());
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
