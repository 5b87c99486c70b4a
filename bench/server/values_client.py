"""One run of the persistent collections of Python: ns an operation, by row and package, as JSON.

Usage: values_client.py ELEMENTS
Run by the Python of build/python, which has pyrsistent and immutables; COPPICE_BUILD has the compiled collections.
"""
from __future__ import annotations

import gc
import hashlib
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "clients" / "python" / "src"))

import coppice  # noqa: E402  (the folder has to be on the path first)

coppice.__path__.append(os.path.join(os.environ["COPPICE_BUILD"], "python", "coppice"))

import immutables  # noqa: E402
import pyrsistent  # noqa: E402

Work = Callable[[], Any]
rates: dict[str, dict[str, float]] = {}
seen: dict[str, set[str]] = {}


def row(name: str, operations: int, works: dict[str, Work]) -> None:
    """The quickest of three for each package: what else the machine does only adds. All must say the same."""
    for package, work in works.items():
        best = float("inf")
        for _ in range(3):
            begun = time.perf_counter()
            answer = work()
            best = min(best, time.perf_counter() - begun)
        rates.setdefault(name, {})[package] = best / operations * 1e9
        said = sorted(answer.items() if hasattr(answer, "items") else answer, key=repr)
        seen.setdefault(name, set()).add(hashlib.sha256(repr(said).encode()).hexdigest())


def after(value: Any, steps: Any, change: Callable[[Any, Any], Any]) -> Any:
    for step in steps:
        value = change(value, step)
    return value


def vectors(n: int, few: int) -> None:
    values = [str(i) for i in range(n)]
    places = [random.randrange(n) for _ in range(few)]
    starts = {"coppice": coppice.Vector(values), "pyrsistent": pyrsistent.pvector(values)}
    empty = {"coppice": coppice.Vector(), "pyrsistent": pyrsistent.pvector()}
    row("Vector: from a list", n, {"coppice": lambda: coppice.Vector(values), "pyrsistent": lambda: pyrsistent.pvector(values)})
    row("append", few, {name: lambda v=v: after(v, values[:few], lambda w, x: w.append(x)) for name, v in empty.items()})
    row("get, random", few, {name: lambda v=v: [v[at] for at in places] for name, v in starts.items()})
    row("iterate", n, {name: lambda v=v: list(iter(v)) for name, v in starts.items()})
    row("set, random", few, {name: lambda v=v: after(v, places, lambda w, at: w.set(at, "x")) for name, v in starts.items()})

    def edited() -> Any:
        with starts["coppice"].edit() as edit:
            for at in places:
                edit[at] = "x"
        return edit.value

    def evolved() -> Any:
        evolver = starts["pyrsistent"].evolver()
        for at in places:
            evolver[at] = "x"
        return evolver.persistent()

    row("set, in an edit", few, {"coppice": edited, "pyrsistent": evolved})
    some = range(10)
    row("delete in the middle", 10, {name: lambda v=v: after(v, some, lambda w, i: w.delete(len(w) // 2)) for name, v in starts.items()})
    row("slice of a half", 10, {name: lambda v=v: [v[n // 4 + i:n // 4 * 3 + i] for i in some][-1] for name, v in starts.items()})
    row("v + v", 10, {name: lambda v=v: [v + v for _ in some][-1] for name, v in starts.items()})
    other = {name: v.set(n // 2, "x") for name, v in starts.items()}
    row("== of two versions", 10, {name: lambda v=v, w=other[name]: [v == w for _ in some] for name, v in starts.items()})


def maps(n: int, few: int) -> None:
    entries = {str(i): i for i in range(n)}
    keys = [str(random.randrange(n)) for _ in range(few)]
    fresh = [f"new {i}" for i in range(few)]
    starts: dict[str, Any] = {"coppice": coppice.Map(entries), "pyrsistent": pyrsistent.pmap(entries),
                              "immutables": immutables.Map(entries)}
    removes: dict[str, Callable[[Any, Any], Any]] = {
        "coppice": lambda m, k: m.discard(k), "pyrsistent": lambda m, k: m.discard(k),
        "immutables": lambda m, k: m.delete(k) if k in m else m}
    row("Map: from a dict", n, {"coppice": lambda: coppice.Map(entries), "pyrsistent": lambda: pyrsistent.pmap(entries),
                                "immutables": lambda: immutables.Map(entries)})
    row("get", few, {name: lambda m=m: [m[key] for key in keys] for name, m in starts.items()})
    row("in, absent", few, {name: lambda m=m: [key in m for key in fresh] for name, m in starts.items()})
    row("set, old keys", few, {name: lambda m=m: after(m, keys, lambda w, k: w.set(k, "x")) for name, m in starts.items()})
    row("set, new keys", few, {name: lambda m=m: after(m, fresh, lambda w, k: w.set(k, "x")) for name, m in starts.items()})
    row("remove", few, {name: lambda m=m, r=removes[name]: after(m, keys, r) for name, m in starts.items()})
    row("iterate over items", n, {name: lambda m=m: list(m.items()) for name, m in starts.items()})

    def edited() -> Any:
        with starts["coppice"].edit() as edit:
            for key in keys:
                edit[key] = "x"
        return edit.value

    def evolved() -> Any:
        evolver = starts["pyrsistent"].evolver()
        for key in keys:
            evolver[key] = "x"
        return evolver.persistent()

    def mutated() -> Any:
        with starts["immutables"].mutate() as edit:
            for key in keys:
                edit[key] = "x"
            return edit.finish()

    row("set, in an edit ", few, {"coppice": edited, "pyrsistent": evolved, "immutables": mutated})
    other = {name: m.set(keys[0], "x") for name, m in starts.items()}
    row("== of two versions ", 10, {name: lambda m=m, w=other[name]: [m == w for _ in range(10)] for name, m in starts.items()})


def sets(n: int, few: int) -> None:
    elements = [str(i) for i in range(n)]
    fresh = [f"new {i}" for i in range(few)]
    starts: dict[str, Any] = {"coppice": coppice.Set(elements), "pyrsistent": pyrsistent.pset(elements)}
    row("Set: add", few, {name: lambda s=s: after(s, fresh, lambda w, k: w.add(k)) for name, s in starts.items()})
    row("in", few, {name: lambda s=s: [key in s for key in elements[:few]] for name, s in starts.items()})
    other = {name: s.add("x") for name, s in starts.items()}
    row("| of two versions", 10, {name: lambda s=s, w=other[name]: [s | w for _ in range(10)][-1] for name, s in starts.items()})


def main() -> None:
    random.seed(7)
    gc.disable()  # when it runs is chance
    n = int(sys.argv[1])
    for part in (vectors, maps, sets):
        part(n, min(n, 1_000))
    differing = [name for name, answers in seen.items() if len(answers) != 1]
    if differing:
        sys.exit(f"the packages disagree on {differing}")
    answer = hashlib.sha256("".join(min(each) for each in seen.values()).encode()).hexdigest()
    print(json.dumps({"rates": rates, "seen": answer}))


if __name__ == "__main__":
    main()
