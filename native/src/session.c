/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <jansson.h>

#include "frames.h"
#include "gone.h"
#include "journal.h"
#include "scope.h"
#include "session_signals.h"

enum { SLOT_SOCKET, SLOT_SIGNALS, SLOT_INPUT, SLOT_OUTPUT, SLOT_COUNT };

/* What poll promises that a pipe takes without waiting. */
enum { INPUT_CHUNK = 16384, PIPE_CHUNK = 4096 };

struct session {
	const struct attach_options *options;
	const struct plan *plan;
	enum session_origin origin;
	struct attachment attached;
	struct detach_keys keys;
	bool use_keys;
	int socket;
	int signals;
	struct frame_reader reader;
	struct frame_queue queue;
	struct frame output; /* not yet written to descriptor output_fd */
	int output_fd;	     /* -1 = nothing waits */
	bool lost_output[3];
	bool started, over;
	bool abandoned; /* a step whose caller has gone */
	int exit_code;
};

static void finish(struct session *session, int exit_code)
{
	session->over = true;
	session->exit_code = exit_code;
	terminal_restore();
}

static void fail_session(struct session *session, const struct failure *why)
{
	finish(session, attach_exit_code(session->options, why));
	attach_report_failure(session->options, why);
}

static void lose_monitor(struct session *session)
{
	const struct attach_options *options = session->options;
	struct failure why;

	if (session->started)
		fail(&why, 0, "monitor",
			"the container's monitor is gone, and the container with it");
	else if (session->origin != SESSION_ATTACH)
		fail(&why, 0, "monitor",
			"the container's monitor ended before the container was started");
	/* It was about to end when it was called. */
	else if (!options->container || !gone_removed(options->container, options->name, &why))
		fail(&why, 0, "monitor", ATTACH_STOPPED);
	fail_session(session, &why);
	/* The container was killed together with its monitor. */
	if (session->started)
		session->exit_code = 128 + SIGKILL;
}

static void queue(struct session *session, enum frame_type type, const void *payload, size_t length)
{
	if (frame_queue_add(&session->queue, type, payload, length) < 0 ||
		frame_queue_flush(&session->queue, session->socket) < 0)
		lose_monitor(session);
}

/* A signal must not wait behind standard input that the container does not read. */
static void send_signal(struct session *session, unsigned char number)
{
	struct frame_queue alone = {0};
	auto_close int fd = session->started ? session_connect(session->plan) : -1;

	if (fd >= 0 && frame_queue_add(&alone, FRAME_SIGNAL, &number, 1) == 0 &&
		frame_queue_flush(&alone, fd) == 0 && frame_queue_size(&alone) == 0)
		return;
	frame_queue_clear(&alone);
	queue(session, FRAME_SIGNAL, &number, 1);
}

static void send_size(struct session *session)
{
	struct winsize size = session_size();
	unsigned char payload[4] = {(unsigned char)(size.ws_row >> 8), (unsigned char)size.ws_row,
		(unsigned char)(size.ws_col >> 8), (unsigned char)size.ws_col};

	if (session->plan->terminal && size.ws_row > 0)
		queue(session, FRAME_RESIZE, payload, sizeof(payload));
}

static void handle_signals(struct session *session)
{
	struct signalfd_siginfo info;

	while (!session->over && read(session->signals, &info, sizeof(info)) == sizeof(info)) {
		if (session->plan->step)
			continue;
		if (info.ssi_signo == SIGWINCH)
			send_size(session);
		else
			send_signal(session, (unsigned char)info.ssi_signo);
	}
}

static void report(const struct session *session, const struct frame *frame)
{
	if (session->options->report_fd >= 0)
		dprintf(session->options->report_fd, "%.*s\n", (int)frame->length,
			(const char *)frame->payload);
}

static void handle_started(struct session *session, const struct frame *frame)
{
	const struct attach_options *options = session->options;
	struct failure why;

	if (session->started)
		return;
	session->started = true;
	report(session, frame);
	if (options->print)
		dprintf(STDOUT_FILENO, "%s\n", options->print);
	if (options->detach) {
		finish(session, 0);
		return;
	}
	session->use_keys =
		session->attached.input && session->plan->terminal && isatty(STDIN_FILENO);
	if (session->use_keys && terminal_raw(STDIN_FILENO, &why) < 0)
		fail_session(session, &why);
	else if (session->origin == SESSION_ATTACH)
		send_size(session);
}

