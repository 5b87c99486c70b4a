#!/usr/bin/env python3
"""Seconds of CPU time to compile a file that uses coppice's vector and map, beside the same with std's.

Usage: compile_time.py [COMPILER] [RUNS]      (c++, 5)

The best of the runs counts; they alternate, so that a busy machine disturbs both. Each file makes a vector and a map of
texts, changes them, looks something up and goes through both. The aim is a ratio of at most three.
"""
from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "std": """
        #include <map>
        #include <string>
        #include <vector>
        std::size_t use() {
            std::vector<std::string> words{"a", "b"};
            words.push_back("c");
            std::map<std::string, int> counts;
            for (const auto& each : words) { counts.insert_or_assign(each, 1); }
            std::size_t all = counts.at("a") + words.size();
            for (const auto& [key, count] : counts) { all += key.size() + count; }
            return all;
        }""",
    "coppice": """
        #include <string>
        #include <coppice/map.hpp>
        #include <coppice/vector.hpp>
        std::size_t use() {
            coppice::vector<std::string> words{"a", "b"};
            words = std::move(words).push_back("c");
            coppice::map<std::string, int> counts;
            for (const auto& each : words) { counts = std::move(counts).insert(each, 1); }
            std::size_t all = counts.at("a") + words.size();
            for (const auto& [key, count] : counts) { all += key.size() + count; }
            return all;
        }""",
}


def seconds(compiler: str, flags: list[str], code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([compiler, "-std=c++20", f"-I{ROOT / 'include'}", *flags, "-x", "c++", "-c", "-", "-o", "/dev/null"],
                   input=code, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    compiler = sys.argv[1] if len(sys.argv) > 1 else "c++"
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{compiler}: seconds of CPU time, best of {runs}")
    for flags in (["-fsyntax-only"], ["-O0"], ["-O2"]):
        best = {name: min(times) for name, times in
                zip(FILES, zip(*([seconds(compiler, flags, code) for code in FILES.values()] for _ in range(runs))))}
        print(f"{flags[0]:14} std {best['std']:.2f}  coppice {best['coppice']:.2f}  "
              f"ratio {best['coppice'] / best['std']:.1f}")


if __name__ == "__main__":
    main()
