"""Segments: copies of a list that know what of them was changed; also those that ZnSocket's clients make and read."""
from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis
import znsocket
from conftest import Open, eventually
from test_together import together

import coppice
from coppice.exceptions import FrozenStorageError

ORIGIN, OWN = "znsocket.List:origin", "znsocket.List:own"


@pytest.fixture
def origin(client: coppice.Client) -> coppice.List:
    items = coppice.List(client, "origin")
    items.extend([0, 1, 2, 3, 4])
    return items


@pytest.fixture
def own(client: coppice.Client, origin: coppice.List) -> coppice.Segments:
    return coppice.Segments(client, origin, "own")


def test_they_are_a_copy_that_knows_what_was_changed(own: coppice.Segments, origin: coppice.List) -> None:
    assert (own.key, len(own), own[:], own.get_raw()) == ("znsocket.Segments:own", 5, [0, 1, 2, 3, 4], [[0, 5, ORIGIN]])
    own[2] = "x"
    assert own.get_raw() == [[0, 2, ORIGIN], [2, 3, OWN], [3, 5, ORIGIN]]
    own.insert(0, "first")
    del own[-1]
    own.append("last")
    assert own[:] == ["first", 0, 1, "x", 3, "last"]
    assert origin[:] == [0, 1, 2, 3, 4]
    assert coppice.Segments.from_list(origin, "again").get_raw() == [[0, 5, ORIGIN]]


def test_the_origin_may_change_and_disappear(client: coppice.Client, own: coppice.Segments, origin: Any) -> None:
    origin[0] = "changed"
    assert own[0] == 0
    origin.clear()
    assert (own[:], len(own)) == ([0, 1, 2, 3, 4], 5)
    assert coppice.Segments(client, coppice.List(client, "another"), "own")[:] == [0, 1, 2, 3, 4], "it is there already"


def test_they_are_a_list_for_who_knows_no_segments(client: coppice.Client, own: coppice.Segments) -> None:
    own.append(5)
    assert coppice.List(client, "own")[:] == own[:] == [0, 1, 2, 3, 4, 5]
    assert own == coppice.List(client, "own")
    assert own == [0, 1, 2, 3, 4, 5]
    assert repr(own) == "Segments(len=6)"


def test_they_behave_as_a_list(client: coppice.Client, rng: random.Random) -> None:
    """Model: Python's list."""
    model: list[Any] = list(range(20))
    base = coppice.List(client, "base")
    base.extend(model)
    own = coppice.Segments(client, base, "model")

    def edits(at: int, value: int) -> list[Callable[[Any], Any]]:
        return [
            lambda items: items.__setitem__(at, value),
            lambda items: items.__delitem__(at),
            lambda items: items.insert(at, value),
            lambda items: items.append(value),
            lambda items: items.extend([value, str(value)]),
            lambda items: items.pop(at),
        ]

    def index() -> int:
        return rng.randrange(-len(model), len(model))

    for step in range(120):
        edit = rng.choice(edits(index(), step))
        assert edit(own) == edit(model)
        low, high = rng.randrange(-30, 30), rng.randrange(-30, 30)
        way = slice(rng.choice([None, low]), rng.choice([None, high]), rng.choice([None, 1, 2, -1, -3]))
        assert own[way] == model[way], way
    picked = [index() for _ in range(5)]
    assert own[picked] == [model[each] for each in picked], "in the order asked"
    assert list(own) == model
    assert list(reversed(own)) == model[::-1]
    assert (own.index(model[3]), own.count(model[0]), model[-1] in own, "no" in own) == (
        model.index(model[3]), model.count(model[0]), True, False
    )
    for action in ("reverse", "clear"):
        getattr(own, action)()
        getattr(model, action)()
        assert own[:] == model
    assert all(start == end for start, end, _ in own.get_raw())


def test_removing_takes_the_first(own: coppice.Segments) -> None:
    own.append(1)
    own.remove(1)
    assert own[:] == [0, 2, 3, 4, 1]
    with pytest.raises(ValueError, match="is not in list"):
        own.remove("nothing")


def test_positions_that_are_not_there(own: coppice.Segments) -> None:
    wrong: list[Callable[[], Any]] = [
        lambda: own[5], lambda: own[-6], lambda: own[[0, 5]], lambda: own.__setitem__(5, 1), lambda: own.pop(5),
        lambda: own.__setitem__(-6, 1), lambda: own.__delitem__(5), lambda: own.insert(6, 1), lambda: own.insert(-6, 1),
    ]
    for each in wrong:
        with pytest.raises(IndexError, match="list index out of range"):
            each()
    several: list[Callable[[], Any]] = [
        lambda: own.__setitem__(slice(0, 1), [1]), lambda: own.__delitem__(slice(0, 1)),
    ]
    for each in several:
        with pytest.raises(TypeError, match="one element at a time, by an integer, not a slice"):
            each()
    text: Any = "a"
    with pytest.raises(TypeError, match="list indices must be integers"):
        own[text]
    own.insert(5, "end")
    assert own[:] == [0, 1, 2, 3, 4, "end"]


