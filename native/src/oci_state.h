/* SPDX-License-Identifier: Apache-2.0 */
/* What the OCI verbs know of a container between two calls: ROOT/ID/ with state.json, the
 * config.json it was created from, exec.fifo while it waits to be started, and a lock file for the
 * verbs that change it. */
#ifndef LIGHTER_OCI_STATE_H
#define LIGHTER_OCI_STATE_H

#include <stdbool.h>

#include "fail.h"
#include "identity.h"

struct oci_call {
	char *root; /* absolute */
	int argc;   /* of the verb: argv[0] is its name */
	char **argv;
};

/* A container's directory, claimed or opened. */
struct oci_container {
	const char *id;
	char *path; /* ROOT/ID */
	int directory;
	int lock; /* -1 when not locked */
};

struct oci_state {
	char *bundle;
	char *cgroup;  /* absolute directory, NULL = none */
	char *created; /* RFC 3339 */
	struct identity process;
};

enum oci_status { OCI_CREATED, OCI_RUNNING, OCI_STOPPED };

/* Reads the global options before the verb. */
int oci_call_parse(int argc, char **argv, struct oci_call *ret, struct failure *out);
void oci_call_clear(struct oci_call *call);

/* Prints the failure as the verbs do and returns their exit code. */
int oci_report(const struct failure *failure);

/* Claims ROOT/ID and locks it. */
int oci_claim(const char *root, const char *id, struct oci_container *ret, struct failure *out);

/* Opens ROOT/ID; kind not-found when there is none. lock: waits (bounded) for other verbs to end.
 */
int oci_open(const char *root, const char *id, bool lock, struct oci_container *ret,
	struct failure *out);

/* Removes the directory. What is left of an interrupted removal is removed by the next one. */
int oci_remove(struct oci_container *container, struct failure *out);
void oci_container_clear(struct oci_container *container);

/* state.json appears whole or not at all. Kind not-found when the container never became whole. */
int oci_state_read(
	const struct oci_container *container, struct oci_state *ret, struct failure *out);
int oci_state_write(
	const struct oci_container *container, const struct oci_state *state, struct failure *out);
void oci_state_clear(struct oci_state *state);

enum oci_status oci_status(const struct oci_container *container, const struct oci_state *state);
const char *oci_status_name(enum oci_status status);

#endif
