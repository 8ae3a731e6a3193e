#!/usr/bin/env bash
# Puts moto and the AWS CLI where the `program` tests look for them: target/peers/python, a virtual environment.
# Does nothing when they are there already in the pinned versions.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=target/peers/python
wanted=tests/setup/requirements.txt
# The tests compare this copy with what they were compiled with, so that an older peer never answers unnoticed.
cmp -s "$wanted" "$home/installed" && exit 0

rm -rf "$home" && mkdir -p "$home"
python3 -m venv "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$wanted"
"$home/bin/python" -m pip check --disable-pip-version-check
"$home/bin/aws" --version
cp "$wanted" "$home/installed"
