/* SPDX-License-Identifier: Apache-2.0 */
/* Files, links and fifos that are copied to a union. */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "layer_path.h"
#include "onto_attributes.h"
#include "onto_copy.h"
#include "scope.h"
#include "whiteout.h"

/* Where a copied file with several names is. */
struct first_name {
	dev_t device;
	ino_t inode;
	char *path; /* below the upper directory's root */
};

static int compare_firsts(const void *one, const void *other)
{
	const struct first_name *first = one, *second = other;

	if (first->device != second->device)
		return first->device < second->device ? -1 : 1;
	return first->inode < second->inode ? -1 : first->inode > second->inode;
}

static void free_first(void *node)
{
	struct first_name *first = node;

	free(first->path);
	free(first);
}

void onto_copy_forget(struct onto_copy *copy)
{
	tdestroy(copy->firsts, free_first);
	copy->firsts = NULL;
}

/* Gives the file another name where it was copied before: 1. Else it is remembered: 0. */
static int link_again(struct onto_copy *copy, const struct stat *status, const char *to)
{
	struct onto *onto = copy->onto;
	struct first_name *own = calloc(1, sizeof(*own));
	struct first_name *const *found;

	if (!own)
		return onto_cannot(onto, ENOMEM, "remember", to);
	*own = (struct first_name){.device = status->st_dev, .inode = status->st_ino};
	if (asprintf(&own->path, "%s%s%s", onto->path.text, *onto->path.text ? "/" : "", to) < 0)
		own->path = NULL;
	found = own->path ? tsearch(own, &copy->firsts, compare_firsts) : NULL;
	if (found && *found == own)
		return 0;
	free_first(own);
	if (!found)
		return onto_cannot(onto, ENOMEM, "remember", to);
	if (linkat(onto->root, (*found)->path, onto_directory(onto), to, 0) == 0)
		return 1;
	/* Too many names, or too long a path: then it is one more file. */
	return errno == EMLINK || errno == ENAMETOOLONG || errno == ENOENT
		       ? 0
		       : onto_cannot(onto, errno, "link", to);
}

static bool is_same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       (one->st_mode & S_IFMT) == (other->st_mode & S_IFMT);
}

static bool is_unchanged(int fd, const struct stat *before)
{
	struct stat now;

	return fstat(fd, &now) == 0 && now.st_size == before->st_size &&
	       now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

static int set_all(struct onto_copy *copy, int from, int to, struct stat *status, const char *name)
{
	struct onto *onto = copy->onto;
	const struct timespec times[2] = {status->st_mtim, status->st_mtim};

	onto_read_owner(onto, from, status);
	const struct layer_status own = onto_copy_status(copy, status);

	if (layer_set_status(&onto->layer, to, &own, name) < 0 ||
		onto_copy_extended(onto, from, to, name) < 0)
		return -1;
	return futimens(to, times) < 0 ? onto_cannot(onto, errno, "set the times of", name) : 0;
}

static int copy_now(const struct onto_copy *copy, int from, int made, const struct stat *opened,
	const char *name, const char *to)
{
	int64_t size = copy_data(from, made, opened->st_size);

	if (size < 0)
		return onto_cannot(copy->onto, errno, "copy to", to);
	return size != opened->st_size || (copy->plain && !is_unchanged(from, opened))
		       ? onto_copy_stale(copy, name)
		       : 0;
}

static int leave_for_later(struct onto_copy *copy, int *from, int *made, const struct stat *opened,
	struct stat *status, const char *name, const char *to)
{
	char path[SOURCE_SIZE];
	const struct later_file file = {.source = *opened,
		.steady = !copy->plain,
		.from = *from,
		.to = *made,
		.name = path};

	onto_copy_source(copy, name, path);
	if (later_add(copy->onto->later, &file) < 0)
		return -1;
	return set_all(copy, take_fd(from), take_fd(made), status, to);
}

/* `status` is what the stack says of it, which may have another owner and mode than the file. */
static int copy_file(struct onto_copy *copy, int directory, const char *name, struct stat *status,
	const char *to)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct onto *onto = copy->onto;
	auto_close int from = openat(directory, name, flags);
	auto_close int made = -1;
	struct stat opened;

	if (from < 0)
		return errno == ENOENT || errno == ELOOP ? onto_copy_stale(copy, name)
							 : onto_cannot(onto, errno, "read", name);
	if (fstat(from, &opened) < 0 || !is_same_file(&opened, status))
		return onto_copy_stale(copy, name);
	if (opened.st_nlink > 1) {
		int linked = link_again(copy, &opened, to);

		if (linked != 0)
			return linked < 0 ? -1 : 0;
	}
	made = openat(onto_directory(onto), to,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (made < 0)
		return onto_cannot(onto, errno, "create", to);
	onto->bytes += (uint64_t)opened.st_size;
	if (later_wants(onto->later, from, &opened, onto_copy_status(copy, status).mode) &&
		!clone_data(from, made))
		return leave_for_later(copy, &from, &made, &opened, status, name, to);
	if (copy_now(copy, from, made, &opened, name, to) < 0)
		return -1;
	return set_all(copy, from, made, status, to);
}

static int set_unopened(struct onto_copy *copy, const struct stat *status, const char *to)
{
	struct onto *onto = copy->onto;
	const struct timespec times[2] = {status->st_mtim, status->st_mtim};
	const struct layer_status own = onto_copy_status(copy, status);

	if (layer_check_owner(&onto->layer, own.uid, own.gid, to) < 0)
		return -1;
	if (!onto->layer.overrides && !onto->layer.squash &&
		fchownat(onto_directory(onto), to, (uid_t)own.uid, (gid_t)own.gid,
			AT_SYMLINK_NOFOLLOW) < 0)
		return onto_cannot(onto, errno, "set the owner of", to);
	if (utimensat(onto_directory(onto), to, times, AT_SYMLINK_NOFOLLOW) < 0)
		return onto_cannot(onto, errno, "set the times of", to);
	return 0;
}

static int copy_link(struct onto_copy *copy, int directory, const char *name,
	const struct stat *status, const char *to)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);

	if (length <= 0)
		return onto_copy_stale(copy, name);
	target[length] = '\0';
	if (symlinkat(target, onto_directory(copy->onto), to) < 0)
		return onto_cannot(copy->onto, errno, "create the link", to);
	return set_unopened(copy, status, to);
}

