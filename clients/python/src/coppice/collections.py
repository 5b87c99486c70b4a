"""Collections that are values: every change returns a new one, which shares with the old one what did not change.

    before = Vector(["one", "two"])
    after = before.append("three")          # O(1); `before` is as it was
    with after.edit() as edit:              # many changes, one value
        edit[0] = "first"
        edit.pop()
    [change.at for change in diff(before, edit.value)]     # in O(what differs)

Copies are O(1), slices and joins of vectors O(log n); they hash when their elements do, and are pickled.
A cycle through what two collections in it share, as of an object that keeps versions of a Vector that it is in, is
never freed: Python's collector does not see what is shared. Break it by hand, or put a weakref.ref into the collection.
"""
from __future__ import annotations

import copyreg
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import reduce
from operator import add
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload
from weakref import WeakValueDictionary

from coppice import _collections
from coppice.exceptions import ConflictError

if TYPE_CHECKING:
    import numpy as np
    from typing_extensions import Self

__all__ = ["Conflict", "EntryChange", "Map", "MemberChange", "Set", "Splice", "Text", "Vector", "diff", "merge"]

T_co = TypeVar("T_co", covariant=True)
K = TypeVar("K")
V_co = TypeVar("V_co", covariant=True)
S = TypeVar("S")
C = TypeVar("C", bound="Vector[Any] | Map[Any, Any] | Set[Any] | Text")
Kind = Literal["added", "removed", "changed"]
_KINDS: tuple[Kind, ...] = ("removed", "removed", "added", "changed")  # by which sides have it


@dataclass(frozen=True)
class Splice(Generic[S]):
    """`removed`, which stood at `at`, has become `inserted`, which stands at `position` of the later one."""

    at: int
    removed: S
    position: int
    inserted: S


@dataclass(frozen=True)
class EntryChange:
    """What became of the value at a key; `before` is None if it was added, `after` if it was removed."""

    kind: Kind
    key: Any
    before: Any
    after: Any


@dataclass(frozen=True)
class MemberChange:
    """An element that was added to a set, or removed."""

    kind: Kind
    element: Any


@dataclass(frozen=True)
class Conflict:
    """What both sides of a merge have changed, each in its own way.

    `at` is where the part begins in the base, and the others are parts; of a Map it is the key, and the others are
    values, or None where a side has no such key.
    """

    at: Any
    base: Any
    ours: Any
    theirs: Any


