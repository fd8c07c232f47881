/* SPDX-License-Identifier: Apache-2.0 */
#include "nat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "netlink.h"
#include "netns.h"
#include "scope.h"

#define STEP "nftables"
#define CHAIN "postrouting"

/* Where the source address stands in an IPv4 header. */
#define IP_SOURCE_OFFSET 12

struct batch {
	unsigned char bytes[4096];
	size_t size;
	unsigned acks;
};

static void batch_add(struct batch *batch, const struct nl_message *message)
{
	if (message->length > sizeof(batch->bytes) - batch->size)
		abort();
	memcpy(batch->bytes + batch->size, message->bytes, message->length);
	batch->size += message->length;
	if (message->header.nlmsg_flags & NLM_F_ACK)
		batch->acks++;
}

static void batch_mark(struct batch *batch, uint16_t type)
{
	struct nfgenmsg body = {.nfgen_family = AF_UNSPEC,
		.version = NFNETLINK_V0,
		.res_id = htons(NFNL_SUBSYS_NFTABLES)};
	struct nl_message message;

	nl_begin(&message, type, 0, &body, sizeof(body));
	batch_add(batch, &message);
}

static void nft_begin(struct nl_message *message, uint16_t type, uint16_t flags)
{
	struct nfgenmsg body = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};

	nl_begin(message, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
		(uint16_t)(flags | NLM_F_ACK), &body, sizeof(body));
}

/* nftables numbers are big endian. */
static void put_number(struct nl_message *message, uint16_t type, uint32_t value)
{
	nl_put_u32(message, type, htonl(value));
}

static void put_value(struct nl_message *message, uint16_t type, const void *data, size_t size)
{
	size_t nest = nl_nest(message, type);

	nl_put(message, NFTA_DATA_VALUE, data, size);
	nl_nest_end(message, nest);
}

struct expression {
	size_t element, data;
};

static struct expression expression_begin(struct nl_message *message, const char *name)
{
	struct expression expression;

	expression.element = nl_nest(message, NFTA_LIST_ELEM);
	nl_put_string(message, NFTA_EXPR_NAME, name);
	expression.data = nl_nest(message, NFTA_EXPR_DATA);
	return expression;
}

static void expression_end(struct nl_message *message, struct expression expression)
{
	nl_nest_end(message, expression.data);
	nl_nest_end(message, expression.element);
}

static void put_compare(
	struct nl_message *message, uint32_t operation, const void *data, size_t size)
{
	struct expression compare = expression_begin(message, "cmp");

	put_number(message, NFTA_CMP_SREG, NFT_REG_1);
	put_number(message, NFTA_CMP_OP, operation);
	put_value(message, NFTA_CMP_DATA, data, size);
	expression_end(message, compare);
}

/* ip saddr SUBNET */
static void put_source_match(struct nl_message *message, const struct subnet *subnet)
{
	const in_addr_t mask = subnet_mask(subnet->prefix), nothing = 0;
	struct expression expression = expression_begin(message, "payload");

	put_number(message, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(message, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	put_number(message, NFTA_PAYLOAD_OFFSET, IP_SOURCE_OFFSET);
	put_number(message, NFTA_PAYLOAD_LEN, sizeof(in_addr_t));
	expression_end(message, expression);

	expression = expression_begin(message, "bitwise");
	put_number(message, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(message, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(message, NFTA_BITWISE_LEN, sizeof(in_addr_t));
	put_value(message, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_value(message, NFTA_BITWISE_XOR, &nothing, sizeof(nothing));
	expression_end(message, expression);

	put_compare(message, NFT_CMP_EQ, &subnet->network, sizeof(subnet->network));
}

/* oifname != BRIDGE */
static void put_other_link_match(struct nl_message *message, const char *bridge)
{
	struct expression expression = expression_begin(message, "meta");
	char name[IFNAMSIZ] = "";

	put_number(message, NFTA_META_KEY, NFT_META_OIFNAME);
	put_number(message, NFTA_META_DREG, NFT_REG_1);
	expression_end(message, expression);
	snprintf(name, sizeof(name), "%s", bridge);
	put_compare(message, NFT_CMP_NEQ, name, sizeof(name));
}

static void add_table(struct batch *batch, const char *table, bool replace)
{
	struct nl_message message;

	if (replace) {
		nft_begin(&message, NFT_MSG_DELTABLE, 0);
		nl_put_string(&message, NFTA_TABLE_NAME, table);
		batch_add(batch, &message);
	}
	nft_begin(&message, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	nl_put_string(&message, NFTA_TABLE_NAME, table);
	batch_add(batch, &message);
}

static void add_chain(struct batch *batch, const char *table)
{
	struct nl_message message;
	size_t nest;

	nft_begin(&message, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	nl_put_string(&message, NFTA_CHAIN_TABLE, table);
	nl_put_string(&message, NFTA_CHAIN_NAME, CHAIN);
	nl_put_string(&message, NFTA_CHAIN_TYPE, "nat");
	nest = nl_nest(&message, NFTA_CHAIN_HOOK);
	put_number(&message, NFTA_HOOK_HOOKNUM, NF_INET_POST_ROUTING);
	put_number(&message, NFTA_HOOK_PRIORITY, NF_IP_PRI_NAT_SRC);
	nl_nest_end(&message, nest);
	batch_add(batch, &message);
}

static void add_rule(
	struct batch *batch, const char *table, const char *bridge, const struct subnet *subnet)
{
	struct nl_message message;
	size_t nest;

	nft_begin(&message, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	nl_put_string(&message, NFTA_RULE_TABLE, table);
	nl_put_string(&message, NFTA_RULE_CHAIN, CHAIN);
	nest = nl_nest(&message, NFTA_RULE_EXPRESSIONS);
	put_source_match(&message, subnet);
	put_other_link_match(&message, bridge);
	expression_end(&message, expression_begin(&message, "masq"));
	nl_nest_end(&message, nest);
	batch_add(batch, &message);
}

static int transact(int netns, const char *bridge, const struct subnet *subnet, bool replace,
	struct nl_refusal *refusal, struct failure *out)
{
	struct batch batch = {.size = 0};
	char table[64];

	snprintf(table, sizeof(table), "lighter-%s", bridge);
	batch_mark(&batch, NFNL_MSG_BATCH_BEGIN);
	add_table(&batch, table, replace);
	add_chain(&batch, table);
	add_rule(&batch, table, bridge, subnet);
	batch_mark(&batch, NFNL_MSG_BATCH_END);

	/* A socket for each attempt: what is left of a refused batch goes with it. */
	auto_close int fd = netns_socket(netns, NETLINK_NETFILTER, out);

	if (fd < 0)
		return -1;
	return nl_batch(fd, batch.bytes, batch.size, batch.acks, refusal) < 0 ? 1 : 0;
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
