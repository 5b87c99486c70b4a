"""coppice.Vector is a list of which every version stays: models, hashes, pickles, buffers, references, threads."""
from __future__ import annotations

import copy
import gc
import os
import pickle
import random
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import coppice
from coppice import Vector, _collections
from coppice.collections import Conflict, Splice
from coppice.exceptions import ConflictError

SEED = int(os.environ.get("COPPICE_SEED") or random.randrange(2**32))


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    print(f"COPPICE_SEED={SEED}")
    return random.Random(SEED)


def step(v: Vector[Any], model: list[Any], rng: random.Random) -> tuple[Vector[Any], list[Any]]:
    """One change, of a vector and of the list that says what must come out."""
    n = len(model)
    at, stop, value = rng.randrange(n + 1), rng.randrange(n + 1), rng.randrange(100)
    by = rng.choice([-3, -2, -1, 1, 1, 1, 2])
    kind = rng.randrange(12)
    if kind == 0:
        return v.extend(range(value * 2)), model + list(range(value * 2))
    if kind == 1:
        return v.insert(at, value), [*model[:at], value, *model[at:]]
    if kind == 2 and n > 0:
        changed = list(model)
        changed[at - n if at < n else -1] = value
        return v.set(at - n if at < n else -1, value), changed
    if kind == 3 and at < n:
        return v.delete(at), model[:at] + model[at + 1:]
    if kind == 4:
        return v.delete(at, stop), model[:at] + model[max(at, stop):]
    if kind == 5 and n > 20:
        return v[at:stop:by], model[at:stop:by]
    if kind == 6 and n < 3000:
        return v + v[at:], model + model[at:]
    if kind == 7 and n > 0:
        return v.pop(), model[:-1]
    if kind == 8 and 0 < n < 1000:
        return v * 3, model * 3
    if kind == 9:
        changed = list(model)
        with v.edit() as edit:
            for _ in range(rng.randrange(600)):
                if changed and rng.random() < 0.4:
                    i = rng.randrange(len(changed))
                    edit[i] = changed[i] = rng.randrange(100)
                elif changed and rng.random() < 0.2:
                    i = rng.randrange(-len(changed), len(changed))
                    assert edit.pop(i) == changed.pop(i)
                elif rng.random() < 0.2:
                    i = rng.randrange(len(changed) + 1)
                    edit.insert(i, value)
                    changed.insert(i, value)
                else:
                    edit.append(value)
                    changed.append(value)
        return edit.value, changed
    return v.append(value), [*model, value]


def test_what_holds_its_vector_is_copied_whole() -> None:
    """As of a list or a tuple: also where pickle, or a copy, begins with the vector."""
    held: list[Any] = []
    v = Vector([held])
    held.append(v)
    loaded = pickle.loads(pickle.dumps(v))
    assert len(loaded) == len(loaded[0]) == len(loaded[0][0]) == 1 and loaded[0][0][0] is loaded[0]
    copied = copy.deepcopy(v)
    assert copied is not v and copied[0][0] is copied


@pytest.mark.parametrize("dtype", [None, "f8", "f4", "i8", "i4", "u1"])
def test_every_version_stays_what_it_was(rng: random.Random, dtype: str | None) -> None:
    history: list[tuple[Vector[Any], list[Any]]] = [(Vector(dtype=dtype), [])]
    for _ in range(250):
        history.append(step(*rng.choice(history[-8:]), rng))
        (v, model), (other, other_model) = history[-1], rng.choice(history)
        assert (v == other) == (model == other_model) and (v < other) == (model < other_model)
        made = list(model)
        for each in reversed(list(coppice.diff(v, other))):
            assert v[each.at:each.at + len(each.removed)] == each.removed
            made[each.at:each.at + len(each.removed)] = each.inserted
        assert made == other_model
    for v, model in history:
        assert v.tolist() == list(v) == model and len(v) == len(model) and v[::-1].tolist() == list(reversed(v))
        if model:
            wanted = rng.choice(model)
            assert wanted in v and v.index(wanted) == model.index(wanted) and v.count(wanted) == model.count(wanted)
            assert v[-1] == model[-1]


def test_a_vector_is_a_sequence() -> None:
    v = Vector("abc")
    assert isinstance(v, Sequence) and v[1] == "b" and v[-3] == "a" and v[1:] == Vector("bc") and "d" not in v
    assert repr(v) == "Vector(['a', 'b', 'c'])" and repr(Vector([1], dtype="u1")) == "Vector([1], dtype='u1')"
    assert Vector(v) is v and copy.copy(v) is v and v != ["a", "b", "c"] and Vector() == Vector([])
    assert {v: 1}[Vector(["a", "b", "c"])] == 1 and hash(Vector([1, 2])) == hash(Vector([1.0, 2.0], dtype="f8"))
    first, *rest = v
    assert (first, rest) == ("a", ["b", "c"]) and not Vector() and v.remove("b") == Vector("ac")
    lists = [[], []]  # type: list[list[int]]
    deep = copy.deepcopy(Vector(lists))
    assert deep == Vector(lists) and deep[0] is not lists[0]


