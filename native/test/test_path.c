/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in a root filesystem made by an enemy: nothing is found or made outside of it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "path.h"
#include "scope.h"

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
	check(made_directory(root, "/a/b/c", PATH_FOLLOW) && exists(root, "a/b/c"),
		"parents are made");
	check(made_directory(root, "a//b/./c/", PATH_FOLLOW), "an existing directory is opened");
	check(made_directory(root, "/", PATH_FOLLOW), "the root itself");
	check(made_file(root, "/a/file") && exists(root, "a/file"), "a file is made");
	check(made_file(root, "/x/y/file") && exists(root, "x/y/file"), "with its parents");
	check(!made_directory(root, "/a/file", PATH_FOLLOW), "a file is no directory");
	check(!made_file(root, "/a/b"), "a directory is no file");
	check(!made_directory(root, "/a/file/below", PATH_FOLLOW), "nothing is below a file");
}

static void test_links(int root, int outside)
{
	symlinkat("/../../../../outside/new", root, "up");
	symlinkat("run", root, "relative");
	symlinkat("/deep/er", root, "absolute");
	symlinkat("loop", root, "loop");
	symlinkat("../../outside", root, "a/out");
	check(made_directory(root, "/up/here", PATH_FOLLOW), "a dangling link is followed");
	check(exists(root, "outside/new/here"), "inside of the root");
	check(!exists(outside, "new"), "and not outside");
	check(made_directory(root, "/relative/lock", PATH_FOLLOW) && exists(root, "run/lock"),
		"a relative dangling link");
	check(made_file(root, "/absolute/f") && exists(root, "deep/er/f"),
		"an absolute dangling link before a file");
	symlinkat("../run/stub.conf", root, "a/stub.conf");
	check(made_file(root, "/a/stub.conf") && exists(root, "run/stub.conf"),
		"a dangling link at the end of a file's path");
	symlinkat("/../../../../outside/file", root, "escape");
	check(made_file(root, "/escape") && exists(root, "outside/file") &&
			!exists(outside, "file"),
		"also one that leads upwards");
	check(!made_file(root, "/loop"), "a loop instead of a file");
	check(made_directory(root, "/a/out/z", PATH_FOLLOW) && exists(root, "outside/z") &&
			!exists(outside, "z"),
		"\"..\" stops at the root");
	check(!made_directory(root, "/loop/x", PATH_FOLLOW), "a loop ends");
	check(!made_directory(root, "/relative/other", PATH_NO_LINKS), "links can be refused");
	symlinkat(".wh.gone", root, "mark");
	check(!made_directory(root, "/mark/x", PATH_UNMARKED) && !exists(root, ".wh.gone"),
		"a layer's link makes no mark");
	check(made_directory(root, "/mark/x", PATH_FOLLOW) && exists(root, ".wh.gone/x"),
		"elsewhere it is a name like others");
	check(made_directory(root, "/mark/y", PATH_UNMARKED), "what is there is followed");
}

static void test_magic_links(int root)
{
	auto_close int fd = path_open(root, "self/fd/0", O_PATH, PATH_FOLLOW);

	check(fd < 0, "magic links are not followed");
}

int main(void)
{
	char directory[] = "/tmp/test_path.XXXXXX", command[64];

	must(mkdtemp(directory));
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
	check(system(command) == 0);
	return failures > 0;
}
