#!/bin/sh
# Installs one of the pinned Python environments: setup.sh pip|stack|tools|sam|supply
#
# Each goes to target/venv-ENV, from its own requirements.txt, every file by its hash. The script writes a
# stamp with the requirements' SHA-256 last: a finished environment is skipped, and an interrupted one is
# installed anew. The environment `pip` has only a recent pip, which installs the others: making one with a pip
# of its own takes six seconds, and an old pip needs twice the time.
set -eu

usage() {
    echo "usage: infra/local/setup.sh pip|stack|tools|sam|supply" >&2
    exit 2
}

[ $# -eq 1 ] || usage
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
case $1 in
pip) requirements=$root/infra/pip/requirements.txt ;;
stack) requirements=$root/infra/local/requirements.txt ;;
tools) requirements=$root/infra/tools/requirements.txt ;;
sam) requirements=$root/infra/sam/requirements.txt ;;
supply) requirements=$root/infra/supply/requirements.txt ;;
*) usage ;;
esac

venv=$root/target/venv-$1
stamp=$venv/requirements.sha256
wanted=$(sha256sum "$requirements" | cut -d' ' -f1)
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi

# The requirements are resolved for Python 3.11; a later one usually serves too.
python=
for candidate in python3.11 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "setup.sh: no Python 3.11 or later. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "setup.sh: $python cannot make a virtual environment. On Debian or Ubuntu:" \
        "apt-get install python3-venv (or python$version-venv)" >&2
    exit 1
fi

echo "setup.sh: installing $1 into $venv" >&2
rm -rf "$venv"
mkdir -p "$(dirname "$venv")"
if [ "$1" = pip ]; then
    "$python" -m venv "$venv"
    pip=$venv
else
    "$0" pip
    "$python" -m venv --without-pip "$venv"
    pip=$root/target/venv-pip
fi
"$pip/bin/python" -m pip --python "$venv/bin/python" install --quiet --disable-pip-version-check --no-input \
    --require-hashes --no-deps --requirement "$requirements"
echo "$wanted" >"$stamp"
