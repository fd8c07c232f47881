/* SPDX-License-Identifier: Apache-2.0 */
/* Copying an archive's entries into a directory that lives: what `cp` does at its end. Unlike a
 * layer's archive, names that begin with `.wh.` mean nothing. */
#ifndef LIGHTER_UNPACK_H
#define LIGHTER_UNPACK_H

#include <stdbool.h>
#include <sys/types.h>

#include "fail.h"
#include "userns.h"

enum unpack_owner {
	UNPACK_CALLER, /* on the host: everything belongs to whoever calls, set-id bits are dropped
			*/
	UNPACK_ONE,    /* in a container: everything belongs to one user of it */
	UNPACK_KEEP,   /* in a container: as the archive says */
};

struct unpack {
	int root;	       /* names are resolved below it */
	const char *directory; /* inside the root, where the entries go; "" = the root itself */
	const char *shown;     /* the same as messages name it */
	bool follow;	       /* symbolic links on the way to an entry count, inside the root */
	enum unpack_owner owner;
	uid_t uid; /* for UNPACK_ONE */
	gid_t gid;
	/* A directory takes the place of another object, and the other way round; else that is
	 * refused. */
	bool overwrite;
	const struct id_map *map; /* but for UNPACK_CALLER */
	bool squash;		  /* the same: one id only, others are put down in attributes */
	bool overrides;		  /* for UNPACK_KEEP: owners and modes go to attributes */
	/* Told the path of each directory that the archive itself names; may be NULL. */
	void (*named)(void *context, const char *path);
	void *context;
};

/* Reads an archive (gzip, zstd or plain) from input. An empty input is an empty archive. */
int unpack(const struct unpack *unpack, int input, struct failure *out);

#endif
