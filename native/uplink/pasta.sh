#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Becomes pasta, as slirp4netns.sh becomes slirp4netns: the link has the same address, nothing on the host's loopback is
# reached, and no port is forwarded by itself. It makes the link and leaves the rest to the caller.
# Usage: pasta.sh PROGRAM NETNS LINK MTU EXIT_FD READY_FD
# Later versions close every descriptor but the first three. So NETNS is standard input, the pipe whose closing the kernel
# answers with a signal is standard output, and what is said, at last the pid, goes to READY_FD.
set -u

program=$1 netns=$2 link=$3 mtu=$4 exit_fd=$5 ready_fd=$6

if [ ! -x "$program" ]; then
	echo "$program is missing or not executable: the package passt has it" >&2
	exit 127
fi

set -- --foreground --quiet --runas 0 --netns-only --netns /proc/self/fd/0 --no-netns-quit --pid /proc/self/fd/2 \
	--ns-ifname "$link" --mtu "$mtu" --address 10.0.2.100 --netmask 24 --gateway 10.0.2.2 \
	--address fd5d:a1c0:7e42::100 --gateway fe80::2 --no-map-gw --dns-forward 10.0.2.3 \
	--tcp-ports none --udp-ports none --tcp-ns none --udp-ns none

exec "$program" "$@" <"$netns" 1<&"$exit_fd" 2>&"$ready_fd" 3<&- 4<&- 5<&-
