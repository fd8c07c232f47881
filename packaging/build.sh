#!/bin/sh
# Builds dist/lighter: the native program, the default image, the bundled TypeScript, and the three in one executable.
set -eu
cd "$(dirname "$0")/.."

node=node_modules/.bin/node

if [ ! -x "$node" ]; then
	echo "build: the npm packages are not installed: run 'npm ci' first" >&2
	exit 1
fi
for tool in make gcc objcopy; do
	if ! command -v "$tool" >/dev/null; then
		echo "build: $tool is not installed: 'npm run quickstart' installs what the build needs" >&2
		exit 1
	fi
done

make -s -C native
"$node" packaging/default-image/build.mjs
"$node" packaging/bundle.mjs
"$node" packaging/binary.mjs
echo "dist/lighter: $(wc -c <dist/lighter) bytes"
