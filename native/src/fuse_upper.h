/* SPDX-License-Identifier: Apache-2.0 */
/* fuse-overlayfs splits the real path of the upper directory at each ':', and knows no way to write
 * one. Where there is one it is shown that directory elsewhere, in a mount namespace of its own. */
#ifndef LIGHTER_FUSE_UPPER_H
#define LIGHTER_FUSE_UPPER_H

/* Where the directory around the upper directory, an open one, is to be seen; NULL where that is
 * not needed. */
const char *fuse_upper_place(int upper);

/* Makes it so for this process and what it becomes. Returns 0, or -1 with errno. */
int fuse_upper_show(int upper, const char *place);

#endif
