/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are put into an upper directory over layers which are not mounted: a place in the
 * union of both, that moves. Where it comes along, the upper directory gets the directories of the
 * layers; what of them stays as it was is left out when the tree is sealed. */
#ifndef LIGHTER_ONTO_H
#define LIGHTER_ONTO_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "later.h"
#include "layer_attributes.h"
#include "layer_stack.h"
#include "spec.h"
#include "tree_path.h"

#define ONTO_STEP "copy"

/* A directory on the way to the place. */
struct onto_level {
	bool is_fresh; /* the upper directory got it for this: it has no whiteouts */
	bool is_timed;
	struct timespec modified; /* set when it is left */
};

/* What directories get that are made on the way. */
struct onto_made {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	bool is_timed; /* else: now */
	int64_t time;
};

struct onto {
	struct layer layer;	  /* how owners are kept; `out` has the failure */
	struct layer_stack stack; /* the upper directory, then the layers */
	int root;		  /* of the upper directory */
	struct tree_path path;	  /* of the place; the root's is empty */
	struct onto_level *levels;
	size_t depth, capacity;
	uint64_t entries, bytes; /* what was made */
	struct later *later;	 /* NULL: all bytes are copied at once */
};

/* Opens the upper directory and the layers below it, the topmost first. */
int onto_open(struct onto *ret, const char *upper, const struct string_list *lower,
	const struct layer *layer);
void onto_close(struct onto *onto);

/* The directory of the upper tree at the place. */
int onto_directory(const struct onto *onto);

/* Fills the failure for an object of that name at the place. Returns -1. */
int onto_cannot(const struct onto *onto, int error, const char *verb, const char *name);

/* Goes to the directory `path` of the union; symbolic links count inside it. What is missing is
 * made as `made` says; NULL: 1 is returned then. */
int onto_go(struct onto *onto, const char *path, const struct onto_made *made);

/* Goes to where the last name of the path is to be, links followed. ret_name is "" where the path
 * is the place itself. */
int onto_locate(struct onto *onto, const char *path, const struct onto_made *made,
	char ret_name[NAME_MAX + 1]);

/* Looks a name up at the place: as layer_stack_find. */
int onto_find(const struct onto *onto, const char *name, struct stat *ret);

/* Goes into a directory that is there. */
int onto_enter(struct onto *onto, const char *name);

/* Makes a directory, where nothing of that name is, and goes into it. */
int onto_make(struct onto *onto, const char *name, const struct onto_made *made);

/* Back to the directory above, and to the root. */
int onto_leave(struct onto *onto);
int onto_leave_all(struct onto *onto);

/* The time that the directory at the place gets when it is left. */
void onto_set_time(struct onto *onto, const struct timespec *modified);

/* Removes what the upper directory has of that name, whiteouts too: something else is to be made.
 */
int onto_clear(struct onto *onto, const char *name);

#endif
