/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the file of a command, with the sentences and kinds that Docker's users know. */
#ifndef LIGHTER_COMMAND_H
#define LIGHTER_COMMAND_H

#include "fail.h"

/* A name with a slash is taken as it is, else PATH of the environment is searched. Relative to the
 * current root, directory and user. The caller frees *ret. */
int command_find(const char *name, char *const *environment, char **ret, struct failure *out);

/* Has the kernel read the beginning of the command's file while other things are done: behind fuse
 * each page would be asked for when it is first touched. A hint: nothing is found for a name that
 * depends on the current directory, and no failure is told. */
void command_read_ahead(const char *name, char *const *environment);

/* Fills *out for an execve of path that failed with error; returns -1. */
int command_failed(const char *path, int error, struct failure *out);

#endif
