#!/bin/sh
# From a clean checkout to a running container: host packages, npm packages, the build, and the first `lighter run`.
# Needs node and npm. May be run again at any time: what is there already is left alone.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n==> %s\n' "$*"; }
fail() {
	printf 'quickstart: %s\n' "$*" >&2
	exit 1
}

# The names of the packages per distribution: first what the build needs, then what running containers needs.
# Only the lists of apt are tried regularly; those of dnf, pacman and apk are untested.
detect_packages() {
	if command -v apt-get >/dev/null; then
		manager=apt
		build_packages="gcc make binutils libc6-dev libseccomp-dev libarchive-dev libjansson-dev nettle-dev
			libzstd-dev zlib1g-dev busybox-static"
		run_packages="uidmap slirp4netns fuse-overlayfs ca-certificates"
	elif command -v dnf >/dev/null; then # untested
		manager=dnf
		build_packages="gcc make binutils glibc-static libseccomp-static libarchive-devel jansson-devel nettle-devel
			libzstd-static zlib-static busybox"
		run_packages="shadow-utils slirp4netns fuse-overlayfs ca-certificates"
	elif command -v pacman >/dev/null; then # untested
		manager=pacman
		build_packages="gcc make binutils libseccomp libarchive jansson nettle zstd zlib busybox"
		run_packages="shadow slirp4netns fuse-overlayfs ca-certificates"
	elif command -v apk >/dev/null; then # untested
		manager=apk
		build_packages="gcc make binutils musl-dev libseccomp-static libarchive-static jansson-static nettle-static
			zstd-static zlib-static busybox-static"
		run_packages="shadow-uidmap slirp4netns fuse-overlayfs ca-certificates"
	else
		manager=none
	fi
}

is_installed() {
	case $manager in
	apt) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
	dnf) rpm -q "$1" >/dev/null 2>&1 ;;
	pacman) pacman -Q "$1" >/dev/null 2>&1 ;;
	apk) apk info -e "$1" >/dev/null 2>&1 ;;
	esac
}

missing_of() {
	for package in "$@"; do
		is_installed "$package" || printf '%s ' "$package"
	done
}

# Runs a command as root: directly, or through sudo after saying so.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		printf '    sudo %s\n' "$*"
		sudo "$@"
	fi
}

# Why this user cannot become root; nothing where it can. sudo asks the terminal, whatever the standard input is.
root_trouble() {
	if [ "$(id -u)" = 0 ]; then
		return
	elif ! command -v sudo >/dev/null; then
		echo "they need root, and there is no sudo here"
	elif ! sudo -n true 2>/dev/null && ! (: </dev/tty) 2>/dev/null; then
		echo "they need root, and sudo wants a password without a terminal"
	fi
}

refresh_lists() { [ "$manager" != apt ] || as_root apt-get update -q; }

install_packages() {
	case $manager in
	apt) as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" ;;
	dnf) as_root dnf install -y "$@" ;;
	pacman) as_root pacman -S --needed --noconfirm "$@" ;;
	apk) as_root apk add "$@" ;;
	esac
}

# One package that the sources do not have keeps a package manager from installing any: then the build's come first, and
# the others one by one.
install_what_there_is() {
	refresh_lists || return 1
	# shellcheck disable=SC2086
	install_packages $missing && return
	# shellcheck disable=SC2086
	needed=$(missing_of $build_packages)
	# shellcheck disable=SC2086
	[ -z "$needed" ] || install_packages $needed || return 1
	# shellcheck disable=SC2086
	for package in $(missing_of $run_packages); do
		install_packages "$package" || true
	done
	return 1
}

install_host_packages() {
	detect_packages
	if [ "$manager" = none ]; then
		echo "quickstart: no known package manager here; the build needs gcc, make, binutils, a static busybox and the" \
			"static libraries of libseccomp, libarchive, jansson, nettle, zstd and zlib" >&2
		return 0
	fi
	# shellcheck disable=SC2086 # the lists are meant to be split
	missing=$(missing_of $build_packages $run_packages)
	[ -n "$missing" ] || return 0
	say "Host packages that are missing: $missing"
	trouble=$(root_trouble)
	if [ -z "$trouble" ]; then
		if install_what_there_is; then return 0; fi
		trouble="no network, or not in this system's package sources?"
	fi
	# shellcheck disable=SC2086
	needed=$(missing_of $build_packages)
	[ -z "$needed" ] || fail "the build cannot do without: $needed($trouble)"
	# shellcheck disable=SC2086
	missing=$(missing_of $run_packages)
	[ -z "$missing" ] || echo "quickstart: going on without: $missing($trouble)" >&2
}

# Subordinate ids let a container have more than one user; without them it works with one.
give_subordinate_ids() {
	[ "$(id -u)" != 0 ] || return 0
	user=$(id -un)
	if grep -qs -e "^$user:" -e "^$(id -u):" /etc/subuid && grep -qs -e "^$user:" -e "^$(id -u):" /etc/subgid; then
		return 0
	fi
	start=$(awk -F: -v next=100000 '{ end = $2 + $3; if (end > next) next = end } END { print next }' \
		/etc/subuid /etc/subgid 2>/dev/null || echo 100000)
	say "$user has no subordinate ids: adding 65536 from $start on"
	# usermod does not make the files where they are missing.
	if [ -n "$(root_trouble)" ] || ! as_root touch /etc/subuid /etc/subgid ||
		! as_root usermod --add-subuids "$start-$((start + 65535))" \
			--add-subgids "$start-$((start + 65535))" "$user"; then
		echo "quickstart: going on without: containers have only one user id then" >&2
	fi
}

install_npm_packages() {
	if [ node_modules/.package-lock.json -nt package-lock.json ] &&
		[ node_modules/.package-lock.json -nt package.json ]; then
		return 0
	fi
	say "npm packages: npm ci"
	npm ci --no-audit --no-fund || fail "npm could not fetch the packages (no network, or no registry?)"
	touch node_modules/.package-lock.json
}

# The first container needs little: what the host lacks is left out, and said.
run_first_container() {
	set -- run --rm
	if ! [ -r /dev/net/tun ] || ! [ -w /dev/net/tun ] || ! PATH=$PATH:/usr/sbin:/sbin command -v slirp4netns >/dev/null; then
		echo "quickstart: no way out to the network for containers here: the first one gets none" >&2
		set -- "$@" --network none
	fi
	if [ "$(dist/lighter info 2>/dev/null | sed -n 's/^ Storage Driver: //p')" = none ]; then
		echo "quickstart: neither overlay nor fuse-overlayfs works here: LIGHTER_STORAGE_DRIVER=copy" >&2
		export LIGHTER_STORAGE_DRIVER=copy
	fi
	say "dist/lighter $* lighter/hello"
	dist/lighter "$@" lighter/hello || {
		dist/lighter doctor >&2 || true
		fail "the first container did not run; the list above says what is missing"
	}
}

case $(uname -s)-$(uname -m) in
Linux-x86_64) ;;
*) fail "this version is built for Linux on x86_64, this is $(uname -s) on $(uname -m)" ;;
esac
command -v npm >/dev/null || fail "npm is not installed (Debian and Ubuntu: apt-get install nodejs npm)"

install_host_packages
give_subordinate_ids
install_npm_packages
say "Build: packaging/build.sh"
packaging/build.sh
run_first_container
