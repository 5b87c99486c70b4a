"""ZnSocket's published List and Dict and ours are one: the same answers, the same bytes, each reads the other's.

Both work on our server over a plain redis-py client, each scenario in a database of its own.
"""
from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import redis
import znjson
import znsocket
from harness import Server

import coppice

API = Any  # a module with List and Dict
Scenario = Callable[[API, Any], list[Any]]
NUMPY = [znjson.converter.NumpyConverter]


def raised(action: Callable[[], Any]) -> tuple[str, str]:
    """The type and text of what it raises."""
    try:
        action()
    except Exception as error:
        return type(error).__name__, str(error)
    return "nothing", ""


def lists(api: API, r: Any) -> list[Any]:
    items = api.List(r, "items")
    answers: list[Any] = [len(items), items[:], items == []]
    items.extend([1, "two", None, {"a": [1.5, True]}, "ü"])
    items.append("last")
    items.insert(0, "first")
    items.insert(100, "end")
    items.insert(3, "middle")
    answers += [items[:], items[::-1], items[-3:], items[7:1:-2], items[[0, -1]], items[1:1], len(items)]
    items[0] = "FIRST"
    items[-1] = ["END"]
    items[1:4:2] = ["a", "b"]
    items[[2, -3]] = ["c", "d"]
    answers += [list(items), items.pop(), items.pop(0), items.pop(-2), items[:]]
    del items[0]
    del items[-1]
    del items[0:3:2]
    answers += [items[:], "ü" in items, items.index("ü") if "ü" in items else None, items.count("c")]
    items.reverse()
    items += ["x", "y"]
    items.remove("x")
    answers += [items[:], repr(items), repr(api.List(r, "items", repr_type="full")),
                repr(api.List(r, "items", repr_type="minimal")), items.key]
    answers += [items.copy("copied")[:], api.List(r, "copied") == items, items == items[:], items != ["y"]]
    return answers


def list_errors(api: API, r: Any) -> list[Any]:
    items = api.List(r, "items")
    answers = [raised(lambda: items.copy("none")), raised(lambda: items[0]), raised(lambda: items.pop()),
               raised(lambda: items.__delitem__(0))]
    items.extend([1, 2, 3])
    items.copy("taken")
    return [
        *answers,
        raised(lambda: items[3]),
        raised(lambda: items[[0, -4]]),
        raised(lambda: items.__setitem__(3, 0)),
        raised(lambda: items.__setitem__(slice(0, 2), [1, 2, 3])),
        raised(lambda: items.__setitem__([0], [1, 2])),
        raised(lambda: items.pop(3)),
        raised(lambda: items.append(items)),
        raised(lambda: items.insert(0, items)),
        raised(lambda: items.copy("taken")),
        raised(lambda: items.on_refresh(print)),
        raised(lambda: repr(api.List(r, "items", repr_type="loud"))),
        raised(lambda: items.append(float("nan"))),
        raised(lambda: items.append({1, 2})),
        items[:],
    ]


def dicts(api: API, r: Any) -> list[Any]:
    pairs = api.Dict(r, "pairs")
    answers: list[Any] = [len(pairs), pairs.keys(), pairs.items()]
    pairs["b"] = 1
    pairs["a"] = {"deep": [None, "ü"]}
    pairs[5] = "five"
    pairs.update({"c": 2.5, "b": "again"})
    pairs.update(d=False)
    answers += [pairs.keys(), pairs.values(), pairs.items(), pairs["5"], pairs.get("none"), pairs.get("none", 3),
                "a" in pairs, "z" in pairs, len(pairs), list(pairs), pairs == dict(pairs), pairs | {"z": 1}]
    del pairs["a"]
    answers += [pairs.pop("b"), pairs.pop("b", 7), pairs.setdefault("c", 8), pairs.setdefault("e", [9])]
    answers += [pairs.popitem(), repr(pairs), repr(api.Dict(r, "pairs", repr_type="full")),
                repr(api.Dict(r, "pairs", repr_type="minimal")), pairs.key, pairs.copy("copied").items()]
    return answers


def dict_errors(api: API, r: Any) -> list[Any]:
    pairs = api.Dict(r, "pairs")
    pairs["a"] = 1
    return [
        raised(lambda: pairs["z"]),
        raised(lambda: pairs.__delitem__("z")),
        raised(lambda: pairs.pop("z")),
        raised(lambda: pairs.__setitem__("me", pairs)),
        raised(lambda: pairs.update({"me": pairs})),
        raised(lambda: pairs.update({}, {})),
        raised(lambda: pairs.update([("a", 1)]))[0],
        raised(lambda: pairs.__setitem__(None, 1))[0],
        raised(lambda: api.Dict(r, "none").copy("copied")),
        raised(lambda: repr(api.Dict(r, "pairs", repr_type="loud"))),
        pairs.items(),
    ]


def nested(api: API, r: Any) -> list[Any]:
    inner, outer, pairs = api.List(r, "inner"), api.List(r, "outer"), api.Dict(r, "pairs")
    inner.extend(["x", "y"])
    outer.append(inner)
    outer.extend([pairs, 1])
    outer.insert(1, inner)
    outer[-1] = pairs
    pairs["inner"] = inner
    pairs.update({"outer": outer})
    outer[0].append("z")
    pairs["outer"][1][0] = "X"
    return [inner[:], outer[0][:], len(outer), outer[2]["inner"][:], [type(each).__name__ for each in outer],
            outer[0].key, pairs["outer"].key, [type(each).__name__ for each in pairs.values()], inner == outer[0],
            repr(api.List(r, "outer", repr_type="full"))]


