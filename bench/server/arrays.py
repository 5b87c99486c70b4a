"""A numpy array written to a server and to a store in process, and read back, beside plain TCP and redis-server."""
from __future__ import annotations

from servers import Server
from tables import Table, median
from znsocket_clients import answer_of


def measure(given) -> Table:
    megabytes = 8 if given.small else 200
    table = Table(
        "A numpy array, written and read", "scripts/bench --only arrays",
        f"`Array.from_numpy`, `to_numpy()` and `to_numpy(out=)` of {megabytes} MB, GB a second, beside the same bytes "
        "over loopback's TCP in the same process, into memory that is there and into a new array, as `to_numpy()` gives one. "
        f"Medians of {given.runs} runs that take turns, each in a "
        "process of its own and of five times one after the other. Servers sync their log each second; redis-server has "
        "the elements as a string, by redis-py. "
        "The last column is of what was read (SHA-256).",
        ["where", "TCP", "TCP, new memory", "write", "of TCP", "read", "of TCP", "of TCP, new", "read, out=", "of TCP",
         "answer"])
    with Server("coppice") as server, Server("redis") as peer:
        ways = {"server": f"coppice://127.0.0.1:{server.port}", "redis-server": f"redis://127.0.0.1:{peer.port}",
                "in process, memory": "memory://"}
        rates: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
        seen = set()
        for _ in range(given.runs):
            for way, address in ways.items():
                run = answer_of("array_client.py", address, megabytes)
                seen.add(run["seen"])
                for name, rate in run["rates"].items():  # type: ignore[attr-defined]
                    rates[way].setdefault(name, []).append(rate)
                server.settle(20)
                peer.settle(20)
    if len(seen) != 1:
        raise RuntimeError(f"different arrays were read: {seen}")
    answer = str(seen.pop())[:8]
    for way, of in rates.items():
        names = ("TCP", "TCP, new memory", "write", "read", "read, out=")
        tcp, new, write, read, into = (median(of[name]) for name in names)
        table.add(way, tcp, new, write, write / tcp, read, read / tcp, read / new, into, into / tcp, answer)
    return table
