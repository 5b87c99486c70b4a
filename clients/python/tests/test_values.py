"""Values: the text that is stored, nested objects, converters, numbers that JSON has not."""
from __future__ import annotations

import json
import math
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import redis
import znjson

import coppice
from coppice.values import Codec

ODD = {"ü": [1, 2.5, None, True], "a": {"b": "\n\"\\\u2028😀"}, "": []}


def test_the_text_is_json_s_default(client: coppice.Client, plain: redis.Redis) -> None:
    coppice.List(client, "items").append(ODD)
    coppice.Dict(client, "pairs")["a"] = ODD
    assert plain.lrange("znsocket.List:items", 0, -1) == [json.dumps(ODD)]
    assert plain.hgetall("znsocket.Dict:pairs") == {"a": json.dumps(ODD)}


def test_what_others_wrote_is_read(client: coppice.Client, plain: redis.Redis) -> None:
    texts = ['{"a":1,"ü":[]}', '"znsocket.List:"', '"znsocket.Dict:x:y"', '"znsocket.Other:x"']
    plain.rpush("znsocket.List:items", *texts)
    items = coppice.List(client, "items")
    assert items[0] == {"a": 1, "ü": []}
    assert (items[1].key, items[2].key, items[3]) == ("znsocket.List:", "znsocket.Dict:x:y", "znsocket.Other:x")


def test_a_dict_may_have_an_error(client: coppice.Client) -> None:
    items = coppice.List(client, "items")
    items.append({"error": {"msg": "none", "type": "KeyError"}})
    assert items[0]["error"]["msg"] == "none"


def test_nested_objects_are_references(client: coppice.Client, plain: redis.Redis) -> None:
    inner, outer, pairs = coppice.List(client, "inner"), coppice.List(client, "outer"), coppice.Dict(client, "pairs")
    inner.append("x")
    outer.extend([inner, 1, pairs])
    pairs["items"] = inner
    outer[1] = inner
    outer.insert(0, pairs)
    assert plain.lrange(outer.key, 0, -1) == [f'"{each.key}"' for each in (pairs, inner, inner, pairs)]
    outer[1].append("y")
    assert (inner[:], pairs["items"][:]) == (["x", "y"], ["x", "y"])
    assert outer == [pairs, inner, inner, pairs]
    assert outer.index(pairs) == 0 and inner in outer
    assert outer.pop() == {"items": inner}
    assert coppice.List(client, "outer", repr_type="full").__repr__() == (
        "List(['znsocket.Dict:pairs', 'znsocket.List:inner', 'znsocket.List:inner'])"
    )
    outer[:] = [outer[0], 2, 3]
    assert outer[1:] == [2, 3]


def test_converters_hold_for_nested_objects(client: coppice.Client) -> None:
    converter = [znjson.converter.NumpyConverter, znjson.converter.PathlibConverter]
    items = coppice.List(client, "items", converter=converter)
    array = np.array([[1.0, np.nan], [np.inf, 2.0]])
    items.append(array)
    items.append({"path": pathlib.Path("a/b"), "arrays": [array]})
    np.testing.assert_array_equal(items[0], array)
    assert items[1]["path"] == pathlib.Path("a/b")
    np.testing.assert_array_equal(items[1]["arrays"][0], array)
    pairs = coppice.Dict(client, "pairs", converter=converter)
    pairs["items"] = items
    np.testing.assert_array_equal(pairs["items"][0], array)
    np.testing.assert_array_equal(items.copy("copied")[0], array)
    plain_items = coppice.List(client, "items")
    assert plain_items[0]["_type"] == "np.ndarray_b64"
    with pytest.raises(TypeError):
        plain_items.append(array)
    with pytest.raises(TypeError):
        items.append(object())


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not(client: coppice.Client, number: float) -> None:
    items, pairs = coppice.List(client, "items"), coppice.Dict(client, "pairs")
    writes: list[Callable[[], None]] = [
        lambda: items.append(number), lambda: items.extend([1, [number]]), lambda: pairs.update(a=number)
    ]
    for write in writes:
        with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
            write()
    assert (len(items), len(pairs)) == (0, 0)
    coppice.List(client, "items", convert_nan=True).extend([number, {"a": [number, 1]}])
    coppice.Dict(client, "pairs", convert_nan=True)["a"] = [number]
    assert (items[:], pairs["a"]) == ([None, {"a": [None, 1]}], [None])


def test_text_about_nan_stays_text() -> None:
    codec = Codec(None, convert_nan=True)
    for value in ("NaN", 'say "NaN, -Infinity"', "\\", ["\\\"NaN", {"Infinity": "-Infinity"}], 'x\\"'):
        assert json.loads(codec.encode(value)) == value
    assert codec.encode(["NaN", math.nan, "\\", -math.inf]) == '["NaN", null, "\\\\", null]'


def test_converters_and_nan_together(client: coppice.Client) -> None:
    items = coppice.List(client, "items", converter=[znjson.converter.NumpyConverterSmall], convert_nan=True)
    items.append(np.array([1.0, np.nan]))
    read: Any = coppice.List(client, "items")[0]
    assert read["value"] == [1.0, None]


def test_converters_need_znjson(client: coppice.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "znjson", None)
    coppice.List(client, "items").append(1)
    with pytest.raises(ImportError, match=r"pip install 'coppice\[znjson\]'"):
        Codec([int], convert_nan=False)
