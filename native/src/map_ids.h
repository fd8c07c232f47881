/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the id maps of a process that waits in a new user namespace. */
#ifndef LIGHTER_MAP_IDS_H
#define LIGHTER_MAP_IDS_H

#include <sys/types.h>

#include "fail.h"
#include "spec.h"

/* Writes uid_map and gid_map of pid, a child of the caller, as the spec asks for. Host ids are
 * those of the caller's own user namespace. Whoever has CAP_SETUID and CAP_SETGID writes them
 * directly, split where the caller's own map has a border (the kernel refuses a line across two
 * extents); a single own id is written directly with setgroups denied; everything else goes through
 * newuidmap and newgidmap. proc is a descriptor of the root of procfs. */
int map_ids_write(int proc, pid_t pid, const struct spec *spec, struct failure *out);

/* Cuts mappings at the borders of the extents in text (the content of a uid_map or gid_map file)
 * and writes the lines for a map file to ret. Returns their length, or -1 when an id is not in the
 * extents or the buffer is too small. */
int map_ids_split(const char *text, const struct spec_id_mapping *mappings, size_t count, char *ret,
	size_t size);

#endif
