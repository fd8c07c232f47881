/* SPDX-License-Identifier: Apache-2.0 */
#include "together.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

void together_begin(struct together *ret)
{
	int processor = sched_getcpu();
	cpu_set_t one;

	ret->kept = false;
	if (processor < 0 || processor >= CPU_SETSIZE ||
		sched_getaffinity(0, sizeof(ret->before), &ret->before) < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET((size_t)processor, &one);
	ret->kept = sched_setaffinity(0, sizeof(one), &one) == 0;
}

void together_release(const struct together *together, pid_t pid)
{
	char path[64];
	DIR *tasks;

	if (!together->kept)
		return;
	if (pid == 0) {
		(void)!sched_setaffinity(0, sizeof(together->before), &together->before);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	for (struct dirent *task; tasks && (task = readdir(tasks));) {
		int thread = atoi(task->d_name);

		if (thread > 0)
			(void)!sched_setaffinity(
				thread, sizeof(together->before), &together->before);
	}
	if (tasks)
		closedir(tasks);
}
