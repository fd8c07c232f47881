/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIGHTER_RENAME_NEW_H
#define LIGHTER_RENAME_NEW_H

/* As renameat(2), for a name that is not there yet; EEXIST where it is. Some file systems (NFS,
 * many that are programs) know no flags of rename: there whoever calls must have a name that nobody
 * else has, or be alone in the directory. */
int rename_new(int from_directory, const char *from, int to_directory, const char *to);

#endif
