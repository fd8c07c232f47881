#!/bin/sh
# Everything that is checked without running a container: types, lint and format, and the native program's own tests
# with sanitizers. Goes through all checks; each ends in a line `ok NAME` or `FAILED NAME`. Exit code 1 if any failed.
set -u
cd "$(dirname "$0")/.."

failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

check() {
	name=$1
	shift
	if "$@" >"$log" 2>&1; then
		echo "ok $name"
	else
		cat "$log"
		echo "FAILED $name"
		failed=1
	fi
}

# The native tests name themselves: `ok`, `skipped` and `FAILED` lines of `make check` are passed on.
native_tests() {
	if ! make -s -C native check >"$log" 2>&1 && ! grep -q '^FAILED ' "$log"; then
		cat "$log"
		echo "FAILED native tests (they do not build)"
		failed=1
		return
	fi
	sed -E 's,^(ok|skipped|FAILED) [^ ]*/(test_[^ ]*),\1 \2,' "$log"
	if grep -q '^FAILED ' "$log"; then failed=1; fi
}

bin=node_modules/.bin
check 'types (tsc)' "$bin/tsc" -p .
check 'lint and format (biome)' "$bin/biome" check .
check 'format of C (clang-format)' make -s -C native format-check
check 'native program without warnings' make -s -C native
native_tests
exit "$failed"
