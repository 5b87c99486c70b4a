"""The client for asyncio: redis-py's, with the versions of `coppice.Client`.

    async with coppice.asyncio.Client("coppice://localhost:5000") as client:
        await client.set("greeting", "hello")
        trial = await client.branch("trial")

Methods say what those of `coppice.Client` say; all that ask the server are awaited.
"""
from __future__ import annotations

import copy
import os
from typing import Any

import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from coppice import versions
from coppice.address import REPLY_SECONDS, TASKS_CONNECTIONS_MAX, as_text, client_options, local_store, user_on
from coppice.addressing import addressed, require_reference, shape_replies
from coppice.exceptions import FrozenStorageError, reached, require_coppice, translated
from coppice.versions import Answer, Branch, Change, Move, Plan, Tag, Version, When

__all__ = ["Client", "Pipeline"]


class Client(redis.asyncio.Redis):
    """As `coppice.Client`; it connects, and raises its ConnectionError, at the first command or `await client`.

    `connect_wait_timeout`: seconds to wait for a connection: many at once are made while other tasks run.

    Tasks that ask at once have a connection each, up to `max_connections` (100); the others wait for one of those.
    """

    def __init__(
        self, address: str | os.PathLike[str] = "coppice://localhost:5000", *, connect_wait_timeout: float = 10,
        **options: Any
    ) -> None:
        self.address = as_text(address)
        options.setdefault("retry", Retry(NoBackoff(), 0))
        options.setdefault("max_connections", TASKS_CONNECTIONS_MAX)
        decode_responses = options.pop("decode_responses", True)
        self._store = local_store(self.address)
        self._open(client_options(self.address, decode_responses, connect_wait_timeout, options))

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Client:  # type: ignore[override]  # those it names are options
        """A client of the server at `url`, as the constructor makes it."""
        return cls(url, **options)

    def _open(self, options: dict[str, Any]) -> None:
        self._options = options
        self._checked = False
        self.reference: str | None = None
        if self._store is None:
            super().__init__(**options)
            made = self.connection_pool
            self.connection_pool = redis.asyncio.BlockingConnectionPool(
                made.max_connections, REPLY_SECONDS, made.connection_class, **made.connection_kwargs
            )
        else:
            pool = self._store.pool_for_asyncio(options.get("username"), options.get("db", 0))
            super().__init__(connection_pool=pool)
            self.auto_close_connection_pool = True
        shape_replies(self.response_callbacks)

    async def initialize(self) -> Client:
        """Connects at the first call.  Raises ConnectionError when what answers is no coppice server."""
        if not self._checked:
            self._checked = True  # the question itself comes through here
            try:
                with reached(self.address):
                    server = await self.info("server")
                require_coppice(self.address, server)
            except BaseException:
                self._checked = False
                raise
        await super().initialize()
        return self

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        words, options = addressed(self.reference, words, options)
        with translated(self.reference, (words,)):
            return await super().execute_command(*words, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return Pipeline(self, transaction, shard_hint)

    async def branch(self, name: str, from_: str | None = None) -> Client:
        await self._run(versions.open_branch(name, from_ if from_ is not None else self.reference))
        return self._on(name)

    def on(self, name: str) -> Client:
        """A client on a branch: `async with client.on("exp") as c:`. One that is missing shows at the first command."""
        return self._on(name)

    def _on(self, name: str) -> Client:
        client = copy.copy(self)
        client._open({**self._options, "username": user_on(self._options.get("username"), name)})
        return client

    def at(self, ref: str) -> Client:
        require_reference(ref)
        client = copy.copy(self)
        client.reference = ref
        client.connection = None
        client.auto_close_connection_pool = False
        return client

    async def branches(self) -> list[Branch]:
        return await self._run(versions.branches())

    async def current_branch(self) -> str:
        return await self._run(versions.current_branch())

    async def delete_branch(self, name: str) -> None:
        await self._run(versions.delete_branch(name))

    async def commit(self, message: str = "", author: str | None = None) -> str:
        self._require_present()
        return await self._run(versions.commit(message, author))

    async def tag(self, name: str, ref: str | None = None) -> None:
        await self._run(versions.tag(name, ref if ref is not None else self.reference))

    async def tags(self) -> list[Tag]:
        return await self._run(versions.tags())

    async def delete_tag(self, name: str) -> None:
        await self._run(versions.delete_tag(name))

    async def log(
        self, ref: str | None = None, *, key: str | None = None, db: int | None = None, since: When | None = None,
        until: When | None = None, count: int | None = None, commits: bool = False
    ) -> list[Version]:
        return await self._run(versions.log(ref if ref is not None else self.reference, key=key, db=db, since=since,
                                            until=until, count=count, commits=commits))

    async def diff(self, a: str, b: str, key: str | None = None, *, match: str | None = None, db: int | None = None
                   ) -> list[Change]:
        return await self._run(versions.diff(a, b, key, match, db))

    async def rewind(self, ref: str) -> None:
        self._require_present()
        await self._run(versions.rewind(ref))

    async def reflog(self, count: int | None = None) -> list[Move]:
        return await self._run(versions.reflog(count))

    def _require_present(self) -> None:
        if self.reference is not None:
            raise FrozenStorageError(self.reference)

    async def _run(self, plan: Plan[Answer]) -> Answer:
        try:
            words = next(plan)
            while True:
                try:
                    reply = await self.execute_command(*words)
                except redis.exceptions.ResponseError as error:
                    words = plan.throw(error)
                else:
                    words = plan.send(reply)
        except StopIteration as end:
            answer: Answer = end.value
            return answer


class Pipeline(redis.asyncio.client.Pipeline):
    """As `coppice.Pipeline`; `execute` is awaited."""

    def __init__(self, client: Client, transaction: bool = True, shard_hint: str | None = None) -> None:
        self.reference = client.reference
        super().__init__(client.connection_pool, client.response_callbacks, transaction, shard_hint)

    def execute_command(self, *words: Any, **options: Any) -> Any:
        words, options = addressed(self.reference, words, options)
        return super().execute_command(*words, **options)

    async def immediate_execute_command(self, *words: Any, **options: Any) -> Any:
        with translated(self.reference, (words,)):
            return await super().immediate_execute_command(*words, **options)  # type: ignore[no-untyped-call]

    def annotate_exception(self, exception: Exception, number: int, command: Any) -> None:
        """Says which command failed (redis-py 6 loses the server's text here)."""
        words = " ".join(map(str, command))[:100]
        exception.args = (f"Command # {number} ({words}) of pipeline caused error: {exception}", *exception.args[1:])

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        with translated(self.reference, (words for words, *_ in self.command_stack)):
            return list(await super().execute(raise_on_error))
