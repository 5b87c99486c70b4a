"""ZnSocket's published client, unchanged, speaks Socket.IO to our server and finds what its own server gave it."""
from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest
import znsocket
from conftest import Open, eventually
from harness import Server

import coppice


def test_it_upgrades_to_a_websocket(published: Open) -> None:
    assert published().sio.transport() == "websocket"


def test_commands_have_their_answers(published: Open) -> None:
    r = published()
    assert r.hset("h", "a", "1") == 1
    assert r.hset("h", mapping={"a": "2", "b": "3"}) == 2, "the number of pairs, as its own server says"
    assert r.hgetall("h") == {"a": "2", "b": "3"}
    assert (r.hexists("h", "a"), r.hget("h", "x"), r.copy("h", "h2"), r.copy("nothing", "h3")) == (1, None, True, False)
    assert (r.set("s", "text"), r.get("s"), r.exists("s"), r.delete("s")) == (True, "text", 1, 1)
    r.sadd("set", "x")
    assert r.smembers("set") == {"x"}
    assert r.smembers("nothing") == set()


def test_errors_are_those_of_its_own_server(published: Open) -> None:
    r = published()
    with pytest.raises(znsocket.exceptions.ResponseError, match="no such key"):
        r.lset("nothing", 0, "x")
    r.rpush("list", "x")
    with pytest.raises(znsocket.exceptions.ResponseError, match="index out of range"):
        r.lset("list", 5, "x")
    with pytest.raises(znsocket.exceptions.ResponseError, match="WRONGTYPE"):
        r.hget("list", "x")
    with pytest.raises(znsocket.exceptions.DataError):
        r.hset("h", "field", None)
    with pytest.raises(TypeError, match="Invalid arguments for llen"):
        r.llen()
    assert r.call("nonsense") == {"error": {"msg": "Unknown event: nonsense", "type": "UnknownEventError"}}


def test_a_pipeline_ends_at_its_first_error(published: Open) -> None:
    r = published()
    pipeline = r.pipeline()
    pipeline.rpush("list", "1")
    pipeline.sadd("set", "x")
    pipeline.smembers("set")
    assert pipeline.execute() == [1, 1, {"x"}]
    failing = r.pipeline()
    failing.rpush("list", "2")
    failing.hget("list", "field")
    failing.rpush("list", "3")
    with pytest.raises(znsocket.exceptions.ResponseError):
        failing.execute()
    assert r.lrange("list", 0, -1) == ["1", "2"]


def test_lists_dicts_and_segments_work(published: Open) -> None:
    r = published()
    items = znsocket.List(r, "items")
    items.extend([1, 2.5, "three", None, {"four": [4]}])
    items.insert(1, "inserted")
    items[0] = "first"
    del items[-2]
    record = znsocket.Dict(r, "record")
    record.update({"a": 1, "b": [1, 2]})
    items.append(record)
    assert items[:-1] == ["first", "inserted", 2.5, "three", {"four": [4]}]
    assert dict(items[-1]) == {"a": 1, "b": [1, 2]}
    edited = znsocket.Segments(r, items, "edited")
    edited[1] = "changed"
    assert list(edited)[:3] == ["first", "changed", 2.5]
    origin, own = "znsocket.List:items", "znsocket.List:edited"
    assert edited.get_raw() == [[0, 1, origin], [0, 1, own], [2, 6, origin]]


def test_what_it_writes_our_package_reads_and_the_other_way(published: Open, client: coppice.Client) -> None:
    theirs = znsocket.List(published(), "shared")
    ours = coppice.List(client, "shared")
    theirs.extend([1, {"a": None}])
    ours.append("from us")
    assert list(theirs) == list(ours) == [1, {"a": None}, "from us"]


@pytest.mark.parametrize("compressed", [True, False])
def test_large_values_go_compressed_and_in_chunks(published: Open, compressed: bool) -> None:
    r = published(enable_compression=compressed)
    rng = random.Random(1)
    for text in ("x" * 3_000_000, rng.randbytes(6_000_000).hex()):
        assert r.set("large", text) is True
        assert r.get("large") == text
    small = published(max_message_size_bytes=2_000)
    assert small.hset("h", "f", rng.randbytes(20_000).hex()) == 1
    with pytest.raises(znsocket.exceptions.ZnSocketError, match="Chunked message failed"):
        small.hset("h", rng.randbytes(5_000).hex(), None)


