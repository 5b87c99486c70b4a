// coppice::text against std::string: every version stays alive and is compared at the end, for old ones never change.
#include <coppice/text.hpp>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

#include "collections/support.hpp"

namespace coppice {
namespace {

using namespace testing;

static_assert(std::random_access_iterator<text::const_iterator>);
static_assert(std::forward_iterator<text::code_point_iterator>);
static_assert(std::is_nothrow_copy_constructible_v<text>);
static_assert(std::is_nothrow_move_assignable_v<text>);
static_assert(sizeof(text) == 16);

using small = basic_text<tiny_nodes<40, 4>>;

std::string random_bytes(random_source& random, std::size_t code_points) {
    static const char* const some[] = {"a", "b", "ab", "\n", "\r\n", "é", "ß", "€", "한", "😀", "z"};
    std::string made;
    for (std::size_t each = 0; each < code_points; ++each) { made += some[random.below(std::size(some))]; }
    return made;
}
bool begins(const std::string& in, std::size_t position) {
    return position == in.size() || (static_cast<unsigned char>(in[position]) & 0xc0) != 0x80;
}
/// Where a code point begins at `from`, or at most `distance` bytes behind it.
std::size_t somewhere(random_source& random, const std::string& in, std::size_t from = 0,
                      std::size_t distance = std::string::npos) {
    std::size_t position = from + random.below(std::min(in.size() - from, distance) + 1);
    while (!begins(in, position)) { --position; }
    return position;
}

template <class Subject>
struct version {
    Subject subject;
    std::string model;
};

template <class Subject>
class TextOf : public ::testing::Test {};
using kinds = ::testing::Types<basic_text<tiny_nodes<27, 4>>, basic_text<tiny_nodes<40, 5>>,
                               basic_text<tiny_nodes<64, 4, local_nodes>>, text, basic_text<local_nodes>>;
TYPED_TEST_SUITE(TextOf, kinds);

/// One random change, of the value itself or of a copy.
template <class Subject>
void change(random_source& random, version<Subject>& now, const std::vector<version<Subject>>& others) {
    Subject& subject = now.subject;
    std::string& model = now.model;
    const bool reuse = random.below(2) == 0;
    const auto become = [&](auto with) { subject = reuse ? with(std::move(subject)) : with(std::as_const(subject)); };
    const std::size_t first = somewhere(random, model);
    const std::size_t last = somewhere(random, model, first, 30);
    const std::string bytes = random_bytes(random, random.below(random.below(6) == 0 ? 60 : 5));
    const auto& other = others[random.below(others.size())];
    switch (random.below(9)) {
        case 0:
        case 1:
            become([&](auto&& of) { return std::forward<decltype(of)>(of).insert(first, bytes); });
            model.insert(first, bytes);
            return;
        case 2:
            become([&](auto&& of) { return std::forward<decltype(of)>(of).erase(first, last); });
            model.erase(first, last - first);
            return;
        case 3:
            become([&](auto&& of) { return std::forward<decltype(of)>(of).replace(first, last, bytes); });
            model.replace(first, last - first, bytes);
            return;
        case 4:
            if (model.size() + other.model.size() > 600) { return; }
            subject = subject.insert(first, other.subject);
            model.insert(first, other.model);
            return;
        case 5:
            if (model.size() + other.model.size() > 600) { return; }
            subject += other.subject;
            model += other.model;
            return;
        case 6:
            subject += bytes;
            model += bytes;
            return;
        case 7: {
            const std::size_t end = somewhere(random, model, first);
            if (end - first < model.size() / 2 && random.below(4) != 0) { return; }  // else all become short
            subject = subject.slice(first, end);
            model = model.substr(first, end - first);
            return;
        }
        default: {
            auto edit = subject.edit();
            for (int each = 0; each < 5; ++each) {
                const std::size_t at = somewhere(random, model);
                edit.insert(at, bytes);
                model.insert(at, bytes);
            }
            subject = std::move(edit).done();
        }
    }
}

/// Lines, columns and code points, counted one by one.
template <class Subject>
void expect_counts(const Subject& subject, const std::string& model) {
    std::size_t code_points = 0;
    std::size_t line = 0;
    std::size_t line_begin = 0;
    std::size_t column = 0;
    for (std::size_t at = 0; at <= model.size(); ++at) {
        if (begins(model, at)) {
            ASSERT_EQ(subject.code_points_before(at), code_points);
            ASSERT_EQ(subject.position_of_code_point(code_points), at);
            ASSERT_EQ(subject.line_of(at), line);
            ASSERT_EQ(subject.position_of_line(line), line_begin);
            ASSERT_EQ(subject.column(at), column);
            code_points += at == model.size() ? 0 : 1;
            ++column;
        }
        if (at == model.size() || model[at] == '\n') {
            const std::size_t end = std::min(at + 1, model.size());
            ASSERT_EQ(subject.line(line).to_string(), model.substr(line_begin, end - line_begin));
        }
        if (at < model.size() && model[at] == '\n') {
            ++line;
            line_begin = at + 1;
            column = 0;
        }
    }
    ASSERT_EQ(subject.length(), code_points);
    ASSERT_EQ(subject.line_count(), line + 1);
}

TYPED_TEST(TextOf, MatchesStdStringInEveryVersion) {
    for_each_seed(20, [](random_source& random) {
        {
            std::vector<version<TypeParam>> history(1);
            for (int step = 0; step < 120; ++step) {
                const auto chosen = random.below(3) == 0 ? random.below(history.size()) : history.size() - 1;
                version<TypeParam> next = history[chosen];
                for (auto changes = 1 + random.below(3); changes-- > 0;) { change(random, next, history); }
                next.subject.check_invariants();
                ASSERT_EQ(next.subject.to_string(), next.model);
                history.push_back(std::move(next));
            }
            for (const auto& [subject, model] : history) {
                ASSERT_EQ(subject.to_string(), model);
                ASSERT_EQ(subject.size(), model.size());
            }
            expect_counts(history.back().subject, history.back().model);
        }
        ASSERT_EQ(live_nodes, 0);
    });
}

TYPED_TEST(TextOf, LosesItsBytesInAnyOrder) {
    for_each_seed(10, [](random_source& random) {
        {
            const std::string bytes(600, 'x');
            const TypeParam whole(bytes);
            for (const bool front : {false, true, false}) {
                const bool anywhere = random.below(3) == 0;
                const std::size_t first = random.below(2) * random.below(300);
                std::size_t left = 1 + random.below(300);
                TypeParam now = whole.slice(first, first + left);
                std::vector<TypeParam> history;
                for (; left != 0; --left) {
                    if (random.below(4) == 0) { history.push_back(now); }
                    ASSERT_EQ(now, std::string_view(bytes).substr(0, left));
                    const std::size_t at = anywhere ? random.below(left) : front ? 0 : left - 1;
                    now = std::move(now).erase(at, at + 1);
                    now.check_invariants();
                }
                for (const TypeParam& each : history) {
                    ASSERT_EQ(each, std::string_view(bytes).substr(0, each.size()));
                }
            }
        }
        ASSERT_EQ(live_nodes, 0);
    });
}

TYPED_TEST(TextOf, FindsWhatStdStringFinds) {
    for_each_seed(20, [](random_source& random) {
        const std::string model = random_bytes(random, random.below(200));
        const TypeParam subject(model);
        for (int each = 0; each < 100; ++each) {
            const std::size_t from = random.below(model.size() + 2);
            const std::string wanted = random.below(4) == 0
                                           ? random_bytes(random, random.below(4))
                                           : model.substr(random.below(model.size() + 1), random.below(40));
            const std::size_t expected = model.find(wanted, from);
            const auto found = subject.find(wanted, from);
            ASSERT_EQ(found.has_value(), expected != model.npos) << wanted << " from " << from;
            if (found) { ASSERT_EQ(*found, expected) << wanted << " from " << from; }
        }
        ASSERT_TRUE(subject.starts_with(model.substr(0, model.size() / 2)));
        ASSERT_TRUE(subject.ends_with(model.substr(model.size() / 2)));
        ASSERT_FALSE(subject.starts_with(model + "a"));
        ASSERT_FALSE(subject.contains("Q"));
    });
}

TYPED_TEST(TextOf, ComparesAndHashesAsItsBytesWhereverLeavesEnd) {
    for_each_seed(20, [](random_source& random) {
        const std::string bytes = random_bytes(random, 100);
        const std::size_t middle = somewhere(random, bytes);
        const TypeParam whole(bytes);
        const TypeParam pieces = TypeParam(bytes.substr(middle)).insert(0, TypeParam(bytes.substr(0, middle)));
        ASSERT_EQ(whole, pieces);
        ASSERT_EQ(whole, std::string_view(bytes));
        ASSERT_EQ(std::hash<TypeParam>()(whole), std::hash<TypeParam>()(pieces));
        const std::string other = std::string(bytes).replace(middle, bytes.size() - middle, random_bytes(random, 3));
        const TypeParam changed = whole.replace(middle, bytes.size(), std::string_view(other).substr(middle));
        ASSERT_EQ(whole <=> changed, bytes <=> other);
        ASSERT_EQ(whole <=> std::string_view(other), bytes <=> other);
        ASSERT_EQ(std::string_view(other) < whole, other < bytes);
        ASSERT_EQ(whole == changed, bytes == other);
    });
    std::unordered_set<std::size_t> hashes;
    for (int each = 0; each < 1000; ++each) { hashes.insert(TypeParam(std::string(each, 'a') + "b").hash()); }
    EXPECT_EQ(hashes.size(), 1000U);
}

TEST(Text, IteratesBytesAndCodePoints) {
    const small subject("aé€😀z\n한");
    EXPECT_EQ(std::string(subject.begin(), subject.end()), "aé€😀z\n한");
    EXPECT_EQ(std::string(subject.rbegin(), subject.rend()).front(), subject[subject.size() - 1]);
    const auto points = subject.code_points();
    EXPECT_EQ(std::u32string(points.begin(), points.end()), U"aé€😀z\n한");
    EXPECT_EQ(points.size(), 7U);
    EXPECT_EQ(std::next(points.begin(), 3).base() - subject.begin(), 6);
    EXPECT_EQ(subject.code_point_at(6), U'😀');
    std::string copied(subject.size(), ' ');
    EXPECT_EQ(subject.copy_to(copied.data()), copied.data() + copied.size());
    EXPECT_EQ(copied, subject.to_string());
    std::ostringstream out;
    out << subject;
    EXPECT_EQ(out.str(), copied);
}

TEST(Text, NothingHasOneLine) {
    const text nothing;
    EXPECT_EQ(nothing.line_count(), 1U);
    EXPECT_EQ(nothing.length(), 0U);
    EXPECT_EQ(nothing.line(0), nothing);
    EXPECT_EQ(nothing.find(""), 0U);
    const text something("a");
    EXPECT_TRUE((nothing + something).is_same(something));
    for (const std::size_t size : {std::size_t{3}, std::size_t{16}, std::size_t{100}}) {
        const small some{std::string(size, 'x')};
        small gone = some.erase(0, size);
        EXPECT_TRUE(gone.is_same(small()));
        gone = small(std::string(size, 'x')).erase(0, size);
        EXPECT_TRUE(gone.is_same(small()));
        (some + "y").erase(0, size).check_invariants();
    }
    EXPECT_EQ(text("a\n").line_count(), 2U);
    EXPECT_EQ(text("a\n").line(1), nothing);
}

/// The byte that is named where `make` refuses.
template <class Make>
std::size_t refused_at(Make make) {
    try {
        make();
    } catch (const text_error& error) {
        EXPECT_NE(std::string(error.what()).find(std::to_string(error.position())), std::string::npos);
        return error.position();
    }
    ADD_FAILURE() << "taken";
    return 0;
}

TEST(Text, RefusesWhatIsNotUtf8AndSaysWhere) {
    const std::string long_before(100, 'x');
    // Bytes, and how many code points of them are right.
    const std::vector<std::pair<std::string, std::size_t>> bad = {
        {"\x80", 0},         {"\xc0\xaf", 0},         {"\xc1\xbf", 0},         {"a\xc3", 1},
        {"\xe0\x9f\xbf", 0}, {"\xed\xa0\x80", 0},     {"\xe2\x82", 0},         {"\xf0\x8f\xbf\xbf", 0},
        {"\xff", 0},         {"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0}, {"ok\xe2\x82z", 2}};
    for (const auto& each : bad) {
        const std::string& bytes = each.first;
        const std::size_t at = each.second;
        EXPECT_EQ(refused_at([&] { return text(long_before + bytes); }), 100 + at);
        EXPECT_EQ(refused_at([&] { return text("abc").insert(1, bytes); }), at);
        EXPECT_EQ(refused_at([&] { return text("abc") + std::string_view(bytes); }), at);
    }
    for (const char* good : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                             "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_EQ(text(good).length(), 1U);
    }
}

TEST(Text, RefusesPositionsInsideACodePointAndBehindTheEnd) {
    small subject("a€b");
    for (const std::size_t inside : {2U, 3U}) {
        EXPECT_EQ(refused_at([&] { return subject.insert(inside, "x"); }), inside);
        EXPECT_EQ(refused_at([&] { return subject.erase(0, inside); }), inside);
        EXPECT_EQ(refused_at([&] { return subject.replace(inside, 4, small("x")); }), inside);
        EXPECT_EQ(refused_at([&] { return subject.slice(inside, 5); }), inside);
        EXPECT_EQ(refused_at([&] { return subject.code_point_at(inside); }), inside);
    }
    EXPECT_EQ(refused_at([&] { return small("a€").insert(3, "x"); }), 3U);
    EXPECT_THROW(static_cast<void>(subject.insert(6, "x")), std::out_of_range);
    EXPECT_THROW(static_cast<void>(subject.erase(1, 6)), std::out_of_range);
    EXPECT_THROW(static_cast<void>(subject.slice(4, 1)), std::out_of_range);
    EXPECT_THROW(static_cast<void>(subject.drop(6)), std::out_of_range);
    EXPECT_THROW(static_cast<void>(subject.line(1)), std::out_of_range);
    EXPECT_EQ(refused_at([&] { return subject.code_point_at(5); }), 5U);
    EXPECT_TRUE(subject.erase(1, 1).is_same(subject));
    EXPECT_THROW(static_cast<void>(subject.position_of_code_point(4)), std::out_of_range);
    EXPECT_EQ(subject, "a€b");
}

TEST(Text, TakesItsOwnBytes) {
    text roomy = text("abc").insert(3, "d");
    roomy = std::move(roomy).insert(0, roomy.span_at(2));  // which move as they are made room for
    EXPECT_EQ(roomy, "cdabcd");
    roomy = std::move(roomy).insert(2, roomy.span_at(0));  // all of a leaf
    EXPECT_EQ(roomy, "cdcdabcdabcd");
    roomy = std::move(roomy).insert(0, roomy.span_at(11));  // its last byte
    EXPECT_EQ(roomy, "dcdcdabcdabcd");
    small subject(std::string(30, 'a') + "bcd");
    for (int each = 0; each < 5; ++each) {
        const std::string before = subject.to_string();
        const std::string_view own = subject.span_at(0);
        subject = std::move(subject).insert(0, own);
        ASSERT_EQ(subject.to_string(), before.substr(0, own.size()) + before);
        subject += subject;
    }
}

TEST(Text, ASoleOwnerIsChangedInPlace) {
    using counted = basic_text<tiny_nodes<2048, 16>>;
    counted subject(std::string(100'000, 'x'));
    subject = std::move(subject).insert(50'000, "a");
    subject += "a";
    const auto nodes = live_nodes;
    faults::left = 0;
    for (int each = 0; each < 20; ++each) {
        subject = std::move(subject).insert(50'000, "b");
        subject = std::move(subject).erase(49'999, 50'000);
        subject += "b";
    }
    faults::left = -1;
    EXPECT_EQ(live_nodes, nodes);
}

TEST(Text, TypingFillsItsLeaves) {
    small subject;
    for (int each = 0; each < 160; ++each) { subject = std::move(subject).insert(subject.size(), "x"); }
    std::size_t leaves = 0;
    subject.for_each_span([&leaves](std::string_view) { ++leaves; });
    EXPECT_EQ(leaves, 10U);
}

TEST(Text, ASmallOneIsOneAllocationOfLittleMore) {
    using counted = basic_text<tiny_nodes<2048, 16>>;
    const auto before = live_nodes;
    const counted word("a few bytes");
    EXPECT_EQ(live_nodes, before + 1);
    std::size_t bytes = 0;
    word.for_each_node([&bytes](const void*, std::size_t of) {
        bytes += of;
        return true;
    });
    EXPECT_LE(sizeof(counted) + bytes - word.size(), 64U);
}

TEST(TextFaults, AFailedChangeChangesNothing) {
    static const std::string many_bytes(70, 'y');
    for (const std::size_t size : {0U, 5U, 16U, 100U, 300U}) {
        const auto make = [size] {
            small made{std::string(size, 'x')};
            return size > 20 ? made.take(13) + made.drop(17) : made;  // leaves of every fill
        };
        const std::size_t length = make().size();
        SCOPED_TRACE(size);
        expect_all_or_nothing(
            make, {std::size_t{0}, length / 3, length / 2, length},
            {[](small& of, std::size_t at) { of = std::move(of).insert(at, "z"); },
             [](small& of, std::size_t at) { of = of.insert(at, "z"); },
             [](small& of, std::size_t at) { of = std::move(of).insert(at, many_bytes); },
             [](small& of, std::size_t at) { of = std::move(of).erase(at / 2, at); },
             [](small& of, std::size_t at) { of = std::move(of).replace(at / 2, at, "z"); },
             [](small& of, std::size_t) { of += many_bytes; }, [](small& of, std::size_t at) { of += of.drop(at); },
             [](small& of, std::size_t at) { of = of.slice(at / 2, at); },
             [](small& of, std::size_t) { of = small(many_bytes); }});
    }
}

/// `before` with each change taken from `after`.
small applied(const small& before, const small& after, const std::vector<splice>& changes) {
    small made;
    std::size_t done = 0;
    for (const splice& each : changes) {
        EXPECT_TRUE(each.at > done || made.empty());
        made += before.slice(done, each.at);
        EXPECT_EQ(made.size(), each.position);
        made += after.slice(each.position, each.position + each.inserted);
        done = each.at + each.removed;
    }
    return made + before.drop(done);
}

TEST(TextDiff, TurnsOneIntoTheOtherInWholeCodePoints) {
    for_each_seed(300, [](random_source& random) {
        std::vector<version<small>> history(1);
        history.front().model = random_bytes(random, random.below(200));
        history.front().subject = small(history.front().model);
        version<small> next = history.front();
        for (auto changes = random.below(5); changes-- > 0;) { change(random, next, history); }
        const small& before = history.front().subject;
        // Once with nodes in common, and once without.
        ASSERT_EQ(applied(before, next.subject, diff(before, next.subject)), next.subject);
        const small alike(next.model);
        ASSERT_EQ(applied(before, alike, diff(before, alike)), next.subject);
        ASSERT_EQ(diff(before, before), std::vector<splice>());
    });
}

TEST(TextDiff, NamesWhatChangedAndNoMore) {
    using changes = std::vector<splice>;
    const text base("aéb");
    EXPECT_EQ(diff(base, text("aèb")), (changes{{1, 2, 1, 2}}));
    EXPECT_EQ(diff(base, text("aéèb")), (changes{{3, 0, 3, 2}}));
    EXPECT_EQ(diff(base, text("aèéb")), (changes{{1, 0, 1, 2}}));
    EXPECT_EQ(diff(text("😀"), text("😁")), (changes{{0, 4, 0, 4}}));
    std::string lines;
    for (int each = 0; each < 100'000; ++each) { lines += "line " + std::to_string(each) + "\n"; }
    const text many(lines);
    auto edit = many.edit();
    for (std::size_t each = 0; each < 10; ++each) { edit.replace(each * 100'000, each * 100'000 + 1, "€€"); }
    EXPECT_EQ(diff(many, edit.done()).size(), 10U);
}

TEST(TextMerge, TakesWhatBothSidesDidAndAsksWhereTheyMeet) {
    const small base("one\ntwo\nthree\n");
    std::vector<std::size_t> asked;
    const auto both = [&asked](const merge_conflict<small>& conflict) {
        asked.push_back(conflict.at);
        return conflict.ours + "|" + conflict.theirs;
    };
    const auto ours = base.replace(0, 3, "ONE");
    EXPECT_EQ(merge(base, ours, base.insert(14, "four\n"), both), "ONE\ntwo\nthree\nfour\n");
    EXPECT_EQ(merge(base, ours, ours, both), ours);
    EXPECT_TRUE(asked.empty());
    // é and è differ in one byte; what is asked for are whole code points.
    EXPECT_EQ(merge(base, base.replace(4, 5, "é"), base.replace(4, 5, "è"), both), "one\né|èwo\nthree\n");
    EXPECT_EQ(asked, std::vector<std::size_t>{4});
}

}  // namespace
}  // namespace coppice
