#!/bin/sh
# `npm run bench`: builds when needed and measures whole commands against the peers. Needs root (it makes a user and enters
# the peers' tree); the measured commands run without privileges.
set -eu
cd "$(dirname "$0")/../.."
npm run --silent build
command -v bwrap >/dev/null || apt-get install -q -y --no-install-recommends bubblewrap >/dev/null
exec node_modules/.bin/node test/bench/bench.ts "$@"
