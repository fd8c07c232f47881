/* SPDX-License-Identifier: Apache-2.0 */
#include "tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "layer_path.h"
#include "layer_stack.h"
#include "remove.h"
#include "scope.h"
#include "stat_override.h"

#define DEPTH_LIMIT 512
#define STEP "copy"

/* Files of the source seen before, to keep hard links: inode → where its first copy is. */
struct link_memory {
	struct first_copy {
		ino_t inode;
		char *path; /* relative to the target */
	} * items;
	size_t count, capacity;
};

struct copy {
	int target;
	bool layer;	/* whiteouts are carried out */
	bool overrides; /* owners and modes of the source are in attributes */
	dev_t device;	/* of the source: mounts inside it are not followed */
	struct link_memory links;
	struct failure *out;
};

static int copy_directory(struct copy *copy, int from, int to, const char *path, unsigned depth);

static bool is_kept(const char *name)
{
	if (strncmp(name, "user.", 5) == 0)
		return strncmp(name, "user.overlay.", 13) != 0 && strcmp(name, STAT_OVERRIDE) != 0;
	return strcmp(name, "security.capability") == 0 ||
	       strncmp(name, "system.posix_acl_", 17) == 0;
}

static int copy_attributes(
	const struct copy *copy, int from, int to, const struct stat *status, const char *path)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};
	char names[4096];
	ssize_t length = flistxattr(from, names, sizeof(names));

	/* The owner first: changing it clears set-uid bits and file capabilities. */
	if (fchown(to, status->st_uid, status->st_gid) < 0)
		return fail(copy->out, errno, STEP, "cannot give %s to %u:%u", path, status->st_uid,
			status->st_gid);
	if (fchmod(to, status->st_mode & 07777) < 0)
		return fail(copy->out, errno, STEP, "cannot set the attributes of %s", path);
	for (const char *name = names; length > 0 && name < names + length;
		name += strlen(name) + 1) {
		char value[4096];
		ssize_t size;

		if (!is_kept(name))
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
		return fail(copy->out, errno, STEP, "cannot open %s to copy it", path);
	if (copy->overrides)
		stat_override_read(from, &status);
	if (!S_ISREG(status.st_mode))
		return fail(copy->out, EBUSY, STEP, "%s changed while it was copied", path);
	first = status.st_nlink > 1 ? find_first_copy(copy, status.st_ino, path) : NULL;
	if (first) {
		if (linkat(copy->target, first, to_directory, name, 0) < 0)
			return fail(copy->out, errno, STEP, "cannot link %s", path);
		return 0;
	}

	auto_close int to = openat(
		to_directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (to < 0)
		return fail(copy->out, errno, STEP, "cannot create %s in the copy", path);
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
	if (symlinkat(target, to, name) < 0 ||
		fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(copy->out, errno, STEP, "cannot copy the link %s", path);
	return 0;
}

static int copy_subdirectory(struct copy *copy, int from_directory, int to_directory,
	const char *name, const char *path, unsigned depth)
{
	struct stat old;
	auto_close int from =
		openat(from_directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (from < 0)
		return fail(copy->out, errno, STEP, "cannot open %s to copy it", path);
	if (fstatat(to_directory, name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
		(!S_ISDIR(old.st_mode) || (copy->layer && layer_is_opaque(from, true))) &&
		remove_tree(to_directory, name, copy->out) < 0)
		return -1;
	if (mkdirat(to_directory, name, 0700) < 0 && errno != EEXIST)
		return fail(copy->out, errno, STEP, "cannot create %s in the copy", path);

	auto_close int to =
		openat(to_directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (to < 0)
		return fail(copy->out, errno, STEP, "cannot open %s in the copy", path);
	return copy_directory(copy, from, to, path, depth + 1);
}

static int copy_fifo(
	struct copy *copy, int to, const char *name, const char *path, const struct stat *status)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};

	if (mknodat(to, name, status->st_mode, 0) < 0 ||
		fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(copy->out, errno, STEP, "cannot create the fifo %s", path);
	return 0;
}

/* One that is no directory: it takes the place of whatever is there. */
static int copy_leaf(struct copy *copy, int from, int to, const char *name, const char *path,
	const struct stat *status)
{
	if (remove_tree(to, name, copy->out) < 0)
		return -1;
	if (S_ISREG(status->st_mode))
		return copy_file(copy, from, to, name, path);
	if (S_ISLNK(status->st_mode))
		return copy_link(copy, from, to, name, path, status);
	if (S_ISFIFO(status->st_mode))
		return copy_fifo(copy, to, name, path, status);
	/* Devices and sockets have no meaning in a copy of a user's. */
	return 0;
}

static int copy_entry(
	struct copy *copy, int from, int to, const char *name, const char *parent, unsigned depth)
{
	auto_free char *path = NULL;
	struct stat status;

	if (asprintf(&path, "%s%s%s", parent, *parent ? "/" : "", name) < 0)
		return fail(copy->out, ENOMEM, STEP, "cannot copy %s", name);
	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(copy->out, errno, STEP, "cannot read %s to copy it", path);
	if (status.st_dev != copy->device && S_ISDIR(status.st_mode))
		return 0;
	if (S_ISDIR(status.st_mode))
		return copy_subdirectory(copy, from, to, name, path, depth);
	if (layer_is_whiteout(&status))
		return copy->layer ? remove_tree(to, name, copy->out) : 0;
	return copy_leaf(copy, from, to, name, path, &status);
}

static bool is_mark(const struct copy *copy, const char *name)
{
	return copy->layer && strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0;
}

/* Where a layer could have no devices as whiteouts, it has files. All of them come first: what the
 * layer itself has under such a name stays. */
static int carry_out_marks(struct copy *copy, DIR *directory, int to)
{
	struct dirent *entry;

	while ((entry = readdir(directory))) {
		const char *name = entry->d_name + strlen(WHITEOUT_PREFIX);

		if (!is_mark(copy, entry->d_name) || !*name || strcmp(name, ".") == 0 ||
			strcmp(name, "..") == 0)
			continue;
		if (remove_tree(to, name, copy->out) < 0)
			return -1;
	}
	rewinddir(directory);
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
		return fail(copy->out, errno, STEP, "cannot read %s to copy it", path);
	if (copy->overrides)
		stat_override_read(from, &status);
	if (copy->layer && carry_out_marks(copy, directory, to) < 0)
		return -1;
	while ((errno = 0, entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			is_mark(copy, entry->d_name))
			continue;
		if (copy_entry(copy, from, to, entry->d_name, path, depth) < 0)
			return -1;
	}
	if (errno)
		return fail(copy->out, errno, STEP, "cannot read %s to copy it", path);
	return copy_attributes(copy, from, to, &status, path);
}

static void forget_links(struct link_memory *links)
{
	for (size_t i = 0; i < links->count; i++)
		free(links->items[i].path);
	free(links->items);
}

int tree_copy(int from, int to, enum tree_kind kind, struct failure *out)
{
	struct copy copy = {.target = to, .layer = kind == TREE_LAYER, .out = out};
	struct stat status;
	int result;

	if (fstat(from, &status) < 0)
		return fail(out, errno, STEP, "cannot read the directory to copy");
	copy.device = status.st_dev;
	copy.overrides = copy.layer && stat_override_is_on(from);
	result = copy_directory(&copy, from, to, "", 0);
	forget_links(&copy.links);
	return result;
}
