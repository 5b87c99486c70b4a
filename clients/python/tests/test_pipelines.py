"""Pipelines answer as redis-py's own do, in one message."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from redis._parsers import _RESP3Parser
from redis.client import NEVER_DECODE

import coppice
from coppice import exceptions, exchange

Commands = Callable[[Any], Any]

QUEUED: dict[str, Commands] = {
    "shaped": lambda pipe: (
        pipe.set("k", "v").hset("h", mapping={"a": 1, "b": 2}).hgetall("h").sadd("s", "x").smembers("s").get("none")
        .expire("k", 100).config_get("appendfsync").mget("k", "none").execute_command("get", "k").delete("k", "h", "s")
    ),
    "refused": lambda pipe: pipe.set("k", "v").lpush("k", 1).incr("n").hget("k", "f"),
    "unknown": lambda pipe: pipe.set("k", "v").execute_command("NONSENSE", 1).set("k", "w"),
    "not sent": lambda pipe: pipe.set("k", "v").mget([]).get("k").lpush("k", 1).mget([]),
    "words": lambda pipe: (
        pipe.execute_command(b"SET", b"k", "ä").append("k", b"b").append("k", 1).append("k", 2.5)
        .append("k", bytearray(b"c")).append("k", memoryview(b"d")).get("k").execute_command("MEMORY USAGE", "none")
    ),
    "long": lambda pipe: pipe.set("a", "x" * 300_000).set("b", "y").get("a").set("c", "z" * 70_000),
}


def outcome(pipe: redis.client.Pipeline, queue: Commands, raise_on_error: bool) -> Any:
    """The replies, or the error that is raised; errors by their texts."""

    def told(reply: Any) -> Any:
        return ("an error", str(reply)) if isinstance(reply, Exception) else reply

    queue(pipe)
    try:
        replies = list(map(told, pipe.execute(raise_on_error)))
    except redis.exceptions.ResponseError as error:
        replies = ["raised", *told(error)]
    assert len(pipe) == 0
    return replies


@pytest.mark.parametrize("queued", QUEUED)
@pytest.mark.parametrize("raise_on_error", [True, False])
@pytest.mark.parametrize("transaction", [True, False])
def test_they_answer_as_redis_py(client: coppice.Client, transaction: bool, raise_on_error: bool, queued: str) -> None:
    own = redis.client.Pipeline(client.connection_pool, client.response_callbacks, transaction, None)
    expected = outcome(own, QUEUED[queued], raise_on_error)
    left = sorted(client.scan_iter())
    client.flushall()
    assert outcome(client.pipeline(transaction), QUEUED[queued], raise_on_error) == expected
    assert sorted(client.scan_iter()) == left


def test_without_the_compiled_parts(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where neither the engine nor hiredis is installed."""
    monkeypatch.setattr(exchange, "compiled", lambda: None)
    with coppice.Client(address) as client, coppice.Client(address) as plain:
        plain.connection_pool.connection_kwargs["parser_class"] = _RESP3Parser
        for queue in QUEUED.values():
            found = outcome(client.pipeline(), queue, raise_on_error=False)
            client.flushall()
            assert outcome(plain.pipeline(), queue, raise_on_error=False) == found
            client.flushall()


def test_bytes_stay_bytes_where_they_are_asked_for(client: coppice.Client) -> None:
    client.set("k", b"\xff")
    pipe = client.pipeline(transaction=False)
    pipe.set("text", "t").execute_command("GET", "k", **{NEVER_DECODE: True})
    assert pipe.get("text").execute() == [True, b"\xff", "t"]
    with pytest.raises(UnicodeDecodeError):
        client.pipeline(transaction=False).get("text").get("k").get("text").execute()
    assert client.pipeline(transaction=False).get("text").execute() == ["t"], "nothing was left of the one before"


def test_words_that_cannot_be_sent_send_nothing(client: coppice.Client) -> None:
    with pytest.raises(exceptions.DataError, match="SADD cannot take a word of type list"):
        client.pipeline().set("k", "v").sadd("s", [1]).execute()
    assert client.keys() == []


def test_a_watched_key_that_changed(client: coppice.Client) -> None:
    client.rpush("l", "a")
    with client.pipeline() as pipe:
        pipe.watch("l")
        assert pipe.llen("l") == 1
        pipe.multi()
        client.rpush("l", "b")
        with pytest.raises(redis.exceptions.WatchError):
            pipe.rpush("l", "c").execute()
        assert pipe.llen("l").execute() == [2], "it watches nothing any more"


@pytest.mark.parametrize("transaction", [True, False])
def test_a_thousand_commands_are_one_message(client: coppice.Client, sent: list[Any], transaction: bool) -> None:
    client.ping()  # by the connection that it will have
    sent.clear()
    pipe = client.pipeline(transaction)
    for number in range(1000):
        pipe.rpush("l", number)
    assert len(pipe) == 1000
    assert pipe.execute() == list(range(1, 1001))
    assert [len(pieces) for pieces in sent] == [1]
