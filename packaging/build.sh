#!/bin/sh
# Builds dist/lighter: the native program, the default image, the bundled TypeScript, and the three in one executable.
# With --sanitize: build/sanitize/lighter, the same with the native program that watches its own memory use.
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

output=dist/lighter
case ${1-} in
'') make -s -C native ;;
--sanitize)
	output=build/sanitize/lighter
	make -s -C native sanitize
	export LIGHTER_BUILD_NATIVE=build/native/sanitize/lighter-native LIGHTER_BUILD_OUTPUT=$output
	;;
*)
	echo "build: unknown argument: $1" >&2
	exit 1
	;;
esac
"$node" packaging/default-image/build.mjs
"$node" packaging/licenses.mjs
"$node" packaging/bundle.mjs
"$node" packaging/binary.mjs
echo "$output: $(wc -c <$output) bytes"
