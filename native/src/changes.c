/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layer_path.h"
#include "layer_stack.h"
#include "scope.h"
#include "stat_override.h"
#include "tree_path.h"
#include "tree_walk.h"

#define STEP "changes"

/* A directory on the way down that was not told of yet: it is when something in it is. */
struct pending {
	bool told;
	bool hidden; /* nothing of the layers is seen through it */
	char *path;
	struct packed packed;
};

struct changes {
	const struct change_sink *sink;
	struct layer_stack layers;
	struct tree_path path;
	struct pending *pending;
	size_t depth, capacity;
	bool hidden;	/* of the root: the upper directory is the whole tree, or opaque */
	bool marks;	/* it may have files as whiteouts */
	bool overrides; /* its owners and modes are in attributes */
	int directory;	/* in which deletions are looked for */
	bool failed;
	struct failure *out;
};

static void give_up(struct changes *changes, int error, const char *what)
{
	if (!changes->failed)
		fail(changes->out, error, STEP, "cannot %s %.200s", what,
			changes->path.text ? changes->path.text : "");
	changes->failed = true;
}

static void tell_one(struct changes *changes, enum change_kind kind, const char *path,
	int directory, const char *name, const struct packed *packed)
{
	if (!changes->failed && changes->sink->change(changes->sink->context, kind, path, directory,
					name, packed) < 0)
		changes->failed = true;
}

/* First the directories above that have nothing to tell of themselves. */
static void tell(struct changes *changes, enum change_kind kind, int directory, const char *name,
	const struct packed *packed)
{
	for (size_t i = 0; i < changes->depth; i++) {
		struct pending *above = &changes->pending[i];

		if (above->told)
			continue;
		above->told = true;
		tell_one(changes, CHANGE_CHANGED, above->path, -1, NULL, &above->packed);
	}
	tell_one(changes, kind, changes->path.text, directory, name, packed);
}

static ssize_t capability_of(int directory, const char *name, void *value, size_t size)
{
	char path[32 + NAME_MAX];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", directory, name);
	return lgetxattr(path, "security.capability", value, size);
}

static bool same_capability(int one, int other, const char *name)
{
	char first[64], second[64];
	ssize_t length = capability_of(one, name, first, sizeof(first));
	ssize_t other_length = capability_of(other, name, second, sizeof(second));

	if (length < 0 || other_length < 0)
		return length < 0 && other_length < 0;
	return length == other_length && memcmp(first, second, (size_t)length) == 0;
}

/* Archives have whole seconds only. */
static bool same_time(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec == other->tv_sec &&
	       (one->tv_nsec == other->tv_nsec || one->tv_nsec == 0 || other->tv_nsec == 0);
}

static bool differ(const struct stat *old, int old_directory, const struct stat *status,
	int directory, const char *name)
{
	if (old->st_mode != status->st_mode || old->st_uid != status->st_uid ||
		old->st_gid != status->st_gid || old->st_rdev != status->st_rdev)
		return true;
	if (!S_ISDIR(old->st_mode) &&
		(old->st_size != status->st_size || !same_time(&old->st_mtim, &status->st_mtim)))
		return true;
	return !S_ISLNK(old->st_mode) && !same_capability(old_directory, directory, name);
}

/* What Docker has in a layer of its own below each container; here the start makes them. */
static const struct {
	const char *path;
	mode_t type;
} provided[] = {
	{"dev", S_IFDIR},
	{"dev/pts", S_IFDIR},
	{"dev/shm", S_IFDIR},
	{"dev/mqueue", S_IFDIR},
	{"dev/console", S_IFREG},
	{"proc", S_IFDIR},
	{"sys", S_IFDIR},
	{"etc", S_IFDIR},
	{"etc/hosts", S_IFREG},
	{"etc/hostname", S_IFREG},
	{"etc/resolv.conf", S_IFREG},
	{"etc/mtab", S_IFLNK},
	{".dockerenv", S_IFREG},
};

/* 0 = still as it was made, else the kind of change. */
static int compare_provided(const char *path, const struct stat *status)
{
	for (size_t i = 0; i < array_size(provided); i++)
		if (strcmp(path, provided[i].path) == 0)
			return (status->st_mode & S_IFMT) == provided[i].type &&
					       (!S_ISREG(status->st_mode) || status->st_size == 0)
				       ? 0
				       : CHANGE_CHANGED;
	return CHANGE_ADDED;
}

/* 0 = as the layers have it, else the kind of change. */
static int compare(
	const struct changes *changes, int directory, const char *name, struct stat *status)
{
	struct stat old;
	int old_directory = layer_stack_find(&changes->layers, name, &old);

	if (changes->overrides)
		stat_override_read_at(directory, name, status);
	if (old_directory < 0)
		return compare_provided(changes->path.text, status);
	return differ(&old, old_directory, status, directory, name) ? CHANGE_CHANGED : 0;
}

/* A whiteout of what no layer has speaks of a file that came and went. */
static void tell_deletion(struct changes *changes, const char *name)
{
	struct stat old;

	if (changes->failed || layer_stack_find(&changes->layers, name, &old) < 0)
		return;
	if (tree_path_push(&changes->path, name) < 0)
		give_up(changes, ENOMEM, "remember");
	else
		tell(changes, CHANGE_DELETED, -1, name, NULL);
	tree_path_pop(&changes->path);
}

