/* SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "layer_path.h"
#include "scope.h"

enum { LINK_LIMIT = 40, RACE_LIMIT = 64 };

int path_open(int root, const char *path, int flags, enum path_links links)
{
	struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	if (links == PATH_NO_LINKS)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	/* EAGAIN: something was renamed during the walk through "..". */
	for (int i = 0; i < RACE_LIMIT; i++) {
		long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return (int)fd;
	}
	return -1;
}

/* Puts what the dangling link at the end of path[0..length) points to in the place of that prefix.
 */
static int replace_link(
	int parent, const char *name, char path[PATH_MAX], size_t start, size_t length)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t size = readlinkat(parent, name, target, sizeof(target) - 1);
	int written;

	if (size <= 0) {
		errno = size == 0 ? ENOENT : errno;
		return -1;
	}
	target[size] = '\0';
	if (target[0] == '/')
		written = snprintf(joined, sizeof(joined), "%s%s", target, path + length);
	else
		written = snprintf(joined, sizeof(joined), "%.*s%s%s", (int)start, path, target,
			path + length);
	if (written < 0 || (size_t)written >= sizeof(joined)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, joined, (size_t)written + 1);
	return 0;
}

/* Makes one missing component below parent and opens it: what is opened is what was made, or what a
 * neighbour put there, but never what a link leads to. */
static int make_component(int parent, const char *name, bool directory)
{
	struct stat status;

	if (directory) {
		if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
			return -1;
		return openat(parent, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	}
	auto_close int made = openat(parent, name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0755);

	if (made < 0 && errno != EEXIST)
		return -1;
	auto_close int found = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (found < 0 || fstat(found, &status) < 0)
		return -1;
	if (S_ISLNK(status.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	return take_fd(&found);
}

static bool is_special(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_mark(const char *name)
{
	return strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0;
}

/* Walks path from the root; the prefixes that exist are resolved by the kernel as a whole, the
 * first one that does not is made. Returns the descriptor of the end; -1 with ELOOP in *ret_again
 * after a dangling link was replaced in path. */
static int walk(
	int root, char path[PATH_MAX], bool directory, enum path_links links, bool *ret_again)
{
	auto_close int parent = path_open(root, "/", O_PATH | O_DIRECTORY, links);
	size_t end = 0;

	*ret_again = false;
	if (parent < 0)
		return -1;
	for (;;) {
		char prefix[PATH_MAX], name[NAME_MAX + 1];
		size_t start = end + strspn(path + end, "/");
		size_t length = strcspn(path + start, "/");
		bool last;
		int next;

		if (length == 0)
			return take_fd(&parent);
		if (length > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		end = start + length;
		last = path[end + strspn(path + end, "/")] == '\0';
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		memcpy(name, path + start, length);
		name[length] = '\0';
		next = path_open(
			root, prefix, O_PATH | (last && !directory ? 0 : O_DIRECTORY), links);
		if (next < 0 && errno == ENOENT && links == PATH_UNMARKED && is_mark(name)) {
			errno = EINVAL;
			return -1;
		}
		if (next < 0 && errno == ENOENT && !is_special(name)) {
			next = make_component(parent, name, directory || !last);
			if (next < 0 && (errno == ENOTDIR || errno == ELOOP) &&
				links != PATH_NO_LINKS) {
				*ret_again = replace_link(parent, name, path, start, end) == 0;
				return -1;
			}
		}
		if (next < 0)
			return -1;
		close(parent);
		parent = next;
	}
}

static int make(int root, const char *path, bool directory, enum path_links links)
{
	char text[PATH_MAX];

	if (strlen(path) >= sizeof(text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(text, path, strlen(path) + 1);
	for (int i = 0; i < LINK_LIMIT; i++) {
		bool again;
		auto_close int fd = walk(root, text, directory, links, &again);
		struct statx status;

		if (fd < 0 && again)
			continue;
		/* That does not change: a FUSE server need not be asked. */
		if (fd < 0 ||
			statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) < 0)
			return -1;
		if (directory != S_ISDIR(status.stx_mode)) {
			errno = directory ? ENOTDIR : EISDIR;
			return -1;
		}
		return take_fd(&fd);
	}
	errno = ELOOP;
	return -1;
}

int path_make_directory(int root, const char *path, enum path_links links)
{
	int fd = path_open(root, path, O_PATH | O_DIRECTORY, links);

	return fd >= 0 || errno != ENOENT ? fd : make(root, path, true, links);
}

int path_make_file(int root, const char *path, enum path_links links)
{
	return make(root, path, false, links);
}
