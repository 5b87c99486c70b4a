"""Objects of one program that others read as lists and dicts, whichever package either of them uses."""
from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import redis
import znjson
import znsocket
from conftest import Open, eventually

import coppice
from coppice.exceptions import FrozenStorageError, ZnSocketError

CONVERTER = [znjson.converter.NumpyConverter]


@pytest.fixture(params=["ours by ours", "ours by theirs", "theirs by ours", "in one client"])
def pair(request: pytest.FixtureRequest, client: coppice.Client, other: coppice.Client, published: Open) -> Any:
    """The package and client of an owner, and those of a reader."""
    pairs: dict[str, Callable[[], Any]] = {
        "ours by ours": lambda: (coppice, client, coppice, other),
        "ours by theirs": lambda: (coppice, client, znsocket, published()),
        "theirs by ours": lambda: (znsocket, published(), coppice, other),
        "in one client": lambda: (coppice, client, coppice, client),
    }
    return pairs[request.param]()


def test_a_list_is_read_through_its_adapter(pair: Any) -> None:
    owning, owner, reading, reader = pair
    adapter = owning.ListAdapter("k", owner, [10, {"a": [None]}, "thirty"])
    assert adapter.key == "znsocket.List:k"
    items = reading.List(reader, "k")
    assert (len(items), items[0], items[-1], items[1:], items[::2]) == (
        3, 10, "thirty", [{"a": [None]}, "thirty"], [10, "thirty"]
    )
    assert list(items) == [10, {"a": [None]}, "thirty"]
    assert ("thirty" in items, items.index(10), items == [10, {"a": [None]}, "thirty"]) == (True, 0, True)
    with pytest.raises(IndexError):
        items[3]
    if reading is coppice:
        assert (items[::-1], items[2:0:-2], items[-2:], items[5:]) == (
            ["thirty", {"a": [None]}, 10], ["thirty"], [{"a": [None]}, "thirty"], []
        )
        assert (items[[2, 0]], items.count(10), next(reversed(items))) == (["thirty", 10], 1, "thirty")
        items.repr_type = "full"
        assert repr(items) == "List([10, {'a': [None]}, 'thirty'])"


def test_a_dict_is_read_through_its_adapter(pair: Any) -> None:
    owning, owner, reading, reader = pair
    owning.DictAdapter("k", owner, {"a": 1, "b": [2], "c": "x"})
    pairs = reading.Dict(reader, "k")
    assert (len(pairs), pairs["b"], pairs.get("c"), "a" in pairs, "z" in pairs) == (3, [2], "x", True, False)
    assert (list(pairs), pairs.keys(), pairs.values()) == (["a", "b", "c"], ["a", "b", "c"], [1, [2], "x"])
    assert (dict(pairs.items()), dict(pairs)) == ({"a": 1, "b": [2], "c": "x"},) * 2
    with pytest.raises(KeyError, match="z"):
        pairs["z"]
    if reading is coppice:
        assert pairs.get("z", 5) == 5
        assert repr(pairs) == "Dict(keys=['a', 'b', 'c'])"


@pytest.mark.parametrize("write", [
    lambda items, pairs: items.append(1),
    lambda items, pairs: items.extend([1]),
    lambda items, pairs: items.insert(0, 1),
    lambda items, pairs: items.__setitem__(0, 1),
    lambda items, pairs: items.__delitem__(0),
    lambda items, pairs: items.pop(),
    lambda items, pairs: items.clear(),
    lambda items, pairs: items.reverse(),
    lambda items, pairs: items.remove(1),
    lambda items, pairs: items.restore("main"),
    lambda items, pairs: pairs.__setitem__("a", 1),
    lambda items, pairs: pairs.__delitem__("a"),
    lambda items, pairs: pairs.update(a=1),
    lambda items, pairs: pairs.setdefault("a", 1),
    lambda items, pairs: pairs.pop("a"),
    lambda items, pairs: pairs.clear(),
])
def test_writes_are_refused(client: coppice.Client, other: coppice.Client, write: Callable[[Any, Any], Any]) -> None:
    coppice.ListAdapter("k", client, [1, 2])
    coppice.DictAdapter("k", client, {"a": 1})
    items, pairs = coppice.List(other, "k"), coppice.Dict(other, "k")
    with pytest.raises(FrozenStorageError, match="is frozen and cannot be modified"):
        write(items, pairs)
    assert (items[:], dict(pairs), client.dbsize()) == ([1, 2], {"a": 1}, 0)


