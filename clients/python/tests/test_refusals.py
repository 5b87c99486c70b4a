"""What is refused, before anything is written, and what is said of it: the same by a server and in process."""
from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import coppice
import coppice.asyncio
from coppice import exceptions


@pytest.mark.parametrize(("word", "named"), [
    (None, "NoneType"), (True, "bool"), ([1], "list"), ({"a": 1}, "dict"), (object(), "object"), (np.int64(1), "int64"),
])
def test_words_that_no_command_carries(client: coppice.Client, word: Any, named: str) -> None:
    def watched() -> None:
        with client.pipeline() as pipe:
            pipe.watch("k")
            pipe.set("k", word)

    def queued(transaction: bool) -> coppice.Pipeline:
        pipe = client.pipeline(transaction)
        pipe.incr("n")
        pipe.set("k", word)
        return pipe

    ways: list[Callable[[], Any]] = [
        lambda: client.set("k", word), lambda: queued(True).execute(), watched, lambda: queued(False).execute(),
    ]
    for way in ways:
        with pytest.raises(exceptions.DataError) as refused:
            way()
        assert f" of type {named}: str, bytes, int and float are accepted" in str(refused.value)
        assert str(refused.value).startswith("SET cannot take ")
    assert client.dbsize() == 0


def test_words_by_asyncio(client: coppice.Client) -> None:
    async def ask() -> None:
        async with coppice.asyncio.Client(client.address) as asking:
            pipe = asking.pipeline()
            pipe.execute_command("SET", "k", None)
            for way in (asking.execute_command("SET", "k", None), pipe.execute()):
                with pytest.raises(exceptions.DataError, match=r"SET cannot take a word of type NoneType"):
                    await way

    asyncio.run(ask())


@pytest.mark.parametrize("key", [b"x", True, None, (1,), np.int64(1)], ids=repr)
def test_keys_of_a_dict_are_texts_and_numbers(client: coppice.Client, key: Any) -> None:
    """What a refresh cannot name is not written either."""
    pairs = coppice.Dict(client, "pairs")
    ways: list[Callable[[], Any]] = [
        lambda: pairs.__setitem__(key, 1), lambda: pairs[key], lambda: key in pairs, lambda: pairs.update({key: 1}),
        lambda: pairs.setdefault(key, 1), lambda: pairs.pop(key, None), lambda: pairs.__delitem__(key),
    ]
    for way in ways:
        with pytest.raises(exceptions.DataError, match=f"is a str, int or float, not of type {type(key).__name__}"):
            way()
    assert len(pairs) == 0


def test_numbers_as_keys_are_their_texts(client: coppice.Client) -> None:
    pairs = coppice.Dict(client, "pairs")
    pairs.update({1: "a", 1.5: "b", np.float64(2.5): "c"})
    assert pairs.keys() == ["1", "1.5", "2.5"] and pairs[np.float64(1.5)] == "b"  # type: ignore[index]


@pytest.mark.parametrize("policy", [None, "frozen", "copy"])
def test_fallbacks_that_are_none(client: coppice.Client, policy: Any) -> None:
    base = coppice.List(client, "base")
    base.append(1)
    for wrong in (base, 5, b"base"):
        with pytest.raises(TypeError, match=r"fallback is the key of a List, a str, not of type"):
            coppice.List(client, "l", fallback=wrong, fallback_policy=policy)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"'znsocket.List:l' cannot fall back to itself"):
        coppice.List(client, "l", fallback="l", fallback_policy=policy)


def test_what_collections_cannot_be_built_on(client: coppice.Client) -> None:
    origin = coppice.List(client, "origin")
    origin.append(1)
    made: list[Callable[[Any], Any]] = [
        lambda r: coppice.List(r, "l"), lambda r: coppice.Segments(r, origin, "s"), lambda r: coppice.Array(r, "a"),
        lambda r: coppice.Dict(r, "d", fallback="other"),
    ]
    for make in made:
        with pytest.raises(TypeError, match=r"cannot be built on a pipeline, whose replies come later"):
            make(client.pipeline())
        for wrong in (5, "http://localhost:5000", None):
            with pytest.raises(TypeError, match=f"is built on .*Redis, not on {type(wrong).__name__}"):
                make(wrong)


