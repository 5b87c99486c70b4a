#!/usr/bin/env python3
"""A List in the program's own process beside the published ZnSocket client on its own server, in the same run.

Usage: in_process.py [--seconds 1.0]
Needs the compiled engine in COPPICE_BUILD (build/bench), and the packages of clients/python/requirements-test.txt. Each
operation is repeated for some time, five times over; printed are microseconds each, medians, and how many times as fast
ours is.
"""
from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench/server"), str(ROOT / "clients/python/src")]
from tables import Table  # noqa: E402

import coppice  # noqa: E402

BUILD = Path(os.environ.get("COPPICE_BUILD", ROOT / "build/bench"))
coppice.__path__.append(str(BUILD / "python/coppice"))
ROUNDS = 5


def microseconds(act: Callable[[], object], seconds: float) -> float:
    """Of one call, the median of rounds that take so many seconds together."""
    rounds = []
    for _ in range(ROUNDS):
        count, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds / ROUNDS or count == 0:
            act()
            count += 1
        rounds.append((time.perf_counter() - begun) / count * 1e6)
    return statistics.median(rounds)


def operations(package: Any, client: Any) -> dict[str, Callable[[], object]]:
    """The same operations by either package, on lists and dicts of their own."""
    thousand = list(range(1_000))
    appended, read = package.List(client, "appended"), package.List(client, "read")
    read.extend(thousand)
    fields = package.Dict(client, "fields")
    fields["a"] = 1
    numbers = iter(range(10**9))

    def extend() -> None:
        package.List(client, f"extended {next(numbers)}").extend(thousand)

    def set_field() -> None:
        fields["a"] = 2

    def set_item() -> None:
        read[500] = 500

    return {
        "append": lambda: appended.append(1), "extend of 1,000": extend, "read one": lambda: read[500],
        "write one": set_item, "slice of 1,000": lambda: read[:], "iterate over 1,000": lambda: list(read),
        "dict: write one": set_field, "dict: read one": lambda: fields["a"],
    }


def published(seconds: float) -> dict[str, float]:
    import znsocket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-c", f"import znsocket; znsocket.Server(port={port}).run()"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + 60
            while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < until:
                time.sleep(0.05)
            client = znsocket.Client(f"http://127.0.0.1:{port}")
            return {name: microseconds(act, seconds) for name, act in operations(znsocket, client).items()}
        finally:
            server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    table = Table("In process, beside ZnSocket's client and server", "bench/python/in_process.py",
                  "Microseconds each, medians.", ["operation", "znsocket 0.3.0", "in memory", "times", "folder", "times"])
    theirs = published(given.seconds)
    with tempfile.TemporaryDirectory() as place:
        ours = []
        for address in ("memory://", f"{place}/data"):
            with coppice.Client(address) as client:
                ours.append({name: microseconds(act, given.seconds) for name, act in operations(coppice, client).items()})
    for name, known in theirs.items():
        memory, folder = (each[name] for each in ours)
        table.add(name, known, memory, known / memory, folder, known / folder)
    print(table.markdown())


if __name__ == "__main__":
    main()
