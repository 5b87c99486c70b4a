#!/usr/bin/env bash
# Builds the fuzzers with clang and runs each for FUZZ_SECONDS (60) on its corpus, fuzz/corpus/NAME.
#
# Usage: scripts/fuzz.sh [NAME...]                       (default: all, build/fuzz/bin/*_fuzz)
# New inputs are kept in build/fuzz/corpus/NAME; a crash's input is left in build/fuzz/crashes and named.
# The last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
[ -f fuzz/CMakeLists.txt ] || { echo "coppice: there are no fuzzers in this checkout" >&2; exit 1; }
scripts/install-dependencies.sh build fuzz
scripts/build.sh fuzz coppice_fuzzers

programs=("${@/%/_fuzz}")
[ $# -gt 0 ] || mapfile -t programs < <(cd build/fuzz/bin && printf '%s\n' *_fuzz)
passed=0 failed=0
mkdir -p build/fuzz/crashes
for program in "${programs[@]}"; do
    name=${program%_fuzz}
    seeds=fuzz/corpus/$name grown=build/fuzz/corpus/$name log=build/fuzz/$name.log
    mkdir -p "$grown"
    folders=("$grown")
    [ ! -d "$seeds" ] || folders+=("$seeds")
    if "build/fuzz/bin/$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/crashes/$name-" "${folders[@]}" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf '  %-28s ok  %s inputs\n' "$name" "$(awk '/number_of_executed_units/ { print $2 }' "$log")"
    else
        failed=$((failed + 1))
        printf '  %-28s FAILED\n' "$name"
        tail -n 40 "$log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
