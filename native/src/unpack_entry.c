/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of an archive: a file, a directory, a link, a fifo. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <archive.h>

#include "scope.h"
#include "unpack_parts.h"

static mode_t mode_of(const struct unpacking *unpacking, struct archive_entry *entry)
{
	mode_t mode = archive_entry_perm(entry) & 07777;

	return unpacking->options->owner == UNPACK_CALLER ? mode & 01777 : mode;
}

static void set_user_attributes(int fd, struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if (name && layer_attribute_is_wanted(name) && strncmp(name, "user.", 5) == 0)
			(void)!fsetxattr(fd, name, value, size, 0);
}

static int set_attributes(
	struct unpacking *unpacking, int fd, struct archive_entry *entry, const char *path)
{
	if (unpacking->options->owner != UNPACK_CALLER)
		return layer_set_attributes(&unpacking->layer, fd, entry, path);
	set_user_attributes(fd, entry);
	return fchmod(fd, mode_of(unpacking, entry)) < 0
		       ? unpack_cannot(unpacking, "set the mode of", path)
		       : 0;
}

static int write_data(
	struct unpacking *unpacking, struct archive_entry *entry, int fd, const char *path)
{
	for (;;) {
		const void *block;
		size_t length;
		int64_t offset;
		int code =
			archive_read_data_block(unpacking->layer.archive, &block, &length, &offset);

		if (code == ARCHIVE_EOF)
			return 0;
		if (code != ARCHIVE_OK)
			return 1;
		for (size_t done = 0; done < length;) {
			ssize_t put = retry_eintr(pwrite(fd, (const char *)block + done,
				length - done, offset + (int64_t)done));

			if (put < 0)
				return unpack_cannot(unpacking, "write", path);
			done += (size_t)put;
		}
		unpacking->between = offset + (int64_t)length >= archive_entry_size(entry);
	}
}

static int make_file(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	struct timespec times[2];
	auto_close int fd = -1;
	int result = unpack_make_room(unpacking, spot, false);

	if (result < 0)
		return -1;
	fd = openat(spot->parent, spot->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0)
		return unpack_cannot(unpacking, "create", spot->path);
	result = write_data(unpacking, entry, fd, spot->path);
	if (result != 0)
		return result;
	if (archive_entry_size(entry) > 0 && ftruncate(fd, archive_entry_size(entry)) < 0)
		return unpack_cannot(unpacking, "extend", spot->path);
	if (set_attributes(unpacking, fd, entry, spot->path) < 0)
		return -1;
	layer_times(entry, times);
	return futimens(fd, times) < 0 ? unpack_cannot(unpacking, "set the times of", spot->path)
				       : 0;
}

static int remember(struct unpacking *unpacking, struct archive_entry *entry, const char *path)
{
	struct late_directory *slot;

	if (unpacking->late_count == unpacking->late_capacity) {
		size_t capacity = unpacking->late_capacity * 2 + 64;
		struct late_directory *grown =
			reallocarray(unpacking->late, capacity, sizeof(*grown));

		if (!grown)
			return fail(
				unpacking->out, ENOMEM, UNPACK_STEP, "cannot remember a directory");
		unpacking->late = grown;
		unpacking->late_capacity = capacity;
	}
	slot = &unpacking->late[unpacking->late_count];
	slot->path = strdup(path);
	slot->mode = mode_of(unpacking, entry);
	layer_times(entry, slot->times);
	if (!slot->path)
		return fail(unpacking->out, ENOMEM, UNPACK_STEP, "cannot remember a directory");
	unpacking->late_count++;
	return 0;
}

static int make_directory(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	int there = unpack_make_room(unpacking, spot, true);
	auto_close int fd = -1;

	if (there < 0)
		return -1;
	if (there == 0 && mkdirat(spot->parent, spot->name, 0700) < 0 && errno != EEXIST)
		return unpack_cannot(unpacking, "create", spot->path);
	fd = openat(spot->parent, spot->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return unpack_cannot(unpacking, "open", spot->path);
	if (set_attributes(unpacking, fd, entry, spot->path) < 0)
		return -1;
	if (unpacking->options->named)
		unpacking->options->named(unpacking->options->context, spot->path);
	/* Its files are still to come. */
	if (fchmod(fd, mode_of(unpacking, entry) | S_IRWXU) < 0)
		return unpack_cannot(unpacking, "set the mode of", spot->path);
	return remember(unpacking, entry, spot->path);
}

static int set_unopened(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	struct timespec times[2];
	uid_t uid;
	gid_t gid;

	layer_times(entry, times);
	if (unpacking->options->owner != UNPACK_CALLER) {
		if (layer_owner(&unpacking->layer, entry, spot->path, &uid, &gid) < 0)
			return -1;
		if (!unpacking->layer.overrides &&
			fchownat(spot->parent, spot->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
			return unpack_cannot(unpacking, "set the owner of", spot->path);
	}
	if (utimensat(spot->parent, spot->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return unpack_cannot(unpacking, "set the times of", spot->path);
	return 0;
}

static int make_symlink(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	const char *target = archive_entry_symlink(entry);

	if (unpack_make_room(unpacking, spot, false) < 0)
		return -1;
	if (symlinkat(target ? target : "", spot->parent, spot->name) < 0)
		return unpack_cannot(unpacking, "create the link", spot->path);
	return set_unopened(unpacking, entry, spot);
}

static int make_fifo(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	if (unpack_make_room(unpacking, spot, false) < 0)
		return -1;
	if (mknodat(spot->parent, spot->name, S_IFIFO | mode_of(unpacking, entry), 0) < 0)
		return unpack_cannot(unpacking, "create the fifo", spot->path);
	return set_unopened(unpacking, entry, spot);
}

/* To an earlier entry: its last component is taken as it is. */
static int make_hard_link(struct unpacking *unpacking, const char *target, const struct spot *spot)
{
	char path[PATH_MAX];
	struct stat status;
	const char *name;

	if (unpack_clean(target, path, unpacking->out) < 0)
		return -1;
	auto_close int parent = unpack_open_parent(unpacking, path, &name);

	if (parent < 0 || unpack_make_room(unpacking, spot, false) < 0)
		return -1;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode) &&
		!S_ISLNK(status.st_mode) && !S_ISFIFO(status.st_mode))
		errno = EPERM;
	else if (linkat(parent, name, spot->parent, spot->name, 0) == 0)
		return 0;
	return unpack_cannot(unpacking, "link", spot->path);
}

int unpack_make(struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	const char *target = archive_entry_hardlink(entry);

	if (target)
		return make_hard_link(unpacking, target, spot);
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return make_file(unpacking, entry, spot);
	case AE_IFDIR:
		return make_directory(unpacking, entry, spot);
	case AE_IFLNK:
		return make_symlink(unpacking, entry, spot);
	case AE_IFIFO:
		return make_fifo(unpacking, entry, spot);
	default:
		return 0; /* Devices mean nothing here, and no user can make one. */
	}
}
