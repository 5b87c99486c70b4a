"""Array: a numpy array on the server or in a store of this process, as a file of numpy's own format.

An Array of key K is the string `coppice.Array:K`, whose bytes are exactly a `.npy` file: a header padded so that the
data begins at a multiple of 64, then the elements in C order. Whatever reads such files reads it: `np.load`.

A string is a rope of pages of at most 4 KiB that copies and versions share: copying costs one reference, writing rows
copies the pages they lie in. On a server a slice is one message, read into its final memory. In a store of this process
rows that lie in one page are a view of it, without a copy; more are gathered by one copy, without the GIL; `chunks`
walks over all pages as views.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import redis
from redis.client import NEVER_DECODE
from redis.exceptions import WatchError

from coppice import bulk
from coppice.client import Client, require_client, require_key
from coppice.exceptions import FrozenStorageError
from coppice.npy import HEADER_MAX, Header, header_in, header_of, load_numpy
from coppice.objects.place import Patience
from coppice.selection import Selection, covering, selected, stretches
from coppice.versions import Version

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from coppice._engine import Bytes
    from coppice.selection import Rows

if sys.version_info >= (3, 11):
    from typing import Self
else:
    from typing_extensions import Self

Result = TypeVar("Result")

ARRAY_BYTES_MAX = 512 * 2**20  # of a string
READ_GAP_BYTES = 64 * 2**10  # what is read in the time of another message, or so

class Array:
    """A numpy array by its key; the object holds none of the data.  Threads: any.

    Rows are what the first axis counts; the other axes are those of the rows. What is read is a numpy array that cannot
    be written to, since the stored one would not change; `to_numpy()` gives one that can. `a[i:j] = rows` changes the
    stored one. Each change is one that others see whole or not at all.

    Raises KeyError where there is no such array, TypeError where the key holds other bytes, ResponseError where it is a
    list or the like.
    """

    prefix = "coppice.Array"
    _named = "an Array"

    def __init__(self, r: redis.Redis, key: str) -> None:
        require_client(r, self._named)
        require_key(key, self._named)
        self.redis = r
        self._key = key
        self._client = Client.sharing(r)
        self._known: Header | None = None  # what was read last

    @classmethod
    def from_numpy(cls, r: redis.Redis, key: str, array: ArrayLike) -> Self:
        """Stores a copy of `array`, in place of what the key held.  Cost: one message.

        Raises ValueError for more than 512 MiB, TypeError for a dtype that holds Python objects, no bytes at all, or
        fields whose names take more than some 4,000 bytes or are not of Latin-1.
        """
        numpy = load_numpy()
        made = cls(r, key)
        made._require_writable()
        rows = numpy.asarray(array)
        header = header_of(rows.dtype, rows.shape)
        _require_size(made.key, len(header) + rows.nbytes)
        bulk.store(made._client, made.key, [header, _bytes_of(numpy.asarray(rows, order="C"))])
        return made

    @property
    def key(self) -> str:
        """The key as the server has it."""
        return f"{self.prefix}:{self._key}"

    # What it is

    def _header(self) -> Header:
        """What the header says now.  Cost: a round trip."""
        reply = self._client.execute_command("GETRANGE", self.key, 0, HEADER_MAX - 1, **{NEVER_DECODE: True})
        self._known = header_in(self.key, reply)
        return self._known

    @property
    def shape(self) -> tuple[int, ...]:
        return self._header().shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._header().dtype

    @property
    def ndim(self) -> int:
        return len(self._header().shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        header = self._header()
        return header.rows * header.row_bytes

    @property
    def nbytes_exclusive(self) -> int:
        """Bytes in memory that no other key of the branch has.  Cost: O(pages in memory), at the store."""
        return int(self._ask("MEMORY", "EXCLUSIVE", self.key) or 0)

    def shared_with(self, other: Array) -> int:
        """Bytes in memory that this and `other` both have.  Cost: O(pages of both), at the store.

        Raises ValueError unless both are of one store, branch, database and version.
        """
        if not isinstance(other, Array):
            raise TypeError(f"shared_with takes an Array or Dataset, not {type(other).__name__}")
        if self._home() != other._home():
            raise ValueError(f"shared_with compares arrays of one store, branch, database and version: {self.key} and "
                             f"{other.key} are of two")
        return int(self._ask("MEMORY", "SHARED", self.key, other.key))

    def __len__(self) -> int:
        header = self._header()
        if not header.shape:
            raise TypeError("len() of unsized object")
        return header.rows

    def __repr__(self) -> str:
        header = self._header()
        return f"{type(self).__name__}({self._key!r}, shape={header.shape}, dtype={header.dtype})"

    # Reading

    def __getitem__(self, index: Any) -> Any:
        """What numpy would give.  Cost: on a server that of the rows from the first to the last that are needed."""

        def take(read: _Reader) -> Any:
            chosen = selected(read.header.shape, index)
            found = read.gathered(chosen.rows)[chosen.within]
            if isinstance(found, load_numpy().ndarray):
                found.flags.writeable = False
            return found

        return self._read(take)

    def __iter__(self) -> Iterator[Any]:
        for chunk in self.chunks():
            yield from chunk

    def to_numpy(self, copy: bool = True, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """All of it; with `copy=False` one that cannot be written to, and in a store of this process may be a view.

        `out`: an array of the same dtype and shape, which is filled and returned; memory that is there already may be
        filled several times as fast as new memory. After an error nobody knows what it has.
        Raises TypeError for an `out` of another type, ValueError for one of another shape or that is no block of memory
        which can be written to, in C order.
        """
        if not isinstance(copy, bool):
            raise TypeError(f"copy is True or False, not {type(copy).__name__}: an array to fill is out=...")

        def take(read: _Reader) -> Any:
            if out is None:
                return read.rows(0, read.header.rows, writable=copy)
            read.header.require_alike(out)
            read.rows(0, read.header.rows, writable=True, into=_bytes_of(out))
            return out

        found: NDArray[Any] = self._read(take)
        return found

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        rows = self.to_numpy(copy=copy is not False)
        return rows if dtype is None else rows.astype(dtype, copy=False)

    def chunks(self, rows: int | None = None) -> Iterator[NDArray[Any]]:
        """All rows in order, some at a time.

        In a store of this process all are of one version and, without `rows`, views of the pages as they lie, without
        copies but for rows that lie across the border of two. On a server about 4 MiB at a time, each as it is then (of
        `at(ref)` all are of one version). Raises RuntimeError when length or type change meanwhile, ValueError for
        fewer rows at a time than one.
        """
        if rows is not None and rows < 1:
            raise ValueError(f"chunks have at least one row each, not {rows}")
        self._known = None
        yield from self._reader().chunks(rows)

    # Changing

    def __setitem__(self, index: Any, value: ArrayLike) -> None:
        """Writes what numpy would, broadcast as numpy does: one run of bytes for each stretch of rows, in one change.

        Rows that are at most 2 KiB apart are one stretch.  Cost: a round trip for the header, one for the rows, and one
        to read each stretch of which a part stays as it is; again if somebody else wrote meanwhile.
        Raises ValueError for a shape that does not fit, TypeError for a dtype that does not cast by `same_kind` (whole
        numbers of Python have none), OverflowError for a whole number out of its range. Then nothing is written.
        """
        self._require_writable()
        self._edit(lambda read, pipe: self._put(read, pipe, selected(read.header.shape, index), value))

    def _put(self, read: _Reader, pipe: Any, chosen: Selection, value: Any) -> None:
        """Queues the writing of `value` to what is chosen."""
        numpy = load_numpy()
        header = read.header
        given = header.fitted(value)
        shape = header.shape_of(len(chosen.rows))
        if chosen.covers and not chosen.within and given.shape == shape:
            block = numpy.ascontiguousarray(given)
        else:
            block = numpy.empty(shape, header.dtype) if chosen.covers else read.gathered(chosen.rows, writable=True)
            block[chosen.within] = given
        for begin, end in stretches(chosen.rows, header.row_bytes):
            first, count, which = covering(chosen.rows[begin:end])
            part = block[begin:end] if header.shape else block
            if count > end - begin:
                covered = read.rows(first, count, writable=True)
                covered[which] = part
                part = covered
            position = header.size + first * header.row_bytes
            pipe.execute_command("SETRANGE", self.key, position, _bytes_of(numpy.ascontiguousarray(part)))

    def append(self, rows: ArrayLike) -> None:
        """Puts rows, or one row, behind the last; none is broadcast.  Cost: of what is written.  Errors of `a[i] =`."""
        numpy = load_numpy()
        self._require_writable()

        def put(read: _Reader, pipe: Any) -> None:
            header = read.header
            given = header.fitted(rows)
            if given.ndim == len(header.shape) - 1:
                given = given[numpy.newaxis]
            if not header.shape or given.shape[1:] != header.shape[1:]:
                raise ValueError(f"cannot append an array of shape {given.shape} to one of shape {header.shape}")
            longer = header_of(header.dtype, (header.rows + len(given), *header.shape[1:]))
            if len(longer) != header.size:
                raise ValueError(f"{self.key} was written by another program, whose header has no room for more rows; "
                                 "store it anew with Array.from_numpy")
            _require_size(self.key, header.size + header.rows * header.row_bytes + given.nbytes)
            pipe.execute_command("SETRANGE", self.key, 0, longer)
            pipe.execute_command("APPEND", self.key, _bytes_of(numpy.ascontiguousarray(given)))

        self._edit(put)

    def delete(self) -> None:
        """Removes the array; copies and versions keep what they have."""
        self._require_writable()
        self._ask("DEL", self.key)

    # Copies and versions

    def copy(self, key: str) -> Self:
        """A copy at another key, in place of what that held.  Cost: O(1), whatever it holds."""
        made = type(self)(self.redis, key)
        source = () if self._client.reference is None else ("FROM", self._client.reference)
        present = self._client.present
        if not present.execute_command("COPY", self.key, made.key, *source, "REPLACE"):
            raise KeyError(self.key)
        return type(self)(present, key)

    def at(self, ref: str) -> Self:
        """The array as the version `ref` has it, to be read only."""
        return type(self)(self._client.at(ref), self._key)

    def history(self, count: int | None = None) -> list[Version]:
        """The versions in which this changed, newest first, at most `count` (100), then from when on they are known."""
        db = self._client.connection_pool.connection_kwargs.get("db", 0)
        return self._client.log(key=self.key, db=db, count=count)

    def restore(self, ref: str) -> None:
        """Makes this what the version `ref` has, also if that is nothing.  Cost: O(1), whatever differs."""
        self._require_writable()
        if not self._ask("COPY", self.key, self.key, "FROM", ref, "REPLACE"):
            self._ask("DEL", self.key)

    # How

    def _home(self) -> tuple[Any, ...]:
        """Which store, branch, database and version this is of."""
        local = self._client.local
        known = self._client.connection_pool.connection_kwargs
        host = known.get("host")
        store = local.store.identity if local else ("127.0.0.1" if host == "localhost" else host, known.get("port"))
        branch = known.get("branch") or (known.get("username") or "").partition("@")[2] or "main"
        return store, branch, known.get("db", 0), self._client.reference

    def _ask(self, *words: Any) -> Any:
        return self._client.execute_command(*words)

    def _require_writable(self) -> None:
        if self._client.reference is not None:
            raise FrozenStorageError(self.key)

    def _read(self, action: Callable[[_Reader], Result]) -> Result:
        """What `action` makes of a reader, whose header is the one known here while nobody has changed it."""
        while True:
            read = self._reader()
            try:
                return action(read)
            except bulk.BytesChanged:
                self._known = None
            except (IndexError, TypeError, ValueError):
                if read.fresh:
                    raise
                self._known = None

    def _reader(self, watched: bool = False) -> _Reader:
        """`watched`: whether what was read is of use only if nobody writes meanwhile."""
        local = self._client.local
        if local is None:
            known = None if watched else self._known
            gap_bytes = READ_GAP_BYTES if watched else ARRAY_BYTES_MAX  # one message reads one version
            return _Reader(self, known or self._header(), known is None, gap_bytes)
        held = local.hold(self.key, self._client.reference)
        if held is None:
            raise KeyError(self.key)
        return _LocalReader(self, held)

    def _edit(self, change: Callable[[_Reader, Any], None]) -> None:
        """Runs `change(reader, pipe)`, which queues commands, as one change of what it reads.

        Raises WatchError where others write all the time.
        """
        patience = Patience(self.key)
        while True:
            with self._client.pipeline() as pipe:
                pipe.watch(self.key)
                read = self._reader(watched=True)
                pipe.multi()
                try:
                    change(read, pipe)
                    pipe.execute()
                except (WatchError, bulk.BytesChanged):
                    patience.try_again()
                    continue
                return


class _Reader:
    """Reads one array of a server: one message for rows that are neighbours."""

    def __init__(self, array: Array, header: Header, fresh: bool, gap_bytes: int) -> None:
        self.array = array
        self.header = header
        self.fresh = fresh  # it was just read
        self.gap_bytes = gap_bytes  # at most, between rows that are read by one message

    def bytes_at(self, position: int, count: int, writable: bool, into: memoryview | None) -> Any:
        """A buffer of its own with bytes of the value, or `into`.  Raises BytesChanged where the header is another."""
        header, found = bulk.fetch(self.array._client, self.array.key, self.header.size, position, count, into)
        if not header:
            raise KeyError(self.array.key)
        if header != self.header.text or len(found) != count:
            raise bulk.BytesChanged
        return found

    def rows(self, first: int, count: int, writable: bool = False, into: memoryview | None = None) -> Any:
        """Rows as an array that can be written to or not, in memory of its own or in that given."""
        header = self.header
        size = count * header.row_bytes
        if size == 0 and not self.fresh:
            raise bulk.BytesChanged  # perhaps: no byte tells
        data = self.bytes_at(header.size + first * header.row_bytes, size, writable, into) if size else bytearray()
        made = load_numpy().frombuffer(data, dtype=header.dtype, count=size // max(1, header.dtype.itemsize))
        made.flags.writeable = writable
        return made.reshape(header.shape_of(count))

    def gathered(self, rows: Rows, writable: bool = False) -> Any:
        """An array of some rows, which are ascending."""
        if isinstance(rows, range) and rows.step == 1:
            return self.rows(rows.start, len(rows), writable)
        if len(rows) == 0:
            return self.rows(0, 0, writable)
        made = None
        for begin, end in stretches(rows, self.header.row_bytes, self.gap_bytes):
            first, count, which = covering(rows[begin:end])
            part = self.rows(first, count, writable)[which]
            if len(part) == len(rows):
                return part
            if made is None:  # numpy's concatenate would make another dtype of one in another byte order, or with gaps
                made = load_numpy().empty(self.header.shape_of(len(rows)), self.header.dtype)
            made[begin:end] = part
        return made

    def chunks(self, rows: int | None) -> Iterator[Any]:
        each = rows or max(1, 4 * 2**20 // max(1, self.header.row_bytes))
        for first in range(0, self.header.rows, each):
            try:
                yield self.rows(first, min(each, self.header.rows - first))
            except bulk.BytesChanged:
                raise RuntimeError(f"{self.array.key} got another length or type while it was read") from None


class _LocalReader(_Reader):
    """Reads one array of a store of this process, as it was when this began."""

    def __init__(self, array: Array, held: Bytes) -> None:
        begin = bytes(held.read(0, min(held.size, HEADER_MAX)))
        super().__init__(array, header_in(array.key, begin), True, READ_GAP_BYTES)
        self.held = held

    def bytes_at(self, position: int, count: int, writable: bool, into: memoryview | None) -> Any:
        if not writable:
            return self.held.read(position, count)
        copied = load_numpy().empty(count, "u1") if into is None else into
        self.held.read_into(position, copied)
        return copied

    def chunks(self, rows: int | None) -> Iterator[Any]:
        header = self.header
        if rows is not None or header.row_bytes == 0:
            yield from super().chunks(rows)
            return
        first = 0
        while first < header.rows:
            begin = header.size + first * header.row_bytes
            whole = len(memoryview(self.held.page(begin))) // header.row_bytes
            count = min(max(1, whole), header.rows - first)
            yield self.rows(first, count)
            first += count


def _require_size(key: str, size: int) -> None:
    if size > ARRAY_BYTES_MAX:
        raise ValueError(f"an array has at most {ARRAY_BYTES_MAX:,} bytes with its header; {key} would have {size:,}")


def _bytes_of(rows: NDArray[Any]) -> memoryview:
    """The bytes of an array in C order, without a copy."""
    return rows.reshape(-1).view("u1").data if rows.size else memoryview(b"")
