"""How a client reads a version of the past: each of its commands goes out as `AT reference command ...`.

Connections are shared with the client of the present, for the reference travels with the command. redis-py finds the
function that shapes a reply by the first word of the command; `shape_replies` lets that of the inner command be found.
"""
from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from redis.client import EMPTY_RESPONSE, NEVER_DECODE

# Commands that are about the connection or the store, not about keys: they are sent as they are.
_NOT_ABOUT_KEYS = frozenset(
    ["AT", "ON", "BRANCH", "TAG", "LOG", "DIFF", "REFLOG", "STORE", "PING", "ECHO", "TIME", "INFO", "COMMAND", "CLIENT",
     "CONFIG", "SLOWLOG", "ROLE", "LASTSAVE", "WATCH", "UNWATCH"]
)
# Options that say how a reply is read, or that it may be cached.
_BEFORE_CALLBACK = frozenset([NEVER_DECODE, EMPTY_RESPONSE, "keys"])


def require_reference(ref: object) -> None:
    """Raises TypeError for what names no version."""
    if not isinstance(ref, str):
        raise TypeError(f'a reference to a version is a str, as "main@-5m", not of type {type(ref).__name__}')


def addressed(
    reference: str | None, words: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The command and the options of redis-py that ask the version `reference`, or those given where it is None."""
    if reference is None:
        return words, options
    name = str(words[0]).split()  # redis-py has some of two words: "MEMORY USAGE"
    if name[0].upper() in _NOT_ABOUT_KEYS:
        return words, options
    return ("AT", reference, *name, *words[1:]), {**options, "inner": words[0]}


def for_callback(options: dict[str, Any]) -> dict[str, Any]:
    """What of the options of redis-py the function that shapes a reply is given."""
    return {name: value for name, value in options.items() if name not in _BEFORE_CALLBACK} if options else options


def shape_replies(callbacks: MutableMapping[Any, Any]) -> None:
    """Adds the callback that gives the reply of an addressed command the shape of the inner one's."""

    def shaped(reply: Any, inner: str | None = None, **options: Any) -> Any:
        callback = None if inner is None else callbacks.get(inner)
        return reply if callback is None else callback(reply, **options)

    callbacks["AT"] = shaped
