"""What the tests share: one real server on a folder of its own, and clients of it on an empty store.

A test that asks for a `client` and for nothing of the server runs twice: with that server, and with a store in its own
process, which must say the same. The compiled engine is the one of the build that COPPICE_BUILD names.
"""
from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import znsocket
from harness import Server, Workplace

import coppice

Open = Callable[..., Any]
BUILD = Path(os.environ.get("COPPICE_BUILD") or Path(__file__).parents[3] / "build/test")
coppice.__path__.append(str(BUILD / "python/coppice"))
OF_A_SERVER = {"server", "address", "plain", "sent"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "place" in metafunc.fixturenames:
        alone = OF_A_SERVER.isdisjoint(metafunc.fixturenames)
        metafunc.parametrize("place", ["server", "memory"] if alone else ["server"])


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Workplace("python") as place, Server(place / "data").start() as running:
        yield running


@pytest.fixture
def address(server: Server) -> str:
    """Of a server whose main branch is empty, and that has no other branch."""
    with coppice.Client(server.url) as client:
        client.flushall()
        for branch in client.branches():
            if branch.name != "main":
                client.delete_branch(branch.name)
        for tag in client.tags():
            client.delete_tag(tag.name)
    return server.url


@pytest.fixture
def client(place: str, request: pytest.FixtureRequest) -> Iterator[coppice.Client]:
    """Of an empty store: a server's, or one in this process."""
    with coppice.Client(request.getfixturevalue("address") if place == "server" else "memory://") as connected:
        yield connected


@pytest.fixture
def plain(server: Server, client: coppice.Client) -> Iterator[redis.Redis]:
    """redis-py's own client, as ZnSocket's users have it."""
    with redis.Redis(port=server.port, decode_responses=True) as connected:
        yield connected


@pytest.fixture
def other(address: str, client: coppice.Client) -> Iterator[coppice.Client]:
    """Another program's client, as far as the server can tell."""
    with coppice.Client(address) as connected:
        yield connected


@pytest.fixture
def published(server: Server, client: coppice.Client) -> Iterator[Open]:
    """Opens ZnSocket's published clients, and closes them."""
    opened: list[Any] = []

    def connect(**options: Any) -> Any:
        opened.append(znsocket.Client(f"http://127.0.0.1:{server.port}", connect_wait_timeout=10, **options))
        return opened[-1]

    yield connect
    for each in opened:
        each.sio.disconnect()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether `holds` within ten seconds."""
    until = time.monotonic() + 10
    while not holds() and time.monotonic() < until:
        time.sleep(0.005)
    return holds()


@pytest.fixture
def rng() -> random.Random:
    """A generator whose seed the report of a failure shows; COPPICE_SEED replays it."""
    seed = int(os.environ.get("COPPICE_SEED") or random.SystemRandom().randrange(2**32))
    print(f"COPPICE_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One entry for each message that goes out, but for those of the participant, whose writers do not wait."""
    messages: list[Any] = []
    send: Any = redis.connection.AbstractConnection.send_packed_command

    def counted(connection: Any, command: Any, *more: Any, **options: Any) -> Any:
        if options.get("check_health", True):
            messages.append(command)
        return send(connection, command, *more, **options)

    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", counted)
    return messages


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The closing line that scripts/count-tests.py reads."""
    passed, failed, errors, skipped = (
        len(terminalreporter.stats.get(outcome, [])) for outcome in ("passed", "failed", "error", "skipped")
    )
    terminalreporter.write_line(f"{passed} passed, {failed + errors} failed, {skipped} skipped")
