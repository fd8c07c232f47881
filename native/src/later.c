/* SPDX-License-Identifier: Apache-2.0 */
#include "later.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "scope.h"

#define STEP "copy"

enum { PIECE = 256 * 1024 };

/* Whoever writes to a file takes these from it. */
static bool loses_by_writing(int from, mode_t mode)
{
	return (mode & (S_ISUID | S_ISGID)) != 0 ||
	       fgetxattr(from, "security.capability", NULL, 0) >= 0;
}

bool later_wants(const struct later *later, int from, const struct stat *source, mode_t mode)
{
	return later && later->count < LATER_LIMIT && source->st_size >= LATER_SIZE &&
	       !loses_by_writing(from, mode);
}

int later_add(struct later *later, const struct later_file *file)
{
	struct later_file own = *file;
	struct stat copy;

	if (fstat(file->to, &copy) < 0 || ftruncate(file->to, file->source.st_size) < 0)
		return fail(later->out, errno, STEP, "cannot copy '/%.300s'", file->name);
	own.name = strdup(file->name);
	if (!own.name)
		return fail(later->out, ENOMEM, STEP, "cannot copy '/%.300s'", file->name);
	own.device = copy.st_dev;
	own.inode = copy.st_ino;
	later->files[later->count++] = own;
	return 0;
}

struct later_file *later_find(struct later *later, const struct stat *copy)
{
	for (size_t i = 0; later && i < later->count; i++)
		if (later->files[i].inode == copy->st_ino && later->files[i].device == copy->st_dev)
			return &later->files[i];
	return NULL;
}

static void forget(struct later *later, struct later_file *file)
{
	close(file->from);
	close(file->to);
	free(file->name);
	*file = later->files[--later->count];
}

int later_stale(struct failure *out, const char *name)
{
	return fail_kind(
		out, FAILURE_STALE, 0, STEP, "\"/%.450s\" changed while it was copied", name);
}

static bool is_unchanged(const struct later_file *file)
{
	const struct stat *before = &file->source;
	struct stat now;

	return fstat(file->from, &now) == 0 && now.st_size == before->st_size &&
	       (file->steady || (now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
					now.st_mtim.tv_nsec == before->st_mtim.tv_nsec));
}

static bool is_zeros(const char *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Holes stay holes. */
static int write_piece(int to, const char *bytes, size_t size, off_t at)
{
	if (is_zeros(bytes, size))
		return 0;
	for (size_t done = 0; done < size;) {
		ssize_t put = retry_eintr(pwrite(to, bytes + done, size - done, at + (off_t)done));

		if (put < 0)
			return -1;
		done += (size_t)put;
	}
	return 0;
}

static int copy_bytes(
	const struct later_file *file, bool writes, struct tar *tar, struct failure *out)
{
	static char buffer[PIECE];

	for (off_t at = 0, size = file->source.st_size; at < size;) {
		size_t wanted = size - at < PIECE ? (size_t)(size - at) : PIECE;
		ssize_t got = retry_eintr(pread(file->from, buffer, wanted, at));

		if (got < 0)
			return fail(out, errno, STEP, "cannot read '/%.300s'", file->name);
		if (got == 0)
			return later_stale(out, file->name);
		if (writes && write_piece(file->to, buffer, (size_t)got, at) < 0)
			return fail(out, errno, STEP, "cannot copy '/%.300s'", file->name);
		if (tar && tar_data(tar, buffer, (size_t)got) < 0)
			return fail(out, errno, STEP, "cannot write the archive");
		at += got;
	}
	return is_unchanged(file) ? 0 : later_stale(out, file->name);
}

static int copy_all(const struct later_file *file, struct tar *tar, struct failure *out)
{
	struct stat copy;

	if (fstat(file->to, &copy) < 0)
		return fail(out, errno, STEP, "cannot copy '/%.300s'", file->name);
	if (copy_bytes(file, true, tar, out) < 0)
		return -1;
	const struct timespec times[2] = {copy.st_mtim, copy.st_mtim};

	return futimens(file->to, times) < 0
		       ? fail(out, errno, STEP, "cannot set the times of the copy of '/%.300s'",
				 file->name)
		       : 0;
}

int later_copy(struct later *later, struct later_file *file, struct tar *tar)
{
	int result;

	if (later->held && tar)
		return copy_bytes(file, false, tar, later->out);
	result = copy_all(file, tar, later->out);
	forget(later, file);
	return result;
}

/* Something else was copied to its place. */
static bool is_gone(const struct later_file *file)
{
	struct stat copy;

	return fstat(file->to, &copy) == 0 && copy.st_nlink == 0;
}

int later_finish(struct later *later)
{
	while (later && later->count > 0) {
		struct later_file *file = &later->files[later->count - 1];

		if (is_gone(file))
			forget(later, file);
		else if (later_copy(later, file, NULL) < 0)
			return -1;
	}
	return 0;
}

void later_clear(struct later *later)
{
	while (later->count > 0)
		forget(later, &later->files[later->count - 1]);
}
