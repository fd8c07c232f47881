/* SPDX-License-Identifier: Apache-2.0 */
#include "copy_up.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "scope.h"

/* The image is not trusted: depth and the names met on the way are bounded, links are never
 * followed. */
enum { DEPTH_LIMIT = 128 };

static int open_below(int directory, const char *name, int flags)
{
	struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};

	return (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));
}

static int copy_attributes(int to, const struct stat *status)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};

	if (fchown(to, status->st_uid, status->st_gid) < 0 ||
		fchmod(to, status->st_mode & 07777) < 0)
		return -1;
	return futimens(to, times);
}

static int copy_file(int from, int to, const char *name)
{
	auto_close int source = open_below(from, name, O_RDONLY);
	auto_close int copy = -1;
	struct stat status;
	ssize_t moved;

	if (source < 0 || fstat(source, &status) < 0)
		return -1;
	if (!S_ISREG(status.st_mode))
		return 0;
	copy = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (copy < 0)
		return -1;
	while ((moved = retry_eintr(sendfile(copy, source, NULL, 1 << 20))) > 0)
		;
	return moved < 0 ? -1 : copy_attributes(copy, &status);
}

static int copy_link(int from, int to, const char *name, const struct stat *status)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from, name, target, sizeof(target) - 1);

	if (length < 0)
		return -1;
	target[length] = '\0';
	if (symlinkat(target, to, name) < 0)
		return -1;
	return fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW);
}

static int copy_tree(int from, int to, unsigned depth);

static int copy_directory(int from, int to, const char *name, unsigned depth)
{
	auto_close int source = open_below(from, name, O_RDONLY | O_DIRECTORY);
	auto_close int copy = -1;
	struct stat status;

	/* A mount below is not part of what is covered. */
	if (source < 0)
		return errno == EXDEV ? 0 : -1;
	if (fstat(source, &status) < 0 || mkdirat(to, name, 0700) < 0)
		return -1;
	copy = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (copy < 0 || copy_tree(source, copy, depth + 1) < 0)
		return -1;
	return copy_attributes(copy, &status);
}

static int copy_entry(int from, int to, const char *name, unsigned depth)
{
	struct stat status;

	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISDIR(status.st_mode))
		return copy_directory(from, to, name, depth);
	if (S_ISLNK(status.st_mode))
		return copy_link(from, to, name, &status);
	return S_ISREG(status.st_mode) ? copy_file(from, to, name) : 0;
}

static int copy_tree(int from, int to, unsigned depth)
{
	int listed = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *directory = listed < 0 ? NULL : fdopendir(listed);
	struct dirent *entry;

	if (!directory) {
		scope_close(&listed);
		return -1;
	}
	if (depth > DEPTH_LIMIT) {
		errno = ELOOP;
		return -1;
	}
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (copy_entry(from, to, entry->d_name, depth) < 0)
			return -1;
	}
	return 0;
}

int copy_up(int from, int to, struct failure *out)
{
	auto_close int top = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || copy_tree(from, top, 0) < 0)
		return fail(out, errno, "mount", "cannot copy into the tmpfs");
	return 0;
}
