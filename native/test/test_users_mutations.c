/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that an image has in /etc/passwd and /etc/group can hurt, or give ids beyond the range.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "check.h"
#include "scope.h"
#include "users.h"

#define ROUNDS 10000

static uint64_t seed = 3405691582;

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % below;
}

/* Lines of pieces that are right, at the edge, or nonsense. */
static size_t draw_file(char *ret, size_t size)
{
	static const char *const pieces[] = {"root", "bob", "x", "0", "1000", "100", "4294967295",
		"4294967296", "-1", "2147483647", "2147483648", "99999999999999999999", ":", ":",
		":", ":", ":", ":", "\n", "\n", "\n", ",", "bob,root", "/home/bob", "relative", "#",
		" ", "\xff", "\r", "+", "bob:x:1000:100::/home/bob:/bin/sh\n",
		"wheel:x:10:root,bob\n", "many:x:7:bob,bob,bob,,,bob\n"};
	size_t used = 0;

	for (unsigned count = draw(60); count > 0; count--) {
		const char *piece = pieces[draw(array_size(pieces))];

		if (used + strlen(piece) >= size)
			break;
		memcpy(ret + used, piece, strlen(piece));
		used += strlen(piece);
	}
	/* Bytes of any kind, NUL too. */
	for (unsigned count = draw(3); count > 0 && used > 0; count--)
		ret[draw((unsigned)used)] = (char)draw(256);
	return used;
}

static void write_file(int fd)
{
	char text[1024];
	size_t size = draw_file(text, sizeof(text));

	/* Always as long: file systems take their time over truncating. */
	memset(text + size, '\n', sizeof(text) - size);
	must(pwrite(fd, text, sizeof(text), 0) == (ssize_t)sizeof(text));
}

static bool resolve(int root)
{
	static const char *const users[] = {"", "root", "bob", "1000", "bob:wheel", ":10", "x:x",
		"-1", "4294967295", "2147483647:2147483648", "\xff", ":", "bob:"};
	static char wheel[] = "wheel", number[] = "7", odd[] = "\xff";
	char *names[] = {wheel, number, odd};
	const struct string_list groups = {names, draw(array_size(names) + 1)};
	const char *user = users[draw(array_size(users))];
	struct spec_user found = {0};
	struct failure failure = {0};
	auto_free char *home = NULL;
	bool good = users_resolve(root, user, &groups, &found, &home, &failure) == 0;

	if (good) {
		check(found.uid < UINT32_MAX && found.gid < UINT32_MAX, user);
		check(home && home[0] == '/' && found.additional_gid_count > 0, user);
	} else {
		check(failure.message[0] != '\0', user);
	}
	free(found.additional_gids);
	return good;
}

int main(void)
{
	char directory[] = "/tmp/lighter-users-XXXXXX";
	unsigned good = 0;

	must(mkdtemp(directory));
	auto_close int root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	must(mkdirat(root, "etc", 0700) == 0);
	auto_close int passwd = openat(root, "etc/passwd", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	auto_close int group = openat(root, "etc/group", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	must(passwd >= 0 && group >= 0);
	for (int round = 0; round < ROUNDS; round++) {
		write_file(passwd);
		write_file(group);
		good += resolve(root);
	}
	/* Both ways are taken. */
	check(good > ROUNDS / 10 && good < ROUNDS - ROUNDS / 10);
	unlinkat(root, "etc/passwd", 0);
	unlinkat(root, "etc/group", 0);
	unlinkat(root, "etc", AT_REMOVEDIR);
	must(rmdir(directory) == 0);
	return failures > 0;
}
