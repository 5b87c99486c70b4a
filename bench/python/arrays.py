#!/usr/bin/env python3
"""How fast a numpy array goes to a server and back, beside the same bytes over loopback's plain TCP.

Usage: arrays.py [--megabytes 200] [--rounds 5]
Needs numpy and redis-py, and the program in COPPICE_BUILD (build/bench). The rounds alternate between TCP, writing and
reading; the server syncs its log each second. Prints a table with medians, and the parts of TCP's speed.
"""
from __future__ import annotations

import argparse
import hashlib
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1] / "server"), str(Path(__file__).parents[2] / "clients/python/src")]
from servers import BUILD, Server  # noqa: E402
from tables import Table  # noqa: E402

import coppice  # noqa: E402

coppice.__path__.append(str(BUILD / "python/coppice"))


def tcp_seconds(data: memoryview) -> float:
    """From the first byte sent to the last one received, by another thread, into memory that was touched before."""
    received = bytearray(len(data))
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as out:
        source, _ = listener.accept()

        def take() -> None:
            with source, memoryview(received) as whole:
                at = 0
                while at < len(whole):
                    at += source.recv_into(whole[at:])

        taker = threading.Thread(target=take)
        begun = time.perf_counter()
        taker.start()
        out.sendall(data)
        taker.join()
        return time.perf_counter() - begun


def measure(client: coppice.Client, array: np.ndarray, rounds: int, with_tcp: bool,
            settle: Callable[[], None]) -> dict[str, float]:
    """Gigabytes a second, medians."""
    seconds: dict[str, list[float]] = {"tcp": [], "write": [], "read": []}
    for _ in range(rounds):
        if with_tcp:
            seconds["tcp"].append(tcp_seconds(array.data.cast("B")))
        begun = time.perf_counter()
        kept = coppice.Array.from_numpy(client, "array", array)
        seconds["write"].append(time.perf_counter() - begun)
        settle()  # a checkpoint that the write began
        begun = time.perf_counter()
        found = kept.to_numpy()
        seconds["read"].append(time.perf_counter() - begun)
        if not np.array_equal(found, array):
            sys.exit("what was read is not what was written")
        del found
    return {name: array.nbytes / 1e9 / statistics.median(each) for name, each in seconds.items() if each}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    array = np.random.default_rng(1).random(given.megabytes * 125_000)
    print(f"array of {array.nbytes:,} bytes, sha1 {hashlib.sha1(array.data).hexdigest()[:12]}", file=sys.stderr)
    table = Table("A numpy array, written and read", f"bench/python/arrays.py --megabytes {given.megabytes}",
                  "GB/s, medians; in brackets the part of plain TCP's speed in the same run.",
                  ["where", "TCP", "write", "part", "read", "part"])
    with Server("coppice") as server:
        found = measure(coppice.Client(f"coppice://127.0.0.1:{server.port}"), array, given.rounds, True,
                        lambda: server.settle(20))
        tcp = found["tcp"]
        table.add("server, everysec", tcp, found["write"], found["write"] / tcp, found["read"], found["read"] / tcp)
    try:
        found = measure(coppice.Client("memory://"), array, given.rounds, False,
                        lambda: time.sleep(1))
        table.add("in process, memory", "", found["write"], found["write"] / tcp, found["read"], found["read"] / tcp)
    except ImportError:
        print("no compiled engine: in process was not measured", file=sys.stderr)
    print(table.markdown())


if __name__ == "__main__":
    main()
