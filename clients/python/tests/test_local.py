"""A store in the process of its client: one engine for all, what survives, what is refused. Most of what such a client
does the other tests ask of it as well (conftest.py)."""
from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from conftest import BUILD
from harness import Server

import coppice
import coppice.asyncio
from coppice import exceptions, values

PREAMBLE = f"import sys, os, time, coppice; coppice.__path__.append({str(BUILD / 'python/coppice')!r})\n"


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Another Python that runs a script, the arguments in sys.argv[1:]."""
    path = os.pathsep.join([str(Path(coppice.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen([sys.executable, "-c", PREAMBLE + script, *map(str, arguments)], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path})


def test_a_folder_keeps_what_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with coppice.Client(folder) as client:
        coppice.List(client, "l").extend(range(5_000))
        client.branch("exp").set("k", "v")
        client.commit("one")
    with coppice.Client(f"file://{folder}") as client:
        assert coppice.List(client, "l")[:] == list(range(5_000))
        assert client.on("exp").get("k") == "v" and client.log()[0].message == "one"


def test_clients_of_one_folder_share_a_store(tmp_path: Path) -> None:
    """The last one that goes closes it: then another process may have it."""
    one, other = coppice.Client(tmp_path / "data"), coppice.Client(str(tmp_path / "." / "data"))
    one.set("k", "v")
    assert other.get("k") == "v" and one.client_id() != other.client_id()
    one.close()
    assert other.get("k") == "v"
    other.close()
    with Server(tmp_path / "data").start() as server:
        assert coppice.Client(server.url).get("k") == "v"


def test_stores_in_memory_are_apart() -> None:
    one, other = coppice.Client("memory://"), coppice.Client("memory://")
    one.set("k", "v")
    assert other.get("k") is None and one.branch("exp").get("k") == "v"


def test_a_closed_client_of_a_folder_stays_closed(tmp_path: Path) -> None:
    """Those of its branches are clients of their own."""
    client = coppice.Client(tmp_path / "data")
    frames, past, trial = coppice.List(client, "l"), client.at("main"), client.branch("trial")
    frames.append(1)
    client.close()
    ways: list[Callable[[], Any]] = [
        lambda: client.get("k"), lambda: frames[:], lambda: frames.append(2), lambda: coppice.List(client, "other")[:],
        lambda: coppice.Pipeline(client).execute_command("PING").execute(), lambda: past.get("k"),
        lambda: client.branch("other"), client.participant.open,
    ]
    for way in ways:
        with pytest.raises(exceptions.ConnectionError, match=r"The client was closed") as refused:
            way()
        assert isinstance(refused.value, redis.exceptions.ConnectionError)
    client.close()
    assert trial.set("k", "v")
    trial.close()

    async def closed() -> None:
        async with coppice.asyncio.Client(tmp_path / "data") as awaited:
            assert await awaited.llen("znsocket.List:l") == 1
        with pytest.raises(exceptions.ConnectionError, match=r"The client was closed"):
            await awaited.get("k")

    asyncio.run(closed())


def test_who_has_the_folder_is_named(tmp_path: Path) -> None:
    with Server(tmp_path / "data").start() as server:
        address = server.url.removeprefix("coppice://").replace("localhost", "127.0.0.1")
        with pytest.raises(exceptions.ConnectionError, match=rf"connect to it: coppice://.*{address.split(':')[-1]}"):
            coppice.Client(tmp_path / "data")
    with coppice.Client(tmp_path / "data"):
        other = child("coppice.Client(sys.argv[1])", tmp_path / "data")
        said = other.communicate(timeout=60)[1]
        assert "coppice.exceptions.ConnectionError" in said and f"in use by pid {os.getpid()}" in said


def test_what_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    for name in ("file", "full"):
        with pytest.raises(exceptions.ConnectionError, match=name):
            coppice.Client(tmp_path / name)
    with pytest.raises(exceptions.ResponseError, match="no branch 'nope'"):
        coppice.Client("memory://", username="default@nope")


def test_a_word_names_a_folder_only_where_a_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for word in ("nothing", "empty", "localhost"):
        for connect in (coppice.Client, coppice.asyncio.Client):
            with pytest.raises(ValueError, match=f"Invalid address '{word}': no folder of this name has a store "
                                                 rf"\('{word}/' makes one\); .* as ./folder or folder/, or memory://"):
                connect(word)
    assert [each.name for each in tmp_path.iterdir()] == ["empty"]
    for name, address in (("a", "a/"), ("b", "./b"), ("c", Path("c")), (".d", ".d"), ("e", f"{tmp_path}/e")):
        with coppice.Client(address) as client:
            client.set("k", name)
        with coppice.Client(name) as again:
            assert again.get("k") == name


def test_without_the_compiled_engine() -> None:
    path = str(Path(coppice.__file__).parents[1])
    script = ("import coppice, coppice.values as values\n"
              "assert values.encode_all([1, 'a'], repr) == ['1', \"'a'\"]\n"
              "coppice.Client('folder/')")
    ran = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path}, text=True,
                         capture_output=True, timeout=60)
    assert "ImportError: a store in this process needs the compiled engine" in ran.stderr


WRITER = """
client = coppice.Client(sys.argv[1])
client.config_set("appendfsync", sys.argv[2])
items = coppice.List(client, "items")
for number in range(10**9):
    items.append(number)
    if number % 10 == 0:
        print(number, flush=True)
