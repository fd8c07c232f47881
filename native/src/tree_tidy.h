/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of files that were in the upper directory of an overlay, and are to be a layer's. */
#ifndef LIGHTER_TREE_TIDY_H
#define LIGHTER_TREE_TIDY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fail.h"

struct tidy {
	bool squash;	/* owners are in OWNER_ATTRIBUTE */
	bool overrides; /* owners and modes are in STAT_OVERRIDE */
	struct failure *out;
};

/* Takes away what steers overlays and this program; owners that are kept in attributes get the form
 * that `layer apply` gives them. The file is open for reading; status and path are what is told of
 * it. A file whose data is elsewhere (metacopy, redirect) is refused. */
int tidy_attributes(const struct tidy *tidy, int fd, const struct stat *status, const char *path);

#endif