class Vector(_collections.Vector[T_co], Sequence[T_co]):
    """An immutable list. With a `dtype` it holds numbers beside each other: 'f8', 'f4', 'i8', 'i4', 'u1', numpy's types
    of these, float or int.

    append, pop() and iteration cost O(1) each; indexing, set, insert, delete, `+` and slices of step 1 O(log n);
    slices of other steps O(their length). Vectors equal vectors alone, and are ordered as lists.
    """

    __slots__ = ("__weakref__",)

    @recursive_repr("Vector(...)")
    def __repr__(self) -> str:
        return f"Vector({self.tolist()!r}{'' if self.dtype is None else f', dtype={self.dtype!r}'})"

    def __copy__(self) -> Self:
        return _copied(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy

        elements = None if self.dtype is not None else deepcopy(self.tolist(), memo)
        if elements is None or all(a is b for a, b in zip(elements, self, strict=True)):
            return _copied(self, memo)
        return _copied(self, memo, _collections.Vector.__new__(type(self), elements))

    def __reduce__(self) -> tuple[Any, ...]:
        dtype = self.dtype
        runs = _runs_of(self, _vector_run) if dtype is None else _runs_of(self, _numbers_run, dtype)
        return _joined, (type(self), dtype, runs), _state_of(self)

    def to_numpy(self) -> np.ndarray[Any, Any]:
        """The numbers as an array of their own. Raises BufferError for a vector of objects."""
        import numpy

        made = numpy.empty(len(self), self.dtype)
        at = 0
        for leaf in self.leaves():
            made[at:at + len(leaf)] = leaf
            at += len(leaf)
        return made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        import numpy

        if self.dtype is None:
            made = numpy.empty(len(self), object)
            made[:] = self.tolist()
        else:
            made = self.to_numpy()
        return made if dtype is None else made.astype(dtype)


class Map(_collections.Map[K, V_co], Mapping[K, V_co]):
    """An immutable dict: lookups and changes cost O(log n), `==`, diff and merge O(what differs).

    The order of iteration is not that of insertion, and may differ between runs. Maps equal maps and dicts.
    """

    __slots__ = ("__weakref__",)

    def keys(self) -> KeysView[K]:
        return KeysView(self)

    def values(self) -> ValuesView[V_co]:
        return _Values(self)

    def items(self) -> ItemsView[K, V_co]:
        return _Items(self)

    @recursive_repr("Map(...)")
    def __repr__(self) -> str:
        return f"Map({dict(self._items())!r})"

    def __copy__(self) -> Self:
        return _copied(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy

        entries = deepcopy(dict(self._items()), memo)
        return _copied(self, memo, _collections.Map.__new__(type(self), entries))

    def __reduce__(self) -> tuple[Any, ...]:
        return _updated, (type(self), _runs_of(self, _map_run)), _state_of(self)


class _Values(ValuesView[V_co]):
    __slots__ = ()
    _mapping: Map[Any, V_co]

    def __iter__(self) -> Iterator[V_co]:
        return self._mapping._values()


class _Items(ItemsView[K, V_co]):
    __slots__ = ()
    _mapping: Map[K, V_co]

    def __iter__(self) -> Iterator[tuple[K, V_co]]:
        return self._mapping._items()


class Set(_collections.Set[T_co], AbstractSet[T_co]):
    """An immutable set. It equals, hashes as and combines with Python's own; two Sets in O(what differs).

    frozenset's methods take any iterables, and their results share with this set what they have of it.
    """

    __slots__ = ("__weakref__",)

    def union(self, *others: Iterable[Any]) -> Self:
        return reduce(Set.update, others, self)

    def intersection(self, *others: Iterable[Any]) -> Self:
        return reduce(lambda made, other: made & Set(other), others, self)

    def difference(self, *others: Iterable[Any]) -> Self:
        return reduce(lambda made, other: made - Set(other), others, self)

    def symmetric_difference(self, other: Iterable[Any], /) -> Self:
        return self ^ Set(other)

    def issubset(self, other: Iterable[Any], /) -> bool:
        return self <= Set(other)

    def issuperset(self, other: Iterable[Any], /) -> bool:
        return self >= other if isinstance(other, Set) else all(each in self for each in other)

    def isdisjoint(self, other: Iterable[Any], /) -> bool:
        few, many = (self, other) if isinstance(other, Set) and len(self) < len(other) else (other, self)
        return not any(each in many for each in few)

    def __repr__(self) -> str:
        return f"Set({list(self)!r})"

    def __copy__(self) -> Self:
        return _copied(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy

        elements = deepcopy(list(self), memo)
        return _copied(self, memo, _collections.Set.__new__(type(self), elements))

    def __reduce__(self) -> tuple[Any, ...]:
        return _updated, (type(self), _runs_of(self, _set_run)), _state_of(self)


class Text(_collections.Text):
    """An immutable text: changes, slices and lines cost O(log n) each. Positions count code points from 0.

    It equals, and hashes as, the str that it says. A line ends with "\\n", which belongs to it. It is a Sequence as str
    is: `in`, index and count look for texts, iterating gives a str for each code point.
    """

    __slots__ = ("__weakref__",)

    def __iter__(self) -> Iterator[str]:
        return iter(str(self))

    def __reversed__(self) -> Iterator[str]:
        return reversed(str(self))

    def __format__(self, spec: str, /) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"Text({str(self)!r})"

    def lines(self) -> Iterator[Self]:
        """All lines; the one behind the last line break may be empty."""
        return map(self.line, range(self.line_count))

    def insert_line(self, line: int, text: str) -> Self:
        """With `text` before a line, or behind the last one."""
        return self.insert(self.line_start(line), text)

    def replace_line(self, line: int, text: str) -> Self:
        """With `text` in place of a line and its line break."""
        start = self.line_start(line)
        return self.replace(start, start + len(self.line(line)), text)

    def delete_lines(self, start: int, stop: int) -> Self:
        return self.delete(self.line_start(start), self.line_start(stop))

    def __copy__(self) -> Self:
        return _copied(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return _copied(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return _decoded, (type(self), _runs_of(self, _text_run)), _state_of(self)


Sequence.register(_collections.Text)


# ---- Pickles. A collection is in one as runs of elements; a run that several collections share is in it once. A run is
# made of tuples: pickle fills a list after making it, which is too late where an element holds the collection itself.

class _Run:
    """Elements that lie beside each other in a node; `owner` keeps them there."""

    __slots__ = ("__weakref__", "made", "owner")

    def __init__(self, owner: object, made: tuple[Any, ...]) -> None:
        self.owner = owner
        self.made = made

    def __reduce__(self) -> tuple[Any, ...]:
        return self.made


_known_runs: WeakValueDictionary[tuple[int, int], _Run] = WeakValueDictionary()


def _runs_of(
    owner: Vector[Any] | Map[Any, Any] | Set[Any] | Text, made_by: Callable[..., tuple[Any, ...]], *details: Any
) -> tuple[_Run, ...]:
    """Of `owner`, and of what shares them with it while a pickler remembers them.

    `made_by(content, *details)`: how pickle is to make one.
    """
    runs = []
    for address, content in owner._runs():
        at = address, len(content)
        run = _known_runs.get(at)
        if run is None:
            run = _known_runs[at] = _Run(owner, made_by(content, *details))
        runs.append(run)
    return tuple(runs)


def _vector_run(content: list[Any]) -> tuple[Any, ...]:
    return Vector, (tuple(content),)


def _numbers_run(content: bytes, dtype: str) -> tuple[Any, ...]:
    return _numbers, (dtype, content)


def _map_run(content: dict[Any, Any]) -> tuple[Any, ...]:
    return _dict, (tuple(content), tuple(content.values()))


def _set_run(content: list[Any]) -> tuple[Any, ...]:
    return tuple, (tuple(content),)


def _text_run(content: bytes) -> tuple[Any, ...]:
    return bytes, (content,)


def _numbers(dtype: str, raw: bytes) -> Vector[Any]:
    return Vector(memoryview(raw).cast(_FORMATS[dtype]), dtype=dtype)


def _dict(keys: tuple[Any, ...], values: tuple[Any, ...]) -> dict[Any, Any]:
    return dict(zip(keys, values, strict=True))


_FORMATS: dict[str, Any] = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "u1": "B"}


# What a class of a program's own is made of again is given to the base type: no __init__ of that class is called, as by
# changes. Its attributes are the state that follows.

def _joined(kind: type[Vector[Any]], dtype: str | None, runs: tuple[Vector[Any], ...]) -> Vector[Any]:
    made: Vector[Any] = reduce(add, runs, Vector((), dtype=dtype))
    return _collections.Vector.__new__(kind, made, dtype=dtype)


def _updated(kind: type[C], runs: tuple[Any, ...]) -> C:
    base: Any = _collections.Map if issubclass(kind, Map) else _collections.Set
    with base.__new__(kind).edit() as edit:
        for run in runs:
            edit.update(run)
    return cast(C, edit.value)


def _decoded(kind: type[Text], runs: tuple[bytes, ...]) -> Text:
    return _collections.Text.__new__(kind, b"".join(runs).decode())


# ---- The attributes of objects of classes that programs derive.

def _state_of(value: Any) -> Any:
    """None for an object that has no attributes; else as object.__reduce_ex__ has it."""
    if hasattr(value, "__getstate__"):  # as every object since Python 3.11
        return value.__getstate__()
    known: Any = copyreg
    slots = {name: getattr(value, name) for name in known._slotnames(type(value)) if hasattr(value, name)}
    attributes = getattr(value, "__dict__", None) or None
    return (attributes, slots) if slots else attributes


def _copied(value: C, memo: dict[int, Any] | None = None, made: C | None = None) -> C:
    """`made`, or what shares all with `value`, with its attributes, copied deeply if there is a `memo`.

    An object without attributes of which nothing else was made is its own copy.
    """
    from copy import deepcopy

    if memo is not None and id(value) in memo:  # what it holds holds it: it was copied meanwhile
        return cast(C, memo[id(value)])
    state = _state_of(value)
    if made is None:
        if state is None:
            return value
        made = cast(C, value.edit().value)
    if memo is not None:
        memo[id(value)] = made
        state = deepcopy(state, memo)
    if state is not None and hasattr(made, "__setstate__"):
        made.__setstate__(state)
    elif state is not None:
        attributes, slots = state if isinstance(state, tuple) else (state, {})
        if attributes:
            made.__dict__.update(attributes)
        for name, each in slots.items():
            setattr(made, name, each)
    return made


@overload
def diff(before: Vector[Any], after: Vector[Any]) -> Iterator[Splice[Vector[Any]]]: ...
@overload
def diff(before: Text, after: Text) -> Iterator[Splice[Text]]: ...
@overload
def diff(before: Map[Any, Any], after: Map[Any, Any]) -> Iterator[EntryChange]: ...
@overload
def diff(before: Set[Any], after: Set[Any]) -> Iterator[MemberChange]: ...
def diff(before: Any, after: Any) -> Iterator[Any]:
    """What differs: of vectors and texts in order, of maps and sets in none. What both share is not looked at."""
    if isinstance(before, (Vector, Text)):
        return (Splice(at, before[at:at + removed], position, after[position:position + inserted])
                for at, removed, position, inserted in before._diff(after))
    if isinstance(before, Map):
        return (EntryChange(_KINDS[sides], key, was, now) for key, sides, was, now in before._diff(after))
    if isinstance(before, Set):
        return (MemberChange("added" if added else "removed", element) for element, added in before._diff(after))
    raise TypeError(f"diff takes two collections of one kind, not {type(before).__name__}")


def merge(base: C, ours: C, theirs: C, resolve: Callable[[Conflict], Any] | None = None) -> C:
    """`base` with what both sides have changed.

    Where both have changed one place in different ways, `resolve(conflict)` says what is to stand there (None removes
    the key of a map); without it ConflictError is raised. Sets have no conflicts.
    """
    def resolved(at: Any, was: Any, mine: Any, yours: Any) -> Any:
        conflict = Conflict(at, was, mine, yours)
        if resolve is None:
            raise ConflictError(conflict)
        return resolve(conflict)

    def part(*met: Any) -> Any:
        said = resolved(*met)
        return said if isinstance(said, Vector) else Vector(said, dtype=ours.dtype)  # type: ignore[union-attr]

    if isinstance(base, Vector):
        return base._merge(ours, theirs, part)  # type: ignore[arg-type]
    if isinstance(base, Text):
        return base._merge(ours, theirs, resolved)  # type: ignore[arg-type]
    if isinstance(base, Set):
        return base._merge(ours, theirs)  # type: ignore[arg-type]
    if isinstance(base, Map) and isinstance(ours, Map) and isinstance(theirs, Map):
        return cast(C, _merged_maps(base, ours, theirs, resolved))
    kinds = [type(each).__name__ for each in (base, ours, theirs)]
    raise TypeError(f"merge takes three collections of one kind, not {kinds[0]}, {kinds[1]} and {kinds[2]}")


def _merged_maps(base: Any, ours: Any, theirs: Any, resolved: Callable[..., Any]) -> Any:
    with ours.edit() as edit:
        for change in diff(base, theirs):
            key = change.key
            mine = ours.get(key, _NOTHING)
            was = _NOTHING if change.kind == "added" else change.before
            now = _NOTHING if change.kind == "removed" else change.after
            if _same(mine, now):
                continue
            if not _same(mine, was):
                shown = resolved(key, change.before, None if mine is _NOTHING else mine, change.after)
                now = _NOTHING if shown is None else shown
            if now is _NOTHING:
                edit.discard(key)
            else:
                edit[key] = now
    return edit.value


_NOTHING = object()


def _same(a: object, b: object) -> bool:
    return a is b or (a is not _NOTHING and b is not _NOTHING and a == b)
