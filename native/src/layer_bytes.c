/* SPDX-License-Identifier: Apache-2.0 */
/* Names in a layer are bytes. libarchive takes those in pax headers for UTF-8, puts them into
 * normal form C and converts them to the locale: two names could become one, and in the C locale
 * every foreign letter becomes '?'. The program is linked with --wrap for its four setters below,
 * which copy the bytes instead. */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include <archive_entry.h>

#include "scope.h"

typedef void set_name(struct archive_entry *entry, const char *name);

static int set_bytes(struct archive_entry *entry, const char *name, size_t length, set_name *setter)
{
	auto_free char *copy = strndup(name, length);

	if (!copy) {
		errno = ENOMEM;
		return -1;
	}
	setter(entry, copy);
	return 0;
}

#define WRAP_SETTER(field)                                                                         \
	int __wrap__archive_entry_copy_##field##_l(                                                \
		struct archive_entry *entry, const char *name, size_t length, void *conversion);   \
	int __wrap__archive_entry_copy_##field##_l(                                                \
		struct archive_entry *entry, const char *name, size_t length, void *conversion)    \
	{                                                                                          \
		(void)conversion;                                                                  \
		return set_bytes(entry, name, length, archive_entry_copy_##field);                 \
	}

WRAP_SETTER(pathname)
WRAP_SETTER(link)
WRAP_SETTER(uname)
WRAP_SETTER(gname)

/* libarchive still asks for a converter. glibc's own would look for its modules below "/", which
 * is the directory a hostile layer is being unpacked to. */
iconv_t iconv_open(const char *to, const char *from)
{
	(void)to;
	(void)from;
	errno = EINVAL;
	return (iconv_t)-1;
}

size_t iconv(
	iconv_t converter, char **input, size_t *input_left, char **output, size_t *output_left)
{
	(void)converter;
	(void)input;
	(void)input_left;
	(void)output;
	(void)output_left;
	errno = EBADF;
	return (size_t)-1;
}

int iconv_close(iconv_t converter)
{
	(void)converter;
	errno = EBADF;
	return -1;
}
