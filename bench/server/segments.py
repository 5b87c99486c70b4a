"""ZnSocket's Segments over a long list: making them, reading them, and what many of them take."""
from __future__ import annotations

import random
import time

from servers import Connection, Server, encoded
from tables import Table, median, verdict

READS = 2_000


def milliseconds(made: Connection, commands: list[tuple[object, ...]]) -> list[float]:
    """Of each command, sent one by one."""
    times = []
    for words in commands:
        begun = time.perf_counter()
        made.call(*words)  # type: ignore[arg-type]
        times.append((time.perf_counter() - begun) * 1000)
    return times


def reads(key: str, length: int, count: int) -> list[tuple[object, ...]]:
    draw = random.Random(3)
    return [("SEGMENTS", "RANGE", key, at, at) for at in (draw.randrange(length) for _ in range(count))]


def measure(given) -> Table:
    length = 20_000 if given.small else 1_000_000
    many = 50 if given.small else 1_000
    edits = (1, 100, 2_000) if given.small else (1, 1_000, 100_000)
    table = Table(
        "Segments of a long list", "scripts/bench --only segments",
        f"A list of {length:,} elements of 20 bytes. Milliseconds a round trip, medians; memory is what the server's process "
        "grew by, and what of the branch is in memory. Pieces of the published client are read one by one; ours are a list.",
        ["what", "figure", "unit", "aim", "aim met"])
    with Server("coppice", settings=["--history-budget", "0"]) as server:
        made = server.connect()
        made.fill(encoded("RPUSH", "znsocket.List:o", *(f'{{"step": {at + i:>10}}}' for i in range(100)))
                  for at in range(0, length, 100))
        server.checkpoint()
        server.settle()
        before, own_before = server.resident_bytes(), branch_bytes(made)
        created = milliseconds(made, [("SEGMENTS", "CREATE", f"znsocket.Segments:s{i}", "znsocket.List:o")
                                      for i in range(many)])
        draw = random.Random(5)
        for i in range(many):
            made.call("SEGMENTS", "SPLICE", f"znsocket.Segments:s{i}", draw.randrange(length), 1, '"changed"')
        server.settle()
        grown, own = server.resident_bytes() - before, branch_bytes(made) - own_before
        aim = 1.0
        table.add("made", median(created), "ms", aim, verdict(median(created), aim, at_most=True))
        limit = 16.0 * many / 1000
        table.add(f"{many:,} with one edit each, process", grown / 1e6, "MB", limit, verdict(grown / 1e6, limit, at_most=True))
        table.add(f"{many:,} with one edit each, branch", own / 1e6, "MB", "", "")
        key = "znsocket.Segments:s0"
        first = 0.0
        done = 1
        for wanted in edits:
            made.fill(encoded("SEGMENTS", "SPLICE", key, draw.randrange(length), 1, '"changed"')
                      for _ in range(wanted - done))
            done = wanted
            server.settle()
            spent = median(milliseconds(made, reads(key, length, READS)))
            first = first or spent
            table.add(f"one element read after {wanted:,} edits", spent, "ms", first * 1.25,
                      verdict(spent, first * 1.25, at_most=True))
        made.close()
    return table


def branch_bytes(made: Connection) -> int:
    told = made.call("BRANCH", "INFO", "main", "MEMORY")
    return dict(zip(told[::2], told[1::2]))[b"resident_bytes"]