def test_what_cannot_be_an_origin(client: coppice.Client, origin: coppice.List) -> None:
    not_a_list: Any = [1, 2]
    with pytest.raises(TypeError, match="origin must be a List"):
        coppice.Segments(client, not_a_list, "own")
    with pytest.raises(ValueError, match="copy it first"):
        coppice.Segments(client, origin.at("main"), "own")
    coppice.ListAdapter("adapted", client, [1])
    client.rpush("znsocket.List:adapted", "2")
    with pytest.raises(ValueError, match=r"an adapter's object and stored as well: copy it first"):
        coppice.Segments(client, coppice.List(client, "adapted"), "own")
    with pytest.raises(TypeError, match="not JSON serializable"):
        origin.append(coppice.Segments(client, origin, "own"))
    empty = coppice.Segments(client, coppice.List(client, "empty"), "of nothing")
    empty.append(1)
    assert empty[:] == [1]


def test_an_origin_may_read_through_its_fallback(client: coppice.Client, origin: coppice.List) -> None:
    through = coppice.List(client, "through", fallback="origin", fallback_policy="frozen")
    assert coppice.Segments(client, through, "own").get_raw() == [[0, 5, ORIGIN]]


def test_an_origin_may_be_an_adapter_s_object(client: coppice.Client) -> None:
    """It is copied as it is then, and nothing else is stored; the fallback that leads to it is the same."""
    numbers = [1, 2, 3]
    coppice.ListAdapter("adapted", client, numbers)
    coppice.ListAdapter("none", client, [])
    own = coppice.Segments(client, coppice.List(client, "adapted"), "own")
    numbers.append(4)
    own[1] = "two"
    assert own[:] == coppice.List(client, "own")[:] == [1, "two", 3]
    adapted = "znsocket.List:adapted"
    assert own.get_raw() == [[0, 1, adapted], [1, 2, OWN], [2, 3, adapted]]
    assert coppice.Segments(client, coppice.List(client, "adapted"), "own")[:] == [1, "two", 3]
    through = coppice.List(client, "through", fallback="adapted", fallback_policy="frozen")
    assert coppice.Segments(client, through, "of all")[:] == [1, 2, 3, 4]
    assert coppice.Segments(client, coppice.List(client, "none"), "of nothing")[:] == []
    assert not client.exists(adapted) and coppice.List(client, "adapted")[:] == [1, 2, 3, 4]


def test_nested_objects_and_converters(client: coppice.Client, origin: coppice.List) -> None:
    record = coppice.Dict(client, "record")
    record["a"] = 1
    own = coppice.Segments(client, coppice.List(client, "origin", convert_nan=True), "own")
    own[0] = record
    own[1] = float("nan")
    assert (own[0], own[1]) == ({"a": 1}, None)


def test_versions_and_branches(client: coppice.Client, own: coppice.Segments, origin: coppice.List) -> None:
    own[0] = "one"
    client.commit("one")
    client.tag("one")
    own[0] = "two"
    past = own.at("one")
    assert (past[:], len(past), past.get_raw()[0], own[0]) == (["one", 1, 2, 3, 4], 5, [0, 1, OWN], "two")
    for write in (lambda: past.append(1), lambda: past.pop(), lambda: past.__setitem__(0, 1), lambda: past.clear()):
        with pytest.raises(FrozenStorageError):
            write()
    with client.branch("trial", from_="one") as branch:
        trial = coppice.Segments(branch, coppice.List(branch, "origin"), "own")
        trial[1] = "trial"
        assert (trial[:2], own[:2]) == (["one", "trial"], ["two", 1])
    assert coppice.Segments(client.at("one"), origin, "own")[0] == "one"


def test_they_are_copied_and_restored_whole(client: coppice.Client, own: coppice.Segments) -> None:
    own[0] = "one"
    client.commit("one")
    copied = own.copy("copied")
    own[0] = "two"
    own.append("more")
    assert (copied[:], copied.get_raw()) == (["one", 1, 2, 3, 4], [[0, 5, OWN]])
    assert len(own.history()) >= 2
    own.restore("main~0")
    assert (own[:], own.get_raw()) == (["one", 1, 2, 3, 4], [[0, 1, OWN], [1, 5, ORIGIN]])
    with pytest.raises(coppice.exceptions.ResponseError, match="no version 'nothing'"):
        own.restore("nothing")
    assert own[0] == "one"
    with pytest.raises(ValueError, match="of a past version: copy the List"):
        own.at("main~0").copy("of the past")


