"""One run of a numpy array written and read: gigabytes a second by name, as JSON.

Usage: array_client.py ADDRESS MEGABYTES
Beside them plain TCP, over loopback and between two threads, in the same process.
Run by the Python of build/python, which has what clients/python needs; COPPICE_BUILD has the compiled engine.
"""
from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "clients" / "python" / "src"))
import coppice  # noqa: E402  (the folder has to be on the path first)

coppice.__path__.append(os.path.join(os.environ["COPPICE_BUILD"], "python", "coppice"))


def through_tcp(data: memoryview) -> bytearray:
    """The data, as another thread has received it."""
    received = bytearray(len(data))  # which touches the memory
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
    return received


def settle(client: coppice.Client) -> None:
    """Waits until what a write has begun is done, at the server (a checkpoint) or in this process."""
    busy = True
    while busy:
        before = time.process_time()
        time.sleep(0.1)
        told = client.info("persistence").get("checkpoint_running", 0)  # a store in memory makes none
        busy = time.process_time() - before > 0.02 or bool(int(told))


def main() -> None:
    address, megabytes = sys.argv[1], int(sys.argv[2])
    array = np.random.default_rng(1).random(megabytes * 125_000)
    rates: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        made = work()
        rates[name] = array.nbytes / 1e9 / (time.perf_counter() - begun)
        return made

    timed("TCP", lambda: through_tcp(array.data.cast("B")))
    with coppice.Client(address) as client:
        kept = timed("write", lambda: coppice.Array.from_numpy(client, "array", array))
        settle(client)
        found = timed("read", kept.to_numpy)
    print(json.dumps({"rates": rates, "seen": hashlib.sha256(found.data).hexdigest()}))


if __name__ == "__main__":
    main()
