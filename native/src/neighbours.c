/* SPDX-License-Identifier: Apache-2.0 */
#include "neighbours.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <sys/socket.h>

#include "netlink.h"

#define STEP "network"

/* Three questions are asked before a neighbour is given up: a second in all. */
enum { TRUSTED_MS = 1000, DELAY_MS = 250, BETWEEN_QUESTIONS_MS = 250 };

static void put_u64(struct nl_message *message, uint16_t type, uint64_t value)
{
	nl_put(message, type, &value, sizeof(value));
}

int neighbours_doubt(int route, int family, int link, struct failure *out)
{
	struct ndtmsg info = {.ndtm_family = (unsigned char)family};
	struct nl_refusal refusal;
	struct nl_message message;
	size_t nest;

	nl_begin(&message, RTM_SETNEIGHTBL, NLM_F_REPLACE, &info, sizeof(info));
	nl_put_string(&message, NDTA_NAME, family == AF_INET6 ? "ndisc_cache" : "arp_cache");
	nest = nl_nest(&message, NDTA_PARMS);
	nl_put_u32(&message, NDTPA_IFINDEX, (uint32_t)link);
	put_u64(&message, NDTPA_BASE_REACHABLE_TIME, TRUSTED_MS);
	put_u64(&message, NDTPA_DELAY_PROBE_TIME, DELAY_MS);
	put_u64(&message, NDTPA_RETRANS_TIME, BETWEEN_QUESTIONS_MS);
	nl_nest_end(&message, nest);
	if (nl_request(route, &message, &refusal) < 0)
		return nl_fail(out, &refusal, STEP, "cannot set how long neighbours are trusted");
	return 0;
}
