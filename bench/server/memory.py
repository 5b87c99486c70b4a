"""Resident bytes per string key, hash field, list element and small hash."""
from __future__ import annotations

import hashlib
import random
import time
from typing import Iterable

from servers import KINDS, Connection, Server, encoded
from tables import Table, verdict

SAMPLE = 1000


def value_of(number: int) -> bytes:
    return b"value:%010d" % number


def shuffled(count: int) -> list[int]:
    order = list(range(count))
    random.Random(7).shuffle(order)
    return order


def strings(count: int) -> Iterable[bytes]:
    return (encoded("SET", b"key:%012d" % i, value_of(i)) for i in shuffled(count))


def fields(count: int) -> Iterable[bytes]:
    return (encoded("HSET", "hash", b"field:%010d" % i, value_of(i)) for i in shuffled(count))


def elements(count: int) -> Iterable[bytes]:
    return (encoded("RPUSH", "list", value_of(i)) for i in range(count))


def small_hashes(count: int) -> Iterable[bytes]:
    return (encoded("HSET", b"key:%012d" % i, "id", i, "name", b"name%d" % (i % 1000), "size", i % 100)
            for i in shuffled(count))


def sample(made: Connection, what: str, count: int) -> str:
    """A hash of some answers, which is the same from both servers."""
    chosen = sorted(random.Random(8).sample(range(count), min(SAMPLE, count)))
    digest = hashlib.sha256()
    for i in chosen:
        answer = {
            "string key": lambda: made.call("GET", b"key:%012d" % i),
            "hash field": lambda: made.call("HGET", "hash", b"field:%010d" % i),
            "list element": lambda: made.call("LINDEX", "list", i),
            "hash of three fields": lambda: sorted(made.call("HGETALL", b"key:%012d" % i)),
        }[what]()
        digest.update(repr(answer).encode())
    return digest.hexdigest()[:8]


KINDS_OF_DATA = {"string key": (strings, 42.0), "hash field": (fields, 44.0), "list element": (elements, 21.0),
                 "hash of three fields": (small_hashes, 80.0 + 17)}


def resting_bytes(server: Server, patience: float) -> int:
    """Resident memory, once no more of it is given back."""
    server.settle()
    before = server.resident_bytes()
    until = time.monotonic() + patience
    while time.monotonic() < until:
        time.sleep(1.5)
        now = server.resident_bytes()
        if now > before * 0.995:
            return now
        before = now
    return before


def grown(kind: str, what: str, count: int, settings: list[str]) -> tuple[float, float, str]:
    """Bytes per element by resident memory and as the server counts them itself, and a hash of answers."""
    with Server(kind, settings=settings) as server:
        made = server.connect()
        # Warmed up: code, connection, log and engine have been used, and everything is gone again.
        made.fill(encoded("SET", b"warm:%d" % i, b"x" * 100) for i in range(min(count, 20_000)))
        server.checkpoint()
        made.call("FLUSHALL")
        server.checkpoint()
        patience = 2.0 if count < 100_000 else 10.0
        empty = resting_bytes(server, patience)
        counted = int(server.info()["used_memory"])
        made.fill(KINDS_OF_DATA[what][0](count))
        server.checkpoint()
        per = (resting_bytes(server, patience) - empty) / count
        own = (int(server.info()["used_memory"]) - counted) / count
        digest = sample(made, what, count)
        made.close()
        return per, own, digest


def measure(given) -> Table:
    count = 20_000 if given.small else 1_000_000
    table = Table(
        "Resident memory per element", "scripts/bench --only memory",
        f"Growth of resident memory from the empty, warmed-up server to {count:,} elements after a checkpoint, divided "
        "by their number; `key:%012d` and 16-byte values, in random order, the list by RPUSH. The engine's buffers "
        "(its cache, its write buffers, the log's) are in the figure; the second column is what the server counts as "
        "its data alone (`used_memory`). Both with `history-budget 0`; the third is resident memory with the budget of "
        "1 GiB: restore points of the seconds in which the data came hold copies of what was written meanwhile. A hash "
        "of three fields counts its 17-byte key.",
        ["", "coppice RSS", "coppice counts", "with restore points", "Redis RSS", "ratio", "aim", "aim met", "answers"])
    for what, (_, aim) in KINDS_OF_DATA.items():
        found = {kind: grown(kind, what, count, ["--history-budget", "0"]) for kind in KINDS}
        ours, own, digest = found["coppice"]
        kept = grown("coppice", what, count, [])[0]
        theirs = found["redis"][0]
        same = digest if digest == found["redis"][2] else "DIFFER"
        table.add(what, ours, own, kept, theirs, ours / theirs, aim, verdict(ours, aim, at_most=True), same)
    return table
