"""Clients of one store in one process hear each other, and answer for their adapters, without a server."""
from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import BUILD, eventually

import coppice


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[coppice.Client, coppice.Client]]:
    with coppice.Client(f"{tmp_path}/data") as one, coppice.Client(f"{tmp_path}/data") as other:
        yield one, other


def test_a_refresh_reaches_the_other_and_not_its_sender(pair: tuple[coppice.Client, coppice.Client]) -> None:
    one, other = pair
    heard: list[Any] = []
    own: list[Any] = []
    coppice.List(other, "k").on_refresh(heard.append)
    mine = coppice.List(one, "k")
    mine.on_refresh(own.append)
    for value in range(100):
        mine.append(value)
    assert eventually(lambda: [i for each in heard for i in each["indices"]] == list(range(100)))
    assert len(heard) < 100, "those that came too fast are brought together"
    assert own == []


def test_an_adapter_answers_the_other(pair: tuple[coppice.Client, coppice.Client]) -> None:
    one, other = pair
    coppice.ListAdapter(key="adapted", socket=one, object=[1, 2, 3])
    seen = coppice.List(other, "adapted")
    for _ in range(200):
        assert (list(seen), seen[-1], len(seen)) == ([1, 2, 3], 3, 3)
    with pytest.raises(coppice.exceptions.FrozenStorageError):
        seen.append(4)


def test_who_has_closed_is_no_owner_any_more(pair: tuple[coppice.Client, coppice.Client]) -> None:
    one, other = pair
    coppice.DictAdapter(key="adapted", socket=one, object={"a": 1})
    seen = coppice.Dict(other, "adapted")
    assert dict(seen) == {"a": 1}
    one.close()
    assert not other.call("adapter_exists", key="znsocket.Dict:adapted")
    assert threading.active_count() < 10


def test_a_program_may_end_while_it_listens(tmp_path: Path) -> None:
    program = ("import coppice, sys; coppice.__path__.append(sys.argv[2]); client = coppice.Client(sys.argv[1]);"
               "coppice.List(client, 'k').on_refresh(print); coppice.List(client, 'k').append(1); print('done')")
    engine = str(BUILD / "python/coppice")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "data"), engine],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_a_client_may_say_that_it_wants_no_replies(pair: tuple[coppice.Client, coppice.Client]) -> None:
    one, _ = pair
    assert one.execute_command("CLIENT", "REPLY", "OFF")
    assert one.ping()


def test_whoever_begins_to_listen_is_told_from_then_on(tmp_path: Path) -> None:
    """What nobody hears is not sent, so it must be noticed when somebody does."""
    heard: list[Any] = []
    with coppice.Client(f"{tmp_path}/data") as one:
        mine = coppice.List(one, "k")
        mine.append(0)
        for number in range(1, 3):
            with coppice.Client(f"file://{tmp_path}/data") as other:
                coppice.List(other, "k").on_refresh(heard.append)
                mine.append(number)
                assert eventually(lambda: len(heard) > 0)
                assert heard == [{"indices": [number]}]
                heard.clear()
        mine.append(3)
    assert heard == []
