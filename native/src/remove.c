/* SPDX-License-Identifier: Apache-2.0 */
#include "remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "id_map.h"
#include "scope.h"
#include "userns.h"
#include "verbs.h"

#define STEP "remove"

/* A tree may be deeper than there are descriptors: below this depth directories are first moved up
 * to the top of the tree. */
enum { DEPTH_LIMIT = 64 };

/* How often a directory is emptied that gets a new entry meanwhile: the mark of a layer that was
 * just synced. */
enum { ATTEMPTS = 8 };

struct removal {
	int top;	     /* the directory being removed */
	unsigned long moved; /* directories moved to the top */
	bool failed;
	struct failure *out; /* the first failure */
};

static void note(struct removal *removal, int error, const char *name)
{
	if (!removal->failed)
		fail(removal->out, error, STEP, "cannot remove '%.300s'", name);
	removal->failed = true;
}

static int open_directory(int parent, const char *name, int flags)
{
	const struct open_how how = {
		.flags = (unsigned)(flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
}

/* Gives the owner all rights to a directory that cannot be opened, by a descriptor that needs none.
 */
static int unlock_directory(int parent, const char *name)
{
	char path[64];
	auto_close int fd = open_directory(parent, name, O_PATH);

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, 0700);
}

static int open_to_empty(int parent, const char *name)
{
	int fd = open_directory(parent, name, O_RDONLY);

	if (fd >= 0 || errno != EACCES)
		return fd;
	if (unlock_directory(parent, name) < 0) {
		errno = EACCES;
		return -1;
	}
	return open_directory(parent, name, O_RDONLY);
}

/* unlinkat, once more after making the directory writable to its owner. */
static int unlink_in(int directory, const char *name, int flags)
{
	if (unlinkat(directory, name, flags) == 0)
		return 0;
	if ((errno != EACCES && errno != EPERM) || fchmod(directory, 0700) < 0)
		return -1;
	return unlinkat(directory, name, flags);
}

static int move_to_top(struct removal *removal, int parent, const char *name)
{
	char moved[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(moved, sizeof(moved), ".moved-%lu", removal->moved++);
		if (renameat2(parent, name, removal->top, moved, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno == EACCES) {
			if (unlock_directory(parent, name) < 0)
				return -1;
			fchmod(parent, 0700);
			fchmod(removal->top, 0700);
		} else if (errno != EEXIST) {
			return -1;
		}
	}
	return -1;
}

static void empty_directory(struct removal *removal, int fd, unsigned depth);

static void remove_entry(
	struct removal *removal, int directory, const char *name, bool is_directory, unsigned depth)
{
	auto_close int fd = -1;

	if (!is_directory) {
		if (unlink_in(directory, name, 0) == 0 || errno == ENOENT)
			return;
		if (errno != EISDIR) {
			note(removal, errno, name);
			return;
		}
	}
	if (depth >= DEPTH_LIMIT) {
		if (move_to_top(removal, directory, name) < 0)
			note(removal, errno, name);
		return;
	}
	fd = open_to_empty(directory, name);
	if (fd < 0) {
		if (errno != ENOENT)
			note(removal, errno == EXDEV ? EBUSY : errno, name);
		return;
	}
	for (int attempt = 1;; attempt++) {
		empty_directory(removal, fd, depth + 1);
		if (unlink_in(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return;
		if (errno != ENOTEMPTY || removal->failed || attempt == ATTEMPTS)
			break;
	}
	note(removal, errno, name);
}

/* Removes what is in a directory. The descriptor stays the caller's. */
static void empty_directory(struct removal *removal, int fd, unsigned depth)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *directory = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (!directory) {
		note(removal, errno, ".");
		return;
	}
	while ((errno = 0, entry = readdir(directory))) {
		bool is_directory = entry->d_type == DT_DIR;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_type == DT_UNKNOWN) {
			struct stat status;

			is_directory =
				fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
				S_ISDIR(status.st_mode);
		}
		remove_entry(removal, fd, entry->d_name, is_directory, depth);
	}
	if (errno)
		note(removal, errno, ".");
}

/* Directories that were moved up are emptied in turns, each of which goes DEPTH_LIMIT deeper. */
static void empty_top(struct removal *removal)
{
	unsigned long moved;

	do {
		moved = removal->moved;
		empty_directory(removal, removal->top, 1);
	} while (!removal->failed && removal->moved != moved);
}

int remove_tree(int parent_fd, const char *name, struct failure *out)
{
	struct removal removal = {.out = out};
	auto_close int top = -1;

	if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* A parent without write permission is the caller's: its mode is left alone. */
	if (errno != EISDIR && errno != EPERM)
		return fail(out, errno, STEP, "cannot remove '%.300s'", name);
	top = open_to_empty(parent_fd, name);
	if (top < 0)
		return errno == ENOENT ? 0
				       : fail(out, errno == EXDEV ? EBUSY : errno, STEP,
						 "cannot remove '%.300s'", name);
	removal.top = top;
	for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
		empty_top(&removal);
		if (removal.failed)
			return -1;
		if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY)
			break;
	}
	return fail(out, errno, STEP, "cannot remove '%.300s'", name);
}

static int remove_path(const char *path, struct failure *out)
{
	char copy[PATH_MAX];
	size_t length = strlen(path);
	char *slash;
	const char *name;

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0 || length >= sizeof(copy))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "not a path: '%.300s'", path);
	memcpy(copy, path, length);
	copy[length] = '\0';
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "refused to remove '%.300s'", path);
	if (slash)
		*slash = '\0';

	auto_close int parent = open(!slash	     ? "."
				     : slash == copy ? "/"
						     : copy,
		O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0)
		return errno == ENOENT ? 0
				       : fail(out, errno, STEP,
						 "cannot open the directory of '%.300s'", path);
	return remove_tree(parent, name, out);
}

static int remove_paths(int argc, char **argv, struct failure *out)
{
	const char *map_text = NULL;
	struct id_map map = {0};
	struct failure later;
	int result = 0, at = 2;

	while (at < argc && strncmp(argv[at], "--", 2) == 0) {
		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		if (strcmp(argv[at], "--id-map") != 0 || at + 1 >= argc)
			return fail_kind(
				out, FAILURE_BAD_INPUT, 0, STEP, "unknown option %.100s", argv[at]);
		map_text = argv[at + 1];
		at += 2;
	}
	if (!map_text || at == argc)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "usage: remove --id-map JSON [--] PATH…");
	if (id_map_parse_text(map_text, &map, out) < 0)
		return -1;
	result = userns_create(&map, 0, out);
	id_map_clear(&map);
	if (result < 0)
		return -1;
	for (; at < argc; at++)
		if (remove_path(argv[at], result < 0 ? &later : out) < 0)
			result = -1;
	return result;
}

int verb_remove(int argc, char **argv)
{
	struct failure failure;

	if (remove_paths(argc, argv, &failure) == 0)
		return 0;
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}
