/* SPDX-License-Identifier: Apache-2.0 */
/* Some file systems refuse to give files to other ids (NFS, unless it is the server's root who
 * asks). There the owner and the mode of a layer's files are kept in an attribute that
 * fuse-overlayfs knows: each file and directory has it, and the root of the tree, which says that
 * the tree is of this kind. On the disk all belongs to the user, who can read and write it.
 * Symbolic links and fifos cannot have attributes of users: they belong to the user's own id, root
 * in the container. Nor are capabilities of files kept. */
#ifndef LIGHTER_STAT_OVERRIDE_H
#define LIGHTER_STAT_OVERRIDE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* "UID:GID:MODE", the ids in decimal, the mode in octal. */
#define STAT_OVERRIDE "user.containers.override_stat"

/* Whether the file system refuses to give the directory, which is root's, to another id of the user
 * namespace. It is given back. */
bool stat_override_is_needed(int directory);

/* Whether the directory is the root of a tree of this kind. O_PATH will do. */
bool stat_override_is_on(int directory);

/* Owner and mode of an open file or directory, and a mode on the disk with which its owner can use
 * it. */
int stat_override_write(int fd, uid_t uid, gid_t gid, mode_t mode);

/* Of an object of such a tree: puts the owner and mode it is to have in place of those on the disk.
 */
void stat_override_read(int fd, struct stat *status);
void stat_override_read_at(int directory, const char *name, struct stat *status);

/* The same from the attribute's value. What makes no sense changes nothing. */
void stat_override_parse(const char *text, struct stat *status);

#endif
