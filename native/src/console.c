/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "mount.h"
#include "path.h"
#include "scope.h"

/* A hostile image may have put anything there: the file system and the device number tell. */
static int open_multiplexer(int root, struct failure *out)
{
	auto_close int master = path_open(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, PATH_NO_LINKS);
	struct statfs type;
	struct stat status;

	if (master < 0)
		return fail(out, errno, "console",
			"cannot open /dev/pts/ptmx (a terminal needs a devpts mount there)");
	if (fstatfs(master, &type) < 0 || fstat(master, &status) < 0)
		return fail(out, errno, "console", "cannot examine /dev/pts/ptmx");
	if (type.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(status.st_mode) ||
		status.st_rdev != makedev(5, 2))
		return fail(out, 0, "console", "/dev/pts/ptmx of the container is no pty");
	return take_fd(&master);
}

int console_open(int root, unsigned short rows, unsigned short columns, uid_t uid, int *ret_master,
	int *ret_slave, struct failure *out)
{
	auto_close int master = open_multiplexer(root, out);
	auto_close int slave = -1;
	struct winsize size = {.ws_row = rows, .ws_col = columns};
	int unlocked = 0;

	if (master < 0)
		return -1;
	/* The peer is opened through the master: no name in /dev/pts is trusted. */
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0 ||
		(slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
		return fail(out, errno, "console", "cannot open a terminal");
	if (rows && columns && ioctl(master, TIOCSWINSZ, &size) < 0)
		return fail(out, errno, "console", "cannot set the size of the terminal");
	if (fchown(slave, uid, (gid_t)-1) < 0)
		return fail(out, errno, "console", "cannot give the terminal to user %u", uid);
	*ret_master = take_fd(&master);
	*ret_slave = take_fd(&slave);
	return 0;
}

int console_bind(int dev, int slave, struct failure *out)
{
	auto_close int target = path_make_file(dev, "console", PATH_NO_LINKS);
	auto_close int tree = target < 0 ? -1 : mount_clone(slave, false);

	if (tree < 0 || mount_attach(tree, target) < 0)
		return fail(out, errno, "console", "cannot mount /dev/console");
	return 0;
}
