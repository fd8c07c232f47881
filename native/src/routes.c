/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "netlink.h"

#define STEP "network"

int route_set_default(int route, const struct default_route *wanted, struct failure *out)
{
	bool six = wanted->family == AF_INET6;
	struct rtmsg info = {.rtm_family = (unsigned char)wanted->family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST};
	struct nl_refusal refusal;
	struct nl_message message;

	nl_begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
	nl_put(&message, RTA_GATEWAY, wanted->gateway,
		six ? sizeof(struct in6_addr) : sizeof(struct in_addr));
	if (wanted->link > 0)
		nl_put_u32(&message, RTA_OIF, (uint32_t)wanted->link);
	if (wanted->mtu > 0) {
		size_t metrics = nl_nest(&message, RTA_METRICS);

		nl_put_u32(&message, RTAX_MTU, wanted->mtu);
		nl_nest_end(&message, metrics);
	}
	if (nl_request(route, &message, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot set the default route%s",
			six ? " for IPv6" : "");
	return 0;
}

static int take_route(const struct nlmsghdr *header, void *context)
{
	const struct rtmsg *info = NLMSG_DATA(header);

	if (header->nlmsg_type != RTM_NEWROUTE || info->rtm_table != RT_TABLE_MAIN ||
		info->rtm_dst_len != 0 || info->rtm_type != RTN_UNICAST)
		return 0;
	*(bool *)context = true;
	return 1;
}

int route_has_default(int route, bool *ret, struct failure *out)
{
	struct rtmsg info = {.rtm_family = AF_INET};
	struct nl_refusal refusal;
	struct nl_message message;

	*ret = false;
	nl_begin(&message, RTM_GETROUTE, NLM_F_DUMP, &info, sizeof(info));
	if (nl_query(route, &message, take_route, ret, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot read the routes");
	return 0;
}
