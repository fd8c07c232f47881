/* SPDX-License-Identifier: Apache-2.0 */
#include "link_size.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "netlink.h"

/* linux/if_link.h of Linux 6.3. */
enum { GSO_IPV4_MAX_SIZE = 63, GRO_IPV4_MAX_SIZE = 64 };

enum { LARGEST = 256 << 10 };

void link_allow_large(int route, const char *name)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct nl_refusal ignored;
	struct nl_message message;

	nl_begin(&message, RTM_SETLINK, 0, &info, sizeof(info));
	nl_put_string(&message, IFLA_IFNAME, name);
	nl_put_u32(&message, GSO_IPV4_MAX_SIZE, LARGEST);
	nl_put_u32(&message, GRO_IPV4_MAX_SIZE, LARGEST);
	(void)nl_request(route, &message, &ignored);
}
