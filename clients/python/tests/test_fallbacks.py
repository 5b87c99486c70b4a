"""A List or Dict reads from its fallback until it is first written to, and then begins as a copy, for everybody."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
import redis
import znsocket
from conftest import Open, eventually
from test_together import together

import coppice
from coppice.exceptions import FrozenStorageError

Policy = Literal["copy", "frozen"] | None
policies = pytest.mark.parametrize("policy", ["frozen", None])


def over(r: redis.Redis, key: str = "own", fallback: str = "origin", policy: Policy = "frozen") -> coppice.List:
    return coppice.List(r, key, fallback=fallback, fallback_policy=policy)


@policies
def test_a_list_reads_through_until_it_is_written_to(client: coppice.Client, policy: Policy) -> None:
    origin = coppice.List(client, "origin")
    origin.extend([10, 20, 30])
    own = over(client, policy=policy)
    origin.append(40)
    assert (len(own), own[-1], own[::2], own[[0, 3]], list(own)) == (4, 40, [10, 30], [10, 40], [10, 20, 30, 40])
    assert (30 in own, own.index(20), own.count(10), own == origin, repr(own)) == (True, 1, 1, True, "List(len=4)")
    with pytest.raises(IndexError):
        own[4]
    assert client.exists(own.key) == 0, "reading writes nothing"
    own.append(50)
    origin.clear()
    assert own[:] == [10, 20, 30, 40, 50]
    assert coppice.List(client, "own")[:] == [10, 20, 30, 40, 50], "also for who opens the key alone"


LIST_EDITS: list[tuple[Callable[[Any], Any], list[Any]]] = [
    (lambda own: own.append(4), [1, 2, 3, 4]),
    (lambda own: own.extend([4, 5]), [1, 2, 3, 4, 5]),
    (lambda own: own.insert(1, 9), [1, 9, 2, 3]),
    (lambda own: own.__setitem__(-1, 9), [1, 2, 9]),
    (lambda own: own.__setitem__(slice(0, 2), [8, 9]), [8, 9, 3]),
    (lambda own: own.__delitem__(0), [2, 3]),
    (lambda own: own.__delitem__(slice(None, None, 2)), [2]),
    (lambda own: own.pop(), [1, 2]),
    (lambda own: own.pop(-2), [1, 3]),
    (lambda own: own.remove(2), [1, 3]),
    (lambda own: own.reverse(), [3, 2, 1]),
    (lambda own: own.clear(), []),
    (lambda own: own.__iadd__([4]), [1, 2, 3, 4]),
]


@policies
@pytest.mark.parametrize(("edit", "after"), LIST_EDITS)
def test_any_first_write_to_a_list_copies(
    client: coppice.Client, edit: Callable[[Any], Any], after: list[Any], policy: Policy
) -> None:
    coppice.List(client, "origin").extend([1, 2, 3])
    own = over(client, policy=policy)
    edit(own)
    assert own[:] == coppice.List(client, "own")[:] == after
    assert over(client, policy=policy)[:] == after, "also when it is empty now, it stays its own"
    assert coppice.List(client, "origin")[:] == [1, 2, 3]


def test_a_write_that_fails_changes_nothing(client: coppice.Client) -> None:
    origin = coppice.List(client, "origin")
    origin.extend([1, 2])
    own = over(client)
    for wrong in (lambda: own.pop(7), lambda: own.pop(-7), lambda: own.__setitem__(5, 1), lambda: own.__delitem__(9)):
        with pytest.raises(IndexError):
            wrong()
    with pytest.raises(ValueError, match="not in list"):
        own.remove(9)
    assert own[:] == [1, 2]


@policies
def test_a_dict_has_all_fields_before_and_after_its_first_write(client: coppice.Client, policy: Policy) -> None:
    coppice.Dict(client, "origin").update({"a": 1, "b": 2})
    own = coppice.Dict(client, "own", fallback="origin", fallback_policy=policy)
    assert (len(own), own["a"], "b" in own, "c" in own, own.get("c")) == (2, 1, True, False, None)
    assert (own.keys(), own.values(), own.items()) == (["a", "b"], [1, 2], [("a", 1), ("b", 2)])
    with pytest.raises(KeyError, match="'c'"):
        own["c"]
    own["c"] = 3
    assert dict(own) == dict(coppice.Dict(client, "own")) == {"a": 1, "b": 2, "c": 3}
    with pytest.raises(KeyError):
        own["d"]
    assert dict(coppice.Dict(client, "origin")) == {"a": 1, "b": 2}


@pytest.mark.parametrize(("edit", "after"), [
    (lambda own: own.update(b=3), {"a": 1, "b": 3}),
    (lambda own: own.__delitem__("a"), {"b": 2}),
    (lambda own: own.pop("a"), {"b": 2}),
    (lambda own: own.popitem(), {"b": 2}),
    (lambda own: own.setdefault("c", 3), {"a": 1, "b": 2, "c": 3}),
    (lambda own: own.clear(), {}),
])
def test_any_first_write_to_a_dict_copies(
    client: coppice.Client, edit: Callable[[Any], Any], after: dict[str, Any]
) -> None:
    coppice.Dict(client, "origin").update({"a": 1, "b": 2})
    own = coppice.Dict(client, "own", fallback="origin", fallback_policy="frozen")
    edit(own)
    assert dict(own) == dict(coppice.Dict(client, "own")) == after
    assert dict(coppice.Dict(client, "own", fallback="origin", fallback_policy="frozen")) == after


@pytest.mark.parametrize("policy", ["copy", "frozen", None])
def test_a_missing_fallback_is_an_empty_one(client: coppice.Client, policy: Policy) -> None:
    own = over(client, fallback="missing", policy=policy)
    pairs = coppice.Dict(client, "own", fallback="missing", fallback_policy=policy)
    assert (own[:], dict(pairs), len(own), len(pairs)) == ([], {}, 0, 0)
    with pytest.raises(IndexError):
        own[0]
    with pytest.raises(KeyError):
        pairs["a"]
    own.append(1)
    pairs["a"] = 1
    coppice.List(client, "missing").append("too late")
    assert (own[:], dict(pairs)) == ([1], {"a": 1})


@pytest.mark.parametrize("policy", ["frozen", "copy"])
def test_a_fallback_of_a_fallback(client: coppice.Client, policy: Policy) -> None:
    coppice.List(client, "a").extend([1, 2])
    middle = over(client, "b", "a")
    last = over(client, "c", "b", policy)
    assert last[:] == middle[:] == [1, 2]
    middle.append(3)
    assert last[:] == ([1, 2, 3] if policy == "frozen" else [1, 2]), "it reads what the middle says, or has its copy"
    last.append(4)
    assert coppice.List(client, "c")[:] == ([1, 2, 3, 4] if policy == "frozen" else [1, 2, 4])
    assert (coppice.List(client, "a")[:], middle[:]) == ([1, 2], [1, 2, 3])


def test_a_key_that_is_there_has_no_use_for_it(client: coppice.Client) -> None:
    coppice.List(client, "origin").extend([1, 2])
    coppice.List(client, "own").append("own")
    for policy in (None, "frozen", "copy"):
        own: Any = coppice.List(client, "own", fallback="origin", fallback_policy=policy)
        assert own[:] == ["own"]


def test_what_another_client_writes_first_shows_at_once(client: coppice.Client, other: coppice.Client) -> None:
    coppice.List(client, "origin").extend([1, 2])
    mine, theirs = over(client), over(other)
    assert mine[:] == theirs[:] == [1, 2]
    theirs.append(3)
    assert mine[:] == [1, 2, 3]
    mine.append(4)
    assert theirs[:] == [1, 2, 3, 4]


def test_of_first_writes_at_once_none_is_lost(client: coppice.Client, address: str) -> None:
    coppice.List(client, "origin").extend(range(100))

    def write(name: str) -> Callable[[], None]:
        def work() -> None:
            with coppice.Client(address) as mine:
                own = over(mine)
                for number in range(20):
                    own.append(f"{name}{number}")
                    own.pop(-2 if number % 2 else 0)

        return work

    together(*(write(name) for name in "abc"))
    own = coppice.List(client, "own")
    assert len(own) == 100
    assert own[:10] == list(range(30, 40)), "each took ten at the front, of one list"


def test_published_clients_see_the_copy(client: coppice.Client, published: Open) -> None:
    coppice.List(client, "origin").extend([1, 2])
    coppice.Dict(client, "origin").update({"a": 1})
    own, pairs = over(client), coppice.Dict(client, "own", fallback="origin", fallback_policy="frozen")
    r = published()
    assert (list(znsocket.List(r, "own")), dict(znsocket.Dict(r, "own"))) == ([], {})
    own.append(3)
    pairs["b"] = 2
    assert list(znsocket.List(r, "own")) == [1, 2, 3]
    assert dict(znsocket.Dict(r, "own")) == {"a": 1, "b": 2}


def test_the_first_write_of_whoever_knows_of_no_fallback_begins_with_a_copy(
    client: coppice.Client, other: coppice.Client, published: Open
) -> None:
    coppice.List(client, "origin").extend([1, 2])
    coppice.Dict(client, "origin").update({"a": 1, "b": 2})
    lists = [over(client, f"own {i}") for i in range(4)]
    pairs = [coppice.Dict(client, f"own {i}", fallback="origin", fallback_policy="frozen") for i in range(4)]
    r = published()
    znsocket.List(r, "own 0").append(3)
    znsocket.List(r, "own 1").extend([3, 4])
    coppice.List(other, "own 2").reverse()
    znsocket.Dict(r, "own 0")["b"] = 3
    znsocket.Dict(r, "own 1").update({"c": 3})
    assert coppice.Dict(other, "own 2").pop("a") == 1
    assert [each[:] for each in lists] == [[1, 2, 3], [1, 2, 3, 4], [2, 1], [1, 2]]
    assert [dict(each) for each in pairs] == [
        {"a": 1, "b": 3}, {"a": 1, "b": 2, "c": 3}, {"b": 2}, {"a": 1, "b": 2}
    ]
    r.delete(lists[3].key)
    coppice.Dict(other, "own 3").clear()
    assert (lists[3][:], dict(pairs[3])) == ([], {})


def test_what_was_emptied_is_restored_to_what_it_read(client: coppice.Client) -> None:
    coppice.List(client, "origin").extend([1])
    own = over(client)
    before = client.commit("before")
    own.append(2)
    own.clear()
    own.restore(before)
    coppice.List(client, "origin").append(3)
    assert own[:] == [1, 3]


def test_the_past_and_branches_have_their_own(client: coppice.Client) -> None:
    coppice.List(client, "origin").extend([1])
    own = over(client)
    client.commit("before")
    client.tag("before")
    branch = client.branch("trial")
    trial = over(branch)
    trial.append("trial")
    own.append(2)
    coppice.List(client, "origin").append("later")
    assert (own[:], trial[:]) == ([1, 2], [1, "trial"])
    past = over(client.at("before"))
    assert past[:] == own.at("before")[:] == [1]
    with pytest.raises(FrozenStorageError):
        past.append(3)
    assert past.copy("of the past")[:] == [1]
    own.restore("before")
    assert own[:] == [1, "later"], "it reads through again"
    branch.close()


def test_copies_and_nested_objects(client: coppice.Client) -> None:
    inner = coppice.Dict(client, "inner")
    inner["x"] = 1
    coppice.List(client, "origin").extend([inner, 2])
    own = over(client)
    assert own[0] == {"x": 1}
    copied = own.copy("copied")
    assert copied[1:] == [2]
    with pytest.raises(ValueError, match="Could not copy list"):
        own.copy("copied")
    assert client.exists(own.key) == 0, "a copy is no write"


@pytest.mark.parametrize("owner_is_published", [True, False])
def test_a_fallback_may_be_an_adapter(client: coppice.Client, published: Open, owner_is_published: bool) -> None:
    """As ZnDraw's rooms have it: the default room is an adapter, others fall back to it."""
    package: Any = znsocket if owner_is_published else coppice
    owner = published() if owner_is_published else client
    package.ListAdapter("origin", owner, [1, 2, 3])
    package.DictAdapter("origin", owner, {"a": 1})
    own, pairs = over(client), coppice.Dict(client, "own", fallback="origin", fallback_policy="frozen")
    assert (own[:], own[-1], len(own), dict(pairs)) == ([1, 2, 3], 3, 3, {"a": 1})
    own[0] = "first"
    pairs["b"] = 2
    assert coppice.List(client, "own")[:] == ["first", 2, 3]
    assert dict(coppice.Dict(client, "own")) == {"a": 1, "b": 2}
    assert over(client, "copied", policy="copy")[:] == [1, 2, 3]


def test_refreshes_tell_of_the_own_key(client: coppice.Client, other: coppice.Client) -> None:
    coppice.List(client, "origin").extend([1, 2])
    heard: list[Any] = []
    coppice.List(other, "own").on_refresh(heard.append)
    over(client).append(3)
    assert eventually(lambda: heard == [{"indices": [2]}])


def test_each_command_is_one_message(client: coppice.Client, sent: list[Any]) -> None:
    coppice.List(client, "origin").extend([1, 2])
    own = over(client)
    steps: list[Callable[[], Any]] = [
        lambda: own[0], lambda: len(own), lambda: own[:], lambda: own.append(3), lambda: own[0]
    ]
    for step in steps:
        sent.clear()
        step()
        assert len(sent) == 1 + (step is steps[-1]), "and one more to read again where the first write has led"
