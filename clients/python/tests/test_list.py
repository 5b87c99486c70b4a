"""List behaves as Python's list: results, errors, and what is left; each change is whole and takes few messages."""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import redis

import coppice
from coppice.objects.place import Patience

Step = Callable[[Any], Any]


def outcome(step: Step, subject: Any) -> Any:
    """What a step answers, or the type of what it raises."""
    try:
        return step(subject)
    except (IndexError, ValueError, TypeError) as error:
        return type(error)


def assign(index: Any, value: Any) -> Step:
    def step(subject: Any) -> None:
        if isinstance(index, slice) and isinstance(subject, list) and len(subject[index]) != len(value):
            raise ValueError("slices keep their length, as ZnSocket's do")
        subject[index] = value

    return step


def delete(index: Any) -> Step:
    return lambda subject: subject.__delitem__(index)


def added(values: list[Any]) -> Step:
    def step(subject: Any) -> None:
        subject += values

    return step


def random_index(rng: random.Random, size: int) -> int:
    return rng.choice([rng.randint(-size - 2, size + 2), 0, -1, size, -size - 1, 2**40, -(2**40)])


def random_slice(rng: random.Random, size: int) -> slice:
    def bound() -> int | None:
        return rng.choice([None, rng.randint(-size - 2, size + 2)])

    return slice(bound(), bound(), rng.choice([None, 1, 1, -1, 2, -2, 3, -3, 0, size + 1]))


def random_value(rng: random.Random) -> Any:
    return rng.choice([rng.randint(0, 3), str(rng.randint(0, 3)), None, True, 1.5, [1, "a"], {"k": [None]}, "ü\n\"\\"])


def random_step(rng: random.Random, size: int) -> Step:
    """One operation; indices and bounds are in reach or a little beyond."""
    index, bounds = random_index(rng, size), random_slice(rng, size)
    value, values = random_value(rng), [random_value(rng) for _ in range(rng.choice([0, 1, 2, 3, size]))]
    steps: list[Step] = [
        lambda each: each.append(value),
        lambda each: each.extend(values),
        lambda each: each.extend(iter(values)),
        added(values),
        lambda each: each.insert(index, value),
        lambda each: each.pop(),
        lambda each: each.pop(index),
        lambda each: each.remove(value),
        lambda each: each.reverse(),
        lambda each: each[index],
        lambda each: each[bounds],
        assign(index, value),
        assign(bounds, values),
        delete(index),
        delete(bounds),
        lambda each: each.index(value),
        lambda each: each.index(value, index),
        lambda each: each.index(value, index, bounds.stop if bounds.stop is not None else size),
        lambda each: each.count(value),
        lambda each: value in each,
        lambda each: list(each),
        lambda each: list(reversed(each)),
        lambda each: len(each),
        lambda each: each == values,
    ]
    return rng.choice([*steps, (lambda each: each.clear()) if rng.random() < 0.1 else steps[0]])


def test_matches_python_s_list(client: coppice.Client, rng: random.Random) -> None:
    for number in range(6):
        subject, model = coppice.List(client, f"model{number}"), []  # type: ignore[var-annotated]
        for _ in range(80):
            step = random_step(rng, len(model))
            assert outcome(step, subject) == outcome(step, model)
            assert subject[:] == model


def test_a_list_of_indices_stands_for_one(client: coppice.Client) -> None:
    items = coppice.List(client, "items")
    items.extend("abcdef")
    assert items[[5, -6, 0]] == ["f", "a", "a"]
    assert items[[]] == []
    items[[0, -1]] = ["A", "F"]
    del items[[1, -2, 1]]
    assert items[:] == ["A", "c", "d", "F"]
    with pytest.raises(ValueError, match="attempt to assign sequence of size 1 to extended slice of size 2"):
        items[[0, 1]] = ["x"]
    for out_of_range in ([0, 4], [-5]):
        with pytest.raises(IndexError, match="list index out of range"):
            items[out_of_range]
        with pytest.raises(IndexError, match="list index out of range"):
            items[out_of_range] = ["x"] * len(out_of_range)
        with pytest.raises(IndexError, match="list index out of range"):
            del items[out_of_range]
    assert items[:] == ["A", "c", "d", "F"]


