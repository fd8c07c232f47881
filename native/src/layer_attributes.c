/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_attributes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <archive.h>
#include <archive_entry.h>

#include "stat_override.h"

#define STEP "layer"

/* Attributes that steer overlay file systems or this program: an image must not forge them. */
static const char *const forbidden[] = {
	"user.overlay.",
	"user.fuseoverlayfs.",
	"user.containers.",
	"user.lighter.",
};

static bool id_is_mapped(const struct id_extent *extents, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= extents[i].inside && id < (int64_t)extents[i].inside + extents[i].count)
			return true;
	return false;
}

static int check_id(const struct layer *layer, const char *kind, const struct id_extent *extents,
	size_t count, int64_t id, const char *path)
{
	uint64_t ids = 0;

	if (id < 0 || id >= UINT32_MAX)
		return fail_kind(layer->out, FAILURE_BAD_INPUT, 0, STEP,
			"the layer's entry '%.200s' has the impossible %s %lld", path, kind,
			(long long)id);
	if (id_is_mapped(extents, count, id))
		return 0;
	for (size_t i = 0; i < count; i++)
		ids += extents[i].count;
	return fail_kind(layer->out, FAILURE_ID_RANGE, 0, STEP,
		"%s %lld is not in your range: '%.200s' belongs to it, which takes %lld subordinate %ss,"
		" and you have %llu",
		kind, (long long)id, path, (long long)id, kind,
		(unsigned long long)(ids > 0 ? ids - 1 : 0));
}

int layer_check_owner(const struct layer *layer, int64_t uid, int64_t gid, const char *path)
{
	const struct id_map *map = layer->map;

	if (layer->squash)
		return 0;
	if (check_id(layer, "uid", map->uids, map->uid_count, uid, path) < 0)
		return -1;
	return check_id(layer, "gid", map->gids, map->gid_count, gid, path);
}

int layer_owner(const struct layer *layer, struct archive_entry *entry, const char *path,
	uid_t *ret_uid, gid_t *ret_gid)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (layer_check_owner(layer, uid, gid, path) < 0)
		return -1;
	*ret_uid = layer->squash ? 0 : (uid_t)uid;
	*ret_gid = layer->squash ? 0 : (gid_t)gid;
	return 0;
}

bool layer_attribute_is_wanted(const char *name)
{
	if (strcmp(name, "security.capability") == 0 ||
		strcmp(name, "system.posix_acl_access") == 0 ||
		strcmp(name, "system.posix_acl_default") == 0)
		return true;
	/* trusted.* and the other names of security.* are the host's, out of reach of its users. */
	if (strncmp(name, "user.", 5) != 0)
		return false;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (strncmp(name, forbidden[i], strlen(forbidden[i])) == 0)
			return false;
	return true;
}

/* A file system without extended attributes still holds the image's files. */
static bool is_tolerable(int error)
{
	return error == ENOTSUP || error == EPERM;
}

/* What the kernel refuses to take as a name or a value, whichever file it is for. */
static bool is_malformed(int error)
{
	return error == EINVAL || error == ERANGE || error == E2BIG;
}

/* What ext4 writes for an attribute beside its name and value, and once in a block of them. */
enum { ATTRIBUTE_HEAD = 16, BLOCK_HEAD = 36, ATTRIBUTE_ALIGN = 4 };
/* What tmpfs counts as an inode. */
enum { INODE_SPACE = 1024 };

static size_t attribute_space(const char *name, size_t size)
{
	size_t space = strlen(name) + size + 2 * (ATTRIBUTE_ALIGN - 1);

	return ATTRIBUTE_HEAD + space;
}

/* What the attributes of a file take together. */
static size_t kept_space(int fd)
{
	char names[4096];
	ssize_t length = flistxattr(fd, names, sizeof(names));
	size_t space = 0;

	/* More names than fit here are more than fit into a block. */
	if (length < 0)
		return errno == ERANGE ? sizeof(names) : 0;
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = fgetxattr(fd, names + at, NULL, 0);

		space += attribute_space(names + at, size < 0 ? 0 : (size_t)size);
	}
	return space;
}

/* ext4 keeps but a block of attributes for a file, and calls its end a full disk. Blocks may be
 * free and still not to be had (reserved ones, those of other processes that are about to be
 * written), or be of no use (to tmpfs attributes are inodes): only what fits into no block is
 * not the disk's fault. */
