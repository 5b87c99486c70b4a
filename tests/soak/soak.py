"""The real server under a mixed load of many clients, killed with -9 at random moments, many times.

Whatever appendfsync says, nothing that was acknowledged may be missing after a kill: a turn is written before it is
answered, and only a power failure loses what was written and not synced. After each restart `coppice verify` must find
nothing wrong, and each client finds its keys, branches and tags as they were at its last acknowledged command or at a
later one that it had sent: per connection in order, MULTI as a whole.

  SOAK_KILLS    how many kills (1000)
  SOAK_SECONDS  stop after this time (none)
  SOAK_CLIENTS  connections (6)
  COPPICE_BUILD the build folder whose bin/coppice is tested
  COPPICE_SEED  the random source of loads, modes and moments: printed, and replayed by setting it. What the
                clients do is then the same; what the system does in between is not.
"""
from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from client import Client, Wrong
from harness import Connection, Lost, Server, Workplace, run

KILLS_PER_STORE = 100
SYNC_MODES = ("always", "everysec", "no")
MOMENTS = ("load", "load", "load", "startup", "checkpoint", "gc", "stop")
KEPT_LOG_LINES = 40


@dataclass
class Tally:
    kills: Counter[str] = field(default_factory=Counter)
    units: int = 0
    unacknowledged: int = 0  # units that had happened before their reply left
    clean_stops: int = 0
    failures: list[str] = field(default_factory=list)

    def total(self) -> int:
        return sum(self.kills.values())


class Soak:
    """One store, its clients, and kill after kill."""

    def __init__(self, folder: Path, seed: int, clients: int, tally: Tally) -> None:
        self.rng = random.Random(f"{seed} kills")
        self.folder = folder
        self.tally = tally
        self.checkpoint_bytes = self.rng.choice((64 << 10, 1 << 20, 64 << 20))
        big_bytes = self.rng.choice((20_000, 400_000))
        self.clients = [Client(f"c{index}", seed, big_bytes) for index in range(clients)]
        self.mode = ""
        self.server = Server(folder)

    def launch(self) -> None:
        self.mode = SYNC_MODES[self.tally.total() % len(SYNC_MODES)]
        self.server.settings = ["--appendfsync", self.mode, "--loglevel", "notice",
                                "--checkpoint-log-bytes", str(self.checkpoint_bytes)]
        self.server.launch()

    def killed(self, moment: str) -> None:
        self.server.kill()
        self.tally.kills[f"{moment}, {self.mode}"] += 1

    def kill_while_starting(self) -> None:
        """Kills some starts, which replay the log, cut its tail and write a first head."""
        for _ in range(self.rng.randrange(1, 4)):
            self.launch()
            time.sleep(self.rng.uniform(0, 0.12))
            self.killed("start")

    def start_and_check(self) -> None:
        self.launch()
        self.server.wait_until_ready()
        verified = run("verify", "--store", self.server.url, "--json")
        if verified.returncode != 0:
            raise Wrong(f"verify: {verified.stdout}{verified.stderr}")
        for client in self.clients:
            self.tally.unacknowledged += client.find_again(self.server.port)

    def under_load(self, moment: str) -> None:
        """Runs the clients, and kills or stops the server at the moment."""
        stop = threading.Event()
        before = sum(client.units for client in self.clients)
        for client in self.clients:
            client.start(self.server.port, stop)
        time.sleep(self.rng.uniform(0.01, 0.5))
        if moment == "clean stop":
            stop.set()
            self.join()
            if code := self.server.stop():
                raise Wrong(f"a clean stop ended with {code}")
            self.tally.clean_stops += 1
        else:
            self.kill_during(moment)
            self.join()
        self.tally.units += sum(client.units for client in self.clients) - before

    def kill_during(self, moment: str) -> None:
        control = None
        try:
            if moment in ("checkpoint", "gc"):
                control = Connection(self.server.port)
                control.send(("BGSAVE",) if moment == "checkpoint" else ("STORE", "GC"))
            elif moment == "stop":
                assert self.server.process is not None
                self.server.process.terminate()
            time.sleep(self.rng.uniform(0, 0.05) if moment != "load" else 0)
        except Lost:
            pass
        finally:
            self.killed(moment)
            if control is not None:
                control.close()

    def join(self) -> None:
        for client in self.clients:
            client.join()
            if client.failure is not None:
                raise Wrong(client.failure)

    def step(self) -> None:
        """From a running server to the next, with a kill or a stop between."""
        moment = "clean stop" if self.rng.random() < 0.05 else self.rng.choice(MOMENTS)
        self.under_load("load" if moment == "startup" else moment)
        if moment == "startup":
            self.kill_while_starting()
        self.start_and_check()


class Run:
    """Stores one after the other, until there were enough kills or the time is over."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.kills = int(os.environ.get("SOAK_KILLS") or 1000)
        self.seconds = float(os.environ.get("SOAK_SECONDS") or 0)
        self.clients = int(os.environ.get("SOAK_CLIENTS") or 6)
        self.seed = int(os.environ.get("COPPICE_SEED") or time.time_ns() % 1_000_000_007)
        self.begun = time.monotonic()
        self.tally = Tally()
        self.lines = 0

    def is_over(self) -> bool:
        late = self.seconds and time.monotonic() - self.begun > self.seconds
        return bool(late) or self.tally.total() >= self.kills

    def say(self, text: str) -> None:
        print(text, flush=True)

    def progress(self, seed: int) -> None:
        if self.tally.total() // 10 == self.lines:
            return
        self.lines = self.tally.total() // 10
        self.say(f"{self.tally.total():5d} kills  {time.monotonic() - self.begun:6.0f} s  seed {seed}  "
                 f"{self.tally.units:8d} acknowledged  {self.tally.unacknowledged:6d} more had happened")

    def one_store(self, seed: int) -> None:
        folder = self.place / f"store-{seed}"
        until = self.tally.total() + KILLS_PER_STORE
        soak = Soak(folder, seed, self.clients, self.tally)
        with soak.server:
            soak.start_and_check()
            while not self.is_over() and self.tally.total() < until:
                soak.step()
                self.progress(seed)

    def all(self) -> int:
        self.say(f"soak: {self.kills} kills, {self.clients} clients, seed {self.seed} (COPPICE_SEED={self.seed})")
        seed = self.seed
        while not self.is_over():
            try:
                self.one_store(seed)
            except (Wrong, Lost, RuntimeError) as failure:
                self.tally.failures.append(f"seed {seed}, kill {self.tally.total()}: {failure}")
                self.say(f"FAILED {self.tally.failures[-1]}")
                self.say(f"the server's log: {self.log_end(seed)}")
                return self.summary()
            seed += 1
        return self.summary()

    def log_end(self, seed: int) -> str:
        text = Server(self.place / f"store-{seed}").log_end(10_000)
        return "\n".join(text.splitlines()[-KEPT_LOG_LINES:])

    def summary(self) -> int:
        for what, count in sorted(self.tally.kills.items()):
            self.say(f"  killed at {what:22s} {count:5d}")
        self.say(f"  clean stops {'':20s} {self.tally.clean_stops:5d}")
        # Each kill is a case: its restart verified and found as acknowledged, or not.
        failed = len(self.tally.failures)
        self.say(f"{max(self.tally.total() - failed, 0)} passed, {failed} failed")
        return 1 if failed or not self.tally.total() else 0


def main() -> int:
    with Workplace("soak") as place:
        return Run(place).all()


if __name__ == "__main__":
    sys.exit(main())
