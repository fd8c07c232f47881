/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_frames.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include <jansson.h>

#include "events.h"
#include "journal.h"
#include "monitor_health.h"
#include "monitor_memory.h"
#include "monitor_network.h"
#include "monitor_restart.h"
#include "monitor_start.h"
#include "scope.h"

void monitor_signal(const struct monitor *monitor, int number)
{
	/* A process that just died needs no signal. */
	if (!monitor->reaped)
		syscall(SYS_pidfd_send_signal, monitor->pidfd, number, NULL, 0);
}

static int read_attachment(const struct frame *frame, struct attachment *ret)
{
	json_t *root = json_loadb((const char *)frame->payload, frame->length, 0, NULL);
	json_t *in = json_object_get(root, "stdin");
	json_t *out = json_object_get(root, "stdout");
	json_t *err = json_object_get(root, "stderr");
	int result = json_is_boolean(in) && json_is_boolean(out) && json_is_boolean(err) ? 0 : -1;

	ret->input = json_is_true(in);
	ret->outputs[STREAM_STDOUT] = json_is_true(out);
	ret->outputs[STREAM_STDERR] = json_is_true(err);
	json_decref(root);
	return result;
}

void monitor_end_input(struct monitor *monitor)
{
	if (monitor->plan->stdin_once)
		streams_close_input(&monitor->streams);
}

void monitor_write_input(struct monitor *monitor, struct client *client)
{
	size_t taken =
		streams_write(&monitor->streams, client->input.payload, client->input.length);

	client->input.payload += taken;
	client->input.length -= taken;
	client->input_pending = client->input.length > 0;
}

static void note_size(const struct monitor *monitor, const struct winsize *size)
{
	struct journal_attribute more[] = {{.key = "height"}, {.key = "width"}};

	snprintf(more[0].value, sizeof(more[0].value), "%u", size->ws_row);
	snprintf(more[1].value, sizeof(more[1].value), "%u", size->ws_col);
	journal_note(monitor->plan, "resize", more, array_size(more));
}

void monitor_unpause(struct monitor *monitor)
{
	struct failure ignored;

	if (!monitor->pause.paused)
		return;
	pause_end(&monitor->pause, monitor->cgroup);
	(void)monitor_record_running(monitor, &ignored);
	journal_note(monitor->plan, "unpause", NULL, 0);
	monitor_health_resume(monitor);
}

static int set_paused(struct monitor *monitor, bool paused, struct failure *out)
{
	const char *id = monitor->plan->id;

	if (monitor->restarting)
		return fail_kind(out, FAILURE_ALREADY, 0, "pause",
			"Container %s is restarting, wait until the container is running", id);
	if (monitor->reaped)
		return fail_kind(out, FAILURE_ENDED, 0, "pause", "container %s is not running", id);
	if (paused == monitor->pause.paused)
		return fail_kind(out, FAILURE_ALREADY, 0, "pause", "Container %s is %s", id,
			paused ? "already paused" : "not paused");
	if (!paused) {
		monitor_unpause(monitor);
		return 0;
	}
	monitor_health_end(monitor);
	if (pause_begin(&monitor->pause, monitor->cgroup, monitor->pid, out) < 0) {
		monitor_health_resume(monitor);
		return -1;
	}
	journal_note(monitor->plan, "pause", NULL, 0);
	return monitor_record_running(monitor, out);
}

static void answer(struct client *client, const struct failure *why)
{
	auto_free char *failed = why ? event_failed(why) : NULL;
	const char *text = why ? failed : "{\"event\":\"done\"}";

	if (text)
		client_send(client, FRAME_ANSWER, text, strlen(text));
}

/* Docker's rule: every signal of a user's is the wish for an end, unless the container has a stop
 * signal of its own, which then is the only one beside SIGKILL. A paused process wakes for it. */
static void pass_signal(struct monitor *monitor, int number, bool stop)
{
	int own = monitor->plan->stop_signal;
	bool ends = stop || own == 0 || number == own || number == SIGKILL;

	if (ends)
		monitor_mark_stopped(monitor);
	monitor_signal(monitor, number);
	if (ends)
		monitor_unpause(monitor);
}

/* -1: the client does not keep to the protocol. */
static int handle_frame(struct monitor *monitor, struct client *client, const struct frame *frame)
{
	const unsigned char *bytes = frame->payload;
	struct winsize size = {0};
	struct failure why;

	switch (frame->type) {
	case FRAME_ATTACH:
		return read_attachment(frame, &client->attached);
	case FRAME_INPUT:
		if (!client->attached.input)
			return -1;
		client->input = *frame;
		monitor_write_input(monitor, client);
		return 0;
	case FRAME_INPUT_END:
		if (!client->attached.input)
			return -1;
		client->attached.input = false;
		monitor_end_input(monitor);
		return 0;
	case FRAME_RESIZE:
		if (frame->length != 4)
			return -1;
		size.ws_row = (unsigned short)(bytes[0] << 8 | bytes[1]);
		size.ws_col = (unsigned short)(bytes[2] << 8 | bytes[3]);
		streams_resize(&monitor->streams, &size);
		note_size(monitor, &size);
		return 0;
	case FRAME_SIGNAL:
		if (frame->length < 1 || frame->length > 2 || bytes[0] < 1 || bytes[0] > SIGRTMAX)
			return -1;
		pass_signal(monitor, bytes[0], frame->length == 2);
		return 0;
	case FRAME_PAUSE:
		if (frame->length != 1 || bytes[0] > 1)
			return -1;
		answer(client, set_paused(monitor, bytes[0] == 1, &why) == 0 ? NULL : &why);
		monitor_shrink();
		return 0;
	case FRAME_NETWORK:
		answer(client, monitor_change_network(monitor, frame, &why) == 0 ? NULL : &why);
		monitor_shrink();
		return 0;
	default:
		return -1;
	}
}

void monitor_read_client(struct monitor *monitor, struct client *client)
{
	/* A few frames per turn: one busy client must not keep the others waiting. */
	for (int i = 0; i < 8 && client->fd >= 0 && !client->input_pending; i++) {
		struct frame frame;
		enum frame_result result = frame_read(&client->reader, client->fd, &frame);

		if (result == FRAME_WAIT)
			return;
		if (result != FRAME_READY || handle_frame(monitor, client, &frame) < 0)
			client_drop(client);
	}
}