static bool is_disk_full(int fd, const char *name, size_t size)
{
	struct statvfs status;
	size_t space = attribute_space(name, size);

	if (fstatvfs(fd, &status) < 0 || status.f_bavail == 0)
		return true;
	if (status.f_files > 0 && status.f_favail < space / INODE_SPACE + 1)
		return true;
	return BLOCK_HEAD + kept_space(fd) + space <= status.f_bsize;
}

static int attribute_failed(
	const struct layer *layer, int fd, const char *name, size_t size, const char *path)
{
	int error = errno;

	if (error == ENOSPC && !is_disk_full(fd, name, size))
		return fail_kind(layer->out, FAILURE_BAD_INPUT, 0, STEP,
			"the layer's entry '%.200s' has more attributes than the file system keeps: %.100s",
			path, name);
	return is_malformed(error)
		       ? fail_kind(layer->out, FAILURE_BAD_INPUT, error, STEP,
				 "cannot set %.100s of '%.200s'", name, path)
		       : fail(layer->out, error, STEP, "cannot set %.100s of '%.200s'", name, path);
}

static int set_extended(
	const struct layer *layer, int fd, struct archive_entry *entry, const char *path)
{
	const char *name;
	const void *value;
	size_t size;

	if (archive_entry_xattr_reset(entry) == 0)
		return 0;
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (!name || !layer_attribute_is_wanted(name))
			continue;
		if (fsetxattr(fd, name, value, size, 0) < 0 && !is_tolerable(errno))
			return attribute_failed(layer, fd, name, size, path);
	}
	return 0;
}

static int keep_owner(
	const struct layer *layer, int fd, const struct layer_status *status, const char *path)
{
	char text[64];
	int length;

	if (status->uid == 0 && status->gid == 0)
		return fremovexattr(fd, OWNER_ATTRIBUTE) < 0 && errno != ENODATA &&
				       !is_tolerable(errno)
			       ? fail(layer->out, errno, STEP, "cannot keep the owner of '%.200s'",
					 path)
			       : 0;
	length = snprintf(text, sizeof(text), "%lld:%lld:%o", (long long)status->uid,
		(long long)status->gid, (unsigned)status->mode & 07777U);
	if (fsetxattr(fd, OWNER_ATTRIBUTE, text, (size_t)length, 0) < 0 && !is_tolerable(errno))
		return fail(layer->out, errno, STEP, "cannot keep the owner of '%.200s'", path);
	return 0;
}

int layer_set_status(
	const struct layer *layer, int fd, const struct layer_status *status, const char *path)
{
	uid_t uid = layer->squash ? 0 : (uid_t)status->uid;
	gid_t gid = layer->squash ? 0 : (gid_t)status->gid;

	if (layer_check_owner(layer, status->uid, status->gid, path) < 0)
		return -1;
	if (layer->overrides)
		return stat_override_write(fd, uid, gid, status->mode) < 0
			       ? fail(layer->out, errno, STEP, "cannot keep the owner of '%.200s'",
					 path)
			       : 0;
	/* The owner first: changing it clears set-uid bits and file capabilities. */
	if (fchown(fd, uid, gid) < 0)
		return fail(
			layer->out, errno, STEP, "cannot give '%.200s' to %u:%u", path, uid, gid);
	if (fchmod(fd, status->mode & 07777) < 0)
		return fail(layer->out, errno, STEP, "cannot set the mode of '%.200s'", path);
	return layer->squash ? keep_owner(layer, fd, status, path) : 0;
}

int layer_set_attributes(
	const struct layer *layer, int fd, struct archive_entry *entry, const char *path)
{
	const struct layer_status status = {archive_entry_uid(entry), archive_entry_gid(entry),
		archive_entry_perm(entry) & 07777};

	if (layer_set_status(layer, fd, &status, path) < 0)
		return -1;
	return set_extended(layer, fd, entry, path);
}

void layer_times(struct archive_entry *entry, struct timespec ret[2])
{
	long nanoseconds = archive_entry_mtime_nsec(entry);

	ret[1].tv_sec = archive_entry_mtime(entry);
	ret[1].tv_nsec = nanoseconds >= 0 && nanoseconds < 1000000000 ? nanoseconds : 0;
	ret[0] = ret[1];
}
