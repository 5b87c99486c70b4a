#!/usr/bin/python3
"""A damaged byte in any file of a data folder is reported by the start, by `verify` or by the read that meets it.

Never is it answered as data, and never does the program crash. In the log's unsynced tail it is a torn tail, which is
cut, and the cut is reported. DAMAGE_TRIALS says how many bytes are damaged in each kind of file (2).
"""
from __future__ import annotations

import os
import random
import re
import shutil
import unittest
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from content import content, filled
from harness import Lost, ReplyError, Server, Workplace, run

TRIALS = int(os.environ.get("DAMAGE_TRIALS") or 2)
SEED = int(os.environ.get("COPPICE_SEED") or 20261121)
WORDS = re.compile(r"corrupt|damage|checksum|torn|missing|No such file|not a coppice|format|version|generation", re.IGNORECASE)
CUT = re.compile(r"tail was torn", re.IGNORECASE)
# RocksDB's text log and what only names the process; a byte there is used by nobody.
UNUSED = re.compile(r"(^|/)(LOCK|IDENTITY|LOG|LOG\.old.*|spare-\d+|OPTIONS-\d+)$")


def kind_of(path: Path) -> str:
    """The kind of a file of a data folder, by its name."""
    if path.parent.name == "log":
        return "log segment"
    if path.suffix in (".sst", ".blob", ".log"):
        return f"nodes/*{path.suffix}"
    return "nodes/MANIFEST" if path.name.startswith("MANIFEST") else path.name


def used_bytes(path: Path) -> int:
    """How far a file goes before nothing but zeros is left: a segment's room is taken beforehand."""
    return len(path.read_bytes().rstrip(b"\0"))


