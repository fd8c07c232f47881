/* SPDX-License-Identifier: Apache-2.0 */
/* What runs inside a container runs from a sealed copy of this program: nothing in there can change
 * it, and all monitors of a user share one copy's memory. */
#ifndef LIGHTER_MEMFD_H
#define LIGHTER_MEMFD_H

#include "fail.h"

/* Returns 0 when the caller runs from such a copy already. Else executes argv again from the copy
 * of a live monitor (found through runtime_dir, which may be NULL) or from a new one, and does not
 * return; -1 = neither worked. */
int memfd_ensure(char **argv, const char *runtime_dir, struct failure *out);

#endif
