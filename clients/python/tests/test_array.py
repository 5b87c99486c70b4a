"""Arrays and data sets: beside numpy's own, as files of its format, shared by copies, at the past."""
from __future__ import annotations

import io
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from redis.client import NEVER_DECODE
from redis.exceptions import WatchError

import coppice
from coppice import bulk, exceptions
from coppice.objects.place import Patience

ROWS = np.arange(30_000.0).reshape(10_000, 3)


def stored(client: coppice.Client, key: str) -> bytes:
    found = client.execute_command("GET", key, **{NEVER_DECODE: True})
    assert isinstance(found, bytes)
    return found


@pytest.mark.parametrize("array", [
    ROWS, np.arange(5, dtype="i1"), np.zeros((0, 4), "f4"), np.array(3.5), np.zeros((2, 3, 4), ">u2"),
    np.array(["a", "bc"]),
    np.array([(1, 2.5)], dtype=[("n", "i4"), ("x", "f8")]), np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.arange(3)[::-1], np.array([True, False]), np.arange(4).astype("M8[s]"),
], ids=lambda each: f"{each.dtype}{each.shape}")
def test_what_numpy_stores_and_loads(client: coppice.Client, array: np.ndarray[Any, Any]) -> None:
    """The value is a .npy file whose data begins at a multiple of 64."""
    kept = coppice.Array.from_numpy(client, "a", array)
    assert kept.key == "coppice.Array:a"
    raw = stored(client, kept.key)
    loaded = np.load(io.BytesIO(raw))
    for seen in (loaded, kept.to_numpy(), kept.to_numpy(copy=False), np.asarray(kept)):
        assert seen.dtype == array.dtype and np.array_equal(seen, array)
    assert (len(raw) - array.nbytes) % 64 == 0
    assert (kept.shape, kept.dtype, kept.ndim, kept.nbytes) == (array.shape, array.dtype, array.ndim, array.nbytes)
    assert kept.to_numpy().flags.writeable
    out = np.empty_like(array, order="C")
    assert kept.to_numpy(out=out) is out and np.array_equal(out, array)


def test_what_an_array_is_not_read_into(client: coppice.Client) -> None:
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    frozen = np.empty_like(ROWS)
    frozen.flags.writeable = False
    wrong: list[tuple[Any, type[Exception], str]] = [
        ([], TypeError, "out is a numpy array, not of type list"),
        (ROWS.astype("f4"), TypeError, "out has dtype float32, the array has float64"),
        (ROWS[1:].copy(), ValueError, r"out has shape \(9999, 3\), the array has \(10000, 3\)"),
        (np.empty_like(ROWS, order="F"), ValueError, "one block of memory in C order"),
        (frozen, ValueError, "that can be written to"),
    ]
    for out, error, told in wrong:
        with pytest.raises(error, match=told):
            kept.to_numpy(out=out)
    with pytest.raises(TypeError, match="an array to fill is out="):
        kept.to_numpy(np.empty_like(ROWS))  # type: ignore[arg-type]


def test_an_array_that_is_not_any_more_what_was_read(client: coppice.Client) -> None:
    """Its header is known from the read before; the new one is seen in the message that reads the rows."""
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    out = kept.to_numpy()
    coppice.Array.from_numpy(client, "a", ROWS + 1)
    assert np.array_equal(kept.to_numpy(out=out), ROWS + 1)
    coppice.Array.from_numpy(client, "a", ROWS[1:])
    with pytest.raises(ValueError, match="out has shape"):
        kept.to_numpy(out=out)
    client.delete(kept.key)
    with pytest.raises(KeyError):
        kept.to_numpy(out=out)


def test_a_file_of_numpy_s_is_an_array(client: coppice.Client) -> None:
    """Its header has no room for more rows, so appending says so; all else works."""
    file = io.BytesIO()
    np.save(file, ROWS)
    client.set("coppice.Array:a", file.getvalue())
    kept = coppice.Array(client, "a")
    kept[3] = 0
    assert np.array_equal(kept[2:5], [ROWS[2], [0, 0, 0], ROWS[4]])
    kept.append(ROWS[:1])
    assert len(kept) == 10_001  # numpy leaves room for the number of rows, too


