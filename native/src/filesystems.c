/* SPDX-License-Identifier: Apache-2.0 */
#include "filesystems.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cgroup.h"
#include "copy_up.h"
#include "scope.h"

static bool is_refusal(int error)
{
	return error == EPERM || error == EACCES || error == EBUSY || error == EINVAL;
}

/* A copy of a whole directory of the host, read-only throughout. */
static int bind_read_only(const char *path, uint64_t attributes, struct failure *out)
{
	auto_close int source = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int tree = source < 0 ? -1 : mount_clone(source, true);

	if (tree < 0 || mount_change(tree, true, attributes | MOUNT_ATTR_RDONLY, 0) < 0)
		return fail(out, errno, "mount", "cannot bind the host's %s", path);
	return take_fd(&tree);
}

/* A user namespace mounts sysfs only if it owns the network namespace. What the host's has mounted
 * below (its cgroups) comes along, so nothing of it may stay writable. */
static int open_sysfs(const struct spec_mount *mount, const struct mount_options *options,
	uint64_t attributes, struct failure *out)
{
	int tree = mount_create("sysfs", mount->source, options, attributes, out);

	if (tree >= 0 || !is_refusal(out->error))
		return tree;
	return bind_read_only("/sys", attributes, out);
}

/* The kernel gives a new procfs to a user namespace only when it owns the pid namespace, and when
 * the procfs it already sees hides nothing (a container around this one may mask parts of it). */
static int open_proc(const struct rootfs *rootfs, const struct spec_mount *mount,
	const struct mount_options *options, uint64_t attributes, struct failure *out)
{
	int tree = mount_create("proc", mount->source, options, attributes, out);
	const char *path;

	if (tree >= 0 || !is_refusal(out->error))
		return tree;
	if (spec_namespace_find(rootfs->spec, CLONE_NEWPID, &path))
		return fail(out, out->error, "mount",
			"the kernel refuses a new /proc here; inside another container its /proc must "
			"not be masked (podman: --security-opt unmask=/proc/*; docker: "
			"--security-opt systempaths=unconfined)");
	auto_close int source = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int bound = source < 0 ? -1 : mount_clone(source, true);

	if (bound < 0 || mount_change(bound, false, attributes, 0) < 0)
		return fail(out, errno, "mount", "cannot bind the host's /proc");
	return take_fd(&bound);
}

/* A mount of cgroup2 from the host's own cgroup namespace would reset the options (nsdelegate, …)
 * that the host gave the one tree there is. The number is the kernel's for that namespace. */
static bool in_host_cgroup_namespace(int proc)
{
	const ino_t first = 0xEFFFFFFBU;
	struct stat status;

	return fstatat(proc, "self/ns/cgroup", &status, 0) < 0 || status.st_ino == first;
}

/* What the host's own processes see; of version 2 alone where the spec's type says so. */
static int bind_host_cgroup(bool second, uint64_t attributes, struct failure *out)
{
	char tree[PATH_MAX];

	if (!second)
		return bind_read_only("/sys/fs/cgroup", attributes, out);
	if (!cgroup_find_tree(tree))
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "mount",
			"cgroup2 is not mounted on this host");
	return bind_read_only(tree, attributes, out);
}

/* Cgroup v2, whatever the spec's type says: `cgroup` is what every bundle has, and gets what there
 * is. Only a process in a cgroup and cgroup namespace of its own may get it writable: else it would
 * be the host's. Type `cgroup2` is taken at its word, or refused. */
