#!/usr/bin/env bash
# Puts toxiproxy, a proxy that breaks connections on purpose, where the `program` tests look for it: target/peers/toxiproxy.
# Does nothing when it is there already in the pinned version.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/setup/lib/go.sh

version=v2.5.0
peers=$PWD/target/peers
program=$peers/toxiproxy-$version
[ -x "$program" ] && exit 0

built=$(mktemp -d)
go_get "github.com/Shopify/toxiproxy/v2/cmd/server@$version" "$built"
mkdir -p "$peers"
mv "$built/server" "$program"
rmdir "$built"
