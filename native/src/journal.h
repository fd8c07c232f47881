/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of events: DATA/events/journal.jsonl, which lib/events/journal.ts writes too, and
 * probes.jsonl beside it with what health checks make. */
#ifndef LIGHTER_JOURNAL_H
#define LIGHTER_JOURNAL_H

#include <stddef.h>
#include <time.h>

#include "plan.h"

/* Whom events are about: the container as it is called now. */
struct journal_subject {
	char *data_dir;
	char id[65];
	struct json_t *event; /* plan.event: image and attributes; NULL = nothing is recorded */
};

/* One more attribute of an event. */
struct journal_attribute {
	const char *key;
	char value[72];
};

/* Reads DIR/plan.json anew: the container may have been renamed. */
void journal_subject_open(const struct plan *plan, struct journal_subject *ret);
void journal_subject_close(struct journal_subject *subject);

/* Appends one line by one write, so that lines of several writers never mix. A file larger than
 * 4 MiB first becomes journal.jsonl.1. An event that cannot be written is lost: nothing waits for
 * it. */
void journal_record(const struct journal_subject *subject, const char *action,
	const struct journal_attribute *more, size_t count);

/* The three in one. */
void journal_note(const struct plan *plan, const char *action, const struct journal_attribute *more,
	size_t count);

/* Notes that a health check began, as an exec of that id: exec_create and exec_start with
 * plan.event.check as the command; that it ended: exec_die. A file of theirs larger than 1 MiB
 * becomes probes.jsonl.1. */
void journal_probe_began(const struct plan *plan, const char *exec_id);
void journal_probe_ended(const struct plan *plan, const char *exec_id, int exit_code);

/* Notes that the container came onto its networks ("connect") or left them ("disconnect"). */
void journal_networks(const struct plan *plan, const char *action);

/* Notes that its volumes are no longer mounted. */
void journal_unmounts(const struct plan *plan);

/* The line of an event, with its newline; the caller frees it. NULL = no memory, or bytes that are
 * no UTF-8. */
char *journal_line(const struct journal_subject *subject, const char *action,
	const struct journal_attribute *more, size_t count, const struct timespec *time);

#endif
