/* SPDX-License-Identifier: Apache-2.0 */
/* The option tmpcopyup: a tmpfs starts with what it covers. */
#ifndef LIGHTER_COPY_UP_H
#define LIGHTER_COPY_UP_H

#include "fail.h"

/* Copies directories, files and symbolic links below from to to, with owners, modes and times.
 * Other types, and mounts below, are left out. */
int copy_up(int from, int to, struct failure *out);

#endif
