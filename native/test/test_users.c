/* SPDX-License-Identifier: Apache-2.0 */
/* --user against passwd and group files of a root filesystem that is not trusted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "scope.h"
#include "users.h"

static void write_text(int root, const char *path, const char *text)
{
	auto_close int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
}

static void test_good(int root)
{
	static const struct {
		const char *user;
		uid_t uid;
		gid_t gid;
		const char *home, *gids;
	} cases[] = {
		{"", 0, 0, "/root", "0 10"},
		{"root", 0, 0, "/root", "0 10"},
		{"bob", 1000, 100, "/home/bob", "100 10 20"},
		{"1000", 1000, 100, "/home/bob", "100 10 20"},
		{"bob:wheel", 1000, 10, "/home/bob", "10"},
		{"bob:77", 1000, 77, "/home/bob", "77"},
		{":wheel", 0, 10, "/root", "10"},
		{"4711", 4711, 0, "/", "0"},
		{"4711:4712", 4711, 4712, "/", "4712"},
		{"nohome", 5, 6, "/", "6"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct spec_user user = {0};
		struct failure failure = {0};
		auto_free char *home = NULL;
		char gids[128] = "";
		size_t used = 0;

		if (users_resolve(root, cases[i].user, NULL, &user, &home, &failure) < 0) {
			check(false, cases[i].user, failure.message);
			continue;
		}
		for (size_t j = 0; j < user.additional_gid_count; j++)
			used += (size_t)snprintf(gids + used, sizeof(gids) - used, "%s%u",
				j ? " " : "", user.additional_gids[j]);
		check(user.uid == cases[i].uid && user.gid == cases[i].gid, cases[i].user, "ids");
		check(strcmp(home, cases[i].home) == 0, cases[i].user, home);
		check(strcmp(gids, cases[i].gids) == 0, cases[i].user, gids);
		free(user.additional_gids);
	}
}

static void test_bad(int root)
{
	static const struct {
		const char *user, *message;
	} cases[] = {
		{"nosuch", "unable to find user nosuch: no matching entries in passwd file"},
		{"bob:nosuch", "unable to find group nosuch: no matching entries in group file"},
		{"broken", "unable to find user broken: no matching entries in passwd file"},
		{"-1", "uids and gids must be in range 0-2147483647"},
		{"0:4294967295", "uids and gids must be in range 0-2147483647"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct spec_user user = {0};
		struct failure failure = {0};

		check(users_resolve(root, cases[i].user, NULL, &user, NULL, &failure) < 0,
			cases[i].user, "was accepted");
		check(failure.kind == FAILURE_NO_USER &&
				strcmp(failure.message, cases[i].message) == 0,
			cases[i].user, failure.message);
	}
}

static void test_groups(int root)
{
	char *items[] = {(char *)"wheel", (char *)"555", (char *)"wheel", NULL};
	const struct string_list groups = {items, 3};
	struct spec_user user = {0};
	struct failure failure = {0};

	check(users_resolve(root, "4711:1", &groups, &user, NULL, &failure) == 0, "4711:1",
		failure.message);
	check(user.additional_gid_count == 3 && user.additional_gids[1] == 10 &&
			user.additional_gids[2] == 555,
		"4711:1", "additional groups");
	free(user.additional_gids);
}

/* A link of the image is followed inside it; what is no file is not waited for. */
static void test_hostile(int root)
{
	struct spec_user user = {0};
	struct failure failure = {0};

	unlinkat(root, "etc/passwd", 0);
	check(mkfifoat(root, "etc/passwd", 0600) == 0, "fifo", "cannot make it");
	check(users_resolve(root, "0", NULL, &user, NULL, &failure) < 0, "fifo", "was read");
	unlinkat(root, "etc/passwd", 0);
	check(symlinkat("/../../../../../../../../etc/passwd", root, "etc/passwd") == 0, "link",
		"cannot make it");
	check(users_resolve(root, "root", NULL, &user, NULL, &failure) < 0, "link", "led outside");
	unlinkat(root, "etc/passwd", 0);
	check(users_resolve(root, "12:13", NULL, &user, NULL, &failure) == 0 && user.uid == 12,
		"missing", failure.message);
	free(user.additional_gids);
}

/* What BuildKit makes of the texts of --chown. */
static void test_owners(int root)
{
	static const struct {
		const char *owner;
		uid_t uid;
		gid_t gid;
	} cases[] = {
		{"bob", 1000, 100},
		{"bob:wheel", 1000, 10},
		{"bob:77", 1000, 77},
		{"1000", 1000, 1000},
		{"12:wheel", 12, 10},
		{":wheel", 0, 10},
		{"nobodyknows", 0, 0},
		{"nobodyknows:wheel", 0, 10},
		{"bob:nogroup", 1000, 100},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_close int passwd = openat(root, "etc/passwd", O_RDONLY | O_CLOEXEC);
		auto_close int group = openat(root, "etc/group", O_RDONLY | O_CLOEXEC);
		struct failure failure = {0};
		uid_t uid = 1;
		gid_t gid = 1;

		check(users_find_owner(passwd, group, cases[i].owner, &uid, &gid, &failure) == 0 &&
				uid == cases[i].uid && gid == cases[i].gid,
			cases[i].owner);
	}
	struct failure failure = {0};
	uid_t uid;
	gid_t gid;

	check(users_find_owner(-1, -1, "7:8", &uid, &gid, &failure) == 0 && uid == 7 && gid == 8);
	check(users_find_owner(-1, -1, "4294967296", &uid, &gid, &failure) < 0);
}

int main(void)
{
	char path[] = "/tmp/test_users.XXXXXX";

	if (!mkdtemp(path))
		return 1;
	auto_close int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || mkdirat(root, "etc", 0755) < 0)
		return 1;
	write_text(root, "etc/passwd",
		"root:x:0:0:root:/root:/bin/sh\n# comment:x:9:9\n\nbroken:x:nan:1::/:\n"
		"bob:x:1000:100:Bob:/home/bob:/bin/sh\nnohome:x:5:6\nshort:x\n");
	write_text(
		root, "etc/group", "root:x:0:\nwheel:x:10:root,bob\nusers:x:20:bob\nbad:x:y:bob\n");
	test_good(root);
	test_owners(root);
	test_bad(root);
	test_groups(root);
	test_hostile(root);
	unlinkat(root, "etc/group", 0);
	unlinkat(root, "etc", AT_REMOVEDIR);
	rmdir(path);
	return failures > 0;
}
