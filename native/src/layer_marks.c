/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layer_attributes.h"
#include "scope.h"
#include "whiteout.h"

#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define WHITEOUT_META ".wh..wh."

static bool is_refused(int error)
{
	return error == EPERM || error == EACCES || error == ENOENT || error == EINVAL ||
	       error == EOPNOTSUPP || error == ENOSYS;
}

int layer_mark_opaque(struct layer *layer, int directory, const char *path)
{
	if (fsetxattr(directory, OPAQUE_ATTRIBUTE, "y", 1, 0) == 0)
		return 0;
	/* No such attributes here means no overlay by the kernel either; fuse-overlayfs knows the
	 * archive's own mark. */
	if (is_refused(errno)) {
		int mark = openat(directory, WHITEOUT_OPAQUE,
			O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (mark >= 0)
			return close(mark);
	}
	return layer_cannot(layer, errno, "mark as opaque", path);
}

/* What the layer itself has under that name stays: a whiteout speaks of lower layers. */
static int make_whiteout(struct layer *layer, const struct place *place)
{
	const char *name = place->name + strlen(WHITEOUT_PREFIX);
	auto_close int directory = -1;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return layer_refuse(layer, place->path, "is a whiteout of nothing");
	if (whiteout_make(place->parent, name) == 0)
		return 0;
	if (errno != EEXIST)
		return layer_cannot(layer, errno, "create", place->path);
	directory = openat(
		place->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	return directory < 0 ? 0 : layer_mark_opaque(layer, directory, place->path);
}

int layer_make_mark(struct layer *layer, const struct place *place)
{
	if (strcmp(place->name, WHITEOUT_OPAQUE) == 0) {
		auto_close int directory =
			openat(place->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (directory < 0)
			return layer_cannot(layer, errno, "open the directory of", place->path);
		return layer_mark_opaque(layer, directory, place->path);
	}
	/* Bookkeeping of the AUFS driver that old images carry; Docker drops it as well. */
	if (strncmp(place->name, WHITEOUT_META, strlen(WHITEOUT_META)) == 0)
		return 0;
	return make_whiteout(layer, place);
}
