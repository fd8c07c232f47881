/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor leaves on disk: state.json, and the removal of an --rm container. */
#ifndef LIGHTER_MONITOR_STATE_H
#define LIGHTER_MONITOR_STATE_H

#include <stdbool.h>
#include <time.h>

#include "fail.h"
#include "identity.h"
#include "journald.h"
#include "monitor_services.h"
#include "net.h"
#include "plan.h"

struct exit_report {
	int exit_code;
	int signal;
	bool oom_killed;
	const struct journald *journal; /* the log, when it is one; what the last entry is */
	int log_error;			/* errno of the first failed write to the log, 0 = none */
	struct timespec started_at;
	unsigned restart_count;
	const char *error; /* why it could not be started again; NULL = nothing */
};

struct running_report {
	const struct identity *process;
	const struct timespec *started_at;
	const struct net_attachment *network;
	const struct services *services;
	unsigned restart_count;
	bool paused;
	bool oom_killed; /* some process inside */
};

/* directory is the container's. The state is whole on disk or unchanged, also with a full disk:
 * the running state reserves the space that the exited state needs. */
int state_write_running(int directory, const struct plan *plan, const struct running_report *report,
	struct failure *out);
int state_write_exited(int directory, const struct plan *plan, const struct exit_report *report,
	struct failure *out);

/* It ended and will be started again by this monitor. */
int state_write_restarting(int directory, const struct exit_report *report, struct failure *out);

/* The container never started: status "created" with exitCode and error. */
int state_write_failed(int directory, const struct failure *why, struct failure *out);

#define TRASH_NAME_SIZE 17

/* What was moved out of sight and waits to be removed. */
struct trash {
	int directory;
	char (*names)[TRASH_NAME_SIZE];
	size_t count;
};

#define TRASH_NONE ((struct trash){.directory = -1})

/* Takes the container out of sight as `--rm` does: name claim, directory, removePaths. Goes on
 * after a failure and returns the first. trash_empty and trash_sweep are due in any case. */
int container_discard(const struct plan *plan, struct trash *ret, struct failure *out);

/* Whether the file system is so full that whoever comes next may need the space. */
bool trash_is_needed(const struct trash *trash);

/* Removes what was discarded; whoever comes next can finish what an end of this process leaves. */
int trash_empty(struct trash *trash, struct failure *out);

/* Removes what others, who were killed, left in the trash, and lets go of it. */
void trash_sweep(struct trash *trash);

#endif
