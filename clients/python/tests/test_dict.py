"""Dict behaves as Python's dict: results, errors, order, and what is left; each change is whole."""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import redis

import coppice

Step = Callable[[Any], Any]


def outcome(step: Step, subject: Any) -> Any:
    """What a step answers, or what it raises."""
    try:
        return step(subject)
    except (KeyError, TypeError) as error:
        return type(error), error.args if isinstance(error, KeyError) else None


def popitem(subject: Any) -> Any:
    """As ZnSocket's, and collections.abc's: the oldest."""
    if not isinstance(subject, dict) or not subject:
        return subject.popitem()
    key = next(iter(subject))
    return key, subject.pop(key)


def random_step(rng: random.Random) -> Step:
    key = rng.choice(["a", "b", "c", "d", "", "ü:\n"])
    value: Any = rng.choice([rng.randint(0, 3), "text", None, [1], {"a": {}}, 0.5, False])
    more = {rng.choice("abcdefg"): value for _ in range(rng.randint(0, 4))}
    return rng.choice([
        lambda each: each.__setitem__(key, value),
        lambda each: each.__setitem__(key, value),
        lambda each: each[key],
        lambda each: each.__delitem__(key),
        lambda each: each.get(key),
        lambda each: each.get(key, value),
        lambda each: each.pop(key),
        lambda each: each.pop(key, value),
        popitem,
        lambda each: each.setdefault(key, value),
        lambda each: each.update(more),
        lambda each: each.update(**more),
        lambda each: each.update({"a": 1}, b=2),
        lambda each: each.update(1, 2),
        lambda each: each.update(5),
        lambda each: each | more,
        lambda each: more | each,
        lambda each: each | 5,
        lambda each: each.__ior__(more) is each,
        lambda each: key in each,
        lambda each: len(each),
        lambda each: list(each.keys()),
        lambda each: list(each.values()),
        lambda each: list(each.items()),
        lambda each: list(each),
        lambda each: each == more,
        (lambda each: each.clear()) if rng.random() < 0.1 else (lambda each: bool(each)),
    ])


def test_matches_python_s_dict(client: coppice.Client, rng: random.Random) -> None:
    for number in range(6):
        subject, model = coppice.Dict(client, f"model{number}"), {}  # type: ignore[var-annotated]
        for _ in range(80):
            step = random_step(rng)
            assert outcome(step, subject) == outcome(step, model)
            assert subject.items() == list(model.items())


def test_keys_are_text(client: coppice.Client) -> None:
    pairs = coppice.Dict(client, "pairs")
    pairs[5] = "five"  # type: ignore[index]
    assert (pairs["5"], pairs.keys()) == ("five", ["5"])
    for key in (None, True, [1]):
        with pytest.raises(coppice.exceptions.DataError):
            pairs[key] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        pairs.update([("a", 1)])
    with pytest.raises(ValueError, match="Can not set circular reference to self"):
        pairs["me"] = pairs
    with pytest.raises(ValueError, match="Can not set circular reference to self"):
        pairs.update({"me": pairs})


def test_repr(client: coppice.Client) -> None:
    coppice.Dict(client, "pairs")["a"] = 1
    assert repr(coppice.Dict(client, "pairs")) == "Dict(keys=['a'])"
    assert repr(coppice.Dict(client, "pairs", repr_type="minimal")) == "Dict(<unknown>)"
    assert repr(coppice.Dict(client, "pairs", repr_type="full")) == "Dict({'a': 1})"
    with pytest.raises(ValueError, match="Invalid repr_type: loud"):
        repr(coppice.Dict(client, "pairs", repr_type="loud"))  # type: ignore[arg-type]


def test_copies_and_fallbacks(client: coppice.Client) -> None:
    pairs = coppice.Dict(client, "pairs")
    with pytest.raises(ValueError, match="Could not copy dict"):
        pairs.copy("empty")
    pairs["a"] = 1
    copied = pairs.copy("copied")
    own = coppice.Dict(client, "own", fallback="pairs", fallback_policy="copy")
    copied["b"] = own["c"] = 2
    assert [pairs, copied, own] == [{"a": 1}, {"a": 1, "b": 2}, {"a": 1, "c": 2}]


def test_callbacks_hear_of_writes(client: coppice.Client) -> None:
    heard: list[Any] = []
    pairs = coppice.Dict(client, "pairs", callbacks={
        "setitem": lambda key, value: heard.append(("setitem", key, value)),
        "delitem": lambda key: heard.append(("delitem", key)),
    })
    pairs["a"] = 1
    pairs.update(b=2, c=3)
    pairs.setdefault("a", 4)
    pairs.setdefault("d", 4)
    del pairs["a"]
    pairs.pop("b")
    pairs.clear()
    assert heard == [("setitem", "a", 1), ("setitem", "d", 4), ("delitem", "a"), ("delitem", "b"), ("delitem", "c"),
                     ("delitem", "d")]


def test_a_pipeline_takes_the_writes(client: coppice.Client) -> None:
    pipe = client.pipeline()
    pairs = coppice.Dict(pipe, "pairs")
    pairs["a"] = 1
    pairs.update({"b": 2, "c": 3})
    del pairs["a"]
    assert coppice.Dict(client, "pairs") == {}
    assert pipe.execute() == [1, 2, 1]
    assert coppice.Dict(client, "pairs") == {"b": 2, "c": 3}


def test_a_plain_redis_client_will_do(plain: redis.Redis) -> None:
    pairs = coppice.Dict(plain, "pairs")
    pairs.update(a=1, b=[2])
    assert (pairs.items(), pairs.pop("a"), "a" in pairs) == ([("a", 1), ("b", [2])], 1, False)


@pytest.mark.parametrize("step", [
    lambda each: each.update({str(number): number for number in range(5000)}),
    lambda each: each.items(),
    lambda each: each.pop("5"),
    lambda each: each.setdefault("5", 1),
    lambda each: each.__delitem__("5"),
    lambda each: each.clear(),
    lambda each: each == {},
    lambda each: each.copy("other"),
])
def test_takes_one_message_whatever_the_size(client: coppice.Client, sent: list[Any], step: Step) -> None:
    pairs = coppice.Dict(client, "pairs")
    pairs.update({str(number): number for number in range(5000)})
    sent.clear()
    step(pairs)
    assert len(sent) == 1
