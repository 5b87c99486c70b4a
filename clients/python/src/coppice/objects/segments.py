"""Segments: a list that began as a copy of another, and knows what of it was changed since."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, overload

import redis
from redis.exceptions import ResponseError

from coppice.client import Client
from coppice.objects.list import BATCH, PAGE, List, _position
from coppice.objects.place import Adapted, Command, Place
from coppice.objects.stored import Stored
from coppice.versions import Version

Result = TypeVar("Result")

TRIES, PAUSE_SECONDS = 100, 0.01  # while a client of ZnSocket's is between the messages of one of its edits
_CHANGING = "CONFLICT"  # how the server's error begins then
_OUT_OF_RANGE = "list index out of range"


class Segments(Stored, MutableSequence[Any], prefix="znsocket.Segments", nests=False):
    """A list on the server that is an O(1) copy of `origin`, a List, and shares with it all that neither changes.

    It keeps what it saw: the origin may change or disappear; of an adapter's object that is what it answers then, all
    of which is read. Whoever opens the key a second time finds what is there.
    The elements are a list as well, `List(r, key)`, for clients that know no segments; they should edit it here.

    Each method is one round trip, and one change that others see whole or not at all, whatever was edited before;
    `append`, `extend`, `remove` and `reverse` are three, again if somebody else wrote meanwhile. Iteration reads pages
    of 1,024 elements.

    As with ZnSocket, only single elements are set and deleted, and `insert` beyond an end raises IndexError; so does a
    position beyond it in a list of them. Segments that a client of ZnSocket made are read as they are, and become ours
    when they are edited. Refreshes are those of the List of the same key.
    """

    def __init__(self, r: redis.Redis, origin: List, key: str) -> None:
        if not isinstance(origin, List):
            raise TypeError("origin must be a List")
        self._begin(r, key, origin)
        if self._past:
            return
        if origin._past:
            raise ValueError(f"'{origin.key}' is of a past version: copy it first")
        source = origin._place.now()
        if isinstance(source, Adapted):
            self._copy_adapted(source)
        else:
            _patiently(lambda: r.execute_command("SEGMENTS", "CREATE", self.key, source.key))

    @classmethod
    def from_list(cls, origin: List, key: str) -> Segments:
        """Segments of `origin`, by its client."""
        return cls(origin.redis, origin, key)

    def _copy_adapted(self, source: Adapted) -> None:
        """Begins with what the adapter answers now; in one step this is stored under its key, copied and removed."""
        if self.redis.execute_command("EXISTS", self.key):
            return
        texts = source.read("LRANGE", 0, -1)

        def create(stored: int, pipe: Any) -> None:
            if stored:
                raise ValueError(f"'{source.key}' is an adapter's object and stored as well: copy it first")
            for first in range(0, len(texts), BATCH):
                pipe.execute_command("RPUSH", source.key, *texts[first : first + BATCH])
            pipe.execute_command("SEGMENTS", "CREATE", self.key, source.key)
            pipe.execute_command("DEL", source.key)

        Place(self.redis, source.key).edit(("EXISTS",), create)

    def _begin(self, r: redis.Redis, key: str, like: Stored) -> None:
        socket = None if isinstance(r, Client) else like.socket
        super().__init__(r, key, socket, None, "length", like.converter, like.convert_nan, None, None, opens=False)
        self._list = self._alike(List, r, key, opens=False)
        self._found = _Table(r, self.key, self._list.key)

    def at(self, ref: str) -> Segments:
        """These segments as the version `ref` has them; writes raise FrozenStorageError."""
        past = Segments.__new__(Segments)
        past._begin(Client.sharing(self.redis).at(ref), self._key, self)
        return past

    def copy(self, key: str) -> Segments:
        """Segments of the list that these are now.  Cost: O(1).  Raises ValueError for those of a past version."""
        if self._past:
            raise ValueError(f"'{self.key}' is of a past version: copy the List of that key, as of then")
        self._splice(0, 0)  # a table of pieces becomes the list
        return Segments(self.redis, self._list, key)

    def history(self, count: int | None = None) -> list[Version]:
        """As `List.history`, of the List with this key."""
        return self._list.history(count)

    def restore(self, ref: str) -> None:
        super().restore(ref)
        self._list._announce(start=0, stop=None)

    def on_refresh(self, callback: Callable[[Any], Any]) -> None:
        """As `List.on_refresh`, of the List with this key."""
        self._list.on_refresh(callback)

    def get_raw(self) -> list[list[Any]]:
        """What the elements are: `[start, end, key]` of lists, in order. Of what was not changed, that is the origin.

        Cost: that of what was changed, not of what is there.
        """
        return [list(piece) for piece in self._place.read("SEGMENTS PIECES")]

    def __len__(self) -> int:
        return int(self._place.read("SEGMENTS LEN"))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice | list[int]) -> list[Any]: ...
    def __getitem__(self, index: int | slice | list[int]) -> Any:
        if isinstance(index, slice):
            return self._slice(index)
        positions = [_position(each) for each in (index if isinstance(index, list) else [index])]
        found = self._place.read_together(*(("SEGMENTS RANGE", each, each) for each in positions)) if positions else []
        if [] in found:
            raise IndexError(_OUT_OF_RANGE)
        values = [self._decode(text) for (text,) in found]
        return values if isinstance(index, list) else values[0]

    def _slice(self, index: slice) -> list[Any]:
        """Reads all that lies between the slice's ends."""
        index.indices(0)  # TypeError, ValueError
        step = 1 if index.step is None else _position(index.step)
        start, stop = (None if bound is None else _position(bound) for bound in (index.start, index.stop))
        if stop == (0 if step > 0 else -1):
            return []
        if step > 0:
            first, last = start or 0, -1 if stop is None else stop - 1
        else:
            first, last = 0 if stop is None else stop + 1, -1 if start is None else start
        texts = self._place.read("SEGMENTS RANGE", first, last)
        return self._decode_all((texts if step > 0 else texts[::-1])[:: abs(step)])

    @overload
    def __setitem__(self, index: int, value: Any) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Any]) -> None: ...
    def __setitem__(self, index: Any, value: Any) -> None:
        position = _position_of_one(index)
        self._splice(position, 1, self._encode(value))
        self._list._announce(indices=[position])

    def __delitem__(self, index: Any) -> None:
        position = _position_of_one(index)
        self._splice(position, 1)
        self._list._announce(start=position, stop=None)

    def insert(self, index: int, value: Any) -> None:
        """Puts `value` before the position; at the length that is the end."""
        position = _position(index)
        self._splice(position, 0, self._encode(value))
        self._list._announce(start=position, stop=None)

    def pop(self, index: int = -1) -> Any:
        """Removes and returns what stands there."""
        self._place.require_writable()
        position = _position(index)
        with _within_range():
            found, length = self._place.write_together(
                ("SEGMENTS RANGE", position, position), ("SEGMENTS SPLICE", position, 1)
            )
        self._list._announce(start=position if position >= 0 else position + length + 1, stop=None)
        return self._decode(found[0])

    def append(self, value: Any) -> None:
        self.extend([value])

    def extend(self, values: Iterable[Any]) -> None:
        """Puts all values at the end, all or none."""
        texts = self._encode_all(values if isinstance(values, (list, tuple)) else list(values))
        if texts:
            start = self._edit(("SEGMENTS LEN",), lambda length: (length, 0, texts))
            self._list._announce(start=start, stop=None)

    def remove(self, value: Any) -> None:
        """Removes the first element that equals `value`.  Raises ValueError."""

        def find(texts: list[str]) -> tuple[int, int, list[str]]:
            return [self._decode(text) for text in texts].index(value), 1, []

        self._list._announce(start=self._edit(("SEGMENTS RANGE", 0, -1), find), stop=None)

    def reverse(self) -> None:
        """Turns the order round.  Cost: all elements, there and back."""
        self._edit(("SEGMENTS RANGE", 0, -1), lambda texts: (0, len(texts), texts[::-1]))
        self._list._announce(start=0, stop=None)

    def clear(self) -> None:
        """Removes all."""
        self._edit(("SEGMENTS LEN",), lambda length: (0, length, []))
        self._list._announce(start=0, stop=None)

    def __iter__(self) -> Iterator[Any]:
        """The elements; what others change meanwhile shows from the next page on."""
        first = 0
        while page := self._place.read("SEGMENTS RANGE", first, first + PAGE - 1):
            yield from self._decode_all(page)
            first += PAGE

    def __reversed__(self) -> Iterator[Any]:
        return iter(self[::-1])

    def __contains__(self, value: object) -> bool:
        return any(each is value or each == value for each in self[:])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Segments, List, list)) and self[:] == other[:]

    def __repr__(self) -> str:
        return f"Segments(len={len(self)})"

    def _splice(self, position: int, count: int, *texts: str) -> None:
        self._place.require_writable()
        with _within_range():
            self._place.write("SEGMENTS SPLICE", position, count, *texts)

    def _edit(self, look: Command, splice: Callable[[Any], tuple[int, int, list[str]]]) -> int:
        """Replaces what `splice` says (where, how many, by what) of what `look` answers; where that was."""
        self._place.require_writable()

        def change(seen: Any, pipe: Any) -> int:
            position, count, texts = splice(seen)
            pipe.execute_command("SEGMENTS", "SPLICE", self.key, position, count, *texts)
            return position

        return self._place.edit(look, change)[0]


