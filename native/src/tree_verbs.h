/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs `tree …` have in common; only tree_*verb*.c use this. */
#ifndef LIGHTER_TREE_VERBS_H
#define LIGHTER_TREE_VERBS_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
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

/* Writes {"event":EVENT,…} with the members of `more` (taken over; NULL: no memory). */
int tree_report(const char *event, void *more, struct failure *out);

#endif
