"""The client: redis-py's, on a branch or a version of the past.

Client is a `redis.Redis` over RESP3 whose replies are text, so each Redis command is a method, and adds versions. A
branch has connections of its own, for its name is the user's (`default@exp`); a version shares those of its client.
Errors are those of `coppice.exceptions`. `coppice.asyncio` has the same for asyncio.
"""
from __future__ import annotations

import copy
import os
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import redis
import redis.exceptions
from redis.backoff import NoBackoff
from redis.client import EMPTY_RESPONSE, NEVER_DECODE
from redis.commands import CoreCommands
from redis.retry import Retry

from coppice import versions
from coppice.address import CHECK_SECONDS, as_text, client_options, local_store, user_on
from coppice.addressing import addressed, for_callback, require_reference, shape_replies
from coppice.exceptions import FrozenStorageError, UnknownEventError, reached, require_coppice, translated
from coppice.exchange import Command, decoded, exchange
from coppice.participant import Adapter, Participant
from coppice.sio import EVENTS, Sio
from coppice.versions import Answer, Branch, Change, Move, Plan, Tag, Version, When

if TYPE_CHECKING:
    from coppice.local import LocalPool

__all__ = ["Client", "Pipeline"]

Queued = tuple[Command, dict[str, Any]]  # with redis-py's options for its reply

# Names of arguments that ZnSocket's storage takes and redis-py calls otherwise.
ARGUMENTS = {
    "copy": {"src": "source", "dst": "destination"},
    "linsert": {"pivot": "refvalue"},
    "sismember": {"member": "value"},
    "smove": {"source": "src", "destination": "dst", "member": "value"},
    "srandmember": {"count": "number"},
    "zcount": {"min_score": "min", "max_score": "max"},
}


