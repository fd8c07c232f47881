/* SPDX-License-Identifier: Apache-2.0 */
/* Removing trees that a hostile image or container made: by descriptors only. */
#ifndef LIGHTER_REMOVE_H
#define LIGHTER_REMOVE_H

#include "fail.h"

/* Removes name, a single path component below parent_fd, whatever it is. Symbolic links are
 * removed, never followed; mount points are not entered. Directories that deny access to their
 * owner get it first. A missing name is success. After a failure the rest is still tried; *out is
 * the first failure. */
int remove_tree(int parent_fd, const char *name, struct failure *out);

#endif
