#!/usr/bin/env bash
# Configures a preset of CMakePresets.json when that is needed, then builds it in build/PRESET.
#
# Usage: scripts/build.sh PRESET [TARGET...]             (default: everything)
#        scripts/build.sh --configure PRESET             (builds nothing)
# JOBS=n sets how many compilers run at once (default: one per processor).
set -euo pipefail
cd "$(dirname "$0")/.."
only_configure=
[ "${1:-}" != --configure ] || { only_configure=yes; shift; }
preset=${1:?usage: scripts/build.sh [--configure] PRESET [TARGET...]}
shift
folder=build/$preset

if [ -e "$folder" ] && [ ! -w "$folder" ]; then
    echo "coppice: $folder belongs to $(stat -c %U "$folder"); build as that user or remove the folder" >&2
    exit 1
fi
# ninja sees a list of files change, but not that a folder got its first one, nor that presets changed.
is_current() {
    [ -f "$folder/build.ninja" ] &&
        [ -z "$(find CMakePresets.json CMakeLists.txt src tests bench fuzz examples \
            -name 'CMake[LP]*' -newer "$folder/build.ninja" -print -quit 2>/dev/null)" ]
}
if ! is_current; then
    mkdir -p "$folder"
    cmake --preset "$preset" >"$folder/configure.log" 2>&1 || { cat "$folder/configure.log" >&2; exit 1; }
    touch "$folder/build.ninja"
fi
[ -z "$only_configure" ] || exit 0
# Objects are the same in every build folder, so that builds with one set of flags compile once.
export CCACHE_NOHASHDIR=true
targets=()
[ $# = 0 ] || targets=(--target "$@")
status=0
cmake --build "$folder" --parallel "${JOBS:-$(nproc)}" "${targets[@]}" || status=$?
# What root built in a user's checkout is the user's, who builds there next.
[ "$(id -u)" != 0 ] || chown -R --reference=. build || true
exit "$status"