"""


@pytest.mark.parametrize("appendfsync", ["everysec", "always"])
def test_a_killed_program_loses_nothing_that_was_answered(tmp_path: Path, appendfsync: str, rng: random.Random) -> None:
    known = -1
    for _ in range(3):
        with child(WRITER, tmp_path / "data", appendfsync) as writer:
            assert writer.stdout is not None
            known = int(writer.stdout.readline())
            time.sleep(rng.uniform(0.05, 0.4))
            writer.send_signal(signal.SIGKILL)
            known = max([known, *map(int, writer.stdout.read().split()[:-1])])
        with coppice.Client(tmp_path / "data") as client:
            found = coppice.List(client, "items")[:]
            assert found == list(range(len(found))) and len(found) > known
            client.flushall()


def test_a_program_that_ends_closes_its_stores(tmp_path: Path) -> None:
    """Also without close(): the next start finds everything in a checkpoint and nothing to do again."""
    script = "client = coppice.Client(sys.argv[1]); client.set('k', 'v'); kept = client.pipeline().get('k').execute()"
    with child(script, tmp_path / "data") as ran:
        assert ran.wait(60) == 0, ran.communicate()
    with coppice.Client(tmp_path / "data") as client:
        assert client.get("k") == "v" and client.info()["log_records_since_checkpoint"] == 0


FORKING = """
client = coppice.Client(sys.argv[1])
client.set("k", "v")
kept = client.pipeline()
if os.fork() == 0:
    try:
        client.get("k")
    except coppice.exceptions.ConnectionError as error:
        print("child:", error, flush=True)
    sys.exit(3)
print("status", os.waitstatus_to_exitcode(os.wait()[1]))
client.set("k", "w")
print(client.get("k"))
"""


def test_a_forked_child_is_told(tmp_path: Path) -> None:
    """And does no harm: it ends by itself, and its parent's store goes on."""
    with child(FORKING, tmp_path / "data") as ran:
        said, errors = ran.communicate(timeout=60)
    assert "belongs to its parent" in said and said.split("\n")[-3:-1] == ["status 3", "w"], errors
    with coppice.Client(tmp_path / "data") as client:
        assert client.get("k") == "w"


def test_a_fork_does_not_keep_the_folder(tmp_path: Path) -> None:
    with coppice.Client(tmp_path / "data") as client:
        client.set("k", "v")
        context = multiprocessing.get_context("fork")
        ends = context.Event()
        sleeper = context.Process(target=ends.wait, args=(60,))
        sleeper.start()
    with child("print(coppice.Client(sys.argv[1]).get('k'))", tmp_path / "data") as other:
        assert other.communicate(timeout=60)[0] == "v\n"
    ends.set()
    sleeper.join()


def test_upkeep_goes_on_while_the_program_does_nothing() -> None:
    client = coppice.Client("memory://")
    client.set("short", "lived", px=20)
    client.set("k", "v")
    time.sleep(1.5)
    stats = client.info("stats")
    assert stats["expired_keys"] == 1
    assert len(client.log()) > 1  # a restore point was made


