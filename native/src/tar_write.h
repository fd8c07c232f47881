/* SPDX-License-Identifier: Apache-2.0 */
/* Writing an archive in the pax interchange format: plain ustar headers, and an extended one only
 * where a name, a number or an attribute needs it. Names are bytes and stay what they are, which
 * libarchive's writer does not grant without converters that this program does not have. */
#ifndef LIGHTER_TAR_WRITE_H
#define LIGHTER_TAR_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tar_attribute {
	char *name;
	void *value;
	size_t size;
};

/* Types as in the header: '0' file, '1' hard link, '2' symbolic link, '5' directory, '6' fifo. */
struct tar_entry {
	char type;
	const char *path; /* a directory's ends in '/' */
	const char *link; /* of links; else NULL */
	mode_t mode;	  /* permission bits only */
	uint32_t uid, gid;
	uint64_t size; /* of a file's data */
	int64_t modified;
	const struct tar_attribute *attributes;
	size_t attribute_count;
};

struct tar {
	/* Takes all bytes, or returns -1 with errno. */
	int (*write)(void *context, const void *bytes, size_t size);
	void *context;
	uint64_t written;
};

/* Each returns 0, or -1 with errno. The data of a file follows its header through tar_data, in
 * pieces of together `size` bytes, and is ended by tar_pad. */
int tar_header(struct tar *tar, const struct tar_entry *entry);
int tar_data(struct tar *tar, const void *bytes, size_t size);
int tar_pad(struct tar *tar, uint64_t size);
int tar_finish(struct tar *tar);

/* The usual sink: the descriptor *(int *)context. */
int tar_write_fd(void *context, const void *bytes, size_t size);

#endif