@pytest.mark.parametrize("key", [None, b"key", 5])
def test_keys_of_collections_are_texts(client: coppice.Client, key: Any) -> None:
    origin = coppice.List(client, "origin")
    kinds: list[Callable[[], Any]] = [
        lambda: coppice.List(client, key), lambda: coppice.Dict(client, key), lambda: coppice.Array(client, key),
        lambda: coppice.Segments(client, origin, key), lambda: coppice.ListAdapter(key, client, []),
    ]
    for make in kinds:
        with pytest.raises(TypeError, match=f"the key of .* is a str, not of type {type(key).__name__}"):
            make()
    with pytest.raises(TypeError, match="origin must be a List"):
        coppice.Segments(client, None, "k")  # type: ignore[arg-type]


def test_a_dict_on_a_pipeline_only_takes_writes(client: coppice.Client) -> None:
    pairs = coppice.Dict(client, "d")
    with client.pipeline() as pipe:
        queued = coppice.Dict(pipe, "d")
        queued["a"] = 1
        queued.update(b=2)
        del queued["none"]
        ways: list[Callable[[], Any]] = [
            lambda: queued["a"], lambda: len(queued), queued.items, lambda: queued.pop("a"),
            lambda: queued.copy("e"), lambda: queued.setdefault("c"), lambda: queued.restore("main"),
        ]
        for way in ways:
            with pytest.raises(TypeError, match=r"on a pipeline only takes writes"):
                way()
        assert len(pairs) == 0
        pipe.execute()
    assert dict(pairs) == {"a": 1, "b": 2}


@pytest.mark.parametrize("ref", [None, 3, b"main"])
def test_references_are_texts(client: coppice.Client, ref: Any) -> None:
    """Of None nobody knows whether it means the present."""
    items = coppice.List(client, "l")
    items.append(1)
    collections: list[Any] = [client, coppice.asyncio.Client("memory://"), items, coppice.Dict(client, "d"),
                   coppice.Segments(client, items, "s"), coppice.Array(client, "a")]
    for each in collections:
        with pytest.raises(TypeError, match=f"a reference to a version is a str, .* not of type {type(ref).__name__}"):
            each.at(ref)


def test_an_address_is_a_text_or_a_path() -> None:
    kinds: list[Any] = [coppice.Client, coppice.asyncio.Client]
    for kind in kinds:
        with pytest.raises(TypeError, match=r"an address is a str, .* or a path, not of type NoneType"):
            kind(None)


def test_a_version_that_is_not_there(client: coppice.Client) -> None:
    """The server's words, without the pipeline that a method is made of."""
    kinds: list[Any] = [coppice.List(client, "l"), coppice.Dict(client, "d")]
    kinds[0].append(1)
    kinds += [coppice.Segments(client, kinds[0], "s"), coppice.Array.from_numpy(client, "a", [1])]
    for each in kinds:
        with pytest.raises(exceptions.ResponseError, match=r"^no version 'nix': no branch, tag or commit is called so"):
            each.restore("nix")
    client.set("znsocket.Dict:text", "x")
    with pytest.raises(exceptions.ResponseError, match=r"^WRONGTYPE"):
        coppice.Dict(client, "text").pop("a")


@pytest.mark.parametrize("method", ["at", "copy", "history", "restore"])
def test_every_kind_has_its_versions(method: str) -> None:
    for kind in (coppice.List, coppice.Dict, coppice.Segments, coppice.Array, coppice.Dataset):
        assert callable(getattr(kind, method))
    ours = {name for name in vars(coppice.Client) if not name.startswith("_")}
    awaited = set(dir(coppice.asyncio.Client))
    assert {"at", "branch", "commit", "diff", "log", "on", "reflog", "rewind", "tag", "tags"} <= ours & awaited


@pytest.mark.parametrize(("address", "told"), [
    ("https://localhost:5000", "speaks no TLS"), ("rediss://localhost", "speaks no TLS"),
    ("ftp://localhost", "a server is"), ("http://", "a server is"), ("coppice://localhost:many", "a port is a number"),
    ("http://localhost:5000?password=secret", "nothing is read behind"),
])
def test_addresses_that_are_none(address: str, told: str) -> None:
    for connect in (coppice.Client, coppice.asyncio.Client):
        with pytest.raises(ValueError, match=rf"Invalid address '{re.escape(address)}': .*{told}.*coppice://.*memory://"):
            connect(address)
