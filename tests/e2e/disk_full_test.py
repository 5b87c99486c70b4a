#!/usr/bin/python3
"""A full disk: writes are refused with a clear error, reads go on, nothing is lost, writes resume when there is room.
So it is across kill -9 and a start on the full disk.

As root on a small file system of its own; for everybody with a limit on the size of files.

  DISK_FULL_ROUNDS  how often a disk is filled, the server killed and started, and room made (3; 40 by `make soak`)
  COPPICE_SEED      the random source of moments
"""
from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import threading
import time
import unittest
from pathlib import Path
from typing import Any

from harness import Connection, Lost, ReplyError, Server, Workplace

DISK_MEGABYTES = 160
VALUE = b"x" * 10_000
NOISE = random.Random(1).randbytes(1 << 20)
RESUME_SECONDS = 40
ROUNDS = int(os.environ.get("DISK_FULL_ROUNDS") or 3)
SEED = int(os.environ.get("COPPICE_SEED") or time.time_ns() % 1_000_000_007)


class SmallDisk:
    """A tmpfs; only root can mount one."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.where.mkdir()

    def mount(self) -> str:
        """Returns why it could not, or nothing."""
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "coppice-test", str(self.where)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return done.stderr.strip() if done.returncode else ""

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", str(self.where)], timeout=20, check=False)


def noise(number: int) -> bytes:
    """10,000 bytes that do not shrink."""
    first = number * 4099 % (len(NOISE) - 10_000)
    return NOISE[first : first + 10_000]


class Writer(threading.Thread):
    """Writes keys of its own, whatever is refused, until told to stop or the server is gone."""

    def __init__(self, name: str, port: int, first: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.prefix, self.port, self.next, self.stop = name, port, first, stop
        self.kept: dict[bytes, bytes] = {}
        self.maybe: dict[bytes, bytes] = {}  # sent, and never answered
        self.refusals: list[str] = []

    def run(self) -> None:
        try:
            with Connection(self.port) as connection:
                while not self.stop.is_set():
                    self.write(connection)
        except Lost:
            pass

    def write(self, connection: Connection) -> None:
        key, value = b"%s:%d" % (self.prefix.encode(), self.next), b"%d " % self.next + noise(self.next)
        self.next += 1
        self.maybe[key] = value
        try:
            connection.ask("SET", key, value)
            self.kept[key] = value
        except ReplyError as refused:
            self.refusals.append(str(refused))
            time.sleep(0.01)
        del self.maybe[key]


def write_until_refused(connection: Connection, most: int = 60_000) -> tuple[dict[bytes, bytes], Exception | None]:
    """Writes keys of their own until one is refused; what was acknowledged, and the refusal."""
    kept: dict[bytes, bytes] = {}
    for number in range(most):
        key, value = b"key:%d" % number, b"%d " % number + VALUE
        try:
            connection.ask("SET", key, value)
        except (ReplyError, Lost) as refused:
            return kept, refused
        kept[key] = value
    return kept, None


class DiskFull(unittest.TestCase):
    def setUp(self) -> None:
        self.place = Workplace("disk-full")
        self.addCleanup(self.place.__exit__, None)

    def assert_there(self, server: Server, kept: dict[bytes, bytes]) -> None:
        with server.connect() as connection:
            for key, value in kept.items():
                self.assertEqual(connection.ask("GET", key), value)

    def try_to_write(self, server: Server) -> Any:
        try:
            with server.connect() as connection:
                return connection.ask("SET", "resumed", "yes")
        except (ReplyError, Lost) as refused:
            return refused

    def small_disk(self) -> SmallDisk:
        """A small file system, or the test is skipped."""
        disk = SmallDisk(self.place.path / "disk")
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small file system")
        if why := disk.mount():
            self.skipTest(f"no file system can be mounted here: {why}")
        self.addCleanup(disk.unmount)
        return disk

    def test_on_a_small_disk(self) -> None:
        disk = self.small_disk()
        filler = disk.where / "filler"
        filler.write_bytes(bytes((DISK_MEGABYTES - 90) << 20))
        server = Server(disk.where / "data", ["--appendfsync", "everysec"])
        server.log = self.place.path / "data.log"
        with server.start():
            self.fill_and_resume(server, filler)

    def fill_and_resume(self, server: Server, filler: Path) -> None:
        with server.connect() as connection:
            kept, refused = write_until_refused(connection)
        self.assertIsInstance(refused, ReplyError, "a write is refused by an error, on a connection that goes on")
        self.assertRegex(str(refused), r"(?i)no space|disk")
        self.assertGreater(len(kept), 100)
        self.assert_there(server, kept)
        with server.connect() as connection:
            self.assertEqual(connection.ask("PING"), b"PONG")
        filler.unlink()
        until = time.monotonic() + RESUME_SECONDS
        while (said := self.try_to_write(server)) != b"OK":
            self.assertLess(time.monotonic(), until, f"writes do not resume: {said}\n{server.log_end()}")
            time.sleep(0.5)
        kept[b"resumed"] = b"yes"
        self.assert_there(server, kept)
        server.kill()
        server.start()
        self.assert_there(server, kept)
        with server.connect() as connection:
            self.assertEqual(connection.ask("STORE", "VERIFY")[1], 1)

    def test_kill_and_restart_while_full(self) -> None:
        print(f"COPPICE_SEED={SEED}", flush=True)
        disk = self.small_disk()
        rng = random.Random(SEED)
        for number in range(ROUNDS):
            server = Server(disk.where / f"data-{number}", ["--appendfsync", "everysec", "--checkpoint-log-bytes", "8mb"])
            server.log = self.place.path / f"data-{number}.log"
            with server.start():
                Round(self, disk, server, rng, number).run()
            shutil.rmtree(server.folder)

    def test_a_limit_on_the_size_of_files(self) -> None:
        """What the system refuses is an error, not a crash, and a restart has what was acknowledged."""
        server = Server(self.place.path / "data", ["--appendfsync", "everysec"])
        # Signals stay as Python has them: SIGXFSZ is ignored, so a write that is too long fails.
        with server.start(restore_signals=False):
            with server.connect() as connection:
                connection.ask("SET", "first", "1")
                assert server.process is not None
                _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4 << 20, most))
                kept, refused = write_until_refused(connection, 5000)
            self.assertIsNotNone(refused)
            kept[b"first"] = b"1"
            self.assert_there(server, kept)
            server.kill()
            server.start()
            self.assert_there(server, kept)
            with server.connect() as connection:
                self.assertEqual(connection.ask("STORE", "VERIFY")[1], 1)


class Round:
    """The disk fills under writers, the server is killed and started on it, then there is room and writes go on."""

    def __init__(self, test: DiskFull, disk: SmallDisk, server: Server, rng: random.Random, number: int) -> None:
        self.test, self.disk, self.server, self.rng = test, disk, server, rng
        self.filler = disk.where / "filler"
        self.names = [f"r{number}w{index}" for index in range(3)]

    def run(self) -> None:
        kept: dict[bytes, bytes] = {}
        full_to_the_byte = self.rng.random() < 0.5
        self.fill(leave=self.rng.randrange(20, 60) << 20)
        stop = threading.Event()
        writers = [Writer(name, self.server.port, 0, stop) for name in self.names]
        for writer in writers:
            writer.start()
        self.wait_until_refused(writers)
        if full_to_the_byte:
            self.fill(leave=0)
        seen = sorted(pair for writer in writers for pair in list(writer.kept.items()))
        self.test.assert_there(self.server, dict(self.rng.sample(seen, min(50, len(seen)))))
        time.sleep(self.rng.uniform(0, 1.5))  # checkpoints meet the full disk as well
        self.server.kill()
        stop.set()
        maybe: dict[bytes, bytes] = {}
        for writer in writers:
            writer.join(60)
            kept.update(writer.kept)
            maybe.update(writer.maybe)
            for refusal in writer.refusals:
                self.test.assertRegex(refusal, r"(?i)no space|disk|room")
        self.start_on_the_full_disk(kept, maybe)
        self.make_room_and_go_on(kept)

    def fill(self, leave: int) -> None:
        """Takes what room there is but for `leave` bytes."""
        room = os.statvfs(self.disk.where)
        size = room.f_bavail * room.f_frsize - leave
        with self.filler.open("ab") as file:
            while size > 4096:  # the server takes room as well
                try:
                    os.posix_fallocate(file.fileno(), file.tell(), size)
                    return
                except OSError:
                    size //= 2

    def wait_until_refused(self, writers: list[Writer]) -> None:
        until = time.monotonic() + 60
        while not any(writer.refusals for writer in writers):
            self.test.assertLess(time.monotonic(), until, f"nothing is refused\n{self.server.log_end()}")
            self.test.assertTrue(any(writer.is_alive() for writer in writers), self.server.log_end())
            time.sleep(0.02)

    def start_on_the_full_disk(self, kept: dict[bytes, bytes], maybe: dict[bytes, bytes]) -> None:
        """It starts and has everything; or it says that it needs room, and has everything when there is some."""
        try:
            self.server.start()
        except RuntimeError as refused:
            assert self.server.process is not None
            self.test.assertEqual(self.server.process.returncode, 1, refused)
            self.test.assertRegex(self.server.log_end(), r"(?i)no space|No room")
            self.filler.unlink(missing_ok=True)
            self.server.start()
        self.test.assert_there(self.server, kept)
        with self.server.connect() as connection:
            for key, value in maybe.items():
                self.test.assertIn(connection.ask("GET", key), (None, value))

    def make_room_and_go_on(self, kept: dict[bytes, bytes]) -> None:
        self.filler.unlink(missing_ok=True)
        until = time.monotonic() + RESUME_SECONDS
        while (said := self.test.try_to_write(self.server)) != b"OK":
            self.test.assertLess(time.monotonic(), until, f"writes do not resume: {said}\n{self.server.log_end()}")
            time.sleep(0.2)
        kept[b"resumed"] = b"yes"
        self.server.kill()
        self.server.start()
        self.test.assert_there(self.server, kept)
        with self.server.connect() as connection:
            self.test.assertEqual(connection.ask("STORE", "VERIFY")[1], 1)


if __name__ == "__main__":
    unittest.main()
