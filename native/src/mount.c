/* SPDX-License-Identifier: Apache-2.0 */
#include "mount.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "path.h"
#include "scope.h"

/* open_tree shares its flags with open; glibc's headers leave the recursive one to <linux/fcntl.h>.
 */
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

int mount_clone(int fd, bool recursive)
{
	return open_tree(fd, "",
		AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			(recursive ? AT_RECURSIVE : 0));
}

/* In Docker's words: its clients make 127 of the last ones. */
static int fail_subpath(const char *source, const char *subpath, struct failure *out)
{
	if (errno != ENOENT)
		return fail(out, errno, SUBPATH_STEP, "cannot access path %s/%s", source, subpath);
	return fail_kind(out, FAILURE_NOT_FOUND, 0, SUBPATH_STEP,
		"cannot access path %s/%s: lstat %s/%s: no such file or directory", source, subpath,
		source, subpath);
}

int mount_open_source(int bundle, const struct spec_mount *mount, struct failure *out)
{
	struct mount_options options = {0};
	bool recursive, nofollow;
	const char *subpath;
	int tree;

	if (!mount->source)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "mount",
			"the bind mount on %s has no source", mount->destination);
	if (mount_options_parse(mount, &options, out) < 0)
		return -1;
	recursive = options.recursive;
	nofollow = options.source_nofollow;
	subpath = options.subpath;
	mount_options_clear(&options);
	auto_close int source =
		openat(bundle, mount->source, O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0));

	if (source < 0)
		return fail(out, errno, "mount", "cannot open the source %s of the mount on %s",
			mount->source, mount->destination);
	if (subpath) {
		/* Containers that have the whole of it may put links there. */
		int below = path_open(source, subpath, O_PATH | O_CLOEXEC, PATH_FOLLOW);

		if (below < 0)
			return fail_subpath(mount->source, subpath, out);
		close(source);
		source = below;
	}
	tree = mount_clone(source, recursive);
	/* The kernel locks mounts of the host together: what one of them hides is not to be seen.
	 */
	if (tree < 0 && errno == EINVAL && !recursive)
		return fail(out, 0, "mount",
			"cannot bind %s for %s: a user cannot leave out the mounts below it; bind "
			"it with them (bind-recursive=enabled, or o=rbind of a volume)",
			mount->source, mount->destination);
	if (tree < 0)
		return fail(out, errno, "mount", "cannot bind %s for %s", mount->source,
			mount->destination);
	return tree;
}

/* What the kernel logged on a file system context: lines like "e tmpfs: Bad value for 'size'". */
static int fail_with_log(int context, int error, const char *type, struct failure *out)
{
	char line[256] = "";
	ssize_t got = read(context, line, sizeof(line) - 1);

	if (got > 2) {
		line[got] = '\0';
		line[strcspn(line, "\n")] = '\0';
		return fail(out, error, "mount", "cannot mount %s (%s)", type, line + 2);
	}
	return fail(out, error, "mount", "cannot mount %s", type);
}

/* A parameter is "key=value" or the name of a flag. */
static int set_parameter(int context, const char *text)
{
	const char *equals = strchr(text, '=');
	auto_free char *key = NULL;

	if (!equals)
		return fsconfig(context, FSCONFIG_SET_FLAG, text, NULL, 0);
	key = strndup(text, (size_t)(equals - text));
	if (!key)
		return -1;
	return fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

int mount_create(const char *type, const char *source, const struct mount_options *options,
	uint64_t attributes, struct failure *out)
{
	auto_close int context = fsopen(type, FSOPEN_CLOEXEC);
	int mount;

	if (context < 0)
		return fail(out, errno, "mount", "cannot mount %s", type);
	if (source && fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fail_with_log(context, errno, type, out);
	for (size_t i = 0; options && i < options->parameters.count; i++)
		if (set_parameter(context, options->parameters.items[i]) < 0) {
			int error = errno;
			char what[128];

			snprintf(what, sizeof(what), "%s with option '%s'", type,
				options->parameters.items[i]);
			return fail_with_log(context, error, what, out);
		}
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_with_log(context, errno, type, out);
	mount = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes);
	if (mount < 0)
		return fail_with_log(context, errno, type, out);
	return mount;
}

int mount_change(int fd, bool recursive, uint64_t set, uint64_t clear)
{
	struct mount_attr change = {.attr_set = set, .attr_clr = clear};

	if (set == 0 && clear == 0)
		return 0;
	return mount_setattr(
		fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &change, sizeof(change));
}

int mount_propagate(int fd, unsigned long propagation, bool recursive)
{
	struct mount_attr change = {.propagation = propagation};

	if (propagation == 0)
		return 0;
	return mount_setattr(
		fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &change, sizeof(change));
}

int mount_attach(int mount, int target)
{
	return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
