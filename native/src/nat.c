/* SPDX-License-Identifier: Apache-2.0 */
#include "nat.h"

#include <errno.h>
#include <linux/netfilter_ipv4.h>
#include <stdbool.h>
#include <stdio.h>

#include "nft.h"

#define STEP "nftables"
#define CHAIN "postrouting"

static int transact(int netns, const char *bridge, const struct subnet *subnet, bool replace,
	struct nl_refusal *refusal, struct failure *out)
{
	const in_addr_t mask = subnet_mask(subnet->prefix);
	struct nft_batch batch;
	struct nft_rule rule;
	char table[64];

	snprintf(table, sizeof(table), "lighter-%s", bridge);
	nft_batch_begin(&batch, NFPROTO_IPV4);
	nft_add_table(&batch, table, replace);
	nft_add_chain(&batch, table, CHAIN, "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC);
	nft_rule_begin(&rule, &batch, table, CHAIN);
	nft_match_subnet(&rule, NFT_IP4_SOURCE, &subnet->network, &mask, sizeof(mask));
	nft_compare_link(&rule, NFT_META_OIFNAME, NFT_CMP_NEQ, bridge);
	nft_masquerade(&rule);
	nft_rule_end(&rule, &batch);
	return nft_batch_commit(&batch, netns, refusal, out);
}

int nat_masquerade(int netns, const char *bridge, const struct subnet *subnet, struct failure *out)
{
	struct nl_refusal refusal;
	int result = transact(netns, bridge, subnet, false, &refusal, out);

	/* Left by a start that was killed. Not deleted unasked: the kernel waits out a grace period
	 * of some 15 ms when a table goes. */
	if (result > 0 && refusal.error == EEXIST)
		result = transact(netns, bridge, subnet, true, &refusal, out);
	if (result <= 0)
		return result;
	if (refusal.error == EOPNOTSUPP || refusal.error == ENOENT || refusal.error == EINVAL)
		return nl_fail(out, &refusal, STEP,
			"the kernel refused the NAT rule (it needs the modules nf_tables, nft_chain_nat "
			"and nft_masq)");
	return nl_fail(out, &refusal, STEP, "the kernel refused the NAT rule");
}
