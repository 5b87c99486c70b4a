"""What a client has to do with others beside the data: it hears their refreshes, tells them its own, and has adapters.

    a thread that writes ──REFRESH, CHECK, ASK──> one RESP3 connection ──> reader ──replies──> whoever waits
                                                                             │
                                        one worker, in order <──refresh──────┼──ask──> workers, which may ask themselves

The connection is made when it is first needed, by commands of the container ZNSOCKET (`docs/protocol.md`). One that is
lost is made again, with growing pauses, while there is anything to hear; adapters are then registered again. What was
announced meanwhile is not heard. A forked child begins without connection and adapters: those are its parent's.
"""
from __future__ import annotations

import atexit
import json
import logging
import os
import random
import threading
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Any, Literal

import redis.exceptions

from coppice.address import REPLY_SECONDS
from coppice.exceptions import error_in

Adapter = Callable[[list[Any]], Any]
"""Takes `[args, kwargs]` of a question, kwargs with `key` and `method`, and returns what JSON can say."""
Event = Literal["refresh", "connect", "disconnect"]

# Threads: refreshes are heard in order; an answer may take other answers, each of which is then a thread that waits.
_WORKERS_MAX = {"hearing": 1, "answering": 32}
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.05, 5.0  # before a lost connection is made again
JOIN_SECONDS = 5.0  # how long `close` waits for a callback that is running

_log = logging.getLogger("coppice")
_all: weakref.WeakSet[Participant] = weakref.WeakSet()
_LOST = "The connection to the server was lost"
_QUIETLY = ("CLIENT", "REPLY", "SKIP")  # the command that follows is not answered
# Methods whose answers are decoded by the asker, so that an error has to stand in a text.
_TEXTS = ("__getitem__", "get", "copy")


