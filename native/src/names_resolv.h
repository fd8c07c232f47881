/* SPDX-License-Identifier: Apache-2.0 */
/* The name servers of the host, from its resolv.conf. */
#ifndef LIGHTER_NAMES_RESOLV_H
#define LIGHTER_NAMES_RESOLV_H

#include <sys/stat.h>

#include "names_table.h"

struct names_resolv {
	const char *path;
	struct stat seen; /* of the file that was read last; a zero inode: none yet */
	struct names_servers servers;
};

/* The servers of now: the file is read again when it has changed. Without any, the local one
 * (resolv.conf(5)). */
const struct names_servers *names_resolv_servers(struct names_resolv *resolv);

/* Reads the servers out of a text that ends in a zero byte; it is changed on the way. */
void names_resolv_parse(char *text, struct names_servers *ret);

#endif
