// coppice::vector against std::vector: every version stays alive and is compared at the end, for old ones never change.
#include <coppice/vector.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "collections/support.hpp"

namespace coppice {
namespace {

using namespace testing;

static_assert(std::random_access_iterator<vector<int>::const_iterator>);
static_assert(std::is_nothrow_copy_constructible_v<vector<int>>);
static_assert(sizeof(vector<int>) == 32);

template <class Subject>
struct version {
    Subject subject;
    std::vector<int> model;
};

template <class Subject>
bool same(const Subject& subject, const std::vector<int>& model) {
    return std::equal(subject.begin(), subject.end(), model.begin(), model.end(),
                      [](const auto& element, int value) { return number(element) == value; });
}

template <class Subject>
class VectorOf : public ::testing::Test {};
using kinds = ::testing::Types<vector<int, tiny_nodes<40, 4>>, vector<int, tiny_nodes<44, 5>>,
                               vector<std::string, tiny_nodes<256, 4>>, vector<fussy<true>, tiny_nodes<40, 4>>,
                               vector<fussy<false>, tiny_nodes<36, 4>>, vector<int, tiny_nodes<40, 4, local_nodes>>,
                               vector<int>, vector<std::string, local_nodes>>;
TYPED_TEST_SUITE(VectorOf, kinds);

/// One random change, of the value itself or of a copy.
template <class Subject>
void change(random_source& random, version<Subject>& now, const std::vector<version<Subject>>& others) {
    using element = typename Subject::value_type;
    auto& subject = now.subject;
    auto& model = now.model;
    const auto size = model.size();
    const auto somewhere = [&](std::size_t end) { return static_cast<std::size_t>(random.below(end)); };
    const int value = static_cast<int>(random.below(1000));
    const bool reuse = random.below(2) == 0;
    const auto become = [&](auto with) { subject = reuse ? with(std::move(subject)) : with(std::as_const(subject)); };
    switch (random.below(12)) {
        case 0:
        case 1:
            for (std::size_t times = somewhere(20); times-- > 0;) {
                become([&](auto&& of) { return std::forward<decltype(of)>(of).push_back(element_of<element>(value)); });
                model.push_back(value);
            }
            return;
        case 2: {
            const auto at = somewhere(size + 1);
            become([&](auto&& of) { return std::forward<decltype(of)>(of).insert(at, element_of<element>(value)); });
            model.insert(model.begin() + static_cast<std::ptrdiff_t>(at), value);
            return;
        }
        case 3:
        case 4: {
            for (std::size_t times = std::min(size, somewhere(8)); times-- > 0;) {
                const auto at = somewhere(model.size());
                become([&](auto&& of) { return std::forward<decltype(of)>(of).erase(at); });
                model.erase(model.begin() + static_cast<std::ptrdiff_t>(at));
            }
            return;
        }
        case 5: {
            if (size == 0) { return; }
            const auto at = somewhere(size);
            become([&](auto&& of) { return std::forward<decltype(of)>(of).set(at, element_of<element>(value)); });
            model[at] = value;
            return;
        }
        case 6: {
            const auto first = somewhere(size + 1);
            const auto last = first + somewhere(size - first + 1);
            if (last - first < size / 2 && random.below(4) != 0) { return; }  // else all become short
            subject = subject.slice(first, last);
            model.assign(model.begin() + static_cast<std::ptrdiff_t>(first),
                         model.begin() + static_cast<std::ptrdiff_t>(last));
            return;
        }
        case 7: {
            const auto& other = others[somewhere(others.size())];
            if (size + other.model.size() > 600) { return; }
            subject = subject + other.subject;
            model.insert(model.end(), other.model.begin(), other.model.end());
            return;
        }
        case 8: {
            const auto& other = others[somewhere(others.size())];
            if (size + other.model.size() > 600) { return; }
            const auto at = somewhere(size + 1);
            subject = subject.insert(at, other.subject);
            model.insert(model.begin() + static_cast<std::ptrdiff_t>(at), other.model.begin(), other.model.end());
            return;
        }
        case 9: {
            const auto first = somewhere(size + 1);
            const auto last = std::min(size, first + somewhere(10));
            subject = subject.erase(first, last);
            model.erase(model.begin() + static_cast<std::ptrdiff_t>(first),
                        model.begin() + static_cast<std::ptrdiff_t>(last));
            return;
        }
        case 10:
            for (std::size_t times = std::min(size, somewhere(20)); times-- > 0;) {
                become([&](auto&& of) { return std::forward<decltype(of)>(of).pop_back(); });
                model.pop_back();
            }
            return;
        default:
            become([&](auto&& of) { return std::forward<decltype(of)>(of).push_front(element_of<element>(value)); });
            model.insert(model.begin(), value);
            return;
    }
}

TYPED_TEST(VectorOf, MatchesStdVectorInEveryVersion) {
    for_each_seed(30, [](random_source& random) {
        {
            std::vector<version<TypeParam>> history(1);
            for (int step = 0; step < 150; ++step) {
                const auto chosen = random.below(3) == 0 ? random.below(history.size()) : history.size() - 1;
                version<TypeParam> next = history[static_cast<std::size_t>(chosen)];
                for (auto changes = 1 + random.below(3); changes-- > 0;) { change(random, next, history); }
                next.subject.check_invariants();
                ASSERT_TRUE(same(next.subject, next.model)) << "in step " << step;
                history.push_back(std::move(next));
            }
            for (const auto& [subject, model] : history) {
                subject.check_invariants();
                ASSERT_TRUE(same(subject, model));
                ASSERT_EQ(subject.size(), model.size());
                for (std::size_t each = 0; each < model.size(); ++each) {
                    ASSERT_EQ(number(subject[each]), model[each]);
                }
            }
        }
        ASSERT_EQ(live_nodes, 0);
        ASSERT_EQ(live_elements, 0);
    });
}

template <class Subject>
class VectorFaults : public ::testing::Test {};
using fussy_kinds = ::testing::Types<vector<fussy<true>, tiny_nodes<40, 4>>, vector<fussy<false>, tiny_nodes<40, 4>>>;
TYPED_TEST_SUITE(VectorFaults, fussy_kinds);

TYPED_TEST(VectorFaults, AFailedChangeChangesNothing) {
    for (const int size : {0, 1, 4, 5, 17, 64, 65, 90}) {
        const auto make = [size] {
            TypeParam made;
            for (int each = 0; each < size; ++each) { made = std::move(made).push_back(each); }
            // Leaves of every fill, and a tree that is not regular.
            if (size > 20) { made = made.take(13) + made.drop(17); }
            return made;
        };
        const auto length = make().size();
        SCOPED_TRACE(size);
        expect_all_or_nothing(
            make, {std::size_t{0}, length / 3, length / 2, length},
            {[](TypeParam& of, std::size_t at) { of = std::move(of).push_back(static_cast<int>(at)); },
             [](TypeParam& of, std::size_t at) { of = of.push_back(static_cast<int>(at)); },
             [](TypeParam& of, std::size_t at) { of = std::move(of).insert(at, 7); },
             [](TypeParam& of, std::size_t at) { of = of.insert(at, 7); },
             [](TypeParam& of, std::size_t at) {
                 if (at < of.size()) { of = std::move(of).set(at, 7); }
             },
             [](TypeParam& of, std::size_t at) {
                 if (at < of.size()) { of = std::move(of).erase(at); }
             },
             [](TypeParam& of, std::size_t) {
                 if (!of.empty()) { of = std::move(of).pop_back(); }
             },
             [](TypeParam& of, std::size_t at) { of = of.slice(at / 2, at); },
             [](TypeParam& of, std::size_t at) { of += of.drop(at); },
             [](TypeParam& of, std::size_t at) { of = of.erase(at / 2, at); }});
    }
}

TYPED_TEST(VectorFaults, AFailedConstructionLeavesNothing) {
    const std::vector<int> source(50, 7);
    const auto nothing = [] { return TypeParam(); };
    expect_all_or_nothing(nothing, [&](TypeParam& of) { of = TypeParam(source.begin(), source.end()); });
    expect_all_or_nothing(nothing, [](TypeParam& of) { of = TypeParam(50, 7); });
}

TEST(Vector, IteratorsGoAnywhere) {
    using small = vector<int, tiny_nodes<40, 4>>;
    std::vector<int> model(300);
    std::iota(model.begin(), model.end(), 0);
    const small subject = small(model.begin(), model.end()).erase(40, 47);
    model.erase(model.begin() + 40, model.begin() + 47);
    for_each_seed(3, [&](random_source& random) {
        auto at = subject.begin();
        auto beside = model.begin();
        for (int step = 0; step < 2000; ++step) {
            const auto to = static_cast<std::ptrdiff_t>(random.below(model.size() + 1));
            const auto distance = to - (beside - model.begin());
            switch (random.below(3)) {
                case 0:
                    at += distance;
                    beside += distance;
                    break;
                case 1:
                    if (beside != model.end()) {
                        ++at;
                        ++beside;
                    }
                    break;
                default:
                    if (beside != model.begin()) {
                        --at;
                        --beside;
                    }
                    break;
            }
            ASSERT_EQ(at - subject.begin(), beside - model.begin());
            if (beside != model.end()) { ASSERT_EQ(*at, *beside); }
            ASSERT_EQ(at == subject.end(), beside == model.end());
        }
    });
    EXPECT_TRUE(std::equal(subject.rbegin(), subject.rend(), model.rbegin(), model.rend()));
    EXPECT_TRUE(std::binary_search(subject.begin(), subject.end(), 123));
    std::vector<int> spans;
    subject.for_each_span([&](std::span<const int> some) { spans.insert(spans.end(), some.begin(), some.end()); });
    EXPECT_EQ(spans, model);
}

TEST(Vector, PushingOntoOneVersionTwiceGivesTwoVectors) {
    const vector<int> base{1, 2, 3};
    const auto a = base.push_back(4);
    const auto b = base.push_back(5);
    const auto c = a.push_back(6);
    EXPECT_EQ(base, (vector<int>{1, 2, 3}));
    EXPECT_EQ(a, (vector<int>{1, 2, 3, 4}));
    EXPECT_EQ(b, (vector<int>{1, 2, 3, 5}));
    EXPECT_EQ(c, (vector<int>{1, 2, 3, 4, 6}));
}

TEST(Vector, PushingCopiesNoElement) {
    static int copies;
    struct counted {
        counted() = default;
        counted(const counted&) { ++copies; }
        counted(counted&&) noexcept = default;
    };
    copies = 0;
    vector<counted> subject;
    std::vector<vector<counted>> versions;
    for (int each = 0; each < 100; ++each) { subject = std::move(subject).push_back(counted()); }
    EXPECT_EQ(copies, 0);
}

TEST(Vector, AnEditEndsInAValue) {
    const vector<std::string> before{"a", "b"};
    auto edit = before.edit();
    edit.push_back("c");
    edit.set(0, "z");
    const auto between = edit.done();
    edit.erase(1);
    edit.append(before);
    const auto after = std::move(edit).done();
    EXPECT_EQ(before, (vector<std::string>{"a", "b"}));
    EXPECT_EQ(between, (vector<std::string>{"z", "b", "c"}));
    EXPECT_EQ(after, (vector<std::string>{"z", "c", "a", "b"}));
}

TEST(Vector, ComparesAsStdVectorDoes) {
    EXPECT_LT((vector<int>{1, 2}), (vector<int>{1, 2, 0}));
    EXPECT_GT((vector<int>{2}), (vector<int>{1, 9}));
    EXPECT_NE((vector<int>{2}), (vector<int>{}));
    EXPECT_THROW(static_cast<void>(vector<int>{1}.at(1)), std::out_of_range);
    EXPECT_EQ((vector<int>(3, 7)), (vector<int>{7, 7, 7}));
}

TEST(Vector, VersionsSayWhatTheyShareInFront) {
    vector<int> before;
    for (int each = 0; each < 100'000; ++each) { before = std::move(before).push_back(each); }
    EXPECT_EQ(before.shared_front(before), before.size());
    EXPECT_EQ(before.shared_front(vector<int>(before.begin(), before.end())), 0U);
    for (const std::size_t at : {0U, 5'000U, 77'777U, 99'999U}) {
        for (const auto& after : {before.set(at, -1), before.insert(at, -1), before.take(at), before.erase(at)}) {
            const std::size_t shared = before.shared_front(after);
            EXPECT_EQ(shared, after.shared_front(before));
            EXPECT_LE(shared, at);
            EXPECT_TRUE(std::equal(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(shared), before.begin()));
        }
        EXPECT_GE(before.shared_front(before.set(at, -1)) + 600, at);  // all but of one leaf and the tail
    }
}

TEST(Vector, HoldsOveralignedElements) {
    struct alignas(64) line {
        int value;
    };
    vector<line> subject;
    for (int each = 0; each < 200; ++each) { subject = std::move(subject).push_back({each}); }
    for (std::size_t each = 0; each < 200; ++each) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&subject[each]) % 64, 0U);
        EXPECT_EQ(subject[each].value, static_cast<int>(each));
    }
}

TEST(Vector, ASmallOneIsOneAllocationOfLittleMore) {
    using counted = vector<std::int64_t, tiny_nodes<2048, 16>>;
    const auto before = live_nodes;
    const counted ten{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    EXPECT_EQ(live_nodes, before + 1);
    EXPECT_LE(sizeof(counted) + counted::node_bytes_beyond_elements, 64U);
}

}  // namespace
}  // namespace coppice
