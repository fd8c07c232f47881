/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_populate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "scope.h"

#define DEPTH_LIMIT 512
#define STEP "volume"

/* Files of the source seen before, to keep hard links: inode → where its first copy is. */
struct link_memory {
	struct first_copy {
		ino_t inode;
		char *path; /* relative to the volume's data directory */
	} * items;
	size_t count, capacity;
};

struct copy {
	int data;     /* the volume's data directory */
	dev_t device; /* of the image: mounts inside it are not followed */
	struct link_memory links;
	struct failure *out;
};

static int copy_directory(struct copy *copy, int from, int to, const char *path, unsigned depth);

static int copy_attributes(
	const struct copy *copy, int from, int to, const struct stat *status, const char *path)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};
	char names[4096];
	ssize_t length = flistxattr(from, names, sizeof(names));

	/* The owner first: changing it clears set-uid bits and file capabilities. */
	if (fchown(to, status->st_uid, status->st_gid) < 0 ||
		fchmod(to, status->st_mode & 07777) < 0)
		return fail(copy->out, errno, STEP, "cannot set the attributes of %s", path);
	for (const char *name = names; length > 0 && name < names + length;
		name += strlen(name) + 1) {
		char value[4096];
		ssize_t size;

		if (strncmp(name, "user.", 5) != 0 && strcmp(name, "security.capability") != 0)
			continue;
		if (strncmp(name, "user.overlay.", 13) == 0)
			continue;
		size = fgetxattr(from, name, value, sizeof(value));
		if (size >= 0 && fsetxattr(to, name, value, (size_t)size, 0) < 0 &&
			errno != ENOTSUP)
			return fail(copy->out, errno, STEP, "cannot set %s of %s", name, path);
	}
	if (futimens(to, times) < 0)
		return fail(copy->out, errno, STEP, "cannot set the times of %s", path);
	return 0;
}

static int copy_bytes(const struct copy *copy, int from, int to, const char *path)
{
	char buffer[65536];

	for (;;) {
		ssize_t got = copy_file_range(from, NULL, to, NULL, 1U << 30, 0);

		if (got == 0)
			return 0;
		if (got < 0 && errno != EINTR)
			break;
	}
	/* Some file systems cannot copy in the kernel; nothing was copied since the last success.
	 */
	for (;;) {
		ssize_t got = retry_eintr(read(from, buffer, sizeof(buffer)));
		ssize_t put = 0;

		if (got == 0)
			return 0;
		while (got > 0 && put < got) {
			ssize_t wrote = retry_eintr(write(to, buffer + put, (size_t)(got - put)));

			if (wrote < 0)
				got = -1;
			else
				put += wrote;
		}
		if (got < 0)
			return fail(copy->out, errno, STEP, "cannot copy %s", path);
	}
}

/* The path of an earlier copy of the same inode, or NULL after remembering this one. */
static const char *find_first_copy(struct copy *copy, ino_t inode, const char *path)
{
	struct link_memory *links = &copy->links;

	for (size_t i = 0; i < links->count; i++)
		if (links->items[i].inode == inode)
			return links->items[i].path;
	if (links->count == links->capacity) {
		size_t capacity = links->capacity * 2 + 16;
		void *grown = realloc(links->items, capacity * sizeof(*links->items));

		if (!grown)
			return NULL;
		links->items = grown;
		links->capacity = capacity;
	}
	links->items[links->count].inode = inode;
	links->items[links->count].path = strdup(path);
	if (links->items[links->count].path)
		links->count++;
	return NULL;
}

static int copy_file(
	struct copy *copy, int from_directory, int to_directory, const char *name, const char *path)
{
	struct stat status;
	const char *first;
	auto_close int from =
		openat(from_directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (from < 0 || fstat(from, &status) < 0)
		return fail(copy->out, errno, STEP, "cannot open %s in the image", path);
	if (!S_ISREG(status.st_mode))
		return fail(copy->out, EBUSY, STEP, "%s changed while it was copied", path);
	first = status.st_nlink > 1 ? find_first_copy(copy, status.st_ino, path) : NULL;
	if (first) {
		if (linkat(copy->data, first, to_directory, name, 0) < 0 && errno != EEXIST)
			return fail(copy->out, errno, STEP, "cannot link %s", path);
		return 0;
	}

	auto_close int to = openat(
		to_directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (to < 0)
		return fail(copy->out, errno, STEP, "cannot create %s in the volume", path);
	if (copy_bytes(copy, from, to, path) < 0)
		return -1;
	return copy_attributes(copy, from, to, &status, path);
}

static int copy_link(struct copy *copy, int from, int to, const char *name, const char *path,
	const struct stat *status)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};
	char target[4096];
	ssize_t length = readlinkat(from, name, target, sizeof(target) - 1);

