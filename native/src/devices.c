/* SPDX-License-Identifier: Apache-2.0 */
/* What is in /dev, and what of the tree is hidden or read-only. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mount.h"
#include "path.h"
#include "rootfs.h"
#include "scope.h"

static const struct spec_device default_devices[] = {
	{.path = (char *)"/dev/null", .type = 'c', .major = 1, .minor = 3, .mode = 0666},
	{.path = (char *)"/dev/zero", .type = 'c', .major = 1, .minor = 5, .mode = 0666},
	{.path = (char *)"/dev/full", .type = 'c', .major = 1, .minor = 7, .mode = 0666},
	{.path = (char *)"/dev/random", .type = 'c', .major = 1, .minor = 8, .mode = 0666},
	{.path = (char *)"/dev/urandom", .type = 'c', .major = 1, .minor = 9, .mode = 0666},
	{.path = (char *)"/dev/tty", .type = 'c', .major = 5, .minor = 0, .mode = 0666},
};

static const struct {
	const char *target, *name;
} links[] = {
	{"/proc/self/fd", "fd"},
	{"/proc/self/fd/0", "stdin"},
	{"/proc/self/fd/1", "stdout"},
	{"/proc/self/fd/2", "stderr"},
	{"/proc/kcore", "core"},
	{"pts/ptmx", "ptmx"},
};

static mode_t device_type(const struct spec_device *device)
{
	return device->type == 'b' ? S_IFBLK : device->type == 'p' ? S_IFIFO : S_IFCHR;
}

static bool is_device(const struct stat *status, const struct spec_device *device)
{
	return (status->st_mode & S_IFMT) == device_type(device) &&
	       (device->type == 'p' || status->st_rdev == makedev(device->major, device->minor));
}

/* The host's node of that number: at the same path, else where the kernel says that it is named. */
static int open_host_device(const struct spec_device *device)
{
	char path[64], line[PATH_MAX], node[PATH_MAX];
	struct stat status;
	auto_close int fd = open(device->path, O_PATH | O_CLOEXEC);
	auto_fclose FILE *event = NULL;

	if (fd >= 0 && fstat(fd, &status) == 0 && is_device(&status, device))
		return take_fd(&fd);
	snprintf(path, sizeof(path), "/sys/dev/%s/%u:%u/uevent",
		device->type == 'b' ? "block" : "char", device->major, device->minor);
	event = fopen(path, "re");
	while (event && fgets(line, sizeof(line), event)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "DEVNAME=", 8) != 0 ||
			snprintf(node, sizeof(node), "/dev/%s", line + 8) >= (int)sizeof(node))
			continue;
		scope_close(&fd);
		fd = open(node, O_PATH | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &status) == 0 && is_device(&status, device))
			return take_fd(&fd);
	}
	errno = ENODEV;
	return -1;
}

/* Without the right to make nodes (any user namespace), the host's own node is bound. */
static int bind_device(
	int base, const char *path, const struct spec_device *device, struct failure *out)
{
	auto_close int source = open_host_device(device);
	auto_close int tree = source < 0 ? -1 : mount_clone(source, false);
	auto_close int target = tree < 0 ? -1 : path_make_file(base, path, PATH_NO_LINKS);

	if (target < 0 || mount_change(tree, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0) < 0 ||
		mount_attach(tree, target) < 0)
		return fail(out, errno, "devices", "cannot bind device %s (%u:%u)", device->path,
			device->major, device->minor);
	return 0;
}

/* Splits at the last slash: the directory is made and opened. */
static int open_parent(int base, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	auto_free char *directory = NULL;

	*ret_name = slash ? slash + 1 : path;
	if (!slash || slash == path)
		return path_open(base, "/", O_PATH | O_DIRECTORY, PATH_NO_LINKS);
	directory = strndup(path, (size_t)(slash - path));
	return directory ? path_make_directory(base, directory, PATH_NO_LINKS) : -1;
}

static int make_device(
	const struct rootfs *rootfs, const struct spec_device *device, struct failure *out)
{
	bool in_dev = strncmp(device->path, "/dev/", 5) == 0;
	const char *path = in_dev ? device->path + 5 : device->path, *name;
	mode_t mode = device->has_mode ? device->mode & 07777 : 0666;
	int base = in_dev ? rootfs->dev : rootfs->root;
	struct stat status;
	auto_close int parent = open_parent(base, path, &name);

	if (parent < 0 || name[0] == '\0')
		return fail(out, parent < 0 ? errno : EINVAL, "devices", "cannot make device %s",
			device->path);
	if (mknodat(parent, name, device_type(device) | mode,
		    makedev(device->major, device->minor)) < 0) {
		if (errno == EEXIST && fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
			is_device(&status, device))
			return 0;
		if (errno != EPERM && errno != EEXIST)
			return fail(out, errno, "devices", "cannot make device %s", device->path);
		return bind_device(base, path, device, out);
	}
	/* Only this program writes here before the container runs: the name is still what was made.
	 */
	if (fchownat(parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		fchmodat(parent, name, mode, 0) < 0)
		return fail(
			out, errno, "devices", "cannot set the owner and mode of %s", device->path);
	return 0;
}

static bool spec_has_device(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->device_count; i++)
		if (strcmp(spec->devices[i].path, path) == 0)
			return true;
	return false;
}

