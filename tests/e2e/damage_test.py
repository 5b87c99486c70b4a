#!/usr/bin/python3
"""A damaged byte, a cut or a lost file in a data folder is reported by `verify` and by the start or the read that
meets it. Never is it answered as data, and never does the program crash or hang. In the log's unsynced tail it is a
torn tail, which is cut, and the cut is reported.

The folders are the real program's: one that was stopped, one that was killed with a log of two segments. In each file
that is used bytes are flipped in every region of it; it is cut at several places, gets a page of zeros, and is removed.

  DAMAGE_TRIALS   flips in each file (60 by `make soak`); without it, a file is removed and harmed in three other ways
  COPPICE_SEED    the random source of places and flips
"""
from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import sys
import unittest
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, ClassVar, Iterator

from content import content, filled
from harness import Lost, ReplyError, Server, Workplace, run

TRIALS = int(os.environ.get("DAMAGE_TRIALS") or 0)
SEED = int(os.environ.get("COPPICE_SEED") or 20261121)
WORDS = re.compile(r"damaged|corrupt|checksum|is gone|is not there|No such file|format", re.IGNORECASE)
CUT = re.compile(r"tail was torn", re.IGNORECASE)
# RocksDB's text log and what only names the process or is room for later; a byte there is used by nobody.
UNUSED = re.compile(r"(^|/)(LOCK|IDENTITY|LOG|LOG\.old.*|spare-\d+|OPTIONS-\d+)$")
LATE = 200  # keys that only the log holds
REGIONS = (96, 4096, 4192, 8192, 8232)  # of a log segment: both headers, the first frame's


def kind_of(path: Path) -> str:
    """The kind of a file of a data folder, by its name."""
    if path.parent.name == "log":
        return "log segment" if path.suffix == ".log" else "log/reached"
    if path.suffix in (".sst", ".blob", ".log"):
        return f"nodes/*{path.suffix}"
    return "nodes/MANIFEST" if path.name.startswith("MANIFEST") else path.name


def used_bytes(path: Path) -> int:
    """How far a file goes before nothing but zeros is left: a segment's room is taken beforehand."""
    return len(path.read_bytes().rstrip(b"\0"))


