#!/usr/bin/env python3
"""Every include points down the list of folders, and only the named files know the named libraries.

Usage: includes.py [ROOT]
"""
import re

import sources

# Each folder may include itself and the folders before it in this list.
ORDER = [
    ("base", ["include/coppice/base", "src/base"]),
    ("tree", ["include/coppice/tree", "src/tree"]),
    ("resident", ["include/coppice/resident"]),
    ("collections", ["include/coppice"]),
    ("storage", ["src/storage"]),
    ("store", ["src/store"]),
    ("search", ["src/search"]),
    ("wire", ["src/wire"]),
    ("znsocket", ["src/znsocket"]),
    ("command", ["src/command"]),
    ("embed", ["src/embed"]),
    ("server", ["src/server"]),
    ("cli", ["src/cli"]),
]
RANK = {name: rank for rank, (name, _) in enumerate(ORDER)}
# Narrower than its place in the list: codecs know bytes, not the store.
ONLY = {"wire": {"base", "wire"}, "znsocket": {"base", "wire", "znsocket"}}
# Library -> the only files that include it (a prefix of their path).
LIBRARY_HOMES = [
    (re.compile(r"uv\.h$|uv/"), "src/server/loop"),
    (re.compile(r"rocksdb/"), "src/storage/"),
    (re.compile(r"rapidjson/"), "src/znsocket/value.cpp"),
    (re.compile(r"zlib\.h$"), "src/znsocket/"),
    (re.compile(r"boost/"), "src/wire/http.cpp"),
    (re.compile(r"wslay/"), "src/wire/websocket.cpp"),
]
# Slow to compile, and everyone who includes us pays.
NOT_PUBLIC = {"ranges", "functional", "format", "iostream"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    """The name of the layer a file belongs to, by its longest matching folder, or None."""
    found = [(len(folder), name) for name, folders in ORDER for folder in folders if path.startswith(folder + "/")]
    return max(found)[1] if found else None


def target_of(root, path, quoted, name):
    """The path from root of the file that `path` includes as `name`, or None for a system header."""
    places = [path.rsplit("/", 1)[0]] if quoted else []
    for place in [*places, "include", "src"]:
        found = (root / place / name).resolve()
        if found.is_file() and root in found.parents:
            return found.relative_to(root).as_posix()
    # Not there (yet): still judge it by its name.
    for place in ("include", "src"):
        if layer_of(f"{place}/{name}"):
            return f"{place}/{name}"
    return None


def check(root):
    for path, lines in sources.files(root, ["include", "src"], sources.CPP):
        source = layer_of(path)
        if source is None:
            yield f"{path}: in no folder of the list in tests/tidy/includes.py"
            continue
        for number, line in enumerate(lines, 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            name = include[2]
            here = f"{path}:{number}: includes {name}"
            for library, home in LIBRARY_HOMES:
                if library.match(name) and not path.startswith(home):
                    yield f"{here}: only {home}* may"
            if path.startswith("include/") and name in NOT_PUBLIC:
                yield f"{here}: no public header may (slow to compile)"
            target = target_of(root, path, include[1] == '"', name)
            goal = layer_of(target) if target else None
            if goal is None:
                continue
            if RANK[goal] > RANK[source]:
                yield f"{here}: {source} stands above {goal} and may not know it"
            elif goal not in ONLY.get(source, RANK):
                yield f"{here}: {source} may include only {', '.join(sorted(ONLY[source]))}"


if __name__ == "__main__":
    sources.main(check)
