/* SPDX-License-Identifier: Apache-2.0 */
/* Subnets of IPv6. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "ipv6.h"

static bool parses(const char *subnet, const char *gateway)
{
	struct subnet6 parsed;
	struct failure failure;

	return subnet6_parse(subnet, gateway, &parsed, &failure) == 0;
}

/* "" = outside the subnet */
static const char *at(const char *subnet, const char *gateway, uint32_t offset)
{
	static char text[INET6_ADDRSTRLEN];
	struct subnet6 parsed;
	struct in6_addr address;
	struct failure failure;

	if (subnet6_parse(subnet, gateway, &parsed, &failure) < 0 ||
		subnet6_at(&parsed, offset, &address) < 0)
		return "";
	return inet_ntop(AF_INET6, &address, text, sizeof(text));
}

int main(void)
{
	check(parses("fd00::/64", "fd00::1"));
	check(parses("fd00::/126", "fd00::3"));
	check(!parses("fd00::/64", "fd01::1"));
	check(!parses("fd00::/127", "fd00::1"));
	check(!parses("fd00::/7", "fd00::1"));
	check(!parses("fd00::", "fd00::1"));
	check(!parses("fd00::/", "fd00::1"));
	check(!parses("fd00::/64x", "fd00::1"));
	check(!parses("10.0.0.0/24", "fd00::1"));
	check(!parses("fd00::/64", "10.0.0.1"));
	check(strcmp(at("fd00::/64", "fd00::1", 2), "fd00::2") == 0);
	check(strcmp(at("fd00::/64", "fd00::1", 0xffffffff), "fd00::ffff:ffff") == 0);
	check(strcmp(at("fd00::ff00/120", "fd00::ff01", 255), "fd00::ffff") == 0);
	check(strcmp(at("fd00::ff00/120", "fd00::ff01", 256), "") == 0);
	check(strcmp(at("fd00:0:0:1::/64", "fd00:0:0:1::1", 65536), "fd00::1:0:0:1:0") == 0);
	return failures > 0;
}
