/* SPDX-License-Identifier: Apache-2.0 */
/* Writing of what will be synced and is not read soon: it goes to the disk while more is made, and
 * takes no memory from others for longer than that. */
#ifndef LIGHTER_WRITE_THROUGH_H
#define LIGHTER_WRITE_THROUGH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct write_through {
	int file;
	bool plain;	 /* the file system cannot leave the cache out */
	off_t at, begun; /* the kernel was told to write what is before `begun` */
};

/* The file is empty, and stays the caller's. */
void write_through_start(struct write_through *ret, int file);

/* Appends. Returns -1 with errno. Nothing is synced: a sync has little left to do. */
int write_through(struct write_through *output, const void *bytes, size_t size);

#endif
