/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "filesystems.h"
#include "mount.h"
#include "path.h"
#include "rootfs_target.h"
#include "scope.h"
#include "sync.h"

/* The root of the mount that fd is on, found by walking up. */
static int open_mount_root(int fd)
{
	auto_close int here = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned long long mount, inode, above_mount, above_inode;

	if (here < 0 || rootfs_mount_id(here, &mount, &inode) < 0)
		return -1;
	for (;;) {
		auto_close int above = openat(here, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (above < 0 || rootfs_mount_id(above, &above_mount, &above_inode) < 0)
			return -1;
		if (above_mount != mount || above_inode == inode)
			return take_fd(&here);
		close(here);
		here = take_fd(&above);
		inode = above_inode;
	}
}

/* Nothing mounted from here on may show up on the host. With a shared root filesystem asked for,
 * volumes keep their peers, and only the mount that carries the root filesystem is cut off. */
static int isolate(struct rootfs *rootfs, int origin, struct failure *out)
{
	unsigned long asked = rootfs->spec->rootfs_propagation;

	if (asked & MS_SHARED) {
		auto_close int carrier = open_mount_root(origin);

		if (carrier < 0 || mount_propagate(carrier, MS_PRIVATE, false) < 0)
			return fail(out, errno, "rootfs",
				"cannot make the mount of the root filesystem private");
		return 0;
	}
	if (mount(NULL, "/", NULL, MS_REC | (asked & MS_PRIVATE ? MS_PRIVATE : MS_SLAVE), NULL) < 0)
		return fail(out, errno, "rootfs", "cannot cut the mounts off the host's");
	return 0;
}

/* Asks the parent for a mount that this user namespace cannot reach. */
static int ask_parent(const struct rootfs *rootfs, int32_t index, struct failure *out)
{
	enum sync_message message = SYNC_READY;
	int tree = -1;
	int32_t value;

	if (sync_send(rootfs->sync, SYNC_SOURCE_WANTED, index, -1) < 0 ||
		sync_receive(rootfs->sync, &message, &value, &tree) != 1 ||
		message != SYNC_SOURCE_OPENED || tree < 0)
		return fail(out, 0, "handshake", "the parent did not answer");
	return tree;
}

/* The directories above belong to an id that this user namespace does not have (`--userns nomap`).
 * The tree is attached on "/", which lookups do not notice: they start below what lies on it. */
static int borrow_root(struct rootfs *rootfs, struct failure *out)
{
	auto_close int place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int tree = -1;

	if (place < 0)
		return fail(out, errno, "rootfs", "cannot open /");
	if (rootfs->spec->rootfs_propagation & MS_SHARED)
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "rootfs",
			"a shared root filesystem needs the user's own id in the container");
	if (isolate(rootfs, place, out) < 0)
		return -1;
	tree = ask_parent(rootfs, SYNC_ROOTFS, out);
	if (tree < 0)
		return -1;
	if (mount_propagate(tree, MS_PRIVATE, true) < 0 || mount_attach(tree, place) < 0)
		return fail(out, errno, "rootfs", "cannot attach the root filesystem");
	rootfs->root = take_fd(&tree);
	return 0;
}

int rootfs_open(struct rootfs *rootfs, struct failure *out)
{
	const char *path = rootfs->spec->root_path;

	if (!path || !path[0])
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "rootfs", "config.json has no root");
	rootfs->bundle = open(rootfs->bundle_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rootfs->bundle < 0 && errno == EACCES && rootfs->sync >= 0)
		return borrow_root(rootfs, out);
	if (rootfs->bundle < 0)
		return fail(out, errno, "rootfs", "cannot open bundle %s", rootfs->bundle_path);
	auto_close int origin = openat(rootfs->bundle, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (origin < 0)
		return fail(out, errno, "rootfs",
			errno == EACCES ? "the container's root user cannot reach the root "
					  "filesystem %s: a directory above it is closed to others"
					: "cannot open the root filesystem %s",
			path);
	if (isolate(rootfs, origin, out) < 0)
		return -1;
	auto_close int tree = mount_clone(origin, true);

	if (tree < 0)
		return fail(out, errno, "rootfs", "cannot bind the root filesystem %s", path);
	if (mount_propagate(tree, MS_PRIVATE, true) < 0 || mount_attach(tree, origin) < 0)
		return fail(out, errno, "rootfs", "cannot attach the root filesystem %s", path);
	rootfs->root = take_fd(&tree);
	return 0;
}