def test_a_copy_is_stored(pair: Any, plain: redis.Redis) -> None:
    owning, owner, reading, reader = pair
    owning.ListAdapter("k", owner, [1, 2])
    owning.DictAdapter("k", owner, {"a": 1})
    assert reading.List(reader, "k").copy("list copy")[:] == [1, 2]
    assert dict(reading.Dict(reader, "k").copy("dict copy")) == {"a": 1}
    assert plain.lrange("znsocket.List:list copy", 0, -1) == ["1", "2"]
    if owning is reading is coppice:
        with pytest.raises(ValueError, match="Could not copy list"):
            reading.List(reader, "k").copy("list copy")
        owning.ListAdapter("taken", owner, [])
        with pytest.raises(KeyError, match="Adapter already registered"):
            reading.List(reader, "k").copy("taken")


def test_who_was_first_has_the_key(client: coppice.Client, other: coppice.Client, published: Open) -> None:
    for opened in (coppice.List(other, "k"), znsocket.List(published(), "k2")):
        with pytest.raises(KeyError, match="already exists in storage"):
            coppice.ListAdapter(opened.key.partition(":")[2], client, [1])
        assert len(opened) == 0
    coppice.ListAdapter("mine", client, [1])
    coppice.ListAdapter("mine", client, [2])
    assert coppice.List(other, "mine")[:] == [2], "nobody had opened it"
    with pytest.raises(KeyError, match="already exists in storage"):
        coppice.ListAdapter("mine", client, [3])
    assert coppice.List(other, "mine")[:] == [2], "the one before stays"


def test_nested_objects_are_opened_when_they_are_used(
    client: coppice.Client, other: coppice.Client, plain: redis.Redis
) -> None:
    coppice.List(client, "outer").extend([coppice.List(plain, "used"), coppice.List(plain, "not used")])
    used, not_used = coppice.List(other, "outer")
    assert len(used) == 0
    with pytest.raises(KeyError):
        coppice.ListAdapter("used", client, [1])
    coppice.ListAdapter("not used", client, [1])
    assert not_used[:] == [1]


def test_rows_of_arrays(pair: Any) -> None:
    owning, owner, reading, reader = pair
    rows = np.arange(6.0).reshape(3, 2)
    owning.ListAdapter("k", owner, rows, converter=CONVERTER)
    items = reading.List(reader, "k", converter=CONVERTER)
    assert len(items) == 3
    assert np.array_equal(items[1], rows[1])
    assert np.array_equal(items[1:], rows[1:])
    assert np.array_equal(list(items), rows)


def test_numbers_of_arrays_need_no_converter(client: coppice.Client, other: coppice.Client) -> None:
    coppice.ListAdapter("k", client, np.arange(3))
    coppice.DictAdapter("k", client, {"n": np.int64(7), "x": np.float32(0.5)})
    assert coppice.List(other, "k")[:] == list(coppice.List(other, "k")) == [0, 1, 2]
    assert dict(coppice.Dict(other, "k")) == {"n": 7, "x": 0.5}


def test_nan_is_converted_where_that_was_asked_for(client: coppice.Client, other: coppice.Client) -> None:
    coppice.ListAdapter("k", client, [float("nan")], convert_nan=True)
    assert coppice.List(other, "k")[0] is None
    coppice.ListAdapter("strict", client, [float("nan")])
    with pytest.raises(ValueError, match="not JSON compliant"):
        coppice.List(other, "strict")[0]


def as_dict(item: Any, key: str, socket: Any, converter: Any, convert_nan: bool) -> Any:
    package: Any = coppice if isinstance(socket, coppice.Client) else znsocket
    return package.DictAdapter(key, socket, {"value": item}, converter, convert_nan)


def test_a_transform_makes_adapters_of_elements(pair: Any) -> None:
    owning, owner, reading, reader = pair
    owning.ListAdapter("k", owner, [5, 6], item_transform_callback=as_dict)
    items = reading.List(reader, "k")
    for _ in range(2):
        assert [dict(each) for each in items] == [{"value": 5}, {"value": 6}]
    assert items[1].key == "znsocket.Dict:znsocket.List:k:1"
    assert items[1]["value"] == 6


