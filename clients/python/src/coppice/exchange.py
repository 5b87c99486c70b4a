"""Several commands as one message: packed at once, sent, and their replies read at once.

redis-py packs and reads each command by itself, at some microseconds. Here the packer and the reader are hiredis's own;
redis-py reads the socket, with its timeouts and errors, whenever no whole reply has come.
"""
from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

import hiredis
import redis.exceptions
from redis._parsers.hiredis import NOT_ENOUGH_DATA

Command = tuple[Any, ...]

_pack: Callable[[Command], bytes] = hiredis.pack_command  # its stub knows commands of one word
LONG = 1 << 16  # bytes of a command that is sent as it is; shorter ones are joined


def exchange(connection: Any, commands: Sequence[Command], raw: Container[int] = ()) -> list[Any]:
    """The replies to commands, in order; errors that the server answers are among them.

    `raw`: the positions of commands whose replies stay bytes.
    Raises DataError for a word that no command carries: nothing is sent then.
    """
    connection.send_packed_command(packed(commands))
    replies: list[Any] = []
    take = connection._parser._reader.gets
    try:
        for position in range(len(commands)):
            reply = take(position not in raw)
            if reply is NOT_ENOUGH_DATA:
                try:
                    reply = connection.read_response(disable_decoding=position in raw)
                except redis.exceptions.ResponseError as error:
                    reply = error
            replies.append(reply)
    except BaseException:
        connection.disconnect()  # what has not been read would be taken for other replies
        raise
    return replies


def packed(commands: Iterable[Command]) -> list[bytes]:
    """Commands in the Redis protocol, in as many pieces as is sensible.  Raises DataError."""
    pieces: list[bytes] = []
    short: list[bytes] = []
    for words in commands:
        name = words[0]
        if (" " if isinstance(name, str) else b" ") in name:  # redis-py has some of two words: "MEMORY USAGE"
            words = (*name.split(), *words[1:])
        try:
            piece = _pack(words)
        except TypeError:
            piece = _packed_slowly(words)
        if len(piece) < LONG:
            short.append(piece)
        else:
            pieces += b"".join(short), piece
            short = []
    pieces.append(b"".join(short))
    return pieces


def _packed_slowly(words: Command) -> bytes:
    """A command with words that hiredis does not take, though redis-py does."""
    try:
        return _pack(tuple(bytes(word) if isinstance(word, bytearray) else word for word in words))
    except TypeError as error:
        raise redis.exceptions.DataError(str(error)) from None