int rootfs_make_devices(struct rootfs *rootfs, struct failure *out)
{
	const struct spec *spec = rootfs->spec;

	if (rootfs->dev < 0)
		return 0;
	for (size_t i = 0; i < array_size(default_devices); i++)
		if (!spec_has_device(spec, default_devices[i].path) &&
			make_device(rootfs, &default_devices[i], out) < 0)
			return -1;
	for (size_t i = 0; i < spec->device_count; i++)
		if (make_device(rootfs, &spec->devices[i], out) < 0)
			return -1;
	for (size_t i = 0; i < array_size(links); i++) {
		/* Kernels may be built without it. */
		if (strcmp(links[i].name, "core") == 0 && access(links[i].target, F_OK) < 0)
			continue;
		if (symlinkat(links[i].target, rootfs->dev, links[i].name) < 0 && errno != EEXIST)
			return fail(out, errno, "devices", "cannot make the link /dev/%s",
				links[i].name);
	}
	return 0;
}

/* Covers for masked paths, made when first needed: the host's null device, checked to be it, and
 * one empty read-only directory. */
struct mask {
	int null, directory;
};

static int open_mask(struct mask *mask, bool directory, struct failure *out)
{
	static const struct mount_options none = {0};

	if (directory) {
		int fd;

		if (mask->directory < 0) {
			mask->directory = mount_create("tmpfs", "tmpfs", &none,
				MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					MOUNT_ATTR_NOEXEC,
				out);
			return mask->directory < 0 ? -1
						   : fcntl(mask->directory, F_DUPFD_CLOEXEC, 3);
		}
		fd = mount_clone(mask->directory, false);
		return fd < 0 ? fail(out, errno, "mask", "cannot make an empty directory") : fd;
	}
	if (mask->null < 0)
		mask->null = open_host_device(&default_devices[0]);
	int cover = mask->null < 0 ? -1 : mount_clone(mask->null, false);

	if (cover < 0 ||
		mount_change(cover, false,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0) < 0) {
		fail(out, errno, "mask", "cannot bind the host's /dev/null");
		scope_close(&cover);
		return -1;
	}
	return cover;
}

static int mask_path(
	const struct rootfs *rootfs, struct mask *mask, const char *path, struct failure *out)
{
	auto_close int target = path_open(rootfs->root, path, O_PATH, PATH_FOLLOW);
	auto_close int cover = -1;
	struct stat status;

	if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (target < 0 || fstat(target, &status) < 0)
		return fail(out, errno, "mask", "cannot open %s", path);
	cover = open_mask(mask, S_ISDIR(status.st_mode), out);
	if (cover < 0)
		return -1;
	if (mount_attach(cover, target) < 0)
		return fail(out, errno, "mask", "cannot mask %s", path);
	return 0;
}

static int protect_path(const struct rootfs *rootfs, const char *path, struct failure *out)
{
	auto_close int target = path_open(rootfs->root, path, O_PATH, PATH_FOLLOW);
	auto_close int tree = -1;

	if (target < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (target >= 0)
		tree = mount_clone(target, true);
	if (tree < 0 || mount_change(tree, true, MOUNT_ATTR_RDONLY, 0) < 0 ||
		mount_attach(tree, target) < 0)
		return fail(out, errno, "read-only path", "cannot make %s read-only", path);
	return 0;
}

int rootfs_restrict(struct rootfs *rootfs, struct failure *out)
{
	const struct spec *spec = rootfs->spec;
	struct mask mask = {.null = -1, .directory = -1};
	int result = 0;

	for (size_t i = 0; result == 0 && i < spec->readonly_paths.count; i++)
		result = protect_path(rootfs, spec->readonly_paths.items[i], out);
	for (size_t i = 0; result == 0 && i < spec->masked_paths.count; i++)
		result = mask_path(rootfs, &mask, spec->masked_paths.items[i], out);
	scope_close(&mask.null);
	scope_close(&mask.directory);
	for (size_t i = 0; result == 0 && i < rootfs->read_only_count; i++)
		if (mount_change(rootfs->read_only[i], false, MOUNT_ATTR_RDONLY, 0) < 0)
			result = fail(out, errno, "mount", "cannot make a mount read-only");
	return result;
}
