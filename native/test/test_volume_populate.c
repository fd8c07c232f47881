/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "scope.h"
#include "volume_populate.h"

static char directory[] = "/tmp/lighter-test-XXXXXX";

static void write_file(const char *path, const char *text, mode_t mode)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	must(fchmod(fd, mode) == 0);
}

static bool has_text(const char *path, const char *text)
{
	char buffer[64] = "";
	auto_close int fd = open(path, O_RDONLY | O_NOFOLLOW);

	return fd >= 0 && read(fd, buffer, sizeof(buffer) - 1) >= 0 && strcmp(buffer, text) == 0;
}

static void make_image(void)
{
	must(mkdir("root", 0755) == 0 && mkdir("root/data", 0750) == 0 &&
		mkdir("root/data/sub", 0700) == 0);
	write_file("root/data/one", "first", 0640);
	write_file("root/data/sub/deep", "second", 04755);
	must(link("root/data/one", "root/data/sub/same") == 0);
	must(symlink("/etc/passwd", "root/data/outside") == 0);
	must(symlink("/data", "root/absolute") == 0 && symlink("../../../..", "root/climbs") == 0);
	must(mkfifo("root/data/fifo", 0600) == 0);
}

static void make_volume(const char *name)
{
	char path[64];

	must(mkdir(name, 0700) == 0);
	snprintf(path, sizeof(path), "%s/_data", name);
	must(mkdir(path, 0755) == 0);
}

int main(void)
{
	struct failure failure = {0};
	struct stat first, second;

	must(mkdtemp(directory) && chdir(directory) == 0);
	make_image();
	auto_close int root = open("root", O_RDONLY | O_DIRECTORY);

	/* Everything arrives as it was, and links are not followed. */
	make_volume("fresh");
	must(volume_populate(root, "/data", "fresh", NULL, &failure) == 0);
	must(has_text("fresh/_data/one", "first") && has_text("fresh/_data/sub/deep", "second"));
	must(stat("fresh/_data", &first) == 0 && (first.st_mode & 07777) == 0750);
	must(stat("fresh/_data/sub/deep", &first) == 0 && (first.st_mode & 07777) == 04755);
	must(stat("fresh/_data/one", &first) == 0 && stat("fresh/_data/sub/same", &second) == 0);
	must(first.st_ino == second.st_ino);
	must(lstat("fresh/_data/outside", &first) == 0 && S_ISLNK(first.st_mode));
	must(lstat("fresh/_data/fifo", &first) == 0 && S_ISFIFO(first.st_mode));
	must(access("fresh/populating", F_OK) != 0);

	/* What the user has is never overwritten. */
	make_volume("used");
	write_file("used/_data/one", "mine", 0600);
	must(volume_populate(root, "/data", "used", NULL, &failure) == 0);
	must(has_text("used/_data/one", "mine") && access("used/_data/sub", F_OK) != 0);

	/* An interrupted copy is finished. */
	make_volume("torn");
	write_file("torn/_data/one", "fi", 0600);
	write_file("torn/populating", "", 0600);
	must(volume_populate(root, "/data", "torn", NULL, &failure) == 0);
	must(has_text("torn/_data/one", "first") && access("torn/populating", F_OK) != 0);

	/* The destination is resolved inside the root whatever links the image holds. */
	make_volume("linked");
	must(volume_populate(root, "/absolute", "linked", NULL, &failure) == 0);
	must(has_text("linked/_data/one", "first"));
	make_volume("climbing");
	must(volume_populate(root, "/climbs/etc", "climbing", NULL, &failure) == 0);
	must(access("climbing/_data/passwd", F_OK) != 0);

	/* Nothing there: nothing to copy. */
	make_volume("missing");
	must(volume_populate(root, "/nosuch", "missing", NULL, &failure) == 0);
	must(volume_populate(root, "/data/one", "missing", NULL, &failure) == 0);

	must(chdir("/") == 0);
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) == 0 ? 0 : 1;
}
