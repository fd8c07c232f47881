/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from files. jansson's own json_loadfd reads one byte per system call. */
#ifndef LIGHTER_JSON_READ_H
#define LIGHTER_JSON_READ_H

#include <stddef.h>

#include <jansson.h>

/* Parses a whole regular file of at most `limit` bytes from its current offset. NULL: *error (may
 * be NULL) says why; errno is set when the file could not be read (EFBIG: larger than the limit),
 * else 0. */
json_t *json_read(int fd, size_t limit, size_t flags, json_error_t *error);

/* The same for a path, which is opened without following a link at its end. */
json_t *json_read_path(const char *path, size_t limit, size_t flags, json_error_t *error);

#endif
