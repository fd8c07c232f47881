/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in a root filesystem made by an enemy: nothing is found or made outside of it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "scope.h"

static int failures;

static void expect(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "failed: %s\n", what);
	failures++;
}

static bool exists(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool made_directory(int root, const char *path, enum path_links links)
{
	auto_close int fd = path_make_directory(root, path, links);
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool made_file(int root, const char *path)
{
	auto_close int fd = path_make_file(root, path, PATH_FOLLOW);
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode);
}

static void test_make(int root)
{
	expect(made_directory(root, "/a/b/c", PATH_FOLLOW) && exists(root, "a/b/c"),
		"parents are made");
	expect(made_directory(root, "a//b/./c/", PATH_FOLLOW), "an existing directory is opened");
	expect(made_directory(root, "/", PATH_FOLLOW), "the root itself");
	expect(made_file(root, "/a/file") && exists(root, "a/file"), "a file is made");
	expect(made_file(root, "/x/y/file") && exists(root, "x/y/file"), "with its parents");
	expect(!made_directory(root, "/a/file", PATH_FOLLOW), "a file is no directory");
	expect(!made_file(root, "/a/b"), "a directory is no file");
	expect(!made_directory(root, "/a/file/below", PATH_FOLLOW), "nothing is below a file");
}

static void test_links(int root, int outside)
{
	symlinkat("/../../../../outside/new", root, "up");
	symlinkat("run", root, "relative");
	symlinkat("/deep/er", root, "absolute");
	symlinkat("loop", root, "loop");
	symlinkat("../../outside", root, "a/out");
	expect(made_directory(root, "/up/here", PATH_FOLLOW), "a dangling link is followed");
	expect(exists(root, "outside/new/here"), "inside of the root");
	expect(!exists(outside, "new"), "and not outside");
	expect(made_directory(root, "/relative/lock", PATH_FOLLOW) && exists(root, "run/lock"),
		"a relative dangling link");
	expect(made_file(root, "/absolute/f") && exists(root, "deep/er/f"),
		"an absolute dangling link before a file");
	symlinkat("../run/stub.conf", root, "a/stub.conf");
	expect(made_file(root, "/a/stub.conf") && exists(root, "run/stub.conf"),
		"a dangling link at the end of a file's path");
	symlinkat("/../../../../outside/file", root, "escape");
	expect(made_file(root, "/escape") && exists(root, "outside/file") &&
			!exists(outside, "file"),
		"also one that leads upwards");
	expect(!made_file(root, "/loop"), "a loop instead of a file");
	expect(made_directory(root, "/a/out/z", PATH_FOLLOW) && exists(root, "outside/z") &&
			!exists(outside, "z"),
		"\"..\" stops at the root");
	expect(!made_directory(root, "/loop/x", PATH_FOLLOW), "a loop ends");
	expect(!made_directory(root, "/relative/other", PATH_NO_LINKS), "links can be refused");
}

static void test_magic_links(int root)
{
	auto_close int fd = path_open(root, "self/fd/0", O_PATH, PATH_FOLLOW);

	expect(fd < 0, "magic links are not followed");
}

int main(void)
{
	char directory[] = "/tmp/test_path.XXXXXX", command[64];

	if (!mkdtemp(directory))
		return 77;
	auto_close int top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mkdirat(top, "root", 0755);
	mkdirat(top, "outside", 0755);
	auto_close int root = openat(top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int outside = openat(top, "outside", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	test_make(root);
	test_links(root, outside);
	test_magic_links(proc);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command) != 0)
		failures++;
	return failures ? 1 : 0;
}
