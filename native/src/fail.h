/* SPDX-License-Identifier: Apache-2.0 */
/* Errors travel up with the step that failed; only a verb's main function reports them. */
#ifndef LIGHTER_FAIL_H
#define LIGHTER_FAIL_H

#include <stddef.h>

/* What kind of failure it was, for callers that choose an exit code. Mirrored in
 * lib/runtime/protocol.ts. */
enum failure_kind {
	FAILURE_SETUP,	   /* anything that went wrong before the program could start: exit 125 */
	FAILURE_NOT_FOUND, /* the command, or a part of its path, does not exist: exit 127 */
	FAILURE_NOT_EXECUTABLE, /* the command exists and cannot be executed: exit 126 */
	FAILURE_BAD_INPUT,	/* the bundle, plan or arguments are wrong */
	FAILURE_NO_USER,	/* the user or group is not in the image */
	FAILURE_ALREADY,	/* the object is already in the state asked for */
	FAILURE_UNSUPPORTED,	/* asked for something this program refuses by name */
	FAILURE_NO_SPACE,	/* the disk or quota is full */
	FAILURE_ID_RANGE,	/* a file belongs to an id that the user has not got */
	FAILURE_ENDED,		/* the container runs no more */
	FAILURE_STALE,		/* the object was changed since it was looked at */
};

struct failure {
	enum failure_kind kind;
	int error;	   /* errno, or 0 when no system call failed */
	const char *step;  /* a string literal: the step that failed */
	char message[512]; /* one sentence without a full stop; strerror(error) is already part of
			      it */
};

/* Fills *out with kind FAILURE_SETUP (FAILURE_NO_SPACE for ENOSPC/EDQUOT) and returns -1.
 * When error is not 0, ": " and its text are appended to the message. */
int fail(struct failure *out, int error, const char *step, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same with an explicit kind. */
int fail_kind(struct failure *out, enum failure_kind kind, int error, const char *step,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Puts what was being done, and ": ", before the message. */
void failure_within(struct failure *out, const char *what);

/* Makes one line of a message with names in it that others chose. */
void failure_flatten(struct failure *out);

/* The name of a kind in the protocol: "setup", "not-found", "not-executable", … */
const char *failure_kind_name(enum failure_kind kind);

/* Docker's exit code for a failure: 127, 126 or 125. */
int failure_exit_code(const struct failure *failure);

/* Writes {"event":"failed",...} as one JSON line to fd (see docs/native-protocol.md). */
int failure_report(int fd, const struct failure *failure);

/* Sends and receives a failure over a pipe between processes of this program, as a fixed-size
 * record. failure_receive returns 1 when a failure was read, 0 at end of file (no failure), -1 on
 * error. */
int failure_send(int fd, const struct failure *failure);
int failure_receive(int fd, struct failure *out);

#endif
