/* SPDX-License-Identifier: Apache-2.0 */
/* The way back: what a container answers to a foreign address ends at the forwarder's socket, not
 * at the uplink. The rules for it cost every packet of every container, also of those that talk to
 * the outside themselves: a quarter of their speed. So they are made when the first client
 * comes whose own address a container is to see, by a process that has kept CAP_NET_ADMIN for this
 * alone. */
#include "ports.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fib_rules.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "harden.h"
#include "netlink.h"
#include "netns.h"
#include "nft.h"
#include "scope.h"
#include "uplink.h"

#define STEP "ports"
#define PATIENCE_SECONDS 1

/* Where the process that waits has its descriptors. */
enum { CHANNEL, NETFILTER, ROUTE, DESCRIPTORS };

/* The mark of packets that answer a transparent socket, and the table they are routed by. */
#define MARK 0x4c50
#define TABLE 0x4c50
#define PRIORITY 100
#define LOOPBACK 1
#define NFT_TABLE "lighter-ports"
#define NFT_CHAIN "prerouting"

/* Already there: made by the forwarder before this one. */
static bool request(int route, struct nl_message *message)
{
	struct nl_refusal refusal;

	return nl_request(route, message, &refusal) == 0 || refusal.error == EEXIST;
}

/* ip route add local default dev lo table TABLE; ip rule add fwmark MARK lookup TABLE */
static bool route_marked(int route, unsigned char family)
{
	struct rtmsg entry = {.rtm_family = family,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_LOCAL};
	struct fib_rule_hdr rule = {.family = family, .action = FR_ACT_TO_TBL};
	struct nl_message message;

	nl_begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &entry, sizeof(entry));
	nl_put_u32(&message, RTA_OIF, LOOPBACK);
	nl_put_u32(&message, RTA_TABLE, TABLE);
	if (!request(route, &message))
		return false;
	nl_begin(&message, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &rule, sizeof(rule));
	nl_put_u32(&message, FRA_FWMARK, MARK);
	nl_put_u32(&message, FRA_FWMASK, UINT32_MAX);
	nl_put_u32(&message, FRA_TABLE, TABLE);
	nl_put_u32(&message, FRA_PRIORITY, PRIORITY);
	return request(route, &message);
}

/* iifname != tap0 socket transparent 1 meta mark set MARK: what belongs to a socket with a foreign
 * address of its own. Without the rule a forwarded packet would leave by the uplink. What comes
 * from there answers no such socket, and to look for one costs each packet more than all the rest.
 */
static bool mark_answers(int netfilter)
{
	const unsigned char yes = 1;
	const uint32_t mark = MARK;
	struct nl_refusal refusal;
	struct nft_batch batch;
	struct nft_rule rule;

	nft_batch_begin(&batch, NFPROTO_INET);
	nft_add_table(&batch, NFT_TABLE, false);
	nft_add_chain(
		&batch, NFT_TABLE, NFT_CHAIN, "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE);
	nft_rule_begin(&rule, &batch, NFT_TABLE, NFT_CHAIN);
	nft_compare_link(&rule, NFT_META_IIFNAME, NFT_CMP_NEQ, UPLINK_LINK);
	/* Asked for nothing but to have connections tracked, and thereby fragments put together
	 * before this rule: of a large datagram only the first one names ports. The state itself
	 * says too little: of a half-closed connection the kernel forgets it after a minute. */
	nft_load_ct(&rule, NFT_CT_STATE);
	nft_load_socket(&rule, NFT_SOCKET_TRANSPARENT);
	nft_compare(&rule, NFT_CMP_EQ, &yes, sizeof(yes));
	nft_load_value(&rule, NFT_REG_1, &mark, sizeof(mark));
	nft_store_meta(&rule, NFT_META_MARK);
	nft_rule_end(&rule, &batch);
	return nft_batch_send(&batch, netfilter, &refusal) == 0 || refusal.error == EEXIST;
}

/* The families whose answers come back. */
struct way_back {
	bool is4, is6;
};

static struct way_back make_way(void)
{
	if (!mark_answers(NETFILTER))
		return (struct way_back){false, false};
	return (struct way_back){route_marked(ROUTE, AF_INET), route_marked(ROUTE, AF_INET6)};
}

/* Ends with the forwarder, or when it has done what it is for. */
_Noreturn static void wait_for_word(void)
{
	struct failure ignored;
	struct way_back way;
	char word;

	if (harden(1ULL << CAP_NET_ADMIN, NULL, 0, &ignored) < 0 ||
		retry_eintr(recv(CHANNEL, &word, 1, 0)) != 1)
		_exit(1);
	way = make_way();
	_exit(send(CHANNEL, &way, sizeof(way), MSG_NOSIGNAL) == sizeof(way) ? 0 : 1);
}

/* Nothing of the forwarder's stays open: it has listening sockets of the host. */
static bool keep_three(int channel, int netfilter, int route)
{
	/* Out of the way of each other first. */
	int fds[DESCRIPTORS] = {fcntl(channel, F_DUPFD, DESCRIPTORS),
		fcntl(netfilter, F_DUPFD, DESCRIPTORS), fcntl(route, F_DUPFD, DESCRIPTORS)};

	for (int i = 0; i < DESCRIPTORS; i++)
		if (fds[i] < 0 || dup2(fds[i], i) < 0)
			return false;
	return close_range(DESCRIPTORS, ~0U, 0) == 0;
}

/* Lists of processes are not to show two forwarders. */
static void name_process(struct ports *ports)
{
	prctl(PR_SET_NAME, "lighter-route");
	if (ports->verb)
		memcpy(ports->verb, "route", strlen("ports"));
}

int ports_return_start(struct ports *ports, int netns, struct failure *out)
{
	const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
	auto_close int netfilter = netns_socket(netns, NETLINK_NETFILTER, out), route = -1,
		       near = -1, far = -1;
	int pair[2];
	pid_t pid;

	if (netfilter < 0)
		return -1;
	route = nl_open(NETLINK_ROUTE);
	if (route < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(out, errno, STEP, "cannot open a socket");
	near = pair[0];
	far = pair[1];
	if (setsockopt(near, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return fail(out, errno, STEP, "cannot limit a wait");
	/* Nobody asks how it ended. */
	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (pid < 0)
		return fail(out, errno, STEP, "cannot fork");
	if (pid == 0) {
		name_process(ports);
		if (keep_three(far, netfilter, route))
			wait_for_word();
		_exit(1);
	}
	ports->way_maker = take_fd(&near);
	return 0;
}

/* The first one who needs it waits; an answer that comes late counts from then on. Where the
 * process is gone, the gateway asks until there is another forwarder. */
static void hear_answer(struct ports *ports)
{
	struct way_back way = {false, false};
	bool asked = ports->way_asked;
	ssize_t size;

	ports->way_asked = true;
	if (!asked && send(ports->way_maker, "", 1, MSG_NOSIGNAL) != 1)
		size = 0;
	else
		size = retry_eintr(
			recv(ports->way_maker, &way, sizeof(way), asked ? MSG_DONTWAIT : 0));
	if (size < 0 && errno == EAGAIN)
		return;
	if (size == sizeof(way)) {
		ports->returns4 = way.is4;
		ports->returns6 = way.is6;
	}
	close(take_fd(&ports->way_maker));
}

bool ports_returns(struct ports *ports, int family)
{
	if (ports->way_maker >= 0)
		hear_answer(ports);
	return family == AF_INET ? ports->returns4 : ports->returns6;
}
