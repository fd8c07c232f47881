/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, modes, times and extended attributes of a layer's files. */
#ifndef LIGHTER_LAYER_ATTRIBUTES_H
#define LIGHTER_LAYER_ATTRIBUTES_H

#include <sys/stat.h>
#include <sys/types.h>

#include "layer_entry.h"

/* Where a file made from an image keeps its owner "uid:gid:mode" when everything belongs to one
 * id. Absent: 0:0. Symbolic links and fifos cannot have it. */
#define OWNER_ATTRIBUTE "user.lighter.owner"

/* Marks a directory that hides what lower layers have in it. */
#define OPAQUE_ATTRIBUTE "user.overlay.opaque"

/* What chown and chmod set. In a layer with squashed owners the ids are kept, whatever they are. */
struct layer_status {
	int64_t uid, gid;
	mode_t mode; /* permission bits */
};

/* Fails for a number outside the id map, with the range needed. */
int layer_check_owner(const struct layer *layer, int64_t uid, int64_t gid, const char *path);

/* Owner and mode of an open file or directory. */
int layer_set_status(
	const struct layer *layer, int fd, const struct layer_status *status, const char *path);

/* The owner an entry gets. A number outside the id map is a failure that names the range needed. */
int layer_owner(const struct layer *layer, struct archive_entry *entry, const char *path,
	uid_t *ret_uid, gid_t *ret_gid);

/* Owner, mode and extended attributes of an open file or directory. */
int layer_set_attributes(
	const struct layer *layer, int fd, struct archive_entry *entry, const char *path);

/* Whether an extended attribute may come from an archive. */
bool layer_attribute_is_wanted(const char *name);

/* Access and modification time, both the entry's modification time. */
void layer_times(struct archive_entry *entry, struct timespec ret[2]);

#endif
