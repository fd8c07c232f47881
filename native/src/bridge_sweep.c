/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge.h"
#include "nat.h"
#include "netlink.h"
#include "scope.h"

#define STEP "network"

/* It is there for the next container, which nearly always wants it. */
#define DEFAULT_BRIDGE "lighter0"

enum { BRIDGES_MAX = 512 };

struct found_bridge {
	uint32_t index;
	char name[IFNAMSIZ];
	bool used;
};

struct sweep {
	struct found_bridge bridges[BRIDGES_MAX];
	size_t count;
	bool masters; /* the second look: who is in which */
};

static bool is_bridge(const struct nlattr *info)
{
	const struct nlattr *table[IFLA_INFO_KIND + 1];

	if (!info)
		return false;
	nl_attributes(nl_data(info), nl_size(info), table, array_size(table));
	return table[IFLA_INFO_KIND] && nl_size(table[IFLA_INFO_KIND]) == sizeof("bridge") &&
	       memcmp(nl_data(table[IFLA_INFO_KIND]), "bridge", sizeof("bridge")) == 0;
}

static void note_bridge(struct sweep *sweep, uint32_t index, const struct nlattr *name)
{
	struct found_bridge *bridge = &sweep->bridges[sweep->count];

	if (!name || sweep->count == BRIDGES_MAX)
		return;
	snprintf(bridge->name, sizeof(bridge->name), "%.*s", (int)nl_size(name),
		(const char *)nl_data(name));
	bridge->index = index;
	bridge->used = strcmp(bridge->name, DEFAULT_BRIDGE) == 0;
	sweep->count++;
}

static void note_master(struct sweep *sweep, const struct nlattr *master)
{
	uint32_t index;

	if (!master || nl_size(master) != sizeof(index))
		return;
	memcpy(&index, nl_data(master), sizeof(index));
	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->bridges[i].index == index)
			sweep->bridges[i].used = true;
}

static int take_link(const struct nlmsghdr *header, void *context)
{
	const struct nlattr *table[IFLA_LINKINFO + 1];
	const struct ifinfomsg *info = NLMSG_DATA(header);
	struct sweep *sweep = context;

	if (header->nlmsg_type != RTM_NEWLINK)
		return 0;
	nl_attributes(
		info + 1, header->nlmsg_len - NLMSG_SPACE(sizeof(*info)), table, array_size(table));
	if (sweep->masters)
		note_master(sweep, table[IFLA_MASTER]);
	else if (is_bridge(table[IFLA_LINKINFO]))
		note_bridge(sweep, (uint32_t)info->ifi_index, table[IFLA_IFNAME]);
	return 0;
}

static int look(int route, struct sweep *sweep, struct failure *out)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
	nl_put_u32(&message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (nl_query(route, &message, take_link, sweep, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot list the links");
	return 0;
}

static bool is_there(const char *bridge, void *context)
{
	const struct sweep *sweep = context;

	for (size_t i = 0; i < sweep->count; i++)
		if (sweep->bridges[i].used && strcmp(sweep->bridges[i].name, bridge) == 0)
			return true;
	/* Of more bridges than were looked at nobody knows. */
	return sweep->count == BRIDGES_MAX;
}

int bridge_sweep(int netns, int route, struct failure *out)
{
	bool removed = false;

	auto_free struct sweep *sweep = calloc(1, sizeof(*sweep));

	if (!sweep)
		return fail(out, ENOMEM, STEP, "cannot list the links");
	if (look(route, sweep, out) < 0)
		return -1;
	sweep->masters = true;
	if (look(route, sweep, out) < 0)
		return -1;
	for (size_t i = 0; i < sweep->count; i++) {
		if (sweep->bridges[i].used)
			continue;
		if (link_remove(route, sweep->bridges[i].name, out) < 0)
			return -1;
		removed = true;
	}
	/* Last, and not the other way round: no bridge is ever without its rules. */
	return removed ? nat_sweep(netns, is_there, sweep, out) : 0;
}
