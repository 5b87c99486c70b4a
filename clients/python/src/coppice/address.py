"""Addresses of servers and stores, in the spellings that programs have.

    coppice://[user:password@]host[:port][/branch]    ours; the branch may hold slashes
    znsocket://host:port    http://host:port          ZnSocket's; a path, its HTTP prefix, means nothing here
    redis://...                                       redis-py's, with all that its `from_url` accepts
    folder/    file:///folder    memory://            a store of this process, by the compiled engine (coppice.local)

A word alone names a folder only where a store is in it: else a mistyped address would make one.
"""
from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from redis.connection import parse_url

if TYPE_CHECKING:
    from coppice.local import LocalStore

PORT = 5000
REPLY_SECONDS = 60.0  # how long ZnSocket's client waits for an answer
CHECK_SECONDS = 10.0  # the same for the first answer, which tells whether this is a server of ours
CONNECTIONS_MAX = 2**31  # of one client whose callers are threads: as many as those
TASKS_CONNECTIONS_MAX = 100  # of one for asyncio, whose tasks may be thousands: the others wait
MAIN_USER = "default"
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+")
_STORE_FILE = "FORMAT"  # in a store's folder (docs/format.md)


def as_text(address: str | os.PathLike[str]) -> str:
    """An address as text: a path object is one of a folder, whatever it is called.  Raises TypeError."""
    if not isinstance(address, (str, os.PathLike)):
        given = type(address).__name__
        raise TypeError(f"an address is a str, as coppice://localhost:5000, or a path, not of type {given}")
    return address if isinstance(address, str) else os.path.join(".", address)


def is_local(address: str) -> bool:
    """Whether `address` names a store of this process.  Raises ValueError for one that names nothing."""
    if "://" in address:
        parts = urlsplit(address)
        if parts.scheme == "file" and not parts.netloc + parts.path:
            raise _invalid(address, "it names no folder")
        return parts.scheme in ("file", "memory")
    if not address or _HOST_AND_PORT.fullmatch(address):
        raise _invalid(address)
    if "/" not in address and not address.startswith(".") and not os.path.exists(os.path.join(address, _STORE_FILE)):
        raise _invalid(address, f"no folder of this name has a store ('{address}/' makes one)")
    return True


def local_store(address: str) -> LocalStore | None:
    """The store of this process that `address` names; None for a server's.  Raises ValueError, ImportError."""
    if not is_local(address):
        return None
    from coppice.local import LocalStore  # needs the compiled engine

    return LocalStore(address)


def options_of(address: str) -> tuple[dict[str, Any], str]:
    """The options of redis-py that lead to `address`, and the branch it names or "".  Raises ValueError for none."""
    parts = urlsplit(address)
    if parts.scheme == "redis":
        return dict(parse_url(address)), ""
    if parts.scheme in ("https", "rediss", "wss"):
        raise _invalid(address, "the server speaks no TLS, so put a tunnel before it")
    if parts.scheme not in ("coppice", "znsocket", "http") or not parts.hostname:
        raise _invalid(address)
    if parts.query:
        raise _invalid(address, "nothing is read behind '?'")
    try:
        port = parts.port or PORT
    except ValueError:
        raise _invalid(address, "a port is a number up to 65535") from None
    options: dict[str, Any] = {"host": parts.hostname, "port": port}
    if parts.username:
        options["username"] = unquote(parts.username)
    if parts.password:
        options["password"] = unquote(parts.password)
    return options, unquote(parts.path.strip("/")) if parts.scheme == "coppice" else ""


def _invalid(address: str, why: str = "") -> ValueError:
    return ValueError(f"Invalid address {address!r}: {why + '; ' if why else ''}a server is "
                      "coppice://[user:password@]host[:port][/branch], or so with http://, znsocket:// or redis://, a "
                      "store of this process a folder's path, as ./folder or folder/, or memory://")


def user_on(user: str | None, branch: str) -> str:
    """The user's name that puts a connection on `branch`: default@branch."""
    return f"{(user or MAIN_USER).rsplit('@', 1)[0]}@{branch}"


def client_options(
    address: str, decode_responses: bool, connect_seconds: float, given: dict[str, Any]
) -> dict[str, Any]:
    """The options of a redis-py client for `address`; what the program gave wins, but for the protocol.

    Replies are RESP3 and text. Nothing is sent twice by itself: a write whose reply was lost may have been made.
    """
    if not decode_responses:
        raise NotImplementedError("decode_responses=False is not supported yet")
    defaults = {"socket_connect_timeout": connect_seconds, "socket_timeout": REPLY_SECONDS,
                "max_connections": CONNECTIONS_MAX}
    found, branch = ({}, "") if is_local(address) else options_of(address)
    options = {**defaults, **found, **given, "decode_responses": True, "protocol": 3}
    return {**options, "username": user_on(options.get("username"), branch)} if branch else options