static void handle_exited(struct session *session, const struct frame *frame)
{
	json_t *event = json_loadb((const char *)frame->payload, frame->length, 0, NULL);
	json_t *code = json_object_get(event, "exitCode");

	report(session, frame);
	finish(session, json_is_integer(code) ? (int)json_integer_value(code) : 125);
	json_decref(event);
}

static void handle_failed(struct session *session, const struct frame *frame)
{
	json_t *event = json_loadb((const char *)frame->payload, frame->length, 0, NULL);
	const char *kind = json_string_value(json_object_get(event, "kind"));
	const char *message = json_string_value(json_object_get(event, "message"));
	struct failure why = {.kind = FAILURE_SETUP};

	/* Only the kinds that choose the exit code matter here. */
	for (int i = FAILURE_SETUP; kind && i <= FAILURE_STALE; i++)
		if (strcmp(kind, failure_kind_name((enum failure_kind)i)) == 0)
			why.kind = (enum failure_kind)i;
	finish(session, attach_exit_code(session->options, &why));
	/* Another command was faster: the caller attaches to what runs. */
	if (why.kind == FAILURE_ALREADY && session->origin == SESSION_RUN &&
		!session->options->detach) {
		session->exit_code = SESSION_RUNS_ALREADY;
		json_decref(event);
		return;
	}
	/* The container is there all the same: its id is the answer to its making. */
	if (session->options->print)
		dprintf(STDOUT_FILENO, "%s\n", session->options->print);
	if (session->options->report_fd >= 0)
		report(session, frame);
	else
		fprintf(stderr, "%s%s%s\n", session->options->error_prefix,
			message ? message : "the container did not start",
			session->options->error_suffix);
	json_decref(event);
}

static void handle_output(struct session *session, const struct frame *frame)
{
	int fd = frame->type == FRAME_STDOUT ? STDOUT_FILENO : STDERR_FILENO;

	if (frame->length == 0 || session->lost_output[fd])
		return;
	session->output = *frame;
	session->output_fd = fd;
}

static void handle_frame(struct session *session, const struct frame *frame)
{
	switch (frame->type) {
	case FRAME_STARTED:
		handle_started(session, frame);
		break;
	case FRAME_STDOUT:
	case FRAME_STDERR:
		handle_output(session, frame);
		break;
	case FRAME_EXITED:
		handle_exited(session, frame);
		break;
	case FRAME_FAILED:
		handle_failed(session, frame);
		break;
	case FRAME_RESTARTS: /* its own streams are the container's: it stays to the last end */
		break;
	default:
		lose_monitor(session);
	}
}

static void read_monitor(struct session *session)
{
	while (!session->over && session->output_fd < 0) {
		struct frame frame;
		enum frame_result result = frame_read(&session->reader, session->socket, &frame);

		if (result == FRAME_WAIT)
			return;
		if (result == FRAME_READY)
			handle_frame(session, &frame);
		else
			lose_monitor(session);
	}
}

/* Nobody reads the output any more: the caller is done, as any filter at the head of a pipe is,
 * with Docker's words and exit code. The container goes on. */
static void lose_output(struct session *session, int error)
{
	session->lost_output[session->output_fd] = true;
	if (session->output_fd == STDOUT_FILENO) {
		finish(session, 1);
		fprintf(stderr, "write /dev/stdout: %s\n",
			error == EPIPE ? "broken pipe" : strerror(error));
	}
	session->output_fd = -1;
}

static size_t chunk_size(int fd, size_t length)
{
	struct stat file;

	if (length <= PIPE_CHUNK || (fstat(fd, &file) == 0 && S_ISREG(file.st_mode)))
		return length;
	return PIPE_CHUNK;
}

static void write_output(struct session *session)
{
	struct frame *output = &session->output;
	ssize_t written = write(session->output_fd, output->payload,
		chunk_size(session->output_fd, output->length));

	if (written < 0) {
		if (errno != EINTR && errno != EAGAIN)
			lose_output(session, errno);
		return;
	}
	output->payload += written;
	output->length -= (size_t)written;
	if (output->length == 0)
		session->output_fd = -1;
}

