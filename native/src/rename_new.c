/* SPDX-License-Identifier: Apache-2.0 */
#include "rename_new.h"

#include <errno.h>
#include <stdio.h>

int rename_new(int from_directory, const char *from, int to_directory, const char *to)
{
	if (renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return renameat(from_directory, from, to_directory, to);
}
