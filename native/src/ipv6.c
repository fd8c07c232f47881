/* SPDX-License-Identifier: Apache-2.0 */
#include "ipv6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge.h"
#include "netlink.h"
#include "netns.h"

#define STEP "network"

static bool in_subnet(const struct subnet6 *subnet, const struct in6_addr *address)
{
	for (unsigned bit = 0; bit < subnet->prefix; bit++)
		if (((subnet->network.s6_addr[bit / 8] ^ address->s6_addr[bit / 8]) >>
			    (7 - bit % 8)) &
			1)
			return false;
	return true;
}

static int parse_cidr(
	const char *text, unsigned least, unsigned most, struct in6_addr *network, unsigned *prefix)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	char *end = NULL;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -1;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	*prefix = (unsigned)strtoul(slash + 1, &end, 10);
	return end == slash + 1 || *end || *prefix < least || *prefix > most ||
			       inet_pton(AF_INET6, address, network) != 1
		       ? -1
		       : 0;
}

int subnet6_parse(const char *subnet, const char *gateway, struct subnet6 *ret, struct failure *out)
{
	struct subnet6 parsed = {0};

	if (parse_cidr(subnet, 8, 126, &parsed.network, &parsed.prefix) < 0 ||
		inet_pton(AF_INET6, gateway, &parsed.gateway) != 1 ||
		!in_subnet(&parsed, &parsed.gateway))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
			"not a subnet with its gateway: %s, %s", subnet, gateway);
	*ret = parsed;
	return 0;
}

int range6_parse(const char *range, struct subnet6 *ret, struct failure *out)
{
	struct subnet6 parsed = {0};

	if (parse_cidr(range, 8, 128, &parsed.network, &parsed.prefix) < 0)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "not a range of addresses: %s", range);
	*ret = parsed;
	return 0;
}

int subnet6_at(const struct subnet6 *subnet, uint32_t offset, struct in6_addr *ret)
{
	uint64_t carry = offset;

	*ret = subnet->network;
	for (int i = 15; i >= 0 && carry > 0; i--) {
		carry += ret->s6_addr[i];
		ret->s6_addr[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return in_subnet(subnet, ret) ? 0 : -1;
}

static int switch_on(void *context, struct failure *out)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		(const char *)context);
	return netns_sysctl(path, "0", out);
}

int ipv6_add_address(int netns, int route, const char *link, const struct in6_addr *address,
	unsigned prefix, struct failure *out)
{
	struct ifaddrmsg info = {.ifa_family = AF_INET6,
		.ifa_prefixlen = (unsigned char)prefix,
		.ifa_scope = RT_SCOPE_UNIVERSE};
	struct nl_refusal refusal;
	struct nl_message message;
	bool up = false;
	int index;

	if (netns_run(netns, switch_on, (void *)link, out) < 0)
		return -1;
	index = link_find(route, link, &up, out);
	if (index <= 0)
		return index < 0 ? -1 : fail(out, 0, STEP, "the link %s vanished", link);
	info.ifa_index = (unsigned)index;
	nl_begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	nl_put(&message, IFA_LOCAL, address, sizeof(*address));
	nl_put(&message, IFA_ADDRESS, address, sizeof(*address));
	/* Nobody else can have it: see ipv6_claim. */
	nl_put_u32(&message, IFA_FLAGS, IFA_F_NODAD);
	if (nl_request(route, &message, &refusal) < 0 && refusal.error != EEXIST)
		return nl_fail(out, &refusal, STEP, "cannot add an IPv6 address to %s", link);
	return 0;
}

static int forward(void *context, struct failure *out)
{
	(void)context;
	return netns_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1", out);
}

int ipv6_forward(int netns, struct failure *out)
{
	return netns_run(netns, forward, NULL, out);
}

int ipv6_claim(int route, const char *link, const struct in6_addr *address, struct failure *out)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct nl_refusal refusal;
	struct nl_message message;
	char name[48] = "v6-";
	bool up = false;
	size_t nest;

	for (size_t i = 0; i < sizeof(address->s6_addr); i++)
		snprintf(name + 3 + 2 * i, 3, "%02x", address->s6_addr[i]);
	info.ifi_index = link_find(route, link, &up, out);
	if (info.ifi_index <= 0)
		return info.ifi_index < 0 ? -1 : fail(out, 0, STEP, "the link %s vanished", link);
	nl_begin(&message, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, &info,
		sizeof(info));
	nest = nl_nest(&message, IFLA_PROP_LIST);
	nl_put_string(&message, IFLA_ALT_IFNAME, name);
	nl_nest_end(&message, nest);
	if (nl_request(route, &message, &refusal) == 0)
		return 0;
	return refusal.error == EEXIST
		       ? 1
		       : nl_fail(out, &refusal, STEP, "cannot claim an IPv6 address");
}