class Participant:
    """One client among those that share a server.

    `connect`: makes a connection of redis-py, with a `socket_timeout`.
    `refresh_callbacks`: what to call for which key; the caller may change it at any time.
    `listeners`: says how many clients are sent refreshes, where that costs nothing to know.

    Threads: any. Callbacks of refreshes and events run one after the other in a thread of their own, in the order in
    which they came; adapters answer in up to 32 threads. Either may use the client. What they raise is logged.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        refresh_callbacks: dict[str, Callable[[Any], Any]],
        listeners: Callable[[], int] | None,
    ) -> None:
        self._connect = connect
        self._listeners = listeners
        self.refresh_callbacks = refresh_callbacks
        self.handlers: dict[str, Callable[..., Any]] = {}
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        """As nothing was opened yet; also in a forked child, where the parent's threads are not."""
        self.adapters: dict[str, Adapter] = {}
        self.sid: str | None = None
        self._sending = threading.RLock()  # who has it may open the connection, and send; the reader never waits for it
        self._lock = threading.Lock()  # within: guards what follows, and is held for moments
        self._connection: Any = None
        self._closing = threading.Event()
        self._readers: set[threading.Thread] = set()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._registered: set[str] = set()
        self._waiting: deque[tuple[Future[Any], bool]] = deque()  # for replies, oldest first; True: to a question
        self._asked: dict[int, Future[Any]] = {}  # by the tickets of questions

    # Commands

    def open(self) -> None:
        """Listens from now on.  Raises ConnectionError."""
        with self._sending:
            self._open()

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def submit(self, *words: Any) -> Future[Any]:
        """The reply that will come to one command; `value_of` waits for it.  Raises ConnectionError."""
        return self._submit(words, asks=False)

    def run(self, *words: Any) -> Any:
        """The reply to one command.  Cost: a round trip."""
        return value_of(self._submit(words, asks=False))

    def announce(self, key: str, data: Any) -> None:
        """Tells all others that `key` was changed.  Cost: one message that nobody answers.

        Where the connection fails, they are not told: the change was made all the same.
        """
        if self._listeners is not None and self._listeners() <= self.connected:
            return
        try:
            self.tell({"target": key, "data": data})
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            _log.warning("nobody was told that %s was changed: %s", key, error)

    def tell(self, payload: Any) -> None:
        """Sends a refresh of any content, as `announce`.  Raises ConnectionError, TypeError for what is not JSON."""
        text = json.dumps(payload)
        with self._sending:
            self._send(self._open(), [_QUIETLY, ("ZNSOCKET", "REFRESH", text)])

    def ask(self, key: str, method: str, **details: Any) -> Future[Any]:
        """What the adapter of `key` will answer, as JSON has it; KeyError when it does not."""
        question = json.dumps([[], {"key": key, "method": method, **details}])
        return self._submit(("ZNSOCKET", "ASK", key, question), asks=True)

    def register(self, key: str) -> bool:
        """Lets this client answer for `key`, or says no: somebody has opened it.  Cost: a round trip."""
        if not self.run("ZNSOCKET", "REGISTER", key):
            return False
        self._registered.add(key)
        return True

    def adapt(self, key: str, adapter: Adapter) -> None:
        """Lets `adapter` answer for `key`.  Raises KeyError where somebody has opened it."""
        before = self.adapters.get(key)
        self.adapters[key] = adapter
        if self.register(key):
            return
        if before is None:
            del self.adapters[key]
        else:
            self.adapters[key] = before
        raise KeyError(f"Key {key} already exists in storage")

    def wait(self) -> None:
        """Waits until `close`."""
        self._closing.wait()

    def close(self) -> None:
        """Ends the connection and the threads; adapters are gone.  Whatever is asked next opens it anew."""
        self._closing.set()
        with self._sending:
            self._registered.clear()
            self.adapters.clear()
            was_open = self._lose(self._connection)
            with self._lock:
                readers, pools = list(self._readers), list(self._pools.values())
                self._pools.clear()
            self._closing = threading.Event()
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        here = threading.current_thread()
        for thread in [*readers, *(thread for pool in pools for thread in pool._threads)]:
            if thread is not here:
                thread.join(JOIN_SECONDS)
        handler = self.handlers.get("disconnect")
        if was_open and handler is not None:
            _logged(handler)

    # Sending: these are called with _sending held

    def _open(self) -> Any:
        """The connection, which listens."""
        connection = self._connection
        if connection is None:
            connection = self._connect()
            try:
                connection.connect()
                connection.send_command("ZNSOCKET", "LISTEN")
                connection.read_response()
            except BaseException:
                connection.disconnect()
                raise
            reader = threading.Thread(
                target=self._read, args=(connection, self._closing), name="coppice_reading", daemon=True
            )
            with self._lock:
                self._connection = connection
                self._readers.add(reader)
            self.sid = uuid.uuid4().hex
            reader.start()
            self._hear("connect")
            for key in self._registered:  # over the connection before
                self._later("answering", self._register_again, key, self._closing)
        return connection

    def _submit(self, words: tuple[Any, ...], asks: bool) -> Future[Any]:
        reply: Future[Any] = Future()
        with self._sending:
            connection = self._open()
            self._send(connection, [words], (reply, asks))
        return reply

    def _send(self, connection: Any, commands: list[tuple[Any, ...]], *waiting: tuple[Future[Any], bool]) -> None:
        with self._lock:
            if connection is not self._connection:
                raise redis.exceptions.ConnectionError(_LOST)
            self._waiting.extend(waiting)
        try:
            connection.send_packed_command(connection.pack_commands(commands), check_health=False)
        except BaseException:
            self._lose(connection)
            raise

    # Both

    def _lose(self, connection: Any) -> bool:
        """Ends a connection, and tells all who wait for a reply of it.  Returns False if it was lost already."""
        with self._lock:
            if connection is None or connection is not self._connection:
                return False
            self._connection = None
            waiting = [reply for reply, _ in self._waiting] + list(self._asked.values())
            self._waiting.clear()
            self._asked.clear()
        connection.disconnect()
        for reply in waiting:
            reply.set_exception(redis.exceptions.ConnectionError(_LOST))
        return True

    def _hear(self, event: Event, *what: Any) -> None:
        """Lets the worker call who wants to know of an event."""
        handler = self.handlers.get(event)
        if handler is not None:
            self._later("hearing", handler, *what)

    def _later(self, kind: Literal["hearing", "answering"], job: Callable[..., Any], *what: Any) -> None:
        with self._lock, suppress(RuntimeError):  # the interpreter ends
            if kind not in self._pools:
                self._pools[kind] = ThreadPoolExecutor(_WORKERS_MAX[kind], f"coppice_{kind}")
            self._pools[kind].submit(_logged, job, *what)

    # Reading: a thread for each connection, which makes the next one

    def _read(self, connection: Any, closing: threading.Event) -> None:
        overdue: Future[Any] | None = None
        try:
            while connection is self._connection:
                try:
                    message = connection.read_response(disconnect_on_error=False, push_request=True)
                except redis.exceptions.TimeoutError:
                    overdue = self._still_there(connection, overdue)
                except redis.exceptions.ResponseError as error:
                    self._take(connection, error)
                else:
                    self._take(connection, message)
        except Exception as error:  # what redis-py says, or its parser meets in a socket that is closed under it
            if self._lose(connection):
                _log.debug("the connection ended: %s", error)
        finally:
            if not closing.is_set():
                self._hear("disconnect")
                self._open_again(closing)
            with self._lock:
                self._readers.discard(threading.current_thread())

    def _open_again(self, closing: threading.Event) -> None:
        """Opens a connection if there is anything to hear and nobody else opens one, sooner or later."""
        pause = PAUSE_SECONDS
        while not closing.wait(pause * random.uniform(0.5, 1)):
            with self._sending:
                if self._connection is not None or not (self._registered or self.refresh_callbacks or self.handlers):
                    return
                with suppress(redis.exceptions.RedisError):
                    self._open()
                    return
            pause = min(2 * pause, PAUSE_SECONDS_MAX)

    def _register_again(self, key: str, closing: threading.Event) -> None:
        """The server may not have noticed yet that the old connection is gone, so it is asked a few times."""
        for pause in (0.0, 0.1, 0.5, 2.0, 5.0):
            if closing.wait(pause) or key not in self._registered or self.run("ZNSOCKET", "REGISTER", key, "AGAIN"):
                return
        _log.warning("the adapter of %s is gone: somebody else answers for the key", key)

    def _still_there(self, connection: Any, overdue: Future[Any] | None) -> Future[Any] | None:
        """Nothing has come for long: the reply that should come next, which is asked for if need be.

        Raises ConnectionError if that is the same as last time, `overdue`.
        """
        with self._lock:
            oldest = self._waiting[0][0] if self._waiting else None
        if oldest is not None and oldest is overdue:
            raise redis.exceptions.ConnectionError("The server did not answer in time")
        if oldest is None and self._sending.acquire(blocking=False):
            oldest = Future()
            try:
                self._send(connection, [("PING",)], (oldest, False))
            finally:
                self._sending.release()
        return oldest

    def _take(self, connection: Any, message: Any) -> None:
        """One message of the server: a push, or the reply to the oldest command."""
        if isinstance(message, list) and message and message[0] == "znsocket":
            self._take_push(*message[1:])
            return
        with self._lock:
            if connection is not self._connection:
                return
            reply, asks = self._waiting.popleft()
            if asks and isinstance(message, int):
                self._asked[message] = reply
                return
        if isinstance(message, Exception):
            reply.set_exception(message)
        else:
            reply.set_result(message)

    def _take_push(self, kind: str, *what: Any) -> None:
        if kind == "refresh":
            payload = json.loads(what[0])
            self._hear("refresh", payload)
            target = payload.get("target") if isinstance(payload, dict) else None
            callback = self.refresh_callbacks.get(target) if isinstance(target, str) else None
            if callback is not None:
                self._later("hearing", callback, payload.get("data"))
        elif kind == "ask":
            self._later("answering", self._answer, *what)
        elif kind in ("told", "untold"):
            with self._lock:
                reply = self._asked.pop(what[0], None)
            if reply is not None and kind == "told":
                reply.set_result(json.loads(what[1]))
            elif reply is not None:
                reply.set_exception(KeyError(what[1]))

    def _answer(self, ticket: int, question: str) -> None:
        args, kwargs = json.loads(question)
        try:
            answer = json.dumps(self.adapters[kwargs["key"]]([args, kwargs]))
        except Exception as error:
            told = {"error": {"msg": str(error), "type": type(error).__name__}}
            answer = json.dumps(json.dumps(told) if kwargs.get("method") in _TEXTS else told)
        self.submit("ZNSOCKET", "ANSWER", ticket, answer)


def value_of(reply: Future[Any]) -> Any:
    """The reply, when it is there.  Raises what the server answered, ConnectionError, TimeoutError after a minute."""
    try:
        return reply.result(REPLY_SECONDS)
    except NotInTime:
        raise redis.exceptions.TimeoutError("The server did not answer in time") from None
    except redis.exceptions.ResponseError as error:
        raise error_in(error) from error


def _logged(job: Callable[..., Any], *what: Any) -> None:
    try:
        job(*what)
    except redis.exceptions.ConnectionError as error:
        _log.info("%s", error)
    except Exception:
        _log.exception("a callback failed")


def _begin_in_child() -> None:
    for each in list(_all):
        for reply, _ in each._waiting:
            reply.set_exception(redis.exceptions.ConnectionError(_LOST))
        each._begin()


def _close_all() -> None:
    for each in list(_all):
        each.close()


os.register_at_fork(after_in_child=_begin_in_child)
atexit.register(_close_all)  # no thread may be in the engine when the interpreter goes
