/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of a layer's archive becomes one object of the layer's tree. */
#ifndef LIGHTER_LAYER_ENTRY_H
#define LIGHTER_LAYER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "fail.h"
#include "layer_path.h"
#include "userns.h"

struct archive;
struct archive_entry;

/* Directories get their times at the end: every file made in them changes them. */
struct directory_time {
	char *path;
	struct timespec modified;
};

struct layer {
	struct archive *archive;
	struct layer_tree tree;
	const struct id_map *map;
	bool squash; /* every file belongs to 0; the owner it should have is kept in an attribute */
	bool overrides;	  /* owners and modes are kept in attributes: stat_override.h */
	uint64_t bytes;	  /* of files' data */
	bool way_changed; /* the directory kept open must be looked up again */
	struct directory_time *times;
	size_t time_count, time_capacity, time_bytes;
	struct failure *out;
};

/* Makes what the entry describes; its data comes from layer->archive. */
int layer_entry_apply(struct layer *layer, struct archive_entry *entry);

/* Sets the times of the directories. */
int layer_entry_finish(struct layer *layer);

/* Frees what the entries left in memory. */
void layer_entry_clear(struct layer *layer);

#endif