INDICES: list[Any] = [
    slice(3, 9), slice(None), slice(None, None, -7), slice(10, 3), slice(-5, None), 5, -1, np.int64(7),
    [3, 1, 2, 1], [],
    ROWS[:, 0] > 29_000, np.array([9_999, 0]), (slice(2, 5), 1), (3, 2), (3, slice(0, 2)),
    (slice(None, None, 5_000), [2, 0]), ..., (..., 1), np.zeros(10_000, bool),
]


@pytest.mark.parametrize("index", INDICES, ids=lambda each: str(each).replace("\n", "")[:30])
def test_indices_are_numpy_s(client: coppice.Client, index: Any) -> None:
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    found = kept[index]
    assert found.dtype == ROWS.dtype and np.array_equal(found, ROWS[index])


SHAPES: list[tuple[int, ...]] = [(), (0, 3), (7,), (300,), (5, 4), (6, 3, 2), (9, 400)]


def an_index(rng: random.Random, shape: tuple[int, ...]) -> Any:
    """One of all kinds, that fits mostly."""

    def bound(size: int) -> int | None:
        return rng.choice([None, rng.randrange(-size - 2, size + 3)])

    def part(axis: int) -> Any:
        size = (*shape, 1, 1, 1)[axis]
        beyond = rng.random() < 0.1
        numbers = [rng.randrange(-size - beyond, size + beyond) if size else 0 for _ in range(rng.randrange(5))]
        step = rng.choice([None, 1, 2, 3, -1, -2, 7])
        kinds: list[Callable[[], Any]] = [
            lambda: numbers[0] if numbers else 0, lambda: slice(bound(size), bound(size), step), lambda: slice(None),
            lambda: numbers, lambda: sorted(set(numbers)), lambda: np.array([numbers, numbers], int),
            lambda: np.array(numbers[0] if numbers else 0), lambda: [rng.random() < 0.5 for _ in range(size)],
            lambda: np.array([rng.random() < 0.3 for _ in range(size + beyond)]),
            lambda: ..., lambda: None, lambda: rng.choice([True, False, np.True_, np.array(False)]),
            lambda: 1.5, lambda: "x", lambda: tuple(numbers), lambda: range(min(size, 3)),
        ]
        return rng.choice(kinds)()

    if rng.random() < 0.15:
        axes = rng.randrange(1, len(shape) + 2)
        return np.random.default_rng(rng.randrange(2**32)).random(shape[:axes]) < 0.4
    if rng.random() < 0.4:
        return part(0)
    return tuple(part(axis) for axis in range(rng.randrange(4)))


def test_an_index_means_what_it_means_to_numpy(client: coppice.Client, rng: random.Random) -> None:
    """Whatever it is made of: read and written as there, or refused where there is nothing to write."""
    for _ in range(60):
        shape = rng.choice(SHAPES)
        model = np.arange(np.prod(shape, dtype=int), dtype="f8").reshape(shape)
        kept = coppice.Array.from_numpy(client, "a", model)
        for _ in range(12):
            index = an_index(rng, shape)
            told = f"array of {shape}[{index!r}]"
            try:
                expected = model[index]
                empty = expected.size == 0  # then numpy does not look whether the numbers are in range
            except (IndexError, TypeError, ValueError):
                expected, empty = None, True
            try:
                found = kept[index]
                value = rng.choice([-1.0, np.random.default_rng(0).random(found.shape)])
                kept[index] = value
            except (IndexError, TypeError, ValueError):
                assert empty, told
            else:
                assert expected is not None, told
                assert found.shape == expected.shape and np.array_equal(found, expected), told
                model[index] = value
            assert np.array_equal(kept, model), told


@pytest.mark.parametrize("dtype", [
    ">f8", ">U2", [("n", ">i2"), ("x", "f4")], {"names": ["n", "x"], "formats": ["i2", "f4"], "offsets": [1, 8]},
], ids=str)
def test_rows_far_apart_stay_what_they_are(client: coppice.Client, dtype: Any) -> None:
    """Their dtype has another byte order, or gaps: numpy makes another one where it joins arrays of it."""
    model = np.zeros((30_000, 4), dtype)
    model[...] = np.arange(4).astype(dtype)
    kept = coppice.Array.from_numpy(client, "a", model)
    rows = [29_999, 0, 15_000]
    assert kept[rows].dtype == model.dtype
    kept[rows, 1] = model[0, 3]
    model[rows, 1] = model[0, 3]
    assert kept[rows].dtype == model.dtype and np.array_equal(kept[rows], model[rows])
    assert np.array_equal(kept.to_numpy(), model)


