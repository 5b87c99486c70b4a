"""Time from exec to the first right answer, after a clean stop and after kill -9 under load."""
from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import time
from pathlib import Path

from servers import KINDS, Connection, Server, encoded
from tables import Table, median, verdict

VALUE_BYTES = 1000
WRITTEN = b"w" * VALUE_BYTES


def loaded_value(number: int) -> bytes:
    """Bytes that do not compress."""
    return hashlib.shake_128(b"%d" % number).digest(VALUE_BYTES)


def load(server: Server, keys: int) -> None:
    made = server.connect()
    made.fill((encoded("SET", b"key:%012d" % i, loaded_value(i)) for i in range(keys)), together=200)
    made.close()
    server.checkpoint()


def bytes_in(folder: Path) -> int:
    return sum(each.stat().st_blocks * 512 for each in folder.rglob("*") if each.is_file())


def first_answer(server: Server, keys: int) -> float:
    """Starts the server.  Milliseconds until a random key says what it said."""
    number = random.randrange(keys)
    right = (loaded_value(number), WRITTEN)

    def answered(made: Connection) -> bool:
        value = made.call("GET", b"key:%012d" % number)
        if value not in right:
            raise SystemExit(f"{server.kind}: a wrong value after a restart: {value!r:.60}")
        return True

    begin = time.monotonic()
    server.start()
    made = server.wait_ready(answered)
    spent = time.monotonic() - begin
    made.close()
    return spent * 1000


def kill_under_load(server: Server, keys: int, seconds: float) -> None:
    """kill -9 at a random moment of random SETs at full speed, one writer's answers not waited for."""
    load_of = subprocess.Popen(
        ["redis-benchmark", "-p", str(server.port), "-c", "50", "-P", "32", "-n", "1000000000", "-r", str(keys), "-q",
         "set", "key:__rand_int__", WRITTEN.decode()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds * random.uniform(0.7, 1.3))
    server.end(signal.SIGKILL)
    load_of.kill()
    load_of.wait()


def measure(given) -> Table:
    size = given.restart_bytes or (10_000_000 if given.small else 5_000_000_000)
    keys = size // VALUE_BYTES
    table = Table(
        "Restart", f"scripts/bench --only restart --restart-bytes {size}",
        f"{keys:,} keys of {VALUE_BYTES:,} random bytes each. From exec to the first right answer of GET for a random "
        f"key, in milliseconds, over {given.runs} restarts of each kind; the files are in the system's cache. The "
        "second is after kill -9 under SETs of random keys at full speed (`redis-benchmark -c 50 -P 32`). Redis is "
        f"loaded with at most 500 MB. Aims: 100 ms, 5,000 ms.",
        ["", "on disk, MB", "clean stop, median", "worst", "kill -9, median", "worst", "aim met"])
    for kind in KINDS:
        count = keys if kind == "coppice" else min(keys, 500_000)
        with Server(kind) as server:
            load(server, count)
            clean: list[float] = []
            killed: list[float] = []
            for _ in range(given.runs):
                server.end()
                clean.append(first_answer(server, count))
            on_disk = bytes_in(server.folder)
            for _ in range(given.runs):
                kill_under_load(server, count, 0.5 if given.small else 5.0)
                killed.append(first_answer(server, count))
            met = "" if kind == "redis" else (
                verdict(median(clean), 100, at_most=True) + ", " + verdict(max(killed), 5000, at_most=True))
            table.add(kind, on_disk / 1e6, median(clean), max(clean), median(killed), max(killed), met)
    return table
