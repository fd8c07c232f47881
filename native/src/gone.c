/* SPDX-License-Identifier: Apache-2.0 */
#include "gone.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"
#include "state_read.h"

#define STEP "container"

bool gone_removed(const char *directory, const char *name, struct failure *failure)
{
	if (!name || access(directory, F_OK) == 0 || errno != ENOENT)
		return false;
	fail(failure, 0, STEP, "No such container: %.255s", name);
	return true;
}

bool gone_ended(const char *directory, const char *name, struct failure *failure)
{
	const char *slash = strrchr(directory, '/');
	struct identity process;
	struct failure ignored;
	int found;

	if (!name)
		return false;
	found = state_read_process(directory, &process, &ignored);
	if (gone_removed(directory, name, failure))
		return true;
	if (strcmp(failure->message, GONE_NOT_RUNNING) != 0 &&
		(found < 0 || (found > 0 && identity_alive(&process))))
		return false;
	fail(failure, 0, STEP, "container %s is not running", slash ? slash + 1 : directory);
	return true;
}
