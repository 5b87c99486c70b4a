"""The client of asyncio does what the other does."""
from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import redis.asyncio

import coppice.asyncio
from coppice import exceptions

Test = Callable[[str], Coroutine[Any, Any, None]]


def in_a_loop(test: Test) -> Callable[[str], None]:
    def run(address: str) -> None:
        asyncio.run(test(address))

    return functools.wraps(test)(run)


@in_a_loop
async def test_commands_and_pipelines(address: str) -> None:
    async with coppice.asyncio.Client(address) as client:
        assert await client.rpush("l", "a", "b") == 2
        assert await client.hset("h", mapping={"a": "1"}) == 1
        assert await client.hgetall("h") == {"a": "1"}
        async with client.pipeline() as pipe:
            assert await pipe.llen("l").hgetall("h").execute() == [2, {"a": "1"}]
            await pipe.watch("l")
            assert await pipe.llen("l") == 2
            with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"):
                await pipe.hget("l", "a")
        with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"):
            await client.hget("l", "a")
        assert await asyncio.gather(*(client.lindex("l", 0) for _ in range(20))) == ["a"] * 20


def test_hundreds_of_commands_at_once(place: str, request: pytest.FixtureRequest) -> None:
    async def ask(address: str) -> None:
        async with coppice.asyncio.Client(address) as client:
            assert sorted(await asyncio.gather(*(client.incr("n") for _ in range(500)))) == list(range(1, 501))
            pipes = [client.pipeline().incr("n").execute() for _ in range(150)]
            assert len(await asyncio.gather(*pipes)) == 150

    asyncio.run(ask(request.getfixturevalue("address") if place == "server" else "memory://"))


@in_a_loop
async def test_versions(address: str) -> None:
    async with coppice.asyncio.Client.from_url(address) as client:
        await client.hset("h", mapping={"a": "1"})
        first = await client.commit("first", author="me")
        await client.tag("v1")
        trial = await client.branch("trial")
        await trial.hset("h", "a", "2")
        async with client.on("trial") as there:
            assert await there.hgetall("h") == {"a": "2"}
            assert await there.current_branch() == "trial"
        past = client.at("v1")
        assert await past.hgetall("h") == {"a": "1"}
        assert await past.pipeline().hgetall("h").execute() == [{"a": "1"}]
        queued = past.pipeline().set("k", "v").execute()
        for write in (past.set("k", "v"), past.commit("no"), past.rewind("main"), queued):
            with pytest.raises(exceptions.FrozenStorageError):
                await write
        assert [branch.name for branch in await client.branches()] == ["main", "trial"]
        assert [tag.id for tag in await client.tags()] == [first]
        assert [each.author for each in await client.log("v1", count=1)] == ["me"]
        (change,) = await client.diff("main", "trial", key="h")
        assert change.parts[0].new == "2"
        await client.rewind("trial")
        assert await client.hget("h", "a") == "2"
        assert (await client.reflog(count=1))[0].action == "rewind to trial"
        await client.delete_tag("v1")
        await trial.aclose()
        await client.delete_branch("trial")
        with pytest.raises(exceptions.ResponseError, match="no branch 'trial'"):
            await client.on("trial").ping()


@in_a_loop
async def test_a_wrong_server(address: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = coppice.asyncio.Client(f"coppice://127.0.0.1:{taken.getsockname()[1]}")
        for _ in range(2):
            with pytest.raises(exceptions.ConnectionError, match="Could not connect to coppice://127"):
                await nobody.get("k")
    with pytest.raises(NotImplementedError):
        coppice.asyncio.Client(address, decode_responses=False)
    with pytest.raises(ValueError):
        coppice.asyncio.Client("localhost:5000")
    assert isinstance(await coppice.asyncio.Client(address), redis.asyncio.Redis)
