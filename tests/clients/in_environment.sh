#!/usr/bin/env bash
# Runs a Python or a Node of an environment, or says that the test is skipped (77) where there is none.
#
# Usage: in_environment.sh PROGRAM [ARGUMENT...]
set -euo pipefail
[ -x "$1" ] || { echo "no $1: scripts/python-env.sh or scripts/javascript-env.sh makes it"; exit 77; }
exec "$@"
