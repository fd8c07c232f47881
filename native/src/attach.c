/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <jansson.h>

#include "attach_options.h"
#include "frames.h"
#include "gone.h"
#include "identity.h"
#include "plan.h"
#include "json_read.h"
#include "scope.h"
#include "session.h"
#include "verbs.h"

enum { CONNECT_TRIES = 40, CONNECT_PAUSE_MS = 50 };

/* A pidfd of the live monitor that state.json names, or -1. */
static int find_monitor(const struct plan *plan)
{
	char path[PATH_MAX];
	json_t *state, *monitor;
	const char *start_time, *boot_id;
	struct identity identity = {0};
	int fd = -1;

	if (snprintf(path, sizeof(path), "%s/state.json", plan->container_dir) >= (int)sizeof(path))
		return -1;
	state = json_read_path(path, 1 << 20, 0, NULL);
	monitor = json_object_get(state, "monitor");
	start_time = json_string_value(json_object_get(monitor, "startTime"));
	boot_id = json_string_value(json_object_get(monitor, "bootId"));
	if (start_time && boot_id) {
		identity.pid = (pid_t)json_integer_value(json_object_get(monitor, "pid"));
		identity.start_time = strtoull(start_time, NULL, 10);
		snprintf(identity.boot_id, sizeof(identity.boot_id), "%s", boot_id);
		fd = identity_open(&identity);
	}
	json_decref(state);
	return fd;
}

/* The runtime directory may have been wiped while the monitor lived: it is asked to listen again.
 */
static int reach_monitor(const struct plan *plan, struct failure *out)
{
	int fd = session_connect(plan);
	auto_close int monitor = -1;

	if (fd >= 0)
		return fd;
	monitor = find_monitor(plan);
	if (monitor < 0)
		return fail(out, 0, "connect", ATTACH_STOPPED);
	if (errno != EAGAIN && syscall(SYS_pidfd_send_signal, monitor, SIGHUP, NULL, 0) < 0)
		return errno == ESRCH ? fail(out, 0, "connect", ATTACH_STOPPED)
				      : fail(out, errno, "connect",
						"cannot reach the container's monitor");
	for (int i = 0; i < CONNECT_TRIES; i++) {
		struct pollfd ended = {.fd = monitor, .events = POLLIN};

		fd = session_connect(plan);
		if (fd >= 0)
			return fd;
		/* Its end is an answer, too. */
		if (poll(&ended, 1, CONNECT_PAUSE_MS) > 0)
			return fail(out, 0, "connect", ATTACH_STOPPED);
	}
	return fail(out, errno, "connect", "cannot reach the container's monitor");
}

static int ask_to_attach(int socket, struct attachment attached, struct failure *out)
{
	struct frame_queue queue = {0};
	char json[64];
	int length = snprintf(json, sizeof(json), "{\"stdin\":%s,\"stdout\":%s,\"stderr\":%s}",
		attached.input ? "true" : "false",
		attached.outputs[STREAM_STDOUT] ? "true" : "false",
		attached.outputs[STREAM_STDERR] ? "true" : "false");

	/* A fresh connection has room for it. */
	if (frame_queue_add(&queue, FRAME_ATTACH, json, (size_t)length) == 0 &&
		frame_queue_flush(&queue, socket) == 0 && frame_queue_size(&queue) == 0)
		return 0;
	frame_queue_clear(&queue);
	/* Its end came between the two. */
	if (errno == EPIPE || errno == ECONNRESET)
		return fail(out, 0, "connect", ATTACH_STOPPED);
	return fail(out, errno, "connect", "cannot talk to the container's monitor");
}

int session_attach(const struct attach_options *options, struct failure *out)
{
	struct plan *plan = NULL;
	auto_close int socket = -1;
	int code;

	if (plan_load(options->container, &plan, out) < 0)
		return -1;
	socket = reach_monitor(plan, out);
	if (socket < 0 || ask_to_attach(socket, session_attachment(options, plan), out) < 0)
		code = -1;
	else
		code = session_serve(options, plan, take_fd(&socket), SESSION_ATTACH);
	plan_free(plan);
	return code;
}

/* What is said of a container that went meanwhile. */
static int explain(const struct attach_options *options, struct failure *why)
{
	if (options->container)
		(void)gone_removed(options->container, options->name, why);
	return attach_report_failure(options, why);
}

int verb_attach(int argc, char **argv)
{
	struct attach_options options;
	struct failure failure;
	int code = -1;

	if (attach_options_parse(argc - 1, argv + 1, &options, &failure) == 0 &&
		attach_reset_process(&options, &failure) == 0)
		code = session_attach(&options, &failure);
	return code < 0 ? explain(&options, &failure) : code;
}