def test_other_clients_hear_of_edits_as_of_the_list(
    own: coppice.Segments, other: coppice.Client, origin: coppice.List
) -> None:
    heard: list[Any] = []
    coppice.Segments(other, origin, "own").on_refresh(heard.append)
    own[1] = "x"
    own.append("y")
    own.insert(0, "z")
    del own[-1]
    own.pop()
    own.reverse()
    expected = [{"indices": [1]}, *({"start": start, "stop": None} for start in (5, 0, -1, 5, 0))]
    assert eventually(lambda: len(heard) == len(expected))
    assert heard == expected


def test_edits_at_once_are_whole(address: str, own: coppice.Segments) -> None:
    def grow(name: str) -> Callable[[], None]:
        def work() -> None:
            with coppice.Client(address) as mine:
                items = coppice.Segments(mine, coppice.List(mine, "origin"), "own")
                for number in range(25):
                    items.append(f"{name}{number}")
                    items.pop(0)

        return work

    together(*map(grow, "abc"))
    assert len(own) == 5
    assert own[:] == coppice.List(own.redis, "own")[:]


def test_each_method_is_one_message(own: coppice.Segments, sent: list[Any]) -> None:
    for step in (lambda: own[1], lambda: own[1:3], lambda: own[[1, 2]], lambda: own.__setitem__(0, 1), own.get_raw,
                 lambda: own.insert(1, 1), own.pop, lambda: len(own)):
        sent.clear()
        step()
        assert len(sent) == 1


def test_published_clients_read_ours(own: coppice.Segments, published: Open) -> None:
    own[2] = "x"
    own.append("end")
    r = published()
    theirs = znsocket.Segments(r, znsocket.List(r, "origin"), "own")
    assert (len(theirs), list(theirs), theirs[2]) == (6, [0, 1, "x", 3, 4, "end"], "x")
    assert (list(own), len(own)) == ([0, 1, "x", 3, 4, "end"], 6), "opening it has changed nothing"


def test_both_edit_one(own: coppice.Segments, origin: Any, published: Open) -> None:
    """Model: Python's list, edited by turns."""
    r = published()
    theirs = znsocket.Segments(r, znsocket.List(r, "origin"), "own")
    model: list[Any] = [0, 1, 2, 3, 4]
    for turn, items in enumerate([theirs, own, theirs, theirs, own, own, theirs]):
        for edited in (items, model):
            edited[turn % 4] = f"set {turn}"
            edited.insert(turn % 3, f"insert {turn}")
            del edited[3]
            edited.append(f"append {turn}")
        assert list(own) == own[:] == list(theirs) == model, turn
    assert origin[:] == [0, 1, 2, 3, 4]


def test_a_table_that_a_published_client_made(client: coppice.Client, origin: Any, published: Open) -> None:
    r = published()
    theirs = znsocket.Segments(r, znsocket.List(r, "origin"), "own")
    theirs[1] = "x"
    theirs.insert(4, "y")
    own = coppice.Segments(client, origin, "own")
    assert own[:] == own[[0, 1, 2, 3, 4, 5]] == [0, "x", 2, 3, "y", 4]
    assert own.get_raw() == theirs.get_raw()
    assert own[1:5:2] == ["x", 3]
    assert own.copy("copied")[:] == [0, "x", 2, 3, "y", 4] == list(theirs)
    own[0] = "mine"
    del own[2]
    assert list(theirs) == own[:] == ["mine", "x", 3, "y", 4]
    assert coppice.List(client, "own")[:] == own[:]


def test_an_edit_of_a_published_client_is_waited_for(
    own: coppice.Segments, plain: redis.Redis, published: Open
) -> None:
    """Its marks stand in the table between two of its messages."""
    key = own.key
    before = plain.lindex(key, 0)
    assert isinstance(before, str)
    plain.lset(key, 0, "__SETITEM_IDENTIFIER__")
    threading.Timer(0.2, lambda: plain.lset(key, 0, before)).start()
    own.append("after")
    assert own[:] == [0, 1, 2, 3, 4, "after"]


def test_a_thousand_records_of_which_three_are_changed(client: coppice.Client) -> None:
    records = coppice.List(client, "records")
    records.extend({"id": number, "nested": {"values": [number] * 3}} for number in range(1000))
    view = coppice.Segments(client, records, "view")
    for number in (10, 500, 999):
        view[number] = {"id": number, "changed": True}
    assert [start for start, _, key in view.get_raw() if key == "znsocket.List:view"] == [10, 500, 999]
    assert sum(each != mine for each, mine in zip(records, view, strict=True)) == 3
