/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <archive.h>
#include <archive_entry.h>

#include "layer_attributes.h"
#include "layer_marks.h"
#include "layer_time.h"
#include "path.h"
#include "remove.h"
#include "scope.h"

#define STEP "layer"

int layer_cannot(const struct layer *layer, int error, const char *verb, const char *path)
{
	if (error == ENAMETOOLONG || error == EFBIG)
		return fail_kind(layer->out, FAILURE_BAD_INPUT, error, STEP, "cannot %s '%.300s'",
			verb, path);
	return fail(layer->out, error, STEP, "cannot %s '%.300s'", verb, path);
}

int layer_refuse(const struct layer *layer, const char *path, const char *why)
{
	return fail_kind(
		layer->out, FAILURE_BAD_INPUT, 0, STEP, "the layer's entry '%.300s' %s", path, why);
}

static bool is_whiteout(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

/* Clears the way for an entry: an earlier one of the same name goes. The directory kept open may be
 * reached through what was removed, so it is looked up again for the next entry. */
static int replace(struct layer *layer, const struct place *place, bool *ret_was_whiteout)
{
	struct stat status;

	*ret_was_whiteout = false;
	layer->way_changed = true;
	if (fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : layer_cannot(layer, errno, "replace", place->path);
	*ret_was_whiteout = is_whiteout(&status);
	return remove_tree(place->parent, place->name, layer->out);
}

static int write_data(struct layer *layer, int fd, struct archive_entry *entry, const char *path)
{
	int64_t end = 0, size = archive_entry_size(entry);

	for (;;) {
		const void *block;
		size_t length;
		int64_t offset;
		int code = archive_read_data_block(layer->archive, &block, &length, &offset);

		if (code == ARCHIVE_EOF)
			break;
		if (code != ARCHIVE_OK)
			return -1; /* the caller asks the archive why */
		for (size_t done = 0; done < length;) {
			ssize_t put = retry_eintr(pwrite(fd, (const char *)block + done,
				length - done, offset + (int64_t)done));

			if (put < 0)
				return layer_cannot(layer, errno, "write", path);
			done += (size_t)put;
		}
		end = offset + (int64_t)length;
		layer->bytes += length;
	}
	/* A sparse file may end in a hole. */
	if (end < size && ftruncate(fd, size) < 0)
		return layer_cannot(layer, errno, "extend", path);
	return 0;
}

static int open_new(const struct place *place)
{
	return openat(place->parent, place->name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static int make_file(struct layer *layer, struct archive_entry *entry, const struct place *place)
{
	struct timespec times[2];
	bool was_whiteout;
	auto_close int fd = open_new(place);

	if (fd < 0 && errno == EEXIST) {
		if (replace(layer, place, &was_whiteout) < 0)
			return -1;
		fd = open_new(place);
	}
	if (fd < 0)
		return layer_cannot(layer, errno, "create", place->path);
	if (write_data(layer, fd, entry, place->path) < 0 ||
		layer_set_attributes(layer, fd, entry, place->path) < 0)
		return -1;
	layer_times(entry, times);
	if (futimens(fd, times) < 0)
		return layer_cannot(layer, errno, "set the times of", place->path);
	return 0;
}

static int make_directory(
	struct layer *layer, struct archive_entry *entry, const struct place *place)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	bool was_whiteout = false;
	int made = mkdirat(place->parent, place->name, 0700);
	auto_close int fd = -1;

	if (made == 0 || errno == EEXIST)
		fd = openat(place->parent, place->name, flags);
	if (fd < 0 && made < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		if (replace(layer, place, &was_whiteout) < 0)
			return -1;
		if (mkdirat(place->parent, place->name, 0700) == 0)
			fd = openat(place->parent, place->name, flags);
	}
	if (fd < 0)
		return layer_cannot(layer, errno, "create", place->path);
	/* The whiteout spoke of lower layers, whichever of the two entries comes first. */
	if (was_whiteout && layer_mark_opaque(layer, fd, place->path) < 0)
		return -1;
	if (layer_set_attributes(layer, fd, entry, place->path) < 0)
		return -1;
	return layer_remember_time(layer, entry, place->path);
}

static int set_unopened_attributes(
	struct layer *layer, struct archive_entry *entry, const struct place *place)
{
	struct timespec times[2];
	uid_t uid;
	gid_t gid;

	if (layer_owner(layer, entry, place->path, &uid, &gid) < 0)
		return -1;
	layer_times(entry, times);
	if (!layer->overrides &&
		fchownat(place->parent, place->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return layer_cannot(layer, errno, "set the owner of", place->path);
	if (utimensat(place->parent, place->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return layer_cannot(layer, errno, "set the times of", place->path);
	return 0;
}

static int make_symlink(struct layer *layer, struct archive_entry *entry, const struct place *place)
{
	const char *target = archive_entry_symlink(entry);
	bool was_whiteout;
	int made;

	if (!target || !*target)
		return layer_refuse(layer, place->path, "is a symbolic link to nothing");
	made = symlinkat(target, place->parent, place->name);
	if (made < 0 && errno == EEXIST) {
		if (replace(layer, place, &was_whiteout) < 0)
			return -1;
		made = symlinkat(target, place->parent, place->name);
	}
	if (made < 0)
		return layer_cannot(layer, errno, "create the link", place->path);
	return set_unopened_attributes(layer, entry, place);
}

static int make_fifo(struct layer *layer, struct archive_entry *entry, const struct place *place)
{
	const mode_t mode = S_IFIFO | (archive_entry_perm(entry) & 07777);
	bool was_whiteout;
	int made = mknodat(place->parent, place->name, mode, 0);

	if (made < 0 && errno == EEXIST) {
		if (replace(layer, place, &was_whiteout) < 0)
			return -1;
		made = mknodat(place->parent, place->name, mode, 0);
	}
	if (made < 0)
		return layer_cannot(layer, errno, "create the fifo", place->path);
	return set_unopened_attributes(layer, entry, place);
}

static bool are_same(int one_parent, const char *one, int other_parent, const char *other)
{
	struct stat first, second;

	return fstatat(one_parent, one, &first, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(other_parent, other, &second, AT_SYMLINK_NOFOLLOW) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static int link_failed(struct layer *layer, const struct place *place, const char *target)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
		return fail_kind(layer->out, FAILURE_BAD_INPUT, 0, STEP,
			"the layer's entry '%.200s' is a hard link to '%.200s', which is not in the layer",
			place->path, target);
	case EPERM:
		return layer_refuse(layer, place->path, "is a hard link to a directory");
	default:
		return layer_cannot(layer, errno, "link", place->path);
	}
}

/* The target is looked up like a name: from the root of the layer, with its last component taken
 * as it is. */
static int make_hard_link(struct layer *layer, const char *target, const struct place *place)
{
	char path[PATH_MAX];
	char *slash;
	const char *name;
	bool was_whiteout;
	int made;

	if (layer_path_clean(target, path, layer->out) < 0)
		return -1;
	slash = strrchr(path, '/');
	name = slash ? slash + 1 : path;
	if (!*name || strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0)
		return layer_refuse(layer, place->path, "is a hard link to no file");
	if (slash)
		*slash = '\0';

	auto_close int parent =
		path_open(layer->tree.root, slash ? path : ".", O_PATH | O_DIRECTORY, PATH_FOLLOW);

	if (parent < 0)
		return link_failed(layer, place, target);
	made = linkat(parent, name, place->parent, place->name, 0);
	if (made < 0 && errno == EEXIST) {
		if (are_same(parent, name, place->parent, place->name))
			return 0;
		if (replace(layer, place, &was_whiteout) < 0)
			return -1;
		made = linkat(parent, name, place->parent, place->name, 0);
	}
	return made < 0 ? link_failed(layer, place, target) : 0;
}

static int apply_root(struct layer *layer, struct archive_entry *entry)
{
	auto_close int fd = openat(layer->tree.root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (archive_entry_filetype(entry) != AE_IFDIR || archive_entry_hardlink(entry))
		return layer_refuse(layer, "/", "is not a directory");
	if (fd < 0)
		return layer_cannot(layer, errno, "open", "/");
	if (layer_set_attributes(layer, fd, entry, "/") < 0)
		return -1;
	return layer_remember_time(layer, entry, "");
}

static int make(struct layer *layer, struct archive_entry *entry, const struct place *place)
{
	const char *target = archive_entry_hardlink(entry);

	if (strncmp(place->name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0)
		return layer_make_mark(layer, place);
	if (target)
		return make_hard_link(layer, target, place);
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return make_file(layer, entry, place);
	case AE_IFDIR:
		return make_directory(layer, entry, place);
	case AE_IFLNK:
		return make_symlink(layer, entry, place);
	case AE_IFIFO:
		return make_fifo(layer, entry, place);
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFSOCK:
		/* No user can make a device, and none would work: every container gets a /dev of
		 * its own. Rootless Docker and Podman leave them out too. */
		return 0;
	default:
		return layer_refuse(layer, place->path, "is of an unknown type");
	}
}

int layer_entry_apply(struct layer *layer, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	struct place place;
	char path[PATH_MAX];
	int result;

	if (!name)
		return layer_refuse(layer, "", "has no name");
	if (layer_path_clean(name, path, layer->out) < 0)
		return -1;
	if (!*path)
		return apply_root(layer, entry);
	place.path = path;
	place.parent = layer_tree_parent(&layer->tree, path, &place.name, layer->out);
	if (place.parent < 0)
		return -1;
	result = make(layer, entry, &place);
	if (layer->way_changed)
		layer_tree_forget(&layer->tree);
	layer->way_changed = false;
	return result;
}
