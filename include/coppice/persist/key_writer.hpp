// coppice/persist/key_writer.hpp: elements on their way into a key of a store, some hundred at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/persist/written_as.hpp>
#include <coppice/store.hpp>

namespace coppice::persist {

/// Texts, written one behind the other into one buffer.
class written_texts {
public:
    template <class T>
    void add(const T& value) {
        written_as<T>::write(value, bytes_);
        ends_.push_back(bytes_.size());
    }
    /// They should be handed over.
    [[nodiscard]] bool many() const noexcept { return ends_.size() >= 256 || bytes_.size() >= 256 * 1024; }
    [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
    /// Valid until one is added.
    [[nodiscard]] std::vector<std::string_view> views() const {
        std::vector<std::string_view> all;
        all.reserve(ends_.size());
        std::size_t begin = 0;
        for (const std::size_t end : ends_) {
            all.push_back(std::string_view(bytes_).substr(begin, end - begin));
            begin = end;
        }
        return all;
    }
    void clear() noexcept {
        bytes_.clear();
        ends_.clear();
    }

private:
    std::string bytes_;
    std::vector<std::size_t> ends_;
};

/// Puts elements in place of `removed` ones of a list.
class list_writer {
public:
    list_writer(editor& to, std::string_view key, std::uint64_t at, std::uint64_t removed = 0) noexcept
        : to_(to), key_(key), at_(at), removed_(removed) {}
    template <class T>
    void add(const T& value) {
        texts_.add(value);
        if (texts_.many()) { flush(); }
    }
    void flush() {
        const auto values = texts_.views();
        to_.splice(key_, at_, removed_, values);
        at_ += values.size();
        removed_ = 0;
        texts_.clear();
    }

private:
    editor& to_;
    std::string_view key_;
    std::uint64_t at_;
    std::uint64_t removed_;
    written_texts texts_;
};

/// Puts fields into a hash, or members into a set, and removes others.
class keyed_writer {
public:
    /// Requires: `kind` is a hash or a set.
    keyed_writer(editor& to, std::string_view key, value_type kind) noexcept
        : to_(to), key_(key), is_hash_(kind == value_type::hash) {}
    template <class K, class... V>
    void put(const K& name, const V&... value) {
        names_.add(name);
        (values_.add(value), ...);
        flush_if_many();
    }
    template <class K>
    void erase(const K& name) {
        erased_.add(name);
        flush_if_many();
    }
    void flush() {
        // What comes in first, so that the key is not gone in between.
        const auto names = names_.views();
        is_hash_ ? put_fields(names) : static_cast<void>(to_.add_members(key_, names));
        const auto erased = erased_.views();
        if (!erased.empty()) { is_hash_ ? to_.erase_fields(key_, erased) : to_.erase_members(key_, erased); }
        names_.clear();
        values_.clear();
        erased_.clear();
    }

private:
    void put_fields(const std::vector<std::string_view>& names) {
        const auto values = values_.views();
        std::vector<field_value> fields;
        fields.reserve(names.size());
        for (std::size_t each = 0; each < names.size(); ++each) { fields.push_back({names[each], values[each]}); }
        to_.put_fields(key_, fields);
    }
    void flush_if_many() {
        if (names_.many() || values_.many() || erased_.many()) { flush(); }
    }

    editor& to_;
    std::string_view key_;
    bool is_hash_;
    written_texts names_;
    written_texts values_;
    written_texts erased_;
};

}  // namespace coppice::persist
