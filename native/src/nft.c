/* SPDX-License-Identifier: Apache-2.0 */
#include "nft.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns.h"
#include "scope.h"

static void batch_add(struct nft_batch *batch, const struct nl_message *message)
{
	if (message->length > sizeof(batch->bytes) - batch->size)
		abort();
	memcpy(batch->bytes + batch->size, message->bytes, message->length);
	batch->size += message->length;
	if (message->header.nlmsg_flags & NLM_F_ACK)
		batch->acks++;
}

static void batch_mark(struct nft_batch *batch, uint16_t type)
{
	struct nfgenmsg body = {.nfgen_family = AF_UNSPEC,
		.version = NFNETLINK_V0,
		.res_id = htons(NFNL_SUBSYS_NFTABLES)};
	struct nl_message message;

	nl_begin(&message, type, 0, &body, sizeof(body));
	batch_add(batch, &message);
}

void nft_batch_begin(struct nft_batch *batch, uint8_t family)
{
	batch->size = 0;
	batch->acks = 0;
	batch->family = family;
	batch_mark(batch, NFNL_MSG_BATCH_BEGIN);
}

int nft_batch_send(struct nft_batch *batch, int fd, struct nl_refusal *refusal)
{
	batch_mark(batch, NFNL_MSG_BATCH_END);
	return nl_batch(fd, batch->bytes, batch->size, batch->acks, refusal);
}

int nft_batch_commit(
	struct nft_batch *batch, int netns, struct nl_refusal *refusal, struct failure *out)
{
	auto_close int fd = netns_socket(netns, NETLINK_NETFILTER, out);

	if (fd < 0)
		return -1;
	return nft_batch_send(batch, fd, refusal) < 0 ? 1 : 0;
}

static void message_begin(
	struct nl_message *message, const struct nft_batch *batch, uint16_t type, uint16_t flags)
{
	struct nfgenmsg body = {.nfgen_family = batch->family, .version = NFNETLINK_V0};

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

void nft_delete_table(struct nft_batch *batch, uint8_t family, const char *table)
{
	const struct nfgenmsg body = {.nfgen_family = family, .version = NFNETLINK_V0};
	struct nl_message message;

	nl_begin(&message, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, NLM_F_ACK, &body,
		sizeof(body));
	nl_put_string(&message, NFTA_TABLE_NAME, table);
	batch_add(batch, &message);
}

struct listing {
	void (*take_table)(uint8_t family, const char *table, void *context);
	void *context;
};

static int take_answer(const struct nlmsghdr *header, void *context)
{
	const struct nfgenmsg *body = NLMSG_DATA(header);
	const struct nlattr *attributes[NFTA_TABLE_NAME + 1];
	const struct listing *listing = context;

	if (header->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE))
		return 0;
	nl_attributes(body + 1, header->nlmsg_len - NLMSG_SPACE(sizeof(*body)), attributes,
		NFTA_TABLE_NAME + 1);
	if (attributes[NFTA_TABLE_NAME])
		listing->take_table(
			body->nfgen_family, nl_data(attributes[NFTA_TABLE_NAME]), listing->context);
	return 0;
}

int nft_each_table(int netns, void (*take_table)(uint8_t family, const char *table, void *context),
	void *context, struct nl_refusal *refusal, struct failure *out)
{
	const struct nfgenmsg body = {.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0};
	struct listing listing = {take_table, context};
	struct nl_message message;
	auto_close int fd = netns_socket(netns, NETLINK_NETFILTER, out);

	if (fd < 0)
		return -1;
	nl_begin(&message, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_DUMP, &body,
		sizeof(body));
	return nl_query(fd, &message, take_answer, &listing, refusal) < 0 ? 1 : 0;
}

