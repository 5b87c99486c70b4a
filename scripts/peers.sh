# Sourced by the scripts that test: puts redis-server, the peer some tests and benchmarks compare with, on PATH.
#
# Debian's redis-server package starts a service and enables it at boot. redis-tools holds the same
# program under the name redis-check-rdb (it acts by the name it is called by), and starts nothing.
# shellcheck shell=bash
if ! command -v redis-server >/dev/null && command -v redis-check-rdb >/dev/null; then
    mkdir -p build/peers
    ln -sf "$(command -v redis-check-rdb)" build/peers/redis-server
    PATH=$PWD/build/peers:$PATH
    export PATH
fi
