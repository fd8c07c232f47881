/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netlink.h"
#include "scope.h"

#define STEP "network"

in_addr_t subnet_mask(unsigned prefix)
{
	return prefix == 0 ? 0 : htonl(~(uint32_t)0 << (32 - prefix));
}

int cidr_parse(const char *text, struct subnet *ret)
{
	const char *slash = strchr(text, '/');
	char network[INET_ADDRSTRLEN];
	char *end;

	if (!slash || (size_t)(slash - text) >= sizeof(network))
		return -1;
	memcpy(network, text, (size_t)(slash - text));
	network[slash - text] = '\0';
	ret->gateway = 0;
	ret->prefix = (unsigned)strtoul(slash + 1, &end, 10);
	if (end == slash + 1 || *end || ret->prefix > 32 ||
		inet_pton(AF_INET, network, &ret->network) != 1)
		return -1;
	ret->network &= subnet_mask(ret->prefix);
	return 0;
}

int subnet_parse(const char *subnet, const char *gateway, struct subnet *ret, struct failure *out)
{
	struct subnet parsed;

	if (!subnet || !gateway)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "the plan names no subnet");
	if (cidr_parse(subnet, &parsed) < 0 || parsed.prefix < 1 || parsed.prefix > 30 ||
		inet_pton(AF_INET, gateway, &parsed.gateway) != 1 ||
		((parsed.network ^ parsed.gateway) & subnet_mask(parsed.prefix)))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
			"not a subnet with its gateway: %s, %s", subnet, gateway);
	*ret = parsed;
	return 0;
}

void mac_of_address(in_addr_t address, unsigned char mac[6])
{
	mac[0] = 0x02;
	mac[1] = 0x42;
	memcpy(mac + 2, &address, 4);
}

struct found_link {
	int index;
	bool up;
};

static int take_link(const struct nlmsghdr *header, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(header);
	struct found_link *found = context;

	if (header->nlmsg_type != RTM_NEWLINK)
		return 0;
	found->index = info->ifi_index;
	found->up = info->ifi_flags & IFF_UP;
	return 1;
}

int link_find(int route, const char *name, bool *ret_up, struct failure *out)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct found_link found = {0};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_GETLINK, 0, &info, sizeof(info));
	nl_put_string(&message, IFLA_IFNAME, name);
	nl_put_u32(&message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (nl_query(route, &message, take_link, &found, &refusal) < 0) {
		if (refusal.error == ENODEV)
			return 0;
		return nl_fail(out, &refusal, STEP, "cannot look for the link %s", name);
	}
	*ret_up = found.up;
	return found.index;
}

int link_up(int route, int index, struct failure *out)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_NEWLINK, 0, &info, sizeof(info));
	if (nl_request(route, &message, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot bring the link up");
	return 0;
}

int link_remove(int route, const char *name, struct failure *out)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_DELLINK, 0, &info, sizeof(info));
	nl_put_string(&message, IFLA_IFNAME, name);
	if (nl_request(route, &message, &refusal) < 0 && refusal.error != ENODEV)
		return nl_fail(out, &refusal, STEP, "cannot remove the link %s", name);
	return 0;
}

int link_remove_index(int route, int index, struct failure *out)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_DELLINK, 0, &info, sizeof(info));
	if (nl_request(route, &message, &refusal) < 0 && refusal.error != ENODEV)
		return nl_fail(out, &refusal, STEP, "cannot remove a link");
	return 0;
}