/* A mount that other mounts or devices may still need to be made in becomes read-only at the end.
 */
static int remember_read_only(struct rootfs *rootfs, int mount)
{
	int *items = realloc(
		rootfs->read_only, (rootfs->read_only_count + 1) * sizeof(*rootfs->read_only));

	if (!items)
		return -1;
	rootfs->read_only = items;
	items[rootfs->read_only_count] = fcntl(mount, F_DUPFD_CLOEXEC, 3);
	if (items[rootfs->read_only_count] < 0)
		return -1;
	rootfs->read_only_count++;
	return 0;
}

/* The source of a bind mount, cloned here or, where this user namespace may not look, by the
 * parent. */
static int open_source(struct rootfs *rootfs, size_t index, const struct mount_options *options,
	struct failure *out)
{
	int tree = -1;

	/* Without its bundle it does not know where relative sources begin. */
	if (rootfs->bundle >= 0 && !options->of_donor) {
		tree = mount_open_source(rootfs->bundle, &rootfs->spec->mounts[index], out);
		if (tree >= 0 || out->error != EACCES || rootfs->sync < 0)
			return tree;
	}
	if (rootfs->sync < 0)
		return fail(out, 0, "mount", "the mount on %s has its source elsewhere",
			rootfs->spec->mounts[index].destination);
	return ask_parent(rootfs, (int32_t)index, out);
}

static int finish_mount(struct rootfs *rootfs, const struct spec_mount *mount,
	const struct mount_options *options, int tree, int target, struct failure *out)
{
	const char *destination = mount->destination;

	if (rootfs_check_proc(rootfs, destination, tree, target, out) < 0)
		return -1;

	if (mount_change(tree, true, options->recursive_set, options->recursive_clear) < 0)
		return fail(
			out, errno, "mount", "cannot set the recursive options of %s", destination);
	if (mount_propagate(tree, options->propagation, options->propagation_recursive) < 0)
		return fail(out, errno, "mount", "cannot set the propagation of %s", destination);
	if (mount_attach(tree, target) < 0)
		return fail(out, errno, "mount", "cannot mount on %s", destination);
	if (strcmp(destination, "/dev") == 0 && !options->bind) {
		if (rootfs->dev >= 0)
			close(rootfs->dev);
		rootfs->dev = fcntl(tree, F_DUPFD_CLOEXEC, 3);
	}
	return 0;
}

static int mount_bind(struct rootfs *rootfs, size_t index, const struct mount_options *options,
	struct failure *out)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	auto_close int tree = open_source(rootfs, index, options, out);
	auto_close int target = -1;
	struct stat status;

	if (tree < 0)
		return -1;
	if (fstat(tree, &status) < 0)
		return fail(out, errno, "mount", "cannot examine %s", mount->source);
	target = rootfs_open_target(rootfs, mount->destination, S_ISDIR(status.st_mode),
		rootfs_must_be_plain(mount->destination) ? PATH_NO_LINKS : PATH_FOLLOW, out);
	if (target < 0)
		return -1;
	if (mount_change(tree, false, options->attributes_set, options->attributes_clear) < 0)
		return fail(
			out, errno, "mount", "cannot set the options of %s", mount->destination);
	return finish_mount(rootfs, mount, options, tree, target, out);
}

static int mount_filesystem(struct rootfs *rootfs, const struct spec_mount *mount,
	const struct mount_options *options, struct failure *out)
{
	bool late_read_only =
		(options->attributes_set & MOUNT_ATTR_RDONLY) &&
		(strcmp(mount->type, "tmpfs") == 0 || strcmp(mount->destination, "/dev") == 0);
	uint64_t attributes = options->attributes_set;
	auto_close int target = rootfs_open_target(rootfs, mount->destination, true,
		rootfs_must_be_plain(mount->destination) ? PATH_NO_LINKS : PATH_FOLLOW, out);
	auto_close int tree = -1;

	if (target < 0)
		return -1;
	if (late_read_only)
		attributes &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	tree = filesystem_open(rootfs, mount, options, attributes, target, out);
	if (tree < 0 || finish_mount(rootfs, mount, options, tree, target, out) < 0)
		return -1;
	if (late_read_only && remember_read_only(rootfs, tree) < 0)
		return fail(out, errno, "mount", "cannot remember %s", mount->destination);
	return 0;
}

