/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <archive.h>
#include <archive_entry.h>

#include "layer_attributes.h"
#include "layer_source.h"
#include "path.h"
#include "scope.h"

#define STEP "unpack"

/* Its mode and times are set at the end: until then files are made in it. */
struct late_directory {
	char *path;
	mode_t mode;
	struct timespec times[2];
};

struct unpacking {
	const struct unpack *options;
	struct layer layer; /* what the functions for attributes want to know */
	struct layer_source *source;
	bool source_failed;
	struct late_directory *late;
	size_t late_count, late_capacity;
	struct failure *out;
};

struct spot {
	const char *path; /* below the root */
	const char *name; /* its last component; "." = the directory itself */
	int parent;
};

static const char *slash_after(const char *shown)
{
	return shown[0] && shown[strlen(shown) - 1] == '/' ? "" : "/";
}

/* What a container refuses is told as Docker's daemon tells it: with the whole path, the system's
 * text beginning with a small letter. */
static int cannot(const struct unpacking *unpacking, const char *verb, const char *path)
{
	const char *shown = unpacking->options->shown;
	int error = errno;
	const char *text = strerror(error);

	if (unpacking->options->owner == UNPACK_CALLER || error == ENOSPC || error == EDQUOT)
		return fail(unpacking->out, error, STEP, "cannot %s %.300s", verb, path);
	fail_kind(unpacking->out, FAILURE_BAD_INPUT, 0, STEP, "%s %.200s%s%.200s: %c%s", verb,
		shown, slash_after(shown), path, tolower((unsigned char)text[0]), text + 1);
	unpacking->out->error = error;
	return -1;
}

/* "a//./b/" becomes "a/b". What leads up is refused: no honest archive has it. */
static int clean(const char *name, char ret[PATH_MAX], struct failure *out)
{
	size_t length = 0;

	for (const char *at = name + strspn(name, "/"); *at; at += strspn(at, "/")) {
		size_t size = strcspn(at, "/");

		if (size == 2 && at[0] == '.' && at[1] == '.')
			return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
				"the archive's entry '%.300s' leads out of the destination", name);
		if (size != 1 || at[0] != '.') {
			if (length + size + 2 > PATH_MAX)
				return fail_kind(out, FAILURE_BAD_INPUT, ENAMETOOLONG, STEP,
					"cannot create '%.300s'", name);
			if (length > 0)
				ret[length++] = '/';
			memcpy(ret + length, at, size);
			length += size;
		}
		at += size;
	}
	ret[length] = '\0';
	return 0;
}

static enum path_links links_of(const struct unpack *options)
{
	return options->follow ? PATH_FOLLOW : PATH_NO_LINKS;
}

/* The directory that an entry goes to, made where it is missing. */
static int open_parent(struct unpacking *unpacking, const char *relative, const char **ret_name)
{
	const struct unpack *options = unpacking->options;
	const char *slash = strrchr(relative, '/');
	auto_free char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/%.*s", options->directory, slash ? (int)(slash - relative) : 0,
		    relative) < 0)
		return fail(unpacking->out, ENOMEM, STEP, "cannot name %.300s", relative);
	*ret_name = slash ? slash + 1 : *relative ? relative : ".";
	fd = path_make_directory(options->root, path, links_of(options));
	if (fd < 0 && errno == ELOOP && !options->follow)
		return fail(unpacking->out, 0, STEP,
			"%s%.300s is below a symbolic link, which is not followed", options->shown,
			relative);
	if (fd < 0)
		return cannot(unpacking, "open the directory of", relative);
	return fd;
}

static int overwrites(
	const struct unpacking *unpacking, const char *path, const char *old, const char *new)
{
	const char *shown = unpacking->options->shown;

	return fail_kind(unpacking->out, FAILURE_BAD_INPUT, 0, STEP,
		"cannot overwrite %s \"%.200s%s%.200s\" with %s \"%.200s\"", old, shown,
		slash_after(shown), path, new, shown);
}

