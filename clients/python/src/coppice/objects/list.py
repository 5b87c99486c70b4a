"""List: Python's list on the server."""
from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, MutableSequence
from typing import Any, Literal, overload

import redis
from redis.exceptions import ResponseError

from coppice.abc import ListCallbackTypedDict, ListRepr
from coppice.client import Client
from coppice.objects.stored import Stored

Indices = slice | list[int]

PAGE = 1024  # elements that iteration reads at once
BATCH = 100_000  # elements in one command: the server takes a mebi of words in one
_FAR = 2**62  # behind the end of any list, and a number that the server reads
_OUT_OF_RANGE = "list index out of range"


class List(Stored, MutableSequence[Any], prefix="znsocket.List", repr_type="length"):
    """A list on the server that behaves as Python's, for all programs that open its key.

    Each method is one round trip, and one change that others see whole or not at all; where positions depend on the
    length (slices that are set or deleted, `pop(-2)`, `remove`) it is three, again if somebody else wrote meanwhile.
    Iteration reads pages of 1,024 elements. Searching (`in`, `index`, `count`, `remove`) reads the whole list at once.

    As with ZnSocket, a slice takes as many values as it has positions, and a list of indices may stand for one index.
    Errors are those of Python's list, and FrozenStorageError for a list of the past.
    """

    def __init__(
        self,
        r: redis.Redis,
        key: str,
        socket: Client | None = None,
        callbacks: ListCallbackTypedDict | None = None,
        repr_type: ListRepr = "length",
        converter: list[type] | None = None,
        convert_nan: bool = False,
        fallback: str | None = None,
        fallback_policy: Literal["copy", "frozen"] | None = None,
    ) -> None:
        super().__init__(r, key, socket, callbacks, repr_type, converter, convert_nan, fallback, fallback_policy)

    def __len__(self) -> int:
        return int(self._place.read("LLEN"))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: Indices) -> list[Any]: ...
    def __getitem__(self, index: int | Indices) -> Any:
        if isinstance(index, slice):
            return self._decode_all(self._place.read("LSLICE", *_bounds(index)))
        if isinstance(index, list):
            texts = self._place.read_together(*(("LINDEX", _position(each)) for each in index)) if index else []
        else:
            texts = [self._place.read("LINDEX", _position(index))]
        if None in texts:
            raise IndexError(_OUT_OF_RANGE)
        values = list(map(self._decode, texts))
        return values if isinstance(index, list) else values[0]

    @overload
    def __setitem__(self, index: int, value: Any) -> None: ...
    @overload
    def __setitem__(self, index: Indices, value: Iterable[Any]) -> None: ...
    def __setitem__(self, index: int | Indices, value: Any) -> None:
        self._place.require_writable()
        if not isinstance(index, (slice, list)):
            self._set_one(_position(index), value)
            return
        values = list(value)
        texts = self._encode_all(values)

        def put(length: int, pipe: Any) -> list[int]:
            positions = _positions(index, length)
            if len(positions) != len(texts):
                raise ValueError(
                    f"attempt to assign sequence of size {len(texts)} to extended slice of size {len(positions)}"
                )
            _within(positions, length)
            if isinstance(index, slice) and index.step in (None, 1) and 0 < len(texts) <= BATCH:
                pipe.execute_command("LSPLICE", self.key, positions[0], len(texts), *texts)
            else:
                for position, text in zip(positions, texts, strict=True):
                    pipe.execute_command("LSET", self.key, position, text)
            return positions

        positions, _ = self._place.edit(("LLEN",), put)
        self._tell("setitem", positions, values)
        self._announce(indices=positions)

    def _set_one(self, position: int, value: Any) -> None:
        try:
            self._place.write("LSET", position, self._encode(value))
        except ResponseError as error:
            if "out of range" in str(error) or "no such key" in str(error):
                raise IndexError(_OUT_OF_RANGE) from None
            raise
        self._tell("setitem", [position], [value])
        self._announce(indices=[position])

    def __delitem__(self, index: int | Indices) -> None:
        self._place.require_writable()
        if isinstance(index, (slice, list)):
            positions = self._remove_positions(index)
            if not positions:
                return
        else:
            positions = [_position(index)]
            self._take(positions[0], _OUT_OF_RANGE)
        self._tell("delitem", positions)
        self._announce(start=min(positions), stop=None)

    def _remove_positions(self, index: Indices) -> list[int]:
        """Removes what stands there, and returns the positions as given."""

        def cut(length: int, pipe: Any) -> list[int]:
            positions = _positions(index, length)
            _within(positions, length)
            for first, count in _runs_from_the_end({position % length for position in positions}):
                if count == length:
                    pipe.execute_command("DEL", self.key)
                else:
                    pipe.execute_command("LSPLICE", self.key, first, count)
            return positions

        return self._place.edit(("LLEN",), cut)[0]

    def insert(self, index: int, value: Any) -> None:
        """Puts `value` before the position; one beyond an end means that end."""
        self._place.require_writable()
        value = self._plain(value)
        self._place.write("LINSERTAT", _position(index), self._codec.encode(value))
        self._tell("insert", index, value)
        self._announce(start=index, stop=None)

    def append(self, value: Any) -> None:
        """Puts `value` at the end; the callback is called before."""
        self._place.require_writable()
        text = self._encode(value)
        self._tell("append", value)
        length = self._place.write("RPUSH", text)
        self._announce(indices=[length - 1])

    def extend(self, values: Iterable[Any]) -> None:
        """Puts all values at the end, in one message, all or none."""
        self._place.require_writable()
        texts = self._encode_all(values if isinstance(values, (list, tuple)) else list(values))
        pushes = [("RPUSH", *texts[first : first + BATCH]) for first in range(0, len(texts), BATCH)]
        if not pushes:
            return
        length = self._place.write(*pushes[0]) if len(pushes) == 1 else self._place.write_together(*pushes)[-1]
        self._announce(start=length - len(texts), stop=None)

    def pop(self, index: int = -1) -> Any:
        """Removes and returns what stands there."""
        self._place.require_writable()
        text, position = self._take(_position(index), "pop index out of range")
        self._announce(start=position, stop=None)
        return self._decode(text)

    def _take(self, position: int, complaint: str) -> tuple[str, int]:
        """Removes one element, and returns its text and where from the beginning it stood."""
        if position == -1:
            length, text = self._place.write_together(("LLEN",), ("RPOP",))
            taken, position = ([] if text is None else [text]), length - 1
        elif position >= 0:
            taken = self._place.write("LSPLICE", position, 1)
        else:  # LSPLICE takes a position before the beginning for the beginning

            def cut(length: int, pipe: Any) -> int:
                if length + position < 0:
                    raise IndexError(complaint)
                pipe.execute_command("LSPLICE", self.key, position, 1)
                return length + position

            position, (taken,) = self._place.edit(("LLEN",), cut)
        if not taken:
            raise IndexError(complaint)
        return str(taken[0]), position

    def remove(self, value: Any) -> None:
        """Removes the first element that equals `value`.  Raises ValueError."""
        self._place.require_writable()

        def cut(texts: list[str], pipe: Any) -> int:
            for position, each in enumerate(map(self._decode, texts)):
                if each is value or each == value:
                    pipe.execute_command("LSPLICE", self.key, position, 1)
                    return position
            raise ValueError("list.remove(x): x not in list")

        position, _ = self._place.edit(("LRANGE", 0, -1), cut)
        self._tell("delitem", [position])
        self._announce(start=position, stop=None)

    def clear(self) -> None:
        """Removes all.  Cost: O(1)."""
        self._place.require_writable()
        self._place.write("DEL")
        self._announce(start=0, stop=None)

    def reverse(self) -> None:
        """Turns the order round, on the server.  Cost: O(n) there.  A deadline of the key is lost.

        A callback for `setitem` is told of each element that moved, pair by pair; only for it the list is read.
        """
        self._place.require_writable()
        turn = ("BY", "nosort", "DESC", "STORE", self.key)
        if self._callbacks.get("setitem") is None:
            self._place.write("SORT", *turn)
            values = []
        else:
            look = ("LRANGE", 0, -1)
            texts, _ = self._place.edit(look, lambda seen, pipe: pipe.execute_command("SORT", self.key, *turn) and seen)
            values = self._decode_all(texts)
        for first in range(len(values) // 2):
            last = len(values) - 1 - first
            self._tell("setitem", [first], [values[last]])
            self._tell("setitem", [last], [values[first]])
        self._announce(start=0, stop=None)

    def restore(self, ref: str) -> None:
        super().restore(ref)
        self._announce(start=0, stop=None)

    def __iter__(self) -> Iterator[Any]:
        """The elements; what others change meanwhile shows from the next page on."""
        first = 0
        while page := self._place.read("LRANGE", first, first + PAGE - 1):
            yield from self._decode_all(page)
            first += PAGE

    def __reversed__(self) -> Iterator[Any]:
        return iter(self[::-1])

    def __contains__(self, value: object) -> bool:
        return any(each is value or each == value for each in self._all())

    def count(self, value: Any) -> int:
        return sum(1 for each in self._all() if each is value or each == value)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        bounds = slice(start, stop)
        length, texts = self._place.read_together(("LLEN",), ("LSLICE", *_bounds(bounds)))
        for position, each in enumerate(map(self._decode, texts), bounds.indices(length)[0]):
            if each is value or each == value:
                return position
        raise ValueError(f"{value!r} is not in list")

    def _all(self) -> list[Any]:
        return self._decode_all(self._place.read("LRANGE", 0, -1))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (List, list)) and self[:] == other[:]

    def __repr__(self) -> str:
        """How much is read depends on `repr_type`; nested objects stand as their keys.  Raises ValueError."""
        if self.repr_type == "length":
            return f"List(len={len(self)})"
        if self.repr_type == "minimal":
            return "List(<unknown>)"
        if self.repr_type == "full":
            return f"List({list(map(self._codec.decode, self._place.read('LRANGE', 0, -1)))})"
        raise ValueError(f"Invalid repr_type: {self.repr_type}")



