"""A numpy array written to a server and to a store in process, and read back, beside plain TCP."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from servers import BUILD, ROOT, Server
from tables import Table, median
from znsocket_clients import PYTHON


def run_of(address: str, megabytes: int) -> dict[str, object]:
    script = Path(__file__).with_name("array_client.py")
    done = subprocess.run([str(PYTHON), str(script), address, str(megabytes)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COPPICE_BUILD": str(BUILD)})
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


def measure(given) -> Table:
    megabytes = 8 if given.small else 200
    table = Table(
        "A numpy array, written and read", "scripts/bench --only arrays",
        f"`Array.from_numpy`, `to_numpy()` and `to_numpy(out=)` of {megabytes} MB, GB a second, beside the same bytes "
        "over loopback's TCP in the same process, into memory that is there and into a new array, as `to_numpy()` gives one. "
        f"Medians of {given.runs} runs that take turns, each in a "
        "process of its own and of three to five times one after the other. The server syncs its log each second. "
        "The last column is of what was read (SHA-256).",
        ["where", "TCP", "TCP, new memory", "write", "of TCP", "read", "of TCP", "of TCP, new", "read, out=", "of TCP",
         "answer"])
    with Server("coppice") as server:
        ways = {"server": f"coppice://127.0.0.1:{server.port}", "in process, memory": "memory://"}
        rates: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
        seen = set()
        for _ in range(given.runs):
            for way, address in ways.items():
                run = run_of(address, megabytes)
                seen.add(run["seen"])
                for name, rate in run["rates"].items():  # type: ignore[attr-defined]
                    rates[way].setdefault(name, []).append(rate)
                server.settle(20)
    if len(seen) != 1:
        raise RuntimeError(f"different arrays were read: {seen}")
    answer = str(seen.pop())[:8]
    for way, of in rates.items():
        names = ("TCP", "TCP, new memory", "write", "read", "read, out=")
        tcp, new, write, read, into = (median(of[name]) for name in names)
        table.add(way, tcp, new, write, write / tcp, read, read / tcp, read / new, into, into / tcp, answer)
    return table
