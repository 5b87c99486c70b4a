#!/usr/bin/env python3
"""What every file keeps to, whatever it is about: length, white space, its first line, no loose ends.

Usage: files.py [ROOT]
"""
import re

import sources

FOLDERS = ["include", "src", "tests", "bench", "fuzz", "examples", "scripts", "cmake", "clients", "explorer"]
LINES_MAX = 600
WIDTH_MAX = 120  # of C++
# Path -> why it may be longer than LINES_MAX.
LONG_FILES = {}
LOOSE_END = re.compile(r"\b(TODO|FIXME|XXX)\b")


def header_findings(path, lines):
    """A header starts with its own path (whole, or as it is included) and what it is about, and guards itself."""
    names = {path, path.removeprefix("include/").removeprefix("src/")}
    first = re.match(r"// (\S+): \S", lines[0])
    if not first or first[1] not in names:
        yield f"{path}:1: a header begins with `// {path.removeprefix('include/')}: what it is`"
    if "#pragma once" not in lines:
        yield f"{path}: no #pragma once"


def line_findings(path, lines):
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield f"{path}:{number}: a tab"
        if line != line.rstrip():
            yield f"{path}:{number}: white space at the end"
        if path.endswith((".hpp", ".cpp")) and len(line) > WIDTH_MAX:
            yield f"{path}:{number}: {len(line)} characters, at most {WIDTH_MAX}"
        if path.startswith(("src/", "include/")) and LOOSE_END.search(line):
            yield f"{path}:{number}: a loose end: finish it, or say it in the documentation"


def forgotten_tests(root):
    """A test file that no CMakeLists.txt names is never run."""
    for path, _ in sources.files(root, ["tests"], {".cpp"}):
        folder = (root / path).parent
        if not path.endswith("_test.cpp"):
            continue
        name = path.rsplit("/", 1)[1]
        lists = [up / "CMakeLists.txt" for up in (folder, folder.parent) if (up / "CMakeLists.txt").is_file()]
        text = "".join(each.read_text() for each in lists)
        stem = name.removesuffix("_test.cpp")
        if name not in text and "GLOB" not in text and not re.search(rf"\b{re.escape(stem)}\b", text):
            yield f"{path}: no CMakeLists.txt names it"


def check(root):
    for path, lines in sources.files(root, FOLDERS, sources.CODE):
        if lines[-1] != "":
            yield f"{path}: no newline at the end"
        if len(lines) - 1 > LINES_MAX and path not in LONG_FILES:
            yield f"{path}: {len(lines) - 1} lines, at most {LINES_MAX}"
        if path.endswith(".hpp"):
            yield from header_findings(path, lines)
        yield from line_findings(path, lines)
    yield from forgotten_tests(root)


if __name__ == "__main__":
    sources.main(check)