def test_records_with_sequences_inside(client: coppice.Client) -> None:
    model = np.zeros(3, [("n", "i4"), ("x", "f8", (2,))])
    kept = coppice.Array.from_numpy(client, "a", model)
    records: list[Any] = [(7, [1.5, 2.5]), (8, np.ones(2)), (9, 3.5)]
    for at, record in enumerate(records):
        kept[at] = record
        model[at] = record
    assert np.array_equal(kept.to_numpy(), model)


def test_rows_without_bytes_are_counted(client: coppice.Client) -> None:
    kept = coppice.Array.from_numpy(client, "a", np.zeros((3, 0)))
    assert kept[:].shape == (3, 0)
    coppice.Array(client, "a").append(np.zeros((2, 0)))
    assert kept[:].shape == kept.to_numpy().shape == (5, 0)


@pytest.mark.parametrize(("dtype", "told"), [
    (np.dtype([(f"number_{i}", "f8") for i in range(200)]), r"at most 4,096 bytes; of these 200 they would take"),
    (np.dtype([(f"number_{i}", "f8") for i in range(5_000)]), "at most 4,096 bytes"),
    (np.dtype([("\u6e29", "f8")]), "names of Latin-1"), (np.dtype([]), "at least one byte"),
    (np.dtype("V0"), "at least one byte"),
], ids=["many", "too many for numpy", "foreign", "none", "empty"])
def test_dtypes_that_could_not_be_read_again_are_not_stored(client: coppice.Client, dtype: Any, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        coppice.Array.from_numpy(client, "a", np.zeros(3, dtype))
    assert not client.exists("coppice.Array:a")


def test_what_is_written_is_what_it_costs(client: coppice.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are neighbours, or lie near each other, are one run of bytes; nothing is as long as the array."""
    runs: list[tuple[int, int]] = []
    queue: Any = coppice.Pipeline.execute_command

    def noted(pipe: Any, *words: Any, **options: Any) -> Any:
        if words[0] == "SETRANGE":
            runs.append((words[2], len(words[3])))
        return queue(pipe, *words, **options)

    monkeypatch.setattr(coppice.Pipeline, "execute_command", noted)
    model = np.zeros((100_000, 8), "u1")
    kept = coppice.Array.from_numpy(client, "a", model)
    cases: list[tuple[Any, list[int]]] = [
        (7, [8]), (slice(5, 9), [32]), ([5, 6, 8, 7], [32]), (slice(0, 100, 2), [8 * 99]),
        (slice(100, 0, -2), [8 * 99]), ([0, 99_999], [8, 8]), (slice(None, None, 50_000), [8, 8]),
        ((slice(None, None, 50_000), 3), [8, 8]), ([0, 10, 90_000, 90_001], [88, 16]),
    ]
    for at, (index, sizes) in enumerate(cases, 1):
        runs.clear()
        kept[index] = at
        model[index] = at
        assert [size for _, size in runs] == sizes, index
    assert np.array_equal(kept, model)


@pytest.mark.parametrize("index", [10_000, -10_001, [10_000], np.zeros(3, bool), "x", 1.5])
def test_wrong_indices(client: coppice.Client, index: Any) -> None:
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    with pytest.raises(IndexError):
        kept[index]
    with pytest.raises(IndexError):
        kept[index] = 0
    assert np.array_equal(kept, ROWS)


@pytest.mark.parametrize(("dtype", "index", "value", "refused"), [
    ("i4", 0, 1.5, TypeError), ("i4", 0, [2.0, 3.0, 4.0], TypeError), ("i4", (0, 1), 2.5, TypeError),
    ("i4", 0, np.float32(2), TypeError), ("i4", 0, 10**30, OverflowError), ("i4", 0, "1", TypeError),
    ("f8", 0, 1j, TypeError), ("f8", 0, None, TypeError), ("u1", 0, np.array([1, 2, 3]), TypeError),
    ("u1", 0, 300, OverflowError), ("u1", 0, [-1, 0, 0], OverflowError), ("u1", 0, [np.int64(300)] * 3, OverflowError),
    ("?", 0, 2, OverflowError), ("i4", 0, 2**31, OverflowError), ("i8", 0, 2**63, OverflowError),
    ("i8", 0, -(2**63) - 4, OverflowError), ("i8", 0, [2**63, -1, 0], OverflowError),
    ("i1", 0, [0, 0, 300], OverflowError),
    ("i2", 0, np.array([0, 1, 40_000]), OverflowError), ("i4", 0, np.uint32(2**31), OverflowError),
    ("u8", 0, 2**64, OverflowError), ("f2", 0, 70_000, OverflowError), ("f8", 0, 10**400, OverflowError),
    (">i2", 0, np.array([1, -40_000, 1]), OverflowError),
    ("f8", 0, [1, 2], ValueError), ("f8", slice(0, 2), np.zeros((3, 3)), ValueError),
    ("f8", (0, slice(0, 2)), [1, 2, 3], ValueError),
])
def test_what_does_not_fit_is_not_written(
    client: coppice.Client, dtype: str, index: Any, value: Any, refused: type[Exception]
) -> None:
    kept = coppice.Array.from_numpy(client, "a", np.ones((4, 3), dtype))
    with pytest.raises(refused, match=r"dtype|range|shape"):
        kept[index] = value
    assert np.array_equal(kept.to_numpy(), np.ones((4, 3)))
    if refused is OverflowError:
        far = max(np.atleast_1d(np.asarray(value, dtype=object)), key=abs)
        with pytest.raises(OverflowError, match=f"^{far} is out of the range of {np.dtype(dtype)}, the array's dtype$"):
            kept[index] = value
    if refused is not ValueError:
        with pytest.raises(refused):
            row = np.broadcast_to(value if hasattr(value, "dtype") else np.asarray(value, object), 3)
            kept.append(row if hasattr(value, "dtype") else row.tolist())


@pytest.mark.parametrize(("dtype", "index", "value"), [
    ("i4", 0, 7), ("u1", slice(0, 3), [1, 2, 255]), ("f4", slice(None), 2.5), ("f8", slice(1, 4), [[1], [2], [3]]),
    ("f8", slice(1, 3), np.arange(3)), ("i2", [0, 3], np.arange(3, dtype="i8")), ("c8", 0, 1.5), ("?", 0, [1, 0, True]),
    ("i8", 0, [2**63 - 1, -(2**63), 0]), ("u8", 0, [2**64 - 1, 0, np.int64(1)]), ("f8", 0, 10**30), ("f2", 1, 65_504),
    ("f8", slice(0, 0), np.zeros((0, 3), "U1")), ("M8[D]", 1, "2026-01-02"), ("U3", 1, ["a", "bc", "def"]),
])
def test_what_numpy_broadcasts_and_casts_is_written(client: coppice.Client, dtype: str, index: Any, value: Any) -> None:
    expected = np.ones((4, 3)).astype(dtype)
    kept = coppice.Array.from_numpy(client, "a", expected)
    kept[index] = value
    expected[index] = value
    assert np.array_equal(kept.to_numpy(), expected)


def test_what_is_read_cannot_be_written_to(client: coppice.Client) -> None:
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    for seen in (kept[0:2], kept[0:5_000], kept[[1, 2]], kept.to_numpy(copy=False)):
        with pytest.raises(ValueError, match="read-only"):
            seen[0] = 1


def test_edits_match_numpy_s(client: coppice.Client, rng: random.Random) -> None:
    """Model: a numpy array. Versions and copies stay as they were."""
    model = np.arange(600).reshape(200, 3)
    kept = coppice.Array.from_numpy(client, "a", model)
    past: list[tuple[coppice.Array, Any]] = []
    for step in range(40):
        index: Any = rng.choice([
            rng.randrange(len(model)), slice(*sorted(rng.choices(range(len(model)), k=2))),
            sorted(rng.sample(range(len(model)), 5)), (slice(3, 90, 7), 1), rng.sample(range(len(model)), 3),
        ])
        if step % 8 == 7:
            rows = np.full((rng.randrange(1, 4), 3), step)
            kept.append(rows)
            model = np.concatenate([model, rows])
        else:
            kept[index] = step
            model[index] = step
        if step % 10 == 0:
            past.append((kept.copy(f"at {step}"), model.copy()))
            past.append((kept.at(client.commit(str(step))), model.copy()))
        assert np.array_equal(kept, model)
    for one, then in past:
        assert np.array_equal(one, then)


def test_appending(client: coppice.Client) -> None:
    kept = coppice.Array.from_numpy(client, "a", np.zeros((0, 2), "i8"))
    kept.append([1, 2])
    kept.append([[3, 4], [5, 6]])
    for _ in range(10):
        kept.append(np.arange(2_000).reshape(1_000, 2))
    assert (len(kept), kept[2].tolist(), kept[-1].tolist()) == (10_003, [5, 6], [1_998, 1_999])
    with pytest.raises(ValueError, match=r"cannot append an array of shape \(1, 3\) to one of shape \(10003, 2\)"):
        kept.append([[1, 2, 3]])
    flat = coppice.Array.from_numpy(client, "flat", np.arange(3))
    flat.append(3)
    flat.append([4, 5])
    assert flat.to_numpy().tolist() == [0, 1, 2, 3, 4, 5]


def test_versions(client: coppice.Client) -> None:
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    client.commit("first")
    client.tag("v1")
    kept[0] = -1
    past = kept.at("v1")
    assert past[0].tolist() == [0, 1, 2] and kept[0].tolist() == [-1, -1, -1]
    with pytest.raises(exceptions.FrozenStorageError):
        past[0] = 1
    with pytest.raises(exceptions.FrozenStorageError):
        coppice.Array.from_numpy(client.at("v1"), "b", ROWS)
    assert np.array_equal(past.copy("old"), ROWS)
    assert kept.history()[-1].kind == "begin"
    kept.restore("v1")
    assert np.array_equal(kept, ROWS)
    trial = coppice.Array(client.branch("trial"), "a")
    trial[1] = 5
    assert kept[1].tolist() == [3, 4, 5]
    kept.delete()
    with pytest.raises(KeyError, match=r"coppice\.Array:a"):
        kept[0]


def test_what_is_no_array(client: coppice.Client) -> None:
    missing = coppice.Array(client, "none")
    for read in (lambda: missing.shape, lambda: missing[0], lambda: missing.to_numpy(), lambda: missing.copy("m"),
                 lambda: list(missing.chunks())):
        with pytest.raises(KeyError, match=r"coppice\.Array:none"):
            read()
    client.set("coppice.Array:text", "x")
    with pytest.raises(TypeError, match=r"coppice\.Array:text holds no array"):
        coppice.Array(client, "text")[0]
    client.rpush("coppice.Array:list", "x")
    with pytest.raises(exceptions.ResponseError, match="wrong kind of value"):
        coppice.Array(client, "list")[0]
    with pytest.raises(TypeError, match="Python objects"):
        coppice.Array.from_numpy(client, "o", np.array([None]))
    with pytest.raises(TypeError, match="unsized"):
        len(coppice.Array.from_numpy(client, "n", 1))


def test_chunks_are_all_rows(client: coppice.Client) -> None:
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    assert np.array_equal(np.concatenate(list(kept.chunks())), ROWS)
    assert [len(each) for each in kept.chunks(rows=4_000)] == [4_000, 4_000, 2_000]
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="at least one row each"):
            list(kept.chunks(wrong))
    assert np.array_equal(list(kept)[77], ROWS[77])


def test_a_slice_is_one_message(address: str, sent: list[Any]) -> None:
    kept = coppice.Array.from_numpy(coppice.Client(address), "a", ROWS)
    kept[0]
    sent.clear()
    kept[100:9_000]
    kept[[5, 9_000]]
    assert len(sent) == 2


def test_another_array_under_the_same_key_is_read_as_it_is(client: coppice.Client) -> None:
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    kept[0]
    coppice.Array.from_numpy(client, "a", np.arange(7, dtype="u1"))
    assert (kept[3], kept[:].tolist()) == (3, [0, 1, 2, 3, 4, 5, 6])
    coppice.Array.from_numpy(client, "a", ROWS)
    assert np.array_equal(kept[9_990:], ROWS[9_990:])


def test_errors_leave_the_connection_whole(address: str) -> None:
    client = coppice.Client(address)
    client.rpush("l", "x")
    with pytest.raises(exceptions.ResponseError, match="wrong kind of value"):
        bulk.fetch(client, "l", 10, 0, 5)
    assert client.get("none") is None and client.lrange("l", 0, -1) == ["x"]


def test_rows_in_one_page_are_views_that_keep_their_version(tmp_path: Path) -> None:
    """Until the last view is gone, the pages are there, whatever happens to the array and its client."""
    client = coppice.Client(tmp_path / "data")
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    assert client.local is not None
    held = client.local.hold(kept.key, None)
    assert held is not None
    assert held.read(128, 24).is_view and not held.read(128, 100_000).is_view
    views = [kept[10:12], kept[0:5_000], *kept.chunks()]
    assert len(views) > 50
    kept[:] = 7
    client.flushall()
    client.save()
    client.close()
    assert np.array_equal(views[0], ROWS[10:12]) and np.array_equal(views[1], ROWS[:5_000])
    assert np.array_equal(np.concatenate(views[2:]), ROWS)


def test_copies_share_pages(client: coppice.Client) -> None:
    original = coppice.Dataset.from_numpy(client, "d", ROWS)
    copied = original.copy()
    named = copied.copy("named")
    assert copied.key.startswith("coppice.Dataset:d@") and named.key == "coppice.Dataset:named"
    assert (original.ref_count, original.nbytes_exclusive < 1_000) == (3, True)
    assert original.shared_with(copied) > original.nbytes
    copied.transform(lambda rows: rows * 2, rows=slice(0, 100))
    assert np.array_equal(copied[:100], ROWS[:100] * 2) and np.array_equal(copied[100:], ROWS[100:])
    assert np.array_equal(original, ROWS)
    assert 2_400 < copied.nbytes_exclusive < 20_000
    assert original.shared_with(copied) > 0.9 * original.nbytes
    copied.transform(np.negative)
    assert original.shared_with(copied) < 0.1 * original.nbytes and original.ref_count == 2  # named is one of them
    named.delete()
    copied.delete()
    assert original.ref_count == 1 and original.nbytes_exclusive > original.nbytes


def test_transforming_chosen_rows(client: coppice.Client, capsys: pytest.CaptureFixture[str]) -> None:
    data = coppice.Dataset.from_numpy(client, "d", ROWS)
    model = ROWS.copy()
    for rows in ([5, 1, 7], ROWS[:, 0] % 5 == 0, slice(9_000, None), slice(0, 0), np.arange(3)):
        data.transform(lambda block: block + 1, rows=rows, progress=True)
        model[rows] += 1
    assert np.array_equal(data, model)
    blocks: list[int] = []

    def seen(block: Any) -> Any:
        blocks.append(len(block))
        return block

    coppice.Dataset.from_numpy(client, "wide", np.zeros((20, 2**17))).transform(seen)
    assert blocks == [4] * 5
    with pytest.raises(TypeError, match="returns the rows"):
        data.transform(lambda block: None)
    with pytest.raises(ValueError):
        data.transform(lambda block: block[:1, :2])
    assert np.array_equal(data, model)
    assert capsys.readouterr().err == ""  # no terminal, no bar


@pytest.mark.parametrize(("func", "refused", "told"), [
    (lambda rows: rows[:1], ValueError, r"\(4, 3\).*\(1, 3\)"), (lambda rows: rows[:, :1], ValueError, r"\(4, 1\)"),
    (lambda rows: 5, ValueError, r"\(\)"), (lambda rows: rows * 1.5, TypeError, "float64 .* int32"),
    (lambda rows: None, TypeError, "None"),
    (lambda rows: rows + np.int64(2**40), OverflowError, f"{2**40} .* of int32"),
    (lambda rows: [[2**31, 1, 2]] * 4, OverflowError, f"{2**31} .* of int32"),
])
def test_a_transform_that_gives_something_else(
    client: coppice.Client, func: Any, refused: type[Exception], told: str
) -> None:
    data = coppice.Dataset.from_numpy(client, "d", np.arange(12, dtype="i4").reshape(4, 3))
    with pytest.raises(refused, match=told):
        data.transform(func)
    assert np.array_equal(data, np.arange(12).reshape(4, 3))
    with pytest.raises(TypeError, match="takes an Array or Dataset, not int"):
        data.shared_with(5)  # type: ignore[arg-type]


def test_what_others_write_while_a_function_runs_is_kept(client: coppice.Client) -> None:
    """It is called again with rows that they wrote, and not where they wrote others."""
    data = coppice.Dataset.from_numpy(client, "d", np.zeros((10, 2)))
    beside = coppice.Dataset(client, "d")
    calls: list[Any] = []

    def slow(rows: Any) -> Any:
        calls.append(rows.copy())
        if len(calls) == 1:
            beside[0] = 100
            beside[9] = 7
        rows += 1
        return rows

    data.transform(slow, rows=slice(0, 4))
    assert [each[0, 0] for each in calls] == [0, 100]
    assert data.to_numpy()[:, 0].tolist() == [101, 1, 1, 1, 0, 0, 0, 0, 0, 7]
    calls.clear()
    data.transform(slow, rows=[8, 5])
    assert len(calls) == 1 and data.to_numpy()[:, 0].tolist() == [100, 1, 1, 1, 0, 1, 0, 0, 1, 7]


def test_a_transform_that_others_are_always_before(client: coppice.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up after as many tries, however long the function takes."""
    monkeypatch.setattr(Patience, "SECONDS", 0.0)
    data = coppice.Dataset.from_numpy(client, "d", np.zeros((4, 2)))
    calls: list[int] = []

    def overtaken(rows: Any) -> Any:
        calls.append(1)
        coppice.Dataset(client, "d")[1] = len(calls)
        return rows + 1

    with pytest.raises(WatchError, match=r"others changed 'coppice\.Dataset:d' during each of 10 tries"):
        data.transform(overtaken)
    assert len(calls) == 10 and data[:, 0].tolist() == [0, 10, 0, 0]

    def replaced(rows: Any) -> Any:
        coppice.Dataset.from_numpy(client, "d", np.zeros((2, 2)))
        return rows + 1

    with pytest.raises(RuntimeError, match="got another length or type while it was transformed"):
        data.transform(replaced)
    assert data.to_numpy().tolist() == [[0, 0], [0, 0]]


def test_the_bar_ends_its_line(
    client: coppice.Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    data = coppice.Dataset.from_numpy(client, "d", np.zeros((8, 2**17)))
    data.transform(lambda rows: rows, progress=True)
    told = capsys.readouterr().err
    assert "] 4 of 8 rows" in told and "] 8 of 8 rows" in told and told.endswith(" s\n")
    with pytest.raises(ZeroDivisionError):
        data.transform(lambda rows: rows if rows[0, 0] else 1 / 0, progress=True)
    assert capsys.readouterr().err == "\n"


def test_which_rows_a_transform_takes(client: coppice.Client) -> None:
    data = coppice.Dataset.from_numpy(client, "d", np.arange(6.0).reshape(6, 1))
    seen: list[Any] = []

    def noted(block: Any) -> Any:
        seen.append(block[:, 0].tolist())
        return block

    right: list[Any] = [3, -1, (4, 2), [5, 5, 0], slice(None, None, -2), np.arange(6) > 3]
    for each in right:
        data.transform(noted, rows=each)
    assert seen == [[3], [5], [4, 2], [5, 5, 0], [5, 3, 1], [4, 5]]
    wrong: list[Any] = [6, [0, 6], True, ..., 1.5, "a", [[0, 1]], np.ones((6, 1), bool), np.ones(5, bool)]
    for each in wrong:
        with pytest.raises(IndexError):
            data.transform(lambda block: block + 1, rows=each)
    assert np.array_equal(data, np.arange(6.0).reshape(6, 1))


def test_what_shares_nothing_is_not_compared(client: coppice.Client) -> None:
    data = coppice.Dataset.from_numpy(client, "d", ROWS)
    client.commit("now")
    assert data.shared_with(data.copy()) > 0
    assert data.at("main").shared_with(coppice.Dataset(client.at("main"), "d")) > 0
    with coppice.Client("memory://") as elsewhere, client.branch("exp") as branch:
        others = [coppice.Dataset.from_numpy(elsewhere, "d", ROWS), coppice.Dataset(branch, "d"), data.at("main")]
        for other in others:
            with pytest.raises(ValueError, match=r"one store, branch, database and version: coppice\.Dataset:d and"):
                data.shared_with(other)


def test_an_array_that_is_too_long_is_refused_before_it_is_sent(client: coppice.Client) -> None:
    long = np.broadcast_to(np.uint8(1), 2**29)
    with pytest.raises(ValueError, match=r"at most 536,870,912 bytes with its header; coppice\.Array:a would have"):
        coppice.Array.from_numpy(client, "a", long)
    kept = coppice.Array.from_numpy(client, "a", long[:10])
    with pytest.raises(ValueError, match="at most 536,870,912 bytes"):
        kept.append(long)
    assert kept.shape == (10,)


def test_other_packages_see_an_array(client: coppice.Client) -> None:
    kept = coppice.Array.from_numpy(client, "a", ROWS)
    assert np.mean(np.asarray(kept)) == ROWS.mean() and np.asarray(kept, dtype="f4").dtype == np.float32