@pytest.mark.parametrize("wrong, error, text", [
    (lambda v: v[3], IndexError, "Vector index 3 is out of range: there are 3"),
    (lambda v: v.set(-4, 0), IndexError, "index -4 is out of range"),
    (lambda v: v["a"], TypeError, "integers or slices, not str"),
    (lambda v: v[::0], ValueError, "slice step cannot be zero"),
    (lambda v: v.set(0), TypeError, r"set\(\) takes 2 to 2 arguments, 1 were given"),
    (lambda v: v.index(7), ValueError, "7 is not in the Vector"),
    (lambda v: v + "a", TypeError, "unsupported operand|concatenate"),
    (lambda v: v + Vector([1], dtype="i8"), TypeError, r"takes a Vector of objects, not one of dtype 'i8'"),
    (lambda v: Vector([1], dtype="i8") + v, TypeError, r"takes a Vector of dtype 'i8', not one of objects"),
    (lambda v: Vector([1], dtype="i8") + Vector([1], dtype="u1"), TypeError, "of dtype 'i8', not one of dtype 'u1'"),
    (lambda v: Vector(np.ones((2, 2)), dtype="f8"), ValueError, "takes arrays of one dimension, this one has 2"),
    (lambda v: Vector(np.ones((2, 2)).T, dtype="f4"), ValueError, "takes arrays of one dimension, this one has 2"),
    (lambda v: Vector([1], dtype="f8").extend(np.ones((2, 2))), ValueError, "one dimension, this one has 2"),
    (lambda v: Vector([1], dtype="f8").edit().extend(np.ones((2, 2, 2))), ValueError, "this one has 3"),
    (lambda v: Vector(np.array(1.0), dtype="f8"), ValueError, "one dimension, this one has 0"),
    (lambda v: Vector([1], dtype=np.float16), ValueError, "dtype is one of 'f8', .* not <class 'numpy.float16'>"),
    (lambda v: Vector([1], dtype=np.floating), ValueError, "dtype is one of 'f8', .* not <class 'numpy.floating'>"),
    (lambda v: Vector([1], dtype=str), ValueError, "dtype is one of 'f8', .* not <class 'str'>"),
    (lambda v: Vector([1], dtype=np.dtype(">f8")), ValueError, r"dtype is one of 'f8', .* not dtype\('>f8'\)"),
    (lambda v: Vector().pop(), IndexError, "pop from an empty Vector"),
    (lambda v: hash(Vector([[]])), TypeError, "unhashable type: 'list'"),
    (lambda v: v < Vector(["a"]), TypeError, "'<' not supported"),
    (lambda v: Vector([1], dtype="c16"), ValueError, "dtype is one of 'f8', .* not 'c16'"),
    (lambda v: Vector([256], dtype="u1"), OverflowError, "256 does not fit into u1"),
    (lambda v: Vector(["a"], dtype="f8"), TypeError, "must be real number, not str"),
    (lambda v: memoryview(v), BufferError, "give it a dtype"),
    (lambda v: memoryview(Vector(range(5000), dtype="f8")), BufferError, "use leaves"),
    (lambda v: v._diff([1]), TypeError, "takes a Vector, not list"),
    (lambda v: coppice.diff(v.tolist(), v), TypeError, "not list"),
])
def test_what_is_wrong_is_named(wrong: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        wrong(Vector([1, 2, 3]))


def test_edits_end_in_one_value() -> None:
    v: Vector[Any] = Vector(range(1000))
    with v.edit() as edit:
        del edit[0]
        edit.extend("ab")
        between = edit.value
        edit.clear()
    assert (len(v), str(between[-1]), len(between), edit.value) == (1000, "b", 1001, Vector[int]())
    with pytest.raises(ValueError, match="the edit is over"):
        edit.append(1)
    again = v.edit()
    again[-1] = "last"
    assert again.done()[-1] == "last" and v[-1] == 999
    with pytest.raises(IndexError, match="index 5000"):
        v.edit()[5000] = 1


def test_what_an_element_does_at_its_end_sees_a_whole_edit() -> None:
    class Last:
        def __del__(self) -> None:
            seen.append((len(edit), edit.value[:2].tolist()))

    seen: list[Any] = []
    edit = Vector([1, Last(), 3]).edit()
    edit[1] = 2
    assert seen == [(3, [1, 2])]
    gone = Vector([Last()]).edit()
    gone.clear()
    assert len(seen) == 2


def test_a_long_chain_of_what_holds_each_other_ends() -> None:
    chain: Any = Vector()
    for _ in range(100_000):
        chain = Vector([chain]).edit()
    del chain


def test_a_change_inside_a_change_is_refused() -> None:
    class Number:
        def __index__(self) -> int:
            with pytest.raises(RuntimeError, match="already being changed"):
                edit.append(1)
            return 0

    edit = Vector([5], dtype="i8").edit()
    edit[Number()] = 7
    assert edit.value.tolist() == [7]


@pytest.mark.parametrize("values", [[], ["a", None, 1.5], list(range(3000))])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(values: list[Any], protocol: int) -> None:
    v = Vector(values)
    assert pickle.loads(pickle.dumps(v, protocol)) == v
    numbers = Vector(range(3000), dtype="i4")
    loaded = pickle.loads(pickle.dumps(numbers, protocol))
    assert loaded == numbers and loaded.dtype == "i4"


class Measured(Vector[Any]):
    def __init__(self, values: Any = ()) -> None:
        """Takes no dtype."""


def test_a_class_of_ones_own_is_pickled() -> None:
    loaded = pickle.loads(pickle.dumps(Measured([1, 2]).append(3)))
    assert loaded == Vector([1, 2, 3]) and type(loaded) is Measured


@pytest.mark.parametrize("dtype", [None, "f8", "u1"])
def test_versions_in_one_pickle_share(dtype: str | None) -> None:
    before = Vector((i % 200 for i in range(50_000)), dtype=dtype)
    after = before.set(10_000, 7).append(8).delete(40_000)
    both = pickle.dumps((before, after))
    assert len(both) < len(pickle.dumps(before)) * 1.2
    assert pickle.loads(both) == (before, after)


def test_versions_share_again_when_they_are_loaded() -> None:
    before = Vector(f"element {i}" for i in range(10_000))
    loaded, changed = pickle.loads(pickle.dumps((before, before.set(5_000, "x"))))
    nobody_else = [f"element {i}" for i in range(10_000)]
    in_one_leaf = sum(sys.getrefcount(a) == sys.getrefcount(b) for a, b in zip(loaded, nobody_else, strict=True))
    assert in_one_leaf > 9_000
    assert loaded == before and changed[5_000] == "x"


def test_a_pickle_of_what_is_gone_says_nothing_of_what_came() -> None:
    kept = []
    for i in range(200):
        value = Vector([i] * (i % 7 + 600))
        kept.append((value.tolist(), value.__reduce__()))
    for values, (make, made_of, *_) in kept:
        assert make(*pickle.loads(pickle.dumps(made_of))).tolist() == values


def test_merges() -> None:
    base = Vector("abcdef")
    assert coppice.merge(base, base.set(1, "B"), base.append("g")) == Vector("aBcdefg")
    ours, theirs = base.set(2, "x"), base.set(2, "y")
    with pytest.raises(ConflictError, match="both sides have changed one place") as raised:
        coppice.merge(base, ours, theirs)
    assert raised.value.conflict == Conflict(2, Vector("c"), Vector("x"), Vector("y"))
    assert coppice.merge(base, ours, theirs, lambda met: met.ours + met.theirs) == Vector("abxydef")
    assert coppice.merge(base, ours, theirs, lambda met: ["new"])[2] == "new"
    assert list(coppice.diff(base, ours)) == [Splice(2, Vector("c"), 2, Vector("x"))]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "u1"])
