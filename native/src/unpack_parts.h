/* SPDX-License-Identifier: Apache-2.0 */
/* What the unpacking of an archive shares; only unpack*.c use this. */
#ifndef LIGHTER_UNPACK_PARTS_H
#define LIGHTER_UNPACK_PARTS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include <archive_entry.h>

#include "fail.h"
#include "layer_attributes.h"
#include "layer_source.h"
#include "unpack.h"

#define UNPACK_STEP "unpack"

/* Its mode and times are set at the end: until then files are made in it. */
struct late_directory {
	char *path;
	mode_t mode;
	struct timespec times[2];
};

struct unpacking {
	const struct unpack *options;
	struct layer layer; /* what the functions for attributes want to know */
	struct layer_source *source;
	bool source_failed;
	size_t received; /* bytes of the archive so far */
	bool between;	 /* what is read comes behind an entry's data */
	struct late_directory *late;
	size_t late_count, late_capacity;
	struct failure *out;
};

struct spot {
	const char *path; /* below the root */
	const char *name; /* its last component; "." = the directory itself */
	int parent;
};

/* What a container refuses is told as Docker's daemon tells it: with the whole path, the system's
 * text (of errno) beginning with a small letter. Returns -1. */
int unpack_cannot(const struct unpacking *unpacking, const char *verb, const char *path);

/* "a//./b/" becomes "a/b". What leads up is refused: no honest archive has it. */
int unpack_clean(const char *name, char ret[PATH_MAX], struct failure *out);

/* The directory that an entry goes to, made where it is missing. */
int unpack_open_parent(struct unpacking *unpacking, const char *relative, const char **ret_name);

/* What is no directory makes room for what is none. Returns 1 when a directory is there already. */
int unpack_make_room(struct unpacking *unpacking, const struct spot *spot, bool directory);

/* Makes one entry. Returns 1 where the archive itself is broken. */
int unpack_make(struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot);

#endif
