/* SPDX-License-Identifier: Apache-2.0 */
/* Where an entry of an archive goes. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "path.h"
#include "remove.h"
#include "scope.h"
#include "unpack_parts.h"

static const char *slash_after(const char *shown)
{
	return shown[0] && shown[strlen(shown) - 1] == '/' ? "" : "/";
}

int unpack_cannot(const struct unpacking *unpacking, const char *verb, const char *path)
{
	const char *shown = unpacking->options->shown;
	int error = errno;
	const char *text = strerror(error);

	if (unpacking->options->owner == UNPACK_CALLER || error == ENOSPC || error == EDQUOT)
		return fail(unpacking->out, error, UNPACK_STEP, "cannot %s %.300s", verb, path);
	fail_kind(unpacking->out, FAILURE_BAD_INPUT, 0, UNPACK_STEP, "%s %.200s%s%.200s: %c%s",
		verb, shown, slash_after(shown), path, tolower((unsigned char)text[0]), text + 1);
	unpacking->out->error = error;
	return -1;
}

int unpack_clean(const char *name, char ret[PATH_MAX], struct failure *out)
{
	size_t length = 0;

	for (const char *at = name + strspn(name, "/"); *at; at += strspn(at, "/")) {
		size_t size = strcspn(at, "/");

		if (size == 2 && at[0] == '.' && at[1] == '.')
			return fail_kind(out, FAILURE_BAD_INPUT, 0, UNPACK_STEP,
				"the archive's entry '%.300s' leads out of the destination", name);
		if (size != 1 || at[0] != '.') {
			if (length + size + 2 > PATH_MAX)
				return fail_kind(out, FAILURE_BAD_INPUT, ENAMETOOLONG, UNPACK_STEP,
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

int unpack_open_parent(struct unpacking *unpacking, const char *relative, const char **ret_name)
{
	const struct unpack *options = unpacking->options;
	const char *slash = strrchr(relative, '/');
	auto_free char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/%.*s", options->directory, slash ? (int)(slash - relative) : 0,
		    relative) < 0)
		return fail(unpacking->out, ENOMEM, UNPACK_STEP, "cannot name %.300s", relative);
	*ret_name = slash ? slash + 1 : *relative ? relative : ".";
	fd = path_make_directory(options->root, path, links_of(options));
	if (fd < 0 && errno == ELOOP && !options->follow)
		return fail(unpacking->out, 0, UNPACK_STEP,
			"%s%.300s is below a symbolic link, which is not followed", options->shown,
			relative);
	if (fd < 0)
		return unpack_cannot(unpacking, "open the directory of", relative);
	return fd;
}

static int overwrites(
	const struct unpacking *unpacking, const char *path, const char *old, const char *new)
{
	const char *shown = unpacking->options->shown;

	return fail_kind(unpacking->out, FAILURE_BAD_INPUT, 0, UNPACK_STEP,
		"cannot overwrite %s \"%.200s%s%.200s\" with %s \"%.200s\"", old, shown,
		slash_after(shown), path, new, shown);
}

int unpack_make_room(struct unpacking *unpacking, const struct spot *spot, bool directory)
{
	struct stat status;

	if (fstatat(spot->parent, spot->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : unpack_cannot(unpacking, "look at", spot->path);
	if (S_ISDIR(status.st_mode) && directory)
		return 1;
	if (S_ISDIR(status.st_mode) != directory && !unpacking->options->overwrite)
		return directory ? overwrites(unpacking, spot->path, "non-directory", "directory")
				 : overwrites(unpacking, spot->path, "directory", "non-directory");
	if (S_ISDIR(status.st_mode))
		return remove_tree(spot->parent, spot->name, unpacking->out);
	if (unlinkat(spot->parent, spot->name, 0) < 0 && errno != ENOENT)
		return unpack_cannot(unpacking, "unlinkat", spot->path);
	return 0;
}
