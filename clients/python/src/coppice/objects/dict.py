"""Dict: Python's dict on the server."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Literal

import redis

from coppice.abc import DictCallbackTypedDict, DictRepr
from coppice.client import Client
from coppice.exceptions import DataError
from coppice.objects.stored import Stored

_ABSENT: Any = object()


class Dict(Stored, MutableMapping[str, Any], prefix="znsocket.Dict", repr_type="keys", queued=True):
    """A dict on the server that behaves as Python's, for all programs that open its key.

    Each method is one round trip, and one change that others see whole or not at all; `popitem` is two. `dict(d)` asks
    once per key, `dict(d.items())` once. Keys are strings (numbers become their text); the order is that of insertion.

    Built on a Pipeline it takes `d[key] = value`, `del d[key]` (also of what is not there) and `update`, which go out
    with it; all else raises TypeError.

    As with ZnSocket, `keys`, `values` and `items` are lists, `|` gives a plain dict, `update` takes mappings or
    keywords, and `popitem` takes the oldest. Errors are those of Python's dict, DataError for a key that is not a
    str, int or float, and FrozenStorageError for a dict of the past.
    """

    def __init__(
        self,
        r: redis.Redis,
        key: str,
        socket: Client | None = None,
        callbacks: DictCallbackTypedDict | None = None,
        repr_type: DictRepr = "keys",
        converter: list[type] | None = None,
        convert_nan: bool = False,
        fallback: str | None = None,
        fallback_policy: Literal["copy", "frozen"] | None = None,
    ) -> None:
        super().__init__(r, key, socket, callbacks, repr_type, converter, convert_nan, fallback, fallback_policy)

    def __len__(self) -> int:
        return int(self._place.read("HLEN"))

    def __getitem__(self, key: str) -> Any:
        text = self._place.read("HGET", _field(key))
        if text is None:
            raise KeyError(key)
        return self._decode(text)

    def __setitem__(self, key: str, value: Any) -> None:
        self._place.require_writable()
        key = _field(key)
        value = self._plain(value)
        self._place.write("HSET", key, self._codec.encode(value))
        self._tell("setitem", key, value)
        self._announce(keys=[key])

    def __delitem__(self, key: str) -> None:
        self._place.require_writable()
        key = _field(key)
        if self._place.write("HDEL", key) == 0:
            raise KeyError(key)
        self._tell("delitem", key)
        self._announce(keys=[key])

    def __contains__(self, key: object) -> bool:
        return bool(self._place.read("HEXISTS", _field(key)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:  # type: ignore[override]  # lists, as ZnSocket's are
        return list(self._place.read("HKEYS"))

    def values(self) -> list[Any]:  # type: ignore[override]
        return self._decode_all(self._place.read("HVALS"))

    def items(self) -> list[tuple[str, Any]]:  # type: ignore[override]
        texts = self._place.read("HGETALL")
        return list(zip(texts, self._decode_all(list(texts.values())), strict=True))

    def update(self, /, *args: Any, **kwargs: Any) -> None:
        """Sets what a mapping and the keywords say, in one command.  Raises TypeError for other iterables."""
        self._place.require_writable()
        if len(args) > 1:
            raise TypeError(f"update expected at most 1 argument, got {len(args)}")
        given = args[0] if args else {}
        if not isinstance(given, Mapping):
            raise TypeError(f"update expected a mapping, got {type(given).__name__}")
        pairs = dict(given.items()) | kwargs
        if pairs:
            pairs = {_field(key): self._encode(value) for key, value in pairs.items()}
            self._place.write("HSET", *(word for pair in pairs.items() for word in pair))
            self._announce(keys=list(pairs))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of `key`, which becomes `default` if there is none."""
        self._place.require_writable()
        key, plain = _field(key), self._plain(default)
        made, text = self._place.write_together(
            ("HSETNX", key, self._codec.encode(plain)), ("HGET", key)
        )
        if made:
            self._tell("setitem", key, plain)
            self._announce(keys=[key])
        return self._decode(text)

    def pop(self, key: str, default: Any = _ABSENT) -> Any:
        """Removes `key` and returns its value, or `default`.  Raises KeyError without one."""
        self._place.require_writable()
        key = _field(key)
        text, _ = self._place.write_together(("HGET", key), ("HDEL", key))
        if text is not None:
            self._tell("delitem", key)
            self._announce(keys=[key])
            return self._decode(text)
        if default is _ABSENT:
            raise KeyError(key)
        return default

    def popitem(self) -> tuple[str, Any]:
        """Removes and returns the oldest key and its value.  Raises KeyError when there is none."""
        for key in self.keys():
            with suppress(KeyError):  # somebody was quicker
                return key, self.pop(key)
        raise KeyError("popitem(): dictionary is empty")

    def clear(self) -> None:
        """Removes all.  Cost: O(1) if nobody is to be told which keys, by a callback or a socket."""
        self._place.require_writable()
        if self._callbacks.get("delitem") is None and self.socket is None:
            self._place.write("DEL")
            return
        keys, _ = self._place.write_together(("HKEYS",), ("DEL",))
        for key in keys:
            self._tell("delitem", key)
        if keys:
            self._announce(keys=keys)

    def restore(self, ref: str) -> None:
        """As of every kind; with a socket, all keys of before and after are read, to announce them."""
        before = [] if self.socket is None else self.keys()
        super().restore(ref)
        if self.socket is not None:
            self._announce(keys=list(dict.fromkeys(before + self.keys())))

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.items()) | dict(other.items()) if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return dict(other.items()) | dict(self.items()) if isinstance(other, Mapping) else NotImplemented

    def __ior__(self, other: Mapping[str, Any]) -> Dict:
        self.update(other)
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Dict, dict)) and dict(self.items()) == dict(other.items())

    def __repr__(self) -> str:
        """How much is read depends on `repr_type`.  Raises ValueError."""
        if self.repr_type == "keys":
            return f"Dict(keys={self.keys()})"
        if self.repr_type == "minimal":
            return "Dict(<unknown>)"
        if self.repr_type == "full":
            return f"Dict({dict(self.items())})"
        raise ValueError(f"Invalid repr_type: {self.repr_type}")


def _field(key: Any) -> Any:
    """A key that every kind of client writes and announces alike.  Raises DataError."""
    if isinstance(key, str) or type(key) is int:
        return key
    if isinstance(key, float):
        return float(key)  # numpy's write themselves as np.float64(...)
    raise DataError(f"a key of a Dict is a str, int or float, not of type {type(key).__name__}")
