"""ZnSocket's operations: the published server and client beside ours."""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

from servers import BUILD, ROOT, Server
from socket_io_load import load
from tables import Table, median, verdict

PYTHON = ROOT / "build" / "python" / "bin" / "python"
START_SECONDS = 60.0
CLIENTS = 50


class PublishedServer:
    """The published package's server, with its storage in memory."""

    def __enter__(self) -> "PublishedServer":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([str(PYTHON.with_name("znsocket")), "--port", str(self.port)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                time.sleep(0.05)
        sys.exit("the published server does not answer")

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def answer_of(script: str, *arguments: object) -> dict[str, object]:
    """What a script of this folder prints last, as JSON; its Python has the packages."""
    done = subprocess.run([str(PYTHON), str(ROOT / "bench" / "server" / script), *map(str, arguments)],
                          capture_output=True, text=True,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COPPICE_BUILD": str(BUILD)})
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def measure(given) -> Table:
    share = 0.02 if given.small else 1.0
    table = Table(
        "ZnSocket's operations", "scripts/bench --only znsocket",
        "One client: operations (of bulk, elements) a second with the published client (znsocket 0.3.0) on its own "
        "server and on ours, with our client over the Redis protocol, and with ours on a folder in its own process; medians "
        f"of {given.runs} runs that take turns, "
        "each in a process of its own. All read the same (SHA-256 of what was read).",
        ["operation", "published client, its server", "published client, coppice", "ratio", "our client", "ratio",
         "ours, in-process", "ratio"])
    with ExitStack() as stack:
        ours = stack.enter_context(Server("coppice"))
        its = stack.enter_context(PublishedServer())
        ways = {"its": ("znsocket", f"http://127.0.0.1:{its.port}"), "ours": ("znsocket", f"http://127.0.0.1:{ours.port}"),
                "our client": ("coppice", f"coppice://127.0.0.1:{ours.port}"),
                "in-process": ("coppice", stack.enter_context(tempfile.TemporaryDirectory()))}
        rates: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
        seen = set()
        for _ in range(given.runs):
            for way, (package, address) in ways.items():
                run = answer_of("collections_client.py", package, address, share)
                seen.add(run["seen"])
                for name, rate in run["rates"].items():  # type: ignore[attr-defined]
                    rates[way].setdefault(name, []).append(rate)
        if len(seen) != 1:
            raise RuntimeError(f"the clients read different things: {seen}")
        for name in rates["its"]:
            peer, here, client, inside = (median(rates[way][name]) for way in ways)
            table.add(name, peer, here, here / peer, client, client / peer, inside, inside / peer)
    return table


def measure_many(given) -> Table:
    seconds = 0.5 if given.small else 5.0
    table = Table(
        f"{CLIENTS} of ZnSocket's clients at once", "scripts/bench --only znsocket_clients",
        f"{CLIENTS} WebSockets, each with one event under way (rpush, lindex, llen, hset in turn), for {seconds:g} s, from one "
        "process that sends frames made before; it takes a processor of its own, and is what limits coppice. Medians of "
        f"{given.runs} runs that take turns. Aim: 5 times the published server.",
        ["server", "events a second", "ratio", "aim met", "p99 ms"])
    with ExitStack() as stack:
        ports = {"coppice": stack.enter_context(Server("coppice")).port,
                 "published": stack.enter_context(PublishedServer()).port}
        rates: dict[str, list[float]] = {name: [] for name in ports}
        late: dict[str, list[float]] = {name: [] for name in ports}
        for _ in range(given.runs):
            for name, port in ports.items():
                rate, p99 = load(port, CLIENTS, seconds)
                rates[name].append(rate)
                late[name].append(p99)
    ratio = median(rates["coppice"]) / median(rates["published"])
    table.add("published", median(rates["published"]), 1.0, "", median(late["published"]))
    table.add("coppice", median(rates["coppice"]), ratio, verdict(ratio, 5.0, at_most=False), median(late["coppice"]))
    return table
