/* SPDX-License-Identifier: Apache-2.0 */
/* The first use of an empty volume: the image's content at its mount point is copied into it. */
#ifndef LIGHTER_VOLUME_POPULATE_H
#define LIGHTER_VOLUME_POPULATE_H

#include "fail.h"

/* Copies what root_fd (the container's root filesystem) has at `destination` into VOLUME/_data, or
 * into FILES where that is given, when that is empty: owners, modes, times, links, extended
 * attributes. An interrupted copy is resumed by the next start: the file VOLUME/populating marks
 * it. A missing or non-directory destination copies nothing. The caller is root of the user
 * namespace the files belong to. */
int volume_populate(int root_fd, const char *destination, const char *volume, const char *files,
	struct failure *out);

#endif
