// command/set_operations.cpp: intersection, union and difference of sets, answered or stored.
//
// Sets are ordered, so each operation walks them together. Intersection and difference jump: where another set
// is behind by more than a few members it seeks, so a small set costs its own size times a descent, whatever
// the others hold. Copies that were not changed since share their root and count as one set.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <coppice/tree/cursor.hpp>

#include <command/dispatch.hpp>
#include <command/keys.hpp>
#include <command/ranges.hpp>
#include <command/sets.hpp>

namespace coppice {
namespace {

// ---- walking several sets together

/// A set in order, with the member it stands at. Members are compared by what pages say of them: a long one is read
/// whole only where it is told.
class member_walk {
public:
    explicit member_walk(const tree& members) : at_(members) { read(); }

    [[nodiscard]] bool at_end() const noexcept { return at_.at_end(); }
    [[nodiscard]] std::string_view page_key() const noexcept { return page_key_; }
    [[nodiscard]] std::string_view member() {
        const record_view here = at_.get();
        if (!here.has_long_key) { return page_key_; }
        whole_.clear();
        here.append_key(whole_);
        return whole_;
    }
    void next() {
        at_.next();
        read();
    }
    /// To the first member that is not below that of `other`.
    void advance_to(member_walk& other) {
        constexpr int near = 4;
        for (int i = 0; i < near && !at_end() && page_key() < other.page_key(); ++i) { next(); }
        if (at_end() || page_key() >= other.page_key()) { return; }
        at_.seek(other.member());
        read();
    }

private:
    void read() {
        page_key_.clear();
        if (!at_.at_end()) { at_.get().append_page_key(page_key_); }
    }

    cursor at_;
    std::string page_key_;
    std::string whole_;
};

using sets = std::vector<tree>;
using walks = std::vector<member_walk>;

walks walks_of(const sets& given) {
    walks all;
    all.reserve(given.size());
    for (const auto& each : given) { all.emplace_back(each); }
    return all;
}

// The same sets, those that share their root once.
void drop_equal(sets& given) {
    for (auto each = given.begin(); each != given.end();) {
        const bool again = each->root() != nullptr && std::any_of(given.begin(), each, [&](const tree& earlier) {
                               return earlier.root() == each->root();
                           });
        each = again ? given.erase(each) : each + 1;
    }
}

// Each calls `seen` with the members of the result, in order; intersection until it returns false.

template <class Seen>
void intersection(sets given, Seen&& seen) {
    if (std::any_of(given.begin(), given.end(), [](const tree& each) { return each.empty(); })) { return; }
    drop_equal(given);
    std::sort(given.begin(), given.end(), [](const tree& a, const tree& b) { return a.size() < b.size(); });
    auto all = walks_of(given);
    auto& smallest = all.front();
    while (!smallest.at_end()) {
        bool everywhere = true;
        for (auto other = all.begin() + 1; everywhere && other != all.end(); ++other) {
            other->advance_to(smallest);
            if (other->at_end()) { return; }
            everywhere = other->page_key() == smallest.page_key();
            if (!everywhere) { smallest.advance_to(*other); }
        }
        if (!everywhere) { continue; }
        if (!seen(smallest.member())) { return; }
        smallest.next();
    }
}

template <class Seen>
void united(sets given, Seen&& seen) {
    drop_equal(given);
    auto all = walks_of(given);
    std::vector<member_walk*> heap;  // the least member in front
    const auto later = [](const member_walk* a, const member_walk* b) { return a->page_key() > b->page_key(); };
    const auto push = [&](member_walk* walk) {
        if (walk->at_end()) { return; }
        heap.push_back(walk);
        std::push_heap(heap.begin(), heap.end(), later);
    };
    for (auto& walk : all) { push(&walk); }
    std::string last;
    for (bool first = true; !heap.empty(); first = false) {
        std::pop_heap(heap.begin(), heap.end(), later);
        auto* least = heap.back();
        heap.pop_back();
        if (first || least->page_key() != last) {
            last = least->page_key();
            seen(least->member());
        }
        least->next();
        push(least);
    }
}

template <class Seen>
void difference(const sets& given, Seen&& seen) {
    const auto others = std::span(given).subspan(1);
    const auto* root = given.front().root();
    if (root == nullptr
        || std::any_of(others.begin(), others.end(), [&](const tree& each) { return each.root() == root; })) {
        return;
    }
    auto all = walks_of(given);
    for (auto& first = all.front(); !first.at_end(); first.next()) {
        const bool elsewhere = std::any_of(all.begin() + 1, all.end(), [&](member_walk& other) {
            other.advance_to(first);
            return !other.at_end() && other.page_key() == first.page_key();
        });
        if (!elsewhere) { seen(first.member()); }
    }
}

// ---- results

/// Members, packed: two runs of memory however many there are.
class member_list {
public:
    void add(std::string_view member) {
        bytes_.append(member);
        ends_.push_back(bytes_.size());
    }
    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    template <class Seen>
    void each(Seen&& seen) const {
        std::size_t begin = 0;
        for (const auto end : ends_) {
            seen(std::string_view(bytes_).substr(begin, end - begin));
            begin = end;
        }
    }

private:
    std::string bytes_;
    std::vector<std::size_t> ends_;
};

enum class operation : std::uint8_t { intersect, unite, subtract };

member_list result_of(operation what, const sets& given) {
    member_list members;
    const auto add = [&](std::string_view member) {
        members.add(member);
        return true;
    };
    switch (what) {
        case operation::intersect: intersection(given, add); break;
        case operation::unite: united(given, add); break;
        case operation::subtract: difference(given, add); break;
    }
    return members;
}

// The sets at `keys`, an empty one where there is none.
result<sets> sets_at(const command_context& context, arguments keys) {
    sets found;
    found.reserve(keys.size());
    for (const auto key : keys) {
        const auto each = set_at(context, key);
        if (!each) { return each.error(); }
        found.push_back(*each ? context.view().child(**each) : tree(context.branch.context, keyed_records));
    }
    return found;
}

// Which of the sets is the result as it stands, if it can be told from their sizes and roots.
std::optional<std::size_t> whole_result(operation what, const sets& given) {
    std::optional<std::size_t> only;
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (what == operation::intersect && given[i].root() != given.front().root()) { return std::nullopt; }
        if (given[i].empty()) { continue; }
        if (what == operation::subtract && i > 0) { return std::nullopt; }
        if (only && given[i].root() != given[*only].root()) { return std::nullopt; }
        if (!only) { only = i; }
    }
    return only;
}

status answer(const command_context& context, arguments given, operation what) {
    const auto found = sets_at(context, given.subspan(1));
    if (!found) { return found.error(); }
    if (const auto whole = whole_result(what, *found)) {
        context.reply.set((*found)[*whole].size());
        reply_members(context.reply, (*found)[*whole]);
        return {};
    }
    const auto members = result_of(what, *found);
    context.reply.set(members.size());
    members.each([&](std::string_view member) { context.reply.bulk(member); });
    return {};
}

status store(const command_context& context, arguments given, operation what) {
    const auto target = given[1];
    const auto keys = given.subspan(2);
    const auto found = sets_at(context, keys);
    if (!found) { return found.error(); }
    auto& writer = context.writer();
    if (const auto whole = whole_result(what, *found)) {
        // A set that is the result as it stands is shared, not copied.
        share_key(context, keys[*whole], target);
        context.reply.integer(static_cast<std::int64_t>((*found)[*whole].size()));
        return {};
    }
    const auto members = result_of(what, *found);
    if (members.size() == 0) {
        writer.erase(context.database, target);
    } else {
        std::vector<std::string_view> names;
        names.reserve(members.size());
        members.each([&](std::string_view member) { names.push_back(member); });
        start_group(context);
        writer.erase(context.database, target);
        writer.add_members(context.database, target, names);
    }
    context.reply.integer(static_cast<std::int64_t>(members.size()));
    return {};
}

struct intersection_count {
    arguments keys;
    std::uint64_t most = 0;  // 0: no limit
};

result<intersection_count> intersection_count_in(arguments given) {
    const auto keys = positive_in(given[1], "numkeys should be greater than 0");
    if (!keys) { return keys.error(); }
    if (*keys > given.size() - 2) {
        return error{errc::invalid, "Number of keys can't be greater than number of args"};
    }
    intersection_count asked{given.subspan(2, *keys), 0};
    for (auto words = given.subspan(2 + *keys); !words.empty(); words = words.subspan(2)) {
        if (!says(words[0], "LIMIT") || words.size() == 1) { return syntax_error(); }
        const auto most = count_in(words[1], "LIMIT can't be negative");
        if (!most) { return most.error(); }
        asked.most = *most;
    }
    return asked;
}

std::uint64_t smallest_of(const command_context& context, arguments keys) {
    auto least = std::numeric_limits<std::uint64_t>::max();
    for (const auto key : keys) { least = std::min(least, size_of(context, key, value_type::set)); }
    return least * keys.size();
}

}  // namespace

