/* SPDX-License-Identifier: Apache-2.0 */
/* The rules as the kernel takes them, read back with Debian's nft in a network namespace. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "bridge.h"
#include "nat.h"
#include "netlink.h"
#include "nft.h"
#include "scope.h"

static bool listed(const char *line)
{
	FILE *list = popen("/usr/sbin/nft list ruleset", "re");
	char text[512];
	bool found = false;

	while (list && fgets(text, sizeof(text), list)) {
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text + strspn(text, "\t"), line) == 0)
			found = true;
	}
	if (list)
		pclose(list);
	if (!found)
		printf("not in the list of rules: %s\n", line);
	return found;
}

static int count_tables(const char *part)
{
	FILE *list = popen("/usr/sbin/nft list tables", "r");
	char text[256];
	int count = 0;

	while (list && fgets(text, sizeof(text), list))
		count += strstr(text, part) != NULL;
	if (list)
		pclose(list);
	return count;
}

static void test_masquerade(int netns)
{
	struct failure failure;
	struct subnet subnet;

	check(subnet_parse("172.17.0.0/16", "172.17.0.1", &subnet, &failure) == 0);
	check(nat_guard(netns, "lighter0", &subnet, false, &failure) == 0);
	/* Once more, as after a start that was killed: the table is replaced. */
	check(nat_guard(netns, "lighter0", &subnet, false, &failure) == 0);
	check(listed("table ip lighter-lighter0 {"));
	check(listed("type nat hook postrouting priority srcnat; policy accept;"));
	check(listed("ip saddr 172.17.0.0/16 oifname != \"lighter0\" masquerade"));
	check(listed("iifname \"lighter0\" oifname != \"lighter0\" oifname != \"tap0\" drop"));
	check(nat_guard(netns, "internal0", &subnet, true, &failure) == 0);
	check(listed("iifname \"internal0\" oifname != \"internal0\" drop"));
	check(listed("oifname \"internal0\" iifname != \"internal0\" drop"));
}

static void test_masquerade6(int netns)
{
	struct failure failure;
	struct subnet6 subnet;

	check(subnet6_parse("fd00:0:0:a0::/60", "fd00:0:0:a0::1", &subnet, &failure) == 0);
	check(nat_guard6(netns, "lighter0", &subnet, false, &failure) == 0);
	check(listed("table ip6 lighter-lighter0 {"));
	check(listed("ip6 saddr fd00:0:0:a0::/60 oifname != \"lighter0\" masquerade"));
}

static bool is_there(const char *bridge, void *context)
{
	return strcmp(bridge, context) == 0;
}

/* Of one bridge only the rules stay, and what is no rule of a bridge. */
static void test_sweep(int netns)
{
	struct nl_refusal refusal;
	struct nft_batch batch;
	struct failure failure;
	struct subnet subnet;
	char bridge[16];

	check(subnet_parse("10.1.0.0/16", "10.1.0.1", &subnet, &failure) == 0);
	for (int i = 0; i < 120; i++) {
		snprintf(bridge, sizeof(bridge), "old%d", i);
		check(nat_guard(netns, bridge, &subnet, i % 2 == 0, &failure) == 0);
	}
	nft_batch_begin(&batch, NFPROTO_INET);
	nft_add_table(&batch, "lighter-ports", false);
	check(nft_batch_commit(&batch, netns, &refusal, &failure) == 0);
	check(nat_sweep(netns, is_there, (char[]){"internal0"}, &failure) == 0);
	check(nat_sweep(netns, is_there, (char[]){"internal0"}, &failure) == 0);
	check(nat_sweep(netns, is_there, (char[]){"internal0"}, &failure) == 0);
	check(count_tables("") == 2);
	check(listed("table ip lighter-internal0 {"));
	check(listed("table inet lighter-ports {"));
}

/* Bridges that nobody is on go with their rules. */
static void test_unused_bridges(int netns)
{
	auto_close int route = nl_open(NETLINK_ROUTE);
	struct failure failure;
	struct subnet subnet;

	check(subnet_parse("10.2.0.0/16", "10.2.0.1", &subnet, &failure) == 0);
	for (int i = 0; i < 2; i++) {
		const struct bridge_wish wish = {.name = i == 0 ? "lighter0" : "unused0",
			.subnet = &subnet,
			.mtu = 1500,
			.netns = netns};

		check(nat_guard(netns, wish.name, &subnet, false, &failure) == 0);
		check(bridge_create(route, &wish, &failure) == 0);
	}
	check(listed("table ip lighter-unused0 {"));
	check(bridge_sweep(netns, route, &failure) == 0);
	check(count_tables("lighter-unused0") == 0);
	check(count_tables("lighter-lighter0") == 1);
	check(if_nametoindex("unused0") == 0);
	check(if_nametoindex("lighter0") != 0);
}

static void test_dnat(int netns)
{
	const uint16_t port = htons(5353);
	struct nl_refusal refusal;
	struct nft_batch batch;
	struct failure failure;
	struct nft_rule rule;

	nft_batch_begin(&batch, NFPROTO_IPV6);
	nft_add_table(&batch, "t", false);
	nft_add_chain(&batch, "t", "c", "nat", NF_INET_LOCAL_OUT, -100);
	nft_rule_begin(&rule, &batch, "t", "c");
	nft_match_port(&rule, IPPROTO_UDP, 53);
	nft_load_value(&rule, NFT_REG_1, &in6addr_loopback, sizeof(in6addr_loopback));
	nft_load_value(&rule, NFT_REG_2, &port, sizeof(port));
	nft_dnat(&rule, NFT_REG_1, NFT_REG_2);
	nft_rule_end(&rule, &batch);
	check(nft_batch_commit(&batch, netns, &refusal, &failure) == 0);
	check(listed("udp dport 53 dnat to [::1]:5353"));
}

int main(void)
{
	if (geteuid() != 0)
		return skip("a namespace of the network needs root");
	if (access("/usr/sbin/nft", X_OK) != 0)
		return skip("/usr/sbin/nft is not installed");
	must(unshare(CLONE_NEWNET) == 0);
	auto_close int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	test_masquerade(netns);

	test_masquerade6(netns);
	test_sweep(netns);
	test_unused_bridges(netns);
	test_dnat(netns);
	return failures > 0;
}
