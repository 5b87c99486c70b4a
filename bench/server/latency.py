"""p99 of one client's GETs while another client makes the server work."""
from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import ExitStack
from typing import Callable

from memory import elements, fields, strings
from servers import BUILD, KINDS, Connection, Server, encoded, pair
from tables import Table, median, verdict

RATE = 5000


def open_loop(server: Server, seconds: float, keys: int) -> dict[str, float]:
    done = subprocess.run(
        [str(BUILD / "bin" / "open_loop"), "--port", str(server.port), "--rate", str(RATE),
         "--seconds", str(seconds), "--keys", str(keys)],
        capture_output=True, text=True, timeout=seconds + 120, check=True)
    return json.loads(done.stdout)


def copy_and_delete(made: Connection) -> None:
    made.call("COPY", "hash", "copied")
    made.call("DEL", "copied")


def save(server: Server, made: Connection) -> None:
    """Writes something to save, then waits for the checkpoint (Redis: its fork's child)."""
    made.fill((encoded("SET", f"saved:{i}", "x" * 64) for i in range(20_000)), together=50)
    try:
        made.call("BGSAVE")
    except RuntimeError:  # one is running
        pass
    until = time.monotonic() + 60
    while time.monotonic() < until and server.info().get("rdb_bgsave_in_progress") == "1":
        time.sleep(0.1)


def disturbances(server: Server, made: Connection) -> dict[str, Callable[[], object]]:
    return {
        "KEYS *": lambda: made.swallow("KEYS", "*"),
        "HGETALL": lambda: made.swallow("HGETALL", "hash"),
        "LRANGE 0 -1": lambda: made.swallow("LRANGE", "list", 0, -1),
        "COPY and DEL of a hash": lambda: copy_and_delete(made),
        "checkpoint (BGSAVE)": lambda: save(server, made),
    }


def while_disturbed(server: Server, disturb: Callable[[], object], seconds: float, keys: int) -> dict[str, float]:
    """The loop's figures while `disturb` runs again and again, from before its start to behind its end."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            disturb()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        return open_loop(server, seconds, keys)
    finally:
        ended.set()
        worker.join()


def measure(given) -> Table:
    count = 20_000 if given.small else 1_000_000
    seconds = 0.3 if given.small else 3.0
    table = Table(
        "p99 of GET while another client works", "scripts/bench --only latency",
        f"Open loop: {RATE:,} GETs a second on ten connections, latency counted from the moment each was due, for "
        f"{seconds:g} s idle and then {seconds:g} s beside the other client, which repeats its command over {count:,} "
        f"keys, fields or elements. Milliseconds, medians of {given.runs} runs that alternate. Aim: idle p99 of the "
        "same run plus 1 ms. Redis's BGSAVE forks.",
        ["beside", "coppice idle p99", "coppice p99", "aim", "aim met", "Redis idle p99", "Redis p99", "wrong answers"])
    with ExitStack() as stack:
        servers = {each.kind: stack.enter_context(each) for each in pair()}
        for server in servers.values():
            made = server.connect()
            for make in (strings, fields, elements):
                made.fill(make(count))
            made.close()
            server.checkpoint()
        others = {kind: servers[kind].connect() for kind in KINDS}
        for name in disturbances(servers["redis"], others["redis"]):
            idle: dict[str, list[float]] = {kind: [] for kind in KINDS}
            busy: dict[str, list[float]] = {kind: [] for kind in KINDS}
            over: list[float] = []
            wrong = 0.0
            for turn in range(given.runs):
                for kind in KINDS if turn % 2 == 0 else reversed(KINDS):
                    for server in servers.values():
                        server.settle(0.2 if given.small else 5.0)
                    quiet = open_loop(servers[kind], seconds, count)
                    work = disturbances(servers[kind], others[kind])[name]
                    loud = while_disturbed(servers[kind], work, seconds, count)
                    idle[kind].append(quiet["p99"] / 1000)
                    busy[kind].append(loud["p99"] / 1000)
                    wrong += quiet["wrong"] + loud["wrong"]
                    if kind == "coppice":
                        over.append((loud["p99"] - quiet["p99"]) / 1000)
            ours = median(idle["coppice"])
            table.add(name, ours, median(busy["coppice"]), ours + 1, verdict(median(over), 1.0, at_most=True),
                      median(idle["redis"]), median(busy["redis"]), int(wrong))
        for made in others.values():
            made.close()
    return table
