/* SPDX-License-Identifier: Apache-2.0 */
/* Entries for systemd's journal, in its native protocol. */
#ifndef LIGHTER_JOURNALD_H
#define LIGHTER_JOURNALD_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "fail.h"
#include "plan.h"

struct json_t;

/* The journal as one monitor writes to it. */
struct journald {
	int fd;
	bool may_lose; /* rather than wait */
	struct json_t *fields;
	/* Every entry is numbered: a reader knows by the last number whether all have arrived. */
	char epoch[33];
	unsigned long long ordinal;
};

/* A line, or a part of one that is too long. */
struct journald_entry {
	bool error;
	const unsigned char *bytes;
	size_t length;
	const struct timespec *time; /* of the line's beginning */
	unsigned part;		     /* from 1 on, 0 = it is a whole line */
	bool last;		     /* of the parts */
	unsigned long long line;     /* the ordinal of the first part */
};

/* Connects to the journal of this host, or -1 with Docker's sentence. */
int journald_open(struct journald *ret, const struct plan_logging *logging, struct failure *out);

/* 0, or -1 with errno. */
int journald_send(struct journald *journald, const struct journald_entry *entry);

#endif
