/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_digest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"
#include "fail.h"
#include "remove.h"

static int base, directory;

static void write_file(const char *name, const char *text)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const struct timespec times[2] = {{1000, 5}, {1000, 5}};

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	must(futimens(fd, times) == 0);
	close(fd);
}

static void digest(char ret[DIGEST_TEXT_SIZE])
{
	must(layer_digest_tree(openat(base, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret) == 0);
}

static void touch(const char *name, long nanoseconds)
{
	const struct timespec times[2] = {{2000, 0}, {1000, nanoseconds}};

	must(utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW) == 0);
}

/* What nobody can see in a container makes no other digest. */
static void test_same(void)
{
	char before[DIGEST_TEXT_SIZE], after[DIGEST_TEXT_SIZE];

	digest(before);
	touch("sub", 77);
	touch("file", 5); /* another time of access */
	write_file("passing", "");
	must(unlinkat(directory, "passing", 0) == 0);
	digest(after);
	must(strcmp(before, after) == 0);
}

static void make_tree(void)
{
	must(mkdirat(base, "tree", 0755) == 0);
	directory = openat(base, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(directory >= 0);
	write_file("file", "text");
	must(mkdirat(directory, "sub", 0755) == 0);
	write_file("sub/first", "same");
	must(linkat(directory, "sub/first", directory, "sub/second", 0) == 0);
	write_file("sub/third", "same");
	must(symlinkat("target", directory, "link") == 0);
	touch("link", 1);
}

static void remove_it(void)
{
	struct failure failure;

	close(directory);
	must(remove_tree(base, "tree", &failure) == 0);
}

static void change_byte(void)
{
	write_file("file", "tezt");
}
static void change_length(void)
{
	write_file("file", "text\n");
}
static void change_mode(void)
{
	must(fchmodat(directory, "file", 04644, 0) == 0);
}
static void change_directory_mode(void)
{
	must(fchmodat(directory, "sub", 01777, 0) == 0);
}
static void change_time(void)
{
	touch("file", 6);
}
static void change_name(void)
{
	must(renameat(directory, "file", directory, "fil") == 0);
}
static void change_place(void)
{
	must(renameat(directory, "file", directory, "sub/file") == 0);
}
static void change_target(void)
{
	must(unlinkat(directory, "link", 0) == 0 && symlinkat("targe", directory, "link") == 0);
	touch("link", 1);
}
static void change_links(void)
{
	must(unlinkat(directory, "sub/second", 0) == 0);
	must(linkat(directory, "sub/third", directory, "sub/second", 0) == 0);
}
static void change_link_to_file(void)
{
	must(unlinkat(directory, "sub/second", 0) == 0);
	write_file("sub/second", "same");
}
static void add_directory(void)
{
	must(mkdirat(directory, "more", 0755) == 0);
}
static void add_attribute(void)
{
	int fd = openat(directory, "file", O_RDONLY | O_CLOEXEC);

	/* Not every file system has them. */
	if (fsetxattr(fd, "user.name", "value", 5, 0) < 0)
		write_file("file", "");
	close(fd);
}

static void test_different(void)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} changes[] = {
		{"change byte", change_byte},
		{"change length", change_length},
		{"change mode", change_mode},
		{"change directory mode", change_directory_mode},
		{"change time", change_time},
		{"change name", change_name},
		{"change place", change_place},
		{"change target", change_target},
		{"change links", change_links},
		{"change link to file", change_link_to_file},
		{"add directory", add_directory},
		{"add attribute", add_attribute},
	};
	char before[DIGEST_TEXT_SIZE], after[DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		make_tree();
		digest(before);
		changes[i].make();
		digest(after);
		check(strcmp(before, after) != 0, changes[i].name);
		remove_it();
	}
}

static void test_unreadable(void)
{
	char text[DIGEST_TEXT_SIZE];

	must(layer_digest_tree(open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), text) !=
		0);
}

int main(void)
{
	char root[] = "/tmp/lighter-test-XXXXXX";

	must(mkdtemp(root) != NULL);
	base = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_tree();
	test_same();
	remove_it();
	test_different();
	test_unreadable();
	must(rmdir(root) == 0);
	return failures > 0;
}
