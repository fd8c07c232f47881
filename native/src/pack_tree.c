/* SPDX-License-Identifier: Apache-2.0 */
/* A whole tree becomes an archive. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "pack.h"
#include "scope.h"
#include "tree_path.h"
#include "tree_walk.h"

struct tree {
	struct pack *pack;
	struct tree_path path;
	bool mounts;
	dev_t device;
	bool failed;
};

static void add(struct tree *tree, int directory, const char *name)
{
	if (tree->failed)
		return;
	if (tree_path_push(&tree->path, name) < 0) {
		fail(tree->pack->out, ENOMEM, "archive", "cannot keep a path");
		tree->failed = true;
		return;
	}
	tree->failed = pack_add(tree->pack, directory, name, tree->path.text) < 0;
}

static void visit_entry(void *context, int directory, const char *name)
{
	struct tree *tree = context;

	add(tree, directory, name);
	tree_path_pop(&tree->path);
}

/* These have no files that could be copied. */
static bool is_kernel_interface(int fd)
{
	static const long types[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, 0x19800202 /* mqueue */};
	struct statfs status;

	if (fstatfs(fd, &status) < 0)
		return true;
	for (size_t i = 0; i < array_size(types); i++)
		if ((long)status.f_type == types[i])
			return true;
	return false;
}

/* A mount point that is not to be entered is still a directory. */
static int enter(void *context, int directory, const char *name)
{
	struct tree *tree = context;
	struct stat status;

	add(tree, directory, name);
	auto_close int fd = tree->failed ? -1
					 : openat(directory, name,
						   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &status) == 0 &&
		(status.st_dev == tree->device || (tree->mounts && !is_kernel_interface(fd))))
		return take_fd(&fd);
	tree_path_pop(&tree->path);
	return -1;
}

static enum tree_leave leave(void *context, int directory, const char *name, unsigned attempt)
{
	struct tree *tree = context;

	(void)directory;
	(void)name;
	(void)attempt;
	tree_path_pop(&tree->path);
	return tree->failed ? TREE_STOP : TREE_DONE;
}

int pack_tree(struct pack *pack, int fd, const char *prefix, bool mounts)
{
	struct tree tree = {.pack = pack, .mounts = mounts};
	const struct tree_visitor visitor = {.context = &tree,
		.ordered = true,
		.marks = pack->layer,
		.entry = visit_entry,
		.open = enter,
		.leave = leave};
	struct stat status;
	int result;

	if (fstat(fd, &status) < 0 || tree_path_start(&tree.path, prefix) < 0) {
		close(fd);
		return fail(pack->out, errno, "archive", "cannot read the directory");
	}
	tree.device = status.st_dev;
	result = tree_walk(fd, &visitor);
	tree_path_clear(&tree.path);
	if (tree.failed)
		return -1;
	if (result < 0)
		return fail(pack->out, errno, "archive", "cannot read the directory");
	return result > 0 ? fail(pack->out, 0, "archive", "a directory was moved while it was read")
			  : 0;
}
