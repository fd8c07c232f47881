/* SPDX-License-Identifier: Apache-2.0 */
#include "trial.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <jansson.h>

#include "check.h"
#include "digest.h"
#include "remove.h"
#include "scope.h"
#include "watch.h"

/* Hundreds of times what any input needs, so that a busy machine makes no difference. */
enum { PROCESSOR_SECONDS = 10, WAIT_SECONDS = 120, MEMORY_KIB = 300 * 1024 };

/* The standard streams of the program. */
struct streams {
	int in, out, error;
};

static int file_in_memory(const struct bytes *content)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	must(fd >= 0);
	for (size_t done = 0; done < content->size;) {
		ssize_t put = write(fd, content->at + done, content->size - done);

		must(put > 0);
		done += (size_t)put;
	}
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* A pipe in which each piece is read on its own, as they come from a network. -1: it cannot hold
 * all of them. */
static int pipe_of_pieces(const struct bytes *content, struct dice pieces)
{
	/* Of the kernel: a piece is at most a page, and takes one. */
	enum { PIECE = 4096, PIPE_SIZE = 1024 * 1024 };
	unsigned largest = 1 + dice_below(&pieces, PIECE);
	int ends[2];

	must(pipe2(ends, O_DIRECT | O_CLOEXEC | O_NONBLOCK) == 0);
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	for (size_t done = 0; done < content->size;) {
		size_t left = content->size - done, size = 1 + dice_below(&pieces, largest);

		if (write(ends[1], content->at + done, size < left ? size : left) < 0) {
			must(errno == EAGAIN);
			close(ends[0]);
			close(ends[1]);
			return -1;
		}
		done += size < left ? size : left;
	}
	close(ends[1]);
	must(fcntl(ends[0], F_SETFL, 0) == 0);
	return ends[0];
}

static int open_stream(const struct input *input)
{
	int stream = input->pieces.state ? pipe_of_pieces(&input->stream, input->pieces) : -1;

	return stream >= 0 ? stream : file_in_memory(&input->stream);
}

