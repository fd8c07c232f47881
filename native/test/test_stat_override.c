/* SPDX-License-Identifier: Apache-2.0 */
/* Owners and modes that are kept in attributes. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"
#include "scope.h"
#include "stat_override.h"

static void parses(const char *text, uid_t uid, gid_t gid, mode_t mode)
{
	struct stat status = {.st_uid = 1, .st_gid = 2, .st_mode = S_IFREG | 0644};

	stat_override_parse(text, &status);
	must(status.st_uid == uid && status.st_gid == gid && status.st_mode == mode);
}

static void keeps(const char *path, mode_t made, mode_t mode, mode_t on_disk)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_close int top = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status, again;

	must(fd >= 0 && top >= 0 && stat_override_write(fd, 12, 34, mode) == 0);
	must(fstat(fd, &status) == 0 && status.st_mode == (made | on_disk));
	again = status;
	stat_override_read(fd, &status);
	must(status.st_uid == 12 && status.st_gid == 34 && status.st_mode == (made | mode));
	stat_override_read_at(top, path, &again);
	must(again.st_uid == 12 && again.st_gid == 34 && again.st_mode == (made | mode));
}

int main(void)
{
	char top[] = "/tmp/stat-override-XXXXXX";

	parses("5:6:04750", 5, 6, S_IFREG | 04750);
	/* As fuse-overlayfs writes it, with the type; and as others may, with more behind it. */
	parses("0:0:100600", 0, 0, S_IFREG | 0600);
	parses("5:6:0755:file", 5, 6, S_IFREG | 0755);
	parses("5:6", 1, 2, S_IFREG | 0644);
	parses("", 1, 2, S_IFREG | 0644);

	must(mkdtemp(top) && chdir(top) == 0);
	must(mkdir("directory", 0755) == 0 && symlink("directory", "link") == 0);
	must(close(open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) == 0);
	/* What the image closes stays readable for the user, and is no set-uid program on the host.
	 */
	keeps("file", S_IFREG, 04055, 0655);
	keeps("directory", S_IFDIR, 01070, 0770);

	auto_close int root = open("directory", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status, before;

	must(stat_override_is_on(root) && !stat_override_is_on(here));
	must(fstatat(here, "link", &status, AT_SYMLINK_NOFOLLOW) == 0);
	before = status;
	stat_override_read_at(here, "link", &status);
	must(status.st_uid == before.st_uid && status.st_mode == before.st_mode);
	must(unlink("file") == 0 && unlink("link") == 0 && rmdir("directory") == 0);
	return chdir("/") == 0 && rmdir(top) == 0 ? 0 : 1;
}
