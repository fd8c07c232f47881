/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of `tree copy`: see "Trees of builds" of docs/native-protocol.md. */
#ifndef LIGHTER_ONTO_REQUEST_H
#define LIGHTER_ONTO_REQUEST_H

#include <jansson.h>

#include "onto.h"
#include "onto_copy.h"

/* One operation on its way. */
struct onto_operation {
	struct onto *onto;
	const json_t *value;
	struct onto_made made; /* what directories on the way get */
	bool has_owner;	       /* of what is copied: that of `made` */
	const char *mode;      /* as text; NULL: the source's */
	char mode_text[8];
};

int onto_bad_request(const struct onto *onto, const char *member);

/* Text of a member; NULL where it has another type or is missing. */
const char *onto_text(const json_t *object, const char *member);

/* Reads what operations have in common, and finds the owner in the union. */
int onto_read_operation(struct onto *onto, const json_t *value, struct onto_operation *ret);

/* Opens a file of the union, links followed: 1 where there is none. */
int onto_open_file(struct onto *onto, const char *path, int *ret);

/* Whether a path is relative, without "." and ".."; empty is the root. */
bool onto_source_is_clean(const char *path);

/* Opens the source that a request names. */
int onto_source_open(struct onto_copy *copy, const json_t *source);

/* Goes down to the directory path[0..length) of the source, and back to its root. */
int onto_source_go(struct onto_copy *copy, const char *path, size_t length);
int onto_source_return(struct onto_copy *copy);

/* The operation `copy`; `source`: of the request, where the operation has none. */
int onto_run_copy(struct onto_operation *operation, const json_t *source);

/* Unpacks the archive, which is open, into the directory `to` of the union. 1: it is none. */
int onto_unpack(struct onto_operation *operation, int archive, const char *to);

#endif