void nft_add_table(struct nft_batch *batch, const char *table, bool replace)
{
	struct nl_message message;

	if (replace) {
		message_begin(&message, batch, NFT_MSG_DELTABLE, 0);
		nl_put_string(&message, NFTA_TABLE_NAME, table);
		batch_add(batch, &message);
	}
	message_begin(&message, batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	nl_put_string(&message, NFTA_TABLE_NAME, table);
	batch_add(batch, &message);
}

void nft_add_chain(struct nft_batch *batch, const char *table, const char *chain, const char *type,
	uint32_t hook, int32_t priority)
{
	struct nl_message message;
	size_t nest;

	message_begin(&message, batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	nl_put_string(&message, NFTA_CHAIN_TABLE, table);
	nl_put_string(&message, NFTA_CHAIN_NAME, chain);
	nl_put_string(&message, NFTA_CHAIN_TYPE, type);
	nest = nl_nest(&message, NFTA_CHAIN_HOOK);
	put_number(&message, NFTA_HOOK_HOOKNUM, hook);
	put_number(&message, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nl_nest_end(&message, nest);
	batch_add(batch, &message);
}

void nft_rule_begin(
	struct nft_rule *rule, const struct nft_batch *batch, const char *table, const char *chain)
{
	message_begin(&rule->message, batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	nl_put_string(&rule->message, NFTA_RULE_TABLE, table);
	nl_put_string(&rule->message, NFTA_RULE_CHAIN, chain);
	rule->nest = nl_nest(&rule->message, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft_rule *rule, struct nft_batch *batch)
{
	nl_nest_end(&rule->message, rule->nest);
	batch_add(batch, &rule->message);
}

struct expression {
	size_t element, data;
};

static struct expression expression_begin(struct nft_rule *rule, const char *name)
{
	struct expression expression;

	expression.element = nl_nest(&rule->message, NFTA_LIST_ELEM);
	nl_put_string(&rule->message, NFTA_EXPR_NAME, name);
	expression.data = nl_nest(&rule->message, NFTA_EXPR_DATA);
	return expression;
}

static void expression_end(struct nft_rule *rule, struct expression expression)
{
	nl_nest_end(&rule->message, expression.data);
	nl_nest_end(&rule->message, expression.element);
}

void nft_load_payload(struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t size)
{
	struct expression expression = expression_begin(rule, "payload");

	put_number(&rule->message, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(&rule->message, NFTA_PAYLOAD_BASE, base);
	put_number(&rule->message, NFTA_PAYLOAD_OFFSET, offset);
	put_number(&rule->message, NFTA_PAYLOAD_LEN, size);
	expression_end(rule, expression);
}

void nft_load_meta(struct nft_rule *rule, uint32_t key)
{
	struct expression expression = expression_begin(rule, "meta");

	put_number(&rule->message, NFTA_META_KEY, key);
	put_number(&rule->message, NFTA_META_DREG, NFT_REG_1);
	expression_end(rule, expression);
}

void nft_store_meta(struct nft_rule *rule, uint32_t key)
{
	struct expression expression = expression_begin(rule, "meta");

	put_number(&rule->message, NFTA_META_KEY, key);
	put_number(&rule->message, NFTA_META_SREG, NFT_REG_1);
	expression_end(rule, expression);
}

void nft_load_socket(struct nft_rule *rule, uint32_t key)
{
	struct expression expression = expression_begin(rule, "socket");

	put_number(&rule->message, NFTA_SOCKET_KEY, key);
	put_number(&rule->message, NFTA_SOCKET_DREG, NFT_REG_1);
	expression_end(rule, expression);
}

void nft_load_ct(struct nft_rule *rule, uint32_t key)
{
	struct expression expression = expression_begin(rule, "ct");

	put_number(&rule->message, NFTA_CT_KEY, key);
	put_number(&rule->message, NFTA_CT_DREG, NFT_REG_1);
	expression_end(rule, expression);
}

void nft_load_value(struct nft_rule *rule, uint32_t to, const void *data, size_t size)
{
	struct expression expression = expression_begin(rule, "immediate");

	put_number(&rule->message, NFTA_IMMEDIATE_DREG, to);
	put_value(&rule->message, NFTA_IMMEDIATE_DATA, data, size);
	expression_end(rule, expression);
}

void nft_mask(struct nft_rule *rule, const void *mask, size_t size)
{
	static const unsigned char nothing[16];
	struct expression expression = expression_begin(rule, "bitwise");

	if (size > sizeof(nothing))
		abort();
	put_number(&rule->message, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(&rule->message, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(&rule->message, NFTA_BITWISE_LEN, (uint32_t)size);
	put_value(&rule->message, NFTA_BITWISE_MASK, mask, size);
	put_value(&rule->message, NFTA_BITWISE_XOR, nothing, size);
	expression_end(rule, expression);
}

void nft_compare(struct nft_rule *rule, uint32_t operation, const void *data, size_t size)
{
	struct expression expression = expression_begin(rule, "cmp");

	put_number(&rule->message, NFTA_CMP_SREG, NFT_REG_1);
	put_number(&rule->message, NFTA_CMP_OP, operation);
	put_value(&rule->message, NFTA_CMP_DATA, data, size);
	expression_end(rule, expression);
}

void nft_compare_link(struct nft_rule *rule, uint32_t key, uint32_t operation, const char *link)
{
	char name[IFNAMSIZ] = "";

	nft_load_meta(rule, key);
	snprintf(name, sizeof(name), "%s", link);
	nft_compare(rule, operation, name, sizeof(name));
}

void nft_match_subnet(
	struct nft_rule *rule, uint32_t offset, const void *network, const void *mask, size_t size)
{
	nft_load_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, (uint32_t)size);
	nft_mask(rule, mask, size);
	nft_compare(rule, NFT_CMP_EQ, network, size);
}

void nft_match_port(struct nft_rule *rule, uint8_t protocol, uint16_t port)
{
	uint16_t number = htons(port);

	nft_load_meta(rule, NFT_META_L4PROTO);
	nft_compare(rule, NFT_CMP_EQ, &protocol, sizeof(protocol));
	/* Source and destination port begin the headers of TCP and of UDP. */
	nft_load_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(number));
	nft_compare(rule, NFT_CMP_EQ, &number, sizeof(number));
}

void nft_dnat(struct nft_rule *rule, uint32_t address_register, uint32_t port_register)
{
	const struct nfgenmsg *body = NLMSG_DATA(&rule->message.header);
	struct expression expression = expression_begin(rule, "nat");

	put_number(&rule->message, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	put_number(&rule->message, NFTA_NAT_FAMILY, body->nfgen_family);
	if (address_register)
		put_number(&rule->message, NFTA_NAT_REG_ADDR_MIN, address_register);
	if (port_register)
		put_number(&rule->message, NFTA_NAT_REG_PROTO_MIN, port_register);
	expression_end(rule, expression);
}

void nft_masquerade(struct nft_rule *rule)
{
	expression_end(rule, expression_begin(rule, "masq"));
}

void nft_drop(struct nft_rule *rule)
{
	struct nl_message *message = &rule->message;
	struct expression expression = expression_begin(rule, "immediate");
	size_t data, verdict;

	put_number(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nl_nest(message, NFTA_IMMEDIATE_DATA);
	verdict = nl_nest(message, NFTA_DATA_VERDICT);
	put_number(message, NFTA_VERDICT_CODE, NF_DROP);
	nl_nest_end(message, verdict);
	nl_nest_end(message, data);
	expression_end(rule, expression);
}
