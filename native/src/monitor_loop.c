/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "monitor_frames.h"
#include "monitor_health.h"
#include "monitor_oom.h"
#include "monitor_start.h"
#include "scope.h"

enum {
	SLOT_SIGNALS,
	SLOT_PROCESS,
	SLOT_LISTENER,
	SLOT_HEALTH,
	SLOT_NAMES,
	SLOT_PORTS,
	SLOT_UPLINK,
	SLOT_MEMORY,
	SLOT_INPUT,
	SLOT_OUTPUTS,
	SLOT_CLIENTS = SLOT_OUTPUTS + STREAM_COUNT,
};

enum { DRAIN_MS = 2000, STOP_SECONDS = 10 };

/* The longest times until the next try: an uplink that dies at once is not to keep the machine
 * busy. */
enum { UPLINK_DIES_MS = 2000, FAILS_MS = 30000 };

static void remaining(const struct timespec *deadline, int *timeout)
{
	struct timespec now;
	long long left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (deadline->tv_sec - now.tv_sec) * 1000LL +
	       (deadline->tv_nsec - now.tv_nsec) / 1000000 + 1;
	*timeout = left < 0 ? 0 : (int)left;
}

/* Reaps the container's process and whatever helper became a child. */
static void reap(struct monitor *monitor)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != monitor->pid)
			continue;
		monitor->reaped = true;
		monitor->wait_status = status;
	}
}

static void handle_signals(struct monitor *monitor)
{
	struct signalfd_siginfo info;
	struct failure ignored;

	while (read(monitor->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			reap(monitor);
		} else if (info.ssi_signo == SIGHUP) {
			/* The old socket stays when a new one cannot be made. */
			if (!monitor->plan->step)
				clients_listen(&monitor->clients, monitor->plan, &ignored);
		} else if (!monitor->stopping) {
			monitor->stopping = true;
			clock_gettime(CLOCK_MONOTONIC, &monitor->kill_at);
			monitor->kill_at.tv_sec += STOP_SECONDS;
			monitor_signal(monitor, SIGTERM);
			monitor_unpause(monitor);
		}
	}
}

static void accept_client(struct monitor *monitor)
{
	struct client *client = clients_accept(&monitor->clients);

	if (client)
		client_send(client, FRAME_STARTED, monitor->started_event,
			strlen(monitor->started_event));
}

/* Returns whether something was read or the stream ended. */
static bool copy_output(struct monitor *monitor, int stream)
{
	unsigned char chunk[STREAM_CHUNK];
	ssize_t got = streams_read(&monitor->streams, stream, chunk);

	if (got > 0) {
		log_write(&monitor->log, (enum log_stream)stream, chunk, (size_t)got);
		clients_output(&monitor->clients, stream, chunk, (size_t)got);
	}
	return got != 0;
}

static bool input_waits(const struct monitor *monitor)
{
	for (size_t i = 0; i < monitor->clients.count; i++)
		if (monitor->clients.items[i].input_pending)
			return true;
	return false;
}

static void watch_client(const struct client *client, struct pollfd *slot)
{
	*slot = (struct pollfd){.fd = client->fd};
	if (!client->input_pending)
		slot->events |= POLLIN;
	if (frame_queue_size(&client->queue) > 0)
		slot->events |= POLLOUT;
	/* A hang-up would wake every turn while nothing can be read from it. */
	if (slot->events == 0)
		slot->fd = -1;
}

/* Whether the death of the uplink is of interest now. */
static bool wants_uplink(const struct monitor *monitor)
{
	return monitor->plan->network.mode == NETWORK_BRIDGE &&
	       retry_left(&monitor->uplink_retry) <= 0;
}