static bool is_mounted(int fd)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) < 0)
		return false;
	return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* New options for what an earlier entry has mounted there. */
static int remount(struct rootfs *rootfs, const struct spec_mount *mount,
	const struct mount_options *options, struct failure *out)
{
	auto_close int target = path_open(rootfs->root, mount->destination, O_PATH, PATH_FOLLOW);

	if (options->parameters.count > 0)
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "mount",
			"remounting %s with '%s' is not supported", mount->destination,
			options->parameters.items[0]);
	if (target >= 0 && !is_mounted(target))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "mount",
			"cannot remount %s: nothing is mounted there", mount->destination);
	if (target < 0 ||
		mount_change(target, false, options->attributes_set, options->attributes_clear) <
			0 ||
		mount_change(target, true, options->recursive_set, options->recursive_clear) < 0 ||
		mount_propagate(target, options->propagation, options->propagation_recursive) < 0)
		return fail(out, errno, "mount", "cannot remount %s", mount->destination);
	return 0;
}

static int mount_one(struct rootfs *rootfs, size_t index, struct failure *out)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	struct mount_options options;
	int result;

	if (mount_options_parse(mount, &options, out) < 0)
		return -1;
	if (options.bind ? options.tmpcopyup : options.subpath != NULL)
		result = fail_kind(out, FAILURE_BAD_INPUT, 0, "mount",
			"the mount on %s has an option of %s", mount->destination,
			options.bind ? "tmpfs: tmpcopyup" : "binds: lighter-subpath");
	else if (options.remount)
		result = remount(rootfs, mount, &options, out);
	else if (options.bind)
		result = mount_bind(rootfs, index, &options, out);
	else if (!mount->type)
		result = fail_kind(out, FAILURE_BAD_INPUT, 0, "mount",
			"the mount on %s has no type", mount->destination);
	else
		result = mount_filesystem(rootfs, mount, &options, out);
	mount_options_clear(&options);
	return result;
}

/* Whether the whole of /dev is somebody else's: then nothing is made in it. */
static bool dev_is_bound(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		struct mount_options options;
		struct failure ignored;
		bool bind;

		if (strcmp(mount->destination, "/dev") != 0 ||
			mount_options_parse(mount, &options, &ignored) < 0)
			continue;
		bind = options.bind;
		mount_options_clear(&options);
		if (bind)
			return true;
	}
	return false;
}

int rootfs_mount_all(struct rootfs *rootfs, struct failure *out)
{
	rootfs->root_is_procfs = rootfs_is_procfs(rootfs->root);
	for (size_t i = 0; i < rootfs->spec->mount_count; i++)
		if (mount_one(rootfs, i, out) < 0)
			return -1;
	if (rootfs->dev >= 0 || dev_is_bound(rootfs->spec))
		return 0;
	rootfs->dev = path_make_directory(rootfs->root, "/dev", PATH_NO_LINKS);
	if (rootfs->dev < 0)
		return fail(out, errno, "devices", "cannot open /dev of the root filesystem");
	return 0;
}

int rootfs_pivot(struct rootfs *rootfs, struct failure *out)
{
	auto_close int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned long asked = rootfs->spec->rootfs_propagation;

	if (old < 0 || fchdir(rootfs->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return fail(out, errno, "pivot", "cannot change the root directory");
	/* The old root now lies on top of the new one. As a slave its unmounting does not reach the
	 * host. */
	if (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail(out, errno, "pivot", "cannot drop the host's root directory");
	if (asked && mount(NULL, "/", NULL, asked, NULL) < 0)
		return fail(out, errno, "pivot", "cannot set rootfsPropagation");
	if (rootfs->spec->root_readonly &&
		mount_change(rootfs->root, false, MOUNT_ATTR_RDONLY, 0) < 0)
		return fail(out, errno, "pivot", "cannot make the root filesystem read-only");
	return 0;
}
