"""Several commands as one message: packed at once, sent, and their replies read at once.

redis-py packs and reads each command by itself, at some microseconds. Here the compiled module packs, where it is
installed, and what has come is taken from hiredis's reader; redis-py reads the socket, with its timeouts and errors.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import redis.exceptions
from redis._parsers.hiredis import NOT_ENOUGH_DATA

from coppice.values import compiled

Command = tuple[Any, ...]


def exchange(connection: Any, commands: Sequence[Command], decode: bool) -> list[Any]:
    """The replies to commands, in order; errors that the server answers are among them. `decode`: texts are str.

    Raises DataError for a word that no command carries: nothing is sent then.
    """
    connection.send_packed_command(_packed(connection, commands))
    replies: list[Any] = []
    reader = getattr(connection._parser, "_reader", None)  # hiredis's; redis-py's own parser has none
    try:
        while len(replies) < len(commands):
            try:
                replies.append(connection.read_response(disable_decoding=not decode))
            except redis.exceptions.ResponseError as error:
                replies.append(error)
            if reader is not None:
                replies.extend(iter(partial(reader.gets, decode), NOT_ENOUGH_DATA))
    except BaseException:
        connection.disconnect()  # what has not been read would be taken for other replies
        raise
    return replies


def _packed(connection: Any, commands: Sequence[Command]) -> Any:
    """Commands in the Redis protocol, as pieces.  Raises DataError."""
    engine = compiled()
    if engine is None:
        return connection.pack_commands(commands)
    try:
        return [engine.pack_all(commands)]
    except engine.EngineError as error:
        raise redis.exceptions.DataError(error.args[1]) from None


def decoded(reply: Any) -> Any:
    """A reply whose texts are bytes, as one whose texts are str."""
    if isinstance(reply, bytes):
        return reply.decode()
    if isinstance(reply, list):
        return [decoded(each) for each in reply]
    if isinstance(reply, dict):
        return {decoded(name): decoded(value) for name, value in reply.items()}
    return reply
