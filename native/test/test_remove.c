/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "remove.h"
#include "scope.h"

static bool exists(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static void touch(int directory, const char *name)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	check(fd >= 0 && close(fd) == 0, "a file was made");
}

static void removes_files_links_and_nothing(int base)
{
	struct failure failure;

	touch(base, "file");
	check(symlinkat("file", base, "link") == 0, "a link was made");
	check(remove_tree(base, "link", &failure) == 0 && !exists(base, "link"),
		"the link is gone");
	check(exists(base, "file"), "what it points to is not");
	check(remove_tree(base, "file", &failure) == 0 && !exists(base, "file"),
		"the file is gone");
	check(remove_tree(base, "file", &failure) == 0, "a missing name is success");
}

static void does_not_follow_links(int base)
{
	struct failure failure;

	check(mkdirat(base, "outside", 0700) == 0 && mkdirat(base, "tree", 0700) == 0, "made");
	auto_close int outside = openat(base, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int tree = openat(base, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	touch(outside, "kept");
	check(symlinkat("../outside", tree, "link") == 0, "a link was made");
	check(remove_tree(base, "tree", &failure) == 0 && !exists(base, "tree"),
		"the tree is gone");
	check(exists(outside, "kept"), "what the link points to is kept");
	check(remove_tree(base, "outside", &failure) == 0, "cleaned up");
}

static void removes_without_permissions(int base)
{
	struct failure failure;

	check(mkdirat(base, "locked", 0700) == 0, "made");
	auto_close int locked = openat(base, "locked", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	check(mkdirat(locked, "inner", 0700) == 0, "made");
	auto_close int inner = openat(locked, "inner", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	touch(inner, "file");
	check(mkdirat(locked, "unsearchable", 0400) == 0, "made");
	check(fchmod(inner, 0) == 0 && fchmod(locked, 0500) == 0, "locked");
	check(remove_tree(base, "locked", &failure) == 0 && !exists(base, "locked"),
		"directories that deny access are removed");
}

/* Deeper than there are descriptors, and than any path can name. */
static void removes_deep_trees(int base)
{
	struct failure failure;
	int at = dup(base);

	for (int i = 0; i < 4000; i++) {
		int next =
			mkdirat(at, "deep-directory", 0700) == 0
				? openat(at, "deep-directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				: -1;

		close(at);
		at = next;
		if (at < 0)
			break;
		touch(at, "file");
	}
	check(at >= 0, "the deep tree was made");
	close(at);
	check(remove_tree(base, "deep-directory", &failure) == 0 && !exists(base, "deep-directory"),
		"the deep tree is gone");
}

int main(void)
{
	char path[] = "/tmp/lighter-test-remove-XXXXXX";

	if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return 1; /* root would never meet a denied access */
	if (!mkdtemp(path))
		return 1;
	auto_close int base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	removes_files_links_and_nothing(base);
	does_not_follow_links(base);
	removes_without_permissions(base);
	removes_deep_trees(base);
	check(rmdir(path) == 0, "nothing is left");
	return failures > 0;
}