def values(api: API, r: Any) -> list[Any]:
    items = api.List(r, "items", converter=NUMPY)
    items.append(np.arange(6.0).reshape(2, 3))
    items.extend([{"array": np.array([1, 2])}, "text"])
    pairs = api.Dict(r, "pairs", convert_nan=True)
    pairs["nan"] = [float("nan"), float("-inf"), 1]
    raw = api.List(r, "items")
    return [items[0].tolist(), items[1]["array"].tolist(), items[2], raw[0], raw[1], pairs["nan"],
            raised(lambda: raw.append(np.array([1])))]


def callbacks(api: API, r: Any) -> list[Any]:
    heard: list[Any] = []

    def listener(name: str) -> Callable[..., None]:
        return lambda *what: heard.append((name, *what))

    of_dicts = {name: listener(name) for name in ("setitem", "delitem")}
    items = api.List(r, "items", callbacks={"append": listener("append"), "insert": listener("insert"), **of_dicts})
    pairs = api.Dict(r, "pairs", callbacks=of_dicts)
    items.append(1)
    items.extend([2, 3])
    items.insert(0, 0)
    items[0] = 5
    items[0:2] = [6, 7]
    del items[0]
    del items[0:2]
    items.pop()
    pairs["a"] = 1
    pairs.update(b=2)
    pairs["list"] = items
    del pairs["a"]
    pairs.clear()
    pairs["last"] = None
    return heard


def fallbacks(api: API, r: Any) -> list[Any]:
    api.List(r, "origin").extend([1, 2])
    api.Dict(r, "origin")["a"] = 1
    items = api.List(r, "own", fallback="origin", fallback_policy="copy")
    pairs = api.Dict(r, "own", fallback="origin", fallback_policy="copy")
    items.append(3)
    pairs["b"] = 2
    again = api.List(r, "own", fallback="origin", fallback_policy="copy")
    return [items[:], pairs.items(), again[:], api.List(r, "origin")[:]]


def segments(api: API, r: Any) -> list[Any]:
    origin = api.List(r, "origin")
    origin.extend([{"n": number} for number in range(6)])
    own = api.Segments.from_list(origin, "own")
    answers: list[Any] = [own.key, len(own), list(own), own.get_raw(), own[2], own[-1], own[1:4]]
    own[2] = "x"
    own[0] = "y"
    own[5] = ["z"]
    del own[1]
    own.insert(0, "first")
    own.insert(len(own), "end")
    own.insert(2, "middle")
    own.append("last")
    own.extend([1, 2.5])
    answers += [list(own), len(own), own.pop(), own.pop(0), own[3:], own[[1, 2]], "x" in own, own.index("x")]
    own.remove("x")
    own += ["more"]
    own.reverse()
    answers += [list(own), raised(lambda: own[40]), raised(lambda: own.__setitem__(40, 1)), list(origin)]
    answers += [raised(lambda: own.__delitem__(40)), raised(lambda: own.insert(99, 1))]
    answers.append(raised(lambda: api.Segments(r, [1, 2], "wrong")))
    return answers


SCENARIOS: list[Scenario] = [lists, list_errors, dicts, dict_errors, nested, values, callbacks, fallbacks]


def stored(r: redis.Redis) -> dict[str, Any]:
    """All that is there, as it is stored."""
    return {
        key: r.hgetall(key) if r.type(key) == "hash" else r.lrange(key, 0, -1) for key in sorted(r.scan_iter())
    }


def reading(api: API, r: Any) -> list[Any]:
    """What an API reads of all that is there."""
    found: list[Any] = []
    for key in sorted(r.scan_iter()):
        prefix, _, name = key.partition(":")
        each = getattr(api, prefix.removeprefix("znsocket."))(r, name, repr_type="full")
        found.append((key, repr(each), len(each)))
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.__name__))
def test_both_are_one(server: Server, client: coppice.Client, scenario: Scenario) -> None:
    apis: list[ModuleType] = [znsocket, coppice]
    clients = [redis.Redis(port=server.port, db=db, decode_responses=True) for db in (1, 2)]
    theirs, ours = (scenario(api, r) for api, r in zip(apis, clients, strict=True))
    assert ours == theirs
    assert stored(clients[1]) == stored(clients[0]) != {}
    for r in clients:
        assert reading(coppice, r) == reading(znsocket, r)


def test_segments_answer_alike(server: Server, client: coppice.Client) -> None:
    """They are stored otherwise: ours are the server's."""
    apis: list[ModuleType] = [znsocket, coppice]
    clients = [redis.Redis(port=server.port, db=db, decode_responses=True) for db in (1, 2)]
    theirs, ours = (segments(api, r) for api, r in zip(apis, clients, strict=True))
    assert ours == theirs
    for r in clients:
        both = [list(api.Segments(r, api.List(r, "origin"), "own")) for api in apis]
        assert both[0] == both[1]


def test_ours_runs_on_our_client_too(address: str) -> None:
    """And answers what it does on a plain redis-py client, but that there is a socket."""
    with coppice.Client(address, db=1) as own:
        for scenario in (lists, dicts, nested, values, callbacks, fallbacks, segments):
            own.flushall()
            on_own = scenario(coppice, own)
            own.flushall()
            plain = redis.Redis(port=own.connection_pool.connection_kwargs["port"], db=1, decode_responses=True)
            assert scenario(coppice, plain) == on_own
