#!/usr/bin/env bash
# Puts toxiproxy, a proxy that breaks connections on purpose, where the `program` tests look for it: target/peers/toxiproxy.
# Does nothing when it is there already in the pinned version.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=v2.5.0
peers=$PWD/target/peers
program=$peers/toxiproxy-$version
[ -x "$program" ] && exit 0

if ! command -v go >/dev/null; then
    apt-get install -qq golang-go >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq golang-go >/dev/null; }
fi
mkdir -p "$peers"
built=$(mktemp -d)
GOBIN="$built" GOFLAGS=-trimpath go install "github.com/Shopify/toxiproxy/v2/cmd/server@$version"
mv "$built/server" "$program"
rmdir "$built"
