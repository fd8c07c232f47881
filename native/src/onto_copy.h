/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories are copied to a place in a union. */
#ifndef LIGHTER_ONTO_COPY_H
#define LIGHTER_ONTO_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layer_stack.h"
#include "onto.h"
#include "tree_path.h"

/* How it is done: COPY's way, or that of an archive that is unpacked. */
struct onto_how {
	const struct onto_made *owner; /* of everything; NULL: the source's */
	const char *mode;	       /* as mode_change.h; NULL: the source's */
	bool keep_existing;	       /* directories that are there keep what they are */
	bool replace;		       /* directories and other objects take each other's place */
	bool link; /* files of the source become those of the union: it is on the same file system,
		      and goes away */
	/* Of a source in which some directories say nothing of themselves. NULL: all do. */
	bool (*says_something)(void *context, const char *path);
	void *context;
};

/* A directory on the way from where the copy began. */
struct onto_copy_level {
	dev_t device; /* of the source's directory above it */
	ino_t inode;
	char *back; /* where the union's place was before a link was followed; NULL: above */
};

struct onto_copy {
	struct onto *onto;
	const struct onto_how *how;
	const char *from; /* where the copy began, for messages */
	struct layer_stack source;
	bool plain;	      /* the source is a directory of the host */
	struct tree_path rel; /* from where the copy began to where it is */
	struct onto_copy_level *levels;
	size_t depth, capacity;
	void *firsts; /* struct first_name, of tsearch(3) */
};

/* Copies the object `name` at the place of the source to `to` at the place of the union. */
int onto_copy_object(struct onto_copy *copy, const char *name, const char *to);

/* Goes into a directory of the source, and into that of the same name in the union, which is made
 * where it is missing. `says`: the copy is of the directory itself, too; else it only leads to
 * what is in it. */
int onto_copy_enter(struct onto_copy *copy, const char *name, bool says);
int onto_copy_leave(struct onto_copy *copy);

/* All that is in the directory of the source. */
int onto_copy_children(struct onto_copy *copy);

/* Files that are copied later are no other names of those that were copied. */
void onto_copy_forget(struct onto_copy *copy);

void onto_copy_clear(struct onto_copy *copy);

/* What the copy of an object of that status gets. */
struct layer_status onto_copy_status(const struct onto_copy *copy, const struct stat *status);

/* What messages call an object at the place of the source: its path, the ends of it at least. */
enum { SOURCE_SIZE = 450 };
void onto_copy_source(const struct onto_copy *copy, const char *name, char ret[SOURCE_SIZE]);

/* The failure for a source that is not what it was when it was looked at. Returns -1. */
int onto_copy_stale(const struct onto_copy *copy, const char *name);

/* Copies the bytes of a file, holes as holes. Returns how many the file has, -1 with errno. */
int64_t copy_data(int from, int to, int64_t size);

/* Whether an empty file could get the bytes of another one without a copy. */
bool clone_data(int from, int to);

#endif
