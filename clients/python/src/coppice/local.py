"""A store in this process: the connections and the pool of a client that has no server.

    Client("folder/")       the store in a folder, made if there is none; one engine per folder and process
    Client("file:///data")  the same
    Client("memory://")     a store in memory, which goes with the last of its clients

A `LocalPool` stands where redis-py's pool of sockets does. Single commands go to the engine directly; pipelines and
transactions through a `LocalConnection` each, since they have state. Nothing is serialised in between.
"""
from __future__ import annotations

import asyncio
import atexit
import copy
import os
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import redis.asyncio.connection
import redis.exceptions
from redis._parsers import _RESP3Parser
from redis.client import EMPTY_RESPONSE, NEVER_DECODE
from redis.connection import ConnectionPool, UnixDomainSocketConnection

from coppice.address import CONNECTIONS_MAX, REPLY_SECONDS, TASKS_CONNECTIONS_MAX
from coppice.addressing import for_callback
from coppice.exceptions import ConnectionError, ResponseError
from coppice.exchange import Command, decoded

try:
    from coppice import _engine
except ImportError as error:
    raise ImportError(
        "a store in this process needs the compiled engine, which this installation of coppice lacks: install its "
        "wheel (pip install ./clients/python), or use a server (coppice serve)"
    ) from error

_LISTEN = ("ZNSOCKET", "LISTEN")
_QUIETLY = ("CLIENT", "REPLY", "SKIP")
_LISTENING = re.compile(r"listening at ([^\s,]+)")
_make_error = _RESP3Parser(socket_read_size=1).parse_error  # the exception of redis-py for an error's text
atexit.register(_engine.close_all)


class LocalStore:
    """The store that an address names, as one client has it. One in a folder is open while it has sessions."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._closed = False
        self._memory = _engine.open_memory() if address.startswith("memory://") else None

    def session(self, branch: str, database: int) -> _engine.Session:
        """A session of its own.  Raises ConnectionError, ResponseError where there is no such branch."""
        if self._closed:
            raise ConnectionError(self.address, "The client was closed.")
        try:
            store = self._memory or _engine.open_folder(self._folder())
        except _engine.EngineError as error:
            raise _not_opened(self.address, error.args[1]) from None
        with translated_engine(self.address):
            return store.session(branch, database, _make_error)

    def pool(self, user: str | None, db: int) -> LocalPool:
        """A pool on the branch that the user's name says, as `default@exp`."""
        return LocalPool(copy.copy(self), _branch_of(user), db)

    def pool_for_asyncio(self, user: str | None, db: int) -> LocalAsyncPool:
        options = _pool_options(copy.copy(self), _branch_of(user), db)
        return LocalAsyncPool(TASKS_CONNECTIONS_MAX, REPLY_SECONDS, cast(Any, LocalAsyncConnection), **options)

    @property
    def identity(self) -> object:
        """What equals that of the same store's other clients."""
        return self._memory or self._folder()

    def close(self) -> None:
        """Sessions are refused from now on, for the client was closed."""
        self._closed = True

    def _folder(self) -> str:
        parts = urlsplit(self.address)
        return os.path.abspath(unquote(parts.netloc + parts.path) if parts.scheme == "file" else self.address)


@contextmanager
def translated_engine(address: str) -> Iterator[None]:
    """Raises what the engine raises inside as a type of `coppice.exceptions`, or of redis-py."""
    try:
        yield
    except _engine.EngineError as error:
        raise explained(address, error) from None


def explained(address: str, error: _engine.EngineError) -> Exception:
    """The exception for an EngineError."""
    name, text = error.args
    if name == "argument":
        return redis.exceptions.DataError(text)
    if name in ("not_found", "wrong_type", "invalid", "ambiguous"):
        return ResponseError(text)
    return ConnectionError(address, f"{text[0].upper()}{text[1:]}.")


def _not_opened(address: str, text: str) -> ConnectionError:
    """The exception for a folder that cannot be opened: the engine's text, and what to do."""
    if "in use" in text:
        served = _LISTENING.search(text)
        text += f"; connect to it: coppice://{served[1]}" if served else "; close it there first"
    return ConnectionError(address, f"{text[0].upper()}{text[1:]}.")


def _branch_of(user: str | None) -> str:
    return (user or "").partition("@")[2] or "main"


def _pool_options(store: LocalStore, branch: str, db: int) -> dict[str, Any]:
    """What a pool gives its connections, and redis-py's clients look at."""
    return {"store": store, "branch": branch, "db": db, "protocol": 3, "decode_responses": True}


