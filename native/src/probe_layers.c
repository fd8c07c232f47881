/* SPDX-License-Identifier: Apache-2.0 */
/* Whether layers can be mounted as containers need them, with either overlay. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer_path.h"
#include "rootfs_mount.h"
#include "scope.h"
#include "stat_override.h"
#include "userns.h"

static int write_file(const char *directory, const char *name, struct failure *out)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1)
		return fail(out, errno, STEP, "cannot write %s", path);
	return 0;
}

static bool exists(const char *directory, const char *name)
{
	char path[4096];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return lstat(path, &status) == 0;
}

struct tree {
	char top[2048];
	char upper[2100], work[2100], over[2100], under[2100], root[2100];
};

/* Layers are unpacked with the archive's own marks where the device cannot be made. */
static int make_whiteout(const struct tree *tree, enum rootfs_driver driver, struct failure *out)
{
	char whiteout[2200];
	int error;

	snprintf(whiteout, sizeof(whiteout), "%s/hidden", tree->over);
	if (mknod(whiteout, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	error = errno;
	if (driver == ROOTFS_FUSE_OVERLAYFS)
		return write_file(tree->over, WHITEOUT_PREFIX "hidden", out);
	return fail(out, error, STEP, "cannot create a whiteout in %s", tree->top);
}

static int make_tree(
	const char *directory, enum rootfs_driver driver, struct tree *tree, struct failure *out)
{
	if ((size_t)snprintf(tree->top, sizeof(tree->top), "%s/probe-XXXXXX", directory) >=
		sizeof(tree->top))
		return fail(out, ENAMETOOLONG, STEP, "cannot use %.100s", directory);
	if (!mkdtemp(tree->top)) {
		tree->top[0] = '\0';
		return fail(out, errno, STEP, "cannot create a directory in %s", directory);
	}
	snprintf(tree->upper, sizeof(tree->upper), "%s/upper", tree->top);
	snprintf(tree->work, sizeof(tree->work), "%s/work", tree->top);
	snprintf(tree->over, sizeof(tree->over), "%s/over", tree->top);
	snprintf(tree->under, sizeof(tree->under), "%s/under", tree->top);
	snprintf(tree->root, sizeof(tree->root), "%s/root", tree->top);
	if (mkdir(tree->upper, 0700) < 0 || mkdir(tree->work, 0700) < 0 ||
		mkdir(tree->over, 0700) < 0 || mkdir(tree->under, 0700) < 0 ||
		mkdir(tree->root, 0700) < 0)
		return fail(out, errno, STEP, "cannot create a directory in %s", tree->top);
	if (write_file(tree->under, "kept", out) < 0 || write_file(tree->under, "hidden", out) < 0)
		return -1;
	return make_whiteout(tree, driver, out);
}

/* A layer's whiteout hides, the rest shows, and a removal becomes a whiteout in the upper
 * directory. */
static int try_layers(const struct tree *tree, const char *driver, struct failure *out)
{
	char removed[2200];

	if (!exists(tree->root, "kept") || exists(tree->root, "hidden"))
		return fail(out, 0, STEP, "%s does not show the layers as they are", driver);
	if (write_file(tree->root, "written", out) < 0)
		return -1;
	snprintf(removed, sizeof(removed), "%s/kept", tree->root);
	if (unlink(removed) < 0)
		return fail(out, errno, STEP, "%s cannot remove a layer's file", driver);
	if (!exists(tree->upper, "written") ||
		(!exists(tree->upper, "kept") && !exists(tree->upper, WHITEOUT_PREFIX "kept")))
		return fail(out, 0, STEP, "%s does not write to the upper directory", driver);
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *level)
{
	(void)status;
	(void)type;
	(void)level;
	return remove(path);
}

static void remove_tree(const struct tree *tree)
{
	char work[2200];

	if (!tree->top[0])
		return;
	snprintf(work, sizeof(work), "%s/work", tree->work);
	chmod(work, 0700);
	nftw(tree->top, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* A file of another owner is shown so. */
static int try_owners(const struct tree *tree, const char *driver, struct failure *out)
{
	char path[2200];
	struct stat status;

	if (write_file(tree->root, "owned", out) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/owned", tree->root);
	if (chown(path, 1, 1) < 0 || chmod(path, 0640) < 0 || lstat(path, &status) < 0)
		return fail(
			out, errno, STEP, "%s cannot keep owners of files in attributes", driver);
	if (status.st_uid != 1 || status.st_gid != 1 || (status.st_mode & 07777) != 0640)
		return fail(out, 0, STEP, "%s does not show owners that are in attributes", driver);
	return 0;
}

static int probe_layers(const struct probe *probe, enum rootfs_driver driver, const char *name,
	int (*try)(const struct tree *, const char *, struct failure *), struct failure *out)
{
	struct tree tree = {.top = ""};
	char *lower[] = {tree.over, tree.under};
	struct plan_rootfs rootfs = {.driver = driver,
		.lower = {lower, array_size(lower)},
		.upper = tree.upper,
		.work = tree.work,
		.program = (char *)(uintptr_t)probe->fuse_overlayfs};
	struct rootfs_mount mounted = {0};
	int result;

	if (userns_create(&probe->map, 0, out) < 0)
		return -1;
	result = make_tree(probe->directory, driver, &tree, out);
	if (result == 0)
		result = rootfs_mount(&rootfs, tree.root, &mounted, out);
	if (result == 0) {
		result = try(&tree, name, out);
		umount2(tree.root, 0);
	}
	if (mounted.fuse > 0) {
		kill(mounted.fuse, SIGKILL);
		retry_eintr(waitpid(mounted.fuse, NULL, 0));
	}
	remove_tree(&tree);
	return result;
}

int probe_overlay(const struct probe *probe, struct failure *out)
{
	return probe_layers(probe, ROOTFS_OVERLAY, "overlay", try_layers, out);
}

static int probe_fuse(const struct probe *probe,
	int (*try)(const struct tree *, const char *, struct failure *), struct failure *out)
{
	if (!probe->fuse_overlayfs)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
			"no program was named: --fuse-overlayfs PROGRAM");
	return probe_layers(probe, ROOTFS_FUSE_OVERLAYFS, "fuse-overlayfs", try, out);
}

int probe_fuse_overlayfs(const struct probe *probe, struct failure *out)
{
	return probe_fuse(probe, try_layers, out);
}

int probe_kept_owners(const struct probe *probe, struct failure *out)
{
	return probe_fuse(probe, try_owners, out);
}

int probe_owners(const struct probe *probe, struct failure *out)
{
	char path[2048];
	bool refused;

	if (userns_create(&probe->map, 0, out) < 0)
		return -1;
	if ((size_t)snprintf(path, sizeof(path), "%s/probe-XXXXXX", probe->directory) >=
		sizeof(path))
		return fail(out, ENAMETOOLONG, STEP, "cannot use %.100s", probe->directory);
	if (!mkdtemp(path))
		return fail(out, errno, STEP, "cannot create a directory in %s", probe->directory);
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	refused = fd >= 0 && stat_override_is_needed(fd);
	rmdir(path);
	return refused ? fail(out, EPERM, STEP, "cannot give a file in %s to another id",
				 probe->directory)
		       : 0;
}
