"""Dataset: rows of numbers that can be copied in O(1) and changed apart."""
from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from coppice.array import Array
from coppice.npy import load_numpy
from coppice.selection import picked, rows_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coppice.array import _Reader
    from coppice.npy import Header
    from coppice.selection import Selection

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
    _named = "a Dataset"

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

        `func` is given blocks of rows, some 4 MiB at a time, and returns as many of their shape. Each is one change of
        the rows that it was given: where others wrote those meanwhile, it is called again, with what is there then.
        `progress`: a bar on standard error, if that is a terminal.

        Raises ValueError for another shape, TypeError for a dtype that does not cast by `same_kind`, OverflowError for
        a whole number out of its range, RuntimeError where others made the array another, WatchError where they write
        all the time: the block at fault and those after it stay as they were.
        """
        self._require_writable()
        header = self._header()
        order = rows_of(header.shape, slice(None) if rows is None else list(rows) if isinstance(rows, tuple) else rows)
        each = max(1, BLOCK_BYTES // max(1, header.row_bytes))
        with _Progress(len(order) if progress else 0) as bar:
            for first in range(0, len(order), each):
                block = order[first : first + each]
                self._transform(func, header, picked(block))
                bar.show(first + len(block))
        return self

    def _transform(self, func: Callable[[NDArray[Any]], Any], header: Header, chosen: Selection) -> None:
        """Replaces one block, of an array that had this header."""
        seen, made = b"", None

        def put(read: _Reader, pipe: Any) -> None:
            nonlocal seen, made
            now = read.header
            if (now.dtype, now.shape[1:]) != (header.dtype, header.shape[1:]) or now.rows <= chosen.rows[-1]:
                raise RuntimeError(f"{self.key} got another length or type while it was transformed")
            given = read.gathered(chosen.rows, writable=True)[chosen.within]
            found = given.tobytes()
            if made is None or found != seen:
                seen, made = found, _result(func, given)
            self._put(read, pipe, chosen, made)

        self._edit(put)

    @property
    def ref_count(self) -> int:
        """How many data sets of the branch have a page of this one, itself included.  Cost: O(pages in memory)."""
        return int(self._ask("MEMORY", "REFERENCES", self.key))


def _result(func: Callable[[NDArray[Any]], Any], given: NDArray[Any]) -> Any:
    """What a function makes of rows, of which it may write to those given.  Raises TypeError, ValueError."""
    shape = given.shape
    made = func(given)
    if made is None:
        raise TypeError("a transforming function returns the rows it was given, changed; this gave None")
    found = load_numpy().shape(made)
    if found != shape:
        raise ValueError(f"a transforming function returns rows of the shape it was given, {shape}; this gave {found}")
    return made


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

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._rows:
            print(file=sys.stderr)
