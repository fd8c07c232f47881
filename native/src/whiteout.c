/* SPDX-License-Identifier: Apache-2.0 */
#include "whiteout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "layer_path.h"
#include "scope.h"

/* Kernels before 5.8 let no user make this device, and another overlay, a server or a program
 * behind the file system may refuse it for reasons of its own. */
static bool is_refused(int error)
{
	return error == EPERM || error == EACCES || error == ENOENT || error == EINVAL ||
	       error == EOPNOTSUPP || error == ENOSYS;
}

/* None of them can be below the kernel's overlay, and fuse-overlayfs knows the archive's own mark.
 */
static int make_mark(int directory, const char *name)
{
	char mark[NAME_MAX + sizeof(WHITEOUT_PREFIX)];
	int length = snprintf(mark, sizeof(mark), "%s%s", WHITEOUT_PREFIX, name);

	if (length < 0 || length > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	auto_close int made =
		openat(directory, mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return made < 0 ? -1 : 0;
}

int whiteout_make(int directory, const char *name)
{
	if (mknodat(directory, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	return is_refused(errno) ? make_mark(directory, name) : -1;
}

const char *whiteout_of_mark(const char *name)
{
	const size_t length = sizeof(WHITEOUT_PREFIX) - 1;

	return strncmp(name, WHITEOUT_PREFIX, length) == 0 ? name + length : NULL;
}
