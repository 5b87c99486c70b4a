"""The client: addresses, ZnSocket's constructor, storage commands, pipelines, errors, wrong servers."""
from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from harness import Server, Workplace

import coppice
from coppice import exceptions
from coppice.address import client_options


@pytest.mark.parametrize("address, expected", [
    ("coppice://localhost", {"host": "localhost", "port": 5000}),
    ("coppice://host:1/exp", {"host": "host", "port": 1, "username": "default@exp"}),
    ("coppice://u:p%40w@host:1/a/b%20", {"host": "host", "port": 1, "username": "u@a/b ", "password": "p@w"}),
    ("coppice://default%40one:pw@[::1]:1/two", {"host": "::1", "port": 1, "username": "default@two", "password": "pw"}),
    ("http://host:1", {"host": "host", "port": 1}),
    ("http://host:1/prefix", {"host": "host", "port": 1}),
    ("znsocket://127.0.0.1:4748", {"host": "127.0.0.1", "port": 4748}),
    ("redis://default%40exp:pw@host:1/3", {"host": "host", "port": 1, "username": "default@exp", "password": "pw",
                                            "db": 3}),
])
def test_addresses(address: str, expected: dict[str, object]) -> None:
    options = client_options(address, True, 1, {})
    assert {name: options[name] for name in expected} == expected


def test_options_beside_an_address() -> None:
    options = client_options("coppice://me:pw@host/exp", True, 1, {"username": "you", "password": "other", "db": 2})
    assert (options["username"], options["password"], options["db"]) == ("you@exp", "other", 2)


