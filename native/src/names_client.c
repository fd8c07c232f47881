/* SPDX-License-Identifier: Apache-2.0 */
#include "names_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter_ipv4.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "helper.h"
#include "names_packet.h"
#include "names_table.h"
#include "nft.h"
#include "scope.h"
#include "netns.h"

#define STEP "names"
#define TABLE "lighter-names"
#define CHAIN "output"
#define BACKLOG 16
#define VERDICT_MS 5000

struct opening {
	bool own_servers;
	int *fds;
	uint16_t ports[2]; /* network byte order */
};

/* A socket at a port of the kernel's choice. */
static int open_local(int type, uint16_t *ret_port)
{
	auto_close int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int on = 1;

	inet_pton(AF_INET, NAMES_ADDRESS, &address.sin_addr);
	/* Whether the loopback link is up yet does not matter. */
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) < 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
		(type == SOCK_STREAM && listen(fd, BACKLOG) < 0))
		return -1;
	*ret_port = address.sin_port;
	return take_fd(&fd);
}

/* For servers of both families, where the kernel has IPv6. */
static int open_outward(int type)
{
	auto_close int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int off = 0;

	if (fd < 0)
		return socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -1;
	return take_fd(&fd);
}

static int open_sockets(void *context, struct failure *out)
{
	struct opening *opening = context;
	int *fds = opening->fds;
	bool whole;

	fds[0] = open_local(SOCK_DGRAM, &opening->ports[0]);
	fds[1] = fds[0] < 0 ? -1 : open_local(SOCK_STREAM, &opening->ports[1]);
	whole = fds[1] >= 0;
	if (whole && opening->own_servers) {
		fds[2] = open_outward(SOCK_DGRAM);
		fds[3] = fds[2] < 0 ? -1 : open_outward(SOCK_STREAM);
		whole = fds[3] >= 0;
	}
	return whole ? 0 : fail(out, errno, STEP, "cannot open the sockets for names");
}

/* ip daddr 127.0.0.11 <protocol> dport 53 dnat to :<port> */
static void add_rule(struct nft_batch *batch, uint8_t protocol, uint16_t port)
{
	struct in_addr address;
	struct nft_rule rule;

	inet_pton(AF_INET, NAMES_ADDRESS, &address);
	nft_rule_begin(&rule, batch, TABLE, CHAIN);
	nft_load_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, NFT_IP4_DESTINATION, sizeof(address));
	nft_compare(&rule, NFT_CMP_EQ, &address, sizeof(address));
	nft_match_port(&rule, protocol, DNS_PORT);
	nft_load_value(&rule, NFT_REG_1, &port, sizeof(port));
	nft_dnat(&rule, 0, NFT_REG_1);
	nft_rule_end(&rule, batch);
}

static int redirect(int netns, const uint16_t ports[2], bool replace, struct nl_refusal *refusal,
	struct failure *out)
{
	struct nft_batch batch;

	nft_batch_begin(&batch, NFPROTO_IPV4);
	nft_add_table(&batch, TABLE, replace);
	nft_add_chain(&batch, TABLE, CHAIN, "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST);
	add_rule(&batch, IPPROTO_UDP, ports[0]);
	add_rule(&batch, IPPROTO_TCP, ports[1]);
	return nft_batch_commit(&batch, netns, refusal, out);
}

int names_open_sockets(int netns, bool own_servers, int fds[NAMES_SOCKETS], struct failure *out)
{
	struct opening opening = {.own_servers = own_servers, .fds = fds};
	struct nl_refusal refusal;
	int result;

	for (size_t i = 0; i < NAMES_SOCKETS; i++)
		fds[i] = -1;
	result = netns_run(netns, open_sockets, &opening, out);
	if (result == 0) {
		result = redirect(netns, opening.ports, false, &refusal, out);
		if (result > 0 && refusal.error == EEXIST)
			result = redirect(netns, opening.ports, true, &refusal, out);
		if (result > 0)
			result = nl_fail(out, &refusal, STEP,
				"the kernel refused the rule for names (it needs the modules nf_tables, "
				"nft_chain_nat and nft_nat)");
	}
	for (size_t i = 0; result < 0 && i < NAMES_SOCKETS; i++)
		if (fds[i] >= 0)
			close(take_fd(&fds[i]));
	return result;
}

int names_register(int socket, const char *json, const int *fds, size_t count, struct failure *out)
{
	struct pollfd event = {.fd = socket, .events = POLLIN};
	size_t size = strlen(json);
	char verdict;

	if (size > NAMES_MESSAGE_MAX)
		return fail(out, 0, STEP, "too many names for one container");
	if (helper_send(socket, json, size, fds, count) < 0)
		return fail(out, errno, STEP, "the name server cannot be told");
	if (retry_eintr(poll(&event, 1, VERDICT_MS)) == 0)
		return fail(out, 0, STEP, "the name server does not answer");
	if (retry_eintr(recv(socket, &verdict, 1, 0)) != 1)
		return fail(out, 0, STEP, "the name server refused the names");
	return 0;
}
