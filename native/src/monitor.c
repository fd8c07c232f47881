/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include <limits.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "events.h"
#include "journal.h"
#include "monitor_at_end.h"
#include "monitor_loop.h"
#include "monitor_memory.h"
#include "monitor_restart.h"
#include "monitor_start.h"
#include "monitor_state.h"
#include "scope.h"

/* Ends what serves only this container. The order matters: the file system's server writes to the
 * directories that may be removed next. */
static void clean_up(struct monitor *monitor)
{
	char rootfs[PATH_MAX];

	monitor_end_run(monitor);
	log_finish(&monitor->log);
	log_close(&monitor->log);
	snprintf(rootfs, sizeof(rootfs), "%s/bundle/rootfs", monitor->plan->container_dir);
	umount2(rootfs, MNT_DETACH);
	if (monitor->fuse > 0)
		retry_eintr(waitpid(monitor->fuse, NULL, 0));
	if (monitor->plan->step)
		step_sources_end(monitor->plan->step, &monitor->sources);
	monitor_run_at_end(monitor->plan);
}

/* Others may start or remove the container from here on. */
static void give_up_container(struct monitor *monitor)
{
	clients_unlisten(&monitor->clients);
	if (monitor->directory >= 0)
		close(monitor->directory);
	monitor->directory = -1;
	shared_leave(monitor->plan);
}

/* An --rm container is gone for everybody once it is out of sight. Removing its files takes longer
 * than all the rest of a short run: nobody waits for that, unless the space is wanted. */
static void discard(struct monitor *monitor, struct trash *trash)
{
	struct journal_subject subject;
	struct failure ignored;

	*trash = TRASH_NONE;
	if (!monitor->plan->auto_remove)
		return;
	journal_subject_open(monitor->plan, &subject);
	(void)container_discard(monitor->plan, trash, &ignored);
	/* Of several who remove it one moved it. */
	if (trash->count > 0)
		journal_record(&subject, "destroy", NULL, 0);
	journal_subject_close(&subject);
	if (trash_is_needed(trash))
		(void)trash_empty(trash, &ignored);
}

static void finish(struct monitor *monitor)
{
	const struct exit_report *report = &monitor->ended;
	struct trash trash;
	struct failure failure;
	char event[EVENT_SIZE];

	/* There is nobody to complain to; a reader sees a dead process and says `monitor lost`. */
	if (!monitor->plan->step)
		(void)state_write_exited(monitor->directory, monitor->plan, report, &failure);
	clean_up(monitor);
	discard(monitor, &trash);
	give_up_container(monitor);
	event_exited(event, report->exit_code, report->signal, report->oom_killed);
	clients_send(&monitor->clients, FRAME_EXITED, event);
	monitor_flush(monitor);
	(void)trash_empty(&trash, &failure);
	trash_sweep(&trash);
}

static void report_failure(struct monitor *monitor, const struct failure *why)
{
	auto_free char *event = event_failed(why);

	if (event)
		clients_send(&monitor->clients, FRAME_FAILED, event);
	monitor_flush(monitor);
}

static void finish_failed(struct monitor *monitor, const struct failure *why)
{
	struct trash trash;
	struct failure ignored;

	clean_up(monitor);
	if (!monitor->plan->auto_remove && !monitor->plan->step)
		(void)state_write_failed(monitor->directory, why, &ignored);
	discard(monitor, &trash);
	give_up_container(monitor);
	report_failure(monitor, why);
	(void)trash_empty(&trash, &ignored);
	trash_sweep(&trash);
}

void monitor_main(const struct monitor_request *request)
{
	struct monitor monitor = {.plan = request->plan,
		.handed = {request->handed[0], request->handed[1], request->handed[2]},
		.directory = -1,
		.donor = -1,
		.shared = {.netns = -1, .uplink = -1, .uplink_ready = -1},
		.network = {.uplink_keepalive = -1},
		.streams = {.input = -1, .outputs = {-1, -1}, .peer = -1},
		.log = {.fd = -1, .compressor = {.pipe = -1}},
		.prober = {.fd = -1},
		.cgroup = -1,
		.oom = {.events = -1},
		.signals = -1,
		.pidfd = -1};
	struct failure failure;

	clients_init(&monitor.clients);
	services_init(&monitor.services);
	if (monitor_prepare(&monitor, request, &failure) < 0) {
		report_failure(&monitor, &failure);
		_exit(1);
	}
	if (monitor_start(&monitor, false, &request->size, &failure) < 0) {
		finish_failed(&monitor, &failure);
		_exit(1);
	}
	do {
		clients_send(&monitor.clients, FRAME_STARTED, monitor.started_event);
		monitor_shrink();
		monitor_loop(&monitor);
	} while (monitor_restart(&monitor));
	finish(&monitor);
	_exit(0);
}