static void visit_entry(void *context, int directory, const char *name)
{
	struct changes *changes = context;
	struct stat status;
	int kind;

	if (changes->failed)
		return;
	if (changes->marks && strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0) {
		tell_deletion(changes, name + strlen(WHITEOUT_PREFIX));
		return;
	}
	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			give_up(changes, errno, "read");
		return;
	}
	if (layer_is_whiteout(&status)) {
		tell_deletion(changes, name);
		return;
	}
	if (tree_path_push(&changes->path, name) < 0) {
		give_up(changes, ENOMEM, "remember");
	} else {
		kind = compare(changes, directory, name, &status);
		if (kind)
			tell(changes, (enum change_kind)kind, directory, name, NULL);
	}
	tree_path_pop(&changes->path);
}

/* A name of the layers in a directory that hides them. */
static void visit_hidden(void *context, const char *name)
{
	struct changes *changes = context;
	struct stat status;

	if (fstatat(changes->directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		tell_deletion(changes, name);
}

/* An overlay marks only the topmost of directories that hide what is below. */
static void find_hidden(struct changes *changes, int directory)
{
	size_t depth = changes->depth;
	bool *hidden = depth > 0 ? &changes->pending[depth - 1].hidden : &changes->hidden;
	bool above = depth > 1 ? changes->pending[depth - 2].hidden : changes->hidden;

	*hidden = above || layer_is_opaque(directory, changes->marks);
	if (!*hidden)
		return;
	changes->directory = directory;
	if (layer_stack_names(&changes->layers, visit_hidden, changes) < 0)
		give_up(changes, errno, "read");
}

static struct pending *add_pending(struct changes *changes)
{
	struct pending *slot;

	if (changes->depth == changes->capacity) {
		size_t capacity = changes->capacity * 2 + 32;
		struct pending *grown =
			reallocarray(changes->pending, capacity, sizeof(*changes->pending));

		if (!grown)
			return NULL;
		changes->pending = grown;
		changes->capacity = capacity;
	}
	slot = &changes->pending[changes->depth++];
	*slot = (struct pending){.path = strdup(changes->path.text)};
	return slot->path ? slot : NULL;
}

static void drop_pending(struct changes *changes)
{
	struct pending *last = &changes->pending[--changes->depth];

	packed_clear(&last->packed);
	free(last->path);
}

/* Notes a directory, tells of it where it is itself a change, and goes down in the layers. */
static int note_directory(struct changes *changes, int directory, const char *name)
{
	struct stat status;
	struct pending *own;
	int kind;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	kind = compare(changes, directory, name, &status);
	own = add_pending(changes);
	if (!own)
		return -1;
	if (changes->sink->pack &&
		pack_read(changes->sink->pack, directory, name, own->path, &own->packed) != 0) {
		drop_pending(changes);
		return -1;
	}
	own->told = kind != 0;
	if (kind)
		tell(changes, (enum change_kind)kind, -1, name, &own->packed);
	if (layer_stack_enter(&changes->layers, name) < 0) {
		drop_pending(changes);
		return -1;
	}
	return 0;
}

static int enter(void *context, int directory, const char *name)
{
	struct changes *changes = context;
	auto_close int fd = -1;

	if (changes->failed)
		return -1;
	fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return -1;
	if (tree_path_push(&changes->path, name) < 0 || fd < 0 ||
		note_directory(changes, directory, name) < 0) {
		give_up(changes, errno, "read");
		return -1;
	}
	find_hidden(changes, fd);
	return take_fd(&fd);
}

static enum tree_leave leave(void *context, int directory, const char *name, unsigned attempt)
{
	struct changes *changes = context;

	(void)directory;
	(void)name;
	(void)attempt;
	drop_pending(changes);
	tree_path_pop(&changes->path);
	if (layer_stack_leave(&changes->layers) < 0)
		give_up(changes, errno, "leave");
	return changes->failed ? TREE_STOP : TREE_DONE;
}

static int walk(struct changes *changes, const char *upper)
{
	const struct tree_visitor visitor = {.context = changes,
		.ordered = true,
		.entry = visit_entry,
		.open = enter,
		.leave = leave};
	auto_close int fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return fail(changes->out, errno, STEP, "cannot open %.300s", upper);
	if (tree_path_start(&changes->path, "") < 0)
		return fail(changes->out, ENOMEM, STEP, "cannot walk %.300s", upper);
	changes->overrides = stat_override_is_on(fd);
	if (changes->sink->pack)
		changes->sink->pack->overrides = changes->overrides;
	find_hidden(changes, fd);
	result = tree_walk(take_fd(&fd), &visitor);
	if (changes->failed)
		return -1;
	if (result < 0)
		return fail(changes->out, errno, STEP, "cannot walk %.300s", upper);
	return result > 0 ? fail(changes->out, 0, STEP, "a directory was moved meanwhile") : 0;
}

/* A copy that was never made has nothing that could have changed. */
static bool is_unmade_copy(const struct plan_rootfs *rootfs)
{
	auto_free char *mark = NULL;

	return rootfs->driver == ROOTFS_COPY && asprintf(&mark, "%s/filled", rootfs->work) >= 0 &&
	       faccessat(AT_FDCWD, mark, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

int changes_walk(
	const struct plan_rootfs *rootfs, const struct change_sink *sink, struct failure *out)
{
	struct changes changes = {
		.sink = sink,
		.hidden = rootfs->driver == ROOTFS_COPY,
		.marks = rootfs->driver == ROOTFS_FUSE_OVERLAYFS,
		.out = out,
	};
	int result;

	if (is_unmade_copy(rootfs))
		return 0;
	result = layer_stack_open(&rootfs->lower, &changes.layers, out);
	if (result == 0)
		result = walk(&changes, rootfs->upper);
	while (changes.depth > 0)
		drop_pending(&changes);
	free(changes.pending);
	tree_path_clear(&changes.path);
	layer_stack_close(&changes.layers);
	return result;
}
