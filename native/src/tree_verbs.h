/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs `tree …` have in common; only tree_*verb*.c use this. */
#ifndef LIGHTER_TREE_VERBS_H
#define LIGHTER_TREE_VERBS_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "seal.h"
#include "spec.h"
#include "userns.h"

/* What may stand on their command lines. Lists point into argv. */
struct tree_arguments {
	struct id_map map;
	bool squash, digests, no_content;
	struct string_list lower; /* also `--layers` */
	struct string_list placeholders;
	struct string_list operands;
	const char *archive, *request;
	bool is_limited;
	int64_t latest;
	long depth; /* -1 = all */
};

int tree_pack_run(const struct tree_arguments *arguments, struct failure *out);
int tree_seal_run(const struct tree_arguments *arguments, struct failure *out);
int tree_copy_run(const struct tree_arguments *arguments, struct failure *out);
int tree_list_run(const struct tree_arguments *arguments, struct failure *out);

/* The failure for arguments that are not those of the verb. Returns -1. */
int tree_usage(struct failure *out, const char *verb);

int tree_open(const char *path, struct failure *out);

/* Seals the directory, and writes its archive where a path for one is given, and the report
 * `sealed`. */
int tree_seal(const struct seal_options *options, const char *upper, const char *archive,
	struct failure *out);

/* Writes {"event":EVENT,…} with the members of `more` (taken over; NULL: no memory). */
int tree_report(const char *event, void *more, struct failure *out);

#endif
