/* SPDX-License-Identifier: Apache-2.0 */
#include "onto_attributes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "scope.h"

enum { NAMES_LIMIT = 65536, VALUE_LIMIT = 65536, OWNER_LIMIT = 64 };

void onto_read_owner(const struct onto *onto, int fd, struct stat *status)
{
	char text[OWNER_LIMIT];
	ssize_t length =
		onto->layer.squash ? fgetxattr(fd, OWNER_ATTRIBUTE, text, sizeof(text) - 1) : -1;
	unsigned uid, gid, mode;

	if (length < 0)
		return;
	text[length] = '\0';
	if (sscanf(text, "%u:%u:%o", &uid, &gid, &mode) != 3)
		return;
	status->st_uid = uid;
	status->st_gid = gid;
}

/* Where attributes cannot be kept, files still can. */
static bool is_tolerable(int error)
{
	return error == ENOTSUP || error == EPERM;
}

int onto_copy_extended(const struct onto *onto, int from, int to, const char *name)
{
	static char names[NAMES_LIMIT], value[VALUE_LIMIT];
	ssize_t length = flistxattr(from, names, sizeof(names));

	if (length < 0 && !is_tolerable(errno))
		return onto_cannot(onto, errno, "read the attributes of", name);
	for (const char *one = names; length > 0 && one < names + length; one += strlen(one) + 1) {
		ssize_t size;

		if (!layer_attribute_is_wanted(one))
			continue;
		/* One that cannot be read is of another user namespace. */
		size = fgetxattr(from, one, value, sizeof(value));
		if (size >= 0 && fsetxattr(to, one, value, (size_t)size, 0) < 0 &&
			!is_tolerable(errno))
			return onto_cannot(onto, errno, "set the attributes of", name);
	}
	return 0;
}

int onto_copy_attributes(
	const struct onto *onto, int from, int to, struct stat *status, const char *name)
{
	onto_read_owner(onto, from, status);
	const struct layer_status own = {status->st_uid, status->st_gid, status->st_mode & 07777};

	if (layer_set_status(&onto->layer, to, &own, name) < 0)
		return -1;
	return onto_copy_extended(onto, from, to, name);
}

int onto_refuse_mark(const struct onto *onto, const char *name)
{
	return fail_kind(onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
		"cannot copy to '/%.200s%s%.200s': names that begin with '.wh.' are marks of layers",
		onto->path.text, *onto->path.text ? "/" : "", name);
}
