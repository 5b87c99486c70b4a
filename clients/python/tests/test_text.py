"""coppice.Text is a str of which every version stays."""
from __future__ import annotations

import copy
import os
import pickle
import random
import re
from collections.abc import MutableSequence, Sequence
from typing import Any

import pytest

import coppice
from coppice import Text
from coppice.collections import Conflict, Splice
from coppice.exceptions import ConflictError

SEED = int(os.environ.get("COPPICE_SEED") or random.randrange(2**32))
SIGNS = "ab\nä€𝄞"


def test_every_version_stays_what_it_was() -> None:
    print(f"COPPICE_SEED={SEED}")
    rng = random.Random(SEED)
    history = [(Text(), "")]
    for _ in range(400):
        t, model = rng.choice(history[-8:])
        start, stop = sorted((rng.randrange(len(model) + 1), rng.randrange(len(model) + 1)))
        said = "".join(rng.choices(SIGNS, k=rng.randrange(60)))
        kind = rng.randrange(6)
        if kind == 0 and len(model) > 2000:
            t, model = t.delete(start, stop), model[:start] + model[stop:]
        elif kind == 1 and len(model) < 4000:
            t, model = t + t[start:], model + model[start:]
        elif kind == 2:
            t, model = t.replace(start, min(stop, start + 9), said), model[:start] + said + model[min(stop, start + 9):]
        elif kind == 3:
            with t.edit() as edit:
                edit.append(said)
                edit.insert(start, Text(said))
                edit.delete(0, 1)
            t, model = edit.value, (model[:start] + said + (model + said)[start:])[1:]
        else:
            t, model = t.insert(start, said), model[:start] + said + model[start:]
        history.append((t, model))
        other, other_model = rng.choice(history)
        assert (t == other, t < other, t + "b" in other) == (
            model == other_model, model < other_model, model + "b" in other_model)
        made = model
        for each in reversed(list(coppice.diff(t, other))):
            assert made[each.at:each.at + len(each.removed)] == str(each.removed)
            made = made[:each.at] + str(each.inserted) + made[each.at + len(each.removed):]
        assert made == other_model
    for t, model in history:
        assert str(t) == model and t == model and hash(t) == hash(model) and len(t) == len(model)
        assert [str(line) for line in t.lines()] == [*re.findall(r".*\n", model), model[model.rfind("\n") + 1:]]
        at = rng.randrange(len(model) + 1)
        assert t.line_of(at) == model.count("\n", 0, at) and t.find("ä", at) == model.find("ä", at)
        assert t[at:at + 5] == model[at:at + 5] and t[::-3] == model[::-3]


def test_versions_in_one_pickle_share() -> None:
    before = Text("häß\n" * 20_000)
    after = before.insert(5_001, "ü")
    both = pickle.dumps((before, after))
    assert len(both) < len(pickle.dumps(before)) * 1.1
    assert pickle.loads(both) == (before, after)


def test_a_text_is_like_a_str() -> None:
    t = Text("one\ntwo\n")
    assert t[4] == "t" and t[-2] == "o" and t[4:7] == "two" and "x" + t == "xone\ntwo\n" and "two" in t
    assert list(t[:2]) == ["o", "n"]
    assert repr(t) == "Text('one\\ntwo\\n')" and t == Text(t) and copy.deepcopy(t) is t
    assert {t: 1}["one\ntwo\n"] == 1  # type: ignore[index]
    assert (t.line_count, str(t.line(1)), t.line_start(1), t.find("two", 0, 6)) == (3, "two\n", 4, -1)
    assert t.insert_line(1, "between\n") == "one\nbetween\ntwo\n" and t.replace_line(0, "1\n") == "1\ntwo\n"
    assert t.delete_lines(0, 1) == "two\n" and pickle.loads(pickle.dumps(t)) == t and t < "two" and not Text()


def test_a_text_is_searched_as_a_str() -> None:
    """find, index, count, startswith and endswith take all arguments that str's take."""
    print(f"COPPICE_SEED={SEED}")
    rng = random.Random(SEED)
    for _ in range(40):
        model = "".join(rng.choices(SIGNS[:4], k=rng.choice([0, 3, 40, 3_000])))
        text = Text(model)
        ends = [None, *range(-4, 5), 2_500, 10**30, -10**30]
        for _ in range(60):
            bounds = [rng.choice([*ends, len(model), len(model) + 1]) for _ in range(rng.randrange(3))]
            at = rng.randrange(len(model) + 1)
            part = rng.choice([model[at:at + rng.randrange(4)], "ab", "", "aa", "\ud800", model])
            for wanted in (part, Text(part)) if part != "\ud800" else (part,):
                asked: Any = (wanted, *bounds)
                said: Any = (part, *bounds)
                assert (text.find(*asked), text.count(*asked)) == (model.find(*said), model.count(*said)), said
                assert text.startswith(*asked) == model.startswith(*said), said
                assert text.endswith((wanted, "b"), *bounds) == model.endswith((part, "b"), *bounds), said
                assert wanted in (text, wanted) and (wanted in text) == (part in model)
                if model.find(*said) >= 0:
                    assert text.index(*asked) == model.index(*said)
                else:
                    with pytest.raises(ValueError, match="is not in the Text"):
                        text.index(*asked)
        assert "".join(reversed(text)) == model[::-1] and not text.startswith(())


