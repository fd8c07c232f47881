#!/bin/sh
# `npm run bench`: builds when needed and measures whole commands against the peers; `npm run bench -- networks` measures
# networks, `npm run bench -- keep-id` a flag alone. Needs root (it makes a user and enters the peers' tree); the measured
# commands run without privileges.
set -eu
cd "$(dirname "$0")/../.."
npm run --silent build
for program in bwrap:bubblewrap iperf3:iperf3 pasta:passt; do
	command -v "${program%:*}" >/dev/null ||
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${program#*:}" >/dev/null
done
exec node_modules/.bin/node test/bench/bench.ts "$@"
