"""The persistent collections of Python beside pyrsistent and immutables."""
from __future__ import annotations

from tables import Table, median
from znsocket_clients import answer_of

PACKAGES = ("coppice", "pyrsistent", "immutables")


def measure(given) -> Table:
    elements = 1_000 if given.small else 100_000
    table = Table(
        "Python's persistent collections", "scripts/bench --only python_collections",
        f"Nanoseconds an operation, of {elements:,} strings, and of as many strings to numbers; changes keep the version "
        f"before. Medians of {given.runs} runs, each a process of its own with the best of three. The last column is how "
        "often coppice fits into the better of the others.",
        ["", *PACKAGES, "ahead"])
    runs = [answer_of("values_client.py", elements) for _ in range(given.runs)]
    seen = {run["seen"] for run in runs}
    if len(seen) != 1:
        raise RuntimeError(f"different answers: {seen}")
    for name in runs[0]["rates"]:  # type: ignore[attr-defined]
        figures = {package: median([run["rates"][name][package] for run in runs  # type: ignore[index]
                                    if package in run["rates"][name]]) for package in PACKAGES}  # type: ignore[index]
        others = min(figure for package, figure in figures.items() if package != "coppice" and figure == figure)
        table.add(name, *(figures[package] for package in PACKAGES), others / figures["coppice"])
    table.about += f" Answers: {str(seen.pop())[:8]}."
    return table
