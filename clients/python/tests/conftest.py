"""What the tests share: one real server on a folder of its own, and clients of it on an empty store."""
from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from harness import Server, Workplace

import coppice


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
def client(address: str) -> Iterator[coppice.Client]:
    with coppice.Client(address) as connected:
        yield connected


@pytest.fixture
def plain(server: Server, client: coppice.Client) -> Iterator[redis.Redis]:
    """redis-py's own client, as ZnSocket's users have it."""
    with redis.Redis(port=server.port, decode_responses=True) as connected:
        yield connected


@pytest.fixture
def rng() -> random.Random:
    """A generator whose seed the report of a failure shows; COPPICE_SEED replays it."""
    seed = int(os.environ.get("COPPICE_SEED") or random.SystemRandom().randrange(2**32))
    print(f"COPPICE_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One entry for each message that goes out."""
    messages: list[Any] = []
    send: Any = redis.connection.AbstractConnection.send_packed_command

    def counted(connection: Any, command: Any, *more: Any, **options: Any) -> Any:
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
