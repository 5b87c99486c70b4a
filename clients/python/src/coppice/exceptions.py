"""What goes wrong, as types. The names and what they inherit from are ZnSocket's.

    ZnSocketError
    ├── ResponseError         also redis.exceptions.ResponseError: the server refused a command
    ├── DataError             also redis.exceptions.DataError: an argument that no command can carry
    ├── ConnectionError       also redis.exceptions.ConnectionError: nobody there, or not a coppice server
    ├── UnknownEventError     Client.call was given a name that is no event
    ├── FrozenStorageError    a write to what only can be read: a version that is past, or an adapter's object
    └── ConflictError         both sides of a merge have changed one place, and nobody says what is to stand there

Whoever catches the types of `redis.exceptions` catches these. Others of redis-py (TimeoutError, WatchError,
AuthenticationError, OutOfMemoryError, ...) come through as they are.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import redis.exceptions

__all__ = [
    "ConflictError",
    "ConnectionError",
    "DataError",
    "FrozenStorageError",
    "ResponseError",
    "UnknownEventError",
    "ZnSocketError",
]

# How the server refuses to write to a version (docs/protocol.md, AT).
_ONLY_READS = "AT takes commands that only read"


class ZnSocketError(Exception):
    """Whatever this package reports itself."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class ResponseError(ZnSocketError, redis.exceptions.ResponseError):
    """The server refused a command; the text says why."""


class DataError(ZnSocketError, redis.exceptions.DataError):
    """An argument is of a type that no command can carry."""


class ConnectionError(ZnSocketError, redis.exceptions.ConnectionError):
    """There is no coppice server at `address`, or its client was closed."""

    def __init__(self, address: str, reason: str = "Is the server running? `coppice serve` starts one.") -> None:
        super().__init__(f"Could not connect to {address}. {reason}")
        self.address = address


class UnknownEventError(ZnSocketError):
    """No storage command, and no other event, has this name."""


class FrozenStorageError(ZnSocketError):
    """`key`, of an object or a reference to a version, can only be read."""

    def __init__(self, key: str) -> None:
        super().__init__(f"'{key}' is frozen and cannot be modified. Create a copy of the object to modify it.")
        self.key = key


_CONFLICT_MAX = 1000  # characters of a message: the parts may be books


class ConflictError(ZnSocketError):
    """Both sides of a merge have changed one place in different ways; `conflict` has the place and what each has."""

    def __init__(self, conflict: Any) -> None:
        told = repr(conflict)
        told = told if len(told) <= _CONFLICT_MAX else f"{told[:_CONFLICT_MAX]}..."
        super().__init__(f"both sides have changed one place: {told}; `resolve` may say what stands there")
        self.conflict = conflict


_NO_ADAPTER = "NOADAPTER "
_TOLD: dict[str, type[Exception]] = {
    "DataError": DataError, "IndexError": IndexError, "KeyError": KeyError, "ResponseError": ResponseError,
    "TypeError": TypeError, "UnknownEventError": UnknownEventError, "ValueError": ValueError,
}


def told_error(answer: Any) -> Exception | None:
    """The exception that an adapter's answer stands for: `{"error": {"msg": ..., "type": ...}}`; None for another."""
    told = answer.get("error") if isinstance(answer, dict) and len(answer) == 1 else None
    if not isinstance(told, dict) or told.keys() != {"msg", "type"}:
        return None
    return _TOLD.get(told["type"], ZnSocketError)(told["msg"])


def error_in(reply: redis.exceptions.ResponseError) -> Exception:
    """What an error of the server is here."""
    text = str(reply)
    return KeyError(text[len(_NO_ADAPTER) :]) if text.startswith(_NO_ADAPTER) else ResponseError(text)


_SENDABLE = (str, bytes, bytearray, memoryview, int, float)


def _refusal(commands: Iterable[tuple[Any, ...]]) -> str | None:
    """What to say of the first word that no command can carry; None where all can."""
    for words in commands:
        for word in words:
            if not isinstance(word, _SENDABLE) or isinstance(word, bool):
                return (f"{words[0]} cannot take a word of type {type(word).__name__}: "
                        "str, bytes, int and float are accepted")
    return None


class translated:
    """Raises what redis-py raises inside as the type of this module, if there is one.

    `reference` names the version that commands inside read, None for the present. `commands`: the words of each.
    """

    __slots__ = ("_commands", "_reference")

    def __init__(self, reference: str | None, commands: Iterable[tuple[Any, ...]] = ()) -> None:
        self._reference = reference
        self._commands = commands

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, ZnSocketError):
            return
        if isinstance(error, redis.exceptions.DataError):
            raise DataError(_refusal(self._commands) or str(error)) from error
        if isinstance(error, redis.exceptions.ResponseError):
            if self._reference is not None and _ONLY_READS in str(error):
                raise FrozenStorageError(self._reference) from error
            if type(error) is redis.exceptions.ResponseError:
                raise ResponseError(str(error)) from error


@contextmanager
def reached(address: str) -> Iterator[None]:
    """Raises as ConnectionError of this module what redis-py raises inside where nobody, or no Redis, answers."""
    try:
        yield
    except redis.exceptions.AuthenticationError:
        raise
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
        raise ConnectionError(address) from error
    except redis.exceptions.InvalidResponse as error:
        raise ConnectionError(address, "What answers there speaks another protocol.") from error


def require_coppice(address: str, server: Any) -> None:
    """Raises ConnectionError unless `server`, what INFO answered, is a coppice server's."""
    told = server if isinstance(server, dict) else {}
    if "coppice_version" not in told:
        who = f"Redis {told['redis_version']}" if "redis_version" in told else "something else"
        raise ConnectionError(address, f"What answers there is {who}, not coppice.")
