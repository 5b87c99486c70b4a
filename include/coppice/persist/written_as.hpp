// coppice/persist/written_as.hpp: how an element of a saved collection is written as bytes.
//
//     std::string, coppice::text     their bytes
//     integers, bool, enumerations   in decimals, so that any client reads them and INCR counts them (an enumeration
//                                    over char as a char)
//     floating point                 in decimals, as few as say the very number
//     char                           one byte
//     others                         as a specialisation of written_as says
//
//     template <>
//     struct coppice::written_as<point> {
//         static void write(const point& p, std::string& out) { /* appends */ }
//         static std::optional<point> read(std::string_view bytes) { /* nothing: these are no point */ }
//     };
//     template <>  // or, for a struct without pointers that is read on the same kind of machine:
//     struct coppice::written_as<pixel> : coppice::written_as_it_lies<pixel> {};
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace coppice {

template <class Nodes>
class basic_text;

/// Specialised for what can be saved. `write` appends; `read` takes exactly what `write` made, or returns nothing.
template <class T>
struct written_as;

template <class T>
concept can_be_written = requires(const T& value, std::string& out, std::string_view bytes) {
    written_as<T>::write(value, out);
    { written_as<T>::read(bytes) } -> std::same_as<std::optional<T>>;
};

template <>
struct written_as<std::string> {
    static void write(const std::string& value, std::string& out) { out += value; }
    [[nodiscard]] static std::optional<std::string> read(std::string_view bytes) { return std::string(bytes); }
};

template <>
struct written_as<char> {
    static void write(char value, std::string& out) { out += value; }
    [[nodiscard]] static std::optional<char> read(std::string_view bytes) noexcept {
        return bytes.size() == 1 ? std::optional(bytes[0]) : std::nullopt;
    }
};

/// A number, and no character.
template <class T>
concept decimal =
    std::is_arithmetic_v<T> && !std::is_same_v<
        T, wchar_t> && !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>;

template <decimal T>
struct written_as<T> {
    static void write(T value, std::string& out) {
        std::array<char, 64> room;  // an 80-bit number takes 29
        const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
        out.append(room.data(), end);
    }
    [[nodiscard]] static std::optional<T> read(std::string_view bytes) noexcept {
        T value{};
        const auto [end, failed] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
        return failed == std::errc() && end == bytes.data() + bytes.size() ? std::optional(value) : std::nullopt;
    }
};

template <>
struct written_as<bool> {
    static void write(bool value, std::string& out) { out += value ? '1' : '0'; }
    [[nodiscard]] static std::optional<bool> read(std::string_view bytes) noexcept {
        return bytes == "1" ? std::optional(true) : bytes == "0" ? std::optional(false) : std::nullopt;
    }
};

template <class T>
requires std::is_enum_v<T>
struct written_as<T> {
    using number = std::underlying_type_t<T>;
    static void write(T value, std::string& out) { written_as<number>::write(static_cast<number>(value), out); }
    [[nodiscard]] static std::optional<T> read(std::string_view bytes) noexcept {
        const auto value = written_as<number>::read(bytes);
        return value ? std::optional(static_cast<T>(*value)) : std::nullopt;
    }
};

template <class Nodes>
struct written_as<basic_text<Nodes>> {
    static void write(const basic_text<Nodes>& value, std::string& out) {
        value.for_each_span([&out](std::string_view some) { out += some; });
    }
    [[nodiscard]] static std::optional<basic_text<Nodes>> read(std::string_view bytes) {
        try {
            return basic_text<Nodes>(bytes);
        } catch (const std::invalid_argument&) { return std::nullopt; }  // not UTF-8
    }
};

/// The bytes of an object, as this machine has them.
template <class T>
struct written_as_it_lies {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>,
                  "only what is copied by copying its bytes, and means something elsewhere, is written as it lies");
    static void write(const T& value, std::string& out) {
        out.append(reinterpret_cast<const char*>(&value), sizeof(T));
    }
    [[nodiscard]] static std::optional<T> read(std::string_view bytes) noexcept {
        if (bytes.size() != sizeof(T)) { return std::nullopt; }
        std::array<char, sizeof(T)> copy;
        std::memcpy(copy.data(), bytes.data(), sizeof(T));
        return std::bit_cast<T>(copy);
    }
};

}  // namespace coppice
