/* SPDX-License-Identifier: Apache-2.0 */
#include "tree_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scope.h"
#include "whiteout.h"

/* A directory on the way down. Its subdirectories are known before the first is entered, so that
 * nothing of it has to stay open; on the way up it is found as `..` and recognised. */
struct level {
	dev_t device;
	ino_t inode;
	char *names; /* each with its kind before it and its NUL, one after the other */
	size_t size, room, at;
	unsigned attempt; /* of the name at `at` */
};

struct walk {
	const struct tree_visitor *visitor;
	int fd; /* of the deepest level */
	struct level *levels;
	size_t depth, capacity;
};

enum { IS_DIRECTORY = 'd', IS_ENTRY = 'e' };

static int add_name(struct level *level, char kind, const char *name)
{
	size_t length = strlen(name) + 2;

	if (level->size + length > level->room) {
		size_t room = level->room * 2 + 512; /* a name has 256 bytes at most */
		char *grown = realloc(level->names, room);

		if (!grown)
			return -1;
		level->names = grown;
		level->room = room;
	}
	level->names[level->size] = kind;
	memcpy(level->names + level->size + 1, name, length - 1);
	level->size += length;
	return 0;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(*(char *const *)one + 1, *(char *const *)other + 1);
}

static const char *meant(const char *name)
{
	const char *spoken_of = whiteout_of_mark(name);

	return spoken_of ? spoken_of : name;
}

static int compare_meant_names(const void *one, const void *other)
{
	int order = strcmp(meant(*(char *const *)one + 1), meant(*(char *const *)other + 1));

	return order ? order : compare_names(one, other);
}

/* By their bytes: what is made of the walk is the same each time. */
static int sort_names(struct level *level, bool marks)
{
	auto_free char **order = NULL;
	auto_free char *sorted = NULL;
	size_t count = 0, size = 0;

	for (size_t at = 0; at < level->size; at += strlen(level->names + at) + 1)
		count++;
	if (count < 2)
		return 0;
	order = calloc(count, sizeof(*order));
	sorted = malloc(level->room);
	if (!order || !sorted)
		return -1;
	count = 0;
	for (size_t at = 0; at < level->size; at += strlen(level->names + at) + 1)
		order[count++] = level->names + at;
	qsort(order, count, sizeof(*order), marks ? compare_meant_names : compare_names);
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(order[i]) + 1;

		memcpy(sorted + size, order[i], length);
		size += length;
	}
	free(level->names);
	level->names = take(sorted);
	return 0;
}

static bool is_directory(int directory, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Visits the files of the directory and notes its subdirectories; in an ordered walk it notes all.
 */
static int scan(struct walk *walk, struct level *level)
{
	int again = openat(walk->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *stream = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	struct stat status;

	if (!stream) {
		scope_close(&again);
		return -1;
	}
	if (fstat(walk->fd, &status) < 0)
		return -1;
	level->device = status.st_dev;
	level->inode = status.st_ino;
	while ((errno = 0, entry = readdir(stream))) {
		if (is_dot(entry->d_name))
			continue;
		bool directory = is_directory(walk->fd, entry);

		if (!directory && !walk->visitor->ordered)
			walk->visitor->entry(walk->visitor->context, walk->fd, entry->d_name);
		else if (add_name(level, directory ? IS_DIRECTORY : IS_ENTRY, entry->d_name) < 0)
			return -1;
	}
	if (errno)
		return -1;
	return walk->visitor->ordered ? sort_names(level, walk->visitor->marks) : 0;
}

/* Takes over fd. */
static int descend(struct walk *walk, int fd)
{
	struct level *level;

	scope_close(&walk->fd);
	walk->fd = fd;
	if (walk->depth == walk->capacity) {
		size_t capacity = walk->capacity * 2 + 32;
		struct level *grown = reallocarray(walk->levels, capacity, sizeof(*walk->levels));

		if (!grown)
			return -1;
		walk->levels = grown;
		walk->capacity = capacity;
	}
	level = &walk->levels[walk->depth++];
	*level = (struct level){.attempt = 1};
	return scan(walk, level);
}

/* Back to the parent: 0, 1 when it is not there any more, -1. */
static int ascend(struct walk *walk)
{
	struct level *parent;
	struct stat status;

	free(walk->levels[--walk->depth].names);
	if (walk->depth == 0)
		return 0;
	parent = &walk->levels[walk->depth - 1];
	auto_close int fd = openat(walk->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (status.st_dev != parent->device || status.st_ino != parent->inode)
		return 1;
	scope_close(&walk->fd);
	walk->fd = take_fd(&fd);
	return 0;
}

static void next_name(struct level *level)
{
	level->at += strlen(level->names + level->at) + 1;
	level->attempt = 1;
}

/* The directory at the current name was visited. Returns false when the walk is to end. */
static bool leave(struct walk *walk)
{
	const struct tree_visitor *visitor = walk->visitor;
	struct level *level = &walk->levels[walk->depth - 1];
	const char *name = level->names + level->at + 1;
	enum tree_leave result =
		visitor->leave ? visitor->leave(visitor->context, walk->fd, name, level->attempt)
			       : TREE_DONE;

	if (result == TREE_AGAIN)
		level->attempt++;
	else
		next_name(level);
	return result != TREE_STOP;
}

/* One name, or one directory down or up. Returns 0 to go on, 1 at the walk's end, -1. */
static int step(struct walk *walk)
{
	const struct tree_visitor *visitor = walk->visitor;
	struct level *level = &walk->levels[walk->depth - 1];
	int result, fd;

	if (level->at < level->size) {
		const char *name = level->names + level->at + 1;

		if (level->names[level->at] == IS_ENTRY) {
			visitor->entry(visitor->context, walk->fd, name);
			next_name(level);
			return 0;
		}
		fd = visitor->open(visitor->context, walk->fd, name);
		if (fd >= 0)
			return descend(walk, fd);
		next_name(level);
		return 0;
	}
	result = ascend(walk);
	if (result != 0)
		return result;
	return walk->depth == 0 || leave(walk) ? 0 : 1;
}

int tree_walk(int fd, const struct tree_visitor *visitor)
{
	struct walk walk = {.visitor = visitor, .fd = -1};
	int result = descend(&walk, fd), error;

	while (result == 0 && walk.depth > 0)
		result = step(&walk);
	error = errno;
	while (walk.depth > 0)
		free(walk.levels[--walk.depth].names);
	free(walk.levels);
	scope_close(&walk.fd);
	errno = error;
	return result;
}
