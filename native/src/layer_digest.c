/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_digest.h"

#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "layer_path.h"
#include "scope.h"
#include "tree_walk.h"

enum { PIECE = 256 * 1024, NAMES_LIMIT = 65536, VALUE_LIMIT = 65536 };

/* What comes next in the digested text: no two trees have the same one. */
enum { OBJECT = 'o', AGAIN = 'h', ATTRIBUTE = 'x', DATA = 'd', LEAVE = 'l' };

struct link {
	ino_t inode;
	uint64_t number; /* which of the tree's files with several names it is */
};

struct tree_digest {
	struct digest digest;
	void *links; /* of tsearch(3) */
	uint64_t link_count;
	int error; /* the first, 0 = none */
	char buffer[PIECE];
};

static void put_number(struct tree_digest *tree, uint64_t number)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(number >> (8 * i));
	digest_update(&tree->digest, bytes, sizeof(bytes));
}

static void put_bytes(struct tree_digest *tree, const void *bytes, size_t length)
{
	put_number(tree, length);
	digest_update(&tree->digest, bytes, length);
}

static void put_kind(struct tree_digest *tree, char kind)
{
	digest_update(&tree->digest, &kind, 1);
}

static int compare_links(const void *one, const void *other)
{
	ino_t first = ((const struct link *)one)->inode;
	ino_t second = ((const struct link *)other)->inode;

	return first < second ? -1 : first > second;
}

/* Sets *ret to the number of the file when another name of it was met before; else it is 0, and the
 * file gets the next one. */
static int number_of(struct tree_digest *tree, ino_t inode, uint64_t *ret)
{
	auto_free struct link *link = malloc(sizeof(*link));
	struct link *const *found;

	if (!link)
		return ENOMEM;
	*link = (struct link){.inode = inode, .number = tree->link_count + 1};
	found = tsearch(link, &tree->links, compare_links);
	if (!found)
		return ENOMEM;
	if (*found != link) {
		*ret = (*found)->number;
		return 0;
	}
	tree->link_count++;
	*ret = 0;
	take(link);
	return 0;
}

/* The others are the host's: labels of a security module, times of a backup program. */
static bool matters(const char *name)
{
	return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
	       strncmp(name, "system.posix_acl_", 17) == 0;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static int put_attributes(struct tree_digest *tree, int fd)
{
	auto_free char *names = malloc(NAMES_LIMIT);
	auto_free char *value = malloc(VALUE_LIMIT);
	auto_free char **order = NULL;
	ssize_t length = names ? flistxattr(fd, names, NAMES_LIMIT) : -1;
	size_t count = 0;

	if (!names || !value)
		return ENOMEM;
	if (length < 0)
		return errno == ENOTSUP ? 0 : errno;
	if (length == 0)
		return 0;
	order = calloc((size_t)length, sizeof(*order));
	if (!order)
		return ENOMEM;
	for (char *name = names; name < names + length; name += strlen(name) + 1)
		if (matters(name))
			order[count++] = name;
	qsort(order, count, sizeof(*order), compare_names);
	for (size_t i = 0; i < count; i++) {
		ssize_t size = fgetxattr(fd, order[i], value, VALUE_LIMIT);

		if (size < 0)
			return errno;
		put_kind(tree, ATTRIBUTE);
		put_bytes(tree, order[i], strlen(order[i]));
		put_bytes(tree, value, (size_t)size);
	}
	return 0;
}

static int put_data(struct tree_digest *tree, int fd)
{
	ssize_t got;

	put_kind(tree, DATA);
	while ((got = retry_eintr(read(fd, tree->buffer, sizeof(tree->buffer)))) > 0)
		digest_update(&tree->digest, tree->buffer, (size_t)got);
	return got < 0 ? errno : 0;
}

static int put_target(struct tree_digest *tree, int directory, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(directory, name, target, sizeof(target));

	if (length < 0)
		return errno;
	put_bytes(tree, target, (size_t)length);
	return 0;
}

/* Whiteouts, and directories that the archive does not name, have the time of the unpacking. */
static bool has_own_time(const char *name, const struct stat *status)
{
	return !S_ISDIR(status->st_mode) && !S_ISCHR(status->st_mode) &&
	       strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) != 0;
}

