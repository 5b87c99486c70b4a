#!/usr/bin/python3
"""Every example prints what its head says it prints, against a server of its own.

Usage: examples_test.py PYTHON [NODE]      (the interpreters of the environments in build/)
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

EXAMPLES = ROOT / "examples"
CLIENT = ROOT / "clients" / "python" / "src"
PAIR = "cross_language"
SECONDS = 60


def promised(source: str) -> str:
    """What stands below `$ ...` in the head, without its indentation."""
    said = re.search(r"^(?: \*|//)? +\$ .*\n((?:^(?: \*|//)?    .*\n)+)", source, re.MULTILINE)
    return re.sub(r"^(?: \*|//)?    ", "", said[1], flags=re.MULTILINE) if said else ""


class Examples(unittest.TestCase):
    interpreter: list[str] = []
    node: list[str] = []

    def run_together(self, *examples: tuple[list[str], Path]) -> None:
        """Runs examples at the same time against one server."""
        with Workplace(examples[0][1].stem) as place, Server(place / "data").start() as server:
            address = f"coppice://127.0.0.1:{server.port}"
            running = [subprocess.Popen([*command, str(path), address], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env={**os.environ, "PYTHONPATH": str(CLIENT)})
                       for command, path in examples]
            ended = [one.communicate(timeout=SECONDS) for one in running]
        for one, (printed, wrong), (_, path) in zip(running, ended, examples):
            self.assertEqual(one.returncode, 0, wrong)
            self.assertNotEqual(promised(path.read_text()), "", f"{path} says nothing about what it prints")
            self.assertEqual(printed, promised(path.read_text()))

    def run_each(self, command: list[str], pattern: str) -> None:
        for path in sorted(EXAMPLES.glob(pattern)):
            if path.stem != PAIR:
                with self.subTest(path.name):
                    self.run_together((command, path))

    def test_python(self) -> None:
        self.run_each(self.interpreter, "python/*.py")

    def test_javascript(self) -> None:
        self.need_node()
        self.run_each(self.node, "javascript/*.mjs")

    def test_both_languages_at_once(self) -> None:
        self.need_node()
        self.run_together((self.interpreter, EXAMPLES / "python" / f"{PAIR}.py"),
                          (self.node, EXAMPLES / "javascript" / f"{PAIR}.mjs"))

    def need_node(self) -> None:
        if not self.node:
            self.skipTest("no Node.js")


if __name__ == "__main__":
    Examples.interpreter, Examples.node = sys.argv[1:2], sys.argv[2:3]
    unittest.main(argv=sys.argv[:1])
