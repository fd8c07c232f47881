/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "netlink.h"
#include "nft.h"
#include "scope.h"
#include "uplink.h"

#define STEP "ports"

/* The mark of packets that answer a transparent socket, and the table they are routed by. */
#define MARK 0x4c50
#define TABLE 0x4c50
#define PRIORITY 100
#define LOOPBACK 1
#define NFT_TABLE "lighter-ports"
#define NFT_CHAIN "prerouting"

/* Already there: made by the forwarder before this one. */
static int request(int route, struct nl_message *message)
{
	struct nl_refusal refusal;

	return nl_request(route, message, &refusal) == 0 || refusal.error == EEXIST ? 0 : -1;
}

/* ip route add local default dev lo table TABLE; ip rule add fwmark MARK lookup TABLE */
static bool route_marked(int route, unsigned char family)
{
	struct rtmsg entry = {.rtm_family = family,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_LOCAL};
	struct fib_rule_hdr rule = {.family = family, .action = FR_ACT_TO_TBL};
	struct nl_message message;

	nl_begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &entry, sizeof(entry));
	nl_put_u32(&message, RTA_OIF, LOOPBACK);
	nl_put_u32(&message, RTA_TABLE, TABLE);
	if (request(route, &message) < 0)
		return false;
	nl_begin(&message, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &rule, sizeof(rule));
	nl_put_u32(&message, FRA_FWMARK, MARK);
	nl_put_u32(&message, FRA_FWMASK, UINT32_MAX);
	nl_put_u32(&message, FRA_TABLE, TABLE);
	nl_put_u32(&message, FRA_PRIORITY, PRIORITY);
	return request(route, &message) == 0;
}

/* iifname != tap0 socket transparent 1 meta mark set MARK: what belongs to a socket with a foreign
 * address of its own. Without the rule a forwarded packet would leave by the uplink. What comes
 * from there answers no such socket, and to look for one costs each packet more than all the rest.
 */
static int mark_answers(int netns, bool *ret, struct failure *out)
{
	const unsigned char yes = 1;
	const uint32_t mark = MARK;
	struct nl_refusal refusal;
	struct nft_batch batch;
	struct nft_rule rule;
	int result;

	nft_batch_begin(&batch, NFPROTO_INET);
	nft_add_table(&batch, NFT_TABLE, false);
	nft_add_chain(
		&batch, NFT_TABLE, NFT_CHAIN, "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE);
	nft_rule_begin(&rule, &batch, NFT_TABLE, NFT_CHAIN);
	nft_compare_link(&rule, NFT_META_IIFNAME, NFT_CMP_NEQ, UPLINK_LINK);
	/* Asked for nothing but to have connections tracked, and thereby fragments put together
	 * before this rule: of a large datagram only the first one names ports. The state itself
	 * says too little: of a half-closed connection the kernel forgets it after a minute. */
	nft_load_ct(&rule, NFT_CT_STATE);
	nft_load_socket(&rule, NFT_SOCKET_TRANSPARENT);
	nft_compare(&rule, NFT_CMP_EQ, &yes, sizeof(yes));
	nft_load_value(&rule, NFT_REG_1, &mark, sizeof(mark));
	nft_store_meta(&rule, NFT_META_MARK);
	nft_rule_end(&rule, &batch);
	result = nft_batch_commit(&batch, netns, &refusal, out);
	*ret = result == 0 || (result > 0 && refusal.error == EEXIST);
	return result < 0 ? -1 : 0;
}

struct reading {
	struct ports_subnet *subnets;
	size_t count;
	bool failed;
};

static int take_subnet(const struct nlmsghdr *header, void *context)
{
	const struct ifaddrmsg *info = NLMSG_DATA(header);
	const struct nlattr *table[IFA_MAX + 1], *address;
	struct reading *reading = context;
	struct ports_subnet *grown, subnet = {.prefix = info->ifa_prefixlen};
	bool is4 = info->ifa_family == AF_INET;

	if (header->nlmsg_type != RTM_NEWADDR || (!is4 && info->ifa_family != AF_INET6))
		return 0;
	nl_attributes(
		info + 1, header->nlmsg_len - NLMSG_SPACE(sizeof(*info)), table, array_size(table));
	address = table[IFA_LOCAL] ? table[IFA_LOCAL] : table[IFA_ADDRESS];
	if (!address || nl_size(address) != (is4 ? 4 : 16))
		return 0;
	subnet.address.any.sa_family = info->ifa_family;
	if (is4)
		memcpy(&subnet.address.v4.sin_addr, nl_data(address), 4);
	else
		memcpy(&subnet.address.v6.sin6_addr, nl_data(address), 16);
	grown = realloc(reading->subnets, (reading->count + 1) * sizeof(*grown));
	if (!grown) {
		reading->failed = true;
		return 1;
	}
	reading->subnets = grown;
	grown[reading->count++] = subnet;
	return 0;
}

static int refresh(struct ports *ports, struct failure *out)
{
	struct ifaddrmsg info = {.ifa_family = AF_UNSPEC};
	struct reading reading = {0};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
	if (nl_query(ports->route, &message, take_subnet, &reading, &refusal) < 0) {
		free(reading.subnets);
		return nl_fail(out, &refusal, STEP, "cannot read the addresses");
	}
	if (reading.failed) {
		free(reading.subnets);
		return fail(out, ENOMEM, STEP, "cannot read the addresses");
	}
	free(ports->subnets);
	ports->subnets = reading.subnets;
	ports->subnet_count = reading.count;
	return 0;
}

static void hear_change(struct ports *ports, struct ports_watch *watch, uint32_t events)
{
	struct failure ignored;
	char text[4096];

	(void)watch;
	(void)events;
	/* What was said, or lost in a crowd, does not matter: all is read anew. */
	while (recv(ports->changes, text, sizeof(text), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		continue;
	(void)refresh(ports, &ignored);
}

/* Networks come and go without the forwarder. */
static int watch_addresses(struct ports *ports, struct failure *out)
{
	const int groups[] = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};

	ports->changes = nl_open(NETLINK_ROUTE);
	if (ports->changes < 0)
		return fail(out, errno, STEP, "cannot open a netlink socket");
	for (size_t i = 0; i < array_size(groups); i++)
		if (setsockopt(ports->changes, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			    sizeof(groups[i])) < 0)
			return fail(out, errno, STEP, "cannot listen for addresses");
	ports->address_watch.ready = hear_change;
	if (ports_watch(ports, ports->changes, &ports->address_watch, EPOLLIN) < 0)
		return fail(out, errno, STEP, "cannot listen for addresses");
	return 0;
}

int ports_route_prepare(struct ports *ports, int netns, struct failure *out)
{
	bool marked = false;

	ports->route = nl_open(NETLINK_ROUTE);
	if (ports->route < 0)
		return fail(out, errno, STEP, "cannot open a netlink socket");
	if (mark_answers(netns, &marked, out) < 0 || watch_addresses(ports, out) < 0)
		return -1;
	ports->transparent4 = marked && route_marked(ports->route, AF_INET);
	ports->transparent6 = marked && route_marked(ports->route, AF_INET6);
	return refresh(ports, out);
}