status sinter(command_context& context, arguments given) { return answer(context, given, operation::intersect); }
status sunion(command_context& context, arguments given) { return answer(context, given, operation::unite); }
status sdiff(command_context& context, arguments given) { return answer(context, given, operation::subtract); }
status sinterstore(command_context& context, arguments given) { return store(context, given, operation::intersect); }
status sunionstore(command_context& context, arguments given) { return store(context, given, operation::unite); }
status sdiffstore(command_context& context, arguments given) { return store(context, given, operation::subtract); }

status sintercard(command_context& context, arguments given) {
    const auto asked = intersection_count_in(given);
    if (!asked) { return asked.error(); }
    const auto found = sets_at(context, asked->keys);
    if (!found) { return found.error(); }
    std::uint64_t count = 0;
    if (whole_result(operation::intersect, *found)) {
        const auto size = found->front().size();
        count = asked->most == 0 ? size : std::min(size, asked->most);
    } else {
        intersection(*found, [&](std::string_view) { return ++count != asked->most; });
    }
    context.reply.integer(static_cast<std::int64_t>(count));
    return {};
}

std::uint64_t sinter_elements(const command_context& context, arguments given) {
    return smallest_of(context, given.subspan(1));
}

std::uint64_t sintercard_elements(const command_context& context, arguments given) {
    const auto asked = intersection_count_in(given);
    return asked ? smallest_of(context, asked->keys) : 0;
}

std::uint64_t sunion_elements(const command_context& context, arguments given) {
    std::uint64_t all = 0;
    for (const auto key : given.subspan(1)) { all += size_of(context, key, value_type::set); }
    return all;
}

std::uint64_t sdiff_elements(const command_context& context, arguments given) {
    return size_of(context, given[1], value_type::set) * (given.size() - 1);
}

}  // namespace coppice
