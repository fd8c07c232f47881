/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

#include <stdarg.h>

#include "check.h"
#include "scope.h"

static void make_room(struct bytes *bytes, size_t count)
{
	size_t room = (bytes->size + count) * 2 + 64;

	if (bytes->size + count <= bytes->room)
		return;
	bytes->at = realloc(bytes->at, room);
	must(bytes->at);
	bytes->room = room;
}

void bytes_add(struct bytes *bytes, const void *more, size_t count)
{
	make_room(bytes, count);
	if (count > 0)
		memcpy(bytes->at + bytes->size, more, count);
	bytes->size += count;
}

void bytes_add_text(struct bytes *bytes, const char *text)
{
	bytes_add(bytes, text, strlen(text));
}

void bytes_print(struct bytes *bytes, const char *format, ...)
{
	va_list arguments;
	auto_free char *text = NULL;

	va_start(arguments, format);
	must(vasprintf(&text, format, arguments) >= 0);
	va_end(arguments);
	bytes_add_text(bytes, text);
}

void bytes_fill(struct bytes *bytes, uint8_t byte, size_t count)
{
	make_room(bytes, count);
	if (count > 0)
		memset(bytes->at + bytes->size, byte, count);
	bytes->size += count;
}

void bytes_pad(struct bytes *bytes, size_t unit)
{
	bytes_fill(bytes, 0, (unit - bytes->size % unit) % unit);
}

void bytes_replace(
	struct bytes *bytes, size_t start, size_t removed, const void *more, size_t count)
{
	size_t tail = bytes->size - start - removed;

	make_room(bytes, count);
	memmove(bytes->at + start + count, bytes->at + start + removed, tail);
	if (count > 0)
		memcpy(bytes->at + start, more, count);
	bytes->size = start + count + tail;
}

void bytes_read(struct bytes *bytes, int fd)
{
	for (;;) {
		ssize_t got;

		make_room(bytes, 4096);
		got = retry_eintr(read(fd, bytes->at + bytes->size, bytes->room - bytes->size));
		must(got >= 0);
		if (got == 0)
			return;
		bytes->size += (size_t)got;
	}
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bytes){0};
}