static int copy_fifo(struct onto_copy *copy, const struct stat *status, const char *to)
{
	const struct layer_status own = onto_copy_status(copy, status);

	if (mknodat(onto_directory(copy->onto), to, S_IFIFO | own.mode, 0) < 0)
		return onto_cannot(copy->onto, errno, "create the fifo", to);
	return set_unopened(copy, status, to);
}

/* A directory is in nobody's way but a file's. */
static int make_room(struct onto_copy *copy, const char *to)
{
	struct onto *onto = copy->onto;
	struct stat status;
	int has_it = onto_find(onto, to, &status);

	if (whiteout_of_mark(to))
		return onto_refuse_mark(onto, to);
	if (has_it >= 0 && S_ISDIR(status.st_mode) && !copy->how->replace)
		return fail_kind(onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
			"cannot replace to directory /%.200s%s%.200s with file", onto->path.text,
			*onto->path.text ? "/" : "", to);
	/* Where nothing was yet, and no whiteout can be, there is nothing to clear away. */
	if (has_it < 0 && onto->depth > 0 && onto->levels[onto->depth - 1].is_fresh)
		return 0;
	return onto_clear(onto, to);
}

int onto_copy_object(struct onto_copy *copy, const char *name, const char *to)
{
	struct onto *onto = copy->onto;
	struct stat status;
	int directory = layer_stack_find(&copy->source, name, &status);

	if (directory < 0)
		return onto_copy_stale(copy, name);
	/* Devices and sockets mean nothing in a copy. */
	if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode) && !S_ISFIFO(status.st_mode))
		return 0;
	if (make_room(copy, to) < 0)
		return -1;
	onto->entries++;
	if (copy->how->link && S_ISREG(status.st_mode))
		onto->bytes += (uint64_t)status.st_size;
	if (copy->how->link)
		return linkat(directory, name, onto_directory(onto), to, 0) < 0
			       ? onto_cannot(onto, errno, "create", to)
			       : 0;
	if (S_ISREG(status.st_mode))
		return copy_file(copy, directory, name, &status, to);
	if (S_ISLNK(status.st_mode))
		return copy_link(copy, directory, name, &status, to);
	return copy_fifo(copy, &status, to);
}
