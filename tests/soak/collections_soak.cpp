// Random programs over all kinds of collections at once, for as long as one likes: every version is for ever what it
// was, whatever is made of it and of what it shares nodes with; differences and merges are those of containers of std;
// and no node is left when all are gone.
//
//   SOAK_SECONDS  stop behind the program that runs at this time (600)
//   COPPICE_SEED  of the first program: each prints its own, which replays it
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>

#include <coppice/vector_merge.hpp>

#include "soak/collections_changes.hpp"

namespace coppice::soak {
namespace {

constexpr int steps = 10'000;  // of a program

// ---- Differences: what they make of the older version.

template <class C>
requires(!has_keys<C>) void check_difference(const version<C>& before, const version<C>& after) {
    model<C> made;
    const auto add = [&made](const model<C>& from, std::size_t first, std::size_t last) {
        const auto begin = from.begin();
        made.insert(made.end(), begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last));
    };
    std::size_t done = 0;
    for (const splice& each : diff(before.value, after.value)) {
        add(before.says, done, each.at);
        EXPECT_EQ(made.size(), each.position);
        add(after.says, each.position, each.position + each.inserted);
        done = each.at + each.removed;
    }
    add(before.says, done, before.says.size());
    EXPECT_EQ(made, after.says);
    EXPECT_EQ(before.value < after.value, before.says < after.says);
}

template <class C>
requires has_keys<C>
void check_difference(const version<C>& before, const version<C>& after) {
    model<C> made = before.says;
    if constexpr (has_values<C>) {
        using value = typename C::mapped_type;
        diff(before.value, after.value, [&](const typename C::key_type& key, const value* was, const value* is) {
            const auto found = made.extract(plain(key));
            EXPECT_TRUE(found.empty() ? was == nullptr : was != nullptr && plain(*was) == found.mapped());
            if (is != nullptr) { made.emplace(plain(key), plain(*is)); }
        });
    } else {
        // A set says whether a key was there and is, an ordered one only the latter.
        diff(before.value, after.value, [&](const typename C::key_type& key, auto... there) {
            const bool is = std::get<sizeof...(there) - 1>(std::tuple(there...));
            EXPECT_TRUE(is ? made.insert(plain(key)).second : made.erase(plain(key)) == 1);
        });
    }
    EXPECT_EQ(made, after.says);
}

// ---- Merges: where both have changed something, ours stands.

template <class C>
requires(!has_keys<C>) version<C> merged(const version<C>& base, const version<C>& ours, const version<C>& theirs) {
    const auto left = [](const merge_conflict<C>& met) { return met.ours; };
    const auto right = [](const merge_conflict<C>& met) { return met.theirs; };
    const C value = merge(base.value, ours.value, theirs.value, left);
    EXPECT_EQ(merge(base.value, theirs.value, ours.value, right), value);
    // What it says is known where all of our changes lie before theirs.
    const auto mine = diff(base.value, ours.value);
    const auto yours = diff(base.value, theirs.value);
    const std::size_t end = mine.empty() ? 0 : mine.back().at + mine.back().removed;
    if (!yours.empty() && yours.front().at <= end) { return {value, plain(value)}; }
    const auto behind = [end](const model<C>& of) { return of.begin() + static_cast<std::ptrdiff_t>(end); };
    model<C> says(ours.says.begin(), ours.says.end() - (base.says.end() - behind(base.says)));
    says.insert(says.end(), behind(theirs.says), theirs.says.end());
    return {value, says};
}

template <class C>
requires has_keys<C> version<C> merged(const version<C>& base, const version<C>& ours, const version<C>& theirs) {
    version<C> made = ours;
    if constexpr (has_values<C>) {
        using value = typename C::mapped_type;
        made.value = merge(base.value, ours.value, theirs.value,
                           [](const auto&, const value*, const value* in_ours, const value* in_theirs) {
                               EXPECT_FALSE(in_ours && in_theirs && *in_ours == *in_theirs) << "nothing to resolve";
                               return in_ours == nullptr ? std::nullopt : std::optional<value>(*in_ours);
                           });
    } else {
        made.value = merge(base.value, ours.value, theirs.value);
    }
    const auto key_of = [](const auto& entry) -> const auto& {
        if constexpr (has_values<C>) {
            return entry.first;
        } else {
            return entry;
        }
    };
    const auto found = [](const model<C>& in, const auto& key) {
        const auto place = in.find(key);
        return place == in.end() ? std::nullopt : std::optional(*place);
    };
    for (const model<C>* from : {&base.says, &theirs.says}) {
        for (const auto& entry : *from) {
            const auto& key = key_of(entry);
            const auto was = found(base.says, key);
            const auto is = found(theirs.says, key);
            if (was == is || found(ours.says, key) != was) { continue; }
            made.says.erase(key);
            if (is) { made.says.insert(*is); }
        }
    }
    return made;
}

// ---- Programs

template <class C>
version<C> changed(library& all, version<C> from) {
    for (std::size_t changes = all.below(6); changes > 0; --changes) { change(all, from); }
    return from;
}

/// Versions are moved about, also to where they are.
template <class C>
void move(library& all) {
    auto& versions = all.versions<C>();
    version<C>& one = versions[all.below(versions.size())];
    version<C>& other = versions[all.below(versions.size())];
    C taken = std::move(one.value);
    one.value = other.value;
    one.value = std::move(taken);
    std::swap(one, other);
    other = one = version<C>(other);
}

template <class C>
void step(library& all) {
    const version<C> base = all.any<C>();
    version<C> made = changed(all, base);
    check_difference(base, made);
    if (all.random.one_in(4)) { made = merged(base, made, changed(all, base)); }
    const version<C> other = all.any<C>();
    check_difference(other, made);
    EXPECT_EQ(other.value == made.value, other.says == made.says);
    made.check();
    all.keep(std::move(made));
    if (all.random.one_in(10)) { move<C>(all); }
}

void run_program(std::uint64_t seed) {
    static constexpr void (*kinds[])(library&) = {step<page>, step<pages>, step<names>,
                                                  step<book>, step<shelf>, step<sorted>};
    random_source random(seed);
    library all{random};
    for (int left = steps; left > 0 && !::testing::Test::HasFailure(); --left) {
        kinds[all.below(std::size(kinds))](all);
    }
    all.check();
}

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(CollectionsSoak, EveryVersionIsForEverWhatItWas) {
    const auto begun = std::chrono::steady_clock::now();
    const auto passed = [begun] { return std::chrono::steady_clock::now() - begun; };
    std::uint64_t seed = setting("COPPICE_SEED", random_seed() % 1'000'000'007);
    do {
        SCOPED_TRACE("COPPICE_SEED=" + std::to_string(seed));
        std::cout << passed() / std::chrono::seconds(1) << " s  seed " << seed++ << std::endl;
        run_program(seed - 1);
        ASSERT_EQ(testing::live_nodes, 0);
    } while (!HasFailure() && passed() < std::chrono::seconds(setting("SOAK_SECONDS", 600)));
}

}  // namespace
}  // namespace coppice::soak