def test_a_transform_may_return_values_and_collections(client: coppice.Client, other: coppice.Client) -> None:
    stored = coppice.List(client, "stored")
    stored.append("s")

    def transform(item: Any, key: str, **_: Any) -> Any:
        if item == 0:
            raise ValueError("not this one")
        return stored if item == 1 else item * 10

    coppice.ListAdapter("k", client, [0, 1, 2], transform)
    items = coppice.List(other, "k")
    assert (items[1], items[2], items[1:]) == (["s"], 20, [1, 2])
    with pytest.raises(ZnSocketError, match="Failed to transform item at index 0: not this one"):
        items[0]


def test_a_transform_is_made_once_for_many_readers(address: str, client: coppice.Client) -> None:
    coppice.ListAdapter("k", client, list(range(5)), item_transform_callback=as_dict)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            with coppice.Client(address) as mine:
                assert [each["value"] for each in coppice.List(mine, "k")] == list(range(5))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []


def test_an_owner_may_use_its_client_while_it_answers(client: coppice.Client, other: coppice.Client) -> None:
    """Three adapters of one client, each of which reads the next, through the server."""
    class Reads(list[Any]):
        def __init__(self, key: str) -> None:
            super().__init__([0])
            self.key = key

        def __getitem__(self, index: Any) -> Any:
            client.incr("reads")
            return coppice.List(client, self.key)[index] + 1

    coppice.ListAdapter("a", client, [1])
    coppice.ListAdapter("b", client, Reads("a"))
    coppice.ListAdapter("c", client, Reads("b"))
    assert coppice.List(client, "c")[0] == coppice.List(other, "c")[0] == 3
    assert client.get("reads") == "4"


def test_an_owner_that_goes_is_told_of(address: str, other: coppice.Client) -> None:
    owner = coppice.Client(address)
    coppice.ListAdapter("k", owner, [1])
    items = coppice.List(other, "k")
    assert items[0] == 1
    owner.close()
    assert eventually(lambda: other.call("adapter_exists", key="znsocket.List:k") is False)
    with pytest.raises(KeyError, match=r"Key znsocket\.List:k does not exist in storage"):
        items[0]


def test_what_an_owner_cannot_say_is_an_error(client: coppice.Client, other: coppice.Client, published: Open) -> None:
    class Odd(dict[Any, Any]):
        def keys(self) -> Any:
            raise TypeError("no keys today")

    coppice.DictAdapter("k", client, Odd(a={1, 2}))
    pairs = coppice.Dict(other, "k")
    with pytest.raises(TypeError, match="no keys today"):
        pairs.keys()
    with pytest.raises(TypeError, match="not JSON serializable"):
        pairs["a"]
    with pytest.raises(TypeError, match="not JSON serializable"):
        znsocket.Dict(published(), "k")["a"]
    raw = other.call("adapter:get", key="znsocket.Dict:k", method="nonsense")
    assert raw == {"error": {"msg": "Method nonsense not implemented", "type": "NotImplementedError"}}


def test_callbacks_may_answer_themselves(client: coppice.Client, other: coppice.Client, published: Open) -> None:
    asked: list[Any] = []

    def answer(question: list[Any]) -> Any:
        asked.append(question)
        return json.dumps({"here": True})

    assert client.call("register_adapter", key="znsocket.List:k") is True
    client.register_adapter_callback("znsocket.List:k", answer)
    assert other.call("check_adapter", key="znsocket.List:k") is True
    assert coppice.List(other, "k")[4] == znsocket.List(published(), "k")[4] == {"here": True}
    assert asked == 2 * [[[], {"key": "znsocket.List:k", "method": "__getitem__", "index": 4}]]
    with pytest.raises(KeyError):
        other.call("register_adapter", key="znsocket.List:k")


def test_the_past_has_no_adapters(client: coppice.Client, other: coppice.Client) -> None:
    client.rpush("znsocket.List:stored", "1")
    client.commit("one")
    coppice.ListAdapter("stored", client, [2])
    items = coppice.List(other, "stored")
    assert (items[:], items.at("main~0")[:]) == ([2], [1])