int link_set_mtu(int route, int index, unsigned mtu, struct failure *out)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_NEWLINK, 0, &info, sizeof(info));
	nl_put_u32(&message, IFLA_MTU, mtu);
	if (nl_request(route, &message, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot set the MTU of a link");
	return 0;
}

int link_add_address(int route, int index, in_addr_t address, unsigned prefix, struct failure *out)
{
	struct ifaddrmsg info = {.ifa_family = AF_INET,
		.ifa_prefixlen = (unsigned char)prefix,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (unsigned)index};
	in_addr_t broadcast = address | ~subnet_mask(prefix);
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	nl_put(&message, IFA_LOCAL, &address, sizeof(address));
	nl_put(&message, IFA_ADDRESS, &address, sizeof(address));
	nl_put(&message, IFA_BROADCAST, &broadcast, sizeof(broadcast));
	if (nl_request(route, &message, &refusal) < 0 && refusal.error != EEXIST)
		return nl_fail(out, &refusal, STEP, "cannot add an address");
	return 0;
}

struct found_address {
	int index;
	bool found;
	in_addr_t address;
	unsigned prefix;
};

static int take_address(const struct nlmsghdr *header, void *context)
{
	const struct ifaddrmsg *info = NLMSG_DATA(header);
	const struct nlattr *table[IFA_MAX + 1];
	struct found_address *found = context;

	if (header->nlmsg_type != RTM_NEWADDR || info->ifa_family != AF_INET ||
		(int)info->ifa_index != found->index)
		return 0;
	nl_attributes(
		info + 1, header->nlmsg_len - NLMSG_SPACE(sizeof(*info)), table, array_size(table));
	if (!table[IFA_LOCAL] || nl_size(table[IFA_LOCAL]) != sizeof(found->address))
		return 0;
	memcpy(&found->address, nl_data(table[IFA_LOCAL]), sizeof(found->address));
	found->prefix = info->ifa_prefixlen;
	found->found = true;
	return 1;
}

int bridge_find(int route, const char *name, struct bridge *ret, struct failure *out)
{
	struct ifaddrmsg info = {.ifa_family = AF_INET};
	struct found_address found = {0};
	struct nl_refusal refusal;
	struct nl_message message;
	bool up = false;

	found.index = link_find(route, name, &up, out);
	if (found.index < 0)
		return -1;
	if (found.index == 0 || !up)
		return 0;
	nl_begin(&message, RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
	if (nl_query(route, &message, take_address, &found, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot read the address of %s", name);
	if (!found.found)
		return 0;
	*ret = (struct bridge){found.index, found.address, found.prefix};
	return 1;
}

int bridge_create(int route, const struct bridge_wish *wish, struct failure *out)
{
	const struct subnet *subnet = wish->subnet;
	const struct subnet6 *six = wish->subnet6;
	const char *name = wish->name;
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct nl_refusal refusal;
	struct nl_message message;
	unsigned char mac[6];
	bool up = false;
	size_t nest;
	int index = link_find(route, name, &up, out);

	if (index < 0 || (index > 0 && link_remove(route, name, out) < 0))
		return -1;
	/* A MAC of its own: else it is the lowest of its ports' and changes with them. */
	mac_of_address(subnet->gateway, mac);
	nl_begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	nl_put_string(&message, IFLA_IFNAME, name);
	nl_put_u32(&message, IFLA_MTU, wish->mtu);
	nl_put(&message, IFLA_ADDRESS, mac, sizeof(mac));
	nest = nl_nest(&message, IFLA_LINKINFO);
	nl_put_string(&message, IFLA_INFO_KIND, "bridge");
	nl_nest_end(&message, nest);
	if (nl_request(route, &message, &refusal) < 0) {
		if (refusal.error == EOPNOTSUPP)
			return fail(out, 0, STEP, "this kernel has no bridges (CONFIG_BRIDGE)");
		return nl_fail(out, &refusal, STEP, "cannot create the bridge %s", name);
	}
	index = link_find(route, name, &up, out);
	if (index < 0)
		return -1;
	if (link_add_address(route, index, subnet->gateway, subnet->prefix, out) < 0 ||
		(six && ipv6_add_address(
				wish->netns, route, name, &six->gateway, six->prefix, out) < 0))
		return -1;
	return link_up(route, index, out);
}

/* A port that is isolated reaches no other isolated one. */
static int isolate(int route, const char *name, struct failure *out)
{
	struct ifinfomsg info = {.ifi_family = AF_BRIDGE};
	const uint8_t on = 1;
	struct nl_refusal refusal;
	struct nl_message message;
	bool up = false;
	size_t nest;

	info.ifi_index = link_find(route, name, &up, out);
	if (info.ifi_index <= 0)
		return -1;
	nl_begin(&message, RTM_SETLINK, 0, &info, sizeof(info));
	nest = nl_nest(&message, IFLA_PROTINFO);
	nl_put(&message, IFLA_BRPORT_ISOLATED, &on, sizeof(on));
	nl_nest_end(&message, nest);
	if (nl_request(route, &message, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot isolate the link %s", name);
	return 0;
}

int veth_create(int route, const struct veth *veth, struct failure *out)
{
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct ifinfomsg peer_info = {.ifi_family = AF_UNSPEC};
	struct nl_refusal refusal;
	struct nl_message message;
	size_t link_nest, data_nest, peer_nest;

	nl_begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	nl_put_string(&message, IFLA_IFNAME, veth->name);
	nl_put_u32(&message, IFLA_MTU, veth->mtu);
	nl_put_u32(&message, IFLA_MASTER, (uint32_t)veth->bridge->index);
	link_nest = nl_nest(&message, IFLA_LINKINFO);
	nl_put_string(&message, IFLA_INFO_KIND, "veth");
	data_nest = nl_nest(&message, IFLA_INFO_DATA);
	peer_nest = nl_nest(&message, VETH_INFO_PEER);
	nl_put_raw(&message, &peer_info, sizeof(peer_info));
	nl_put_string(&message, IFLA_IFNAME, veth->peer_name);
	nl_put_u32(&message, IFLA_MTU, veth->mtu);
	nl_put(&message, IFLA_ADDRESS, veth->peer_mac, sizeof(veth->peer_mac));
	nl_put_u32(&message, IFLA_NET_NS_FD, (uint32_t)veth->peer_netns);
	nl_nest_end(&message, peer_nest);
	nl_nest_end(&message, data_nest);
	nl_nest_end(&message, link_nest);
	if (nl_request(route, &message, &refusal) == 0)
		return veth->isolated ? isolate(route, veth->name, out) : 0;
	if (refusal.error == EEXIST)
		return 1;
	if (refusal.error == EOPNOTSUPP)
		return fail(out, 0, STEP, "this kernel has no veth links (CONFIG_VETH)");
	return nl_fail(out, &refusal, STEP, "cannot create the link %s", veth->name);
}

struct name_taker {
	void (*take_name)(const char *name, void *context);
	void *context;
};

static int take_link_name(const struct nlmsghdr *header, void *context)
{
	const struct nlattr *table[IFLA_IFNAME + 1];
	const struct name_taker *taker = context;
	const struct ifinfomsg *info = NLMSG_DATA(header);
	char name[IFNAMSIZ];

	if (header->nlmsg_type != RTM_NEWLINK)
		return 0;
	nl_attributes(
		info + 1, header->nlmsg_len - NLMSG_SPACE(sizeof(*info)), table, array_size(table));
	if (table[IFLA_IFNAME]) {
		snprintf(name, sizeof(name), "%.*s", (int)nl_size(table[IFLA_IFNAME]),
			(const char *)nl_data(table[IFLA_IFNAME]));
		taker->take_name(name, taker->context);
	}
	return 0;
}

int link_each_name(int route, void (*take_name)(const char *name, void *context), void *context,
	struct failure *out)
{
	struct name_taker taker = {take_name, context};
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
	nl_put_u32(&message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (nl_query(route, &message, take_link_name, &taker, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot list the links");
	return 0;
}
