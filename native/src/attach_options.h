/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `run` and `attach`. */
#ifndef LIGHTER_ATTACH_OPTIONS_H
#define LIGHTER_ATTACH_OPTIONS_H

#include <stdbool.h>

#include "clients.h"
#include "fail.h"
#include "terminal.h"

/* So many clients may be connected before the container is started, beside the caller itself. */
enum { EARLY_CLIENTS_MAX = 64 };

struct early_client {
	int fd; /* a connected socket */
	struct attachment attached;
};

struct attach_options {
	const char *container;			 /* the container's directory */
	const char *name;			 /* as the user calls it, or NULL */
	const char *prepared;			 /* what is to be in force there, or NULL */
	const char *print;			 /* for standard output once the container runs */
	const char *error_prefix, *error_suffix; /* around what is said about a failure */
	bool detach;
	bool input, output, error; /* which streams the caller wants */
	bool proxy_signals;
	struct detach_keys detach_keys;
	int failure_code; /* the exit code when the container cannot be started; 0 = by kind */
	int report_fd;	  /* -1 = messages for people on standard error */
	struct early_client early[EARLY_CLIENTS_MAX];
	size_t early_count;
};

/* argv[0] is the verb. */
int attach_options_parse(int argc, char **argv, struct attach_options *ret, struct failure *out);

/* Undoes what the caller's runtime left: signal handling, non-blocking standard streams, open
 * descriptors other than the report's and the early clients'. Missing standard streams become
 * /dev/null. */
int attach_reset_process(const struct attach_options *options, struct failure *out);

/* The exit code of the verb when the container cannot be started. */
int attach_exit_code(const struct attach_options *options, const struct failure *why);

/* Tells why the verb failed, as a report or as text; returns the exit code. */
int attach_report_failure(const struct attach_options *options, const struct failure *why);

#endif
