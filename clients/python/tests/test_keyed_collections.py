"""coppice.Map and coppice.Set are a dict and a set of which every version stays."""
from __future__ import annotations

import copy
import gc
import itertools
import operator
import os
import pickle
import random
import sys
import weakref
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import pytest

import coppice
from coppice import Map, Set, Text, Vector
from coppice.collections import Conflict, EntryChange, MemberChange
from coppice.exceptions import ConflictError

SEED = int(os.environ.get("COPPICE_SEED") or random.randrange(2**32))


@pytest.fixture
def rng() -> random.Random:
    print(f"COPPICE_SEED={SEED}")
    return random.Random(SEED)


class Meeting:
    """A key whose hash meets that of others."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Meeting) and self.value == other.value

    def __hash__(self) -> int:
        return self.value % 3


def key(rng: random.Random) -> Any:
    kinds: list[Any] = [str, int, float, Meeting]
    return rng.choice(kinds)(rng.randrange(60))


@pytest.mark.parametrize("steps", [400])
def test_every_map_stays_what_it_was(rng: random.Random, steps: int) -> None:
    history: list[tuple[Map[Any, Any], dict[Any, Any]]] = [(Map(), {})]
    for _ in range(steps):
        m, model = rng.choice(history[-8:])
        changed, at, value = dict(model), key(rng), rng.randrange(5)
        kind = rng.randrange(6)
        if kind == 0:
            changed.pop(at, None)
            m = m.discard(at)
        elif kind == 1:
            other, other_model = rng.choice(history)
            m, changed = m | other, model | other_model
        elif kind == 2:
            with m.edit() as edit:
                for _ in range(rng.randrange(80)):
                    at = key(rng)
                    assert (at in edit, edit.get(at), len(edit)) == (at in changed, changed.get(at), len(changed))
                    if at in changed:
                        del edit[at], changed[at]
                    else:
                        edit[at] = changed[at] = value
            m = edit.value
        elif kind == 3:
            added = {key(rng): value for _ in range(5)}
            changed.update(added)
            m = m.update(added)
        else:
            changed[at] = value
            m = m.set(at, value)
        history.append((m, changed))
        other, other_model = rng.choice(history)
        assert (m == other) == (changed == other_model)
        made = dict(changed)
        for change in coppice.diff(m, other):
            assert change.before == changed.get(change.key) and change.after == other_model.get(change.key)
            if change.kind == "removed":
                del made[change.key]
            else:
                assert (change.kind == "changed") == (change.key in made)
                made[change.key] = change.after
        assert made == other_model
    for m, model in history:
        assert m == model == dict(m) == dict(m.items()) and len(m) == len(model) and hash(m) == hash(Map(model))
        assert set(m.keys()) == model.keys() and sorted(m.values()) == sorted(model.values())
        assert all(m[each] == model[each] and each in m for each in model)


def test_every_set_stays_what_it_was(rng: random.Random) -> None:
    history: list[tuple[Set[Any], frozenset[Any]]] = [(Set(), frozenset())]
    for _ in range(400):
        (s, model), (other, other_model) = rng.choice(history[-8:]), rng.choice(history)
        at = key(rng)
        changed: list[tuple[Set[Any], frozenset[Any]]] = [
            (s.add(at), model | {at}), (s.discard(at), model - {at}), (s | other, model | other_model),
            (s & other, model & other_model), (s - other, model - other_model), (s ^ other_model, model ^ other_model),
            (s.update(map(str, range(9))), model | set(map(str, range(9)))),
        ]
        history.append(rng.choice(changed))
        assert (s <= other, s < other, s >= other, s > other, s == other) == (
            model <= other_model, model < other_model, model >= other_model, model > other_model, model == other_model)
        changes = list(coppice.diff(s, other))
        assert {each.element for each in changes if each.kind == "added"} == other_model - model
        assert {each.element for each in changes if each.kind == "removed"} == model - other_model
        third, third_model = history[-1]
        assert coppice.merge(s, other, third) == (other_model | third_model - model) - (model - third_model)
    for s, model in history:
        assert s == model and hash(s) == hash(model) and set(s) == model and len(s) == len(model)


def test_they_are_mappings_and_sets() -> None:
    m = Map({"a": 1}, b=2)
    assert isinstance(m, Mapping) and m == {"a": 1, "b": 2} == Map([("a", 1), ("b", 2)]) and m != {"a": 1}
    assert repr(Map(a=1)) == "Map({'a': 1})" and Map(m) is m and copy.copy(m) is m and m.get("c", 3) == 3
    assert {"c": 3} | m == {"a": 1, "b": 2, "c": 3} and m | {"a": 0} == {"a": 0, "b": 2} and m.discard("c") is m
    assert ("a", 1) in m.items() and m.keys() & {"a", "z"} == {"a"} and {m: 1}[Map(b=2, a=1)] == 1
    s = Set("ab")
    assert isinstance(s, AbstractSet) and s == {"a", "b"} and s.isdisjoint("cd")
    assert {frozenset("ab"): 1}[s] == 1  # type: ignore[index]
    assert repr(Set([1])) == "Set([1])" and {"c"} | s == {"a", "b", "c"} and Set(s) is s and s.remove("a") == {"b"}
    with s.edit() as edit:
        edit.update("xyz")
        edit.discard("x")
        edit.add("w")
    assert edit.value == set("abyzw")
    deep: Map[str, list[int]] = copy.deepcopy(Map(a=[1]))
    assert deep == {"a": [1]} and copy.deepcopy(s) == s


@pytest.mark.parametrize("wrong, error, text", [
    (lambda m: m["b"], KeyError, "'b'"),
    (lambda m: m.remove("b"), KeyError, "'b'"),
    (lambda m: m.edit().__delitem__("b"), KeyError, "'b'"),
    (lambda m: m[[]], TypeError, "unhashable type: 'list'"),
    (lambda m: m.set([], 1), TypeError, "unhashable"),
    (lambda m: hash(m.set("b", [])), TypeError, "unhashable"),
    (lambda m: type(m)([1]), TypeError, "Map takes a mapping, or pairs"),
    (lambda m: type(m)([(1, 2, 3)]), ValueError, r"pairs of key and value, not \(1, 2, 3\)"),
    (lambda m: m | [1], TypeError, "unsupported operand"),
    (lambda m: m < m, TypeError, "'<' not supported"),
    (lambda m: m._diff({}), TypeError, "diff takes a Map, not dict"),
    (lambda m: coppice.merge(m, m, {}), TypeError, "not Map, Map and dict"),
    (lambda m: Set([[]]), TypeError, "unhashable"),
    (lambda m: Set().remove(1), KeyError, "1"),
    (lambda m: operator.or_(Set(m), [1]), TypeError, "unsupported operand"),
])
def test_what_is_wrong_is_named(wrong: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        list(wrong(Map(a=1)))


def test_what_a_comparison_raises_comes_through() -> None:
    class Unwilling:
        def __hash__(self) -> int:
            return hash("a")

        def __eq__(self, other: object) -> bool:
            raise OSError("no")

    m: Map[Any, Any] = Map(a=1)
    for ask in (lambda: m[Unwilling()], lambda: m.set(Unwilling(), 2), lambda: Unwilling() in m,
                lambda: m.edit().update({Unwilling(): 1})):
        with pytest.raises(OSError, match="no"):
            ask()
    assert m == {"a": 1}


def test_merges() -> None:
    base: Map[str, int] = Map(a=1, b=2, c=3)
    ours, theirs = base.set("a", 10).remove("c"), base.set("b", 20).set("d", 4)
    assert coppice.merge(base, ours, theirs) == {"a": 10, "b": 20, "d": 4}
    other = base.set("a", 11)
    with pytest.raises(ConflictError) as raised:
        coppice.merge(base, ours, other)
    assert raised.value.conflict == Conflict("a", 1, 10, 11)
    assert coppice.merge(base, ours, other, lambda met: met.ours + met.theirs)["a"] == 21
    assert "a" not in coppice.merge(base, ours, other, lambda met: None)
    assert list(coppice.diff(base, other)) == [EntryChange("changed", "a", 1, 11)]
    assert list(coppice.diff(Set("a"), Set())) == [MemberChange("removed", "a")]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(protocol: int) -> None:
    m, s = Map({i: str(i) for i in range(500)}), Set(range(500))
    assert pickle.loads(pickle.dumps((m, s), protocol)) == (m, s)


@pytest.mark.parametrize("wrap", [lambda held: Vector([held]), lambda held: Map({0: held}), lambda held: (held,),
                                  lambda held: Vector([(held, 1)])])
def test_what_is_nested_too_deeply_is_an_error(wrap: Callable[[Any], Any]) -> None:
    """A chain that no stack holds: it ends no program, whatever goes down in it."""
    one, other = wrap(1), wrap(2)
    for _ in range(100_000):
        one, other = wrap(one), wrap(other)
    one, other = Vector([one]), Vector([other])
    if not isinstance(one[0], tuple):  # newer Pythons alone count how deep a tuple's hash goes
        with pytest.raises(RecursionError):
            hash(one)
    deep: list[Callable[[], Any]] = [
        lambda: one == other, lambda: repr(one), lambda: list(coppice.diff(one, other)), lambda: other[0] in one,
        lambda: pickle.dumps(one), lambda: copy.deepcopy(one), lambda: coppice.merge(one, other, one)]
    for goes_down in deep:
        with pytest.raises(RecursionError):
            goes_down()
    gc.collect()


def test_what_was_hashed_while_it_was_built_is_hashed_at_any_depth() -> None:
    chain: Any = Vector()
    for _ in range(10_000):
        chain = Map({chain: Set([Vector([chain])])})
        hash(chain)
    assert chain in Set([chain])


class NamedVector(Vector[Any]):
    name: Any

    def __new__(cls, values: Any, name: Any) -> NamedVector:
        made = super().__new__(cls, values)
        made.name = name
        return made


class NumberedVector(NamedVector):
    __slots__ = ("missing", "number")
    number: int
    missing: int


class NamedMap(Map[Any, Any]):
    name: Any


class NamedSet(Set[Any]):
    name: Any


class SlottedText(Text):
    __slots__ = ("name",)
    name: Any


class Kept(NamedSet):
    """Says itself what is kept of it."""

    def __getstate__(self) -> list[Any]:
        return [self.name]

    def __setstate__(self, state: list[Any]) -> None:
        (self.name,) = state


def named(value: Any, name: Any) -> Any:
    value.name = name
    return value


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda value: pickle.loads(pickle.dumps(value, protocol))


COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, *map(pickled, range(pickle.HIGHEST_PROTOCOL + 1))]


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("value", [
    NamedVector(range(3000), ["a name"]), NumberedVector([], ["a name"]), named(NamedMap(a=1), ["a name"]),
    named(NamedSet("ab"), ["a name"]), named(SlottedText("text"), ["a name"]), named(Kept("ab"), ["a name"]),
], ids=lambda value: type(value).__name__)
def test_attributes_are_copied(value: Any, copied: Callable[[Any], Any]) -> None:
    """As of any object: copy.copy shares what they are, the others copy it; one that is missing stays so."""
    if isinstance(value, NumberedVector):
        value.number = 7
    made = copied(value)
    assert type(made) is type(value) and made is not value and made == value
    assert made.name == ["a name"] and (made.name is value.name) == (copied is copy.copy)
    assert not hasattr(made, "missing") and getattr(made, "number", 7) == 7
    made.name = "another"
    assert value.name == ["a name"]


@pytest.mark.parametrize("copied", COPIES)
def test_what_has_no_attributes_is_its_own_copy(copied: Callable[[Any], Any]) -> None:
    of_a_class: list[Any] = [NamedMap(a=1), NamedSet("ab"), SlottedText("text")]
    for value in [Vector("ab"), Map(a=1), Set("ab"), Text("text"), *of_a_class]:
        made = copied(value)
        assert made == value and type(made) is type(value) and not hasattr(made, "name")
        assert copied is not copy.copy or made is value


def test_attributes_that_know_their_collection_are_copied_with_it() -> None:
    for value in (named(NamedVector([1], None), None), NamedMap(a=1), NamedSet([1]), SlottedText("a")):
        value.name = [value]
        for copied in COPIES[1:]:
            made = copied(value)
            assert made is not value and made.name[0] is made and made == value
    held: list[Any] = []
    both = NamedVector([held], held)
    held.append(both)
    for copied in COPIES[1:]:
        made = copied(both)
        assert made[0][0].name[0] is made[0][0] and made[0][0][0] is made[0]


def test_copies_with_attributes_share() -> None:
    numbers = named(type("Numbers", (Vector,), {})(range(5000), dtype="i4"), ["a name"])
    for value in (NamedVector([str(i) for i in range(5000)], []), numbers, named(NamedSet(range(5000)), [])):
        for copied in (copy.copy(value), copy.deepcopy(value) if not isinstance(value, Set) else copy.copy(value)):
            mine, others = ({address for address, _ in each._runs()} for each in (value, copied))
            assert mine == others
    before = named(NamedMap({i: i for i in range(5000)}), "before")
    both = pickle.dumps((before, named(before.set("x", 1), "after")))
    assert len(both) < len(pickle.dumps(before)) * 1.2
    assert [each.name for each in pickle.loads(both)] == ["before", "after"]


class Node:
    """What knows its children, which know it."""

    def __init__(self) -> None:
        self.by_name: Map[str, Node] = Map()
        self.all: Set[Node] = Set()
        self.parent: Node = self


def test_what_holds_its_collection_is_copied_whole() -> None:
    """Also where pickle, or a copy, begins with the collection."""
    parent, child = Node(), Node()
    parent.by_name, parent.all, child.parent = Map(child=child), Set([child]), parent
    loaded = pickle.loads(pickle.dumps(parent.by_name))
    assert list(loaded) == list(loaded["child"].parent.by_name) == ["child"]
    (one,) = pickle.loads(pickle.dumps(parent.all))
    assert list(one.parent.all) == [one]
    copied = copy.deepcopy(parent.by_name)
    assert copied["child"].parent.by_name is copied and copied["child"] is not child


@pytest.mark.parametrize("before", [Map({i: i * i for i in range(20_000)}), Set(range(20_000))], ids=["Map", "Set"])
def test_versions_in_one_pickle_share(before: Map[Any, Any] | Set[Any]) -> None:
    after = before.discard(77)
    both = pickle.dumps((before, after))
    assert len(both) < len(pickle.dumps(before)) * 1.15
    assert pickle.loads(both) == (before, after)


def test_a_set_has_the_methods_of_a_frozenset(rng: random.Random) -> None:
    kinds: list[Any] = [Set, set, frozenset, list, iter, dict.fromkeys, lambda keys: (each for each in keys)]
    for _ in range(300):
        model = frozenset(key(rng) for _ in range(rng.choice([0, 3, 40])))
        others = [[key(rng) for _ in range(rng.choice([0, 2, 40]))] for _ in range(rng.randrange(4))]
        s = Set(model)
        for name in ("union", "intersection", "difference"):
            made = getattr(s, name)(*(rng.choice(kinds)(other) for other in others))
            assert type(made) is Set and made == getattr(model, name)(*others)
        for other in [*others, list(model), list(model)[:2], [*model, "more"]]:
            assert s.symmetric_difference(rng.choice(kinds)(other)) == model.symmetric_difference(other)
            for name in ("issubset", "issuperset", "isdisjoint"):
                assert getattr(s, name)(rng.choice(kinds)(other)) == getattr(model, name)(other), (name, s, other)
        assert s == model


def test_what_a_set_makes_shares_with_it() -> None:
    s = Set(range(5000))

    def shared(other: Set[Any]) -> float:
        mine, others = ({address for address, _ in each._runs()} for each in (s, other))
        return len(mine & others) / len(mine)

    few: list[int] = [1, 2, 6000]
    assert shared(s.union(few, Set([7000]))) > 0.9 and shared(s.difference(few)) > 0.9
    assert shared(s.symmetric_difference(few)) > 0.9 and shared(s.intersection(range(-10, 4999))) > 0.9
    assert s.union() is s and s.intersection() is s and s.difference() is s
    assert s.issuperset(itertools.chain(few, itertools.count())) is s.isdisjoint(itertools.count()) is False
    unhashable: list[Any] = [s.union, s.intersection, s.difference, s.symmetric_difference, s.issubset, s.issuperset,
                             s.isdisjoint]
    for each in unhashable:
        with pytest.raises(TypeError, match="unhashable type: 'list'"):
            each([[]])
        with pytest.raises(TypeError, match="'int' object is not iterable"):
            each(5)


def test_a_union_of_versions_shares_what_they_share() -> None:
    before = Set(range(5000))
    runs, of_both = ({address for address, _ in each._runs()} for each in (before, before | before.add("x")))
    assert len(runs & of_both) > 0.9 * len(runs)


def test_references_are_counted_and_cycles_collected() -> None:
    value, counted = object(), object()
    before = sys.getrefcount(value), sys.getrefcount(counted)
    versions = [Map(dict.fromkeys(range(500), value))]
    sets = [Set([counted])]
    for i in range(300):
        versions += [versions[-1].set(i, None), versions[-1].discard(i), versions[-1] | versions[0]]
        sets += [sets[-1].add(i), sets[-1] - sets[0]]
    entries = iter(versions[0].items())
    next(entries)
    del versions, sets, entries
    assert (sys.getrefcount(value), sys.getrefcount(counted)) == before

    class Node:
        inside: Any = None

    node = Node()
    node.inside = Map(dict.fromkeys(range(1000), node)).set(3, 4), Set([node]).add(1)
    seen = weakref.ref(node)
    del node
    gc.collect()
    assert seen() is None
