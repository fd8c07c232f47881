/* SPDX-License-Identifier: Apache-2.0 */
#include "nat.h"

#include <errno.h>
#include <linux/netfilter_ipv4.h>
#include <stdio.h>
#include <string.h>

#include "nft.h"
#include "uplink.h"

#define STEP "nftables"
#define PREFIX "lighter-"

/* Tables that one transaction removes; what is left waits for the next sweep. */
enum { SWEEP_MAX = 100 };

struct guard {
	int netns;
	const char *bridge;
	uint8_t family; /* NFPROTO_IPV4 or NFPROTO_IPV6 */
	uint32_t source;
	const void *network, *mask;
	size_t size; /* of an address */
	bool internal;
	char table[64];
};

/* What leaves the subnet gets the address of the way out. */
static void add_masquerade(struct nft_batch *batch, const struct guard *guard)
{
	static const char chain[] = "postrouting";
	struct nft_rule rule;

	nft_add_chain(batch, guard->table, chain, "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC);
	nft_rule_begin(&rule, batch, guard->table, chain);
	nft_match_subnet(&rule, guard->source, guard->network, guard->mask, guard->size);
	nft_compare_link(&rule, NFT_META_OIFNAME, NFT_CMP_NEQ, guard->bridge);
	nft_masquerade(&rule);
	nft_rule_end(&rule, batch);
}

/* Nothing goes from one bridge to another; of an internal one nothing goes out, nor comes in. With
 * br_netfilter what stays on a bridge passes here too. */
static void add_isolation(struct nft_batch *batch, const struct guard *guard)
{
	static const char chain[] = "forward";
	struct nft_rule rule;

	nft_add_chain(batch, guard->table, chain, "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER);
	nft_rule_begin(&rule, batch, guard->table, chain);
	nft_compare_link(&rule, NFT_META_IIFNAME, NFT_CMP_EQ, guard->bridge);
	nft_compare_link(&rule, NFT_META_OIFNAME, NFT_CMP_NEQ, guard->bridge);
	if (!guard->internal)
		nft_compare_link(&rule, NFT_META_OIFNAME, NFT_CMP_NEQ, UPLINK_LINK);
	nft_drop(&rule);
	nft_rule_end(&rule, batch);
	if (!guard->internal)
		return;
	nft_rule_begin(&rule, batch, guard->table, chain);
	nft_compare_link(&rule, NFT_META_OIFNAME, NFT_CMP_EQ, guard->bridge);
	nft_compare_link(&rule, NFT_META_IIFNAME, NFT_CMP_NEQ, guard->bridge);
	nft_drop(&rule);
	nft_rule_end(&rule, batch);
}

static int transact(
	const struct guard *guard, bool replace, struct nl_refusal *refusal, struct failure *out)
{
	struct nft_batch batch;

	nft_batch_begin(&batch, guard->family);
	nft_add_table(&batch, guard->table, replace);
	add_isolation(&batch, guard);
	if (!guard->internal)
		add_masquerade(&batch, guard);
	return nft_batch_commit(&batch, guard->netns, refusal, out);
}

static int set_guard(struct guard *guard, struct failure *out)
{
	struct nl_refusal refusal;
	int result;

	snprintf(guard->table, sizeof(guard->table), PREFIX "%s", guard->bridge);
	result = transact(guard, false, &refusal, out);
	/* Left by a start that was killed, or by a network of that name before. Not deleted
	 * unasked: the kernel waits out a grace period of some 15 ms when a table goes. */
	if (result > 0 && refusal.error == EEXIST)
		result = transact(guard, true, &refusal, out);
	if (result <= 0)
		return result;
	if (refusal.error == EOPNOTSUPP || refusal.error == ENOENT || refusal.error == EINVAL)
		return nl_fail(out, &refusal, STEP,
			"the kernel refused the rules of the network (it needs the modules nf_tables, "
			"nft_chain_nat and nft_masq)");
	return nl_fail(out, &refusal, STEP, "the kernel refused the rules of the network");
}

int nat_guard(int netns, const char *bridge, const struct subnet *subnet, bool internal,
	struct failure *out)
{
	const in_addr_t mask = subnet_mask(subnet->prefix);
	struct guard guard = {.netns = netns,
		.bridge = bridge,
		.family = NFPROTO_IPV4,
		.source = NFT_IP4_SOURCE,
		.network = &subnet->network,
		.mask = &mask,
		.size = sizeof(mask),
		.internal = internal};

	return set_guard(&guard, out);
}

int nat_guard6(int netns, const char *bridge, const struct subnet6 *subnet, bool internal,
	struct failure *out)
{
	struct in6_addr mask = {0};
	struct guard guard = {.netns = netns,
		.bridge = bridge,
		.family = NFPROTO_IPV6,
		.source = NFT_IP6_SOURCE,
		.network = &subnet->network,
		.mask = &mask,
		.size = sizeof(mask),
		.internal = internal};

	for (unsigned bit = 0; bit < subnet->prefix; bit++)
		mask.s6_addr[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return set_guard(&guard, out);
}

struct table_sweep {
	struct nft_batch batch;
	bool (*is_there)(const char *bridge, void *context);
	void *context;
	unsigned count;
};

static void take_table(uint8_t family, const char *table, void *context)
{
	struct table_sweep *sweep = context;

	if ((family != NFPROTO_IPV4 && family != NFPROTO_IPV6) ||
		strncmp(table, PREFIX, sizeof(PREFIX) - 1) != 0 || sweep->count == SWEEP_MAX ||
		sweep->is_there(table + sizeof(PREFIX) - 1, sweep->context))
		return;
	nft_delete_table(&sweep->batch, family, table);
	sweep->count++;
}

int nat_sweep(int netns, bool (*is_there)(const char *bridge, void *context), void *context,
	struct failure *out)
{
	struct table_sweep sweep = {.is_there = is_there, .context = context};
	struct nl_refusal refusal;
	int result;

	nft_batch_begin(&sweep.batch, NFPROTO_IPV4);
	result = nft_each_table(netns, take_table, &sweep, &refusal, out);
	if (result == 0 && sweep.count > 0)
		result = nft_batch_commit(&sweep.batch, netns, &refusal, out);
	return result > 0
		       ? nl_fail(out, &refusal, STEP, "the kernel keeps the rules of old networks")
		       : result;
}
