/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "check.h"
#include "scope.h"
#include "verbs.h"
#include "world.h"

static void furnish(void)
{
	must(mkdir(TARGET, 0755) == 0 && mkdir(TARGET "/a", 0755) == 0);
	must(symlink("../beside", TARGET "/l") == 0);
	must(symlink(BESIDE "/file", TARGET "/l2") == 0);
	must(mkdir(TARGET "/d", 0755) == 0 && symlink("../../..", TARGET "/d/x") == 0);
	auto_close int fd = open(TARGET "/b", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0);
}

int copy_main(int argc, char **argv)
{
	static char verb[] = "files", action[] = "write", path_flag[] = "--path", path[] = TARGET;
	char *arguments[] = {argv[0], verb, action, path_flag, path, NULL};

	(void)argc;
	furnish();
	/* Its failures go to standard error. */
	must(dup2(STDOUT_FILENO, STDERR_FILENO) == STDERR_FILENO);
	if (verb_files(5, arguments) != 0)
		return 125;
	puts("{\"event\":\"applied\",\"diffId\":\"\",\"bytes\":0,\"entries\":0}");
	return 0;
}
