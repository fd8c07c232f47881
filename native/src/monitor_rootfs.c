/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "mount.h"
#include "owners.h"
#include "path.h"
#include "placeholders.h"
#include "scope.h"
#include "step_secrets.h"
#include "step_stubs.h"
#include "users.h"
#include "volume_give.h"
#include "volume_populate.h"

/* Where `--init` has its program; lib/container/spec/mounts.ts. */
#define INIT_PATH "/sbin/docker-init"

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* A mount inside the volume needs a place there, and a read-only volume gets none later. */
static int make_places(
	int root, const struct spec *spec, const char *destination, struct failure *out)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		struct stat source;
		bool file;

		if (!is_below(mount->destination, destination))
			continue;
		file = mount->source && mount->source[0] == '/' &&
		       stat(mount->source, &source) == 0 && !S_ISDIR(source.st_mode);
		auto_close int place =
			file ? path_make_file(root, mount->destination, PATH_FOLLOW)
			     : path_make_directory(root, mount->destination, PATH_FOLLOW);

		if (place < 0)
			return fail(out, errno, "volume", "cannot make %s", mount->destination);
	}
	return 0;
}

/* Before anything is mounted over the image's content. */
static int populate_volumes(
	const struct plan *plan, int root, const struct spec *spec, struct failure *out)
{
	for (size_t i = 0; i < plan->populate_count; i++) {
		const struct plan_volume *volume = &plan->populate[i];

		if (make_places(root, spec, volume->destination, out) < 0 ||
			volume_populate(root, volume->destination, volume->volume, volume->files,
				out) < 0 ||
			(!volume->files && owners_give_volume(spec, volume->volume, out) < 0))
			return -1;
	}
	return 0;
}

/* The option `U`, after the volumes have what the image has for them. */
static int give_sources(const struct plan *plan, const struct spec *spec, struct failure *out)
{
	const struct spec_user *user = &spec->process.user;
	uid_t uid = owners_outer(spec->uid_mappings, spec->uid_mapping_count, user->uid);
	gid_t gid = owners_outer(spec->gid_mappings, spec->gid_mapping_count, user->gid);

	for (size_t i = 0; i < plan->gift_count; i++)
		if (volume_give(plan->gifts[i].source, plan->gifts[i].subpath, uid, gid, out) < 0)
			return -1;
	return 0;
}

static int set_home(struct spec_process *process, const char *home, struct failure *out)
{
	struct string_list *env = &process->env;
	char **items;

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], "HOME=", 5) == 0)
			return 0;
	items = reallocarray(env->items, env->count + 2, sizeof(*items));
	if (!items)
		return fail(out, ENOMEM, "user", "cannot set HOME");
	env->items = items;
	if (asprintf(&items[env->count], "HOME=%s", home) < 0) {
		items[env->count] = NULL;
		return fail(out, ENOMEM, "user", "cannot set HOME");
	}
	items[++env->count] = NULL;
	return 0;
}

static int resolve_user(const struct plan *plan, int root, struct spec *spec, struct failure *out)
{
	auto_free char *home = NULL;

	if (!plan->user)
		return 0;
	if (users_resolve(root, plan->user, &plan->groups, &spec->process.user, &home, out) < 0)
		return -1;
	return set_home(&spec->process, home, out);
}

static bool is_init(const struct spec_mount *mount)
{
	for (size_t i = 0; i < mount->options.count; i++)
		if (strcmp(mount->options.items[i], "ro") == 0)
			return mount->source && strcmp(mount->destination, INIT_PATH) == 0;
	return false;
}

/* With `--init` the container has this program's file of the host. Who has CAP_SYS_ADMIN in it can
 * make any mount of its own writable, but not a copy of one that another user namespace has made
 * read-only. */
static int lock_init(const struct spec *spec, struct failure *out)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		if (!is_init(mount))
			continue;
		auto_close int file = open(mount->source, O_PATH | O_CLOEXEC);
		auto_close int tree = file < 0 ? -1 : mount_clone(file, false);

		if (tree < 0 || mount_change(tree, false, MOUNT_ATTR_RDONLY, 0) < 0 ||
			mount_attach(tree, file) < 0)
			return fail(out, errno, "init", "cannot protect %s", mount->source);
	}
	return 0;
}

static void furnish(const struct plan *plan, int root)
{
	placeholders_add_marks(root);
	if (plan->passwd_entry) {
		account_add(root, "passwd", plan->passwd_entry);
		account_add(root, "group", plan->group_entry);
	}
}

/* The upper directory, where the names of users were just written to it: nobody has to be asked for
 * them. Else -1. */
static int open_names(const struct plan *plan, enum rootfs_stage stage)
{
	auto_close int upper =
		stage == ROOTFS_FURNISHED
			? open(plan->rootfs.upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			: -1;

	if (upper < 0 || faccessat(upper, "etc/passwd", F_OK, 0) < 0 ||
		faccessat(upper, "etc/group", F_OK, 0) < 0)
		return -1;
	return take_fd(&upper);
}

/* Everything that is made in the root filesystem belongs to the container's root. */
static int complete(const struct plan *plan, int root, enum rootfs_stage stage, struct spec *spec,
	struct failure *out)
{
	auto_close int names = open_names(plan, stage);

	if (plan->step)
		return step_stubs_write(plan->step, spec, root, out) < 0 ||
				       resolve_user(plan, root, spec, out) < 0 ||
				       step_make_cwd(&spec->process, root, out) < 0 ||
				       step_secrets_export(plan->step, &spec->process, out) < 0
			       ? -1
			       : 0;
	if (stage == ROOTFS_BARE)
		furnish(plan, root);
	if (resolve_user(plan, names < 0 ? root : names, spec, out) < 0)
		return -1;
	return populate_volumes(plan, root, spec, out);
}

int monitor_prepare_rootfs(const struct plan *plan, const char *rootfs, enum rootfs_stage stage,
	struct spec *spec, struct failure *out)
{
	auto_close int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return fail(out, errno, "root filesystem", "cannot open %s", rootfs);
	if (stage == ROOTFS_USED)
		return resolve_user(plan, root, spec, out);
	if (lock_init(spec, out) < 0 || owners_give_files(spec, plan->container_dir, out) < 0 ||
		owners_become(spec, out) < 0 || complete(plan, root, stage, spec, out) < 0)
		return -1;
	return owners_restore(spec, out) < 0 ? -1 : give_sources(plan, spec, out);
}
