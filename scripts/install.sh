#!/usr/bin/env bash
# Installs the program, the public headers, the shell completion, the systemd unit and an example of the settings.
#
# Usage: scripts/install.sh DESTDIR PREFIX               (`make install DESTDIR=... PREFIX=...`)
# Builds the release first when there is none; `make && sudo make install` builds nothing as root.
set -euo pipefail
cd "$(dirname "$0")/.."
destination=${1?usage: scripts/install.sh DESTDIR PREFIX}
prefix=${2:?usage: scripts/install.sh DESTDIR PREFIX}
program=build/release/bin/coppice
if [ ! -x "$program" ]; then
    scripts/install-dependencies.sh build
    scripts/build.sh release coppice
fi
to=$destination$prefix

install -D -m 755 "$program" "$to/bin/coppice"
while read -r header; do
    install -D -m 644 "$header" "$to/$header"
done < <(find include/coppice -name '*.hpp' | sort)
install -D -m 644 packaging/coppice.bash-completion "$to/share/bash-completion/completions/coppice"
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
