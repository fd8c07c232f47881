#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Becomes slirp4netns (1.0 to 1.3) with the options that version knows. What IPv6 needs on the link is left to the caller.
# Usage: slirp4netns.sh PROGRAM NETNS LINK MTU EXIT_FD READY_FD
# The caller is root of the user namespace that owns NETNS, or of a parent of it.
set -u

program=$1 netns=$2 link=$3 mtu=$4 exit_fd=$5 ready_fd=$6

if [ ! -x "$program" ]; then
	echo "$program is missing or not executable: the package slirp4netns has it" >&2
	exit 127
fi

# VERSION: what this very file answered before. Else it is asked, and the answer kept in VERSION_FILE under VERSION_KEY.
version=${VERSION:-}
if [ -z "$version" ]; then
	# The descriptors are the uplink's; the one program asked here must not hold them.
	version=$("$program" --version 3>&- 4>&- 5>&- 2>&1) || {
		echo "$program --version fails: $version" >&2
		exit 126
	}
	if [ -n "${VERSION_FILE:-}" ]; then
		printf '%s\n%s\n' "$VERSION_KEY" "$version" >"$VERSION_FILE.$$" &&
			mv "$VERSION_FILE.$$" "$VERSION_FILE" || rm -f "$VERSION_FILE.$$"
	fi 2>/dev/null 3>&- 4>&- 5>&-
fi
case $version in
'slirp4netns version '[1-9]*) ;;
*)
	echo "$program is too old or not slirp4netns, 1.0 is needed: ${version%%
*}" >&2
	exit 126
	;;
esac

set -- --configure --mtu="$mtu" --disable-host-loopback --enable-ipv6 \
	--exit-fd="$exit_fd" --ready-fd="$ready_fd" --netns-type=path

# SANDBOX comes from the caller, which knows whether this host can pivot its root.
set -- "$@" ${SANDBOX:+"$SANDBOX"}

# A build without libseccomp refuses the option; its version text has no line about the library.
case $version in
*libseccomp:*)
	[ ! -e /proc/sys/kernel/seccomp/actions_avail ] || set -- "$@" --enable-seccomp
	;;
esac

exec "$program" "$@" "$netns" "$link"
