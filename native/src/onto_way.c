/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a path of the union, as the kernel would go it with the root as its root. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "onto.h"
#include "scope.h"

enum { LINK_LIMIT = 40 };

/* What is still to be gone, and how many links were met. */
struct way {
	char rest[2 * PATH_MAX];
	unsigned links;
	const struct onto_made *made;
};

static int too_long(const struct onto *onto, const char *path)
{
	return fail_kind(onto->layer.out, FAILURE_BAD_INPUT, ENAMETOOLONG, ONTO_STEP,
		"cannot reach '%.300s'", path);
}

static int start(struct onto *onto, struct way *way, const char *path, const struct onto_made *made)
{
	way->links = 0;
	way->made = made;
	if (strlen(path) >= PATH_MAX)
		return too_long(onto, path);
	memcpy(way->rest, path, strlen(path) + 1);
	return onto_leave_all(onto);
}

/* Takes the next name off; false at the end. */
static bool next_name(struct way *way, char ret[NAME_MAX + 1])
{
	const char *begin = way->rest + strspn(way->rest, "/");
	size_t length = strcspn(begin, "/");

	if (length == 0 || length > NAME_MAX)
		return false;
	memcpy(ret, begin, length);
	ret[length] = '\0';
	memmove(way->rest, begin + length, strlen(begin + length) + 1);
	return true;
}

static bool is_at_end(const struct way *way)
{
	return way->rest[strspn(way->rest, "/")] == '\0';
}

/* The link's target comes before what is left of the way. */
static int follow(struct onto *onto, struct way *way, int directory, const char *name)
{
	char target[PATH_MAX], rest[sizeof(way->rest)];
	ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);

	if (length < 0)
		return onto_cannot(onto, errno, "read the link", name);
	target[length] = '\0';
	if (++way->links > LINK_LIMIT)
		return fail_kind(onto->layer.out, FAILURE_BAD_INPUT, ELOOP, ONTO_STEP,
			"cannot follow the link '/%.200s'", name);
	memcpy(rest, way->rest, strlen(way->rest) + 1);
	if ((size_t)snprintf(way->rest, sizeof(way->rest), "%s%s%s", target, *rest ? "/" : "",
		    rest) >= PATH_MAX)
		return too_long(onto, target);
	return target[0] == '/' ? onto_leave_all(onto) : 0;
}

static int not_a_directory(const struct onto *onto, const char *name)
{
	fail_kind(onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
		"mkdir /%.200s%s%.200s: not a directory", onto->path.text,
		*onto->path.text ? "/" : "", name);
	return -1;
}

/* One directory of the way. 1: it is missing, and nobody is to make it. */
static int go_into(struct onto *onto, struct way *way, const char *name)
{
	struct stat status;
	int has_it;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return onto->depth > 0 ? onto_leave(onto) : 0;
	has_it = onto_find(onto, name, &status);
	if (has_it < 0)
		return way->made ? onto_make(onto, name, way->made) : 1;
	if (S_ISLNK(status.st_mode))
		return follow(onto, way, has_it, name);
	return S_ISDIR(status.st_mode) ? onto_enter(onto, name) : not_a_directory(onto, name);
}

static int walk(struct onto *onto, struct way *way, bool whole, char ret_name[NAME_MAX + 1])
{
	char name[NAME_MAX + 1];
	struct stat status;

	ret_name[0] = '\0';
	while (next_name(way, name)) {
		bool special = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
		int result, has_it = -1;

		if (!whole && !special && is_at_end(way)) {
			has_it = onto_find(onto, name, &status);
			if (has_it < 0 || !S_ISLNK(status.st_mode)) {
				memcpy(ret_name, name, strlen(name) + 1);
				return 0;
			}
		}
		result = go_into(onto, way, name);
		if (result != 0)
			return result;
	}
	return is_at_end(way) ? 0 : too_long(onto, way->rest);
}

int onto_go(struct onto *onto, const char *path, const struct onto_made *made)
{
	char name[NAME_MAX + 1];
	struct way way;

	if (start(onto, &way, path, made) < 0)
		return -1;
	return walk(onto, &way, true, name);
}

int onto_locate(struct onto *onto, const char *path, const struct onto_made *made,
	char ret_name[NAME_MAX + 1])
{
	struct way way;

	if (start(onto, &way, path, made) < 0)
		return -1;
	return walk(onto, &way, false, ret_name);
}
