#!/bin/sh
# Installs what the workflow checks need, by lock, when that changed; then runs them.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)

"$root/infra/local/setup.sh" tools
# It has SAM's translator, for cfn-guard.
"$root/infra/local/setup.sh" stack

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    echo "run.sh: no Node.js and npm. On Debian or Ubuntu: apt-get install nodejs npm" >&2
    exit 1
fi
stamp=$here/node_modules/.lock.sha256
wanted=$(sha256sum "$here/package-lock.json" | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    echo "$wanted" >"$stamp"
fi

"$root/target/venv-tools/bin/python" "$here/check.py"
"$root/target/venv-stack/bin/python" "$here/guard.py"
# What needs no stack; `make recorded` asks for the records of the end-to-end tests too.
"$root/target/venv-tools/bin/python" "$root/tests/privileges/check.py"
