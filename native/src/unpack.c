/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <archive.h>

#include "scope.h"
#include "unpack_parts.h"

enum { TAR_BLOCK = 512 };

static int apply(struct unpacking *unpacking, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	char path[PATH_MAX];
	struct spot spot = {.path = path};
	auto_close int parent = -1;

	if (!name || unpack_clean(name, path, unpacking->out) < 0)
		return name ? -1 : 0;
	/* The directory itself is there, and stays as it is. */
	if (!*path && archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (unpacking->options->owner == UNPACK_ONE) {
		archive_entry_set_uid(entry, unpacking->options->uid);
		archive_entry_set_gid(entry, unpacking->options->gid);
	}
	parent = unpack_open_parent(unpacking, path, &spot.name);
	if (parent < 0)
		return -1;
	spot.parent = parent;
	return unpack_make(unpacking, entry, &spot);
}

/* The command line of Docker sends a context with a Dockerfile from elsewhere without what fills
 * its last block, and without an end. Go's reader takes that. */
static ssize_t end_of_block(size_t received, const void **ret)
{
	static const char zeros[TAR_BLOCK];

	*ret = zeros;
	return (ssize_t)((TAR_BLOCK - received % TAR_BLOCK) % TAR_BLOCK);
}

static la_ssize_t read_archive(struct archive *archive, void *data, const void **ret)
{
	struct unpacking *unpacking = data;
	ssize_t length = layer_source_read(unpacking->source, ret, unpacking->out);

	if (length < 0) {
		unpacking->source_failed = true;
		archive_set_error(archive, EIO, "unreadable");
	} else if (length == 0 && unpacking->between) {
		length = end_of_block(unpacking->received, ret);
	}
	unpacking->received += length > 0 ? (size_t)length : 0;
	return length;
}

/* What Docker says about any stream that is no archive, or only the beginning of one. */
static int archive_failed(const struct unpacking *unpacking)
{
	if (unpacking->source_failed)
		return -1;
	return fail_kind(unpacking->out, FAILURE_BAD_INPUT, 0, UNPACK_STEP, "unexpected EOF");
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
		unpacking->between = false;
		result = apply(unpacking, entry);
		unpacking->between = true;
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
		auto_close int parent = unpack_open_parent(unpacking, late->path, &name);
		auto_close int fd =
			parent < 0 ? -1
				   : openat(parent, name,
					     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (parent < 0)
			return -1;
		if (fd < 0 || fchmod(fd, late->mode) < 0 || futimens(fd, late->times) < 0)
			return unpack_cannot(unpacking, "finish", late->path);
	}
	return 0;
}

/* Everything is root's, of whom nothing needs to be put down. */
static bool is_root(const struct unpack *options)
{
	return options->owner == UNPACK_ONE && options->uid == 0 && options->gid == 0;
}

int unpack(const struct unpack *options, int input, struct failure *out)
{
	struct unpacking unpacking = {.options = options, .out = out};
	int result = 0;

	unpacking.layer = (struct layer){.map = options->map,
		.squash = options->squash && !is_root(options),
		.overrides = options->overrides && options->owner == UNPACK_KEEP,
		.out = out};
	if (layer_source_open(input, false, &unpacking.source, out) < 0)
		return out->error == ENODATA ? 0 : -1;
	unpacking.layer.archive = archive_read_new();
	if (!unpacking.layer.archive)
		result = fail(out, ENOMEM, UNPACK_STEP, "cannot read the archive");
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
