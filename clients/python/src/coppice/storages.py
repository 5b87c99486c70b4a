"""Storage: a store in memory with the methods of ZnSocket's, for programs that need no server."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from coppice.client import ARGUMENTS, Client

__all__ = ["MemoryStorage", "Storage"]


class Storage(Client):
    """A client of a store in memory of its own, as `r` of a List or Dict, or for its commands.

    `content`: what is there first: dicts become hashes, lists and tuples lists, sets sets, anything else a string.
    Arguments have ZnSocket's names or redis-py's. What a Client does with versions this does as well.
    """

    def __init__(self, content: Mapping[str, Any] | None = None) -> None:
        super().__init__("memory://")
        with self.pipeline() as pipe:
            for key, value in (content or {}).items():
                _put(pipe, key, value)
            pipe.execute()

    def get(self, name: Any, default: Any = None) -> Any:
        """The string at a key, or `default`."""
        value = super().get(name)
        return default if value is None else value

    @property
    def content(self) -> dict[str, Any]:
        """A copy of all that is there, as dicts, lists, sets and strings."""
        reads: dict[str, Callable[[str], Any]] = {
            "string": self.get, "list": lambda key: self.lrange(key, 0, -1), "hash": self.hgetall, "set": self.smembers
        }
        return {key: reads[str(self.type(key))](key) for key in map(str, self.keys())}


def _put(pipe: Any, key: str, value: Any) -> None:
    if isinstance(value, Mapping):
        command = ("HSET", key, *(word for pair in value.items() for word in pair))
    elif isinstance(value, (list, tuple)):
        command = ("RPUSH", key, *value)
    elif isinstance(value, (set, frozenset)):
        command = ("SADD", key, *value)
    else:
        command = ("SET", key, value)
    if len(command) > 2:  # an empty collection is none
        pipe.execute_command(*command)


def _with_both_names(name: str, names: Mapping[str, str]) -> Callable[..., Any]:
    def method(self: Storage, *args: Any, **kwargs: Any) -> Any:
        return getattr(Client, name)(self, *args, **{names.get(each, each): value for each, value in kwargs.items()})

    method.__name__ = name
    method.__doc__ = getattr(Client, name).__doc__
    return method


for _name, _names in ARGUMENTS.items():
    setattr(Storage, _name, _with_both_names(_name, _names))

MemoryStorage = Storage
