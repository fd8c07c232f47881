/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_restart.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "events.h"
#include "journal.h"
#include "monitor_health.h"
#include "monitor_loop.h"
#include "monitor_memory.h"
#include "monitor_oom.h"
#include "monitor_start.h"
#include "runtime_external.h"
#include "scope.h"
#include "volume_mount.h"

static void collect_exit(struct monitor *monitor, struct exit_report *ret)
{
	int status = monitor->wait_status;

	*ret = (struct exit_report){.started_at = monitor->started_at,
		.log_error = monitor->log.error,
		.journal = monitor->log.journal.fields ? &monitor->log.journal : NULL,
		.restart_count = monitor->restart.count};
	if (WIFSIGNALED(status)) {
		ret->signal = WTERMSIG(status);
		ret->exit_code = 128 + ret->signal;
	} else {
		ret->exit_code = WEXITSTATUS(status);
	}
	(void)monitor_oom_check(monitor);
	ret->oom_killed = monitor->oom.kills > 0;
}

void monitor_end_run(struct monitor *monitor)
{
	struct failure ignored;

	monitor_health_end(monitor);
	monitor_oom_end(monitor);
	services_withdraw(&monitor->services);
	streams_close(&monitor->streams);
	if (monitor->pause.paused)
		pause_end(&monitor->pause, monitor->cgroup);
	if (monitor->plan->runtime)
		external_delete(monitor->plan);
	if (monitor->network.uplink_keepalive >= 0)
		close(monitor->network.uplink_keepalive);
	monitor->network.uplink_keepalive = -1;
	/* Others do not come back; for them this would only take time. */
	if (!monitor->plan->auto_remove && !monitor->plan->step)
		net_leave(&monitor->shared, &monitor->network);
	if (monitor->cgroup >= 0) {
		/* What does not die in time is left to the next clean-up: the container is over. */
		(void)cgroup_kill(monitor->cgroup, &ignored);
		close(monitor->cgroup);
		(void)cgroup_delete(monitor->cgroup_path, &ignored);
	}
	free(monitor->cgroup_path);
	monitor->cgroup_path = NULL;
	monitor->cgroup = -1;
	if (monitor->pidfd >= 0)
		close(monitor->pidfd);
	monitor->pidfd = -1;
	volumes_unmount(monitor->plan);
}

void monitor_mark_stopped(struct monitor *monitor)
{
	if (monitor->stopped_by_user)
		return;
	monitor->stopped_by_user = true;
	auto_close int mark = openat(monitor->directory, STOPPED_MARK,
		O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void note_end(const struct monitor *monitor, long long ran_ms)
{
	struct journal_attribute more[] = {{.key = "execDuration"}, {.key = "exitCode"}};

	snprintf(more[0].value, sizeof(more[0].value), "%lld", ran_ms / 1000);
	snprintf(more[1].value, sizeof(more[1].value), "%d", monitor->ended.exit_code);
	journal_networks(monitor->plan, "disconnect");
	journal_unmounts(monitor->plan);
	journal_note(monitor->plan, "die", more, array_size(more));
}

/* The policy may have been changed since the start. */
static struct plan_restart read_policy(const struct plan *plan)
{
	struct plan_restart policy = plan->restart;
	struct plan *fresh = NULL;
	struct failure ignored;

	if (plan_load(plan->container_dir, &fresh, &ignored) == 0)
		policy = fresh->restart;
	plan_free(fresh);
	return policy;
}

/* Who is attached hears of this end as of the last one, as with Docker. Others decide for
 * themselves whether it is the one they wait for. */
static void tell_end(struct monitor *monitor)
{
	const struct exit_report *ended = &monitor->ended;
	char event[EVENT_SIZE];

	event_exited(event, ended->exit_code, ended->signal, ended->oom_killed);
	for (size_t i = 0; i < monitor->clients.count; i++) {
		struct client *client = &monitor->clients.items[i];

		if (client->attached.input || client->attached.outputs[STREAM_STDOUT] ||
			client->attached.outputs[STREAM_STDERR]) {
			client_send(client, FRAME_EXITED, event, strlen(event));
			client->leaving = true;
		} else {
			client_send(client, FRAME_RESTARTS, event, strlen(event));
		}
	}
}

/* The line with the address of the last run would stay beside that of the next. */
static void reset_hosts(const struct monitor *monitor)
{
	const char *path = monitor->plan->network.hosts_file;

	if (path && monitor->hosts_size >= 0)
		(void)!truncate(path, monitor->hosts_size);
}

static bool wait_for_start(struct monitor *monitor)
{
	struct failure ignored;

	clock_gettime(CLOCK_MONOTONIC, &monitor->restart_at);
	monitor->restart_at.tv_sec += monitor->restart.delay_ms / 1000;
	monitor->restart_at.tv_nsec += monitor->restart.delay_ms % 1000 * 1000000L;
	if (monitor->restart_at.tv_nsec >= 1000000000L) {
		monitor->restart_at.tv_sec++;
		monitor->restart_at.tv_nsec -= 1000000000L;
	}
	(void)state_write_restarting(monitor->directory, &monitor->ended, &ignored);
	monitor->restarting = true;
	monitor_shrink();
	monitor_wait_restart(monitor);
	monitor->restarting = false;
	return !monitor->stopped_by_user && !monitor->stopping;
}

static bool start_again(struct monitor *monitor)
{
	struct failure why;

	reset_hosts(monitor);
	monitor->reaped = false;
	if (monitor_start(monitor, true, NULL, &why) == 0)
		return true;
	monitor->reaped = true;
	/* The end of a container that ran once is told by its state alone. */
	snprintf(monitor->last_error, sizeof(monitor->last_error), "%s", why.message);
	monitor->ended.error = monitor->last_error;
	monitor->ended.exit_code = failure_exit_code(&why) == 125 ? 128 : failure_exit_code(&why);
	return false;
}

bool monitor_restart(struct monitor *monitor)
{
	struct timespec now;
	long long ran_ms;
	struct plan_restart policy;

	log_finish(&monitor->log);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ran_ms = (now.tv_sec - monitor->started.tv_sec) * 1000LL +
		 (now.tv_nsec - monitor->started.tv_nsec) / 1000000;
	collect_exit(monitor, &monitor->ended);
	note_end(monitor, ran_ms);
	if (monitor->stopping || monitor->plan->auto_remove || monitor->plan->step)
		return false;
	policy = read_policy(monitor->plan);
	if (!restart_decide(&monitor->restart, &policy, monitor->ended.exit_code,
		    monitor->stopped_by_user, ran_ms))
		return false;
	monitor->ended.restart_count = monitor->restart.count;
	monitor_end_run(monitor);
	tell_end(monitor);
	return wait_for_start(monitor) && start_again(monitor);
}
