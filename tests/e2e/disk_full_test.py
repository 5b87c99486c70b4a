#!/usr/bin/python3
"""A full disk: writes are refused with a clear error, reads go on, nothing is lost, writes resume when there is room.

As root on a small file system of its own; for everybody with a limit on the size of files.
"""
from __future__ import annotations

import os
import resource
import subprocess
import time
import unittest
from pathlib import Path
from typing import Any

from harness import Connection, Lost, ReplyError, Server, Workplace

DISK_MEGABYTES = 160
VALUE = b"x" * 10_000
RESUME_SECONDS = 40


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

    def test_on_a_small_disk(self) -> None:
        disk = SmallDisk(self.place.path / "disk")
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small file system")
        if why := disk.mount():
            self.skipTest(f"no file system can be mounted here: {why}")
        self.addCleanup(disk.unmount)
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


if __name__ == "__main__":
    unittest.main()
