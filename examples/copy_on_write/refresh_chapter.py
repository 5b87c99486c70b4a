#!/usr/bin/env python3
"""Puts what the program prints into docs/copy-on-write.md, or says where that is out of date in shape.

Usage: refresh_chapter.py PROGRAM [--check]

The chapter has the tables of a scene (what is indented in its output) between "<!-- scene NAME -->" and
"<!-- end -->". With --check nothing is written: every scene must be there, once, and no other; figures may differ.
"""
import pathlib
import re
import subprocess
import sys

CHAPTER = pathlib.Path(__file__).parents[2] / "docs" / "copy-on-write.md"
PART = re.compile(r"(<!-- scene ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.S)


def tables_of(program, scene):
    """What a scene prints indented, as a block of Markdown, its parts one empty line apart."""
    printed = subprocess.run([program, "--only", scene], check=True, capture_output=True, text=True).stdout
    lines = [line.rstrip() if line.startswith("    ") else "" for line in printed.splitlines()]
    return "\n" + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n\n"


def main():
    program = sys.argv[1]
    listed = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout
    scenes = [line.split()[0] for line in listed.splitlines()]
    text = CHAPTER.read_text(encoding="utf-8")
    shown = [part[2] for part in PART.finditer(text)]
    if shown != scenes:
        sys.exit(f"{CHAPTER.name} shows the scenes {shown}, the program has {scenes}")
    if "--check" not in sys.argv:
        text = PART.sub(lambda part: part[1] + tables_of(program, part[2]) + part[4], text)
        CHAPTER.write_text(text, encoding="utf-8")


main()