class LocalPool(ConnectionPool):
    """What redis-py asks for connections, and a session for single commands."""

    def __init__(self, store: LocalStore, branch: str, db: int) -> None:
        self._direct: _engine.Session | None = None
        self._opening = threading.Lock()
        self.store = store
        self.branch = branch
        self.db = db
        super().__init__(LocalConnection, CONNECTIONS_MAX, **_pool_options(store, branch, db))

    def session(self) -> _engine.Session:
        """The session of single commands.  Cost: opening the store if nobody has.  Raises ConnectionError."""
        found = self._direct
        if found is None:
            with self._opening:
                found = self._direct = self._direct or self.store.session(self.branch, self.db)
        return found

    def execute(self, words: tuple[Any, ...], options: dict[str, Any], callbacks: Mapping[Any, Any]) -> Any:
        """The reply of a command, shaped by redis-py's callback for it."""
        session = self._direct or self.session()
        try:
            reply = session.run(words, NEVER_DECODE not in options)
        except redis.exceptions.ResponseError:
            if EMPTY_RESPONSE in options:
                return options[EMPTY_RESPONSE]
            raise
        except _engine.EngineError as error:
            raise explained(self.store.address, error) from None
        callback = callbacks.get(words[0])
        if callback is None:
            return reply
        return callback(reply, **for_callback(options))

    def listeners(self) -> int:
        """How many clients of this store are sent refreshes."""
        return (self._direct or self.session()).listeners()

    def run_together(self, commands: list[tuple[Any, ...]]) -> None:
        """Runs commands with nothing of others between them.  Raises the first error."""
        with translated_engine(self.store.address):
            for reply in self.session().run_many(commands, False):
                if isinstance(reply, Exception):
                    raise reply

    def hold(self, key: str, reference: str | None) -> _engine.Bytes | None:
        """The string at `key` as it is now, or as a version has it, to be read without copies."""
        with translated_engine(self.store.address):
            return self.session().hold(key, reference or "")

    def disconnect(self, inuse_connections: bool = True) -> None:
        """Closes the sessions, and with the last of a folder's the store, for good."""
        self.store.close()
        super().disconnect(inuse_connections)
        with self._opening:
            closed, self._direct = self._direct, None
        if closed is not None:
            closed.close()


class LocalConnection(UnixDomainSocketConnection):
    """A session as redis-py sees it: packed commands are the commands themselves."""

    host = ""

    def __init__(self, store: LocalStore, branch: str = "main", **options: Any) -> None:
        self._session: _engine.Session | None = None
        self._replies: deque[Any] = deque()
        self._listening = False
        self.store = store
        self.branch = branch
        super().__init__(path="", **options)  # type: ignore[no-untyped-call]

    def repr_pieces(self) -> list[tuple[str, Any]]:
        return [("store", self.store.address), ("branch", self.branch), ("db", self.db)]

    @property
    def is_connected(self) -> bool:
        return self._session is not None

    def connect(self) -> None:
        if self._session is None:
            self._session = self.store.session(self.branch, self.db)

    def connect_check_health(self, *args: Any, **options: Any) -> None:
        self.connect()

    def disconnect(self, *args: Any, **options: Any) -> None:
        closed, self._session = self._session, None
        self._listening = False
        self._replies.clear()
        if closed is not None:
            closed.close()

    def check_health(self) -> None:
        pass

    def pack_command(self, *args: Any) -> list[Any]:
        return [args]

    def pack_commands(self, commands: Any) -> list[Any]:
        return list(commands)

    def send_command(self, *args: Any, **options: Any) -> None:
        self.send_packed_command([args])

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        self.connect()
        assert self._session is not None
        with translated_engine(self.store.address):
            if self._listening and command[0] != _QUIETLY:
                self._session.post(command)
                return
            replies = self._session.run_many(command, False)
            if not self._listening:  # else nobody reads them
                self._replies.extend(replies)
        self._listening = self._listening or command[0][:2] == _LISTEN

    def exchange(self, commands: list[Command], decode: bool) -> list[Any]:
        """As `coppice.exchange`.  Requires: nobody listens here."""
        self.connect()
        assert self._session is not None
        with translated_engine(self.store.address):
            return self._session.run_many(commands, decode)

    def can_read(self, timeout: float = 0) -> bool:
        return bool(self._replies)

    def read_response(self, disable_decoding: bool = False, push_request: bool = False, **options: Any) -> Any:
        """The next reply; for `push_request` also a message that nobody asked for, and either is waited for."""
        while push_request and not self._replies:
            session = self._session
            if session is None:
                raise redis.exceptions.ConnectionError("The connection was closed")
            with translated_engine(self.store.address):
                self._replies.extend(session.wait())
        reply = self._replies.popleft()
        if isinstance(reply, Exception):
            raise reply
        return reply if disable_decoding else decoded(reply)


class LocalAsyncPool(redis.asyncio.BlockingConnectionPool):
    """What redis-py's asyncio asks for connections."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        self.connection_kwargs["store"].close()
        await super().disconnect(inuse_connections)


class LocalAsyncConnection(redis.asyncio.connection.AbstractConnection):
    """The same for asyncio: what may wait does so in a thread."""

    def __init__(self, store: LocalStore, branch: str = "main", db: int = 0, **options: Any) -> None:
        self._inner = LocalConnection(store, branch, db=db)
        super().__init__(db=db, **options)

    def repr_pieces(self) -> list[tuple[str, Any]]:
        return self._inner.repr_pieces()

    @property
    def is_connected(self) -> bool:
        return self._inner.is_connected

    async def connect(self) -> None:
        await asyncio.to_thread(self._inner.connect)

    async def _connect(self) -> None:
        await self.connect()

    def _error_message(self, exception: BaseException) -> str:
        return str(exception)

    async def connect_check_health(self, *args: Any, **options: Any) -> None:
        await self.connect()

    async def disconnect(self, *args: Any, **options: Any) -> None:
        await asyncio.to_thread(self._inner.disconnect)

    async def check_health(self) -> None:
        pass

    def pack_command(self, *args: Any) -> list[Any]:
        return [args]

    def pack_commands(self, commands: Any) -> list[Any]:
        return list(commands)

    async def send_command(self, *args: Any, **options: Any) -> None:
        await self.send_packed_command([args])

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        await asyncio.to_thread(self._inner.send_packed_command, command)

    async def can_read(self, *args: Any, **options: Any) -> bool:
        return self._inner.can_read()

    can_read_destructive = can_read

    async def read_response(
        self, disable_decoding: bool = False, *args: Any, **options: Any
    ) -> Any:
        return self._inner.read_response(disable_decoding)
