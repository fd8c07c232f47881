/* SPDX-License-Identifier: Apache-2.0 */
#include "remove.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "container_lock.h"
#include "id_map.h"
#include "remove_crew.h"
#include "rename_new.h"
#include "scope.h"
#include "tree_walk.h"
#include "userns.h"
#include "verbs.h"

#define STEP "remove"

/* How often a directory is emptied that gets a new entry meanwhile: the mark of a layer that was
 * just synced. */
enum { ATTEMPTS = 8 };

struct removal {
	bool failed;
	struct failure *out; /* the first failure */
	struct crew *crew;   /* NULL: this process alone */
};

static void note(struct removal *removal, int error, const char *name)
{
	if (!removal->failed)
		fail(removal->out, error, STEP, "cannot remove '%.300s'", name);
	removal->failed = true;
}

static int open_directory(int parent, const char *name, int flags)
{
	const struct open_how how = {
		.flags = (unsigned)(flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
}

/* Gives the owner all rights to a directory that cannot be opened, by a descriptor that needs none.
 */
static int unlock_directory(int parent, const char *name)
{
	char path[64];
	auto_close int fd = open_directory(parent, name, O_PATH);

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, 0700);
}

/* Without the right to search it, not even the way back up would be open. */
static int ensure_rights(int fd)
{
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0 && (status.st_mode & S_IRWXU) != S_IRWXU)
		fchmod(fd, S_IRWXU);
	return fd;
}

static int open_to_empty(int parent, const char *name)
{
	int fd = open_directory(parent, name, O_RDONLY);

	if (fd >= 0 || errno != EACCES)
		return ensure_rights(fd);
	if (unlock_directory(parent, name) < 0) {
		errno = EACCES;
		return -1;
	}
	return open_directory(parent, name, O_RDONLY);
}

/* unlinkat, once more after making the directory writable to its owner. */
static int unlink_in(int directory, const char *name, int flags)
{
	if (unlinkat(directory, name, flags) == 0)
		return 0;
	if ((errno != EACCES && errno != EPERM) || fchmod(directory, 0700) < 0)
		return -1;
	return unlinkat(directory, name, flags);
}

static void remove_entry(void *context, int directory, const char *name)
{
	struct removal *removal = context;

	if (unlink_in(directory, name, 0) < 0) {
		if (errno != ENOENT)
			note(removal, errno, name);
		return;
	}
	if (removal->crew)
		crew_count(removal->crew);
}

static int enter_directory(void *context, int directory, const char *name)
{
	int fd = open_to_empty(directory, name);

	if (fd < 0 && errno != ENOENT)
		note(context, errno == EXDEV ? EBUSY : errno, name);
	return fd;
}

static enum tree_leave remove_directory(
	void *context, int directory, const char *name, unsigned attempt)
{
	struct removal *removal = context;

	if (unlink_in(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return TREE_DONE;
	if (errno == ENOTEMPTY && !removal->failed && attempt < ATTEMPTS)
		return TREE_AGAIN;
	note(removal, errno, name);
	return TREE_DONE;
}

/* Takes over fd. A walk that lost its way, because somebody else removes the same tree, is begun
 * anew by the caller. */
static void empty_directory(struct removal *removal, int fd, const char *name)
{
	const struct tree_visitor visitor = {.context = removal,
		.entry = remove_entry,
		.open = enter_directory,
		.leave = remove_directory};

	if (tree_walk(fd, &visitor) < 0 && errno != ENOENT)
		note(removal, errno, name);
}

static int remove_by(struct crew *crew, int parent_fd, const char *name, struct failure *out)
{
	struct removal removal = {.out = out, .crew = crew};

	if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* A parent without write permission is the caller's: its mode is left alone. */
	if (errno != EISDIR && errno != EPERM)
		return fail(out, errno, STEP, "cannot remove '%.300s'", name);
	for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
		int top = open_to_empty(parent_fd, name);

		if (top < 0)
			return errno == ENOENT ? 0
					       : fail(out, errno == EXDEV ? EBUSY : errno, STEP,
							 "cannot remove '%.300s'", name);
		empty_directory(&removal, top, name);
		if (removal.failed)
			return -1;
		if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY)
			break;
	}
	return fail(out, errno, STEP, "cannot remove '%.300s'", name);
}

int remove_tree(int parent_fd, const char *name, struct failure *out)
{
	return remove_by(NULL, parent_fd, name, out);
}