def digest_of(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha1(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass(frozen=True)
class Harm:
    """What is done to one file."""

    name: str
    do: Callable[[Path], None]


def flipped(offset: int, bits: int) -> Harm:
    def do(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            old = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([old ^ bits]))

    return Harm(f"byte {offset} ^ {bits}", do)


def zeroed(offset: int, size: int) -> Harm:
    def do(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(bytes(size))

    return Harm(f"zeros at {offset}", do)


def cut(size: int) -> Harm:
    return Harm(f"cut at {size}", lambda path: os.truncate(path, size))


REMOVED = Harm("removed", Path.unlink)


def harms_of(path: Path, rng: random.Random) -> list[Harm]:
    """What is done to a file: all of it, or in a short run some."""
    harms = list(all_harms_of(path, rng, TRIALS or 3))
    return harms if TRIALS else [REMOVED, *rng.sample(harms[1:], min(3, len(harms) - 1))]


def all_harms_of(path: Path, rng: random.Random, trials: int) -> Iterator[Harm]:
    """Flips in the first and last bytes, in each known region and in every stretch of the file; cuts; a lost page."""
    size = used_bytes(path)
    yield REMOVED
    if size == 0:
        return
    places = {0, size - 1, size // 2}
    if path.suffix == ".log" and path.parent.name == "log":
        places |= {rng.randrange(at - min(at, 40), at) for at in REGIONS if at <= size}
    places |= {rng.randrange(size * part // trials, max(size * (part + 1) // trials, size * part // trials + 1))
               for part in range(trials)}
    for offset in sorted(place for place in places if place < size):
        yield flipped(offset, 1 << rng.randrange(8) if rng.random() < 0.7 else rng.randrange(1, 256))
    yield from map(cut, sorted({0, rng.randrange(size), size - 1}))
    page = rng.randrange(size) // 4096 * 4096
    yield zeroed(page, min(4096, size - page))


def make_store(folder: Path, killed: bool) -> dict[Any, Any]:
    """A store of every type, with keys that only the log holds; its whole content."""
    settings = ["--appendfsync", "always", "--checkpoint-log-bytes", "1gb"]
    with Server(folder, settings).start() as server, server.connect() as connection:
        filled(connection, keys=120)
        connection.ask("SAVE")
        if killed:  # a second segment
            connection.ask_many([["SET", f"wide:{number}", str(number) * (1 << 20)] for number in range(4)])
            connection.ask_many([["APPEND", f"wide:{number}", "y" * (4 << 20)] for number in range(4)])
        connection.ask_many([["SET", f"late:{number}", f"{number} " + "x" * 50] for number in range(LATE)])
        found = content(connection)
        if not killed:
            server.stop()
    return found


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
        cls.expected = {folder: make_store(folder, folder == cls.killed) for folder in (cls.stopped, cls.killed)}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.place.__exit__(None)

    def copied(self, source: Path) -> Path:
        """A copy of a data folder; tables and blobs, which are never written again, are links."""
        copy = self.place.path / "copy"
        shutil.rmtree(copy, ignore_errors=True)

        def take(given: str, to: str) -> None:
            (os.link if given.endswith((".sst", ".blob")) else shutil.copyfile)(given, to)

        shutil.copytree(source, copy, copy_function=take)
        (self.place.path / "copy.log").unlink(missing_ok=True)
        return copy

    def damaged(self, source: Path, name: Path, harm: Harm) -> Path:
        copy = self.copied(source)
        if harm != REMOVED:  # no longer a link
            (copy / name).unlink()
            shutil.copyfile(source / name, copy / name)
        harm.do(copy / name)
        return copy

    def verified(self, folder: Path) -> tuple[list[str], list[str]]:
        """What `coppice verify` finds in a folder that nobody serves, and what it notes. It changes nothing there."""
        before = digest_of(folder)
        said = run("verify", "--store", folder, "--json")
        self.assertIn(said.returncode, (0, 1), said.stdout + said.stderr)
        self.assertEqual(digest_of(folder), before, "verify changed the folder")
        report = json.loads(said.stdout)
        found: list[str] = report["findings"]
        self.assertEqual(said.returncode, 1 if found else 0, said.stdout + said.stderr)
        for each in found + report["notes"]:
            self.assertRegex(each, r"^\S.*: \S", "a finding says where and what")
        return found, report["notes"]

    def outcome(self, folder: Path, expected: dict[Any, Any]) -> str:
        """What came of opening and reading it all: "start", "read", "verify", "cut", or "unused"; else it fails."""
        findings, notes = self.verified(folder)
        server = Server(folder)
        with server:
            server.launch()
            try:
                server.wait_until_ready()
            except RuntimeError:
                assert server.process is not None
                code = server.process.poll()
                self.assertIsNotNone(code, f"hangs: {server.log_end()}")
                self.assertGreater(code, 0, f"crashed: {server.log_end()}")
                self.assertRegex(server.log_end(), WORDS)
                self.assertTrue(findings, f"verify saw nothing, the start said: {server.log_end()}")
                return "start"
            if CUT.search(server.log_end()):
                self.assertTrue(notes or findings, f"verify did not say so: {server.log_end()}")
            return self.outcome_of_reading(server, expected, findings)

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

    def outcome_of_reading(self, server: Server, expected: dict[Any, Any], findings: list[str]) -> str:
        was_cut = CUT.search(server.log_end()) is not None
        found = self.read_all(server)
        with server.connect() as connection:
            report = connection.ask("STORE", "VERIFY")
        served = [each.decode() for each in dict(zip(report[::2], report[1::2]))[b"findings"]]
        if found is None:
            self.assertTrue(findings and served, "verify saw nothing of what a read met")
            return "read"
        if was_cut:
            self.assert_a_beginning(found, expected)
            return "cut"
        self.assertTrue(found == expected, "something else was answered")
        return "verify" if findings or served else "unused"

    def assert_a_beginning(self, found: dict[Any, Any], expected: dict[Any, Any]) -> None:
        """Of what only the log held, the last writes are missing and nothing else; no value is another's."""
        for key, value in found.items():
            if not key[2].startswith(b"wide:"):
                self.assertEqual(value, expected[key])
        late = sorted(int(key[2][5:]) for key in found if key[2].startswith(b"late:"))
        self.assertEqual(late, list(range(len(late))))
        missing = [key for key in expected if key not in found and not key[2].startswith((b"late:", b"wide:"))]
        self.assertEqual(missing, [])

    def sweep(self, source: Path) -> dict[str, Counter[str]]:
        rng = random.Random(SEED)
        said: dict[str, Counter[str]] = {}
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source)
            if not path.is_file() or UNUSED.search(str(name)):
                continue
            for harm in harms_of(path, rng):
                with self.subTest(file=str(name), harm=harm.name):
                    copy = self.damaged(source, name, harm)
                    outcome = self.outcome(copy, self.expected[source])
                    said.setdefault(kind_of(path), Counter())[outcome] += 1
                    if harm == REMOVED and kind_of(path) not in ("log/reached", "nodes/*.log"):  # nobody may need those
                        self.assertNotEqual(outcome, "unused", "a lost file is not noticed")
        for kind, outcomes in said.items():
            print(f"  {kind:16s} {dict(outcomes)}", flush=True)
        return said

    def test_after_a_clean_stop(self) -> None:
        said = self.sweep(self.stopped)
        for kind in ("FORMAT", "HEADS", "CURRENT", "nodes/*.blob", "nodes/*.sst"):
            self.assertEqual(said[kind]["unused"], 0, f"{kind}: not always reported")

    def test_after_a_kill(self) -> None:
        said = self.sweep(self.killed)
        self.assertGreater(said["log segment"]["start"], 0)

    def test_the_verb_says_that_a_folder_is_sound(self) -> None:
        said = run("verify", "--store", self.copied(self.stopped))
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"copy is sound\n$")

    def test_the_start_says_what_to_do(self) -> None:
        for name, words in (("HEADS", "HEADS is gone"), ("FORMAT", "FORMAT is gone"),
                            ("nodes/CURRENT", "CURRENT"), ("log", "log")):
            with self.subTest(gone=name):
                copy = self.copied(self.stopped)
                shutil.rmtree(copy / name) if (copy / name).is_dir() else (copy / name).unlink()
                said = run("serve", copy, "--port", "0")
                self.assertEqual(said.returncode, 1)
                self.assertRegex(said.stderr, rf"is damaged: .*{words}.*coppice verify --store .*coppice backup")

    def test_a_lost_folder_of_nodes_or_an_emptied_log_is_noticed(self) -> None:
        for folder, harm in ((self.stopped, "nodes"), (self.killed, "nodes"), (self.killed, "log/*.log")):
            with self.subTest(folder=folder.name, gone=harm):
                copy = self.copied(folder)
                for each in list(copy.glob(harm)):
                    shutil.rmtree(each) if each.is_dir() else each.unlink()
                self.assertEqual(self.outcome(copy, self.expected[folder]), "start")

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
        self.assertRegex("".join(self.verified(folder)[1]), r"log segment \d+ at \d+: the log's tail is torn, .* drops \d+ bytes")
        said = run("verify", "--store", folder)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"note: log segment .* torn(.|\n)* is sound\n$")
        with server.start(), server.connect() as connection:
            self.assertRegex(server.log_end(), CUT)
            keys = sorted(int(key[4:]) for key in connection.ask("KEYS", "key:*"))
            self.assertEqual(keys, list(range(len(keys))))
            self.assertIn(len(keys), range(480, 500))
            self.assertEqual(connection.ask("STORE", "VERIFY")[1], 1)
            connection.ask("SET", "after", "works")
        self.assertEqual(self.verified(folder), ([], []), "what was cut is told once")

    def test_a_log_that_was_never_synced_and_is_gone_is_a_cut_tail(self) -> None:
        folder = self.place.path / "unsynced"
        server = Server(folder, ["--appendfsync", "no"]).start()
        with server, server.connect() as connection:
            connection.ask("SET", "key", "value")
        for segment in (folder / "log").glob("*.log"):
            segment.unlink()
        self.assertRegex("".join(self.verified(folder)[1]), "whose file is gone: the log's tail is torn")
        with server.start(), server.connect() as connection:
            self.assertRegex(server.log_end(), CUT)
            self.assertIsNone(connection.ask("GET", "key"))


if __name__ == "__main__":
    sys.exit(unittest.main())
