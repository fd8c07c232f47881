/* SPDX-License-Identifier: Apache-2.0 */
/* What the sealing of a tree shares; only seal*.c use this. */
#ifndef LIGHTER_SEAL_PARTS_H
#define LIGHTER_SEAL_PARTS_H

#include <stdbool.h>

#include "layer_stack.h"
#include "pack.h"
#include "seal.h"
#include "tree_path.h"
#include "tree_tidy.h"

#define SEAL_STEP "seal"

/* A directory on the way down. It is part of the layer when it is told of: at once when it is a
 * change itself, else when something in it is. */
struct seal_level {
	struct packed packed;
	bool told;
	bool hidden; /* nothing of the layers below is seen through it */
};

struct seal {
	const struct seal_options *options;
	struct pack pack;
	struct tidy tidy;
	struct layer_stack layers; /* below, at the directory of the walk */
	struct tree_path path;
	struct seal_level *levels;
	size_t depth, capacity;
	bool hidden; /* of the root */
	bool failed;
	struct failure *out;
};

/* Fills *out, unless something failed before. */
void seal_cannot(struct seal *seal, int error, const char *what);

/* The same, after a failure that has filled *out: result < 0. */
void seal_note(struct seal *seal, int result);

/* Archives have whole seconds only, and the tree is to be what its archive makes. */
void seal_cut_time(const struct seal *seal, struct stat *status);
void seal_set_time(struct seal *seal, int directory, const char *name, const struct stat *status);

/* Tells of the first `depth` directories on the way that were not told of yet. */
void seal_tell_above(struct seal *seal, size_t depth);

/* unlinkat. */
void seal_drop(struct seal *seal, int directory, const char *name, int flags);

/* `entry` of a struct tree_visitor. */
void seal_visit_entry(void *context, int directory, const char *name);

/* Makes the marks of a directory plain: whiteouts for what files say, and for all that is hidden.
 * The layers stand at it. Returns -1 after a failure. */
int seal_marks(struct seal *seal, int directory, bool *hidden);

/* Whether the layers below have an object, of the directory where they stand, as it is. -1: a
 * failure. */
int seal_is_below(struct seal *seal, int directory, const char *name, const struct packed *packed);

/* Whether a thing that the layers below lack is an unused mount point of the step. */
bool seal_is_placeholder(const struct seal *seal, const struct packed *packed);

#endif
