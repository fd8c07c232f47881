/* SPDX-License-Identifier: Apache-2.0 */
/* What leads out of a bridge, with nftables spoken over netlink. */
#ifndef LIGHTER_NAT_H
#define LIGHTER_NAT_H

#include <stdbool.h>

#include "bridge.h"
#include "fail.h"

/* Replaces the bridge's table in the network namespace: what comes from the subnet reaches the
 * uplink only, and gets its address there; an internal one reaches nothing. One transaction: whole
 * or not at all. */
int nat_guard(int netns, const char *bridge, const struct subnet *subnet, bool internal,
	struct failure *out);

/* The same for IPv6. */
int nat_guard6(int netns, const char *bridge, const struct subnet6 *subnet, bool internal,
	struct failure *out);

/* Removes the tables of bridges that are not there any more: those whose name `is_there` denies. */
int nat_sweep(int netns, bool (*is_there)(const char *bridge, void *context), void *context,
	struct failure *out);

#endif
