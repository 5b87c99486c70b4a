"""What one client announces of its writes, the others hear, whichever protocol either speaks; `client.sio`; closing."""
from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
import znsocket
from conftest import Open, eventually
from harness import Server, Workplace

import coppice
from coppice.participant import Participant


def list_writes(items: Any) -> None:
    items.append("a")
    items.extend(["b", "c", "d", "e", "f"])
    items[-1] = "F"
    items[0:4:2] = ["A", "C"]
    items.insert(1, "x")
    items.insert(99, "end")
    items.pop()
    items.pop(-2)
    items.pop(0)
    del items[-1]
    del items[1:3]


LIST_REFRESHES: list[Any] = [
    {"indices": [0]},
    {"start": 1, "stop": None},
    {"indices": [-1]},
    {"indices": [0, 2]},
    {"start": 1, "stop": None},
    {"start": 99, "stop": None},
    {"start": 7, "stop": None},
    {"start": 5, "stop": None},
    {"start": 0, "stop": None},
    {"start": -1, "stop": None},
    {"start": 1, "stop": None},
]


def dict_writes(pairs: Any) -> None:
    pairs["a"] = 1
    pairs.update({"b": 2, "c": 3})
    del pairs["a"]


DICT_REFRESHES: list[Any] = [{"keys": ["a"]}, {"keys": ["b", "c"]}, {"keys": ["a"]}]


def test_our_writes_announce_what_those_of_the_published_package_do(
    client: coppice.Client, other: coppice.Client, published: Open
) -> None:
    heard: list[Any] = []
    coppice.List(other, "theirs").on_refresh(heard.append)
    list_writes(znsocket.List(published(), "theirs"))
    assert eventually(lambda: len(heard) == len(LIST_REFRESHES))
    assert heard == LIST_REFRESHES

    heard.clear()
    coppice.List(other, "ours").on_refresh(heard.append)
    list_writes(coppice.List(client, "ours"))
    assert eventually(lambda: len(heard) == len(LIST_REFRESHES))
    assert heard == LIST_REFRESHES, "in the order of the writes"

    for theirs in (znsocket.Dict(published(), "pairs"), coppice.Dict(client, "pairs")):
        heard.clear()
        coppice.Dict(other, "pairs").on_refresh(heard.append)
        dict_writes(theirs)
        assert eventually(lambda: len(heard) == len(DICT_REFRESHES))
        assert heard == DICT_REFRESHES


def test_published_clients_hear_ours(client: coppice.Client, published: Open) -> None:
    heard: list[Any] = []
    znsocket.List(published(), "items").on_refresh(heard.append)
    list_writes(coppice.List(client, "items"))
    assert eventually(lambda: len(heard) == len(LIST_REFRESHES))
    assert sorted(map(str, heard)) == sorted(map(str, LIST_REFRESHES)), "theirs come in threads of their own"


@pytest.mark.parametrize(("write", "told"), [
    (lambda items, pairs: items.clear(), {"start": 0, "stop": None}),
    (lambda items, pairs: items.reverse(), {"start": 0, "stop": None}),
    (lambda items, pairs: items.remove(2), {"start": 1, "stop": None}),
    (lambda items, pairs: items.restore("main"), {"start": 0, "stop": None}),
    (lambda items, pairs: pairs.clear(), {"keys": ["a", "b"]}),
    (lambda items, pairs: pairs.pop("b"), {"keys": ["b"]}),
    (lambda items, pairs: pairs.popitem(), {"keys": ["a"]}),
    (lambda items, pairs: pairs.setdefault("c", 1), {"keys": ["c"]}),
    (lambda items, pairs: pairs.restore("main"), {"keys": ["a", "b"]}),
])
def test_every_write_is_announced(
    client: coppice.Client, other: coppice.Client, write: Callable[[Any, Any], Any], told: Any
) -> None:
    items, pairs = coppice.List(client, "k"), coppice.Dict(client, "k")
    items.extend([1, 2, 3])
    pairs.update({"a": 1, "b": 2})
    heard: list[Any] = []
    coppice.List(other, "k").on_refresh(heard.append)
    coppice.Dict(other, "k").on_refresh(heard.append)
    write(items, pairs)
    assert eventually(lambda: heard == [told]), heard


