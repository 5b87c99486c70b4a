"""Two clients at once: each change is whole, none is lost, and positions mean what they meant."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import coppice


def together(*works: Callable[[], Any]) -> None:
    """Runs all at once, and raises what one of them raised."""
    errors: list[BaseException] = []

    def caught(work: Callable[[], Any]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=caught, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_a_write_is_seen_at_once(client: coppice.Client, address: str) -> None:
    mine, theirs = coppice.List(client, "items"), coppice.List(coppice.Client(address), "items")
    mine.append(1)
    assert theirs[:] == [1]
    theirs[0] = 2
    assert mine[:] == [2]


def test_no_element_is_lost_or_left_over(client: coppice.Client, address: str) -> None:
    taken: list[list[int]] = [[], []]
    coppice.List(client, "items").extend(range(120))

    def take(mine: list[int], index: int) -> None:
        items = coppice.List(coppice.Client(address), "items")
        for _ in range(60):
            mine.append(items.pop(index))

    together(lambda: take(taken[0], 0), lambda: take(taken[1], -1))
    assert sorted(taken[0] + taken[1]) == list(range(120))
    assert client.exists("znsocket.List:items") == 0


def test_edits_by_position_hit_the_list_they_looked_at(client: coppice.Client, address: str) -> None:
    """One adds at the front while one counts positions from the end."""
    items = coppice.List(client, "items")
    items.extend(["end", "end"])

    def grow() -> None:
        mine = coppice.List(coppice.Client(address), "items")
        for number in range(60):
            mine.insert(0, number)

    def shrink() -> None:
        mine = coppice.List(coppice.Client(address), "items")
        for _ in range(60):
            mine.append("extra")
            assert mine.pop(-2) in ("end", "extra")

    together(grow, shrink)
    assert [each for each in items if isinstance(each, int)] == list(range(59, -1, -1))
    assert len(items) == 62


def test_a_slice_is_deleted_whole(client: coppice.Client, address: str) -> None:
    """Whoever reads sees all of it or none."""
    items = coppice.List(client, "items")
    seen = set()
    done = threading.Event()

    def read() -> None:
        mine = coppice.List(coppice.Client(address), "items")
        while not done.is_set():
            seen.add(tuple(mine[:]))

    def write() -> None:
        for _ in range(40):
            items.extend(range(6))
            del items[::2]
            del items[[0, 1, 2]]
        done.set()

    together(read, write)
    assert seen <= {(), tuple(range(6)), (1, 3, 5)}


def test_one_of_two_sets_the_default(client: coppice.Client, address: str) -> None:
    answers: list[Any] = []

    def ask(value: int) -> None:
        pairs = coppice.Dict(coppice.Client(address), "pairs")
        answers.extend(pairs.setdefault(str(number), value) for number in range(40))

    together(lambda: ask(1), lambda: ask(2))
    assert sorted(answers) == sorted(2 * coppice.Dict(client, "pairs").values())
