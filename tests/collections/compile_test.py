#!/usr/bin/python3
"""What must compile with the collections does, and what must not is refused in words that say what to do.

Usage: compile_test.py COMPILER
"""
from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

ROOT = Path(__file__).resolve().parents[2]
COMPILER = sys.argv.pop() if len(sys.argv) > 1 else "c++"

HEADERS = """
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <coppice/atomic_box.hpp>
#include <coppice/cow_dataset.hpp>
#include <coppice/map.hpp>
#include <coppice/ordered_map.hpp>
#include <coppice/ordered_set.hpp>
#include <coppice/set.hpp>
#include <coppice/text.hpp>
#include <coppice/vector.hpp>
#include <coppice/vector_merge.hpp>
using namespace coppice;
using alone = std::unique_ptr<int>;
struct plain { int value; };                                    // neither hash, nor ==, nor <
struct fixed { const int value; friend bool operator==(const fixed&, const fixed&) = default; };
"""

ACCEPTED = {
    "what can only be moved, held by a pointer": "vector<std::shared_ptr<alone>> made{std::make_shared<alone>()};",
    "elements without default, assignment and ==": "auto made = vector<fixed>{{1}}.set(0, {2}).insert(0, {3}).erase(1);",
    "elements without ==, as long as none is asked for": "vector<plain> made(3, {1}); map<int, plain> m{{1, {2}}};",
    "a hash and an equality of one's own": """
        struct hash { std::size_t operator()(const plain& of) const { return std::size_t(of.value); } };
        struct equal { bool operator()(const plain& a, const plain& b) const { return a.value == b.value; } };
        const auto there = set<plain, hash, equal>{{1}}.contains(plain{1});""",
    "an order of one's own": """
        struct order { bool operator()(const plain& a, const plain& b) const { return a.value < b.value; } };
        const auto rank = ordered_set<plain, order>{{1}}.rank_of(plain{1});""",
    "keys that become others": """
        const map<std::string, int> ages{{"ada", 36}};
        bool found = ages.contains("ada") && ages.contains(std::string_view("ada")) && ages.contains({});
        found = map<unsigned, int>{{1U, 1}}.contains(1) && ordered_map<unsigned, int>{{1U, 1}}.contains(1);""",
    "collections as elements and keys": """
        vector<map<std::string, vector<int>>> nested{{{"a", {1}}}};
        map<text, text> texts{{text("a"), text("b")}};
        ordered_map<text, int> ordered{{text("a"), 1}};""",
    "elements that hold vectors of their like, and values that hold maps of theirs": """
        struct branch { vector<branch> below; std::string name; };
        const auto bough = vector<branch>{branch{{}, "twig"}}.push_back(branch{{branch{}}, "bough"});
        struct folder { ordered_map<std::string, folder> in; };
        const auto root = folder{}.in.insert("etc", folder{{{"hosts", folder{}}}});
        struct part { map<std::string, part> in; int weight; };
        const auto car = part{}.in.insert("wheel", part{{{"tyre", part{{}, 9}}}, 21});
        const int weight = car.at("wheel").in.at("tyre").weight;
        for (const auto& [name, held] : car) { (void)held.in.size(); }""",
    "a document of values of its like, compared by default": """
        struct json {
            std::variant<double, std::string, vector<json>, map<std::string, json>, ordered_map<std::string, json>> is;
            bool operator==(const json&) const = default;
        };
        const map<std::string, json> page{{"a", json{1.0}}, {"b", json{vector<json>{json{"x"}}}}};
        bool same = page == page.insert("a", json{1.0}) && page.at("b") == json{vector<json>{}};
        diff(page, page, [](const auto&, const json*, const json*) {});
        same = same && ordered_map<std::string, json>{{"c", json{page}}} == ordered_map<std::string, json>{};""",
    "orders that are asked for and are not there": """
        struct less { bool operator()(const plain& a, const plain& b) const { return a.value < b.value; } };
        static_assert(!std::three_way_comparable<ordered_set<plain, less>>);
        static_assert(!std::three_way_comparable<ordered_map<int, plain>>);
        static_assert(std::equality_comparable<ordered_set<plain, less>>);
        static_assert(std::three_way_comparable<ordered_map<int, std::string>>);""",
    "trees that are compared": """
        struct branch { vector<branch> below; bool operator==(const branch&) const = default; };
        struct folder { ordered_map<std::string, folder> in; bool operator==(const folder&) const = default; };
        const vector<branch> bough{branch{{branch{}}}};
        const bool same = branch{} == branch{bough} || folder{} == folder{{{"hosts", folder{}}}};
        const auto found = diff(bough, merge(bough, bough, bough, [](const auto& met) { return met.ours; }));
        diff(folder{}.in, folder{}.in, [](auto&&...) {});""",
    "a change that returns what it was given": """
        const auto same = [](const std::string& of) -> const std::string& { return of; };
        const auto made = vector<std::string>{"a"}.update(0, same).update(0, same);""",
    "entries of either map as those of std's": """
        const ordered_map<int, std::string> in_order{{1, "a"}};
        const map<int, std::string> hashed(in_order.begin(), in_order.end());
        const std::map<int, std::string> back(in_order.begin(), in_order.end());
        bool same = in_order.begin()->first == hashed.begin()->first && back.begin()->second == "a";
        for (auto&& [key, value] : in_order) { same = same && hashed.at(key) == value; }
        const std::pair<int, std::string> kept = in_order.nth(0);
        static_assert(std::tuple_size_v<decltype(in_order)::reference> == 2);
        same = same && std::get<1>(in_order.nth(0)) == kept.second;""",
    "a box of a collection": "atomic_box<map<int, int>> box; box.update([](const auto& now) { return now.insert(1, 1); });",
}

