#!/usr/bin/env bash
# Makes build/python, the virtual environment that the tests of clients/python run in, and prints its folder.
#
# Usage: scripts/python-env.sh
# It holds the versions that clients/python/requirements-test.txt pins, from whatever index pip is set to use. A stamp
# with the hash of that file and the interpreter's version makes the second call a matter of milliseconds.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=clients/python/requirements-test.txt
environment=build/python
stamp=$environment/requirements.stamp
python=python3
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3 # the one whose venv packaging/debian-packages.txt names

wanted=$({ "$python" --version && cat "$requirements"; } | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$environment"
    mkdir -p build
    "$python" -m venv "$environment"
    PIP_ROOT_USER_ACTION=ignore "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$requirements" >&2
    echo "$wanted" >"$stamp"
fi
echo "$environment"
