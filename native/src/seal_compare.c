/* SPDX-License-Identifier: Apache-2.0 */
#include "seal_compare.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "scope.h"

enum { PIECE = 128 * 1024 };

int seal_may_be_same(const struct stat *one, const struct stat *other)
{
	if ((one->st_mode & S_IFMT) != (other->st_mode & S_IFMT))
		return 0;
	return S_ISDIR(one->st_mode) ||
	       (one->st_size == other->st_size && one->st_mtim.tv_sec == other->st_mtim.tv_sec);
}

static bool same_attributes(const struct packed *one, const struct packed *other)
{
	if (one->attribute_count != other->attribute_count)
		return false;
	for (size_t i = 0; i < one->attribute_count; i++) {
		const struct tar_attribute *first = &one->attributes[i];
		const struct tar_attribute *second = &other->attributes[i];

		if (strcmp(first->name, second->name) != 0 || first->size != second->size ||
			memcmp(first->value, second->value, first->size) != 0)
			return false;
	}
	return true;
}

static int open_file(const struct compared *side)
{
	return openat(side->directory, side->name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static ssize_t read_whole(int fd, char *buffer)
{
	size_t have = 0;

	while (have < PIECE) {
		ssize_t got = retry_eintr(read(fd, buffer + have, PIECE - have));

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

static int same_bytes(const struct compared *one, const struct compared *other)
{
	static char first[PIECE], second[PIECE];
	auto_close int file = open_file(one);
	auto_close int other_file = open_file(other);
	ssize_t got, other_got;

	if (file < 0 || other_file < 0)
		return -1;
	do {
		got = read_whole(file, first);
		other_got = read_whole(other_file, second);
		if (got < 0 || other_got < 0)
			return -1;
		if (got != other_got || memcmp(first, second, (size_t)got) != 0)
			return 0;
	} while (got > 0);
	return 1;
}

/* Layers have whole seconds only. */
static bool may_be_same_time(const struct stat *one, const struct stat *other)
{
	return one->st_mtim.tv_nsec == other->st_mtim.tv_nsec || one->st_mtim.tv_nsec == 0 ||
	       other->st_mtim.tv_nsec == 0;
}

static bool is_exact_time(const struct stat *one, const struct stat *other)
{
	return one->st_mtim.tv_nsec != 0 && one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

int seal_compare(const struct compared *one, const struct compared *other)
{
	const struct stat *status = &one->packed->status, *old = &other->packed->status;

	if (!seal_may_be_same(status, old) || status->st_mode != old->st_mode ||
		status->st_uid != old->st_uid || status->st_gid != old->st_gid ||
		!same_attributes(one->packed, other->packed))
		return 0;
	if (S_ISDIR(status->st_mode))
		return 1;
	if (!may_be_same_time(status, old))
		return 0;
	if (S_ISLNK(status->st_mode))
		return strcmp(one->packed->link, other->packed->link) == 0;
	if (!S_ISREG(status->st_mode) || is_exact_time(status, old))
		return 1;
	return same_bytes(one, other);
}
