/* SPDX-License-Identifier: Apache-2.0 */
/* What `exec` was asked to do, read from the container's directory. */
#ifndef LIGHTER_EXEC_REQUEST_H
#define LIGHTER_EXEC_REQUEST_H

#include <stdbool.h>

#include "fail.h"
#include "identity.h"
#include "plan.h"
#include "seccomp.h"
#include "spec.h"

struct exec_request {
	const char *id;		   /* of the container, the plan's */
	struct identity container; /* the container's first process */
	struct spec_process process;
	char *user;			  /* NULL: the numbers of process.user */
	const struct string_list *groups; /* further ones of every user, the plan's */
	bool detach;
	bool stdin_open;
	bool keeps_result;		     /* the exit code stays for others to read */
	const struct seccomp_filter *filter; /* of the container; NULL = none */
	struct json_t *document;	     /* keeps what process points into */
};

/* Reads file, and unlinks it unless `keep`, reads DIR/state.json and DIR/bundle/config.json. Kind
 * "setup" with a sentence when the container does not run. */
int exec_request_load(const char *container, const char *file, const struct plan *plan, bool keep,
	struct exec_request *ret, struct failure *out);
void exec_request_clear(struct exec_request *request);

#endif
