#!/usr/bin/env bash
# Installs the program, its shell completion, the library with its headers, the systemd unit and an example of the settings.
#
# Usage: scripts/install.sh DESTDIR PREFIX               (`make install DESTDIR=... PREFIX=...`)
# Builds the release first when there is none; where it was built, root builds nothing. COPPICE_BUILD names another build.
set -euo pipefail
cd "$(dirname "$0")/.."
destination=${1?usage: scripts/install.sh DESTDIR PREFIX}
prefix=${2:?usage: scripts/install.sh DESTDIR PREFIX}
[[ $prefix = /* ]] || { echo "coppice: PREFIX is an absolute path, not '$prefix'" >&2; exit 2; }
build=${COPPICE_BUILD:-build/release}
program=$build/bin/coppice
if [ ! -x "$program" ] || [ ! -f "$build/lib/libcoppice.a" ]; then
    [ -z "${COPPICE_BUILD:-}" ] || { echo "coppice: nothing is built in $build" >&2; exit 1; }
    scripts/install-dependencies.sh build
    scripts/build.sh release coppice coppice_archive
fi
to=$destination$prefix

install -D -m 755 "$program" "$to/bin/coppice"
DESTDIR=$destination cmake --install "$build" --prefix "$prefix" --component library >/dev/null
install -d "$to/share/bash-completion/completions"
"$program" completion bash >"$to/share/bash-completion/completions/coppice"
chmod 644 "$to/share/bash-completion/completions/coppice"
install -D -m 644 packaging/coppice.conf.example "$to/share/doc/coppice/coppice.conf.example"
install -D -m 644 LICENSE "$to/share/doc/coppice/LICENSE"
# Settings of a system's own prefix stand in /etc. Never over what is there: they are somebody's by now.
case $prefix in
    /usr | /usr/local) settings=/etc/coppice ;;
    *) settings=$prefix/etc/coppice ;;
esac
[ -e "$destination$settings/coppice.conf" ] ||
    install -D -m 600 packaging/coppice.conf.example "$destination$settings/coppice.conf"
install -d "$to/lib/systemd/system"
sed "s|@BINDIR@|$prefix/bin|; s|@ETCDIR@|$settings|" packaging/coppice.service >"$to/lib/systemd/system/coppice.service"
chmod 644 "$to/lib/systemd/system/coppice.service"
echo "coppice: installed in $to, settings in $destination$settings"