static void end_input(struct session *session)
{
	session->attached.input = false;
	queue(session, FRAME_INPUT_END, NULL, 0);
}

static void detach(struct session *session)
{
	journal_note(session->plan, "detach", NULL, 0);
	finish(session, 0);
	if (session->origin == SESSION_RUN)
		return;
	fputs("read escape sequence\n", stderr);
	session->exit_code = 1;
}

/* The end of the caller's pipe, by its will or by its death, is the end of the step. */
static void end_step(struct session *session)
{
	const unsigned char number = SIGKILL;

	session->abandoned = true;
	queue(session, FRAME_SIGNAL, &number, 1);
}

static void read_input(struct session *session)
{
	unsigned char input[INPUT_CHUNK], kept[INPUT_CHUNK + DETACH_KEYS_MAX];
	ssize_t got = read(STDIN_FILENO, input, sizeof(input));
	size_t length = 0;
	bool detached;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (session->plan->step) {
		if (got <= 0)
			end_step(session);
		return;
	}
	if (got <= 0) {
		end_input(session);
		return;
	}
	if (!session->use_keys) {
		queue(session, FRAME_INPUT, input, (size_t)got);
		return;
	}
	detached = detach_keys_filter(&session->keys, input, (size_t)got, kept, &length);
	if (length > 0)
		queue(session, FRAME_INPUT, kept, length);
	if (detached && !session->over)
		detach(session);
}

static void watch(const struct session *session, struct pollfd slots[SLOT_COUNT])
{
	bool sending = frame_queue_size(&session->queue) > 0;
	bool reading = session->plan->step
			       ? !session->abandoned
			       : session->started && session->attached.input && !sending;

	slots[SLOT_SOCKET] = (struct pollfd){.fd = session->socket};
	if (session->output_fd < 0)
		slots[SLOT_SOCKET].events |= POLLIN;
	if (sending)
		slots[SLOT_SOCKET].events |= POLLOUT;
	/* A hang-up is of no use while output waits. */
	if (slots[SLOT_SOCKET].events == 0)
		slots[SLOT_SOCKET].fd = -1;
	slots[SLOT_SIGNALS] = (struct pollfd){.fd = session->signals, .events = POLLIN};
	slots[SLOT_INPUT] = (struct pollfd){.fd = reading ? STDIN_FILENO : -1, .events = POLLIN};
	slots[SLOT_OUTPUT] = (struct pollfd){.fd = session->output_fd, .events = POLLOUT};
}

static void turn(struct session *session)
{
	struct pollfd slots[SLOT_COUNT];

	watch(session, slots);
	if (poll(slots, SLOT_COUNT, -1) < 0)
		return;
	if (slots[SLOT_SIGNALS].revents)
		handle_signals(session);
	if (!session->over && slots[SLOT_OUTPUT].revents)
		write_output(session);
	if (!session->over && slots[SLOT_SOCKET].revents & POLLOUT &&
		frame_queue_flush(&session->queue, session->socket) < 0)
		frame_queue_clear(&session->queue);
	if (!session->over && slots[SLOT_SOCKET].revents & (POLLIN | POLLHUP | POLLERR))
		read_monitor(session);
	if (!session->over && slots[SLOT_INPUT].revents)
		read_input(session);
}

int session_serve(const struct attach_options *options, const struct plan *plan, int socket,
	enum session_origin origin)
{
	struct session session = {.options = options,
		.plan = plan,
		.origin = origin,
		.attached = session_attachment(options, plan),
		.keys = options->detach_keys,
		.socket = socket,
		.signals = -1,
		.output_fd = -1};
	int flags = fcntl(socket, F_GETFL);
	struct failure why;

	if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) < 0) {
		fail(&why, errno, "socket", "cannot prepare the connection to the monitor");
		fail_session(&session, &why);
	} else {
		session.signals = session_signals(options->proxy_signals && !options->detach, &why);
		if (session.signals < 0)
			fail_session(&session, &why);
	}
	while (!session.over)
		turn(&session);
	terminal_restore();
	frame_reader_clear(&session.reader);
	frame_queue_clear(&session.queue);
	close(socket);
	if (session.signals >= 0)
		close(session.signals);
	return session.exit_code;
}
