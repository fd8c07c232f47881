/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse_upper.h"

#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scope.h"

static int read_path(int directory, char ret[PATH_MAX])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
	length = readlink(link, ret, PATH_MAX - 1);
	if (length < 0)
		return -1;
	ret[length] = '\0';
	return 0;
}

/* On a directory that every system has, and that hides none of the container's. */
const char *fuse_upper_place(int upper)
{
	static const char *const places[] = {"/mnt", "/media", "/srv", "/opt"};
	char path[PATH_MAX];
	struct stat status;

	if (read_path(upper, path) < 0 || !strchr(path, ':'))
		return NULL;
	for (size_t i = 0; i < array_size(places); i++) {
		size_t size = strlen(places[i]);

		if ((strncmp(path, places[i], size) != 0 || path[size] != '/') &&
			lstat(places[i], &status) == 0 && S_ISDIR(status.st_mode))
			return places[i];
	}
	return NULL;
}

/* By its path: the descriptor is of the mount namespace that is left. With the directory around it,
 * for the work directory has to be on the same mount. */
int fuse_upper_show(int upper, const char *place)
{
	char path[PATH_MAX], *slash;

	if (read_path(upper, path) < 0)
		return -1;
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
		mount(path, place, NULL, MS_BIND, NULL) < 0)
		return -1;
	return 0;
}
