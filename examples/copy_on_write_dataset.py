#!/usr/bin/env python3
"""Fifty trials on one data set: each has all rows, changed in a hundredth of them, and memory grows by what differs.

Usage: copy_on_write_dataset.py [--megabytes 64] [--trials 50]
Needs the package `coppice` with its compiled engine, and numpy. The same is then done with copy.deepcopy, in as many
trials as fit half of the free memory, and both are measured as the growth of the process's resident bytes.
"""
from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path

import numpy as np

import coppice


def resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this needs Linux's /proc")


def free_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this needs Linux's /proc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=64)
    parser.add_argument("--trials", type=int, default=50)
    given = parser.parse_args()

    rows = np.random.default_rng(1).random((given.megabytes * 2_500, 50))
    part = len(rows) // 100
    client = coppice.Client("memory://")
    original = coppice.Dataset.from_numpy(client, "original", rows)

    before, begun = resident_bytes(), time.perf_counter()
    trials = []
    for number in range(given.trials):
        trial = original.copy(f"trial {number}")
        trial.transform(lambda block, by=number: block + by, rows=slice(number * part, (number + 1) * part))
        trials.append(trial)
    seconds, grown = time.perf_counter() - begun, resident_bytes() - before

    for number, trial in enumerate(trials):
        middle = min(number * part + 1, len(rows) - 1)
        assert np.array_equal(trial[middle], rows[middle] + (number if number < 100 else 0))
    assert np.array_equal(original, rows)

    fitting = max(1, min(given.trials, free_bytes() // 2 // rows.nbytes))
    before, begun = resident_bytes(), time.perf_counter()
    copies = [copy.deepcopy(rows) for _ in range(fitting)]
    for number, each in enumerate(copies):
        each[number * part : (number + 1) * part] += number
    deep_seconds, deep_grown = time.perf_counter() - begun, resident_bytes() - before

    one = trials[0]
    print(f"a data set of {rows.nbytes / 1e6:,.0f} MB, {given.trials} trials that change a hundredth each")
    print(f"coppice.Dataset  {grown / given.trials / 1e6:8.2f} MB and {seconds / given.trials * 1e3:7.2f} ms a trial")
    print(f"copy.deepcopy    {deep_grown / fitting / 1e6:8.2f} MB and {deep_seconds / fitting * 1e3:7.2f} ms a trial")
    print(f"one trial shares {one.shared_with(original) / 1e6:,.2f} MB with the original and has "
          f"{one.nbytes_exclusive / 1e6:,.2f} MB of its own; {original.ref_count} data sets have pages of the original")


if __name__ == "__main__":
    main()
