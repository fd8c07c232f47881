/* SPDX-License-Identifier: Apache-2.0 */
#include "placeholders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "scope.h"

/* The caller's umask or a default ACL may have taken bits away. A look is free where fuse-overlayfs
 * would have to be told. */
static void complete_mode(int directory, const char *name)
{
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		(status.st_mode & 07777) != 0755)
		(void)!fchmodat(directory, name, 0755, 0);
}

static void add_file(int directory, const char *name)
{
	auto_close int file =
		openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);

	if (file >= 0)
		complete_mode(directory, name);
}

static void add_directory(int directory, const char *name)
{
	if (mkdirat(directory, name, 0755) == 0)
		complete_mode(directory, name);
}

/* Programs look for /.dockerenv to see whether they are in a container, and for /etc/mtab to find
 * mounts; what is mounted at /dev hides the others, which are for whoever gets the root filesystem
 * as an archive. */
void placeholders_add_marks(int root)
{
	add_file(root, ".dockerenv");
	add_directory(root, "dev");
	add_directory(root, "etc");
	auto_close int dev = path_open(root, "dev", O_PATH | O_DIRECTORY, PATH_FOLLOW);
	auto_close int etc = path_open(root, "etc", O_PATH | O_DIRECTORY, PATH_FOLLOW);

	if (dev >= 0) {
		add_file(dev, "console");
		add_directory(dev, "pts");
		add_directory(dev, "shm");
	}
	if (etc >= 0)
		(void)!symlinkat("/proc/mounts", etc, "mtab");
}

void placeholders_add(int root)
{
	placeholders_add_marks(root);
	add_directory(root, "proc");
	add_directory(root, "sys");
	auto_close int etc = path_open(root, "etc", O_PATH | O_DIRECTORY, PATH_FOLLOW);

	if (etc < 0)
		return;
	add_file(etc, "hostname");
	add_file(etc, "hosts");
	add_file(etc, "resolv.conf");
}
