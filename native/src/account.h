/* SPDX-License-Identifier: Apache-2.0 */
/* Names for a user that the image does not know: `--userns keep-id` runs as one. */
#ifndef LIGHTER_ACCOUNT_H
#define LIGHTER_ACCOUNT_H

/* Appends a line to a passwd or group file below root_fd, unless it has an entry with the same name
 * or number. A missing file is made. Where the image does not let that be done (a symbolic link on
 * the way), it is left as it is: the container runs with numbers. */
void account_add(int root_fd, const char *file, const char *line);

/* Reads a passwd or group file and returns its size, or -1 where it cannot be read or is no regular
 * file. *ret is its text with the line at the end, NULL where it has an entry with the same name or
 * number; the caller frees it. */
int account_read(int fd, const char *line, char **ret);

#endif
