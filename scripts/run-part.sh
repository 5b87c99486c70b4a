#!/usr/bin/env bash
# Builds what one of the longer programs needs and runs it: scripts/soak, scripts/tour or scripts/bench.
#
# Usage: scripts/run-part.sh soak|tour|bench [ARGUMENT...]
# It finds what was built in the folder that COPPICE_BUILD names.
set -euo pipefail
cd "$(dirname "$0")/.."
part=${1:?usage: scripts/run-part.sh soak|tour|bench [ARGUMENT...]}
shift
case $part in
    soak | tour) groups=(build test) preset=release targets=(coppice) ;;
    bench) groups=(build test) preset=bench targets=() ;;
    *) echo "$0: no part '$part'" >&2; exit 2 ;;
esac
found=
for program in "scripts/$part" "scripts/$part.sh" "scripts/$part.py"; do
    [ ! -x "$program" ] || found=$program
done
[ -n "$found" ] || { echo "coppice: there is no scripts/$part in this checkout" >&2; exit 1; }

scripts/install-dependencies.sh "${groups[@]}"
# shellcheck source=scripts/peers.sh
. scripts/peers.sh
scripts/build.sh "$preset" "${targets[@]}"
export COPPICE_BUILD=$PWD/build/$preset
exec "$found" "$@"
