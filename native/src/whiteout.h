/* SPDX-License-Identifier: Apache-2.0 */
/* The marks by which a layer says that a name of lower layers is gone. */
#ifndef LIGHTER_WHITEOUT_H
#define LIGHTER_WHITEOUT_H

/* Makes the mark for a name in a directory: a device 0/0, or a file `.wh.NAME` where no device can
 * be made. Returns -1 with errno: EEXIST where the directory has that name. */
int whiteout_make(int directory, const char *name);

/* The name that a file `.wh.NAME` speaks of; NULL where the name is no mark. "" and names that
 * begin with `.wh.` again are marks of another kind. */
const char *whiteout_of_mark(const char *name);

#endif
