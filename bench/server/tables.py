"""Rows beside their peer's, as tables of Markdown."""
from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass, field


def median(of: list[float]) -> float:
    return statistics.median(of) if of else float("nan")


def shown(number: object) -> str:
    if not isinstance(number, float):
        return f"{number:,}" if isinstance(number, int) else str(number)
    if number != number:
        return ""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.2f}" if abs(number) < 10 else f"{number:.1f}"


@dataclass
class Table:
    """A heading, what it says, the command that makes it, and rows."""
    title: str
    command: str
    about: str
    columns: list[str]
    rows: list[list[object]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append(list(cells))
        print("  " + " | ".join(shown(cell) for cell in cells), file=sys.stderr, flush=True)

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", self.about, "", f"    {self.command}", "",
                 "| " + " | ".join(self.columns) + " |",
                 "|---" + "|---:" * (len(self.columns) - 1) + "|"]
        lines += ["| " + " | ".join(shown(cell) for cell in row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


def verdict(value: float, limit: float, at_most: bool) -> str:
    """Whether an aim was met."""
    return "yes" if (value <= limit if at_most else value >= limit) else "no"