class Damage(unittest.TestCase):
    place: ClassVar[Workplace]
    stopped: ClassVar[Path]
    killed: ClassVar[Path]
    expected: ClassVar[dict[Path, dict[Any, Any]]]

    @classmethod
    def setUpClass(cls) -> None:
        print(f"COPPICE_SEED={SEED}", flush=True)
        cls.place = Workplace("damage")
        cls.stopped, cls.killed = cls.place.path / "stopped", cls.place.path / "killed"
        cls.expected = {}
        for folder in (cls.stopped, cls.killed):
            with Server(folder, ["--appendfsync", "always"]).start() as server, server.connect() as connection:
                filled(connection, keys=120)
                connection.ask("SAVE")
                connection.ask("MSET", *[word for number in range(200) for word in (f"late:{number}", "x" * 50)])
                cls.expected[folder] = content(connection)
                if folder == cls.stopped:
                    server.stop()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.place.__exit__(None)

    def damaged(self, source: Path, name: Path, offset: int, flip: int) -> Path:
        """A copy of a data folder with one byte changed."""
        copy = self.place.path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(source, copy)
        with (copy / name).open("r+b") as file:
            file.seek(offset)
            old = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([old ^ flip]))
        (self.place.path / "copy.log").unlink(missing_ok=True)
        return copy

    def outcome(self, folder: Path, expected: dict[Any, Any]) -> str:
        """What came of opening and reading it all: "start", "verify", "read", "cut", or "unused"; else it fails."""
        server = Server(folder)
        with server:
            server.launch()
            try:
                server.wait_until_ready()
            except RuntimeError:
                assert server.process is not None
                self.assertGreater(server.process.returncode, 0, f"crashed: {server.log_end()}")
                self.assertRegex(server.log_end(), WORDS)
                return "start"
            return self.outcome_of_reading(server, expected)

    def read_all(self, server: Server) -> dict[Any, Any] | None:
        """The content, or nothing when a read was refused by an error, or broken off in the middle of an answer."""
        try:
            with server.connect() as connection:
                return content(connection)
        except ReplyError as error:
            self.assertRegex(str(error), WORDS)
        except Lost as lost:
            self.assertNotIn("timed out", str(lost), server.log_end())
            self.assertTrue(server.answers(), f"the server is gone: {server.log_end()}")
        return None

    def outcome_of_reading(self, server: Server, expected: dict[Any, Any]) -> str:
        was_cut = CUT.search(server.log_end()) is not None
        found = self.read_all(server)
        if found is not None and not was_cut:
            self.assertTrue(found == expected, "something else was answered")
        with server.connect() as connection:
            report = connection.ask("STORE", "VERIFY")
        sound = not dict(zip(report[::2], report[1::2]))[b"findings"]
        if was_cut:
            return "cut"
        if not sound:
            return "verify"
        return "read" if found is None else "unused"

    def in_each_file(self, source: Path) -> dict[str, Counter[str]]:
        rng = random.Random(SEED)
        said: dict[str, Counter[str]] = {}
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source)
            if not path.is_file() or UNUSED.search(str(name)) or used_bytes(path) == 0:
                continue
            for _ in range(TRIALS):
                offset, flip = rng.randrange(used_bytes(path)), rng.randrange(1, 256)
                with self.subTest(file=str(name), offset=offset, flip=flip):
                    copy = self.damaged(source, name, offset, flip)
                    outcome = self.outcome(copy, self.expected[source])
                    said.setdefault(kind_of(path), Counter())[outcome] += 1
        for kind, outcomes in said.items():
            print(f"  {kind:16s} {dict(outcomes)}", flush=True)
        return said

    def test_after_a_clean_stop(self) -> None:
        said = self.in_each_file(self.stopped)
        for kind in ("FORMAT", "HEADS", "nodes/*.blob", "nodes/*.sst"):
            if kind in said:
                self.assertLess(said[kind]["unused"], sum(said[kind].values()), f"{kind}: never reported")

    def test_after_a_kill(self) -> None:
        said = self.in_each_file(self.killed)
        self.assertIn("log segment", said)

    def test_the_verb_verify_reports_it_on_a_folder_that_nobody_serves(self) -> None:
        sound = run("verify", "--store", self.damaged(self.stopped, Path("FORMAT"), 0, 0))
        self.assertEqual(sound.returncode, 0, sound.stdout + sound.stderr)
        blob = max(self.stopped.glob("nodes/*.blob"), key=used_bytes)
        copy = self.damaged(self.stopped, blob.relative_to(self.stopped), used_bytes(blob) // 2, 1)
        found = run("verify", "--store", copy)
        self.assertEqual(found.returncode, 1, found.stdout + found.stderr)
        self.assertRegex(found.stdout, WORDS)

    def test_a_torn_tail_is_cut_and_reported(self) -> None:
        """What the last write left is damaged, as by a power failure: all before it is there."""
        folder = self.place.path / "torn"
        server = Server(folder, ["--appendfsync", "no"]).start()
        with server, server.connect() as connection:
            for number in range(500):
                connection.ask("SET", f"key:{number}", "v" * 100)
        segment = max((folder / "log").glob("*.log"), key=used_bytes)
        size = used_bytes(segment)
        with segment.open("r+b") as file:
            file.seek(size - 150)
            file.write(b"torn")
        with server.start(), server.connect() as connection:
            self.assertRegex(server.log_end(), CUT)
            keys = sorted(int(key[4:]) for key in connection.ask("KEYS", "key:*"))
            self.assertEqual(keys, list(range(len(keys))))
            self.assertIn(len(keys), range(480, 500))
            self.assertEqual(connection.ask("STORE", "VERIFY")[1], 1)
            connection.ask("SET", "after", "works")

    def test_a_missing_file_of_the_engine_is_named(self) -> None:
        for pattern in ("nodes/CURRENT", "nodes/*.blob"):
            chosen = min(self.killed.glob(pattern)).relative_to(self.killed)
            with self.subTest(file=str(chosen)):
                copy = self.damaged(self.killed, chosen, 0, 0)
                (copy / chosen).unlink()
                self.assertNotEqual(self.outcome(copy, self.expected[self.killed]), "unused")


if __name__ == "__main__":
    unittest.main()
