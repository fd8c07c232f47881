/* SPDX-License-Identifier: Apache-2.0 */
/* The upper directory of an overlay becomes the tree of a layer: see "Trees of builds" of
 * docs/native-protocol.md. */
#ifndef LIGHTER_SEAL_H
#define LIGHTER_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"
#include "fail.h"
#include "later.h"
#include "spec.h"

struct seal_options {
	struct string_list lower;	 /* the topmost first */
	struct string_list placeholders; /* absolute */
	bool links_are_new; /* what has several names has got them in this tree: none comes from
			       below */
	bool squash;	    /* owners are in attributes */
	bool is_limited;    /* times after `latest` become it */
	int64_t latest;
	int archive;	     /* a file for the archive; -1: none */
	struct later *later; /* files that get their bytes now; NULL: all have them */
	const char *expect; /* a digest: of a tree that has it these files need no bytes; or NULL */
};

struct sealed {
	char diff_id[DIGEST_TEXT_SIZE];
	uint64_t bytes, entries, size;
	bool is_expected; /* the tree is not whole */
};

/* The directory upper is closed. */
int seal(const struct seal_options *options, int upper, struct sealed *ret, struct failure *out);

#endif