static int remove_together(int parent_fd, const char *name, struct failure *out)
{
	struct crew crew = {.parent = parent_fd, .name = name, .open = open_to_empty};
	int result = remove_by(&crew, parent_fd, name, out);

	crew_dismiss(&crew);
	return result;
}

static int remove_path(const char *path, struct failure *out)
{
	char copy[PATH_MAX];
	size_t length = strlen(path);
	char *slash;
	const char *name;

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0 || length >= sizeof(copy))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "not a path: '%.300s'", path);
	memcpy(copy, path, length);
	copy[length] = '\0';
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "refused to remove '%.300s'", path);
	if (slash)
		*slash = '\0';

	auto_close int parent = open(!slash	     ? "."
				     : slash == copy ? "/"
						     : copy,
		O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0)
		return errno == ENOENT ? 0
				       : fail(out, errno, STEP,
						 "cannot open the directory of '%.300s'", path);
	return remove_together(parent, name, out);
}

/* What `remove` is asked for. */
struct request {
	const char *map;
	const char *container; /* directory that is moved away first, NULL = none */
	int patience;	       /* seconds until a start of it that hangs is ended, -1 = never */
	char **moves;	       /* FROM TO, FROM TO, … */
	int move_count;
	char **paths;
	int path_count;
};

static int parse_request(int argc, char **argv, struct request *ret, struct failure *out)
{
	int at = 2;

	for (; at < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		if (at + 1 >= argc)
			return fail_kind(
				out, FAILURE_BAD_INPUT, 0, STEP, "%.100s needs a value", argv[at]);
		if (strcmp(argv[at], "--id-map") == 0) {
			ret->map = argv[at + 1];
		} else if (strcmp(argv[at], "--container") == 0) {
			ret->container = argv[at + 1];
		} else if (strcmp(argv[at], "--patience") == 0) {
			ret->patience = atoi(argv[at + 1]);
		} else if (strcmp(argv[at], "--moves") == 0) {
			ret->move_count = atoi(argv[at + 1]);
		} else {
			return fail_kind(
				out, FAILURE_BAD_INPUT, 0, STEP, "unknown option %.100s", argv[at]);
		}
	}
	ret->moves = argv + at;
	ret->paths = argv + at + 2 * ret->move_count;
	ret->path_count = argc - at - 2 * ret->move_count;
	if (!ret->map || ret->move_count < 0 || ret->path_count < 0 || at == argc)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
			"usage: remove --id-map JSON [--container DIR [--patience SECONDS] "
			"--moves N] [--] [FROM TO]… PATH…");
	return 0;
}

/* Out of sight at once, and nothing but a name is changed: that needs no free block. */
static int move_away(const struct request *request, struct failure *out)
{
	auto_close int lock = request->patience < 0 ? container_lock(request->container, -1, out)
						    : container_lock_by_force(request->container,
							      request->patience, out);

	if (lock < 0)
		return -1;
	for (int i = 0; i < request->move_count; i++) {
		const char *from = request->moves[2 * i], *to = request->moves[2 * i + 1];

		if (rename_new(AT_FDCWD, from, AT_FDCWD, to) == 0)
			printf("{\"event\":\"moved\",\"index\":%d}\n", i);
		else if (errno != ENOENT)
			return fail(out, errno, STEP, "cannot move %.300s away", from);
	}
	fflush(stdout);
	return 0;
}

static int remove_paths(const struct request *request, struct failure *out)
{
	struct id_map map = {0};
	struct failure later;
	int result;

	if (request->container && move_away(request, out) < 0)
		return -1;
	if (id_map_parse_text(request->map, &map, out) < 0)
		return -1;
	result = userns_create(&map, 0, out);
	id_map_clear(&map);
	if (result < 0)
		return -1;
	for (int i = 0; i < request->move_count; i++)
		if (remove_path(request->moves[2 * i + 1], result < 0 ? &later : out) < 0)
			result = -1;
	for (int i = 0; i < request->path_count; i++)
		if (remove_path(request->paths[i], result < 0 ? &later : out) < 0)
			result = -1;
	return result;
}

int verb_remove(int argc, char **argv)
{
	struct request request = {.patience = -1};
	struct failure failure;

	if (parse_request(argc, argv, &request, &failure) == 0 &&
		remove_paths(&request, &failure) == 0)
		return 0;
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}
