"""One run of a numpy array written and read: gigabytes a second by name, as JSON.

Usage: array_client.py ADDRESS MEGABYTES        (redis://...: its bytes as a string, by redis-py)
Beside them plain TCP, over loopback and between two threads in the same process: into memory that is there, and into
an array that is new each time, as what to_numpy() gives is.
Run by the Python of build/python, which has what clients/python needs; COPPICE_BUILD has the compiled engine.
"""
from __future__ import annotations

import hashlib
import json
import os
import socket
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np
import redis

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "clients" / "python" / "src"))
import coppice  # noqa: E402  (the folder has to be on the path first)

coppice.__path__.append(os.path.join(os.environ["COPPICE_BUILD"], "python", "coppice"))


def through_tcp(data: memoryview, received: Any) -> None:
    """The data, received by another thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as out:
        source, _ = listener.accept()

        def take() -> None:
            with source, memoryview(received) as whole:
                at = 0
                while at < len(whole):
                    at += source.recv_into(whole[at:])

        taker = threading.Thread(target=take)
        taker.start()
        out.sendall(data)
        taker.join()


def settle(client: redis.Redis) -> None:
    """Waits until what a write has begun is done, at the server (a checkpoint, a rewrite) or in this process."""
    busy = True
    while busy:
        before = time.process_time()
        time.sleep(0.05)
        told = client.info("persistence")  # a store in memory has neither
        busy = time.process_time() - before > 0.01 or any(
            int(told.get(name, 0)) for name in ("checkpoint_running", "aof_rewrite_in_progress"))


class PlainString:
    """The elements as a string of redis-server's."""

    def __init__(self, client: redis.Redis, array: np.ndarray) -> None:
        self.client = client
        self.client.set("array", array.data.cast("B"))

    def to_numpy(self, out: np.ndarray | None = None) -> np.ndarray:
        found = np.frombuffer(self.client.get("array"))
        if out is None:
            return found
        out[:] = found
        return out


def main() -> None:
    address, megabytes = sys.argv[1], int(sys.argv[2])
    array = np.random.default_rng(1).random(megabytes * 125_000)
    data = array.data.cast("B")
    there = np.zeros_like(array)
    rates: dict[str, float] = {}

    def timed(name: str, times: int, work: Callable[[], Any]) -> Any:
        seconds = []
        for _ in range(times):
            made = None  # its memory is there again
            begun = time.perf_counter()
            made = work()
            seconds.append(time.perf_counter() - begun)
            settle(client)
        rates[name] = array.nbytes / 1e9 / statistics.median(seconds)
        return made

    # Several times each: memory that the machine has never given out costs its own time first.
    is_redis = address.startswith("redis:")
    with redis.Redis.from_url(address) if is_redis else coppice.Client(address) as client:
        timed("TCP", 5, lambda: through_tcp(data, there.data.cast("B")))
        timed("TCP, new memory", 5, lambda: through_tcp(data, np.empty_like(array).data.cast("B")))
        store = PlainString if is_redis else lambda on, given: coppice.Array.from_numpy(on, "array", given)
        kept = timed("write", 5, lambda: store(client, array))
        found = timed("read", 5, kept.to_numpy)
        timed("read, out=", 5, lambda: kept.to_numpy(out=there))
    print(json.dumps({"rates": rates, "seen": hashlib.sha256(found.data).hexdigest()}))


if __name__ == "__main__":
    main()
