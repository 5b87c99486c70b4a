"""Requests per second and processor time per request, by redis-benchmark."""
from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack

from servers import KINDS, Server, encoded, pair
from tables import Table, median, verdict

KEYSPACE = 1_000_000
VALUE = "x" * 16
KEY = "key:__rand_int__"
LIST_ELEMENTS = 600
# Command, requests at -P 32 for one at -P 1, and the least ratio at -P 32.
COMMANDS: dict[str, tuple[list[str], float]] = {
    "GET": (["get", KEY], 1.2),
    "SET": (["set", KEY, VALUE], 1.2),
    "INCR": (["incr", "counter:__rand_int__"], 1.0),
    "LPUSH": (["lpush", "mylist", VALUE], 1.0),
    "RPUSH": (["rpush", "mylist", VALUE], 1.0),
    "LPOP": (["lpop", "mylist"], 1.0),
    "HSET": (["hset", "myhash", "element:__rand_int__", VALUE], 1.0),
    "LRANGE_100": (["lrange", "fixed", "0", "99"], 1.0),
    "MSET": (["mset"] + [KEY, VALUE] * 10, 1.2),
}
HEAVY = {"LRANGE_100": 10, "MSET": 5}  # fewer requests of these


def prepare(server: Server, keys: int) -> None:
    made = server.connect()
    made.fill(encoded("SET", f"key:{i:012}", VALUE) for i in range(keys))
    made.fill([encoded("RPUSH", "fixed", *[f"{i:016}" for i in range(LIST_ELEMENTS)])])
    made.close()
    server.checkpoint()


def run_benchmark(server: Server, words: list[str], requests: int, pipeline: int, keys: int) -> tuple[float, float]:
    """Requests per second, and the server's microseconds per request."""
    before = server.cpu_seconds()
    done = subprocess.run(
        ["redis-benchmark", "-p", str(server.port), "-c", "50", "-n", str(requests), "-P", str(pipeline),
         "-r", str(keys), "--csv", *words],
        capture_output=True, text=True, timeout=600, check=True)
    spent = server.cpu_seconds() - before
    figures = done.stdout.strip().splitlines()[-1].split('","')
    return float(figures[1]), spent / requests * 1e6


def measure(given, fsync: str = "everysec", names: list[str] | None = None) -> Table:
    """Each command at both depths, the servers taking turns within each round."""
    keys = 10_000 if given.small else KEYSPACE
    singles = 2_000 if given.small else 100_000
    if fsync == "always":
        singles //= 5
    names = names or given.commands or list(COMMANDS)
    option = "" if fsync == "everysec" else " --only always"
    table = Table(
        f"Requests per second, log synced {'every second' if fsync == 'everysec' else 'before each answer'}",
        "scripts/bench" + (option or " --only throughput"),
        f"`redis-benchmark -c 50 -r {keys} -n N -P p`, `appendfsync {fsync}` on both, {keys:,} keys there before, "
        f"16-byte values. Medians of {given.runs} runs that alternate; the CPU time is that of all threads, user and "
        "system, and includes checkpoints and the rewriting of Redis's log where they fall into a run. Aims: at -P 1 a "
        "ratio of 0.9 and a CPU ratio of at most 1.1; at -P 32 a ratio of 1.0, for GET, SET and MSET 1.2.",
        ["command", "-P", "coppice /s", "Redis /s", "ratio", "CPU us", "Redis CPU us", "CPU ratio", "aim met"])
    with ExitStack() as stack:
        servers = {each.kind: stack.enter_context(each) for each in pair(fsync=fsync)}
        for server in servers.values():
            prepare(server, keys)
        for name in names:
            words, aim = COMMANDS[name]
            for pipeline in given.pipelines:
                requests = max(singles * (10 if pipeline > 1 else 1) // HEAVY.get(name, 1), 1000)
                rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
                costs: dict[str, list[float]] = {kind: [] for kind in KINDS}
                for turn in range(given.runs):
                    for kind in KINDS if turn % 2 == 0 else reversed(KINDS):
                        if name == "LPOP":
                            run_benchmark(servers[kind], COMMANDS["RPUSH"][0], requests, 100, keys)
                        for server in servers.values():
                            server.settle(0.2 if given.small else 5.0)
                        rate, cost = run_benchmark(servers[kind], words, requests, pipeline, keys)
                        rates[kind].append(rate)
                        costs[kind].append(cost)
                ours, theirs = median(rates["coppice"]), median(rates["redis"])
                cost, their_cost = median(costs["coppice"]), median(costs["redis"])
                ratio, cost_ratio = ours / theirs, cost / their_cost if their_cost else float("nan")
                met = verdict(ratio, 0.9 if pipeline == 1 else aim, at_most=False)
                if pipeline == 1 and met == "yes":
                    met = verdict(cost_ratio, 1.1, at_most=True)
                table.add(name, pipeline, ours, theirs, ratio, cost, their_cost, cost_ratio,
                          "" if fsync == "always" else met)
    return table


def measure_always(given) -> Table:
    return measure(given, fsync="always", names=["SET", "GET"])


if __name__ == "__main__":
    sys.exit("run scripts/bench")
