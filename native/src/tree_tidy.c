/* SPDX-License-Identifier: Apache-2.0 */
#include "tree_tidy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "layer_attributes.h"
#include "scope.h"
#include "stat_override.h"

#define STEP "seal"

enum { NAMES_LIMIT = 65536, OWNER_LIMIT = 64 };

static int cannot(const struct tidy *tidy, const char *path)
{
	return fail(tidy->out, errno, STEP, "cannot set the attributes of '%.300s'", path);
}

/* As keep_owner of layer_attributes.c writes it; none where it would say 0:0. */
static int tidy_owner(const struct tidy *tidy, int fd, const struct stat *status, const char *path)
{
	char text[OWNER_LIMIT], old[OWNER_LIMIT];
	ssize_t length = fgetxattr(fd, OWNER_ATTRIBUTE, old, sizeof(old) - 1);
	int wanted = snprintf(text, sizeof(text), "%u:%u:%o", status->st_uid, status->st_gid,
		status->st_mode & 07777U);

	if (length < 0)
		return 0;
	old[length] = '\0';
	if (status->st_uid == 0 && status->st_gid == 0)
		return fremovexattr(fd, OWNER_ATTRIBUTE) < 0 ? cannot(tidy, path) : 0;
	if (strcmp(old, text) == 0)
		return 0;
	return fsetxattr(fd, OWNER_ATTRIBUTE, text, (size_t)wanted, 0) < 0 ? cannot(tidy, path) : 0;
}

static bool is_elsewhere(const char *name)
{
	return strcmp(name, "user.overlay.metacopy") == 0 ||
	       strcmp(name, "user.overlay.redirect") == 0;
}

static bool is_kept(const struct tidy *tidy, const char *name)
{
	return strncmp(name, "user.", 5) != 0 || layer_attribute_is_wanted(name) ||
	       (tidy->squash && strcmp(name, OWNER_ATTRIBUTE) == 0) ||
	       (tidy->overrides && strcmp(name, STAT_OVERRIDE) == 0);
}

int tidy_attributes(const struct tidy *tidy, int fd, const struct stat *status, const char *path)
{
	static char names[NAMES_LIMIT];
	ssize_t length = flistxattr(fd, names, sizeof(names));

	if (length < 0 && errno != ENOTSUP)
		return fail(tidy->out, errno, STEP, "cannot read the attributes of '%.300s'", path);
	for (const char *name = names; length > 0 && name < names + length;
		name += strlen(name) + 1) {
		if (is_elsewhere(name))
			return fail_kind(tidy->out, FAILURE_UNSUPPORTED, 0, STEP,
				"'%.300s' is only a reference to a lower layer: %s", path, name);
		if (!is_kept(tidy, name) && fremovexattr(fd, name) < 0 && errno != ENODATA)
			return cannot(tidy, path);
	}
	if (tidy->overrides &&
		stat_override_write(fd, status->st_uid, status->st_gid, status->st_mode) < 0)
		return cannot(tidy, path);
	return tidy->squash ? tidy_owner(tidy, fd, status, path) : 0;
}