def test_numbers_are_shared_with_numpy(dtype: str) -> None:
    array = (np.arange(5000) % 200).astype(dtype)
    v: Vector[Any] = Vector(array, dtype=array.dtype)
    assert v.dtype == dtype and v.tolist() == array.tolist() and np.array_equal(v.to_numpy(), array)
    assert np.array_equal(np.asarray(v), array) and np.asarray(v).dtype == array.dtype
    assert Vector(array[::2], dtype=dtype) == v[::2] and Vector(array.astype("f8"), dtype="f8") == v
    leaves = v.leaves()
    assert sum(len(leaf) for leaf in leaves) == len(v) and all(leaf.readonly for leaf in leaves)
    kept = np.frombuffer(leaves[0], dtype)
    del v, leaves
    assert np.array_equal(kept, array[:len(kept)])
    assert memoryview(Vector([1, 2, 3], dtype=dtype)).tolist() == [1, 2, 3]


@pytest.mark.parametrize("dtype, kind", [
    (float, "f8"), (int, "i8"), (np.float64, "f8"), (np.float32, "f4"), (np.int64, "i8"),
    (np.intc, "i4"), (np.uint8, "u1"), (np.dtype("f8"), "f8"), (np.dtype("i4"), "i4"), ("float64", "f8"), ("<i8", "i8"),
    ("uint8", "u1"), (None, None),
])
def test_a_dtype_is_what_numpy_calls_one_or_a_type_of_pythons(dtype: Any, kind: str | None) -> None:
    assert Vector([1, 2], dtype=dtype).dtype == kind


