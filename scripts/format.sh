#!/usr/bin/env bash
# Lays out C++ files with clang-format 14 and .clang-format, in place.
#
# Usage: scripts/format.sh [FILE...]                     (default: all)
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-dependencies.sh lint
files=("$@")
[ $# -gt 0 ] || mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.hpp' '*.cpp')
clang-format-14 -i "${files[@]}"
