"""Adapters: objects of this program that other programs read as a List or a Dict, in Python and JavaScript.

    client.participant ──question──> adapter.answer ──> object[index], as the text that a List stores

An adapter answers while its client is connected, from threads of that client; the object has to bear several at once.
Nothing is stored: a copy that somebody asks for is.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import redis

from coppice.client import Client, require_key
from coppice.objects.dict import Dict
from coppice.objects.list import List
from coppice.objects.place import Adapted
from coppice.objects.stored import Stored
from coppice.values import Codec

__all__ = ["DictAdapter", "ListAdapter"]

_TAKEN = "Adapter already registered to this key. Please select a different one."


class Rows(Protocol):
    """What a list adapter needs: lists, arrays of numpy, data sets of files."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: Any, /) -> Any: ...


@dataclass
class _Adapter:
    """What both share.  Raises KeyError where somebody has opened the key already."""

    key: str
    socket: Client

    def _begin(self, prefix: str, converter: list[type] | None, convert_nan: bool, r: redis.Redis | None) -> None:
        require_key(self.key, f"a {type(self).__name__}")
        self.key = f"{prefix}:{self.key}"
        self._codec = Codec(converter, convert_nan)
        self._options: dict[str, Any] = {"converter": converter, "convert_nan": convert_nan, "socket": self.socket}
        self._r = self.socket if r is None else r
        self.socket.participant.adapt(self.key, self.answer)

    def answer(self, question: list[Any]) -> Any:
        """What JSON can say of the object, for `[args, kwargs]` of a question; what is raised is told, too."""
        asked = dict(question[1])
        del asked["key"]
        method = asked.pop("method")
        if method == "__len__":
            return len(self.object)  # type: ignore[attr-defined]
        answer = getattr(self, f"_answer_{method.strip('_')}", None)
        if answer is None:
            raise NotImplementedError(f"Method {method} not implemented")
        return answer(**asked)

    def _text(self, value: Any) -> str:
        """A value as it is stored: a collection or an adapter is its key."""
        return json.dumps(value.key) if isinstance(value, (Stored, _Adapter)) else self._codec.encode(_plain(value))

    def _empty(self, kind: type[List] | type[Dict], target: str) -> Any:
        """Where a copy goes.  Raises KeyError or ValueError where there is something."""
        made: Any = kind(self._r, target, **self._options)
        if isinstance(made._place, Adapted):
            raise KeyError(_TAKEN)
        if len(made) > 0:
            raise ValueError(f"Could not copy {kind.__name__.lower()}")
        return made


@dataclass
class ListAdapter(_Adapter):
    """A sequence, or an array whose rows are the elements, that others read as List `key`.

    `item_transform_callback(item=, key=, socket=, converter=, convert_nan=)` makes of an element, when it is read by
    itself, a value, or an adapter or collection that is read in its place; an adapter has to have that key. Slices are
    not transformed.
    """

    object: Rows
    item_transform_callback: Callable[..., Any] | None = None
    converter: list[type] | None = None
    convert_nan: bool = False
    r: redis.Redis | None = None

    def __post_init__(self) -> None:
        self._begin("znsocket.List", self.converter, self.convert_nan, self.r)

    def _answer_getitem(self, index: int) -> str:
        value = self.object[index]
        if self.item_transform_callback is None:
            return self._text(value)
        key = f"{self.key}:{index % len(self.object)}"
        made = self._made(key)
        if made is None:
            try:
                made = self._text(self.item_transform_callback(
                    item=value, key=key, socket=self.socket, converter=self.converter, convert_nan=self.convert_nan
                ))
            except Exception as error:
                made = self._made(key)  # by another thread, meanwhile
                if made is None:
                    raise RuntimeError(f"Failed to transform item at index {index}: {error}") from error
        return made

    def _made(self, key: str) -> str | None:
        """The reference to the adapter that an earlier transform has made."""
        for kind in ("znsocket.Dict", "znsocket.List"):
            if self.socket.call("adapter_exists", key=f"{kind}:{key}"):
                return json.dumps(f"{kind}:{key}")
        return None

    def _answer_slice(self, start: int | None = None, stop: int | None = None, step: int | None = None) -> list[str]:
        if step is not None and step < 0 and stop is not None and stop < 0:
            stop = None  # so ZnSocket's readers mean the beginning
        return list(map(self._text, self.object[start:stop:step]))

    def _answer_copy(self, target: str) -> bool:
        rows = (self.object[index] for index in range(len(self.object)))
        self._empty(List, target).extend(map(_plain, rows))
        return True


@dataclass
class DictAdapter(_Adapter):
    """A mapping that others read as Dict `key`."""

    object: Mapping[Any, Any]
    converter: list[type] | None = None
    convert_nan: bool = False
    r: redis.Redis | None = None

    def __post_init__(self) -> None:
        self._begin("znsocket.Dict", self.converter, self.convert_nan, self.r)

    def _answer_getitem(self, dict_key: Any) -> str:
        return self._text(self.object[dict_key])

    def _answer_get(self, dict_key: Any, default: Any = None) -> str:
        return self._text(self.object.get(dict_key, default))

    def _answer_contains(self, dict_key: Any) -> bool:
        return dict_key in self.object

    def _answer_keys(self) -> list[Any]:
        return list(self.object.keys())

    def _answer_values(self) -> list[str]:
        return list(map(self._text, self.object.values()))

    def _answer_items(self) -> list[tuple[Any, str]]:
        return [(key, self._text(value)) for key, value in self.object.items()]

    def _answer_copy(self, target: str) -> bool:
        self._empty(Dict, target).update({key: _plain(value) for key, value in self.object.items()})
        return True


def _plain(value: Any) -> Any:
    """A number of numpy as a number of Python; anything else as it is."""
    return value.item() if getattr(value, "shape", None) == () else value
