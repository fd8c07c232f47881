/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of a container's tree become entries of an archive, exactly: owners as inside the
 * container, extended attributes, hard links. */
#ifndef LIGHTER_PACK_H
#define LIGHTER_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fail.h"
#include "later.h"
#include "tar_write.h"

/* One object as it is found; its data is read later. */
struct packed {
	char *path; /* in the archive, without the slash at the end of a directory */
	struct stat status;
	char *link;
	struct tar_attribute *attributes;
	size_t attribute_count;
	bool has_more; /* attributes of users that are no part of the archive */
};

struct pack {
	struct tar tar;
	bool real_owners; /* they are what OWNER_ATTRIBUTE says: everything here belongs to one id
			   */
	bool overrides;	  /* they and the modes are what STAT_OVERRIDE says */
	bool layer;	  /* what is packed is a layer's tree: whiteouts are told of */
	bool is_limited;  /* times after `latest` are it */
	int64_t latest;
	uint64_t entries, bytes; /* written so far; bytes of files' data */
	struct later *later;	 /* files that have their bytes elsewhere; may be NULL */
	struct seen_file *seen;	 /* files with several names: a hash table */
	size_t seen_count, seen_capacity;
	struct failure *out;
};

/* Reads directory/name, which is never followed. Returns 1 for what has no place in an archive
 * (devices, sockets, what vanished meanwhile), 0, or -1 with *out filled. */
int pack_read(
	struct pack *pack, int directory, const char *name, const char *path, struct packed *ret);

/* Writes what was read, with the data of directory/name when it is a file. */
int pack_write(struct pack *pack, int directory, const char *name, const struct packed *packed);

/* Both. What has no place in an archive is left out. */
int pack_add(struct pack *pack, int directory, const char *name, const char *path);

/* The mark that layers have for a name of lower layers that is gone. */
int pack_whiteout(struct pack *pack, const char *path);

/* Everything in the directory fd (closed), with `prefix` before each path, in the order of the
 * names. Mounts in it belong to it when `mounts` is set. */
int pack_tree(struct pack *pack, int fd, const char *prefix, bool mounts);

void packed_clear(struct packed *packed);

/* Ends the archive where all went well, and frees what was remembered. */
int pack_finish(struct pack *pack, int result);

#endif