static void watch(const struct monitor *monitor, struct pollfd *slots)
{
	slots[SLOT_SIGNALS] = (struct pollfd){.fd = monitor->signals, .events = POLLIN};
	slots[SLOT_PROCESS] = (struct pollfd){.fd = monitor->pidfd, .events = POLLIN};
	slots[SLOT_LISTENER] = (struct pollfd){.fd = monitor->clients.listener, .events = POLLIN};
	slots[SLOT_HEALTH] = (struct pollfd){.fd = monitor->prober.fd, .events = POLLIN};
	slots[SLOT_MEMORY] = (struct pollfd){.fd = monitor->oom.events, .events = POLLPRI};
	slots[SLOT_NAMES] = (struct pollfd){.fd = monitor->services.names, .events = POLLIN};
	slots[SLOT_PORTS] = (struct pollfd){.fd = monitor->services.ports, .events = POLLIN};
	slots[SLOT_UPLINK] =
		(struct pollfd){.fd = wants_uplink(monitor) ? monitor->shared.uplink : -1};
	slots[SLOT_INPUT] = (struct pollfd){
		.fd = input_waits(monitor) ? monitor->streams.input : -1, .events = POLLOUT};
	for (int i = 0; i < STREAM_COUNT; i++)
		slots[SLOT_OUTPUTS + i] = (struct pollfd){
			.fd = clients_blocked(&monitor->clients, i) ? -1
								    : monitor->streams.outputs[i],
			.events = POLLIN};
	for (size_t i = 0; i < monitor->clients.count; i++)
		watch_client(&monitor->clients.items[i], &slots[SLOT_CLIENTS + i]);
}

static void serve_clients(struct monitor *monitor, const struct pollfd *slots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct client *client = &monitor->clients.items[i];
		short events = slots[SLOT_CLIENTS + i].revents;

		if (events & POLLOUT)
			client_flush(client);
		if (client->fd < 0)
			continue;
		if (!client->input_pending && events & (POLLIN | POLLHUP | POLLERR))
			monitor_read_client(monitor, client);
	}
}

static void resume_input(struct monitor *monitor)
{
	for (size_t i = 0; i < monitor->clients.count; i++) {
		struct client *client = &monitor->clients.items[i];

		if (client->input_pending)
			monitor_write_input(monitor, client);
	}
}

static void sooner(const struct timespec *deadline, int *timeout)
{
	int left;

	remaining(deadline, &left);
	if (*timeout < 0 || left < *timeout)
		*timeout = left;
}

static void sooner_try(const struct retry *retry, int *timeout)
{
	int left = retry_left(retry);

	if (left >= 0 && (*timeout < 0 || left < *timeout))
		*timeout = left;
}

static int next_timeout(struct monitor *monitor)
{
	int timeout = -1;

	if (monitor->stopping && !monitor->restarting) {
		remaining(&monitor->kill_at, &timeout);
		if (timeout == 0) {
			monitor_signal(monitor, SIGKILL);
			timeout = 1000;
		}
	}
	if (monitor->prober.armed)
		sooner(&monitor->prober.due, &timeout);
	if (monitor->restarting)
		sooner(&monitor->restart_at, &timeout);
	sooner_try(&monitor->uplink_retry, &timeout);
	sooner_try(&monitor->services_retry, &timeout);
	return timeout;
}

static void renew_uplink(struct monitor *monitor)
{
	struct failure ignored;
	int result = shared_renew_uplink(&monitor->shared, monitor->plan, &ignored);

	retry_later(&monitor->uplink_retry, result < 0 ? FAILS_MS : UPLINK_DIES_MS);
}

static void renew_services(struct monitor *monitor)
{
	if (services_renew(&monitor->services, monitor->plan, &monitor->network) == 0)
		retry_stop(&monitor->services_retry);
	else
		retry_later(&monitor->services_retry, FAILS_MS);
}

/* What waited for its time. */
static void try_again(struct monitor *monitor)
{
	if (retry_left(&monitor->uplink_retry) == 0)
		retry_stop(&monitor->uplink_retry);
	if (retry_left(&monitor->services_retry) != 0)
		return;
	/* Between two runs there is nothing to tell; the next one begins by telling it. */
	if (monitor->restarting)
		retry_stop(&monitor->services_retry);
	else
		renew_services(monitor);
}

static void check_health(struct monitor *monitor)
{
	int left = 1;

	if (monitor->prober.armed)
		remaining(&monitor->prober.due, &left);
	if (left == 0)
		monitor_health_due(monitor);
}

