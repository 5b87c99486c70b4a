#!/usr/bin/env bash
# Installs what groups of packaging/debian-packages.txt are missing; silent and quick when none is.
#
# Usage: scripts/install-dependencies.sh GROUP...        (build, python, test, ...: the first words of its lines)
# Runs apt-get as root or through sudo. COPPICE_INSTALL=no only names what is missing, and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
list=packaging/debian-packages.txt

[ $# -gt 0 ] || { echo "usage: $0 GROUP..." >&2; exit 2; }

wanted=()
for group in "$@"; do
    mapfile -t members < <(awk -v group="$group" '$1 == group { print $2 }' "$list")
    [ ${#members[@]} -gt 0 ] || { echo "$0: no group '$group' in $list" >&2; exit 2; }
    wanted+=("${members[@]}")
done

command -v dpkg-query >/dev/null || {
    echo "coppice: this is not a Debian system; install the like of these and go on with cmake:" >&2
    echo "    ${wanted[*]}" >&2
    exit 1
}

# Prints those of the wanted packages that are not installed.
missing_packages() {
    local installed
    # dpkg-query fails for a package it never heard of, and still prints the others.
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | awk '$1 == "installed" { print $2 }') || true
    printf '%s\n' "${wanted[@]}" | sort -u | grep -vxF -f <(printf '%s\n' "$installed" | grep .) || true
}

mapfile -t missing < <(missing_packages)
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "${COPPICE_INSTALL:-yes}" = no ]; then
    echo "coppice: missing packages: ${missing[*]}" >&2
    exit 1
elif [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "coppice: missing packages, and neither root nor sudo to install them. Ask an administrator to run:" >&2
        echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

# apt_get ARGUMENT...: asks nothing, tries a failing download again, waits for another apt.
apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

echo "coppice: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt_get update && apt_get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "coppice: could not install: ${missing[*]}" >&2
    exit 1
fi
