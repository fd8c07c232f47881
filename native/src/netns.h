/* SPDX-License-Identifier: Apache-2.0 */
/* Working in another network namespace without entering it. */
#ifndef LIGHTER_NETNS_H
#define LIGHTER_NETNS_H

#include "fail.h"

/* Runs `work` in a short-lived process inside the namespace `netns` (-1: a new one). It shares
 * memory and descriptors with the caller, which waits: what it opens or fills stays. Signals are
 * blocked. Returns what `work` returned; -1 with *out when the namespace cannot be entered. */
int netns_run(int netns, int (*work)(void *context, struct failure *out), void *context,
	struct failure *out);

/* Opens a netlink socket of that protocol in the namespace. It stays in that namespace, so that
 * requests need no process there. Returns the descriptor or -1 with *out. */
int netns_socket(int netns, int protocol, struct failure *out);

/* Writes a value to a file below /proc/sys; only from within netns_run. */
int netns_sysctl(const char *path, const char *value, struct failure *out);

#endif