def test_a_dtype_imports_no_numpy() -> None:
    code = """if True:
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("coppice._collections", sys.argv[1])
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        assert made.Vector([1], dtype=float).dtype == "f8" and made.Vector([1], dtype="int32").dtype == "i4"
        try:
            made.Vector([1], dtype=bytes)
        except ValueError:
            assert "numpy" not in sys.modules
            print("refused")
    """
    done = subprocess.run([sys.executable, "-c", code, _collections.__file__], capture_output=True, text=True)
    assert done.stdout == "refused\n", done.stderr


def test_an_array_of_which_each_other_number_is_taken() -> None:
    array = np.arange(10.0)
    assert Vector(array[::-2], dtype=float).tolist() == array[::-2].tolist()
    assert Vector(array.astype(">f8"), dtype="f8").tolist() == array.tolist()
    assert Vector(b"ab", dtype="u1").tolist() == [97, 98] and len(Vector(np.ones((2, 3)))) == 2


def test_references_are_counted() -> None:
    element = object()
    before = sys.getrefcount(element)
    versions = [Vector([element] * 700)]
    for i in range(200):
        last = versions[-1]
        versions += [last.set(i, None), last.append(element), last[i:], versions[0] + last]
    del last
    iterator = iter(versions[0])
    next(iterator)
    with versions[-1].edit() as edit:
        edit.append(element)
    del versions, iterator, edit
    assert sys.getrefcount(element) == before


def test_cycles_are_collected() -> None:
    class Node:
        inside: Any = None

    node = Node()
    node.inside = Vector([node] * 1000).set(3, 4)
    seen = weakref.ref(node)
    del node
    gc.collect()
    assert seen() is None
    held = Vector([1])
    seen_vector = weakref.ref(held)
    del held
    assert seen_vector() is None


def test_a_cycle_through_what_versions_share_is_freed_when_it_is_broken() -> None:
    """As the README says: by hand, or with a weak reference in the collection. Else it would never be."""
    class Node:
        kept: Any = None

    for element in (lambda node: node, weakref.ref):
        node = Node()
        first = Vector([element(node)] * 1000)
        node.kept = [first, first.append(1)]
        seen = weakref.ref(node)
        if element is not weakref.ref:
            node.kept.pop()
        del node, first
        gc.collect()
        assert seen() is None


def test_threads_change_versions_of_one_vector() -> None:
    first = Vector(range(2000))
    made: list[Vector[int]] = []

    def work(seed: int) -> None:
        mine, rng = first, random.Random(seed)
        for _ in range(2000):
            mine = mine.set(rng.randrange(2000), seed).append(seed)
        made.append(mine[2000:])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert first == Vector(range(2000)) and sorted(map(len, made)) == [2000] * 4
    assert all(set(each) == {each[0]} for each in made)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="dtype is one of"):
        Vector([1], dtype="\ud800")
    numbers = Vector([1], dtype="u1")
    leaf = numbers.leaves()[0].obj
    made_here: list[Any] = [iter(Vector([1])), leaf, iter(coppice.Map({1: 2})), iter(coppice.Set([1]))]
    for each in made_here:
        with pytest.raises(TypeError, match="cannot create"):
            type(each)()
    long = Vector([1]) * 2**62
    refused: list[Callable[[], Any]] = [lambda: long + long, lambda: long * 2, lambda: long.extend(long)]
    for too_long in refused:
        with pytest.raises(OverflowError, match="at most sys\\.maxsize elements"):
            too_long()
    assert len(Vector() * 2**62) == 0


def test_an_edit_is_not_seen_while_it_changes() -> None:
    edit = Vector([1, 2, 3]).edit()
    for look in (lambda: len(edit), lambda: edit[0], lambda: edit.value, edit.done):
        with pytest.raises(RuntimeError, match="is being changed"):
            edit.extend(look() for _ in range(3))
    edit.append(4)  # no done() has ended it
    assert edit.done() == Vector([1, 2, 3, 4])
