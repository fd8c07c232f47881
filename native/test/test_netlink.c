/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink messages, subnets and id maps: what can be checked without a namespace. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "bridge.h"
#include "id_map.h"
#include "netlink.h"
#include "scope.h"

static void test_messages(void)
{
	const struct nlattr *table[4], *inner[4];
	struct nl_message message;
	uint32_t body = 7, number;
	size_t nest;

	nl_begin(&message, 16, NLM_F_CREATE, &body, sizeof(body));
	nl_put_string(&message, 1, "abc");
	nest = nl_nest(&message, 2);
	nl_put_u32(&message, 3, 0xdecade);
	nl_nest_end(&message, nest);
	check(message.header.nlmsg_len == message.length && message.length % 4 == 0);
	check(message.header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_CREATE));

	nl_attributes(message.bytes + NLMSG_HDRLEN + 4, message.length - NLMSG_HDRLEN - 4, table,
		array_size(table));
	check(table[1] && nl_size(table[1]) == 4 && strcmp(nl_data(table[1]), "abc") == 0);
	check(!table[3] && table[2]);
	nl_attributes(nl_data(table[2]), nl_size(table[2]), inner, array_size(inner));
	check(inner[3] && nl_size(inner[3]) == 4);
	memcpy(&number, nl_data(inner[3]), sizeof(number));
	check(number == 0xdecade);

	/* A length that lies stops the walk. */
	((struct nlattr *)(message.bytes + NLMSG_HDRLEN + 4))->nla_len = 4000;
	nl_attributes(message.bytes + NLMSG_HDRLEN + 4, message.length - NLMSG_HDRLEN - 4, table,
		array_size(table));
	check(!table[1] && !table[2]);
}

static void test_subnets(void)
{
	static const char *const bad[][2] = {
		{"172.17.0.0", "172.17.0.1"},
		{"172.17.0.0/31", "172.17.0.1"},
		{"172.17.0.0/16x", "172.17.0.1"},
		{"172.17.0.0/", "172.17.0.1"},
		{"172.17.0.0/16", "172.18.0.1"},
		{"300.1.1.1/16", "172.17.0.1"},
	};
	struct failure failure;
	struct subnet subnet;
	unsigned char mac[6];

	check(subnet_parse("172.17.3.9/16", "172.17.0.1", &subnet, &failure) == 0);
	check(subnet.network == inet_addr("172.17.0.0") && subnet.prefix == 16);
	check(subnet_mask(20) == inet_addr("255.255.240.0"));
	for (size_t i = 0; i < array_size(bad); i++)
		check(subnet_parse(bad[i][0], bad[i][1], &subnet, &failure) < 0);
	mac_of_address(inet_addr("172.17.0.2"), mac);
	check(memcmp(mac, "\x02\x42\xac\x11\x00\x02", 6) == 0);
}

static void test_id_maps(void)
{
	static const char *const bad[] = {
		"[]",
		"{\"uids\":[[0,1,1]]}",
		"{\"uids\":[],\"gids\":[[0,1,1]]}",
		"{\"uids\":[[0,1,0]],\"gids\":[[0,1,1]]}",
		"{\"uids\":[[1,1,1]],\"gids\":[[0,1,1]]}",
		"{\"uids\":[[0,1,4294967295]],\"gids\":[[0,1,1]]}",
		"{\"uids\":[[0,1000,1],[1,1000,9]],\"gids\":[[0,1,1]]}",
		"{\"uids\":[[0,1,1]],\"gids\":[[0,1,1]],\"newuidmap\":\"/x\"}",
		"{\"uids\":[[0,1,1]],\"gids\":[[0,1,1]],\"newuidmap\":\"x\",\"newgidmap\":\"y\"}",
	};
	struct failure failure;
	struct id_map map;

	check(id_map_parse_text(
		      "{\"uids\":[[0,1000,1],[1,100000,65536]],\"gids\":[[0,0,4294967295]],"
		      "\"newuidmap\":\"/bin/a\",\"newgidmap\":\"/bin/b\"}",
		      &map, &failure) == 0);
	check(map.uid_count == 2 && map.uids[1].outside == 100000 && map.gid_count == 1);
	id_map_clear(&map);
	for (size_t i = 0; i < array_size(bad); i++)
		check(id_map_parse_text(bad[i], &map, &failure) < 0);
}

int main(void)
{
	test_messages();
	test_subnets();
	test_id_maps();
	return failures > 0;
}
