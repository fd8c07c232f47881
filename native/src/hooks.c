/* SPDX-License-Identifier: Apache-2.0 */
#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <jansson.h>

#include "scope.h"

static const char *const stage_names[HOOK_STAGE_COUNT] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

static json_t *annotations_object(const struct spec *spec)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < spec->annotations.count; i++) {
		const char *entry = spec->annotations.items[i];
		size_t length = strcspn(entry, "=");
		auto_free char *key = strndup(entry, length);

		if (!key || json_object_set_new(object, key, json_string(entry + length + 1)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

char *hook_state_json(const struct spec *spec, const struct hook_state *state)
{
	json_t *document = json_pack("{s:s, s:s, s:s, s:s}", "ociVersion", "1.2.0", "id", state->id,
		"status", state->status, "bundle", state->bundle);
	char *text = NULL;

	if (document && state->pid > 0)
		json_object_set_new(document, "pid", json_integer(state->pid));
	if (document && spec->annotations.count > 0)
		json_object_set_new(document, "annotations", annotations_object(spec));
	if (document)
		text = json_dumps(document, JSON_INDENT(2));
	json_decref(document);
	return text;
}

/* In the hook's process: state on stdin, output where the runtime's goes, no other descriptor. */
static void __attribute__((noreturn)) execute(const struct spec_hook *hook, int state, int report)
{
	char *const own_name[] = {hook->path, NULL};
	char *const no_environment[] = {NULL};
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	if (dup2(state, STDIN_FILENO) >= 0 &&
		syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		execve(hook->path, hook->args.count > 0 ? hook->args.items : own_name,
			hook->env.count > 0 ? hook->env.items : no_environment);
	error = errno;
	retry_eintr(write(report, &error, sizeof(error)));
	_exit(127);
}

/* Waits for the process; after the timeout it is killed. Returns 1 when it was in time. */
static int await(pid_t pid, int timeout, int *ret_status)
{
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd event = {.fd = pidfd, .events = POLLIN};
	int ready = 1;

	if (timeout > 0 && pidfd >= 0)
		ready = retry_eintr(poll(&event, 1, timeout * 1000));
	if (ready <= 0)
		kill(pid, SIGKILL);
	if (retry_eintr(waitpid(pid, ret_status, 0)) < 0)
		return -1;
	return ready > 0;
}

static int run_hook(const struct spec_hook *hook, const char *name, int state, struct failure *out)
{
	int ends[2], status = 0, error = 0, in_time;
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, "hooks", "cannot make a pipe");
	auto_close int report = ends[0];

	pid = fork();
	if (pid == 0)
		execute(hook, state, ends[1]);
	close(ends[1]);
	if (pid < 0)
		return fail(out, errno, "hooks", "cannot run the %s hook %s", name, hook->path);
	got = retry_eintr(read(report, &error, sizeof(error)));
	in_time = await(pid, hook->timeout, &status);
	if (got == (ssize_t)sizeof(error))
		return fail(out, error, "hooks", "cannot run the %s hook %s", name, hook->path);
	if (in_time < 0)
		return fail(
			out, errno, "hooks", "cannot wait for the %s hook %s", name, hook->path);
	if (in_time == 0)
		return fail(out, 0, "hooks", "the %s hook %s did not end within %d s", name,
			hook->path, hook->timeout);
	if (WIFSIGNALED(status))
		return fail(out, 0, "hooks", "the %s hook %s was killed by signal %d", name,
			hook->path, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return fail(out, 0, "hooks", "the %s hook %s failed with exit status %d", name,
			hook->path, WEXITSTATUS(status));
	return 0;
}

/* A file instead of a pipe: a hook that does not read cannot block anybody. */
static int open_state(const char *text, struct failure *out)
{
	auto_close int fd = memfd_create("state", MFD_CLOEXEC);
	size_t length = strlen(text), done = 0;

	while (fd >= 0 && done < length) {
		ssize_t written = retry_eintr(write(fd, text + done, length - done));

		if (written < 0)
			return fail(out, errno, "hooks", "cannot write the container's state");
		done += (size_t)written;
	}
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return fail(out, errno, "hooks", "cannot write the container's state");
	return take_fd(&fd);
}

int hooks_run(const struct spec *spec, enum spec_hook_stage stage, const struct hook_state *state,
	struct failure *out)
{
	const struct spec_hooks *hooks = &spec->hooks[stage];
	auto_free char *text = NULL;

	if (hooks->count == 0)
		return 0;
	text = hook_state_json(spec, state);
	if (!text)
		return fail(out, ENOMEM, "hooks", "cannot describe the container's state");
	for (size_t i = 0; i < hooks->count; i++) {
		auto_close int fd = open_state(text, out);

		if (fd < 0 || run_hook(&hooks->items[i], stage_names[stage], fd, out) < 0)
			return -1;
	}
	return 0;
}
