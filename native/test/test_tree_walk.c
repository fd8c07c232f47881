/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "remove.h"
#include "scope.h"
#include "tree_walk.h"

struct visits {
	unsigned files, left;
	int base; /* where a directory is moved to while it is visited, or -1 */
};

static void count_file(void *context, int directory, const char *name)
{
	struct visits *visits = context;

	(void)directory, (void)name;
	visits->files++;
}

static int open_directory(void *context, int directory, const char *name)
{
	struct visits *visits = context;
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (visits->base >= 0 && strcmp(name, "moved") == 0)
		check(renameat(directory, name, visits->base, "elsewhere") == 0, "moved away");
	return fd;
}

static enum tree_leave count_directory(
	void *context, int directory, const char *name, unsigned attempt)
{
	struct visits *visits = context;

	(void)directory;
	visits->left++;
	return strcmp(name, "twice") == 0 && attempt < 2 ? TREE_AGAIN : TREE_DONE;
}

static void make(int base, const char *directory)
{
	char file[128];

	check(mkdirat(base, directory, 0700) == 0, "a directory was made");
	snprintf(file, sizeof(file), "%s/file", directory);
	int fd = openat(base, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	check(fd >= 0 && close(fd) == 0, "a file was made");
}

static int walk(int base, const char *name, struct visits *visits)
{
	const struct tree_visitor visitor = {.context = visits,
		.entry = count_file,
		.open = open_directory,
		.leave = count_directory};

	return tree_walk(openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &visitor);
}

static void visits_everything_once(int base)
{
	struct visits visits = {.base = -1};

	make(base, "tree");
	make(base, "tree/a");
	make(base, "tree/a/b");
	make(base, "tree/twice");
	check(symlinkat("/", base, "tree/link") == 0, "a link was made");
	check(walk(base, "tree", &visits) == 0, "the walk came to its end");
	/* The files of `twice` count twice, as asked. */
	check(visits.files == 6 && visits.left == 4, "all was visited");
}

/* The descriptor's own `..` would lead out of the tree. */
static void ends_when_a_directory_is_moved_away(int base)
{
	struct visits visits = {.base = base};

	make(base, "tree/moved");
	make(base, "tree/moved/inner");
	check(walk(base, "tree", &visits) == 1, "the walk ended early");
	check(visits.left <= 5, "nothing outside was visited");
}

struct order {
	char names[64];
};

static void add_name(void *context, int directory, const char *name)
{
	struct order *order = context;

	(void)directory;
	strcat(order->names, name);
	strcat(order->names, " ");
}

/* A layer's archive is the same whether a whiteout is a device or a file. */
static void takes_marks_for_the_names_that_they_are_of(int base)
{
	static const char *const names[] = {"order/.wh.b", "order/c", "order/a", "order/.x"};
	struct order order = {0};
	const struct tree_visitor visitor = {
		.context = &order, .ordered = true, .marks = true, .entry = add_name};

	check(mkdirat(base, "order", 0700) == 0, "a directory was made");
	for (size_t i = 0; i < array_size(names); i++) {
		int fd = openat(base, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		check(fd >= 0 && close(fd) == 0, "a file was made");
	}
	check(tree_walk(openat(base, "order", O_RDONLY | O_DIRECTORY | O_CLOEXEC), &visitor) == 0,
		"the walk came to its end");
	check(strcmp(order.names, ".x a .wh.b c ") == 0, order.names);
}

int main(void)
{
	char path[] = "/tmp/lighter-test-walk-XXXXXX";
	struct failure failure;

	if (!mkdtemp(path))
		return 1;
	auto_close int base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	visits_everything_once(base);
	ends_when_a_directory_is_moved_away(base);
	takes_marks_for_the_names_that_they_are_of(base);
	check(remove_tree(base, "tree", &failure) == 0, "cleaned up");
	check(remove_tree(base, "order", &failure) == 0, "cleaned up");
	check(remove_tree(base, "elsewhere", &failure) == 0, "cleaned up");
	check(rmdir(path) == 0, "nothing is left");
	return failures > 0;
}
