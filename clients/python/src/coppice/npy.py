"""The head of a `.npy` file: what the bytes of an array mean, and which values its elements take."""
from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from numbers import Integral
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALIGNMENT = 64  # of the data, in bytes
HEADER_MAX = 4096  # bytes that are read to find a header whole
_MAGIC = b"\x93NUMPY\x01\x00"
_NUMBERS, _WHOLE_NUMBERS = "biufc", "biu"  # kinds of dtypes
_DIGITS = 20  # of the number of rows: room for it to grow where it stands


def load_numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise ImportError("arrays need numpy: pip install 'coppice[numpy]'") from error
    return numpy


def header_of(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """The header of a `.npy` file, which stays as long as it is whatever the number of rows.

    Raises TypeError for types that hold Python objects or nothing, and where the header would not be found whole.
    """
    numpy = load_numpy()
    if dtype.hasobject:
        raise TypeError(f"an Array holds numbers, not Python objects: dtype {dtype}")
    if dtype.itemsize == 0:
        raise TypeError(f"an Array holds elements of at least one byte: dtype {dtype} has none")
    descr = numpy.lib.format.dtype_to_descr(dtype)
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    rows = len(str(shape[0])) if shape else 0
    size = len(_MAGIC) + 2 + len(text) - rows + _DIGITS + 1
    padded = -(-size // ALIGNMENT) * ALIGNMENT - len(_MAGIC) - 2
    try:
        made = (text.ljust(padded - 1) + "\n").encode("latin1")
    except UnicodeEncodeError:
        raise TypeError(f"the fields of an Array have names of Latin-1: dtype {dtype}") from None
    if size > HEADER_MAX:
        raise TypeError(f"names and types of an Array's fields take at most {HEADER_MAX:,} bytes; of these "
                        f"{len(dtype.names or ())} they would take {size:,}")
    return _MAGIC + padded.to_bytes(2, "little") + made


class Header:
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
    def of(cls, key: str, begin: bytes) -> Header:
        """Raises KeyError for no bytes, TypeError for those of no array."""
        if not begin:
            raise KeyError(key)
        stream = BytesIO(begin)
        form = load_numpy().lib.format
        try:
            version = form.read_magic(stream)
            read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
            shape, fortran, dtype = read(stream)
        except ValueError as error:
            raise TypeError(f"{key} holds no array: {error}") from None
        if fortran and len(shape) > 1:
            raise TypeError(f"{key} holds an array in Fortran's order; store it anew with Array.from_numpy")
        return cls(dtype, shape, begin[: stream.tell()])

    def shape_of(self, rows: int) -> tuple[int, ...]:
        """That of an array of so many rows of this one."""
        return (rows, *self.shape[1:]) if self.shape else ()

    def require_alike(self, out: Any) -> None:
        """Raises TypeError, ValueError unless the array's bytes can be put into `out`."""
        if not isinstance(out, load_numpy().ndarray):
            raise TypeError(f"out is a numpy array, not of type {type(out).__name__}")
        if out.dtype != self.dtype:
            raise TypeError(f"out has dtype {out.dtype}, the array has {self.dtype}")
        if out.shape != self.shape:
            raise ValueError(f"out has shape {out.shape}, the array has {self.shape}")
        if not (out.flags.c_contiguous and out.flags.writeable):
            raise ValueError("out has to be one block of memory in C order that can be written to")

    def fitted(self, value: Any) -> Any:
        """`value` as an array of this type.

        Raises TypeError where it is of another kind, OverflowError for a whole number out of the dtype's range.
        """
        numpy = load_numpy()
        typed = hasattr(value, "dtype")
        if not typed and self.dtype.kind not in _NUMBERS:
            return numpy.asarray(value, dtype=self.dtype)  # times, texts and records are written as Python's objects
        given = numpy.asarray(value)
        if given.size == 0:
            return given.astype(self.dtype)
        casts = numpy.can_cast(given.dtype, self.dtype, "same_kind")
        whole = given.dtype.kind in _WHOLE_NUMBERS
        if not (casts or typed or whole):  # perhaps whole numbers that no dtype holds together
            numbers = numpy.asarray(value, dtype=object)
            whole = all(isinstance(each, Integral) for each in numbers.flat)
            given = numbers if whole else given
        if not casts and (typed or not whole):
            raise TypeError(f"dtype {given.dtype} does not cast by 'same_kind' to the array's, {self.dtype}")
        if whole and self.dtype.kind in _NUMBERS and not numpy.can_cast(given.dtype, self.dtype, "safe"):
            _require_in_range(given, self.dtype)
        return given.astype(self.dtype, copy=False)


def _require_in_range(given: NDArray[Any], dtype: np.dtype[Any]) -> None:
    """Raises OverflowError for the first whole number of those farthest out that `dtype` cannot hold."""
    numpy = load_numpy()
    limits = None if dtype.kind == "b" else numpy.iinfo(dtype) if dtype.kind in _WHOLE_NUMBERS else numpy.finfo(dtype)
    least, most = (0, 1) if limits is None else (int(limits.min), int(limits.max))
    for number in (int(given.min()), int(given.max())):
        if not least <= number <= most:
            raise OverflowError(f"{number} is out of the range of {dtype}, the array's dtype")


def header_in(key: str, begin: bytes) -> Header:
    """The header in a value's first bytes.  Cost: some 30 us for one that was not seen lately."""
    size = int.from_bytes(begin[8:10], "little") + 10 if begin.startswith(_MAGIC) else len(begin)
    return _parsed(key, begin[:size])


@lru_cache(maxsize=256)
def _parsed(key: str, text: bytes) -> Header:
    return Header.of(key, text)