def test_errors_have_the_texts_that_programs_know(client: coppice.Client) -> None:
    items = coppice.List(client, "items")
    for empty_or_not in range(2):
        items.extend(range(empty_or_not))
        with pytest.raises(IndexError, match="list index out of range"):
            items[7]
        with pytest.raises(IndexError, match="list index out of range"):
            items[7] = 1
        with pytest.raises(IndexError, match="list index out of range"):
            del items[7]
        with pytest.raises(IndexError, match="pop index out of range"):
            items.pop(7)
        with pytest.raises(IndexError, match="pop index out of range"):
            items.pop(-7)
    for index in ("a", 1.5, None, (0,)):
        with pytest.raises(TypeError, match="list indices must be integers or slices"):
            items[index]  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="list indices must be integers or slices"):
            items[index] = 1  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="attempt to assign sequence of size 2 to extended slice of size 1"):
        items[0:1] = [1, 2]
    with pytest.raises(ValueError, match="Can not set circular reference to self"):
        items.append(items)
    with pytest.raises(ValueError, match="Can not set circular reference to self"):
        items.extend([1, items])
    with pytest.raises(ValueError, match="Can not set circular reference to self"):
        items.insert(0, items)
    with pytest.raises(ValueError, match="Can not set circular reference to self"):
        items[0] = items
    with pytest.raises(TypeError):
        items.append(object())
    assert items[:] == [0]


def test_repr(client: coppice.Client) -> None:
    coppice.List(client, "items").extend([1, "a"])
    assert repr(coppice.List(client, "items")) == "List(len=2)"
    assert repr(coppice.List(client, "items", repr_type="minimal")) == "List(<unknown>)"
    assert repr(coppice.List(client, "items", repr_type="full")) == "List([1, 'a'])"
    with pytest.raises(ValueError, match="Invalid repr_type: loud"):
        repr(coppice.List(client, "items", repr_type="loud"))  # type: ignore[arg-type]


def test_copies(client: coppice.Client) -> None:
    items = coppice.List(client, "items")
    with pytest.raises(ValueError, match="Could not copy list"):
        items.copy("empty")
    items.extend([1, 2])
    copied = items.copy("copied")
    copied.append(3)
    assert (items[:], copied[:], copied.key) == ([1, 2], [1, 2, 3], "znsocket.List:copied")
    with pytest.raises(ValueError, match="Could not copy list"):
        items.copy("copied")


def test_a_fallback_is_copied_when_the_key_is_missing(client: coppice.Client) -> None:
    coppice.List(client, "origin").extend([1, 2])
    items = coppice.List(client, "own", fallback="origin", fallback_policy="copy")
    items.append(3)
    assert coppice.List(client, "own", fallback="origin", fallback_policy="copy")[:] == [1, 2, 3]
    assert coppice.List(client, "origin")[:] == [1, 2]
    assert coppice.List(client, "none", fallback="missing", fallback_policy="copy")[:] == []
    policy: Any = "eager"
    with pytest.raises(ValueError, match="Invalid fallback_policy: 'eager'; there are 'copy', 'frozen' and None"):
        coppice.List(client, "own", fallback="origin", fallback_policy=policy)


