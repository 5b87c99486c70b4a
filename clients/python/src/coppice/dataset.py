"""Dataset: rows of numbers that can be copied in O(1) and changed apart."""
from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from coppice.array import Array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

if sys.version_info >= (3, 11):
    from typing import Self
else:
    from typing_extensions import Self

BLOCK_BYTES = 4 * 2**20  # of rows that one call of a function is given
_BAR = 40  # characters


class Dataset(Array):
    """An Array of rows whose copies share what they have in common, page by page, and which functions change in place.

        original = coppice.Dataset.from_numpy(client, "original", rows)
        scaled = original.copy()                       # one reference
        scaled.transform(lambda rows: rows * 2, rows=slice(0, 100))
        scaled.shared_with(original)                   # bytes in memory that are there once
    """

    prefix = "coppice.Dataset"

    def copy(self, key: str | None = None) -> Self:
        """A copy at another key, a new one if none is given.  Cost: O(1), whatever it holds."""
        return super().copy(key if key is not None else f"{self._key.partition('@')[0]}@{secrets.token_hex(6)}")

    def transform(
        self,
        func: Callable[[NDArray[Any]], Any],
        rows: slice | Sequence[int] | NDArray[np.bool_] | NDArray[np.integer[Any]] | None = None,
        progress: bool = False,
    ) -> Self:
        """Replaces all rows, or those that `rows` selects, by what `func` makes of them.

        `func` is given blocks of rows, some 4 MiB at a time, and returns as many of their shape. Each is one change.
        `progress`: a bar on standard error, if that is a terminal.

        Raises ValueError for another shape, TypeError for a dtype that does not cast by `same_kind`: the block at fault
        and those after it stay as they were.
        """
        header = self._header()
        positions = header.positions(slice(None) if rows is None else rows)
        each = max(1, BLOCK_BYTES // max(1, header.row_bytes))
        bar = _Progress(len(positions) if progress else 0)
        for first in range(0, len(positions), each):
            block = positions[first : first + each]
            neighbours = len(block) == int(block[-1]) - int(block[0]) + 1 and (block[1:] > block[:-1]).all()
            index: Any = slice(int(block[0]), int(block[-1]) + 1) if neighbours else block
            given = self[index].copy()
            made = func(given)
            if made is None:
                raise TypeError("a transforming function returns the rows it was given, changed; this gave None")
            rows_made = header.fitted(made)
            if rows_made.shape != given.shape:
                raise ValueError(f"a transforming function returns rows of the shape it was given, {given.shape}; "
                                 f"this gave {rows_made.shape}")
            self[index] = rows_made
            bar.show(first + len(block))
        bar.end()
        return self

    @property
    def ref_count(self) -> int:
        """How many data sets of the branch have a page of this one, itself included.  Cost: O(pages in memory)."""
        return int(self._ask("MEMORY", "REFERENCES", self.key))


class _Progress:
    """A bar of how many rows are done; nothing where there are none or nobody looks."""

    def __init__(self, rows: int) -> None:
        self._rows = rows if sys.stderr.isatty() else 0
        self._begun = time.monotonic()

    def show(self, done: int) -> None:
        if self._rows:
            filled = _BAR * done // self._rows
            seconds = time.monotonic() - self._begun
            print(f"\r[{'#' * filled}{' ' * (_BAR - filled)}] {done:,} of {self._rows:,} rows, {seconds:.1f} s",
                  end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._rows:
            print(file=sys.stderr)