static int open_cgroup(const struct rootfs *rootfs, const struct spec_mount *mount,
	uint64_t attributes, struct failure *out)
{
	static const struct mount_options none = {0};
	bool second = strcmp(mount->type, "cgroup2") == 0;
	const char *path;
	int tree;

	if (!rootfs->own_cgroup && second && !(attributes & MOUNT_ATTR_RDONLY))
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "mount",
			"cgroup2 on %s would be the host's: writable it needs a cgroup and a "
			"cgroup namespace of the container's own, else the option ro",
			mount->destination);
	if (!rootfs->own_cgroup)
		attributes |= MOUNT_ATTR_RDONLY;
	if (!in_host_cgroup_namespace(rootfs->proc)) {
		tree = mount_create("cgroup2", mount->source, &none, attributes, out);
		if (tree >= 0 || second)
			return tree;
	}
	/* With a namespace of its own it is not to see the host's tree; without one it may. */
	if (!spec_namespace_find(rootfs->spec, CLONE_NEWCGROUP, &path) || path) {
		tree = bind_host_cgroup(second, attributes, out);
		if (tree >= 0 || second)
			return tree;
	}
	return mount_create("tmpfs", "tmpfs", &none, attributes | MOUNT_ATTR_RDONLY, out);
}

/* Whether an id is in the gid map of this user namespace. */
static bool gid_is_mapped(int proc, uint64_t gid)
{
	uint64_t inside, outside, count;
	auto_fclose FILE *map = NULL;
	int fd = openat(proc, "self/gid_map", O_RDONLY | O_CLOEXEC);

	map = fd < 0 ? NULL : fdopen(fd, "re");
	if (!map) {
		scope_close(&fd);
		return true;
	}
	while (fscanf(map, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside, &count) == 3)
		if (gid >= inside && gid - inside < count)
			return true;
	return false;
}

/* devpts refuses an id that is not mapped; without gid= a new terminal has its opener's group. */
static int open_devpts(const struct rootfs *rootfs, const struct spec_mount *mount,
	const struct mount_options *options, uint64_t attributes, struct failure *out)
{
	struct mount_options mapped = *options;
	auto_free char **items = calloc(options->parameters.count + 1, sizeof(*items));
	size_t count = 0;

	if (!items)
		return fail(out, ENOMEM, "mount", "cannot mount %s", mount->destination);
	for (size_t i = 0; i < options->parameters.count; i++) {
		char *text = options->parameters.items[i];

		if (strncmp(text, "gid=", 4) != 0 ||
			gid_is_mapped(rootfs->proc, strtoull(text + 4, NULL, 10)))
			items[count++] = text;
	}
	mapped.parameters = (struct string_list){.items = items, .count = count};
	return mount_create("devpts", mount->source, &mapped, attributes, out);
}

/* Without a mode of its own a tmpfs looks like the directory it covers. */
static int open_tmpfs(const struct spec_mount *mount, const struct mount_options *options,
	uint64_t attributes, int target, struct failure *out)
{
	auto_close int tree = mount_create("tmpfs", mount->source, options, attributes, out);
	bool has_mode = false;
	struct stat status;

	if (tree < 0)
		return -1;
	for (size_t i = 0; i < options->parameters.count; i++)
		has_mode = has_mode || strncmp(options->parameters.items[i], "mode=", 5) == 0;
	if (!has_mode) {
		auto_close int top = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fstat(target, &status) < 0 || top < 0 ||
			fchmod(top, status.st_mode & 07777) < 0)
			return fail(out, errno, "mount", "cannot set the mode of %s",
				mount->destination);
	}
	if (options->tmpcopyup && copy_up(target, tree, out) < 0)
		return -1;
	return take_fd(&tree);
}

int filesystem_open(const struct rootfs *rootfs, const struct spec_mount *mount,
	const struct mount_options *options, uint64_t attributes, int target, struct failure *out)
{
	const char *type = mount->type;

	if (options->tmpcopyup && strcmp(type, "tmpfs") != 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "mount",
			"tmpcopyup is only for tmpfs, %s is %s", mount->destination, type);
	if (strcmp(type, "sysfs") == 0)
		return open_sysfs(mount, options, attributes, out);
	if (strcmp(type, "proc") == 0)
		return open_proc(rootfs, mount, options, attributes, out);
	if (strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0)
		return open_cgroup(rootfs, mount, attributes, out);
	if (strcmp(type, "devpts") == 0)
		return open_devpts(rootfs, mount, options, attributes, out);
	if (strcmp(type, "tmpfs") == 0)
		return open_tmpfs(mount, options, attributes, target, out);
	return mount_create(type, mount->source, options, attributes, out);
}
