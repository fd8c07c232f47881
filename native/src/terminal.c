/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "scope.h"

static struct termios saved;
static volatile sig_atomic_t raw_fd = -1;

static const int fatal_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS,
	SIGFPE, SIGSEGV, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGSYS};

void terminal_restore(void)
{
	int error = errno;
	int fd = raw_fd;

	raw_fd = -1;
	if (fd >= 0)
		retry_eintr(tcsetattr(fd, TCSADRAIN, &saved));
	errno = error;
}

/* SA_RESETHAND gave the signal its default action back: it now ends the process as it would have.
 */
static void restore_and_die(int number)
{
	terminal_restore();
	raise(number);
}

static void watch_fatal_signals(void)
{
	struct sigaction action = {
		.sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

	for (size_t i = 0; i < array_size(fatal_signals); i++) {
		struct sigaction current;

		if (sigaction(fatal_signals[i], NULL, &current) == 0 &&
			current.sa_handler == SIG_DFL)
			sigaction(fatal_signals[i], &action, NULL);
	}
}

int terminal_raw(int fd, struct failure *out)
{
	static bool registered;
	struct termios raw;

	if (tcgetattr(fd, &saved) < 0)
		return fail(out, errno, "terminal", "cannot read the terminal's settings");
	if (!registered) {
		if (atexit(terminal_restore) != 0)
			return fail(out, ENOMEM, "terminal", "cannot watch the terminal");
		watch_fatal_signals();
		registered = true;
	}
	raw = saved;
	cfmakeraw(&raw);
	raw_fd = fd;
	if (retry_eintr(tcsetattr(fd, TCSANOW, &raw)) < 0) {
		int error = errno;

		terminal_restore();
		return fail(out, error, "terminal", "cannot make the terminal raw");
	}
	return 0;
}

int terminal_size(int fd, struct winsize *ret)
{
	if (ioctl(fd, TIOCGWINSZ, ret) < 0)
		return -1;
	return ret->ws_row > 0 && ret->ws_col > 0 ? 0 : -1;
}

/* The code of one key, or -1. */
static int parse_key(const char *text, size_t length)
{
	if (length == 1)
		return (unsigned char)text[0];
	if (length != 6 || strncmp(text, "ctrl-", 5) != 0)
		return -1;
	if (text[5] >= 'a' && text[5] <= 'z')
		return text[5] - 'a' + 1;
	if (text[5] == '@' || (text[5] >= '[' && text[5] <= '_'))
		return text[5] - '@';
	return -1;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct failure *out)
{
	const char *at = text ? text : "ctrl-p,ctrl-q";

	*ret = (struct detach_keys){0};
	if (!*at)
		return 0;
	for (;;) {
		size_t length = strcspn(at, ",");
		int key = parse_key(at, length);

		if (key < 0)
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "detach-keys",
				"invalid detach keys \"%s\": unknown key '%.*s'", text, (int)length,
				at);
		if (ret->count == DETACH_KEYS_MAX)
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "detach-keys",
				"invalid detach keys: more than %d keys", DETACH_KEYS_MAX);
		ret->keys[ret->count++] = (unsigned char)key;
		if (!at[length])
			return 0;
		at += length + 1;
	}
}

/* The held-back keys and one more byte do not continue the sequence: how much of their end begins
 * it anew. */
static size_t longest_restart(const struct detach_keys *keys, unsigned char byte)
{
	for (size_t length = keys->matched; length > 0; length--)
		if (keys->keys[length - 1] == byte &&
			memcmp(keys->keys, keys->keys + keys->matched - (length - 1), length - 1) ==
				0)
			return length;
	return 0;
}

bool detach_keys_filter(struct detach_keys *keys, const unsigned char *input, size_t length,
	unsigned char *output, size_t *ret_length)
{
	size_t written = 0;

	for (size_t i = 0; i < length; i++) {
		size_t keep, release;

		if (keys->count > 0 && input[i] == keys->keys[keys->matched]) {
			if (++keys->matched < keys->count)
				continue;
			keys->matched = 0;
			*ret_length = written;
			return true;
		}
		keep = longest_restart(keys, input[i]);
		release = keys->matched + 1 - keep;
		if (release <= keys->matched) {
			memcpy(output + written, keys->keys, release);
		} else {
			memcpy(output + written, keys->keys, keys->matched);
			output[written + keys->matched] = input[i];
		}
		written += release;
		keys->matched = keep;
	}
	*ret_length = written;
	return false;
}
