/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "netlink.h"
#include "scope.h"

#define STEP "ports"

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

int ports_route_prepare(struct ports *ports, struct failure *out)
{
	ports->route = nl_open(NETLINK_ROUTE);
	if (ports->route < 0)
		return fail(out, errno, STEP, "cannot open a netlink socket");
	return watch_addresses(ports, out) < 0 ? -1 : refresh(ports, out);
}
