#!/usr/bin/env bash
# Builds the program and serves ./coppice-data with it until Ctrl-C.
#
# Usage: scripts/run.sh [ARGUMENT...]                    (more arguments for `coppice serve`)
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-dependencies.sh build
scripts/build.sh release coppice
exec build/release/bin/coppice serve "${COPPICE_DATA:-./coppice-data}" "$@"
