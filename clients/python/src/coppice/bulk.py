"""Long values of bytes: sent from the memory they lie in, read into the memory they are to have.

redis-py's parser collects a reply in pieces and copies it once more; for hundreds of megabytes that is most of the
time. So here a connection of the client's pool is used for one message by hand: nothing is waiting on it then.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
import redis.exceptions
from redis._parsers import _RESP3Parser

from coppice.addressing import addressed
from coppice.client import Client
from coppice.exceptions import translated

_LINE_MAX = 64  # bytes of a reply's first line, unless it is an error
_NAMELESS = () if tuple(map(int, redis.__version__.split(".")[:2])) >= (5, 3) else ("",)  # what a pool is told
_CLOSED = "the server closed the connection"
_error_of = _RESP3Parser(socket_read_size=1).parse_error

Part = bytes | memoryview


def store(client: Client, key: str, parts: Sequence[Part]) -> None:
    """Sets `key` to the bytes of all parts, in one change."""
    with translated(client.reference):
        if client.local is None:
            _talk(client, [_packed(("SET", key), sum(map(len, parts))), *parts, b"\r\n"], [None])
            return
        first, *others = parts
        client.local.run_together([("SET", key, first), *(("APPEND", key, part) for part in others)])


def fetch(
    client: Client, key: str, header: int, position: int, count: int, into: memoryview | None = None
) -> tuple[bytes, memoryview]:
    """The first `header` bytes of a string, and `count` bytes from `position` on at that time, or as many as there are.

    `into`: where those are put if there are so many; else they have new memory.
    Cost: one message.  Requires: a client of a server, numpy.  Raises BytesChanged where the header just changed.
    """
    ranges = [(0, header), (position, count), (0, header)]
    words = [("GETRANGE", key, first, first + size - 1) for first, size in ranges]
    with translated(client.reference):
        message = [_packed(addressed(client.reference, each, {})[0]) for each in words]
        before, found, after = _talk(client, message, [None, into, None])
    if bytes(before) != bytes(after):
        raise BytesChanged
    return bytes(before), found


class BytesChanged(Exception):
    """Somebody wrote while several ranges were read."""


def _talk(client: Client, message: Sequence[Part], places: Sequence[memoryview | None]) -> list[Any]:
    """The bytes of each reply to a message of commands, None of one that is no bulk string.  Raises the first error.

    `places`: where the bytes of each go if they fit exactly; else, and where None, they have new memory.
    """
    pool = client.connection_pool
    connection = pool.get_connection(*_NAMELESS)
    found = None
    try:
        connection.send_packed_command(list(message))
        source = _Source(connection._sock)
        found = [source.reply(into) for into in places]
    finally:
        if found is None:
            connection.disconnect()
        pool.release(connection)
    for reply in found:
        if isinstance(reply, Exception):
            raise reply
    return found


def _packed(words: Sequence[Any], last: int | None = None) -> bytes:
    """A command, or all but the bytes of one more word of `last` bytes and its line's end."""
    given = [str(word).encode() for word in words]
    head = b"*%d\r\n" % (len(given) + (last is not None))
    head += b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in given)
    return head if last is None else head + b"$%d\r\n" % last


class _Source:
    """A socket on which nothing comes but the replies that are read here."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._ahead = b""  # what came with the line before

    def reply(self, into: memoryview | None) -> Any:
        while b"\r\n" not in self._ahead:
            self._receive(_LINE_MAX)
        line, _, self._ahead = self._ahead.partition(b"\r\n")
        if line[:1] == b"-":
            return _error_of(line[1:].decode(errors="replace"))  # type: ignore[no-untyped-call]
        if line[:1] != b"$":
            return None
        size = int(line[1:])
        if into is None or len(into) != size:
            import numpy

            into = numpy.empty(size, "u1").data  # not set to zero before
        at = min(size, len(self._ahead))
        into[:at] = self._ahead[:at]
        self._ahead = self._ahead[at:]
        while at < size:
            got = self._socket.recv_into(into[at:])
            if got == 0:
                raise redis.exceptions.ConnectionError(_CLOSED)
            at += got
        while len(self._ahead) < 2:
            self._receive(2)
        self._ahead = self._ahead[2:]  # the line's end
        return into

    def _receive(self, most: int) -> None:
        got = self._socket.recv(most)
        if not got:
            raise redis.exceptions.ConnectionError(_CLOSED)
        self._ahead += got