/* One turn. Returns whether the process has died. */
static bool turn(struct monitor *monitor)
{
	size_t count = monitor->clients.count;
	struct pollfd slots[SLOT_CLIENTS + CLIENTS_MAX];
	struct failure ignored;

	check_health(monitor);
	try_again(monitor);
	watch(monitor, slots);
	if (poll(slots, SLOT_CLIENTS + count, next_timeout(monitor)) <= 0)
		return false;
	if (slots[SLOT_SIGNALS].revents)
		handle_signals(monitor);
	if (slots[SLOT_HEALTH].revents && monitor->prober.fd >= 0)
		monitor_health_result(monitor);
	if (slots[SLOT_MEMORY].revents && monitor_oom_check(monitor) && !monitor->plan->step)
		(void)monitor_record_running(monitor, &ignored);
	if (slots[SLOT_NAMES].revents || slots[SLOT_PORTS].revents)
		renew_services(monitor);
	if (slots[SLOT_UPLINK].revents & POLLERR)
		renew_uplink(monitor);
	if (slots[SLOT_INPUT].revents)
		resume_input(monitor);
	for (int i = 0; i < STREAM_COUNT; i++)
		if (slots[SLOT_OUTPUTS + i].revents)
			copy_output(monitor, i);
	serve_clients(monitor, slots, count);
	if (clients_sweep(&monitor->clients))
		monitor_end_input(monitor);
	if (slots[SLOT_LISTENER].revents)
		accept_client(monitor);
	/* Nobody waits for the step any more. */
	if (monitor->plan->step && monitor->clients.count == 0)
		monitor_signal(monitor, SIGKILL);
	return slots[SLOT_PROCESS].revents || monitor->reaped;
}

/* The process is dead and with it, as a rule, all writers: what is left fits into the pipes, so it
 * is read without waiting for slow clients. A process outside the container's pid namespace may
 * still hold the streams: it does not keep the container alive. */
static void drain(struct monitor *monitor)
{
	struct timespec deadline;
	int timeout = 0;

	streams_release_terminal(&monitor->streams);
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += DRAIN_MS / 1000;
	while (!streams_ended(&monitor->streams)) {
		struct pollfd slots[STREAM_COUNT];
		bool progress = false;

		for (int i = 0; i < STREAM_COUNT; i++)
			progress |= monitor->streams.outputs[i] >= 0 && copy_output(monitor, i);
		remaining(&deadline, &timeout);
		if (timeout == 0)
			return;
		for (int i = 0; i < STREAM_COUNT; i++)
			slots[i] = (struct pollfd){
				.fd = monitor->streams.outputs[i], .events = POLLIN};
		if (!progress)
			poll(slots, STREAM_COUNT, timeout);
	}
}

void monitor_loop(struct monitor *monitor)
{
	while (!turn(monitor))
		;
	/* Before what is left is read: they may hold the streams. */
	stragglers_end(&monitor->stragglers);
	drain(monitor);
	if (!monitor->reaped) {
		int status = 0;

		if (retry_eintr(waitpid(monitor->pid, &status, 0)) == monitor->pid)
			monitor->wait_status = status;
		monitor->reaped = true;
	}
}

void monitor_wait_restart(struct monitor *monitor)
{
	int left = 1;

	while (left > 0 && !monitor->stopped_by_user && !monitor->stopping) {
		turn(monitor);
		remaining(&monitor->restart_at, &left);
	}
}

void monitor_flush(struct monitor *monitor)
{
	for (;;) {
		struct pollfd slots[CLIENTS_MAX];
		nfds_t count = 0;

		for (size_t i = 0; i < monitor->clients.count; i++)
			if (frame_queue_size(&monitor->clients.items[i].queue) > 0)
				slots[count++] = (struct pollfd){
					.fd = monitor->clients.items[i].fd, .events = POLLOUT};
		if (count == 0)
			return;
		if (poll(slots, count, -1) < 0 && errno != EINTR)
			return;
		for (size_t i = 0; i < monitor->clients.count; i++)
			client_flush(&monitor->clients.items[i]);
		clients_sweep(&monitor->clients);
	}
}