/* What is no directory makes room for what is none. Returns 1 when a directory is there already. */
static int make_room(struct unpacking *unpacking, const struct spot *spot, bool directory)
{
	struct stat status;

	if (fstatat(spot->parent, spot->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : cannot(unpacking, "look at", spot->path);
	if (S_ISDIR(status.st_mode))
		return directory ? 1
				 : overwrites(unpacking, spot->path, "directory", "non-directory");
	if (directory)
		return overwrites(unpacking, spot->path, "non-directory", "directory");
	if (unlinkat(spot->parent, spot->name, 0) < 0 && errno != ENOENT)
		return cannot(unpacking, "unlinkat", spot->path);
	return 0;
}

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
		       ? cannot(unpacking, "set the mode of", path)
		       : 0;
}

static int write_data(struct unpacking *unpacking, int fd, const char *path)
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
				return cannot(unpacking, "write", path);
			done += (size_t)put;
		}
	}
}

static int make_file(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	struct timespec times[2];
	auto_close int fd = -1;
	int result = make_room(unpacking, spot, false);

	if (result < 0)
		return -1;
	fd = openat(spot->parent, spot->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0)
		return cannot(unpacking, "create", spot->path);
	result = write_data(unpacking, fd, spot->path);
	if (result != 0)
		return result;
	if (archive_entry_size(entry) > 0 && ftruncate(fd, archive_entry_size(entry)) < 0)
		return cannot(unpacking, "extend", spot->path);
	if (set_attributes(unpacking, fd, entry, spot->path) < 0)
		return -1;
	layer_times(entry, times);
	return futimens(fd, times) < 0 ? cannot(unpacking, "set the times of", spot->path) : 0;
}

static int remember(struct unpacking *unpacking, struct archive_entry *entry, const char *path)
{
	struct late_directory *slot;

	if (unpacking->late_count == unpacking->late_capacity) {
		size_t capacity = unpacking->late_capacity * 2 + 64;
		struct late_directory *grown =
			reallocarray(unpacking->late, capacity, sizeof(*grown));

		if (!grown)
			return fail(unpacking->out, ENOMEM, STEP, "cannot remember a directory");
		unpacking->late = grown;
		unpacking->late_capacity = capacity;
	}
	slot = &unpacking->late[unpacking->late_count];
	slot->path = strdup(path);
	slot->mode = mode_of(unpacking, entry);
	layer_times(entry, slot->times);
	if (!slot->path)
		return fail(unpacking->out, ENOMEM, STEP, "cannot remember a directory");
	unpacking->late_count++;
	return 0;
}

