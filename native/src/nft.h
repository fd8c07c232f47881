/* SPDX-License-Identifier: Apache-2.0 */
/* nftables spoken over netlink: batches of tables, chains and rules, and the few expressions that
 * rules of this program are made of. */
#ifndef LIGHTER_NFT_H
#define LIGHTER_NFT_H

/* Before the kernel's headers: they then leave out what this one declares. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "netlink.h"

/* One transaction: whole or not at all. Its size is known to be enough: what is put in has few
 * rules. */
struct nft_batch {
	unsigned char bytes[8192];
	size_t size;
	unsigned acks;
	uint8_t family; /* NFPROTO_IPV4, NFPROTO_IPV6 or NFPROTO_INET, of all tables in it */
};

void nft_batch_begin(struct nft_batch *batch, uint8_t family);

/* Carries the batch out in the network namespace. Returns 0, 1 with
 * *refusal when the kernel refuses it, -1 with *out when it cannot be asked. */
int nft_batch_commit(
	struct nft_batch *batch, int netns, struct nl_refusal *refusal, struct failure *out);

/* The same over a socket of NETLINK_NETFILTER that is used once: what is left of a refused batch
 * goes with it. Returns 0, or -1 with *refusal. */
int nft_batch_send(struct nft_batch *batch, int fd, struct nl_refusal *refusal);

/* Makes a table; with `replace` an existing one goes first, without it that is refused with EEXIST.
 * The kernel waits out a grace period of some 15 ms when a table goes. */
void nft_add_table(struct nft_batch *batch, const char *table, bool replace);

/* Removes a table of any family, whatever the batch's is; a missing one refuses the batch with
 * ENOENT. */
void nft_delete_table(struct nft_batch *batch, uint8_t family, const char *table);

/* Calls `take` with every table of the namespace. Returns as nft_batch_commit. */
int nft_each_table(int netns, void (*take_table)(uint8_t family, const char *table, void *context),
	void *context, struct nl_refusal *refusal, struct failure *out);

/* A chain of a type ("nat", "filter", "route") on a hook. */
void nft_add_chain(struct nft_batch *batch, const char *table, const char *chain, const char *type,
	uint32_t hook, int32_t priority);

/* A rule under construction: expressions are put into `message`, one after another. */
struct nft_rule {
	struct nl_message message;
	size_t nest;
};

void nft_rule_begin(
	struct nft_rule *rule, const struct nft_batch *batch, const char *table, const char *chain);
void nft_rule_end(struct nft_rule *rule, struct nft_batch *batch);

/* Expressions. Those that load put the value into register 1 (or `to`), the others take it there.
 */
void nft_load_payload(struct nft_rule *rule, uint32_t base, uint32_t offset, uint32_t size);
void nft_load_meta(struct nft_rule *rule, uint32_t key);
void nft_store_meta(struct nft_rule *rule, uint32_t key);

/* What the socket says that the packet belongs to (NFT_SOCKET_…), and its connection (NFT_CT_…). */
void nft_load_socket(struct nft_rule *rule, uint32_t key);
void nft_load_ct(struct nft_rule *rule, uint32_t key);
void nft_load_value(struct nft_rule *rule, uint32_t to, const void *data, size_t size);
void nft_mask(struct nft_rule *rule, const void *mask, size_t size);
void nft_compare(struct nft_rule *rule, uint32_t operation, const void *data, size_t size);

/* oifname (NFT_META_OIFNAME) or iifname compared with a link's name. */
void nft_compare_link(struct nft_rule *rule, uint32_t key, uint32_t operation, const char *link);

/* The network header's address at `offset` is in a subnet of `size` bytes. */
void nft_match_subnet(
	struct nft_rule *rule, uint32_t offset, const void *network, const void *mask, size_t size);

/* The transport protocol (IPPROTO_…) and its destination port. */
void nft_match_port(struct nft_rule *rule, uint8_t protocol, uint16_t port);

/* Statements. Registers are NFT_REG_…, 0 = none: with a port alone the address stays as it is. */
void nft_dnat(struct nft_rule *rule, uint32_t address_register, uint32_t port_register);
void nft_masquerade(struct nft_rule *rule);
void nft_drop(struct nft_rule *rule);

/* Where addresses stand in the network header. */
#define NFT_IP4_SOURCE 12
#define NFT_IP4_DESTINATION 16
#define NFT_IP6_SOURCE 8
#define NFT_IP6_DESTINATION 24

#endif
