/* SPDX-License-Identifier: Apache-2.0 */
/* Entries for systemd's journal, in its native protocol. */
#ifndef LIGHTER_JOURNALD_H
#define LIGHTER_JOURNALD_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"

struct json_t;

/* A socket that is connected to the journal of this host, or -1 with Docker's sentence. */
int journald_open(struct failure *out);

/* One line, with the fields (an object of strings) that all entries of the container have. 0, or -1
 * with errno. */
int journald_send(int fd, struct json_t *fields, bool error, const unsigned char *bytes,
	size_t length, bool partial);

#endif
