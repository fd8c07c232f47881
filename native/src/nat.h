/* SPDX-License-Identifier: Apache-2.0 */
/* Masquerading of a bridge's subnet, with nftables spoken over netlink. */
#ifndef LIGHTER_NAT_H
#define LIGHTER_NAT_H

#include "bridge.h"
#include "fail.h"

/* Replaces the bridge's NAT table in the network namespace: what comes from the subnet and leaves
 * by another link than the bridge gets that link's address. One transaction: whole or not at all.
 */
int nat_masquerade(int netns, const char *bridge, const struct subnet *subnet, struct failure *out);

#endif
