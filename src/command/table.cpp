// command/table.cpp: all rows in one sorted list, and a hash table that finds one by its name.
//
// A name is at most 24 letters: three words, folded to upper case eight bytes at a time, so a look-up is one
// multiplication, one probe and three comparisons.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <coppice/base/assert.hpp>

#include <command/command.hpp>

namespace coppice {
namespace {

constexpr std::size_t name_bytes_max = 24;

struct folded_name {
    std::array<std::uint64_t, 3> words{};
    friend bool operator==(const folded_name&, const folded_name&) = default;
};

// Letters to upper case: bit 0x20 goes where bit 0x40 is set. Other bytes with that bit change too, into bytes
// that no name has.
[[nodiscard]] constexpr std::uint64_t fold(std::uint64_t word) noexcept {
    return word & ~((word & 0x4040404040404040U) >> 1U);
}

// Requires: name.size() <= name_bytes_max.
[[nodiscard]] folded_name fold_name(std::string_view name) noexcept {
    folded_name folded;
    std::memcpy(folded.words.data(), name.data(), name.size());
    for (auto& word : folded.words) { word = fold(word); }
    return folded;
}

class command_table {
public:
    command_table() {
        for (const auto part :
             {connection_commands(), server_commands(), memory_commands(), key_commands(), string_commands(),
              list_commands(), hash_commands(), set_commands(), transaction_commands(), branch_commands(),
              znsocket_commands()}) {
            rows_.insert(rows_.end(), part.begin(), part.end());
        }
        std::sort(rows_.begin(), rows_.end(), [](const command& a, const command& b) { return a.name < b.name; });
        COPPICE_CHECK(rows_.size() < places / 2);
        for (const auto& row : rows_) {
            COPPICE_CHECK(row.name.size() <= name_bytes_max);
            const auto name = fold_name(row.name);
            auto at = place_of(name);
            while (entries_[at].row != nullptr) { at = (at + 1) % places; }
            entries_[at] = {name, &row};
        }
    }

    [[nodiscard]] std::span<const command> rows() const noexcept { return rows_; }

    [[nodiscard]] const command* find(std::string_view name) const noexcept {
        if (name.empty() || name.size() > name_bytes_max) { return nullptr; }
        const auto wanted = fold_name(name);
        for (auto at = place_of(wanted); entries_[at].row != nullptr; at = (at + 1) % places) {
            if (entries_[at].name == wanted && entries_[at].row->name.size() == name.size()) {
                return entries_[at].row;
            }
        }
        return nullptr;
    }

private:
    static constexpr std::size_t places = 1024;
    struct entry {
        folded_name name;
        const command* row = nullptr;
    };
    [[nodiscard]] static std::size_t place_of(const folded_name& name) noexcept {
        const auto mixed = (name.words[0] ^ (name.words[1] << 7U) ^ (name.words[2] << 13U)) * 0x9E3779B97F4A7C15U;
        return mixed >> 54U;
    }
    static_assert(places == std::size_t{1} << (64 - 54));

    std::vector<command> rows_;
    std::array<entry, places> entries_{};
};

const command_table& the_table() noexcept {
    static const command_table table;
    return table;
}

}  // namespace

std::span<const command> all_commands() noexcept { return the_table().rows(); }
const command* find_command(std::string_view name) noexcept { return the_table().find(name); }

result<std::vector<std::string_view>> keys_of(const command& row, arguments given) {
    const auto& at = row.keys;
    const auto size = static_cast<int>(given.size());
    int first = at.first;
    int last = std::min(at.last < 0 ? size + at.last : at.last, size - 1);
    if (at.count_at != 0) {
        const auto count = integer_in(given[static_cast<std::size_t>(at.count_at)]);
        first = at.count_at + 1;
        if (!count || *count < 1 || *count > size - first) {
            return error{errc::invalid, "Invalid arguments specified for command"};
        }
        last = at.count_at + static_cast<int>(*count);
    }
    std::vector<std::string_view> keys;
    for (int i = first; i != 0 && i <= last; i += std::max(at.step, 1)) {
        keys.push_back(given[static_cast<std::size_t>(i)]);
    }
    if (at.others != nullptr) { at.others(given, keys); }
    return keys;
}

}  // namespace coppice
