"""Which files the tidy tests read, and how they report."""
import os
import sys
from pathlib import Path

CPP = {".hpp", ".cpp"}
CODE = CPP | {".py", ".ts", ".js", ".css", ".html", ".sh", ".cmake"}
NOT_OURS = {"build", "node_modules", "__pycache__", "dist", "corpus"}


def files(root, folders, suffixes):
    """The files below root/folder with one of the suffixes, sorted, as (path from root, lines).

    Generated files (they say so on line 1) are left out.
    """
    for folder in folders:
        for where, inside, names in os.walk(root / folder):
            inside[:] = sorted(name for name in inside if name not in NOT_OURS and name[0] != ".")
            for name in sorted(names):
                path = Path(where, name)
                if path.suffix not in suffixes and not (name == "CMakeLists.txt" and ".cmake" in suffixes):
                    continue
                lines = path.read_text(encoding="utf-8").split("\n")
                if "generated" not in lines[0].lower():
                    yield path.relative_to(root).as_posix(), lines


def main(check):
    """Runs check(root) with the root from the command line; prints what it found, and fails if anything."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    findings = list(check(root))
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    sys.exit(1 if findings else 0)