def test_a_refresh_reaches_the_others(published: Open) -> None:
    heard: list[Any] = []
    published(refresh_callbacks={"znsocket.List:seen": heard.append})
    items = znsocket.List(published(), "seen")
    items.append(1)
    items[0] = 2
    assert eventually(lambda: len(heard) == 2)
    assert sorted(map(str, heard)) == ["{'indices': [0]}", "{'indices': [0]}"]


def test_an_adapter_answers_for_its_key_until_it_is_gone(published: Open) -> None:
    owner, reader = published(), published()
    znsocket.ListAdapter(key="numbers", socket=owner, object=[10, 20, 30])
    znsocket.DictAdapter(key="names", socket=owner, object={"a": 1})
    numbers = znsocket.List(reader, "numbers")
    assert (len(numbers), numbers[1], list(numbers), numbers[1:]) == (3, 20, [10, 20, 30], [20, 30])
    with pytest.raises(IndexError):
        numbers[7]
    assert znsocket.Dict(reader, "names")["a"] == 1
    with pytest.raises(KeyError):
        znsocket.ListAdapter(key="numbers", socket=reader, object=[])
    owner.sio.disconnect()
    assert eventually(lambda: not reader.call("adapter_exists", key="znsocket.List:numbers"))


def test_a_transform_may_register_further_adapters(published: Open) -> None:
    def as_dict(item: Any, key: str, socket: Any, converter: Any, convert_nan: bool) -> Any:
        return znsocket.DictAdapter(key, socket, {"value": item}, converter, convert_nan)

    r = published()
    znsocket.ListAdapter(key="wrapped", socket=r, object=[5, 6], item_transform_callback=as_dict)
    assert dict(znsocket.List(r, "wrapped")[1]) == {"value": 6}, "asker and owner are one connection"


def test_many_clients_at_once_lose_nothing(published: Open) -> None:
    clients = [published() for _ in range(10)]

    def write(index: int) -> None:
        for number in range(20):
            clients[index].rpush("all", f"{index}:{number}")

    threads = [threading.Thread(target=write, args=(index,)) for index in range(len(clients))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    written = clients[0].lrange("all", 0, -1)
    assert len(written) == 200
    for index in range(len(clients)):
        mine = [text for text in written if text.startswith(f"{index}:")]
        assert mine == [f"{index}:{number}" for number in range(20)]


def test_a_branch_stands_in_the_address_before_a_colon(address: str, client: coppice.Client) -> None:
    """Without a password, be it an empty one, the published client sends nothing of it."""
    client.branch("exp").set("key", "of exp")
    client.set("key", "of main")
    host = address.partition("://")[2]
    for user, there in (("default@exp:", "of exp"), ("default@exp", "of main")):
        r = znsocket.Client(f"http://{user}@{host}", connect_wait_timeout=10)
        assert r.get("key") == there
        r.sio.disconnect()


def test_a_password_stands_in_the_address(tmp_path: Path) -> None:
    with Server(tmp_path / "data", ["--requirepass", "secret"]) as guarded:
        guarded.launch()
        assert eventually(lambda: guarded.address_in_lock() != 0)
        host = f"127.0.0.1:{guarded.address_in_lock()}"
        with coppice.Client(f"coppice://:secret@{host}") as ours:
            ours.branch("exp").set("key", "of exp")
        for user, there in (("anybody", "value"), ("", "value"), ("default@exp", "of exp"), ("x%40exp", "of exp")):
            r = znsocket.Client(f"http://{user}:secret@{host}", connect_wait_timeout=10)
            if "exp" not in user:
                assert r.set("key", "value") is True
            assert r.get("key") == there
            r.sio.disconnect()
        # What stands behind "?" it keeps to itself.
        for wrong in (f"http://{host}", f"http://anybody:wrong@{host}", f"http://{host}?password=secret"):
            with pytest.raises(znsocket.exceptions.ConnectionError):
                znsocket.Client(wrong, connect_wait_timeout=2)
