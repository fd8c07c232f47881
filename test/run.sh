#!/bin/sh
# `npm test`: installs what the tests need, builds what is older than its sources, runs the checks and all tests.
# Works as root and as a user with sudo; needs no terminal. The last line is `N passed, N failed[, N skipped]`.
# With --sanitize the tests run on the native program built with sanitizers. Other arguments go to vitest.
set -eu
cd "$(dirname "$0")/.."

# What the tests use beside what quickstart.sh installs for building and running. clang-format is a part of the checks;
# the sanitizers come with gcc.
test_packages="gcc make binutils libc6-dev libseccomp-dev libarchive-dev libjansson-dev nettle-dev libzstd-dev zlib1g-dev
	clang-format busybox-static uidmap slirp4netns passt fuse-overlayfs crun ca-certificates docker-registry skopeo debootstrap
	attr bsdutils util-linux procps iproute2 nftables tar gzip bzip2 xz-utils zstd groff-base jq
	bindfs curl postgresql-client redis-tools zsh fish golang-docker-credential-helpers pass gnupg microsocks tinyproxy-bin
	git openssh-client openssh-server python3 python3-docker strace"

say() { printf '==> %s\n' "$*"; }
fail() {
	printf 'test: %s\n' "$*" >&2
	exit 1
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

require_root() {
	[ "$(id -u)" = 0 ] && return
	command -v sudo >/dev/null || fail "the tests make a user and run containers as it, which needs root, and there is no sudo here"
	sudo -n true 2>/dev/null || (: </dev/tty) 2>/dev/null ||
		fail "the tests make a user and run containers as it, which needs root, and sudo wants a password without a terminal"
}

install_packages() {
	if ! command -v apt-get >/dev/null; then
		for tool in gcc make clang-format docker-registry skopeo debootstrap slirp4netns newuidmap; do
			command -v "$tool" >/dev/null ||
				fail "$tool is not installed, and there is no apt-get here: the tests are set up for Debian and Ubuntu"
		done
		return
	fi
	missing=
	for package in $test_packages; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "Installing Debian packages for the tests:$missing"
	as_root apt-get update -q >/dev/null || fail "apt-get update failed: is there a network?"
	# docker-registry would start a service of its own where there is an init: the tests start theirs.
	# shellcheck disable=SC2086 # a list
	as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends $missing >/dev/null ||
		fail "these packages could not be installed (no network, or not in this system's package sources?):$missing"
}

install_npm_packages() {
	[ node_modules/.package-lock.json -nt package-lock.json ] && [ -x node_modules/.bin/vitest ] && return
	say "Installing the npm packages (npm ci)"
	npm ci --no-audit --no-fund --loglevel=error || fail "npm ci failed"
	touch node_modules/.package-lock.json
}

build() {
	if [ -x dist/lighter ] &&
		[ -z "$(find api cli lib native packaging package.json package-lock.json -newer dist/lighter -type f -print -quit)" ]; then
		return
	fi
	say "Building dist/lighter"
	npm run --silent build || fail "the build failed"
	touch dist/lighter
}

# Adds the lines of a log that start with a word.
count() { grep -c "^$1 " "$2" || true; }

# The same program with a native part that ends at the first wrong memory access.
build_sanitized() {
	say "Building build/sanitize/lighter"
	packaging/build.sh --sanitize || fail "the build with sanitizers failed"
	program=$PWD/build/sanitize/lighter
	native_program=$PWD/build/native/sanitize/lighter-native
}

# Root's containers have one place on a machine: the tests get a private one, so that those of the machine are neither
# seen nor touched. Everything mounted here ends with this process.
private_root='
	for directory in /var/lib/lighter /run/lighter; do
		mkdir -p -m 700 "$directory" "$LIGHTER_TEST_ROOT$directory" &&
			mount --bind "$LIGHTER_TEST_ROOT$directory" "$directory" || exit 125
	done
	exec "$@"'

program=${LIGHTER_TEST_PROGRAM:-$PWD/dist/lighter}
native_program=${LIGHTER_TEST_NATIVE:-$PWD/build/native/lighter-native}
sanitize=
if [ "${1-}" = --sanitize ]; then
	sanitize=1
	shift
fi

require_root
install_packages
install_npm_packages
build
[ -z "$sanitize" ] || build_sanitized

work=$(mktemp -d)
trap 'as_root rm -rf "$work"' EXIT
chmod 755 "$work"

say "Checks"
packaging/check.sh | tee "$work/checks"

say "Tests"
summary=$work/summary
: >"$summary"
chmod 666 "$summary"
node=$PWD/node_modules/.bin/node
status=0
as_root env LIGHTER_TEST_SUMMARY="$summary" LIGHTER_TEST_ROOT="$work" LIGHTER_TEST_USER="${LIGHTER_TEST_USER-}" \
	LIGHTER_TEST_PROGRAM="$program" LIGHTER_TEST_NATIVE="$native_program" LIGHTER_TEST_SANITIZE="$sanitize" \
	unshare --mount sh -c "$private_root" sh \
	"$node" node_modules/vitest/vitest.mjs run --config test/vitest.config.ts "$@" </dev/null ||
	status=$?

# Vitest that never came to its end is a failure of its own.
passed=0 failed=1 skipped=0
# shellcheck disable=SC1090 # passed=N failed=N skipped=N
. "$summary"
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
passed=$((passed + $(count ok "$work/checks")))
failed=$((failed + $(count FAILED "$work/checks")))
skipped=$((skipped + $(count skipped "$work/checks")))

line="$passed passed, $failed failed"
if [ "$skipped" -gt 0 ]; then line="$line, $skipped skipped"; fi
echo "$line"
[ "$failed" -eq 0 ]