def _position(index: Any) -> int:
    """An index the server can read.  Raises TypeError for what is none."""
    try:
        return max(-_FAR, min(operator.index(index), _FAR))
    except TypeError:
        raise TypeError("list indices must be integers or slices") from None


def _bounds(index: slice) -> tuple[int | str, int | str, int]:
    """Start, stop and step of LSLICE.  Raises as Python's slices do."""
    index.indices(0)  # TypeError, ValueError
    start, stop = ("" if bound is None else _position(bound) for bound in (index.start, index.stop))
    return start, stop, 1 if index.step is None else _position(index.step)


def _positions(index: Indices, length: int) -> list[int]:
    if isinstance(index, slice):
        return list(range(*index.indices(length)))
    return list(map(_position, index))


def _within(positions: list[int], length: int) -> None:
    if any(not -length <= position < length for position in positions):
        raise IndexError(_OUT_OF_RANGE)


def _runs_from_the_end(positions: set[int]) -> Iterator[tuple[int, int]]:
    """Neighbours as (first, count), the last ones first, so that removing one run moves no other."""
    first = count = 0
    for position in sorted(positions, reverse=True):
        if count and position == first - 1:
            count += 1
        else:
            if count:
                yield first, count
            count = 1
        first = position
    if count:
        yield first, count
