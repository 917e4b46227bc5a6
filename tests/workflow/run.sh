#!/bin/sh
# Installs the tools of the workflow checks, by lock, when the lock changed; then runs the checks.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)

"$root/infra/local/setup.sh" tools
# This environment has SAM's translator, for cfn-guard.
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
# The checks without a stack; `make recorded` also uses the records of the end-to-end tests.
"$root/target/venv-tools/bin/python" "$root/tests/privileges/check.py"
