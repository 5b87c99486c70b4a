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
                               vector<int, tiny_nodes<40, 32>>, vector<int>, vector<std::string, local_nodes>>;
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

TYPED_TEST(VectorOf, LosesItsElementsInAnyOrder) {
    using element = typename TypeParam::value_type;
    for_each_seed(10, [](random_source& random) {
        {
            version<TypeParam> whole;
            for (int each = 0; each < 300; ++each) {
                whole.subject = std::move(whole.subject).push_back(element_of<element>(each));
                whole.model.push_back(each);
            }
            for (const bool front : {false, true, false}) {
                const bool anywhere = random.below(3) == 0;
                const auto first = static_cast<std::size_t>(random.below(2) * random.below(150));
                const auto last = first + 1 + static_cast<std::size_t>(random.below(150));
                std::vector<version<TypeParam>> history;
                version<TypeParam> now{whole.subject.slice(first, last), {}};
                now.model.assign(whole.model.begin() + static_cast<std::ptrdiff_t>(first),
                                 whole.model.begin() + static_cast<std::ptrdiff_t>(last));
                while (!now.model.empty()) {
                    if (random.below(4) == 0) { history.push_back(now); }
                    const auto size = now.model.size();
                    const auto at = anywhere ? static_cast<std::size_t>(random.below(size)) : front ? 0 : size - 1;
                    now.subject = std::move(now.subject).erase(at);
                    now.model.erase(now.model.begin() + static_cast<std::ptrdiff_t>(at));
                    now.subject.check_invariants();
                    ASSERT_TRUE(same(now.subject, now.model));
                }
                for (const auto& [subject, model] : history) { ASSERT_TRUE(same(subject, model)); }
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

TEST(Vector, AnOwnLeafMovesItsElements) {
    static int copies;
    struct counted {
        counted() = default;
        counted(const counted&) { ++copies; }
        counted(counted&&) noexcept = default;
    };
    copies = 0;
    vector<counted, tiny_nodes<40, 4>> subject;
    for (std::size_t each = 0; each < 300; ++each) { subject = std::move(subject).insert(each / 2, counted()); }
    for (std::size_t each = 0; each < 300; ++each) { subject = std::move(subject).set(each, counted()); }
    for (std::size_t each = 0; each < 8; ++each) { subject = std::move(subject).erase(150); }  // too few to join leaves
    EXPECT_EQ(copies, 0);
}

TEST(Vector, ComparingVersionsLooksAtWhatTheyDoNotShare) {
    static int looks;
    struct watched {
        int value = 0;
        bool operator==(const watched& other) const {
            ++looks;
            return value == other.value;
        }
    };
    using subject = vector<watched, tiny_nodes<40, 4>>;
    const subject before(1000, watched{1});
    const std::size_t leaf = before.span_at(0).size();
    const auto looks_of = [](const subject& a, const subject& b, bool equal) {
        looks = 0;
        EXPECT_EQ(a == b, equal);
        return static_cast<std::size_t>(looks);
    };
    EXPECT_LE(looks_of(before, before.set(500, watched{1}).set(20, watched{1}), true), 3 * leaf);  // the tail too
    EXPECT_LE(looks_of(before, before.set(500, watched{2}), false), leaf);
    EXPECT_EQ(looks_of(before, before, true), 0U);
    EXPECT_EQ(looks_of(before, before.push_back(watched{1}), false), 0U);
    EXPECT_EQ(looks_of(before, subject(1000, watched{1}), true), 1000U);
}

TEST(Vector, ASoleOwnerIsChangedInPlace) {
    using counted = vector<int, tiny_nodes<2048, 16>>;
    counted subject;
    for (int each = 0; each < 20'000; ++each) { subject = std::move(subject).push_back(each); }
    subject = std::move(subject).erase(10'000);  // so that there is room
    faults::left = 0;
    for (const std::size_t at : {std::size_t{10'000}, subject.size() - 2}) {
        subject = std::move(subject).set(at, 7).insert(at, 8).set(at + 1, 9).erase(at);
        EXPECT_EQ(subject[at], 9);
    }
    const counted longer = subject.push_back(1);  // whose element lies behind those of `subject`
    faults::left = -1;
    EXPECT_EQ(longer.size(), subject.size() + 1);
    EXPECT_EQ(longer.back(), 1);
}

TEST(Vector, PushingFillsItsNodes) {
    vector<int, tiny_nodes<40, 4>> subject;
    for (int each = 0; each < 4 * 64 + 1; ++each) { subject = std::move(subject).push_back(each); }
    EXPECT_EQ(live_nodes, 64 + 16 + 4 + 1 + 1);
}

TEST(Vector, ATailGrowsByMoreThanOne) {
    static int allocated;
    struct counting : tiny_nodes<2048, 16> {
        static void* allocate(std::size_t bytes, std::align_val_t alignment) {
            ++allocated;
            return tiny_nodes<2048, 16>::allocate(bytes, alignment);
        }
    };
    allocated = 0;
    vector<int, counting> subject;
    for (int each = 0; each < 500; ++each) { subject = std::move(subject).push_back(each); }
    EXPECT_LE(allocated, 14);
}

TEST(Vector, APoppedElementIsGoneUnlessAnotherHasIt) {
    vector<fussy<true>> subject{1, 2, 3};
    subject = std::move(subject).pop_back();
    EXPECT_EQ(live_elements, 2);
    const auto shorter = subject.pop_back();
    EXPECT_EQ(live_elements, 2);
}

TEST(Vector, PartsAndSumsShareAllButPaths) {
    using small = vector<int, tiny_nodes<40, 4>>;
    small whole;
    for (int each = 0; each < 4 * 1024; ++each) { whole = std::move(whole).push_back(each); }
    constexpr int height = 5;
    auto nodes = live_nodes;
    const small part = whole.slice(111, 3333);
    EXPECT_LE(live_nodes - nodes, 2 * height + 1);
    nodes = live_nodes;
    const small shorter = whole.take(whole.size() - 1);
    EXPECT_EQ(live_nodes, nodes);
    EXPECT_TRUE((small() + whole).is_same(whole));
    EXPECT_TRUE((whole + small()).is_same(whole));
    const small both = part + whole;
    EXPECT_LE(live_nodes - nodes, 4 * height);
    nodes = live_nodes;
    const small twice = whole + whole;  // two leaves that were tails, and a path above each
    EXPECT_LE(live_nodes - nodes, 2 * height + 2);
}

// check_invariants uses what it checks to say how few are too few.
TEST(Vector, NoLeafInsideIsNearlyEmpty) {
    using small = vector<int, tiny_nodes<68, 4>>;
    constexpr std::size_t leaf_most = 11;
    for_each_seed(5, [](random_source& random) {
        small subject;
        for (int each = 0; each < 500; ++each) { subject = std::move(subject).push_back(each); }
        while (subject.size() > 50) {
            subject = std::move(subject).erase(static_cast<std::size_t>(random.below(subject.size())));
            std::vector<std::size_t> sizes;
            subject.for_each_span([&](std::span<const int> some) { sizes.push_back(some.size()); });
            for (std::size_t each = 1; each + 2 < sizes.size(); ++each) { ASSERT_GE(sizes[each], (leaf_most + 3) / 4); }
        }
    });
}

TEST(Vector, AnEditEndsInAValue) {
    const vector<std::string> before{"a", "b"};
    auto edit = before.edit();
    edit.push_back("c");
    edit.set(0, "y");
    edit.update(0, [](const std::string& was) { return was == "y" ? "z" : ""; });
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
    ten.for_each_node([](const void*, std::size_t bytes) {
        EXPECT_EQ(bytes, counted::node_bytes_beyond_elements + 10 * sizeof(std::int64_t));
        return true;
    });
    const std::vector<std::int64_t> nothing;
    const counted none(nothing.begin(), nothing.end());
    EXPECT_EQ(live_nodes, before + 1);
}

}  // namespace
}  // namespace coppice