class Client(redis.Redis):
    """A connection pool to a coppice server, or a store in this process.

    `address` (or `url`): `coppice://[user:password@]host[:port][/branch]`; also `http://`, `znsocket://`, `redis://`;
    of this process a folder's path (`folder/`, `./folder`, a Path) or `memory://`.
    `connect_wait_timeout`: seconds to wait for the connection.
    `retry`: redis-py's Retry object. ZnSocket's number means nothing: no command is sent twice by itself.
    `options`: those of `redis.Redis`, such as `password`, `db`, `socket_timeout` (60 s), `max_connections`.

    `refresh_callbacks`: functions of what others announce, by key ("znsocket.List:K"); `List.on_refresh` adds one.

    Accepted for ZnSocket's sake and without effect: `namespace`, `delay_between_calls`, `max_message_size_bytes`,
    `enable_compression`, `compression_threshold`.

    Raises ConnectionError where no coppice server answers, ResponseError where it has no such branch, ValueError for an
    address that is none, NotImplementedError for `decode_responses=False`. A connection that is lost later raises
    `redis.exceptions.ConnectionError`, and the next command makes a new one.  Threads: any.
    """

    def __init__(
        self,
        address: str | os.PathLike[str] = "coppice://localhost:5000",
        decode_responses: bool = True,
        namespace: str = "/znsocket",
        refresh_callbacks: dict[str, Callable[[Any], None]] | None = None,
        delay_between_calls: timedelta | None = None,
        retry: int | Retry = 1,
        connect_wait_timeout: float = 1,
        max_message_size_bytes: int | None = None,
        enable_compression: bool = True,
        compression_threshold: int = 1024,
        *,
        url: str | None = None,
        **options: Any,
    ) -> None:
        self.address = as_text(url or address)
        self.decode_responses = decode_responses
        self.namespace = namespace
        self.refresh_callbacks = {} if refresh_callbacks is None else refresh_callbacks
        self.delay_between_calls = delay_between_calls
        self.retry = retry
        self.connect_wait_timeout = connect_wait_timeout
        self.max_message_size_bytes = max_message_size_bytes
        self.enable_compression = enable_compression
        self.compression_threshold = compression_threshold
        options["retry"] = retry if isinstance(retry, Retry) else Retry(NoBackoff(), 0)
        self._store = local_store(self.address)
        self._open(client_options(self.address, decode_responses, connect_wait_timeout, options))
        self._check_server()
        if self.refresh_callbacks:
            self.participant.open()

    @classmethod
    def from_url(cls, url: str, namespace: str = "/znsocket", **options: Any) -> Client:
        """A client of the server at `url`, as the constructor makes it."""
        return cls(url, namespace=namespace, **options)

    @classmethod
    def sharing(cls, r: redis.Redis) -> Client:
        """A client on the connections of a redis-py client that is connected to coppice.  Cost: no round trip."""
        if isinstance(r, cls):
            return r
        client = cls.__new__(cls)
        known = r.connection_pool.connection_kwargs
        names = ("host", "port", "db", "username", "password")
        options: dict[str, Any] = {name: known[name] for name in names if name in known}
        client.address = f"redis://{known.get('host')}:{known.get('port')}"
        client.refresh_callbacks = {}
        client._store = None
        client._open({**options, "decode_responses": True, "protocol": 3}, owner=r)
        return client

    def _open(self, options: dict[str, Any], owner: redis.Redis | None = None) -> None:
        """Makes this redis-py's client with `options`, on the connections of `owner` if there is one."""
        self._options = options
        self._owner = owner  # which would close them at its end
        self._source: Client | None = None
        self.local: LocalPool | None
        self.reference: str | None = None
        if self._store is None:
            self.local = None
            super().__init__(**(options if owner is None else {"connection_pool": owner.connection_pool}))
        else:
            self.local = self._store.pool(options.get("username"), options.get("db", 0))
            super().__init__(connection_pool=self.local)
            self.auto_close_connection_pool = True
        shape_replies(self.response_callbacks)
        pool = self.connection_pool
        known = {**pool.connection_kwargs, "socket_timeout": CHECK_SECONDS}
        listeners = None if self.local is None else self.local.listeners
        self.participant = Participant(lambda: pool.connection_class(**known), self.refresh_callbacks, listeners)

    @property
    def sio(self) -> Sio:
        """What a ZnSocket client's `sio` is used for, by its names."""
        return Sio(self)

    def close(self) -> None:
        """Ends all connections, and with them what this has to do with others: callbacks are silent, adapters gone."""
        if not hasattr(self, "participant"):  # the constructor has raised
            return
        if self._source is None:
            self.participant.close()
        super().close()

    def _check_server(self) -> None:
        """Raises ConnectionError when no coppice server answers soon, or the store of this process cannot be opened."""
        if self.local is not None:
            self.local.session()
            return
        with copy.copy(self) as probe:
            probe._open({**self._options, "socket_timeout": CHECK_SECONDS})
            with reached(self.address):
                server = probe.info("server")
        require_coppice(self.address, server)

    def execute_command(self, *words: Any, **options: Any) -> Any:
        """The reply of one command, by any name the server knows.  Cost: a round trip."""
        words, options = addressed(self.reference, words, options)
        with translated(self.reference, (words,)):
            if self.local is not None:
                return self.local.execute(words, options, self.response_callbacks)
            return super().execute_command(*words, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Commands that go out together, as one transaction unless told otherwise."""
        return Pipeline(self, transaction, shard_hint)

    def call(self, event: str, *args: Any, **kwargs: Any) -> Any:
        """The raw answer of a storage command, named and given arguments as ZnSocket's storage or redis-py has them.

        Also of ZnSocket's other events: `register_adapter`, `check_adapter`, `adapter_exists`, `adapter:get`,
        `refresh`, `server_config`, `pipeline`.
        Raises UnknownEventError for a name that is no event, TypeError for arguments it does not take.
        """
        if event in EVENTS:
            return EVENTS[event](self, *args, **kwargs)
        return call_command(self, event, args, kwargs)

    def register_adapter_callback(self, key: str, callback: Adapter) -> None:
        """Lets `callback([args, kwargs])` answer for `key`, once the event `register_adapter` has had it."""
        self.participant.adapters[key] = callback

    # Versions

    def branch(self, name: str, from_: str | None = None) -> Client:
        """A client on branch `name`, which is made if missing: from the reference `from_`, else from what this reads.

        Cost: a round trip, whatever the branch holds, and a connection of its own at its first command.
        """
        self._run(versions.open_branch(name, from_ if from_ is not None else self.reference))
        return self._on(name)

    def on(self, name: str) -> Client:
        """A client on a branch that is there: `with client.on("exp") as c:` closes it.  Raises ResponseError."""
        self._run(versions.find_branch(name))
        return self._on(name)

    def _on(self, name: str) -> Client:
        client = copy.copy(self)
        client._open({**self._options, "username": user_on(self._options.get("username"), name)})
        return client

    def at(self, ref: str) -> Client:
        """A client that reads the version `ref`: "exp", "main@-5m", "main~2", a tag, a commit's id.

        Its writes raise FrozenStorageError.  Cost: nothing; a reference that names no version shows at the first read.
        """
        require_reference(ref)
        client = copy.copy(self)
        client.reference = ref
        client.connection = None
        client.auto_close_connection_pool = False
        client._source = self  # which would close the connections at its end
        return client

    @property
    def present(self) -> Client:
        """The client that this reads a version of; itself if it reads the present."""
        return self if self._source is None else self._source.present

    def branches(self) -> list[Branch]:
        """All branches, by name."""
        return self._run(versions.branches())

    def current_branch(self) -> str:
        """The name of the branch this client writes to."""
        return self._run(versions.current_branch())

    def delete_branch(self, name: str) -> None:
        """Deletes a branch with its restore points; its commits stay.  Raises ResponseError."""
        self._run(versions.delete_branch(name))

    def commit(self, message: str = "", author: str | None = None) -> str:
        """Keeps what the branch says as a commit: its id, that of the newest if nothing changed.  Cost: O(log n)."""
        self._require_present()
        return self._run(versions.commit(message, author))

    def tag(self, name: str, ref: str | None = None) -> None:
        """Names a commit, the branch's newest if no reference is given.  Raises ResponseError where it names none."""
        self._run(versions.tag(name, ref if ref is not None else self.reference))

    def tags(self) -> list[Tag]:
        """All tags, by name."""
        return self._run(versions.tags())

    def delete_tag(self, name: str) -> None:
        """Deletes a tag; the commit stays."""
        self._run(versions.delete_tag(name))

    def log(self, ref: str | None = None, *, key: str | None = None, db: int | None = None, since: When | None = None,
            until: When | None = None, count: int | None = None, commits: bool = False) -> list[Version]:
        """The versions that `ref` (the branch) leads to, newest first, at most `count` (100).

        Of a branch, one more entry of kind `begin` ends the list: its time says from when on the past is known.
        `key`: those in which that key (as the server has it) changed, in the key space `db` or in any.
        `commits`: without restore points.
        """
        return self._run(versions.log(ref if ref is not None else self.reference, key=key, db=db, since=since,
                                      until=until, count=count, commits=commits))

    def diff(self, a: str, b: str, key: str | None = None, *, match: str | None = None, db: int | None = None
             ) -> list[Change]:
        """What makes version `b` of version `a`, down to fields and positions; `match` is a pattern of keys.

        Cost: that of what differs, a round trip for each thousand changes.
        """
        return self._run(versions.diff(a, b, key, match, db))

    def rewind(self, ref: str) -> None:
        """Lets the branch say what the version `ref` says; the `before` of its reflog undoes it.  Cost: O(log n)."""
        self._require_present()
        self._run(versions.rewind(ref))

    def reflog(self, count: int | None = None) -> list[Move]:
        """Where the branch was moved from and to, newest first, at most `count` (100)."""
        return self._run(versions.reflog(count))

    def _require_present(self) -> None:
        if self.reference is not None:
            raise FrozenStorageError(self.reference)

    def _run(self, plan: Plan[Answer]) -> Answer:
        """The answer of a plan, each of whose commands is asked here."""
        try:
            words = next(plan)
            while True:
                try:
                    reply = self.execute_command(*words)
                except redis.exceptions.ResponseError as error:
                    words = plan.throw(error)
                else:
                    words = plan.send(reply)
        except StopIteration as end:
            answer: Answer = end.value
            return answer


class Pipeline(redis.client.Pipeline):
    """Commands of a Client that go out together, when `execute` is called.

    One transaction unless `transaction=False`; as `r` of a Dict it takes the Dict's writes.
    """

    def __init__(self, client: Client, transaction: bool = True, shard_hint: str | None = None) -> None:
        self.reference = client.reference
        self._client = client  # which would close the connections at its end
        self._afterwards: list[Callable[[], None]] = []
        super().__init__(client.connection_pool, client.response_callbacks, transaction, shard_hint)

    def execute_command(self, *words: Any, **options: Any) -> Any:
        """Queues a command, or, between `watch` and `multi`, asks it."""
        if self.reference is not None:
            words, options = addressed(self.reference, words, options)
        if (self.watching or words[0] == "WATCH") and not self.explicit_transaction:
            with translated(self.reference, (words,)):
                return self.immediate_execute_command(*words, **options)  # type: ignore[no-untyped-call]
        self.command_stack.append((words, options))
        return self

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """The replies of all that was queued, in order.  Cost: a round trip.  Raises the first error, or returns it."""
        with translated(self.reference, (words for words, *_ in self.command_stack)):
            replies = list(super().execute(raise_on_error))
        afterwards, self._afterwards = self._afterwards, []
        for each in afterwards:
            each()
        return replies

    # redis-py's own two take some microseconds for each command.

    def _execute_transaction(self, connection: Any, commands: Sequence[Queued], raise_on_error: bool) -> list[Any]:
        sent = [words for words, options in commands if EMPTY_RESPONSE not in options]
        begun, *queued, done = self._exchange(connection, [("MULTI",), *sent, ("EXEC",)])
        not_run = self._not_run(commands, queued) if queued.count("QUEUED") < len(commands) else {}
        if isinstance(done, Exception):
            errors = [each for each in (begun, *queued) if isinstance(each, Exception)]
            raise errors[0] if errors and isinstance(done, redis.exceptions.ExecAbortError) else done
        self.watching = False  # by EXEC
        if done is None:
            raise redis.exceptions.WatchError("Watched variable changed.")
        for position, reply in not_run.items():
            done.insert(position, reply)
        return self._shaped(commands, done, raise_on_error)

    def _not_run(self, commands: Sequence[Queued], queued: list[Any]) -> dict[int, Any]:
        """The replies, by position, to what was not sent, and the errors of what was refused."""
        answers = iter(queued)
        not_run: dict[int, Any] = {}
        for position, (words, options) in enumerate(commands):
            if EMPTY_RESPONSE in options:
                not_run[position] = options[EMPTY_RESPONSE]
            elif isinstance(answer := next(answers), Exception):
                self.annotate_exception(answer, position + 1, words)  # type: ignore[no-untyped-call]
                not_run[position] = answer
        return not_run

    def _execute_pipeline(self, connection: Any, commands: Sequence[Queued], raise_on_error: bool) -> list[Any]:
        raw = {position for position, (_, options) in enumerate(commands) if NEVER_DECODE in options}
        replies = self._exchange(connection, [words for words, _ in commands], raw)
        for position, (_, options) in enumerate(commands):
            if EMPTY_RESPONSE in options and isinstance(replies[position], redis.exceptions.ResponseError):
                replies[position] = options[EMPTY_RESPONSE]
        return self._shaped(commands, replies, raise_on_error)

    def _exchange(self, connection: Any, commands: list[Command], raw: Collection[int] = ()) -> list[Any]:
        """The replies, errors among them; the texts of those at the positions `raw` are bytes."""
        ask = partial(exchange, connection) if self._client.local is None else connection.exchange
        replies: list[Any] = ask(commands, not raw)
        return [each if at in raw else decoded(each) for at, each in enumerate(replies)] if raw else replies

    def _shaped(self, commands: Sequence[Queued], replies: list[Any], raise_on_error: bool) -> list[Any]:
        """Replies as redis-py's callbacks for their commands have them.  Raises the first error, or leaves it there."""
        if raise_on_error:
            self.raise_first_error(commands, replies)  # type: ignore[no-untyped-call]
        callbacks = {name: self.response_callbacks.get(name) for name in {words[0] for words, _ in commands}}
        for position, (words, options) in enumerate(commands) if any(callbacks.values()) else ():
            callback = callbacks[words[0]]
            if callback is not None and not isinstance(replies[position], Exception):
                replies[position] = callback(replies[position], **for_callback(options))
        return replies

    def afterwards(self, act: Callable[[], None]) -> None:
        """Calls `act` when the next `execute` has succeeded."""
        self._afterwards.append(act)

    def call(self, event: str, *args: Any, **kwargs: Any) -> Any:
        """Queues a storage command, as `Client.call` would ask it."""
        return call_command(self, event, args, kwargs)


def require_client(r: object, kind: str, queued: bool = False) -> None:
    """Raises TypeError unless an object of `kind` can be built on `r`: on a pipeline only where writes are `queued`."""
    if isinstance(r, Client):
        return
    if isinstance(r, redis.client.Pipeline):
        if not queued:
            raise TypeError(f"{kind} cannot be built on a pipeline, whose replies come later: build it on the client")
    elif not isinstance(r, redis.Redis):
        given = f"{type(r).__module__}.{type(r).__name__}".removeprefix("builtins.")
        raise TypeError(f"{kind} is built on a coppice.Client or redis.Redis, not on {given}")


def require_key(key: object, kind: str) -> None:
    """Raises TypeError for what is no key of an object of `kind`."""
    if not isinstance(key, str):
        raise TypeError(f"the key of {kind} is a str, not of type {type(key).__name__}")


def call_command(r: redis.Redis, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls the method `name` of redis-py with arguments under its own names or those of ZnSocket's storage."""
    if name.startswith("_") or not callable(getattr(CoreCommands, name, None)):
        raise UnknownEventError(f"Unknown event: {name}")
    names = ARGUMENTS.get(name, {})
    return getattr(r, name)(*args, **{names.get(each, each): value for each, value in kwargs.items()})
