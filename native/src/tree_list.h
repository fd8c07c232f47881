/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the union of layers, written as records: see `tree list` of docs/native-protocol.md.
 */
#ifndef LIGHTER_TREE_LIST_H
#define LIGHTER_TREE_LIST_H

#include <stdbool.h>
#include <stdio.h>

#include "fail.h"
#include "spec.h"

struct tree_list_options {
	struct string_list layers; /* the topmost first */
	struct string_list paths;
	bool squash;	 /* owners are in attributes */
	bool digests;	 /* contents and attributes are read */
	bool no_content; /* … attributes alone */
	long depth;	 /* -1 = all */
};

int tree_list(const struct tree_list_options *options, FILE *output, struct failure *out);

#endif