	if (length < 0)
		return fail(copy->out, errno, STEP, "cannot read the link %s", path);
	target[length] = '\0';
	if ((symlinkat(target, to, name) < 0 && errno != EEXIST) ||
		fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(copy->out, errno, STEP, "cannot copy the link %s", path);
	return 0;
}

static int copy_subdirectory(struct copy *copy, int from_directory, int to_directory,
	const char *name, const char *path, unsigned depth)
{
	auto_close int from =
		openat(from_directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (from < 0)
		return fail(copy->out, errno, STEP, "cannot open %s in the image", path);
	if (mkdirat(to_directory, name, 0700) < 0 && errno != EEXIST)
		return fail(copy->out, errno, STEP, "cannot create %s in the volume", path);

	auto_close int to =
		openat(to_directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (to < 0)
		return fail(copy->out, errno, STEP, "cannot open %s in the volume", path);
	return copy_directory(copy, from, to, path, depth + 1);
}

static int copy_entry(
	struct copy *copy, int from, int to, const char *name, const char *parent, unsigned depth)
{
	auto_free char *path = NULL;
	struct stat status;

	if (asprintf(&path, "%s%s%s", parent, *parent ? "/" : "", name) < 0)
		return fail(copy->out, ENOMEM, STEP, "cannot copy %s", name);
	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(copy->out, errno, STEP, "cannot read %s in the image", path);
	if (status.st_dev != copy->device && S_ISDIR(status.st_mode))
		return 0;
	if (S_ISDIR(status.st_mode))
		return copy_subdirectory(copy, from, to, name, path, depth);
	if (S_ISREG(status.st_mode))
		return copy_file(copy, from, to, name, path);
	if (S_ISLNK(status.st_mode))
		return copy_link(copy, from, to, name, path, &status);
	if (S_ISFIFO(status.st_mode) && mknodat(to, name, status.st_mode, 0) < 0 && errno != EEXIST)
		return fail(copy->out, errno, STEP, "cannot create the fifo %s", path);
	/* Devices and sockets have no meaning in a volume of a user. */
	return 0;
}

static int copy_directory(struct copy *copy, int from, int to, const char *path, unsigned depth)
{
	struct stat status;
	struct dirent *entry;
	int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *directory = again < 0 ? NULL : fdopendir(again);

	if (depth > DEPTH_LIMIT)
		return fail(copy->out, ELOOP, STEP, "%s is nested too deeply", path);
	if (!directory || fstat(from, &status) < 0)
		return fail(copy->out, errno, STEP, "cannot read %s in the image", path);
	while ((errno = 0, entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (copy_entry(copy, from, to, entry->d_name, path, depth) < 0)
			return -1;
	}
	if (errno)
		return fail(copy->out, errno, STEP, "cannot read %s in the image", path);
	return copy_attributes(copy, from, to, &status, path);
}

static bool directory_is_empty(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *directory = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return false;
	return directory != NULL;
}

static int open_in_root(int root_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

static void forget_links(struct link_memory *links)
{
	for (size_t i = 0; i < links->count; i++)
		free(links->items[i].path);
	free(links->items);
}

int volume_populate(int root_fd, const char *destination, const char *volume, struct failure *out)
{
	struct copy copy = {.out = out};
	struct stat status;
	int result;
	auto_close int directory = open(volume, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int from = open_in_root(root_fd, destination);

	if (from < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : fail(out, errno, STEP, "cannot open %s in the image", destination);
	auto_close int data = directory < 0
				      ? -1
				      : openat(directory, "_data",
						O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (data < 0 || fstat(from, &status) < 0)
		return fail(out, errno, STEP, "cannot open the volume %s", volume);
	/* Two containers may use the volume for the first time at once: one copies, the other
	 * waits. */
	if (retry_eintr(flock(directory, LOCK_EX)) < 0)
		return fail(out, errno, STEP, "cannot lock the volume %s", volume);
	if (faccessat(directory, "populating", F_OK, 0) < 0 && !directory_is_empty(data))
		return 0;

	auto_close int marker =
		openat(directory, "populating", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (marker < 0)
		return fail(out, errno, STEP, "cannot mark the volume %s", volume);
	copy.data = data;
	copy.device = status.st_dev;
	result = copy_directory(&copy, from, data, "", 0);
	forget_links(&copy.links);
	if (result == 0 && unlinkat(directory, "populating", 0) < 0)
		return fail(out, errno, STEP, "cannot unmark the volume %s", volume);
	return result;
}