def test_what_changed_nothing_or_failed_is_not_announced(client: coppice.Client, other: coppice.Client) -> None:
    heard: list[Any] = []
    items, pairs = coppice.List(client, "k"), coppice.Dict(client, "k")
    for listener in (coppice.List(other, "k"), coppice.Dict(other, "k")):
        listener.on_refresh(heard.append)
    pairs["a"] = 1
    pairs.setdefault("a", 2)
    pairs.update({})
    items.extend([])
    del items[0:0]
    with pytest.raises(IndexError):
        items[5] = 1
    with pytest.raises(KeyError):
        del pairs["b"]
    pairs["end"] = 1
    assert eventually(lambda: {"keys": ["end"]} in heard)
    assert heard == [{"keys": ["a"]}, {"keys": ["end"]}]


def test_a_client_does_not_hear_itself_and_the_last_callback_stays(
    client: coppice.Client, other: coppice.Client
) -> None:
    mine: list[Any] = []
    first: list[Any] = []
    last: list[Any] = []
    coppice.List(client, "k").on_refresh(mine.append)
    coppice.List(other, "k").on_refresh(first.append)
    coppice.List(other, "k").on_refresh(last.append)
    coppice.List(client, "k").append(1)
    assert eventually(lambda: last == [{"indices": [0]}])
    assert (mine, first) == ([], [])


def test_a_write_in_a_pipeline_is_announced_when_it_is_made(client: coppice.Client, other: coppice.Client) -> None:
    seen: list[Any] = []
    pairs = coppice.Dict(other, "k")
    pairs.on_refresh(lambda data: seen.append((data, dict(pairs))))
    pipeline = client.pipeline()
    coppice.Dict(pipeline, "k", socket=client)["a"] = 1
    time.sleep(0.05)
    assert seen == []
    pipeline.execute()
    assert eventually(lambda: seen == [({"keys": ["a"]}, {"a": 1})])


def test_callbacks_are_given_to_the_client_too_and_may_use_it(address: str, client: coppice.Client) -> None:
    seen: list[Any] = []
    listener = coppice.Client(address, refresh_callbacks={"znsocket.List:k": lambda data: seen.append(copy[:])})
    copy = coppice.List(listener, "k")
    with listener:
        coppice.List(client, "k").extend([1, 2])
        assert eventually(lambda: seen == [[1, 2]])


def test_on_refresh_says_why_not(client: coppice.Client, plain: redis.Redis) -> None:
    with pytest.raises(ValueError, match="No socket connection available"):
        coppice.List(plain, "k").on_refresh(print)
    with pytest.raises(ValueError, match="past version does not change"):
        coppice.List(client, "k").at("main").on_refresh(print)


def test_others_need_a_socket_only(client: coppice.Client, other: coppice.Client, plain: redis.Redis) -> None:
    heard: list[Any] = []
    coppice.List(other, "k").on_refresh(heard.append)
    coppice.List(plain, "k").append("silent")
    coppice.List(plain, "k", socket=client).append("said")
    assert eventually(lambda: heard == [{"indices": [1]}])


def test_sio_is_what_programs_use_of_it(client: coppice.Client, other: coppice.Client, published: Open) -> None:
    heard: list[Any] = []

    assert other.sio.on("refresh", namespace="/znsocket")(heard.append) == heard.append
    assert client.sio.connected
    assert isinstance(client.sio.sid, str)
    assert client.sio.sid != other.sio.sid
    message = {"target": "any bus", "data": {"at": [1, None, "ä"]}}
    client.sio.emit("refresh", message, namespace="/znsocket")
    published().sio.emit("refresh", message, namespace="/znsocket")
    assert eventually(lambda: len(heard) == 2)
    assert heard == [message, message]
    assert client.sio.call("adapter_exists", [[], {"key": "znsocket.List:none"}]) is False
    with pytest.raises(coppice.exceptions.UnknownEventError, match="Unknown event: shout"):
        client.sio.emit("shout", 1)
    with pytest.raises(coppice.exceptions.UnknownEventError, match="there are refresh, connect, disconnect"):
        client.sio.on("shout", print)
    waiting = threading.Thread(target=client.sio.wait)
    waiting.start()
    gone: list[bool] = []
    client.sio.on("disconnect", lambda: gone.append(True))
    client.sio.disconnect()
    assert [client.sio.connected, client.sio.sid, gone] == [False, None, [True]]
    waiting.join(10)
    assert not waiting.is_alive()
    assert client.ping()