def test_a_text_is_a_sequence_as_a_str_is() -> None:
    text = Text("äb𝄞")
    assert isinstance(text, Sequence) and issubclass(Text, Sequence) and not isinstance(text, MutableSequence)
    match text:
        case [*_]:
            raise AssertionError("a str matches no sequence")
        case _:
            pass
    assert f"{text:*^7}|{text!s:>4}|{text}" == "**äb𝄞**| äb𝄞|äb𝄞" and format(text) == "äb𝄞"
    with pytest.raises(ValueError, match="format code"):
        format(text, "d")


class Page(Text):
    pass


def test_an_edit_shows_what_it_holds() -> None:
    with Page("äb𝄞d").edit() as edit:
        edit.insert(1, "xy")
        assert (edit[1], edit[-2], str(edit)) == ("x", "𝄞", "äxyb𝄞d") and f"{edit}" == str(edit)
        assert edit[0:3] == "äxy" and edit[::-2] == "dbx" and type(edit[1:]) is type(edit[::2]) is Page
        with pytest.raises(IndexError, match="Text index 6 is out of range: there are 6"):
            edit[6]
        with pytest.raises(TypeError, match="integers or slices, not str"):
            edit["a"]  # type: ignore[call-overload]
    assert edit.value == "äxyb𝄞d"


def test_lines_are_counted_from_the_end_as_well() -> None:
    t = Text("one\ntwo\nthree")
    assert t.replace_line(-1, "3") == "one\ntwo\n3" and t.replace_line(-3, "1\n") == "1\ntwo\nthree"
    assert t.insert_line(-1, "x\n") == "one\ntwo\nx\nthree" and t.delete_lines(-3, -1) == "three"
    with pytest.raises(IndexError, match="line index 3 is out of range: there are 3"):
        t.replace_line(3, "x")


@pytest.mark.parametrize("wrong, error, text", [
    (lambda t: t[9], IndexError, "Text index 9 is out of range: there are 3"),
    (lambda t: t.line(1), IndexError, "line index 1"),
    (lambda t: t.insert(0, 5), TypeError, "Text takes str or Text, not int"),
    (lambda t: t + 5, TypeError, "unsupported operand"),
    (lambda t: 5 in t, TypeError, "Text takes str or Text, not int"),
    (lambda t: t.index(5), TypeError, "Text takes str or Text, not int"),
    (lambda t: t.startswith(["a"]), TypeError, "Text takes str or Text, not list"),
    (lambda t: t.count("a", "b"), TypeError, "'str' object cannot be interpreted as an integer"),
    (lambda t: t.count(), TypeError, r"count\(\) takes 1 to 3 arguments, 0 were given"),
    (lambda t: t.endswith("a", 0, 1, 2), TypeError, r"endswith\(\) takes 1 to 3 arguments, 4 were given"),
    (lambda t: Text("\ud800"), UnicodeEncodeError, "surrogates not allowed"),
    (lambda t: t._diff("a"), TypeError, "diff takes a Text, not str"),
])
def test_what_is_wrong_is_named(wrong: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        wrong(Text("äbc"))


def test_merges() -> None:
    base = Text("one\ntwo\nthree\n")
    ours, theirs = base.replace_line(0, "ONE\n"), base.insert(len(base), "four\n")
    assert coppice.merge(base, ours, theirs) == "ONE\ntwo\nthree\nfour\n"
    assert list(coppice.diff(Text("äb"), Text("äxb"))) == [Splice(1, Text(""), 1, Text("x"))]
    left, right = Text("äbc").replace(1, 2, "x"), Text("äbc").replace(1, 2, "y")
    with pytest.raises(ConflictError) as raised:
        coppice.merge(Text("äbc"), left, right)
    assert raised.value.conflict == Conflict(1, "b", "x", "y")
    with pytest.raises(ConflictError) as raised:
        coppice.merge(Text("a" * 9_000), Text("b" * 9_000), Text("c" * 9_000))
    assert len(str(raised.value)) < 1_200 and len(raised.value.conflict.ours) == 9_000
    assert coppice.merge(Text("äbc"), left, right, lambda met: met.ours + met.theirs) == "äxyc"


def test_what_has_no_utf8_is_in_no_text() -> None:
    text = Text("abc")
    assert text != "\ud800" and (text == "\ud800") is False
    assert "\ud800" not in text and text.find("\ud800") == -1
    for start in range(-5, 6):
        assert text.find("", start) == "abc".find("", start), start


@pytest.mark.parametrize("other", ["\ud800", "a\udfff", "a", "b\ud800", "\ue000", "\U0001f600", ""])
@pytest.mark.parametrize("said", ["", "a", "ab", "\ud7ff", "\ue000", "\U0001f600", "\U0001f601"])
def test_texts_are_ordered_as_strs(said: str, other: str) -> None:
    """By code points: also beside a str that has no UTF-8, which no text can equal."""
    text = Text(said)
    assert (text < other, text <= other, text > other, text >= other, text == other) == (
        said < other, said <= other, said > other, said >= other, said == other)
    assert (other < text, other >= text) == (other < said, other >= said)


def test_a_position_is_asked_for_its_number_once() -> None:
    class Once:
        asked = False

        def __index__(self) -> int:
            assert not self.asked
            self.asked = True
            return 1

    assert Text("abcb").find("b", Once()) == 1
