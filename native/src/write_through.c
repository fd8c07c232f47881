/* SPDX-License-Identifier: Apache-2.0 */
#include "write_through.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/uio.h>

#include "scope.h"

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80 /* Linux 6.14 */
#endif

/* Bytes that are gathered before the kernel is told to write them. */
enum { STRETCH = 8 << 20 };

void write_through_start(struct write_through *ret, int file)
{
	*ret = (struct write_through){.file = file};
}

static ssize_t write_some(struct write_through *output, const void *bytes, size_t size)
{
	const struct iovec part = {(void *)(uintptr_t)bytes, size};
	ssize_t wrote;

	if (output->plain)
		return retry_eintr(write(output->file, bytes, size));
	wrote = retry_eintr(pwritev2(output->file, &part, 1, -1, RWF_DONTCACHE));
	if (wrote >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
		return wrote;
	output->plain = true;
	return retry_eintr(write(output->file, bytes, size));
}

/* A file system that cannot do it writes when it is synced. */
static void begin_writing(struct write_through *output)
{
	if (!output->plain || output->at - output->begun < STRETCH)
		return;
	sync_file_range(
		output->file, output->begun, output->at - output->begun, SYNC_FILE_RANGE_WRITE);
	output->begun = output->at;
}

int write_through(struct write_through *output, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t wrote = write_some(output, (const char *)bytes + done, size - done);

		if (wrote < 0)
			return -1;
		done += (size_t)wrote;
	}
	output->at += (off_t)size;
	begin_writing(output);
	return 0;
}
