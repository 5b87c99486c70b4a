#!/usr/bin/env bash
# Runs the tests from nothing: installs what is missing, builds, and runs, phase by phase.
#
# Usage: scripts/test.sh [all]
#   (nothing)  all tests in the test build, those labelled `threads` under TSan, short fuzzing
#   all        the same, but every test under ASan+UBSan and under TSan too (but for those of style, of Python and of JavaScript)
# JOBS=n sets how many compilers and tests run at once (default: one per processor).
# The last line is `N passed, N failed`, with `, N skipped` when some were; fails when any failed.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-short}
export JOBS=${JOBS:-$(nproc)}
reports=build/reports
rm -rf "$reports"
mkdir -p "$reports"
times=()
broken=0

# phase NAME COMMAND...: runs it, notes the time it took, and counts it as broken when it fails.
phase() {
    local name=$1 began=$SECONDS verdict=ok
    shift
    echo "== $name"
    "$@" || { verdict=FAILED; broken=$((broken + 1)); }
    times+=("$(printf '%-28s %5d s  %s' "$name" $((SECONDS - began)) "$verdict")")
    [ "$verdict" = ok ]
}

# run_tests PRESET [CTEST ARGUMENT...]: ctest, with a report that scripts/count-tests.py reads.
run_tests() {
    local preset=$1
    shift
    ctest --test-dir "build/$preset" --parallel "$JOBS" --output-on-failure --no-label-summary --no-tests=ignore \
        --test-output-truncation head --output-junit "$PWD/$reports/$preset.xml" "$@"
}

# run_program NAME COMMAND...: a part that is not ctest's; its output and its exit code are the report.
run_program() {
    local name=$1 status=0
    shift
    # Its own closing line is counted, not shown: only the sum of all ends the output.
    "$@" 2>&1 | tee "$reports/$name.log" | sed -E '/^[0-9]+ passed, [0-9]+ failed/d' || status=1
    echo "$status" >"$reports/$name.status"
    return "$status"
}

# thread_targets PRESET: the programs of its tests labelled `threads` (a test has its program's name).
thread_targets() {
    ctest --test-dir "build/$1" --show-only --label-regex '^threads$' | sed -n 's/^ *Test *#[0-9]*: //p' |
        grep -xF -f <(ninja -C "build/$1" -t targets all | sed -n 's/: phony$//p') || true
}

# sanitized PRESET [TARGET...]: builds them (all when none is named) and runs the tests of this mode.
sanitized() {
    local preset=$1
    shift
    phase "build $preset" scripts/build.sh "$preset" "$@" || return
    if [ "$mode" = all ]; then
        phase "test $preset" run_tests "$preset" --label-exclude "^(tidy|python|javascript)\$"
    else
        phase "test $preset (threads)" run_tests "$preset" --label-regex '^threads$'
    fi
}

finish() {
    local status=$?
    echo "== summary"
    printf '   %s\n' "${times[@]}" "$(printf '%-28s %5d s' all "$SECONDS")"
    [ "$(id -u)" != 0 ] || chown -R --reference=. build || true
    if command -v python3 >/dev/null; then
        python3 scripts/count-tests.py "$broken" "$reports" || status=1
    else
        echo "0 passed, 1 failed"
    fi
    exit "$status"
}
trap finish EXIT

phase "install" scripts/install-dependencies.sh build test
# shellcheck source=scripts/peers.sh
. scripts/peers.sh
phase "python environment" scripts/python-env.sh || true # without it, what is labelled `python` is skipped
phase "javascript environment" scripts/javascript-env.sh || true # the same for what is labelled `javascript`
phase "build test" scripts/build.sh test
phase "test" run_tests test || true

if [ "$mode" = all ]; then
    sanitized asan || true
    sanitized tsan || true
else
    scripts/build.sh --configure tsan
    mapfile -t targets < <(thread_targets tsan)
    [ ${#targets[@]} = 0 ] || sanitized tsan "${targets[@]}" || true
fi
if [ -f fuzz/CMakeLists.txt ]; then
    FUZZ_SECONDS=${FUZZ_SECONDS_SHORT:-5} phase "fuzz, short" run_program fuzz scripts/fuzz.sh || true
fi