static void find_fault(struct outcome *outcome, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first one counts. */
static void find_fault(struct outcome *outcome, const char *format, ...)
{
	va_list arguments;

	if (outcome->verdict == TRIAL_FAULT)
		return;
	outcome->verdict = TRIAL_FAULT;
	free(outcome->text);
	va_start(arguments, format);
	must(vasprintf(&outcome->text, format, arguments) >= 0);
	va_end(arguments);
}

static void child_main(const struct world *world, const struct streams *streams,
	enum trial_kind kind, program_main *program) __attribute__((noreturn));

static void child_main(const struct world *world, const struct streams *streams,
	enum trial_kind kind, program_main *program)
{
	const struct rlimit time = {PROCESSOR_SECONDS, PROCESSOR_SECONDS}, none = {0, 0};
	/* Not literals: the type of argv promises that they can be written to. */
	static char name[] = "lighter-native", verb[] = "layer", action[] = "apply",
		    target_flag[] = "--target", target[] = TARGET, map_flag[] = "--id-map",
		    squash_flag[] = "--squash";
	char *argv[] = {name, verb, action, target_flag, target, map_flag, world->id_map,
		kind == TRIAL_SQUASHED ? squash_flag : NULL, NULL};
	int code;

	if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
		dup2(streams->in, 0) < 0 || dup2(streams->out, 1) < 0 ||
		dup2(streams->error, 2) < 0 || syscall(SYS_close_range, 3U, ~0U, 0U) < 0 ||
		setrlimit(RLIMIT_CPU, &time) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		_exit(98);
	code = program(kind == TRIAL_SQUASHED ? 8 : 7, argv);
	fflush(stdout);
	_exit(code);
}

/* Orphans of a trial are ours. One that is in another group by now is left alone. */
static void reap_orphans(void)
{
	for (int attempt = 0; attempt < 100 && waitpid(-1, NULL, WNOHANG) != -1; attempt++)
		usleep(10000);
}

/* Waits for the end of the program, and ends what it left. */
static int wait_for_end(pid_t child, struct outcome *outcome)
{
	auto_close int handle = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd event = {.fd = handle, .events = POLLIN};
	struct rusage used;
	int status;

	must(handle >= 0);
	if (poll(&event, 1, WAIT_SECONDS * 1000) == 0)
		find_fault(outcome, "did not end");
	/* Its group: the number is not used again before it has been waited for. */
	kill(-child, SIGKILL);
	must(wait4(child, &status, 0, &used) == child);
	outcome->memory = used.ru_maxrss;
	outcome->seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	if (outcome->memory > MEMORY_KIB)
		find_fault(outcome, "took %ld KiB of memory", outcome->memory);
	if (waitpid(-1, NULL, WNOHANG) != -1) {
		find_fault(outcome, "left a process behind");
		reap_orphans();
	}
	return status;
}

static void judge_applied(const struct input *input, enum trial_kind kind, const json_t *report,
	const char *text, struct outcome *outcome)
{
	const char *diff_id = json_string_value(json_object_get(report, "diffId"));
	char expected[DIGEST_TEXT_SIZE];
	struct digest digest;

	digest_init(&digest);
	digest_update(&digest, input->plain.at, input->plain.size);
	digest_finish(&digest, expected);
	if (!diff_id || !json_is_integer(json_object_get(report, "bytes")) ||
		!json_is_integer(json_object_get(report, "entries")))
		find_fault(outcome, "reported %s", text);
	else if (kind != TRIAL_COPY && input->is_known && strcmp(diff_id, expected) != 0)
		find_fault(outcome, "has the diffID %s in place of %s", diff_id, expected);
}

/* A failure is the input's: one clean sentence about it. */
static void judge_refused(
	enum trial_kind kind, const json_t *report, const char *text, struct outcome *outcome)
{
	const char *blamed = json_string_value(json_object_get(report, "kind"));
	const char *message = json_string_value(json_object_get(report, "message"));

	if (outcome->verdict != TRIAL_FAULT)
		outcome->verdict = TRIAL_REFUSED;
	if (!blamed || !message || !*message) {
		find_fault(outcome, "reported %s", text);
		return;
	}
	if (kind != TRIAL_COPY && strcmp(blamed, "bad-input") != 0 &&
		strcmp(blamed, "id-range") != 0)
		find_fault(outcome, "blamed the machine (%s): %s", blamed, message);
	for (const char *at = message; *at; at++)
		if ((unsigned char)*at < ' ')
			find_fault(outcome, "has a message of several lines: %s", message);
	if (outcome->verdict == TRIAL_REFUSED)
		outcome->text = strdup(message);
}

static void judge_report(const struct input *input, enum trial_kind kind, int status,
	const struct bytes *said, struct outcome *outcome)
{
	auto_free char *text = strndup(said->size ? (const char *)said->at : "", said->size);
	json_t *report = json_loads(text, 0, NULL);
	const char *event = json_string_value(json_object_get(report, "event"));
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	must(text);
	if (WIFSIGNALED(status))
		find_fault(outcome, "was ended by the signal %d", WTERMSIG(status));
	else if (!event || !strchr(text, '\n') || strchr(text, '\n')[1])
		find_fault(outcome, "ended with code %d and said '%s'", code, text);
	else if (code == 0 && strcmp(event, "applied") == 0)
		judge_applied(input, kind, report, text, outcome);
	else if (code == 125 && strcmp(event, "failed") == 0)
		judge_refused(kind, report, text, outcome);
	else
		find_fault(outcome, "ended with code %d and said '%s'", code, text);
	json_decref(report);
}

/* The world must be as it was, once the target is gone: what was done to it and undone shows in its
 * times. */
static void judge_world(const struct world *world, enum trial_kind kind, struct outcome *outcome)
{
	struct failure failure = {0};
	auto_free char *made = watch_target(kind);
	auto_close int parent = open(PARENT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (made)
		find_fault(outcome, "%s", made);
	must(parent >= 0);
	if (remove_tree(parent, TARGET_NAME, &failure) < 0)
		find_fault(outcome, "cannot be removed: %s", failure.message);

	auto_free char *difference = world_difference(world, false);

	if (difference)
		find_fault(outcome, "%s", difference);
}

void trial_run(const struct world *world, const struct input *input, enum trial_kind kind,
	program_main *program, struct outcome *ret)
{
	const struct bytes nothing = {0};
	auto_close int in = open_stream(input);
	auto_close int out = file_in_memory(&nothing);
	auto_close int error = file_in_memory(&nothing);
	const struct streams streams = {in, out, error};
	struct bytes said = {0}, complaint = {0};
	pid_t child;
	int status;

	*ret = (struct outcome){0};
	if (kind == TRIAL_LAYER && world->single)
		kind = TRIAL_SQUASHED;
	fflush(stdout);
	child = fork();
	must(child >= 0);
	if (child == 0)
		child_main(world, &streams, kind, program);
	status = wait_for_end(child, ret);
	must(lseek(out, 0, SEEK_SET) == 0 && lseek(error, 0, SEEK_SET) == 0);
	bytes_read(&said, out);
	bytes_read(&complaint, error);
	if (complaint.size > 0)
		find_fault(ret, "complained: %.*s", (int)complaint.size, (char *)complaint.at);
	judge_report(input, kind, status, &said, ret);
	judge_world(world, kind, ret);
	bytes_free(&said);
	bytes_free(&complaint);
}
