/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs_ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "account.h"
#include "layer_stack.h"
#include "owners.h"
#include "scope.h"

/* In the work directory, which fuse-overlayfs has no use for yet. */
#define DRAFT "ahead"

struct place {
	int upper, work;
};

/* Whether no layer says anything of the name, not even that it is gone. */
static bool is_free(const struct layer_stack *stack, const char *name)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct stacked_layer *layer = &stack->layers[i];
		struct stat status;

		if (layer->depth == stack->depth &&
			(fstatat(layer->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
				layer_has_mark(layer->fd, name)))
			return false;
	}
	return true;
}

static int open_directory(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A label comes with each new file. */
static bool has_attributes(int fd)
{
	static const char label[] = "security.selinux";
	char names[sizeof(label)];
	ssize_t length = flistxattr(fd, names, sizeof(names));

	return length != 0 &&
	       (length != (ssize_t)sizeof(label) || memcmp(names, label, sizeof(label)) != 0);
}

/* A new file, as a whole or not at all. */
static bool write_file(
	int parent, const char *name, const struct stat *like, const char *text, size_t size)
{
	char path[32];
	auto_close int file = openat(parent, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);

	if (file < 0 || retry_eintr(write(file, text, size)) != (ssize_t)size ||
		fchown(file, like->st_uid, like->st_gid) < 0 ||
		fchmod(file, like->st_mode & 07777) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return linkat(AT_FDCWD, path, parent, name, AT_SYMLINK_FOLLOW) == 0;
}

static bool make_file(int parent, const char *name, mode_t mode)
{
	/* The group of a set-group-id directory comes by itself. */
	const struct stat like = {.st_mode = mode, .st_uid = (uid_t)-1, .st_gid = (gid_t)-1};

	return write_file(parent, name, &like, "", 0);
}

/* A new directory, open. It gets its name last: whoever is killed here leaves none that is closed
 * to the container's users. */
static int make_directory(
	const struct place *place, int parent, const char *name, const struct stat *like)
{
	(void)!unlinkat(place->work, DRAFT, AT_REMOVEDIR);
	if (mkdirat(place->work, DRAFT, 0700) < 0)
		return -1;
	auto_close int fd = open_directory(place->work, DRAFT);

	if (fd < 0 || fchown(fd, like->st_uid, like->st_gid) < 0 ||
		fchmod(fd, like->st_mode & 07777) < 0 ||
		renameat2(place->work, DRAFT, parent, name, RENAME_NOREPLACE) < 0)
		return -1;
	return take_fd(&fd);
}

static bool add_directory(const struct place *place, int parent, const char *name)
{
	struct stat like = {.st_mode = 0755}, above;

	if (fstat(parent, &above) < 0)
		return false;
	if (above.st_mode & S_ISGID)
		like.st_gid = above.st_gid;
	auto_close int fd = make_directory(place, parent, name, &like);

	return fd >= 0;
}

/* The image's directory of that name without what is in it, or a new one. */
static int make_or_copy(
	const struct layer_stack *stack, const struct place *place, const char *name)
{
	static const struct stat new = {.st_mode = 0755};
	struct stat status;
	int holder;

	if (is_free(stack, name))
		return make_directory(place, place->upper, name, &new);
	holder = layer_stack_find(stack, name, &status);
	if (holder < 0 || !S_ISDIR(status.st_mode))
		return -1;
	auto_close int old = open_directory(holder, name);

	if (old < 0 || has_attributes(old))
		return -1;
	return make_directory(place, place->upper, name, &status);
}

static bool fill_dev(const struct layer_stack *stack, const struct place *place, int dev)
{
	return (!is_free(stack, "console") || make_file(dev, "console", 0755)) &&
	       (!is_free(stack, "pts") || add_directory(place, dev, "pts")) &&
	       (!is_free(stack, "shm") || add_directory(place, dev, "shm"));
}

static bool make_dev(struct layer_stack *stack, const struct place *place)
{
	bool filled;
	auto_close int dev = make_or_copy(stack, place, "dev");

	if (dev < 0 || layer_stack_enter(stack, "dev") < 0)
		return false;
	filled = fill_dev(stack, place, dev);
	return layer_stack_leave(stack) == 0 && filled;
}

/* The files that are mounted there from the container's directory. */
static bool make_places(const struct layer_stack *stack, const struct spec *spec, int etc)
{
	static const char *const names[] = {"hosts", "hostname", "resolv.conf"};

	for (size_t i = 0; i < spec->mount_count; i++) {
		const char *destination = spec->mounts[i].destination;

		for (size_t j = 0; j < array_size(names); j++)
			if (strncmp(destination, "/etc/", 5) == 0 &&
				strcmp(destination + 5, names[j]) == 0 &&
				is_free(stack, names[j]) && !make_file(etc, names[j], 0755) &&
				errno != EEXIST)
				return false;
	}
	return true;
}

/* A file of the image with one line more. */
static bool add_line(const struct layer_stack *stack, int etc, const char *name, const char *line)
{
	static const struct stat new = {.st_mode = 0644, .st_uid = (uid_t)-1, .st_gid = (gid_t)-1};
	struct stat status;
	int holder = layer_stack_find(stack, name, &status);
	auto_free char *text = NULL;
	int have;

	if (holder < 0)
		return is_free(stack, name) && asprintf(&text, "%s\n", line) >= 0 &&
		       write_file(etc, name, &new, text, strlen(text));
	if (!S_ISREG(status.st_mode))
		return false;
	auto_close int old =
		openat(holder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (old < 0 || has_attributes(old))
		return false;
	have = account_read(old, line, &text);
	if (have < 0)
		return false;
	/* Else the image knows the user. */
	return !text || write_file(etc, name, &status, text, (size_t)have + strlen(text + have));
}

static bool fill_etc(
	const struct layer_stack *stack, const struct plan *plan, const struct spec *spec, int etc)
{
	return (!is_free(stack, "mtab") || symlinkat("/proc/mounts", etc, "mtab") == 0) &&
	       make_places(stack, spec, etc) &&
	       (!plan->passwd_entry || (add_line(stack, etc, "passwd", plan->passwd_entry) &&
					       add_line(stack, etc, "group", plan->group_entry)));
}

static bool make_etc(struct layer_stack *stack, const struct plan *plan, const struct spec *spec,
	const struct place *place)
{
	bool filled;
	auto_close int etc = make_or_copy(stack, place, "etc");

	if (etc < 0 || layer_stack_enter(stack, "etc") < 0)
		return false;
	filled = fill_etc(stack, plan, spec, etc);
	return layer_stack_leave(stack) == 0 && filled;
}

static bool make_all(struct layer_stack *stack, const struct plan *plan, const struct spec *spec,
	const struct place *place)
{
	/* Where it is already, a container may have changed the rest. */
	if (!is_free(stack, ".dockerenv") || !make_file(place->upper, ".dockerenv", 0755))
		return false;
	if ((is_free(stack, "proc") && !add_directory(place, place->upper, "proc")) ||
		(is_free(stack, "sys") && !add_directory(place, place->upper, "sys")))
		return false;
	return make_dev(stack, place) && make_etc(stack, plan, spec, place);
}

/* What is made here has its owner and mode on the disk alone. */
static bool has_overrides(const struct layer_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		if (stack->layers[i].overrides)
			return true;
	return false;
}

bool rootfs_ahead(const struct plan *plan, const struct spec *spec)
{
	const struct plan_rootfs *rootfs = &plan->rootfs;
	struct layer_stack stack;
	struct failure ignored;
	bool all;

	/* With moved ids the image's root, who is this process, is shown as the container's. */
	if (rootfs->driver != ROOTFS_FUSE_OVERLAYFS || rootfs->lower.count == 0 ||
		(!rootfs->uid_mapping && owners_differ(spec)))
		return false;
	auto_close int upper = open(rootfs->upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int work = open(rootfs->work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct place place = {upper, work};

	if (upper < 0 || work < 0)
		return false;
	all = layer_stack_open(&rootfs->lower, &stack, &ignored) == 0 && !has_overrides(&stack) &&
	      make_all(&stack, plan, spec, &place);
	layer_stack_close(&stack);
	return all;
}
