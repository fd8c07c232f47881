/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that are added to passwd and group of a root filesystem that is not trusted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "check.h"
#include "scope.h"

static void write_text(int root, const char *path, const char *text)
{
	auto_close int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
}

static void expect(int root, const char *path, const char *wanted, const char *what)
{
	char text[256] = "";
	auto_close int fd = openat(root, path, O_RDONLY | O_CLOEXEC);

	check(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0 && strcmp(text, wanted) == 0, what,
		text);
}

static void test_entries(int root)
{
	static const struct {
		const char *before, *after, *what;
	} cases[] = {
		{"", "dev:*:5:5::/:/bin/sh\n", "empty"},
		{"root:x:0:0::/:\n", "root:x:0:0::/:\ndev:*:5:5::/:/bin/sh\n", "another"},
		{"root:x:0:0::/:", "root:x:0:0::/:\ndev:*:5:5::/:/bin/sh\n", "no end of line"},
		{"bob:x:5:7::/:\n", "bob:x:5:7::/:\n", "the same number"},
		{"dev:x:9:9::/:\n", "dev:x:9:9::/:\n", "the same name"},
		{"devel:x:55:9::/:\n", "devel:x:55:9::/:\ndev:*:5:5::/:/bin/sh\n", "prefixes"},
		{"x\n\n:\n", "x\n\n:\ndev:*:5:5::/:/bin/sh\n", "short lines"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		write_text(root, "etc/passwd", cases[i].before);
		account_add(root, "passwd", "dev:*:5:5::/:/bin/sh");
		expect(root, "etc/passwd", cases[i].after, cases[i].what);
	}
	account_add(root, "group", "dev:x:5:dev");
	expect(root, "etc/group", "dev:x:5:dev\n", "a missing file");
}

/* Zero bytes end no text here. */
static void test_bytes(int root)
{
	static const char before[] = "a:x:1:1\0b\nc:";
	auto_free char *text = NULL;
	int have;

	write_text(root, "etc/odd", "");
	auto_close int fd = openat(root, "etc/odd", O_RDWR | O_CLOEXEC);

	if (fd < 0 || write(fd, before, sizeof(before) - 1) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	have = account_read(fd, "dev:x:5:dev", &text);
	check(have == sizeof(before) - 1, "all bytes are read", "");
	check(text && memcmp(text, before, sizeof(before) - 1) == 0, "bytes are kept", "");
	check(text && strcmp(text + have, "\ndev:x:5:dev\n") == 0, "the line follows", "");
}

/* Nothing outside is touched, and nothing hangs. */
static void test_hostile(int root)
{
	write_text(root, "victim", "");
	if (unlinkat(root, "etc/passwd", 0) < 0 || symlinkat("../victim", root, "etc/passwd") < 0)
		abort();
	account_add(root, "passwd", "dev:*:5:5::/:/bin/sh");
	expect(root, "victim", "", "a link as file");
	if (unlinkat(root, "etc/passwd", 0) < 0 || mkfifoat(root, "etc/passwd", 0600) < 0)
		abort();
	account_add(root, "passwd", "dev:*:5:5::/:/bin/sh");
	if (renameat(root, "etc", root, "real") < 0 || symlinkat("real", root, "etc") < 0)
		abort();
	write_text(root, "real/shadow", "");
	account_add(root, "shadow", "dev:*:5");
	expect(root, "real/shadow", "", "a link as directory");
}

int main(void)
{
	char directory[] = "/tmp/test_account.XXXXXX", command[64];

	if (!mkdtemp(directory))
		return 1;
	auto_close int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || mkdirat(root, "etc", 0755) < 0)
		return 1;
	test_entries(root);
	test_bytes(root);
	test_hostile(root);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	check(system(command) == 0);
	return failures > 0;
}
