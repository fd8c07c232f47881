/* SPDX-License-Identifier: Apache-2.0 */
/* Large files whose bytes are copied when the tree that they are in is sealed: read once, they go
 * to the file, into the digest and into the archive. Until then the file is as long as it will be,
 * and empty. */
#ifndef LIGHTER_LATER_H
#define LIGHTER_LATER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "fail.h"
#include "tar_write.h"

enum { LATER_LIMIT = 32, LATER_SIZE = 4 << 20 };

struct later_file {
	dev_t device; /* of the copy */
	ino_t inode;
	int from, to;
	struct stat source;
	bool steady; /* nobody else can change the source */
	char *name;  /* of the source, for messages */
};

struct later {
	struct later_file files[LATER_LIMIT];
	size_t count;
	bool is_new; /* a directory has the time at which it was made: no tree was like this one */
	bool held;   /* archives get the bytes, files wait for later_finish */
	struct failure *out;
};

/* Whether the copy of the open file, with that mode, is for later. */
bool later_wants(const struct later *later, int from, const struct stat *source, mode_t mode);

/* Takes both descriptors over; the name is copied. */
int later_add(struct later *later, const struct later_file *file);

/* NULL: the file has its bytes. */
struct later_file *later_find(struct later *later, const struct stat *copy);

/* Copies the bytes, into the archive too where one is given, and forgets the file; its times stay.
 * Of one that is held only the archive gets them. */
int later_copy(struct later *later, struct later_file *file, struct tar *tar);

/* Copies what is left. */
int later_finish(struct later *later);

void later_clear(struct later *later);

/* The failure for a source that is not what it was when it was looked at. Returns -1. */
int later_stale(struct failure *out, const char *name);

#endif
