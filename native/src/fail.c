/* SPDX-License-Identifier: Apache-2.0 */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "scope.h"

static const char *const kind_names[] = {
	[FAILURE_SETUP] = "setup",
	[FAILURE_NOT_FOUND] = "not-found",
	[FAILURE_NOT_EXECUTABLE] = "not-executable",
	[FAILURE_BAD_INPUT] = "bad-input",
	[FAILURE_NO_USER] = "no-user",
	[FAILURE_ALREADY] = "already",
	[FAILURE_UNSUPPORTED] = "unsupported",
	[FAILURE_NO_SPACE] = "no-space",
	[FAILURE_ID_RANGE] = "id-range",
	[FAILURE_ENDED] = "ended",
	[FAILURE_STALE] = "stale",
};

/* Length of the UTF-8 character at text, 0 = a control character or none at all. */
static size_t printable_length(const unsigned char *text)
{
	unsigned char first = text[0], second = text[1];
	size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (first < 0x80)
		return first == '\n' || first == '\t' || (first >= 0x20 && first != 0x7f);
	if (first < 0xc2 || first > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Control characters of two bytes, overlong forms, surrogates, and beyond U+10FFFF. */
	if ((first == 0xc2 && second < 0xa0) || (first == 0xe0 && second < 0xa0) ||
		(first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
		(first == 0xf4 && second > 0x8f))
		return 0;
	return length;
}

/* Names in a message come from images: they must not steer the reader's terminal, and JSON takes
 * only UTF-8. */
static void clean(char *text)
{
	while (*text) {
		size_t length = printable_length((const unsigned char *)text);

		if (length == 0)
			*text = '?';
		text += length ? length : 1;
	}
}

static int fill(struct failure *out, enum failure_kind kind, int error, const char *step,
	const char *format, va_list arguments)
{
	int length;

	out->kind = kind;
	out->error = error;
	out->step = step;
	length = vsnprintf(out->message, sizeof(out->message), format, arguments);
	if (error && length >= 0 && (size_t)length < sizeof(out->message))
		snprintf(out->message + length, sizeof(out->message) - (size_t)length, ": %s",
			strerror(error));
	clean(out->message);
	return -1;
}

int fail(struct failure *out, int error, const char *step, const char *format, ...)
{
	enum failure_kind kind =
		error == ENOSPC || error == EDQUOT ? FAILURE_NO_SPACE : FAILURE_SETUP;
	va_list arguments;

	va_start(arguments, format);
	fill(out, kind, error, step, format, arguments);
	va_end(arguments);
	return -1;
}

int fail_kind(struct failure *out, enum failure_kind kind, int error, const char *step,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fill(out, kind, error, step, format, arguments);
	va_end(arguments);
	return -1;
}

void failure_within(struct failure *out, const char *what)
{
	char message[sizeof(out->message)];

	memcpy(message, out->message, sizeof(message));
	snprintf(out->message, sizeof(out->message), "%s: %.*s", what,
		(int)(sizeof(message) - strlen(what) - 3), message);
}

void failure_flatten(struct failure *out)
{
	for (char *at = out->message; *at; at++)
		if (*at == '\n' || *at == '\t')
			*at = '?';
}

const char *failure_kind_name(enum failure_kind kind)
{
	return kind_names[kind];
}

int failure_exit_code(const struct failure *failure)
{
	if (failure->kind == FAILURE_NOT_FOUND)
		return 127;
	if (failure->kind == FAILURE_NOT_EXECUTABLE)
		return 126;
	return 125;
}

int failure_report(int fd, const struct failure *failure)
{
	json_t *report = json_pack("{s:s, s:s, s:s, s:i, s:s}", "event", "failed", "kind",
		failure_kind_name(failure->kind), "step", failure->step ? failure->step : "",
		"errno", failure->error, "message", failure->message);
	char *text = report ? json_dumps(report, JSON_COMPACT) : NULL;
	int result = -1;

	if (text)
		result = dprintf(fd, "%s\n", text) < 0 ? -1 : 0;
	free(text);
	json_decref(report);
	return result;
}

/* The step is a literal of this program, so its text travels and is interned on arrival. */
struct wire_failure {
	int kind;
	int error;
	char step[64];
	char message[512];
};

int failure_send(int fd, const struct failure *failure)
{
	struct wire_failure wire = {.kind = (int)failure->kind, .error = failure->error};

	snprintf(wire.step, sizeof(wire.step), "%s", failure->step ? failure->step : "");
	memcpy(wire.message, failure->message, sizeof(wire.message));
	return retry_eintr(write(fd, &wire, sizeof(wire))) == (ssize_t)sizeof(wire) ? 0 : -1;
}

int failure_receive(int fd, struct failure *out)
{
	static char step[64];
	struct wire_failure wire;
	size_t have = 0;

	while (have < sizeof(wire)) {
		ssize_t got = retry_eintr(read(fd, (char *)&wire + have, sizeof(wire) - have));

		if (got < 0)
			return -1;
		if (got == 0)
			return have == 0 ? 0 : -1;
		have += (size_t)got;
	}
	wire.step[sizeof(wire.step) - 1] = '\0';
	wire.message[sizeof(wire.message) - 1] = '\0';
	memcpy(step, wire.step, sizeof(step));
	out->kind = (enum failure_kind)wire.kind;
	out->error = wire.error;
	out->step = step;
	memcpy(out->message, wire.message, sizeof(out->message));
	return 1;
}
