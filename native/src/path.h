/* SPDX-License-Identifier: Apache-2.0 */
/* Paths inside a hostile root filesystem: every name is resolved by the kernel with that root as
 * its root, so symbolic links and ".." of the image cannot lead outside, whoever changes them
 * meanwhile. */
#ifndef LIGHTER_PATH_H
#define LIGHTER_PATH_H

#include <stdbool.h>
#include <sys/types.h>

enum path_links {
	PATH_FOLLOW,   /* symbolic links count, inside the root */
	PATH_NO_LINKS, /* a symbolic link anywhere is ELOOP */
	PATH_UNMARKED, /* as PATH_FOLLOW; making what is named like a mark of a layer is EINVAL */
};

/* openat2 in root; magic links (/proc/PID/fd/…) are refused. Returns a close-on-exec descriptor, or
 * -1 with errno. */
int path_open(int root, const char *path, int flags, enum path_links links);

/* An O_PATH descriptor of a directory, which is made (with its parents, mode 0755) where it is
 * missing. A dangling symbolic link on the way is followed inside the root. Returns -1 with errno.
 */
int path_make_directory(int root, const char *path, enum path_links links);

/* The same for a regular file, made empty with mode 0755, as runc makes it. An existing object of
 * any type but a directory is taken as it is. */
int path_make_file(int root, const char *path, enum path_links links);

#endif
