#!/usr/bin/python3
"""Each example in Python prints what its head says that it prints, again and in any order on one server.

A test of the TypeScript package runs them together with those in JavaScript, and with them the pair in two languages.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness import Server, Workplace  # noqa: E402

EXAMPLES = ROOT / "examples" / "python"
CLIENT = ROOT / "clients" / "python" / "src"
OF_A_PAIR = {"cross_language"}
SECONDS = 60


def promised(source: str) -> str:
    """What stands below `$ python ...` in the head, without its indentation."""
    said = re.search(r"^    \$ .*\n((?:^    .*\n)+)", source, re.MULTILINE)
    return re.sub(r"^    ", "", said[1], flags=re.MULTILINE) if said else ""


class Examples(unittest.TestCase):
    def run_one(self, path: Path, port: int) -> None:
        done = subprocess.run([sys.executable, str(path), f"coppice://127.0.0.1:{port}"], capture_output=True,
                              text=True, timeout=SECONDS, env={**os.environ, "PYTHONPATH": str(CLIENT)})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotEqual(promised(path.read_text()), "", "it does not say what it prints")
        self.assertEqual(done.stdout, promised(path.read_text()))

    def test_print_what_they_say(self) -> None:
        paths = sorted(path for path in EXAMPLES.glob("*.py") if path.stem not in OF_A_PAIR)
        with Workplace("examples") as place, Server(place / "data").start() as server:
            for path in [*paths, *reversed(paths)]:
                with self.subTest(path.name):
                    self.run_one(path, server.port)


if __name__ == "__main__":
    unittest.main()
