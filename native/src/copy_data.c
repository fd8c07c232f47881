/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one file become another's, shared where the file system can. */
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "onto_copy.h"
#include "scope.h"

/* What is smaller is read and written at once. */
enum { PIECE = 256 * 1024 };

static int copy_by_hand(int from, int to, off_t at, off_t end)
{
	static char buffer[PIECE];

	while (at < end) {
		size_t wanted = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t got = retry_eintr(pread(from, buffer, wanted, at));

		if (got <= 0)
			return (int)got;
		for (ssize_t done = 0; done < got;) {
			ssize_t put = retry_eintr(
				pwrite(to, buffer + done, (size_t)(got - done), at + done));

			if (put < 0)
				return -1;
			done += put;
		}
		at += got;
	}
	return 0;
}

/* Some file systems cannot copy in the kernel. */
static int copy_range(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		off_t in = at, out = at;
		ssize_t got = copy_file_range(from, &in, to, &out, (size_t)(end - at), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
			return -1;
		if (got <= 0)
			return copy_by_hand(from, to, at, end);
		at += got;
	}
	return 0;
}

/* One byte more than a small file has, to see whether it became longer. */
static int64_t copy_small(int from, int to)
{
	static char buffer[PIECE + 1];
	size_t have = 0;
	ssize_t got;

	while (have < sizeof(buffer) &&
		(got = retry_eintr(read(from, buffer + have, sizeof(buffer) - have))) != 0) {
		if (got < 0)
			return -1;
		have += (size_t)got;
	}
	for (size_t done = 0; done < have;) {
		ssize_t put = retry_eintr(write(to, buffer + done, have - done));

		if (put < 0)
			return -1;
		done += (size_t)put;
	}
	return (int64_t)have;
}

bool clone_data(int from, int to)
{
	return ioctl(to, FICLONE, from) == 0;
}

int64_t copy_data(int from, int to, int64_t size)
{
	if (size <= PIECE)
		return copy_small(from, to);
	if (clone_data(from, to))
		return lseek(to, 0, SEEK_END);
	for (off_t at = 0; at < size;) {
		off_t data = lseek(from, at, SEEK_DATA);
		off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);

		if (data < 0 && errno == ENXIO)
			break; /* nothing but a hole to the end */
		if (data < 0 || hole < 0) {
			data = at;
			hole = size;
		}
		if (hole > size)
			hole = size;
		if (copy_range(from, to, data, hole) < 0)
			return -1;
		at = hole;
	}
	return ftruncate(to, size) < 0 ? -1 : lseek(from, 0, SEEK_END);
}
