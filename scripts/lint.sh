#!/usr/bin/env bash
# Checks style: layout (clang-format), bugs and names (clang-tidy), the tidy tests, and scripts (shellcheck).
#
# Usage: scripts/lint.sh              files changed since origin/main, or since HEAD where there is none
#        ALL=1 scripts/lint.sh        all files
# Spaces before a comment at a line's end are free: a table may align them by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-dependencies.sh build test lint
failed=0

# chosen PATTERN...: the changed files (or all) that match and still exist.
chosen() {
    if [ -n "${ALL:-}" ]; then
        git ls-files --cached --others --exclude-standard -- "$@"
    else
        local base
        base=$(git merge-base HEAD origin/main 2>/dev/null) || base=HEAD
        { git diff --name-only "$base" -- "$@"; git ls-files --others --exclude-standard -- "$@"; }
    fi | sort -u | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

# same_layout FILE: shows how clang-format would change it; true when not at all.
same_layout() {
    local plain='s/ +(\/\/|\\$)/ \1/'
    diff -u --label "$1" --label "$1 (formatted)" <(sed -E "$plain" "$1") <(clang-format-14 "$1" | sed -E "$plain")
}

echo "== layout"
while read -r file; do same_layout "$file" || failed=1; done < <(chosen '*.hpp' '*.cpp')

echo "== tidy tests"
python3 tests/tidy/includes.py || failed=1
python3 tests/tidy/files.py || failed=1

echo "== scripts"
mapfile -t shell_files < <(git grep -lE '^#!.*\bbash' -- scripts .ci packaging; echo scripts/peers.sh)
shellcheck --external-sources "${shell_files[@]}" || failed=1

echo "== clang-tidy"
mapfile -t sources < <(chosen 'src/*.cpp')
if [ ${#sources[@]} -gt 0 ]; then
    scripts/build.sh --configure test
    [ ! -f build/test/build.ninja ] || cmake --build build/test --target coppice_build_header >/dev/null
    printf '%s\0' "${sources[@]}" |
        xargs -0 -n 1 -P "${JOBS:-$(nproc)}" clang-tidy-14 -p build/test --quiet 2>/dev/null || failed=1
fi
[ "$failed" = 0 ] && echo "no findings"
exit "$failed"
