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
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeVar

import redis
from redis.client import NEVER_DECODE
from redis.exceptions import WatchError

from coppice import bulk
from coppice.client import Client, require_client, require_key
from coppice.exceptions import FrozenStorageError
from coppice.versions import Version

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from coppice._engine import Bytes

if sys.version_info >= (3, 11):
    from typing import Self
else:
    from typing_extensions import Self

Result = TypeVar("Result")

ALIGNMENT = 64  # of the data, in bytes
HEADER_MAX = 4096  # bytes that are read to find a header whole
_MAGIC = b"\x93NUMPY\x01\x00"
_NUMBERS, _WHOLE_NUMBERS = "biufc", "biu"  # kinds of dtypes
_DIGITS = 20  # of the number of rows: room for it to grow where it stands


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise ImportError("arrays need numpy: pip install 'coppice[numpy]'") from error
    return numpy


def header_of(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """The header of a `.npy` file, which stays as long as it is whatever the number of rows.

    Raises TypeError for types that hold Python objects.
    """
    numpy = _numpy()
    if dtype.hasobject:
        raise TypeError(f"an Array holds numbers, not Python objects: dtype {dtype}")
    descr = numpy.lib.format.dtype_to_descr(dtype)
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    rows = len(str(shape[0])) if shape else 0
    size = len(_MAGIC) + 2 + len(text) - rows + _DIGITS + 1
    padded = -(-size // ALIGNMENT) * ALIGNMENT - len(_MAGIC) - 2
    return _MAGIC + padded.to_bytes(2, "little") + (text.ljust(padded - 1) + "\n").encode("latin1")


class Array:
    """A numpy array by its key; the object holds none of the data.  Threads: any.

    Rows are what the first axis counts; the other axes are those of the rows. What is read is a numpy array that cannot
    be written to, since the stored one would not change; `to_numpy()` gives one that can. `a[i:j] = rows` changes the
    stored one. Each change is one that others see whole or not at all.

    Raises KeyError where there is no such array, TypeError where the key holds something else.
    """

    prefix = "coppice.Array"

    def __init__(self, r: redis.Redis, key: str) -> None:
        require_client(r, f"a {type(self).__name__}")
        require_key(key, f"a {type(self).__name__}")
        self.redis = r
        self._key = key
        self._client = Client.sharing(r)
        self._known: _Header | None = None  # what was read last

    @classmethod
    def from_numpy(cls, r: redis.Redis, key: str, array: ArrayLike) -> Self:
        """Stores a copy of `array`, in place of what the key held.  Cost: one message.  At most 512 MiB."""
        numpy = _numpy()
        made = cls(r, key)
        made._require_writable()
        rows = numpy.asarray(array, order="C")
        bulk.store(made._client, made.key, [header_of(rows.dtype, rows.shape), _bytes_of(rows)])
        return made

    @property
    def key(self) -> str:
        """The key as the server has it."""
        return f"{self.prefix}:{self._key}"

    # What it is

    def _header(self) -> _Header:
        """What the header says now.  Cost: a round trip."""
        reply = self._client.execute_command("GETRANGE", self.key, 0, HEADER_MAX - 1, **{NEVER_DECODE: True})
        self._known = _header_in(self.key, reply)
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
        """Bytes in memory that this and `other` both have.  Cost: O(pages of both), at the store."""
        if not isinstance(other, Array):
            raise TypeError(f"shared_with takes an Array or Dataset, not {type(other).__name__}")
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
        """Rows as numpy would give them; further axes are applied to those.  Cost: of the rows from first to last."""
        first, more = (index[0], index[1:]) if isinstance(index, tuple) and index else (index, ())

        def take(read: _Reader) -> Any:
            if first is Ellipsis or first is None or not read.header.shape:
                return read.rows(0, read.header.rows)[index]
            rows = read.selected(first)
            if not more:
                return rows
            return rows[more if isinstance(first, Integral) else (slice(None), *more)]

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
        `at(ref)` all are of one version). Raises RuntimeError when length or type change meanwhile.
        """
        self._known = None
        yield from self._reader().chunks(rows)

    # Changing

    def __setitem__(self, index: Any, value: ArrayLike) -> None:
        """Writes rows, broadcast as numpy does: one run of bytes for each stretch of neighbours, all in one change.

        Cost: a round trip for the header and one for the rows, again if somebody else wrote meanwhile.
        Raises ValueError for a shape that does not fit, TypeError for a dtype that does not cast by `same_kind` (whole
        numbers of Python have none: they fit where they are in range, else OverflowError). Then nothing is written.
        """
        numpy = _numpy()
        self._require_writable()
        key, more = (index[0], index[1:]) if isinstance(index, tuple) and index else (index, ())

        def put(header: _Header, pipe: Any) -> None:
            positions = header.positions(key)
            given = header.fitted(value)
            if more:
                row = numpy.array(self[key])
                row[more if isinstance(key, Integral) else (slice(None), *more)] = given
                given = row
            shape = (len(positions), *header.shape[1:])
            try:
                rows = numpy.ascontiguousarray(numpy.broadcast_to(given, shape))
            except ValueError:
                raise ValueError(f"cannot broadcast an array of shape {given.shape} to rows of {shape}") from None
            data = _bytes_of(rows)
            for at, first, count in _runs(positions):
                part = data[at * header.row_bytes : (at + count) * header.row_bytes]
                pipe.execute_command("SETRANGE", self.key, header.size + first * header.row_bytes, part)

        self._edit(put)

    def append(self, rows: ArrayLike) -> None:
        """Puts rows, or one row, behind the last; none is broadcast.  Cost: of what is written.  Errors of `a[i] =`."""
        numpy = _numpy()
        self._require_writable()

        def put(header: _Header, pipe: Any) -> None:
            given = header.fitted(rows)
            if given.ndim == len(header.shape) - 1:
                given = given[numpy.newaxis]
            if not header.shape or given.shape[1:] != header.shape[1:]:
                raise ValueError(f"cannot append an array of shape {given.shape} to one of shape {header.shape}")
            longer = header_of(header.dtype, (header.rows + len(given), *header.shape[1:]))
            if len(longer) != header.size:
                raise ValueError(f"{self.key} was written by another program, whose header has no room for more rows; "
                                 "store it anew with Array.from_numpy")
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

    def _reader(self) -> _Reader:
        local = self._client.local
        if local is None:
            known = self._known
            return _Reader(self, known or self._header(), fresh=known is None)
        held = local.hold(self.key, self._client.reference)
        if held is None:
            raise KeyError(self.key)
        return _LocalReader(self, held)

    def _edit(self, change: Any) -> None:
        """Runs `change(header, pipe)`, which queues commands, as one change of what the header says."""
        while True:
            with self._client.pipeline() as pipe:
                pipe.watch(self.key)
                header = self._header()
                pipe.multi()
                change(header, pipe)
                try:
                    pipe.execute()
                except WatchError:
                    continue
                return


class _Header:
    """What the header of an array says."""

    def __init__(self, dtype: np.dtype[Any], shape: tuple[int, ...], text: bytes) -> None:
        self.text = text
        self.dtype = dtype
        self.shape = shape
        self.size = len(text)  # where the elements begin
        self.rows = shape[0] if shape else 1
        self.row_bytes = int(dtype.itemsize)
        for axis in shape[1:]:
            self.row_bytes *= axis

    @classmethod
    def of(cls, key: str, begin: bytes) -> _Header:
        """Raises KeyError for no bytes, TypeError for those of no array."""
        if not begin:
            raise KeyError(key)
        stream = BytesIO(begin)
        form = _numpy().lib.format
        try:
            version = form.read_magic(stream)
            read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
            shape, fortran, dtype = read(stream)
        except ValueError as error:
            raise TypeError(f"{key} holds no array: {error}") from None
        if fortran and len(shape) > 1:
            raise TypeError(f"{key} holds an array in Fortran's order; store it anew with Array.from_numpy")
        return cls(dtype, shape, begin[: stream.tell()])

    def positions(self, index: Any) -> Any:
        """The rows that an index of the first axis selects.  Raises IndexError."""
        numpy = _numpy()
        if not self.shape:
            raise IndexError("too many indices for array: array is 0-dimensional")
        return numpy.atleast_1d(numpy.arange(self.rows)[index])

    def require_alike(self, out: Any) -> None:
        """Raises TypeError, ValueError unless the array's bytes can be put into `out`."""
        if not isinstance(out, _numpy().ndarray):
            raise TypeError(f"out is a numpy array, not of type {type(out).__name__}")
        if out.dtype != self.dtype:
            raise TypeError(f"out has dtype {out.dtype}, the array has {self.dtype}")
        if out.shape != self.shape:
            raise ValueError(f"out has shape {out.shape}, the array has {self.shape}")
        if not (out.flags.c_contiguous and out.flags.writeable):
            raise ValueError("out has to be one block of memory in C order that can be written to")

    def fitted(self, value: Any) -> Any:
        """`value` as an array of this type.  Raises TypeError where it is of another kind, OverflowError."""
        numpy = _numpy()
        given = numpy.asarray(value)
        typed = hasattr(value, "dtype")
        if given.size == 0 or (not typed and self.dtype.kind not in _NUMBERS):
            return numpy.asarray(value, dtype=self.dtype)  # times, texts and records are written as Python's objects
        if numpy.can_cast(given.dtype, self.dtype, "same_kind"):
            return given.astype(self.dtype, copy=False)
        if typed or given.dtype.kind not in _WHOLE_NUMBERS:
            raise TypeError(f"dtype {given.dtype} does not cast by 'same_kind' to the array's, {self.dtype}")
        made = given.astype(self.dtype)
        if (made != given).any():
            raise OverflowError(f"a number is out of the range of {self.dtype}, the array's dtype")
        return made


def _header_in(key: str, begin: bytes) -> _Header:
    """The header in a value's first bytes.  Cost: some 30 us for one that was not seen lately."""
    size = int.from_bytes(begin[8:10], "little") + 10 if begin.startswith(_MAGIC) else len(begin)
    return _parsed(key, begin[:size])


@lru_cache(maxsize=256)
def _parsed(key: str, text: bytes) -> _Header:
    return _Header.of(key, text)


class _Reader:
    """Reads one array of a server: one message for each stretch of rows."""

    def __init__(self, array: Array, header: _Header, fresh: bool) -> None:
        self.array = array
        self.header = header
        self.fresh = fresh  # it was just read

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
        if count == 0 and not self.fresh:
            raise bulk.BytesChanged  # perhaps: no byte tells
        size = count * header.row_bytes
        data = self.bytes_at(header.size + first * header.row_bytes, size, writable, into) if size else bytearray()
        made = _numpy().frombuffer(data, dtype=header.dtype, count=size // max(1, header.dtype.itemsize))
        made.flags.writeable = writable
        return made.reshape((count, *header.shape[1:]) if header.shape else ())

    def selected(self, index: Any) -> Any:
        """What an index of the first axis gives, read from the first row it needs to the last."""
        numpy = _numpy()
        if isinstance(index, slice):
            start, stop, step = index.indices(self.header.rows)
            wanted = range(start, stop, step)
            if not wanted:
                return self.rows(0, 0)
            first, last = min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1])
            return self.rows(first, last - first + 1)[::step]
        if isinstance(index, Integral):
            position = int(index)
            if not -self.header.rows <= position < self.header.rows:
                raise IndexError(f"index {position} is out of bounds for axis 0 with size {self.header.rows}")
            return self.rows(position % self.header.rows, 1)[0]
        positions = numpy.arange(self.header.rows)[index]
        if positions.size == 0:
            return self.rows(0, 0)[numpy.zeros(positions.shape, dtype=int)] if positions.ndim > 1 else self.rows(0, 0)
        first = int(positions.min())
        picked = self.rows(first, int(positions.max()) - first + 1)[positions - first]
        picked.flags.writeable = False
        return picked

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
        super().__init__(array, _header_in(array.key, bytes(held.read(0, min(held.size, HEADER_MAX)))), fresh=True)
        self.held = held

    def bytes_at(self, position: int, count: int, writable: bool, into: memoryview | None) -> Any:
        if not writable:
            return self.held.read(position, count)
        copied = _numpy().empty(count, "u1") if into is None else into
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


def _bytes_of(rows: NDArray[Any]) -> memoryview:
    """The bytes of an array in C order, without a copy."""
    return rows.reshape(-1).view("u1").data if rows.size else memoryview(b"")


def _runs(positions: NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Stretches of neighbouring rows: where each begins in `positions`, its first row and its length."""
    numpy = _numpy()
    if positions.ndim != 1:
        raise IndexError("rows are given by one index, a slice, a mask or a list")
    ends = numpy.flatnonzero(numpy.diff(positions) != 1) + 1
    for begin, end in pairwise([0, *ends.tolist(), len(positions)]):
        if end > begin:
            yield begin, int(positions[begin]), end - begin