def test_callbacks_hear_of_writes(client: coppice.Client) -> None:
    heard: list[Any] = []
    items: coppice.List = coppice.List(client, "items", callbacks={
        "append": lambda value: heard.append(("append", value, len(items))),
        "insert": lambda index, value: heard.append(("insert", index, value)),
        "setitem": lambda indices, values: heard.append(("setitem", indices, values)),
        "delitem": lambda indices: heard.append(("delitem", indices)),
    })
    items.append("a")
    items.insert(0, "b")
    items[-1] = "c"
    items[0:2] = [1, 2]
    del items[-1]
    items.extend([3, 4])
    items.pop()
    items.remove(3)
    del items[5:]
    with pytest.raises(IndexError):
        del items[9]
    assert heard == [("append", "a", 0), ("insert", 0, "b"), ("setitem", [-1], ["c"]), ("setitem", [0, 1], [1, 2]),
                     ("delitem", [-1]), ("delitem", [1])]


@pytest.mark.parametrize("length", [0, 1, 4, 5])
def test_a_callback_hears_of_each_element_that_a_reversal_moves(client: coppice.Client, length: int) -> None:
    """As Python's own reversal by single assignments tells it."""
    heard: list[Any] = []
    callbacks: Any = {"setitem": lambda indices, values: heard.append((indices, values))}
    items = coppice.List(client, "items", callbacks=callbacks)
    items.extend(range(length))
    items.reverse()
    assert items[:] == list(range(length))[::-1]
    moves = [(each, length - 1 - each) for each in range(length // 2)]
    assert heard == [told for low, high in moves for told in (([low], [high]), ([high], [low]))]


def test_a_client_must_decode(client: coppice.Client) -> None:
    with pytest.raises(NotImplementedError, match="decode_responses=False is not supported yet"):
        coppice.List(redis.Redis(), "items")


def test_a_plain_redis_client_will_do(plain: redis.Redis) -> None:
    items = coppice.List(plain, "items")
    items.extend(range(6))
    del items[::2]
    assert (items.pop(-2), items[::-1], items.socket) == (3, [5, 1], None)
    with pytest.raises(IndexError):
        items[2] = 0
    with pytest.raises(ValueError, match="No socket connection available"):
        items.on_refresh(print)


@pytest.mark.parametrize("messages, step", [
    (1, lambda each: each.extend(range(20_000))),
    (1, lambda each: each.append(1)),
    (1, lambda each: each.insert(7000, 1)),
    (1, lambda each: each[5:9000:7]),
    (1, lambda each: each[[1, 2, 3]]),
    (1, lambda each: each.__setitem__(7000, 1)),
    (1, lambda each: each.__delitem__(7000)),
    (1, lambda each: each.pop(7000)),
    (1, lambda each: each.reverse()),
    (1, lambda each: 9999 in each),
    (1, lambda each: each.clear()),
    (1, lambda each: each.copy("other")),
    (3, lambda each: each.pop(-7000)),
    (3, lambda each: each.remove(7000)),
    (3, lambda each: each.__setitem__(slice(0, None, 2), range(5000))),
    (3, lambda each: each.__delitem__(slice(0, None, 2))),
    (3, lambda each: each.__delitem__([1, -1])),
])
def test_takes_few_messages_whatever_the_size(
    client: coppice.Client, sent: list[Any], messages: int, step: Step
) -> None:
    items = coppice.List(client, "items")
    items.extend(range(10_000))
    sent.clear()
    step(items)
    assert len(sent) == messages


def test_more_elements_than_a_command_takes(client: coppice.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coppice.objects.list.BATCH", 10)
    monkeypatch.setattr("coppice.objects.list.PAGE", 10)
    items = coppice.List(client, "items")
    items.extend(range(95))
    assert list(items) == list(range(95))


def test_a_change_that_others_always_get_in_the_way_of_ends(
    client: coppice.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Patience, "SECONDS", 0.2)
    items = coppice.List(client, "disturbed")
    items.extend(["a", "b"])

    class Disturbing:
        def __eq__(self, other: object) -> bool:
            client.rpush(items.key, '"c"')
            return other == "b"

    with pytest.raises(redis.exceptions.WatchError, match=r"others changed 'znsocket\.List:disturbed' during each of"):
        items.remove(Disturbing())
    assert items[:2] == ["a", "b"]
