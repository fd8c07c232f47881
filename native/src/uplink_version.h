/* SPDX-License-Identifier: Apache-2.0 */
/* What slirp4netns said of its version: asking costs a process and 4 ms at every first start of a
 * container. */
#ifndef LIGHTER_UPLINK_VERSION_H
#define LIGHTER_UPLINK_VERSION_H

#include <limits.h>

/* Environment entries for the wrapper script; an empty string is not to be passed on. */
struct uplink_version {
	char text[1024]; /* VERSION=what `--version` printed, when it is known */
	char key[128];	 /* VERSION_KEY=what identifies the executable's file */
	char file[PATH_MAX +
		  16]; /* VERSION_FILE=where the script writes the key and, below it, the answer */
};

/* Reads RUNTIME/slirp4netns-version; an answer of another file of that name is not taken. */
void uplink_version_recall(
	const char *program, const char *runtime_dir, struct uplink_version *ret);

#endif
