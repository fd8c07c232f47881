/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_give.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "scope.h"
#include "tree_walk.h"

#define STEP "volume"

struct giving {
	uid_t uid;
	gid_t gid;
	int error; /* the first one */
};

/* A container may be at work in the tree: the name is looked up once for the look and once for the
 * change, and neither follows a link. */
static void give(struct giving *giving, int directory, const char *name)
{
	struct stat status;
	int flags = AT_SYMLINK_NOFOLLOW | (name[0] ? 0 : AT_EMPTY_PATH);

	if (fstatat(directory, name, &status, flags) == 0) {
		if (status.st_uid == giving->uid && status.st_gid == giving->gid)
			return;
		if (fchownat(directory, name, giving->uid, giving->gid, flags) == 0)
			return;
	}
	if (errno != ENOENT && giving->error == 0)
		giving->error = errno;
}

static void give_entry(void *context, int directory, const char *name)
{
	give(context, directory, name);
}

/* Given first: its new owner is who may read it. */
static int open_directory(void *context, int directory, const char *name)
{
	struct giving *giving = context;
	int fd = openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int place = fd;
	int opened;

	if (place < 0) {
		if (errno != ENOENT && errno != ELOOP && errno != ENOTDIR && giving->error == 0)
			giving->error = errno;
		return -1;
	}
	give(giving, place, "");
	opened = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opened < 0 && giving->error == 0)
		giving->error = errno;
	return opened;
}

static int open_place(const char *source, const char *subpath)
{
	auto_close int whole = open(source, O_PATH | O_CLOEXEC);

	if (whole < 0 || !subpath)
		return take_fd(&whole);
	return path_open(whole, subpath, O_PATH | O_CLOEXEC, PATH_FOLLOW);
}

static bool is_directory(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

int volume_give(const char *source, const char *subpath, uid_t uid, gid_t gid, struct failure *out)
{
	struct giving giving = {.uid = uid, .gid = gid};
	const struct tree_visitor visitor = {
		.context = &giving, .entry = give_entry, .open = open_directory};
	auto_close int place = open_place(source, subpath);
	int result = 0;

	/* Whoever mounts it says what is missing. */
	if (place < 0)
		return errno == ENOENT ? 0 : fail(out, errno, STEP, "cannot open %s", source);
	give(&giving, place, "");
	if (is_directory(place)) {
		int directory = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		result = directory < 0 ? -1 : tree_walk(directory, &visitor);
		if (result < 0 && giving.error == 0)
			giving.error = errno;
	}
	if (giving.error == 0 && result != 0)
		giving.error = ESTALE;
	return giving.error == 0
		       ? 0
		       : fail(out, giving.error, STEP,
				 "cannot give all of %s to the container's user (option U)",
				 source);
}