SHARE = "versions of a %s share"
REFUSED = {
    "elements that can only be moved": ("vector<alone> made;", SHARE % "vector"),
    "keys that can only be moved": ("set<alone> made;", SHARE % "collection"),
    "values that can only be moved": ("map<int, alone> made;", SHARE % "map"),
    "values of an ordered map that can only be moved": ("ordered_map<int, alone> made;", SHARE % "map"),
    "keys of an ordered set that can only be moved": ("ordered_set<alone> made;", SHARE % "collection"),
    "elements that are const": ("vector<const int> made;", "elements are values, neither const nor references"),
    "references as values": ("map<int, int&> made;", "values are neither const nor references"),
    "keys without a hash": ("set<plain> made;", "specialise std::hash for them, or give the collection a Hash"),
    "keys without ==": (
        "struct hash { std::size_t operator()(const plain&) const { return 1; } }; set<plain, hash> made;",
        "keys are told apart by ==: give them one"),
    "keys without an order": ("ordered_set<plain> made;", "keys have an order: give them a <"),
    "an order with a state": (
        "struct order { int state; bool operator()(int a, int b) const { return a < b; } }; ordered_set<int, order> made;",
        "the order of keys has no state"),
    "a key that becomes none": ("const bool found = map<std::string, int>{}.contains(1);", "found by what becomes one"),
    "equality of values without ==": ("const bool same = map<int, plain>() == map<int, plain>();", "give those an =="),
    "equality of elements without ==": ("const bool same = vector<plain>() == vector<plain>();", "give those an =="),
    "a difference of elements without ==": ("const auto found = diff(vector<plain>(), vector<plain>());", "diff"),
    "a result that is dropped": ("vector<int> made; made.push_back(1);", "nodiscard|unused-result"),
    "a change through operator[]": ("vector<int> made{1}; made[0] = 2;", "read-only|const-qualified"),
    "a change through an iterator": ("vector<int> made{1}; *made.begin() = 2;", "read-only|const-qualified"),
    "code points of a text that is gone": (
        'text page("a"); for (const char32_t point : page.line(0).code_points()) { (void)point; }', "deleted"),
    "a text of an unchecked literal": ('text made = "abc";', "conversion"),
    "a tree of one fan-out too many": (
        "struct wide : shared_nodes { static constexpr unsigned fanout = 33; }; vector<int, wide> made;",
        "an inner node has 4 to 32 children"),
}


class Compile(unittest.TestCase):
    folder: ClassVar[tempfile.TemporaryDirectory[str]]

    @classmethod
    def setUpClass(cls) -> None:
        """Compiles the headers once for all snippets."""
        cls.folder = tempfile.TemporaryDirectory()
        headers = Path(cls.folder.name) / "headers.hpp"
        headers.write_text(HEADERS)
        done = cls.call("-x", "c++-header", str(headers), "-o", f"{headers}.gch")
        if done.returncode != 0:
            raise AssertionError(done.stderr[:3000])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    @classmethod
    def call(cls, *words: str, code: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run([COMPILER, "-std=c++20", "-Wall", "-Werror", f"-I{ROOT / 'include'}", *words],
                              input=code, capture_output=True, text=True, timeout=120, check=False)

    @classmethod
    def compiled(cls, body: str) -> subprocess.CompletedProcess[str]:
        """What the compiler says of a function with this body."""
        return cls.call("-fsyntax-only", "-Wno-unused-variable", "-Wno-unused-but-set-variable",
                        "-include", f"{cls.folder.name}/headers.hpp", "-x", "c++", "-", code=f"void use() {{ {body} }}")

    def check(self, bodies: dict[str, str]) -> dict[str, subprocess.CompletedProcess[str]]:
        with ThreadPoolExecutor(2) as pool:
            return dict(zip(bodies, pool.map(self.compiled, bodies.values())))

    def test_what_must_compile_does(self) -> None:
        for what, done in self.check(ACCEPTED).items():
            with self.subTest(what):
                self.assertEqual(done.returncode, 0, done.stderr[:3000])

    def test_what_must_not_compile_is_refused_in_words(self) -> None:
        for what, done in self.check({what: body for what, (body, _) in REFUSED.items()}).items():
            with self.subTest(what):
                self.assertNotEqual(done.returncode, 0, "it was taken")
                self.assertRegex(done.stderr, REFUSED[what][1])


if __name__ == "__main__":
    sys.exit(unittest.main())