def test_events_of_call(client: coppice.Client) -> None:
    assert client.call("server_config")["namespace"] == "/znsocket"
    commands = [["rpush", [["l", "1"], {}]], ["linsert", [["l", "BEFORE"], {"pivot": "1", "value": "0"}]]]
    assert client.call("pipeline", message=commands) == [1, 2]
    assert client.call("refresh", {"target": "t", "data": 1}) is None
    with pytest.raises(coppice.exceptions.UnknownEventError):
        client.call("pipeline", message=[["nonsense", [[], {}]]])


def test_no_thread_outlives_close(address: str) -> None:
    before = set(threading.enumerate())
    entered, leave = threading.Event(), threading.Event()

    def linger(_: Any) -> None:
        entered.set()
        leave.wait(10)

    with coppice.Client(address) as speaker:
        listener = coppice.Client(address)
        coppice.List(listener, "k").on_refresh(linger)
        coppice.ListAdapter("a", listener, [1, 2, 3])
        assert coppice.List(speaker, "a")[:] == [1, 2, 3]
        coppice.List(speaker, "k").append(1)
        assert entered.wait(10)
        threading.Timer(0.1, leave.set).start()
        listener.close()
    assert eventually(lambda: set(threading.enumerate()) == before), threading.enumerate()


def test_a_callback_may_close_its_client(address: str, client: coppice.Client) -> None:
    listener = coppice.Client(address)
    closed = threading.Event()

    def close(_: Any) -> None:
        listener.close()
        closed.set()

    coppice.List(listener, "k").on_refresh(close)
    coppice.List(client, "k").append(1)
    assert closed.wait(10)


def test_a_client_that_is_dropped_takes_its_threads_along(address: str) -> None:
    before = set(threading.enumerate())
    coppice.List(coppice.Client(address), "k").append(1)
    assert eventually(lambda: set(threading.enumerate()) == before)


def test_a_fork_shares_nothing(address: str, client: coppice.Client, other: coppice.Client) -> None:
    heard: list[Any] = []
    coppice.List(other, "k").on_refresh(heard.append)
    coppice.ListAdapter("mine", client, [1])
    items, unused = coppice.List(client, "k"), coppice.List(client, "unused")
    items.append("parent")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            items.append("child")
            unused[:]
            status = 0 if client.participant.adapters == {} else 2
            client.close()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    items.append("parent again")
    assert eventually(lambda: heard == [{"indices": [0]}, {"indices": [1]}, {"indices": [2]}]), heard
    assert coppice.List(other, "mine")[:] == [1], "the parent's adapter is still there"


def test_a_lost_connection_is_made_again_with_all_that_hung_on_it() -> None:
    """The server ends and comes back at its port."""
    with Workplace("again") as place, Server(place / "data").start() as server:
        address = server.url
        heard: list[Any] = []
        events: list[str] = []
        owner, listener = coppice.Client(address), coppice.Client(address)
        with owner, listener:
            coppice.ListAdapter("numbers", owner, [1, 2])
            coppice.List(listener, "k").on_refresh(heard.append)
            listener.sio.on("connect", lambda: events.append("connect"))
            listener.sio.on("disconnect", lambda: events.append("disconnect"))
            server.settings += ["--port", str(server.port)]
            server.kill()
            assert eventually(lambda: not listener.participant.connected and not owner.participant.connected)
            with pytest.raises(redis.exceptions.ConnectionError):
                coppice.List(owner, "k")
            server.start()
            assert eventually(lambda: listener.participant.connected)
            coppice.List(owner, "k").append(1)
            assert eventually(lambda: heard == [{"indices": [0]}])
            assert eventually(lambda: bool(owner.call("adapter_exists", key="znsocket.List:numbers")))
            assert coppice.List(listener, "numbers")[:] == [1, 2]
            assert events == ["disconnect", "connect"]


def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """A connection on which nothing comes, not even the reply to a PING, is lost."""
    monkeypatch.setattr("coppice.client.CHECK_SECONDS", 0.4)
    with coppice.Client(address) as client:
        client.participant.open()
        seen = client.participant.sid
        time.sleep(1)
        assert client.participant.sid == seen, "who answers is kept"
        take: Any = Participant._take
        monkeypatch.setattr(Participant, "_take", lambda self, connection, message: None)
        assert eventually(lambda: not client.participant.connected)
        monkeypatch.setattr(Participant, "_take", take)
        coppice.List(client, "k").append(1)
