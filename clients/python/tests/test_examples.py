"""The examples in Python run, at small sizes, and say what they promise."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import BUILD

import coppice

EXAMPLES = Path(__file__).parents[3] / "examples"


def run(name: str, *arguments: str) -> str:
    """What an example prints, which finds the package and the compiled engine as if they were installed."""
    script = (f"import coppice, runpy, sys; coppice.__path__.append({str(BUILD / 'python/coppice')!r}); "
              "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')")
    path = str(Path(coppice.__file__).parents[1])
    ran = subprocess.run([sys.executable, "-c", script, str(EXAMPLES / name), *arguments], text=True, timeout=100,
                         capture_output=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_copy_on_write_dataset() -> None:
    said = run("copy_on_write_dataset.py", "--megabytes", "16", "--trials", "10")
    ours, theirs = (float(each) for each in re.findall(r"^c\S+ +([\d.]+) MB", said, re.MULTILINE))
    assert theirs > 14 and ours < theirs / 10, said
    assert "11 data sets have pages of the original" in said