def _position_of_one(index: Any) -> int:
    if isinstance(index, (slice, list)):
        kind = type(index).__name__
        raise TypeError(f"segments are set and deleted one element at a time, by an integer, not a {kind}")
    return _position(index)


class _Table(Place):
    """The key of segments; its commands are repeated while a client of ZnSocket's is in the midst of an edit."""

    def __init__(self, r: redis.Redis, key: str, list_key: str) -> None:
        super().__init__(r, key)
        self._list_key = list_key

    @property
    def keys(self) -> list[str]:
        name = self.key.partition(":")[2]
        return [self.key, self._list_key, f"znsocket.Segments.Base:{name}", f"znsocket.Segments.Origin:{name}"]

    def edit(self, look: Command, change: Callable[[Any, Any], Result]) -> tuple[Result, list[Any]]:
        return _patiently(partial(super().edit, look, change))

    def _ask(self, command: Command, key: str) -> Any:
        return _patiently(partial(super()._ask, command, key))

    def _together(self, commands: tuple[Command, ...], key: str) -> list[Any]:
        return _patiently(partial(super()._together, commands, key))

    def _watch(self, pipe: Any) -> str:
        pipe.watch(self.key, self._list_key)
        return self.key


def _patiently(act: Callable[[], Result]) -> Result:
    """Acts until nobody is in the midst of an edit.  Raises what the server says when that lasts a second."""
    for _ in range(TRIES):
        try:
            return act()
        except ResponseError as error:
            if _CHANGING not in str(error):
                raise
            time.sleep(PAUSE_SECONDS)
    return act()


@contextmanager
def _within_range() -> Iterator[None]:
    """Raises the server's error of a position as IndexError."""
    try:
        yield
    except ResponseError as error:
        if "index out of range" in str(error):
            raise IndexError(_OUT_OF_RANGE) from None
        raise
