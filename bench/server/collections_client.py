"""One run of ZnSocket's operations with one client: how many a second, by name, as JSON.

Usage: collections_client.py znsocket|coppice ADDRESS SHARE      (SHARE: of the full counts, 0 to 1)
Run by the Python of build/python, which has the published znsocket and what clients/python needs; COPPICE_BUILD has the
compiled engine.
"""
from __future__ import annotations

import hashlib
import importlib
import json
import logging
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any, Callable

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "clients" / "python" / "src"))

READS = {"get an item", "read a slice of 1,000", "iterate over 10,000", "Dict get", "Segments, read"}


def measure(package: Any, client: Any, share: float) -> tuple[dict[str, float], str]:
    """Operations a second, and a hash of what was read."""
    rates: dict[str, float] = {}
    seen = hashlib.sha256()

    def many(full: int) -> int:
        return max(2, int(full * share))

    def timed(name: str, count: int, work: Callable[[int], Any], each: int = 1) -> None:
        work(0)  # what is opened at the first call is not counted
        begun = time.perf_counter()
        answers = [work(i) for i in range(count)]
        rates[name] = count * each / (time.perf_counter() - begun)
        if name in READS:
            seen.update(repr(answers).encode())

    short = package.List(client, "short")
    long = package.List(client, "long")
    thousand = list(range(1000))
    table = package.Dict(client, "table")
    timed("append", many(500), short.append)
    timed("extend by 1,000", many(10), lambda _: long.extend(thousand), 1000)
    for _ in range(10 - many(10)):
        long.extend(thousand)
    timed("get an item", many(500), lambda i: short[i % many(500)])
    timed("set an item", many(200), lambda i: short.__setitem__(i, -i))
    timed("read a slice of 1,000", many(20), lambda i: long[i * 100:i * 100 + 1000], 1000)
    timed("iterate over 10,000", many(2), lambda _: list(long), 10_000)
    timed("Dict set", many(300), lambda i: table.__setitem__(f"k{i}", i))
    timed("Dict get", many(300), lambda i: table[f"k{i % many(300)}"])

    def pipe(_: int) -> Any:
        queue = client.pipeline()
        for i in range(1000):
            queue.rpush("piped", str(i))
        return queue.execute()

    timed("pipeline of 1,000 rpush", many(10), pipe, 1000)
    timed("Segments, made", many(50), lambda i: package.Segments(client, long, f"made{i}") and None)
    segments = package.Segments(client, long, "edited")
    timed("Segments, edited", many(50), lambda i: segments.__setitem__(i * 7, "x"))
    timed("Segments, read", many(50), lambda i: segments[i * 7])
    return rates, seen.hexdigest()


def main() -> None:
    name, address, share = sys.argv[1], sys.argv[2], float(sys.argv[3])
    package = importlib.import_module(name)
    if name == "coppice":
        package.__path__.append(os.path.join(os.environ["COPPICE_BUILD"], "python", "coppice"))
    client = package.Client(address, connect_wait_timeout=10)
    client.flushall()
    rates, seen = measure(package, client, share)
    print(json.dumps({"rates": rates, "seen": seen}), flush=True)
    if hasattr(client, "sio"):
        client.sio.disconnect()


if __name__ == "__main__":
    main()
