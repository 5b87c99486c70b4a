"""Selections: which rows an index of numpy's needs of an array, and what it means among those.

`array[index]` is `array[rows][within]`: the rows are what is read or written, and numpy itself applies the rest, so
that an index means here what it means there. Rows that lie near each other are one stretch.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Any

from coppice.npy import load_numpy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = range | NDArray[np.intp]

GAP_BYTES = 2048  # half a page: what lies between rows that near is mostly in the pages that they need themselves


@dataclass
class Selection:
    """Rows, ascending and each once, and the index that is to be applied to an array of just those."""

    rows: Rows
    within: tuple[Any, ...]  # empty where it is all of them
    covers: bool  # it leaves nothing of the rows out


def selected(shape: tuple[int, ...], index: Any) -> Selection:
    """What `index` selects of an array of this shape.  Cost: of the index.  Raises IndexError where numpy does."""
    parts = index if isinstance(index, tuple) else (index,)
    if not shape or not parts or parts[0] is None or parts[0] is Ellipsis or _is_truth(parts[0]):
        rows = range(shape[0] if shape else 1)
        return Selection(rows, parts, covers=all(part is Ellipsis for part in parts))
    first, *more = parts
    if isinstance(first, Integral):
        _require_within(int(first), shape[0])
        position = int(first) % shape[0]
        return Selection(range(position, position + 1), (0, *more), covers=not more)
    if isinstance(first, slice):
        return picked(range(shape[0])[first], *more)
    positions, *others = _positions(shape, first)
    return picked(positions, *others, *more)


def picked(rows: Rows, *more: Any) -> Selection:
    """Rows that are there, in this order, and indices of the further axes."""
    numpy = load_numpy()
    if isinstance(rows, range):
        ascends = rows.step > 0
        every = slice(None, None, 1 if ascends else -1)
        return Selection(rows if ascends else rows[::-1], () if ascends and not more else (every, *more), not more)
    ascends = rows.ndim == 1 and bool((rows[1:] > rows[:-1]).all())
    found = rows if ascends else numpy.unique(rows)
    within = () if ascends and not more else (numpy.searchsorted(found, rows), *more)
    return Selection(found, within, covers=not more)


def rows_of(shape: tuple[int, ...], index: Any) -> Rows:
    """The rows that a number, a slice, a mask or a list selects, in its order.  Raises IndexError for other indices."""
    if shape and isinstance(index, slice):
        return range(shape[0])[index]
    if not shape or index is None or index is Ellipsis or _is_truth(index):
        raise IndexError(f"an array of shape {shape} has no rows {index!r}")
    positions, *others = _positions(shape, index)
    if others or positions.ndim > 1:
        raise IndexError("rows are given by one index, a slice, or a mask or list of one axis")
    return positions.reshape(-1)


def stretches(rows: Rows, row_bytes: int, gap_bytes: int = GAP_BYTES) -> Iterator[tuple[int, int]]:
    """The rows as stretches without gaps of more bytes: where each begins and ends in `rows`."""
    numpy = load_numpy()
    if isinstance(rows, range):
        near = (rows.step - 1) * row_bytes <= gap_bytes
        size = len(rows) if near else 1
        yield from ((begin, begin + size) for begin in range(0, len(rows), size or 1))
        return
    ends = numpy.flatnonzero((numpy.diff(rows) - 1) * row_bytes > gap_bytes) + 1
    for begin, end in pairwise([0, *ends.tolist(), len(rows)]):
        if end > begin:
            yield begin, end


def covering(rows: Rows) -> tuple[int, int, Any]:
    """The first of some rows, the number of those from it to the last, and which of them the rows are."""
    first, count = int(rows[0]), int(rows[-1]) - int(rows[0]) + 1
    if isinstance(rows, range):
        return first, count, slice(None, None, rows.step)
    return first, count, slice(None) if count == len(rows) else rows - first


def _is_truth(part: Any) -> bool:
    """Whether it is no index of an axis, but a mask of none."""
    return isinstance(part, bool) or (getattr(part, "shape", None) == () and part.dtype.kind == "b")


def _positions(shape: tuple[int, ...], part: Any) -> tuple[NDArray[Any], ...]:
    """The positions that numbers or a mask stand for: on the first axis, and on as many more as a mask has."""
    numpy = load_numpy()
    given = numpy.asarray(part)
    if given.size == 0 and not hasattr(part, "dtype"):
        given = given.astype(numpy.intp)  # of [] numpy makes numbers with a fraction
    if given.dtype.kind == "b":
        if given.shape != shape[: given.ndim]:
            raise IndexError(f"a mask of shape {given.shape} does not fit an array of shape {shape}")
        found: tuple[NDArray[Any], ...] = given.nonzero()
        return found
    if given.dtype.kind not in "iu":
        raise IndexError("an index is a whole number, a slice, a mask, a list of numbers, ... or None, not of dtype "
                         f"{given.dtype}")
    for outermost in (given.min(), given.max()) if given.size else ():
        _require_within(int(outermost), shape[0])
    positions = given.astype(numpy.intp)
    return (numpy.where(positions < 0, positions + shape[0], positions),)


def _require_within(position: int, rows: int) -> None:
    if not -rows <= position < rows:
        raise IndexError(f"index {position} is out of bounds for axis 0 with size {rows}")
