/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_populate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "scope.h"
#include "tree_copy.h"

#define STEP "volume"

static bool directory_is_empty(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *directory = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return false;
	return directory != NULL;
}

static int open_in_root(int root_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

/* Where the volume's files are; a volume that is bound to a file has no place for any. */
static int open_files(int volume, const char *files)
{
	return files ? open(files, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		     : openat(volume, "_data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int volume_populate(int root_fd, const char *destination, const char *volume, const char *files,
	struct failure *out)
{
	auto_close int directory = open(volume, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int from = open_in_root(root_fd, destination);

	if (from < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : fail(out, errno, STEP, "cannot open %s in the image", destination);
	auto_close int data = directory < 0 ? -1 : open_files(directory, files);

	if (data < 0 && files && errno == ENOTDIR)
		return 0;
	if (data < 0)
		return fail(out, errno, STEP, "cannot open the volume %s", volume);
	/* Two containers may use the volume for the first time at once: one copies, the other
	 * waits. */
	if (retry_eintr(flock(directory, LOCK_EX)) < 0)
		return fail(out, errno, STEP, "cannot lock the volume %s", volume);
	if (faccessat(directory, "populating", F_OK, 0) < 0 && !directory_is_empty(data))
		return 0;

	auto_close int marker =
		openat(directory, "populating", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (marker < 0)
		return fail(out, errno, STEP, "cannot mark the volume %s", volume);
	if (tree_copy(from, data, TREE_PLAIN, out) < 0)
		return -1;
	if (unlinkat(directory, "populating", 0) < 0)
		return fail(out, errno, STEP, "cannot unmark the volume %s", volume);
	return 0;
}
