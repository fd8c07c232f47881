/* SPDX-License-Identifier: Apache-2.0 */
#include "stat_override.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Three numbers of at most ten digits, and what other programs write behind them. */
enum { VALUE_LIMIT = 128 };

/* Any that the map has: it is not for long. */
#define OTHER_ID 1

bool stat_override_is_needed(int directory)
{
	struct stat status;

	/* What belongs to an id that the map lacks can be given to nobody either, anywhere. */
	if (fstat(directory, &status) < 0 || status.st_uid != 0 || status.st_gid != 0)
		return false;
	if (fchownat(directory, "", OTHER_ID, OTHER_ID, AT_EMPTY_PATH) < 0)
		return errno == EPERM;
	(void)!fchownat(directory, "", 0, 0, AT_EMPTY_PATH);
	return false;
}

static ssize_t read_value(int fd, char value[VALUE_LIMIT])
{
	char path[32];
	ssize_t length = fgetxattr(fd, STAT_OVERRIDE, value, VALUE_LIMIT - 1);

	if (length < 0 && errno == EBADF) { /* O_PATH */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = getxattr(path, STAT_OVERRIDE, value, VALUE_LIMIT - 1);
	}
	return length;
}

bool stat_override_is_on(int directory)
{
	char value[VALUE_LIMIT];

	return read_value(directory, value) >= 0;
}

int stat_override_write(int fd, uid_t uid, gid_t gid, mode_t mode)
{
	char value[VALUE_LIMIT];
	struct stat status;
	mode_t needed;
	int length;

	if (fstat(fd, &status) < 0)
		return -1;
	needed = S_ISDIR(status.st_mode) ? S_IRWXU : S_IRUSR | S_IWUSR;
	length = snprintf(value, sizeof(value), "%u:%u:0%o", uid, gid, mode & 07777U);
	/* Out here set-uid bits would be the user's own. */
	if (fchmod(fd, (mode & 0777) | needed) < 0)
		return -1;
	return fsetxattr(fd, STAT_OVERRIDE, value, (size_t)length, 0);
}

void stat_override_parse(const char *text, struct stat *status)
{
	unsigned uid, gid, mode;

	if (sscanf(text, "%u:%u:%o", &uid, &gid, &mode) != 3)
		return;
	status->st_uid = uid;
	status->st_gid = gid;
	status->st_mode = (status->st_mode & S_IFMT) | (mode & 07777U);
}

static bool can_have(const struct stat *status)
{
	return S_ISREG(status->st_mode) || S_ISDIR(status->st_mode);
}

void stat_override_read(int fd, struct stat *status)
{
	char value[VALUE_LIMIT];
	ssize_t length = can_have(status) ? read_value(fd, value) : -1;

	if (length < 0)
		return;
	value[length] = '\0';
	stat_override_parse(value, status);
}

void stat_override_read_at(int directory, const char *name, struct stat *status)
{
	char path[32 + NAME_MAX], value[VALUE_LIMIT];
	ssize_t length;

	if (!can_have(status))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", directory, name);
	length = lgetxattr(path, STAT_OVERRIDE, value, sizeof(value) - 1);
	if (length < 0)
		return;
	value[length] = '\0';
	stat_override_parse(value, status);
}