@pytest.mark.parametrize("address", ["localhost:5000", "", "ftp://host", "coppice://", "coppice://host:port", "file://"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError):
        coppice.Client(address)


def test_takes_what_znsocket_s_takes(server: Server) -> None:
    heard: dict[str, Callable[[Any], None]] = {"key": print}
    client = coppice.Client(
        address=f"http://127.0.0.1:{server.port}", decode_responses=True, namespace="/znsocket",
        refresh_callbacks=heard, delay_between_calls=timedelta(0), retry=1,
        connect_wait_timeout=1, max_message_size_bytes=500_000, enable_compression=True, compression_threshold=1024,
    )
    assert client.ping()
    assert (client.address, client.refresh_callbacks) == (f"http://127.0.0.1:{server.port}", heard)
    assert coppice.Client.from_url(f"znsocket://127.0.0.1:{server.port}", namespace="/znsocket").ping()
    assert coppice.Client(url=server.url, db=3, client_name="me").client_getname() == "me"
    with pytest.raises(NotImplementedError, match="decode_responses=False is not supported yet"):
        coppice.Client(server.url, decode_responses=False)


def test_commands_are_methods(client: coppice.Client) -> None:
    assert client.hset("h", "a", "1") == 1
    assert client.hgetall("h") == {"a": "1"}
    assert client.set("k", "v") is True
    assert (client.get("k"), client.get("none"), client.sadd("s", "a", "b"), client.smembers("s")) == (
        "v", None, 2, {"a", "b"})
    assert list(client.scan_iter("k*")) == ["k"]


def test_storage_commands_by_name(client: coppice.Client) -> None:
    assert client.call("hset", "h", mapping={"a": "1"}) == 1
    assert client.call("hset", name="h", key="b", value="2") == 1
    assert client.call("hgetall", "h") == {"a": "1", "b": "2"}
    assert client.call("rpush", "l", "x", "z") == 2
    assert client.call("linsert", "l", where="BEFORE", pivot="z", value="y") == 3
    assert client.call("lrange", name="l", start=0, end=-1) == ["x", "y", "z"]
    assert client.call("copy", src="l", dst="m") is True
    assert client.call("sadd", "s", "a") == 1
    assert client.call("sismember", "s", member="a") == 1
    assert client.call("smembers", "s") == {"a"}
    for name in ("frobnicate", "__init__", "_options", "close", "connection_pool"):
        with pytest.raises(exceptions.UnknownEventError, match=f"Unknown event: {name}"):
            client.call(name)
    with pytest.raises(TypeError):
        client.call("hget", "h", "a", "too", "many")


def test_errors_are_of_both_families(client: coppice.Client) -> None:
    client.set("text", "x")
    with pytest.raises(exceptions.ResponseError, match="WRONGTYPE") as caught:
        client.lpush("text", "x")
    assert isinstance(caught.value, redis.exceptions.ResponseError)
    with pytest.raises(exceptions.ResponseError, match="no such key"):
        client.lset("none", 0, "x")
    with pytest.raises(exceptions.DataError) as refused:
        client.hset("h", "a", None)
    assert isinstance(refused.value, redis.exceptions.DataError)
    assert str(exceptions.ZnSocketError("text")) == "text"
    frozen = exceptions.FrozenStorageError("k")
    assert frozen.key == "k"
    assert str(frozen) == "'k' is frozen and cannot be modified. Create a copy of the object to modify it."


def test_pipelines(client: coppice.Client) -> None:
    pipe = client.pipeline()
    assert pipe.rpush("l", "a") is pipe
    assert pipe.hset("h", "a", "1").lrange("l", 0, -1).execute() == [1, 1, ["a"]]
    assert coppice.Pipeline(client).get("none").execute() == [None]
    assert client.pipeline().execute() == []
    client.set("text", "x")
    with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"):
        client.pipeline().lpush("text", "x").execute()
    failed, length = client.pipeline(transaction=False).lpush("text", "x").llen("l").execute(raise_on_error=False)
    assert isinstance(failed, redis.exceptions.ResponseError) and length == 1
    with pytest.raises(exceptions.DataError):
        client.pipeline().hset("h", "a", True).execute()

    def move(pipe: redis.client.Pipeline) -> None:
        first = pipe.lindex("l", 0)
        pipe.multi()
        pipe.rpush("m", first)  # type: ignore[arg-type]

    assert client.transaction(move, "l") == [1]


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def stranger(answer: bytes) -> Iterator[int]:
    """The port of a server that answers everything so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    if peer.recv(4096) and answer:
                        peer.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_nobody_there() -> None:
    address = f"coppice://127.0.0.1:{unused_port()}"
    with pytest.raises(exceptions.ConnectionError, match=f"Could not connect to {address}") as caught:
        coppice.Client(address)
    assert caught.value.address == address
    assert isinstance(caught.value, redis.exceptions.ConnectionError)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_a_server_of_something_else(answer: bytes) -> None:
    with stranger(answer) as port, pytest.raises(exceptions.ConnectionError, match="Could not connect to"):
        coppice.Client(f"coppice://127.0.0.1:{port}")


def test_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coppice.client.CHECK_SECONDS", 0.2)
    refused = pytest.raises(exceptions.ConnectionError, match="Could not connect to")
    with socket.create_server(("127.0.0.1", 0)) as listener, refused:
        coppice.Client(f"coppice://127.0.0.1:{listener.getsockname()[1]}")


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server")
def test_a_redis_that_is_not_coppice(tmp_path: Path) -> None:
    port = unused_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as peer:
        try:
            until = time.monotonic() + 30
            while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < until:
                time.sleep(0.01)
            with pytest.raises(exceptions.ConnectionError, match=r"What answers there is Redis \d.*, not coppice"):
                coppice.Client(f"coppice://127.0.0.1:{port}")
        finally:
            peer.terminate()


def test_an_answer_that_is_not_coppice_s() -> None:
    with pytest.raises(exceptions.ConnectionError, match=r"What answers there is Redis 7\.0\.15, not coppice"):
        exceptions.require_coppice("coppice://host", {"redis_version": "7.0.15"})
    with pytest.raises(exceptions.ConnectionError, match="What answers there is something else, not coppice"):
        exceptions.require_coppice("coppice://host", "")


def test_passwords() -> None:
    with Workplace("python-password") as place, Server(place / "data", ["--requirepass", "secret"]) as server:
        server.launch()
        while not server.address_in_lock():
            time.sleep(0.01)
        address = f"127.0.0.1:{server.address_in_lock()}"
        assert coppice.Client(f"coppice://default:secret@{address}").ping()
        assert coppice.Client(f"coppice://{address}", password="secret").branch("exp").ping()
        with pytest.raises(redis.exceptions.AuthenticationError):
            coppice.Client(f"coppice://default:wrong@{address}")


def test_a_client_outlives_its_server(tmp_path: Path) -> None:
    port = unused_port()
    with Server(tmp_path / "data", ["--port", str(port)]) as server:
        client = coppice.Client(server.start().url)
        items = coppice.List(client, "items")
        items.append(1)
        server.kill()
        with pytest.raises(redis.exceptions.ConnectionError):
            items.append(2)
        server.start()
        items.append(3)
        assert items[:] == [1, 3]


def test_nothing_is_sent_twice(client: coppice.Client, sent: list[Any]) -> None:
    """A write whose reply did not come may have been made: that is the program's to find out."""
    hasty = coppice.Client(client.address, socket_timeout=0.5)
    hasty.ping()
    with pytest.raises(redis.exceptions.TimeoutError):
        hasty.execute_command("DEBUG", "SLEEP", "1")
    assert sum(b"SLEEP" in b"".join(message) for message in sent) == 1


def test_a_closed_client_of_a_server_connects_again(address: str) -> None:
    client = coppice.Client(address)
    client.close()
    assert client.ping()
    client.close()
