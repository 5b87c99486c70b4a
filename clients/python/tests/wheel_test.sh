#!/usr/bin/env bash
# Builds the wheel of the Python package from this checkout, installs it in an environment of its own and uses it.
#
# Usage: wheel_test.sh PYTHON
# PYTHON is that of build/python, where scikit-build-core and nanobind are. What is built stays in build/wheel-*, so that
# the second time takes seconds.
set -euo pipefail
python=$1
package=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
[ -x "$python" ] || { echo "no $python: scripts/python-env.sh makes it"; exit 77; }

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
"$python" -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir "$place" "$package"
"$python" -m venv --without-pip "$place/environment"
"$python" -m pip --python "$place/environment/bin/python" install --quiet "$place"/*.whl numpy
cd "$place"
environment/bin/python - <<'PROGRAM'
import numpy
import coppice

with coppice.Client("folder/") as client:
    frames = coppice.List(client, "frames")
    frames.extend([1, 2.5, "three"])
    rows = coppice.Array.from_numpy(client, "rows", numpy.arange(6).reshape(3, 2))
    assert frames[:] == [1, 2.5, "three"] and rows[1].tolist() == [2, 3]
with coppice.Client("folder") as client:
    assert len(coppice.List(client, "frames")) == 3
print("the wheel of coppice", coppice.__version__, "works")
PROGRAM
