/* SPDX-License-Identifier: Apache-2.0 */
#include "step_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "mount.h"
#include "path.h"
#include "scope.h"
#include "step_sources.h"
#include "tree_copy.h"

#define STEP "cache"

enum { COPIES_MAX = 1024, PAUSE_MS = 20 };

static int open_directory(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Takes the lock of one copy unless others are in the way. Returns its directory, or -1; errno is
 * EWOULDBLOCK when it is in use. *ret_lock stays open for the life of this process. */
static int take_copy(int all, unsigned number, int operation, int *ret_lock)
{
	char name[16];
	struct stat locked, named;

	snprintf(name, sizeof(name), "%u", number);
	if (mkdirat(all, name, 0700) < 0 && errno != EEXIST)
		return -1;
	auto_close int copy = open_directory(all, name);
	auto_close int lock =
		copy < 0 ? -1
			 : openat(copy, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (lock < 0 || flock(lock, operation | LOCK_NB) < 0)
		return -1;
	/* It may have been removed meanwhile: then nobody else finds this one. */
	if (fstat(copy, &locked) < 0 || fstatat(all, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		locked.st_ino != named.st_ino) {
		errno = EAGAIN;
		return -1;
	}
	*ret_lock = take_fd(&lock);
	return take_fd(&copy);
}

static bool is_there(int all, unsigned number)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", number);
	return faccessat(all, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The first that nobody is in the way of. For `locked` only copies that are there count, or the
 * first one. -1 with EWOULDBLOCK: there is none now. */
static int find_copy(int all, enum step_sharing sharing, int *ret_lock)
{
	int operation = sharing == STEP_SHARED ? LOCK_SH : LOCK_EX;

	for (unsigned number = 0; number < COPIES_MAX; number++) {
		int copy;

		if (sharing == STEP_LOCKED && number > 0 && !is_there(all, number))
			break;
		copy = take_copy(all, number, operation, ret_lock);
		if (copy >= 0 || (errno != EWOULDBLOCK && errno != ENOENT && errno != EINTR))
			return copy;
	}
	errno = EWOULDBLOCK;
	return -1;
}

/* Anything that the caller says now is its wish for the end. */
static bool pause_with(int client)
{
	struct pollfd slot = {.fd = client, .events = POLLIN | POLLRDHUP};

	return poll(&slot, 1, PAUSE_MS) <= 0;
}

/* What the source's fill has, or nothing. One that was interrupted is done again. */
static int make_data(int copy, const struct step_source *source, struct failure *out)
{
	if (mkdirat(copy, "draft", 0700) < 0 && errno != EEXIST)
		return fail(out, errno, STEP, "cannot make a cache");
	auto_close int draft = open_directory(copy, "draft");

	if (draft < 0)
		return fail(out, errno, STEP, "cannot make a cache");
	if (source->fill) {
		auto_close int tree = open(source->fill, O_PATH | O_DIRECTORY | O_CLOEXEC);
		auto_close int place = tree < 0 ? -1
						: path_open(tree, source->fill_subpath,
							  O_RDONLY | O_DIRECTORY, PATH_FOLLOW);

		if (place < 0)
			return fail(out, errno, STEP, "cannot open %s to fill a cache",
				source->fill_subpath);
		if (tree_copy(place, draft, TREE_PLAIN, out) < 0)
			return -1;
	} else if (step_give(draft, source) < 0) {
		return fail(out, errno, STEP, "cannot give a cache its owner");
	}
	if (renameat2(copy, "draft", copy, "data", RENAME_NOREPLACE) < 0)
		return fail(out, errno, STEP, "cannot make a cache");
	return 0;
}

/* Users of a shared one may come at the same time. */
static int open_data(int copy, const struct step_source *source, struct failure *out)
{
	auto_close int turn = open_directory(copy, ".");
	int data;

	if (turn < 0 || retry_eintr(flock(turn, LOCK_EX)) < 0)
		return fail(out, errno, STEP, "cannot lock a cache");
	data = open_directory(copy, "data");
	if (data < 0 && errno == ENOENT && make_data(copy, source, out) < 0)
		return -1;
	if (data < 0)
		data = open_directory(copy, "data");
	return data < 0 ? fail(out, errno, STEP, "cannot open a cache") : data;
}

int step_cache_mount(const struct step_source *source, int client, struct failure *out)
{
	auto_close int all =
		open(source->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int place = open(source->place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int copy = -1;
	int lock = -1;

	if (all < 0 || place < 0)
		return fail(out, errno, STEP, "cannot open %s",
			all < 0 ? source->directory : source->place);
	while ((copy = find_copy(all, source->sharing, &lock)) < 0) {
		if (errno != EWOULDBLOCK)
			return fail(out, errno, STEP, "cannot use the cache %s", source->directory);
		if (!pause_with(client))
			return fail_kind(
				out, FAILURE_ENDED, 0, STEP, "nobody waits for the step any more");
	}
	auto_close int data = open_data(copy, source, out);

	if (data < 0)
		return -1;
	/* When it was used last. */
	(void)!futimens(lock, NULL);
	auto_close int tree = mount_clone(data, false);

	if (tree < 0 || mount_attach(tree, place) < 0)
		return fail(out, errno, STEP, "cannot mount a cache");
	return 0;
}
