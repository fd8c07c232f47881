/* SPDX-License-Identifier: Apache-2.0 */
/* What is no directory in a tree that is sealed. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "scope.h"
#include "seal_parts.h"
#include "whiteout.h"

void seal_note(struct seal *seal, int result)
{
	if (result < 0)
		seal->failed = true;
}

void seal_cut_time(const struct seal *seal, struct stat *status)
{
	status->st_mtim.tv_nsec = 0;
	if (seal->options->is_limited && status->st_mtim.tv_sec > seal->options->latest)
		status->st_mtim.tv_sec = seal->options->latest;
}

void seal_set_time(struct seal *seal, int directory, const char *name, const struct stat *status)
{
	const struct timespec times[2] = {status->st_mtim, status->st_mtim};

	if (utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		seal_cannot(seal, errno, "set the times of");
}

void seal_tell_above(struct seal *seal, size_t depth)
{
	for (size_t i = 0; i < depth && !seal->failed; i++) {
		struct seal_level *level = &seal->levels[i];

		if (!level->told)
			seal_note(seal, pack_write(&seal->pack, -1, NULL, &level->packed));
		level->told = true;
	}
}

void seal_drop(struct seal *seal, int directory, const char *name, int flags)
{
	if (unlinkat(directory, name, flags) < 0)
		seal_cannot(seal, errno, "remove");
}

/* Of a name that the layers below do not have there is nothing to say. */
static void seal_whiteout(struct seal *seal, int directory, const char *name, const char *gone)
{
	struct stat status;

	if (layer_stack_find(&seal->layers, gone, &status) < 0) {
		seal_drop(seal, directory, name, 0);
		return;
	}
	seal_tell_above(seal, seal->depth);
	if (seal->failed)
		return;
	/* A mark is a file that this program made. */
	if (gone == name && (fchownat(directory, name, 0, 0, AT_SYMLINK_NOFOLLOW) < 0 ||
				    fchmodat(directory, name, 0, 0) < 0))
		seal_cannot(seal, errno, "change the whiteout");
	tree_path_pop(&seal->path);
	if (tree_path_push(&seal->path, gone) < 0)
		seal_cannot(seal, ENOMEM, "remember");
	else
		seal_note(seal, pack_whiteout(&seal->pack, seal->path.text));
}

/* Sockets, and devices that mean nothing: no archive has them. */
static void seal_unpackable(struct seal *seal, int directory, const char *name)
{
	struct stat status;

	seal_drop(seal, directory, name, 0);
	if (seal->failed || layer_stack_find(&seal->layers, name, &status) < 0)
		return;
	if (whiteout_make(directory, name) < 0) {
		seal_cannot(seal, errno, "replace");
		return;
	}
	seal_tell_above(seal, seal->depth);
	if (!seal->failed)
		seal_note(seal, pack_whiteout(&seal->pack, seal->path.text));
}

static void keep_object(struct seal *seal, int directory, const char *name, struct packed *packed)
{
	const struct stat before = packed->status;
	auto_close int file = -1;

	seal_cut_time(seal, &packed->status);
	if (S_ISREG(before.st_mode) && (packed->has_more || seal->tidy.overrides)) {
		file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (file < 0)
			seal_cannot(seal, errno, "open");
		else
			seal_note(seal, tidy_attributes(&seal->tidy, file, &before, packed->path));
	}
	seal_tell_above(seal, seal->depth);
	if (!seal->failed)
		seal_note(seal, pack_write(&seal->pack, directory, name, packed));
	if (!seal->failed)
		seal_set_time(seal, directory, name, &packed->status);
}

static void seal_object(struct seal *seal, int directory, const char *name)
{
	struct packed packed = {0};
	struct stat below;
	int same, result = pack_read(&seal->pack, directory, name, seal->path.text, &packed);

	if (result != 0) {
		if (result > 0)
			seal_cannot(seal, EBUSY, "read");
		seal->failed = true;
		return;
	}
	same = seal_is_below(seal, directory, name, &packed);
	if (same > 0 || (same == 0 && seal_is_placeholder(seal, &packed) &&
				layer_stack_find(&seal->layers, name, &below) < 0))
		seal_drop(seal, directory, name, 0);
	else if (same == 0)
		keep_object(seal, directory, name, &packed);
	packed_clear(&packed);
}

void seal_visit_entry(void *context, int directory, const char *name)
{
	struct seal *seal = context;
	const char *gone = whiteout_of_mark(name);
	struct stat status;

	if (seal->failed)
		return;
	if (tree_path_push(&seal->path, name) < 0)
		seal_cannot(seal, ENOMEM, "remember");
	else if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		seal_cannot(seal, errno, "read");
	else if (gone || layer_is_whiteout(&status))
		seal_whiteout(seal, directory, name, gone ? gone : name);
	else if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode) || S_ISFIFO(status.st_mode))
		seal_object(seal, directory, name);
	else
		seal_unpackable(seal, directory, name);
	tree_path_pop(&seal->path);
}
