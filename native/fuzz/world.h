/* SPDX-License-Identifier: Apache-2.0 */
/* The machine that layers are applied on: a user namespace with a file system of its own, in which
 * everything is watched but the target. */
#ifndef LIGHTER_FUZZ_WORLD_H
#define LIGHTER_FUZZ_WORLD_H

#include <stdbool.h>

#include "bytes.h"

/* The target is made in PARENT, as the program's own directories of layers are. */
#define AROUND "/var/lib/around"
#define PARENT AROUND "/parent"
#define BESIDE AROUND "/beside"
#define TARGET_NAME "fs"
#define TARGET PARENT "/" TARGET_NAME

struct world {
	char *id_map;		   /* as `--id-map` has it */
	bool single;		   /* there is but one id */
	struct bytes quick, whole; /* records of what it looks like, with and without contents */
};

/* Whether this machine lets us make one; NULL, or the reason why not. */
const char *world_is_impossible(void);

/* Moves the calling process into a new world, and records what it looks like. */
void world_enter(struct world *ret);

/* Compares what is there with what was recorded. Returns a line about the first difference, which
 * is the caller's, or NULL. */
char *world_difference(const struct world *world, bool contents);

#endif
