#!/usr/bin/env bash
# Builds the wheel of the Python package from this checkout, installs it in an environment of its own and uses it.
#
# Usage: wheel_test.sh PYTHON
# PYTHON is that of build/python, where scikit-build-core and nanobind are. Flags and compiler are those of the tests, whose
# objects ccache has then. What is built stays in build/wheel-*, so that the second time takes seconds.
set -euo pipefail
python=$1
package=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
[ -x "$python" ] || { echo "no $python: scripts/python-env.sh makes it"; exit 77; }

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export CC=cc CXX=c++ CCACHE_NOHASHDIR=true
"$python" -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir "$place" "$package" \
    --config-settings cmake.define.COPPICE_ASSERTIONS=ON \
    --config-settings "cmake.define.CMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1"
"$python" -m venv --without-pip "$place/environment"
"$python" -m pip --python "$place/environment/bin/python" install --quiet "$place"/*.whl numpy
cd "$place"
environment/bin/python - <<'PROGRAM'
import socket
import subprocess
import time

import numpy
import coppice

with coppice.Client("folder/") as client:
    frames = coppice.List(client, "frames")
    frames.extend([1, 2.5, "three"])
    rows = coppice.Array.from_numpy(client, "rows", numpy.arange(6).reshape(3, 2))
    assert frames[:] == [1, 2.5, "three"] and rows[1].tolist() == [2, 3]
with coppice.Client("folder") as client:
    assert len(coppice.List(client, "frames")) == 3
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen(["environment/bin/znsocket", "--port", str(port), "--storage", "memory"])
try:
    for _ in range(300):
        try:
            coppice.List(coppice.Client(f"http://127.0.0.1:{port}"), "served").append(1)
            break
        except coppice.exceptions.ConnectionError:
            time.sleep(0.1)
    else:
        raise SystemExit("the server of the wheel does not answer")
finally:
    server.terminate()
    server.wait()
version = subprocess.run(["environment/bin/coppice", "--version"], capture_output=True, text=True, check=True).stdout
assert coppice.__version__ in version, version
assert coppice.Vector("ab").append("c").tolist() == ["a", "b", "c"] and coppice.Map(a=1)["a"] == 1
print("the wheel of coppice", coppice.__version__, "works")
PROGRAM