def test_threads_and_transactions(tmp_path: Path) -> None:
    """Commands of a pipeline do not mix with those of other threads; long reads see one version."""
    client = coppice.Client(tmp_path / "data")
    numbers = coppice.List(client, "numbers")
    numbers.extend([0] * 5_000)
    wrong: list[Any] = []

    def write(value: int) -> None:
        for _ in range(30):
            client.pipeline().incr("n").incr("n").execute()
            numbers[:] = [value] * 5_000

    def read() -> None:
        for _ in range(30):
            seen = numbers[:]
            if len(set(seen)) > 1:
                wrong.append(set(seen))

    threads = [threading.Thread(target=write, args=(each,)) for each in range(3)] + [threading.Thread(target=read)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong and client.get("n") == "180"


def test_other_threads_run_meanwhile() -> None:
    client = coppice.Client("memory://")
    client.execute_command("DEBUG", "SLEEP", "0")
    begun = time.monotonic()
    sleeper = threading.Thread(target=lambda: client.execute_command("DEBUG", "SLEEP", "0.5"))
    sleeper.start()
    counted = 0
    while sleeper.is_alive():
        counted += 1
    assert time.monotonic() - begun >= 0.5 and counted > 1_000


def test_settings() -> None:
    client = coppice.Client("memory://")
    assert client.config_get("append*") == {"appendfsync": "everysec"}
    client.config_set("appendfsync", "always")
    client.set("k", "v")
    assert client.config_get("appendfsync") == {"appendfsync": "always"}
    with pytest.raises(exceptions.ResponseError, match="one of: always, everysec, no"):
        client.config_set("appendfsync", "sometimes")
    with pytest.raises(exceptions.ResponseError, match="Unknown option"):
        client.config_set("port", "1")


def test_bytes_and_what_is_no_text(client: coppice.Client) -> None:
    client.set("b", b"\xff\x00")
    assert client.execute_command("GET", "b", NEVER_DECODE=True) == b"\xff\x00"
    with pytest.raises(UnicodeDecodeError):
        client.get("b")
    client.execute_command("SET", memoryview(b"view"), bytearray(b"array"))
    assert client.mget(["view"]) == ["array"]
    assert client.execute_command("SET", 2**70, 1.5) and client.get(str(2**70)) == "1.5"
    for wrong in (None, True, object(), [1]):
        with pytest.raises(exceptions.DataError, match="str, bytes, int and float are accepted"):
            client.execute_command("SET", "k", wrong)


def test_asyncio(tmp_path: Path) -> None:
    async def use() -> None:
        async with coppice.asyncio.Client(tmp_path / "data") as client:
            assert isinstance(client, redis.asyncio.Redis) and await client.set("k", "v")
            trial = await client.branch("trial")
            await trial.set("k", "w")
            assert (await trial.get("k"), await client.get("k"), await client.at("trial").get("k")) == ("w", "v", "w")
            assert await client.pipeline().incr("n").incr("n").execute() == [1, 2]
            assert [each.name for each in await client.branches()] == ["main", "trial"]
            with pytest.raises(exceptions.ResponseError, match="wrong kind of value"):
                await client.lpush("k", "x")
            with pytest.raises(exceptions.FrozenStorageError):
                await client.at("main").set("k", "x")
            await trial.aclose()

    asyncio.run(use())


PLAIN: list[Any] = [
    0, -1, 2**62, 2**63, -(2**64), 1.0, -0.0, 1e300, 5e-324, 0.1, 1e16, 123456789.123, True, False, None, "",
    "a\"b\\c", "\n\t\r\b\f", "\x00\x1f\x7f", "é€𝄞", "znsocket.List:x", "coppice.Array:x", [1, [2]], {"a": None},
    "x" * 1_000,
]


def test_plain_values_are_written_as_json_writes_them(rng: random.Random) -> None:
    plain = [*PLAIN, *(rng.uniform(-1e9, 1e9) for _ in range(500)), *(rng.getrandbits(70) - 2**69 for _ in range(500)),
             *("".join(map(chr, rng.choices(range(0xd800), k=8))) for _ in range(200))]
    texts = values.encode_all(plain, json.dumps)
    assert texts == [json.dumps(each) for each in plain]
    found = values.decode_all(texts, json.loads)
    assert found == plain and [type(each) for each in found] == [type(each) for each in plain]
    assert str(values.decode_all(["-0.0", "-0", "0"], json.loads)) == "[-0.0, 0, 0]"
    for text in ("", "01", "1.", "-", ".5", "1e", "+1", "nul", '"', '"a', "tru", "[", '"\n"', " ", "1 2"):
        with pytest.raises(ValueError):
            values.decode_all([text], json.loads)
    assert values.decode_all([" 1", '"\\u00e9"', "NaN"], json.loads)[:2] == [1, "é"]
    assert values.encode_all([float("inf")], json.dumps) == ["Infinity"]


def test_storage() -> None:
    storage: Any = coppice.Storage({"h": {"a": 1}, "l": ["1", "2"], "s": {"x"}, "k": "v", "empty": []})
    assert coppice.MemoryStorage is coppice.Storage
    assert storage.content == {"h": {"a": "1"}, "l": ["1", "2"], "s": {"x"}, "k": "v"}
    assert storage.copy(src="l", dst="m") and storage.copy(source="l", destination="n")
    assert storage.linsert("l", "BEFORE", pivot="2", value="x") == 3 and storage.sismember("s", member="x") == 1
    assert (storage.get("none", 5), storage.get("k")) == (5, "v")
    assert storage.hset("h", mapping={"b": "2"}) == 1 and storage.rpush("l", "y") == 4
    assert storage.pipeline().llen("l").exists("none").execute() == [4, 0]
    assert sorted(storage.scan_iter("?")) == ["h", "k", "l", "m", "n", "s"]
    nested = coppice.List(storage, "nested")
    nested.append(coppice.Dict(storage, "inner"))
    nested[0]["k"] = 1
    assert coppice.Dict(storage, "inner") == {"k": 1}
    assert coppice.Storage().content == {}


def test_how_fast_one_element_is(client: coppice.Client, place: str) -> None:
    """In the same process no more than 100 us, whatever else this machine does (docs have the figures)."""
    items = coppice.List(client, "l")
    items.extend(range(1_000))
    begun = time.perf_counter()
    for index in range(1_000):
        assert items[index] == index
    each = (time.perf_counter() - begun) / 1_000
    assert place == "server" or each < 100e-6