static int make_directory(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	int there = make_room(unpacking, spot, true);
	auto_close int fd = -1;

	if (there < 0)
		return -1;
	if (there == 0 && mkdirat(spot->parent, spot->name, 0700) < 0 && errno != EEXIST)
		return cannot(unpacking, "create", spot->path);
	fd = openat(spot->parent, spot->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return cannot(unpacking, "open", spot->path);
	if (set_attributes(unpacking, fd, entry, spot->path) < 0)
		return -1;
	/* Its files are still to come. */
	if (fchmod(fd, mode_of(unpacking, entry) | S_IRWXU) < 0)
		return cannot(unpacking, "set the mode of", spot->path);
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
		if (fchownat(spot->parent, spot->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
			return cannot(unpacking, "set the owner of", spot->path);
	}
	if (utimensat(spot->parent, spot->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot(unpacking, "set the times of", spot->path);
	return 0;
}

static int make_symlink(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	const char *target = archive_entry_symlink(entry);

	if (make_room(unpacking, spot, false) < 0)
		return -1;
	if (symlinkat(target ? target : "", spot->parent, spot->name) < 0)
		return cannot(unpacking, "create the link", spot->path);
	return set_unopened(unpacking, entry, spot);
}

static int make_fifo(
	struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
{
	if (make_room(unpacking, spot, false) < 0)
		return -1;
	if (mknodat(spot->parent, spot->name, S_IFIFO | mode_of(unpacking, entry), 0) < 0)
		return cannot(unpacking, "create the fifo", spot->path);
	return set_unopened(unpacking, entry, spot);
}

/* To an earlier entry: its last component is taken as it is. */
static int make_hard_link(struct unpacking *unpacking, const char *target, const struct spot *spot)
{
	char path[PATH_MAX];
	struct stat status;
	const char *name;

	if (clean(target, path, unpacking->out) < 0)
		return -1;
	auto_close int parent = open_parent(unpacking, path, &name);

	if (parent < 0 || make_room(unpacking, spot, false) < 0)
		return -1;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode) &&
		!S_ISLNK(status.st_mode) && !S_ISFIFO(status.st_mode))
		errno = EPERM;
	else if (linkat(parent, name, spot->parent, spot->name, 0) == 0)
		return 0;
	return cannot(unpacking, "link", spot->path);
}

static int make(struct unpacking *unpacking, struct archive_entry *entry, const struct spot *spot)
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

static int apply(struct unpacking *unpacking, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	char path[PATH_MAX];
	struct spot spot = {.path = path};
	auto_close int parent = -1;

	if (!name || clean(name, path, unpacking->out) < 0)
		return name ? -1 : 0;
	/* The directory itself is there, and stays as it is. */
	if (!*path && archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (unpacking->options->owner == UNPACK_ROOT) {
		archive_entry_set_uid(entry, 0);
		archive_entry_set_gid(entry, 0);
	}
	parent = open_parent(unpacking, path, &spot.name);
	if (parent < 0)
		return -1;
	spot.parent = parent;
	return make(unpacking, entry, &spot);
}

static la_ssize_t read_archive(struct archive *archive, void *data, const void **ret)
{
	struct unpacking *unpacking = data;
	ssize_t length = layer_source_read(unpacking->source, ret, unpacking->out);

	if (length < 0) {
		unpacking->source_failed = true;
		archive_set_error(archive, EIO, "unreadable");
	}
	return length;
}

/* What Docker says about any stream that is no archive, or only the beginning of one. */
static int archive_failed(const struct unpacking *unpacking)
{
	if (unpacking->source_failed)
		return -1;
	return fail_kind(unpacking->out, FAILURE_BAD_INPUT, 0, STEP, "unexpected EOF");
}

static int apply_all(struct unpacking *unpacking)
{
	struct archive *archive = unpacking->layer.archive;
	struct archive_entry *entry;
	int code, result;

	if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
		archive_read_open(archive, unpacking, NULL, read_archive, NULL) != ARCHIVE_OK)
		return archive_failed(unpacking);
	while ((code = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
		result = apply(unpacking, entry);
		if (result != 0)
			return result < 0 ? -1 : archive_failed(unpacking);
	}
	return code == ARCHIVE_EOF ? 0 : archive_failed(unpacking);
}

/* The deepest first: a directory that is closed afterwards cannot be passed. */
static int finish_directories(struct unpacking *unpacking)
{
	for (size_t i = unpacking->late_count; i > 0; i--) {
		const struct late_directory *late = &unpacking->late[i - 1];
		const char *name;
		auto_close int parent = open_parent(unpacking, late->path, &name);
		auto_close int fd =
			parent < 0 ? -1
				   : openat(parent, name,
					     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (parent < 0)
			return -1;
		if (fd < 0 || fchmod(fd, late->mode) < 0 || futimens(fd, late->times) < 0)
			return cannot(unpacking, "finish", late->path);
	}
	return 0;
}

int unpack(const struct unpack *options, int input, struct failure *out)
{
	struct unpacking unpacking = {.options = options, .out = out};
	int result = 0;

	unpacking.layer = (struct layer){.map = options->map,
		.squash = options->squash && options->owner == UNPACK_KEEP,
		.out = out};
	if (layer_source_open(input, &unpacking.source, out) < 0)
		return out->error == ENODATA ? 0 : -1;
	unpacking.layer.archive = archive_read_new();
	if (!unpacking.layer.archive)
		result = fail(out, ENOMEM, STEP, "cannot read the archive");
	if (result == 0)
		result = apply_all(&unpacking);
	if (result == 0)
		result = finish_directories(&unpacking);
	for (size_t i = 0; i < unpacking.late_count; i++)
		free(unpacking.late[i].path);
	free(unpacking.late);
	archive_read_free(unpacking.layer.archive);
	layer_source_close(unpacking.source);
	return result;
}
