#!/usr/bin/env bash
# Puts moto, the AWS CLI and ministack where the `program` tests look for them: virtual environments under target/peers.
# Does nothing when they are there already in the pinned versions.
set -euo pipefail
cd "$(dirname "$0")/../.."

# An environment NAME with what REQUIREMENTS pins. The tests compare the copy with what they were compiled with, so that an
# older peer never answers unnoticed.
environment() {
    local home="target/peers/$1" wanted="$2"
    cmp -s "$wanted" "$home/installed" && return
    rm -rf "$home" && mkdir -p "$home"
    python3 -m venv "$home"
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$wanted"
    "$home/bin/python" -m pip check --disable-pip-version-check
    cp "$wanted" "$home/installed"
}

environment python tests/setup/requirements.txt
environment ministack tests/setup/ministack.txt
target/peers/python/bin/aws --version
