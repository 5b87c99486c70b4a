#!/usr/bin/env python3
"""Adds up what `make test` ran and prints the closing line, `N passed, N failed`.

Usage: scripts/count-tests.py BROKEN FOLDER
  BROKEN   phases that failed, whether or not a test says so (a build, a crash of ctest)
  FOLDER   holds ctest's reports (*.xml) and, of parts that are not ctest's, NAME.log and NAME.status

A ctest test is a program of many cases: where its output says how many (GoogleTest, unittest), these
are counted; else it is one. Fails when anything failed, or when nothing was run.
"""
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


def found(pattern, text):
    """The last number `pattern` finds, or 0."""
    numbers = re.findall(pattern, text, re.MULTILINE)
    return int(numbers[-1]) if numbers else 0


def cases(output, good):
    """(passed, failed, skipped) of one program with this output; `good` is ctest's verdict."""
    closing = CLOSING.findall(output)
    if closing:
        passed, failed, skipped = (int(number or 0) for number in closing[-1])
    elif "[  PASSED  ]" in output or "[  FAILED  ]" in output:
        passed = found(r"^\[  PASSED  \] (\d+) tests?\.", output)
        failed = found(r"^\[  FAILED  \] (\d+) tests?, listed below", output)
        skipped = found(r"^\[  SKIPPED \] (\d+) tests?, listed below", output)
    elif re.search(r"^Ran \d+ tests? in ", output, re.MULTILINE):
        skipped = found(r"\bskipped=(\d+)", output)
        failed = found(r"\bfailures=(\d+)", output) + found(r"\berrors=(\d+)", output)
        passed = found(r"^Ran (\d+) tests? in ", output) - failed - skipped
    else:
        passed, failed, skipped = int(good), 0, 0
    if not good and failed == 0:  # it crashed, hung, or failed at its end
        failed = 1
    return max(passed, 0), failed, skipped


def main():
    broken, folder = int(sys.argv[1]), Path(sys.argv[2])
    results = []
    for report in sorted(folder.glob("*.xml")):
        for test in xml.parse(report).getroot().iter("testcase"):
            status = test.get("status")
            if status in ("notrun", "disabled") and test.find("failure") is None:
                results.append((0, 0, 1))
                continue
            results.append(cases(test.findtext("system-out") or "", status == "run"))
    for log in sorted(folder.glob("*.log")):
        status = log.with_suffix(".status").read_text().strip()
        results.append(cases(log.read_text(errors="replace"), status == "0"))
    passed, failed, skipped = (sum(column) for column in zip((0, 0, 0), *results))
    if failed == 0:
        failed = broken  # a phase failed and no test did: the build, say
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if failed == 0 and passed > 0 else 1


sys.exit(main())
