/* SPDX-License-Identifier: Apache-2.0 */
/* The root filesystem of a container, running or not, for the commands on its files. */
#ifndef LIGHTER_VIEW_H
#define LIGHTER_VIEW_H

#include <stdbool.h>

#include <jansson.h>

#include "fail.h"
#include "identity.h"
#include "plan.h"

struct view_mount {
	char *source, *destination;
	bool read_only, recursive;
};

/* What the command line says of the container; docs/native-protocol.md, "Views". */
struct view {
	json_t *document;
	char *directory; /* of the container */
	struct id_map id_map;
	struct plan_rootfs rootfs;
	bool running, started; /* now; ever */
	struct identity monitor, process;
	struct view_mount *mounts; /* volumes and binds, for a container that does not run */
	size_t mount_count;
};

/* Reads `--view FILE`, which is unlinked. */
int view_load(const char *path, struct view *ret, struct failure *out);
void view_clear(struct view *view);

enum view_kind {
	VIEW_ROOTFS,	/* without its mounts, to be read */
	VIEW_CONTAINER, /* with its mounts and volumes, to be read */
	VIEW_WRITABLE,	/* the same, to be written to */
};

/* Enters the user namespace of the files, and a mount namespace in which they are to be seen.
 * Nothing is started, and what is mounted ends with this process. Returns the root directory
 * (O_PATH), or -1. */
int view_enter(const struct view *view, enum view_kind kind, struct failure *out);

/* Only the user namespace: the upper directory and the layers can be read then. */
int view_enter_files(const struct view *view, struct failure *out);

/* Whether the files belong to one id, with their owners kept beside them. */
bool view_is_squashed(const struct view *view);

#endif