static void put_status(struct tree_digest *tree, const char *name, const struct stat *status)
{
	put_kind(tree, OBJECT);
	put_bytes(tree, name, strlen(name));
	put_number(tree, status->st_mode);
	put_number(tree, status->st_uid);
	put_number(tree, status->st_gid);
	if (has_own_time(name, status)) {
		put_number(tree, (uint64_t)status->st_mtim.tv_sec);
		put_number(tree, (uint64_t)status->st_mtim.tv_nsec);
	}
	if (S_ISREG(status->st_mode))
		put_number(tree, (uint64_t)status->st_size);
	if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
		put_number(tree, status->st_rdev);
}

/* Reading must not change the times of access of what nobody else reads. */
static int open_quietly(int directory, const char *name, int flags)
{
	int fd = openat(directory, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(directory, name, flags) : fd;
}

static int put_file(
	struct tree_digest *tree, int directory, const char *name, const struct stat *status)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	uint64_t number = 0;
	int error = status->st_nlink > 1 ? number_of(tree, status->st_ino, &number) : 0;

	if (error)
		return error;
	if (number > 0) {
		put_kind(tree, AGAIN);
		put_bytes(tree, name, strlen(name));
		put_number(tree, number);
		return 0;
	}
	auto_close int fd = open_quietly(directory, name, flags);

	if (fd < 0)
		return errno;
	put_status(tree, name, status);
	error = put_attributes(tree, fd);
	return error ? error : put_data(tree, fd);
}

static int put_entry(struct tree_digest *tree, int directory, const char *name)
{
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno;
	if (S_ISREG(status.st_mode))
		return put_file(tree, directory, name, &status);
	put_status(tree, name, &status);
	return S_ISLNK(status.st_mode) ? put_target(tree, directory, name) : 0;
}

static int put_directory(struct tree_digest *tree, int fd, const char *name)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return errno;
	put_status(tree, name, &status);
	return put_attributes(tree, fd);
}

static void note(struct tree_digest *tree, int error)
{
	if (error && !tree->error)
		tree->error = error;
}

static void visit_entry(void *context, int directory, const char *name)
{
	struct tree_digest *tree = context;

	if (!tree->error)
		note(tree, put_entry(tree, directory, name));
}

static int visit_directory(void *context, int directory, const char *name)
{
	struct tree_digest *tree = context;
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	auto_close int fd = tree->error ? -1 : open_quietly(directory, name, flags);

	if (tree->error)
		return -1;
	note(tree, fd < 0 ? errno : put_directory(tree, fd, name));
	return tree->error ? -1 : take_fd(&fd);
}

static enum tree_leave leave_directory(
	void *context, int directory, const char *name, unsigned attempt)
{
	struct tree_digest *tree = context;

	(void)directory;
	(void)name;
	(void)attempt;
	put_kind(tree, LEAVE);
	return tree->error ? TREE_STOP : TREE_DONE;
}

int layer_digest_tree(int fd, char ret[DIGEST_TEXT_SIZE])
{
	auto_free struct tree_digest *tree = calloc(1, sizeof(*tree));
	const struct tree_visitor visitor = {.context = tree,
		.ordered = true,
		.entry = visit_entry,
		.open = visit_directory,
		.leave = leave_directory};
	int result, error;

	if (!tree) {
		close(fd);
		return ENOMEM;
	}
	digest_init(&tree->digest);
	note(tree, put_directory(tree, fd, ""));
	result = tree_walk(fd, &visitor);
	error = tree->error;
	if (!error && result < 0)
		error = errno;
	/* A directory of it was moved away meanwhile. */
	if (!error && result > 0)
		error = EBUSY;
	tdestroy(tree->links, free);
	if (!error)
		digest_finish(&tree->digest, ret);
	return error;
}
