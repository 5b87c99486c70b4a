"""Types that annotations of programs use, by ZnSocket's names."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypedDict

from coppice.objects.stored import Stored as ZnSocketObject

__all__ = [
    "DictCallbackTypedDict",
    "DictRepr",
    "ListCallbackTypedDict",
    "ListRepr",
    "RefreshDataTypeDict",
    "RefreshTypeDict",
    "ZnSocketObject",
]

ListRepr = Literal["full", "length", "minimal"]
DictRepr = Literal["full", "keys", "minimal"]


class RefreshTypeDict(TypedDict, total=False):
    """What a refresh tells of a List: `indices`, or `start` and `stop`; of a Dict: `keys`."""

    start: int | None
    stop: int | None
    step: int | None
    indices: list[int]
    keys: list[str | int | float]


class RefreshDataTypeDict(TypedDict):
    """A refresh as the event `refresh` has it: the key as the server has it, and what it tells."""

    target: str
    data: RefreshTypeDict


class ListCallbackTypedDict(TypedDict, total=False):
    """Functions that a List calls about its own writes: `append` before the write, the others after it."""

    setitem: Callable[[list[int], Any], Any] | None
    delitem: Callable[[list[int]], Any] | None
    insert: Callable[[int, Any], Any] | None
    append: Callable[[Any], Any] | None


class DictCallbackTypedDict(TypedDict, total=False):
    """Functions that a Dict calls after its own writes; `update` calls none."""

    setitem: Callable[[Any, Any], Any] | None
    delitem: Callable[[Any], Any] | None
