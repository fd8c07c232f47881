/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"
#include "remove.h"
#include "scope.h"
#include "tree_copy.h"

static char directory[] = "/tmp/lighter-test-XXXXXX";

static void write_file(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static void make_layers(void)
{
	must(mkdir("low", 0755) == 0 && mkdir("low/kept", 0700) == 0);
	must(mkdir("low/cleared", 0755) == 0 && mkdir("low/removed", 0755) == 0);
	write_file("low/kept/file", "low");
	write_file("low/cleared/old", "low");
	write_file("low/removed/file", "low");
	write_file("low/was-file", "low");
	must(mkdir("low/was-directory", 0755) == 0);
	write_file("low/was-directory/file", "low");

	must(mkdir("high", 0755) == 0 && mkdir("high/kept", 0750) == 0);
	must(mkdir("high/cleared", 0755) == 0);
	write_file("high/kept/more", "high");
	write_file("high/cleared/new", "high");
	must(mkdir("high/was-file", 0755) == 0);
	must(symlink("kept", "high/was-directory") == 0);
}

/* Where whiteouts cannot be made, there are none to test. */
static bool make_whiteouts(void)
{
	return mknod("high/removed", S_IFCHR | 0600, makedev(0, 0)) == 0 &&
	       setxattr("high/cleared", "user.overlay.opaque", "y", 1, 0) == 0;
}

static void copy(const char *from, int to, enum tree_kind kind)
{
	auto_close int fd = open(from, O_RDONLY | O_DIRECTORY);
	struct failure failure = {0};

	if (fd < 0 || tree_copy(fd, to, kind, &failure) < 0) {
		fprintf(stderr, "%s: %s\n", from, failure.message);
		exit(1);
	}
}

static void check_merged(void)
{
	struct stat status;

	must(exists("all/kept/file") && exists("all/kept/more"));
	must(stat("all/kept", &status) == 0 && (status.st_mode & 07777) == 0750);
	must(exists("all/cleared/new") && !exists("all/cleared/old"));
	must(getxattr("all/cleared", "user.overlay.opaque", NULL, 0) < 0);
	must(!exists("all/removed"));
	must(lstat("all/was-file", &status) == 0 && S_ISDIR(status.st_mode));
	must(lstat("all/was-directory", &status) == 0 && S_ISLNK(status.st_mode));
	must(exists("all/kept/file"));
}

/* The same said by files: what the layer itself has under a name stays, whichever comes first. */
static void check_marks(void)
{
	must(mkdir("marked-low", 0755) == 0 && mkdir("marked-low/cleared", 0755) == 0);
	must(mkdir("marked-low/removed", 0755) == 0 && mkdir("marked-low/again", 0755) == 0);
	write_file("marked-low/removed/file", "low");
	write_file("marked-low/cleared/old", "low");
	write_file("marked-low/again/old", "low");
	write_file("marked-low/new", "low");

	must(mkdir("marked", 0755) == 0 && mkdir("marked/cleared", 0755) == 0);
	must(mkdir("marked/again", 0755) == 0);
	write_file("marked/.wh.removed", "");
	write_file("marked/cleared/.wh..wh..opq", "");
	write_file("marked/cleared/new", "high");
	write_file("marked/again/new", "high");
	write_file("marked/.wh.again", "");
	write_file("marked/new", "high");
	write_file("marked/.wh.new", "");
	write_file("marked/.wh.", "");
	write_file("marked/.wh..", "");
	write_file("marked/.wh...", "");

	must(mkdir("merged", 0755) == 0);
	auto_close int merged = open("merged", O_RDONLY | O_DIRECTORY);

	copy("marked-low", merged, TREE_LAYER);
	copy("marked", merged, TREE_LAYER);
	must(!exists("merged/removed") && exists("merged/new"));
	must(exists("merged/cleared/new") && !exists("merged/cleared/old"));
	must(exists("merged/again/new") && !exists("merged/again/old"));
	must(!exists("merged/.wh.removed") && !exists("merged/cleared/.wh..wh..opq"));

	/* In a volume they are files as any other. */
	must(mkdir("volume", 0755) == 0);
	auto_close int volume = open("volume", O_RDONLY | O_DIRECTORY);

	copy("marked", volume, TREE_PLAIN);
	must(exists("volume/.wh.removed") && exists("volume/cleared/.wh..wh..opq"));
}

int main(void)
{
	struct failure failure = {0};
	bool whiteouts;

	must(mkdtemp(directory) && chdir(directory) == 0);
	check_marks();
	make_layers();
	whiteouts = make_whiteouts();
	must(mkdir("all", 0755) == 0);
	auto_close int all = open("all", O_RDONLY | O_DIRECTORY);

	if (whiteouts) {
		copy("low", all, TREE_LAYER);
		copy("high", all, TREE_LAYER);
		check_merged();
		/* What was interrupted is done again from the start. */
		copy("low", all, TREE_LAYER);
		copy("high", all, TREE_LAYER);
		check_merged();

		/* A plain copy leaves whiteouts out and removes nothing. */
		must(mkdir("plain", 0755) == 0);
		auto_close int plain = open("plain", O_RDONLY | O_DIRECTORY);

		copy("low", plain, TREE_PLAIN);
		copy("high", plain, TREE_PLAIN);
		must(exists("plain/removed/file") && exists("plain/cleared/old"));
	}
	auto_close int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	must(fchdir(parent) == 0 &&
		remove_tree(parent, strrchr(directory, '/') + 1, &failure) == 0);
	return whiteouts ? 0 : skip("whiteouts cannot be made here");
}
