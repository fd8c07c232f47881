/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow. Without memory the program ends: there is nothing to test then. */
#ifndef LIGHTER_FUZZ_BYTES_H
#define LIGHTER_FUZZ_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *at;
	size_t size, room;
};

void bytes_add(struct bytes *bytes, const void *more, size_t count);
void bytes_add_text(struct bytes *bytes, const char *text);
void bytes_print(struct bytes *bytes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void bytes_fill(struct bytes *bytes, uint8_t byte, size_t count);

/* Zeros up to a multiple of `unit`. */
void bytes_pad(struct bytes *bytes, size_t unit);

/* Puts `count` bytes in the place of `removed` ones. */
void bytes_replace(
	struct bytes *bytes, size_t start, size_t removed, const void *more, size_t count);

/* Everything that can be read from a descriptor. */
void bytes_read(struct bytes *bytes, int fd);

void bytes_free(struct bytes *bytes);

#endif
