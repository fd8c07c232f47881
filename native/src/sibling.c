/* SPDX-License-Identifier: Apache-2.0 */
#include "sibling.h"

#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scope.h"

int sibling_prepare(struct sibling *ret)
{
	void *shared = mmap(
		NULL, sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -1;
	ret->pid = shared;
	return 0;
}

pid_t sibling_clone(const struct sibling *sibling, int flags)
{
	struct clone_args arguments = {
		.flags = (unsigned)flags | CLONE_PARENT | CLONE_PARENT_SETTID,
		.parent_tid = (uintptr_t)sibling->pid,
	};

	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

pid_t sibling_take(struct sibling *sibling, pid_t go_between)
{
	pid_t made;

	if (go_between > 0)
		retry_eintr(waitpid(go_between, NULL, 0));
	made = *sibling->pid;
	munmap(sibling->pid, sizeof(pid_t));
	sibling->pid = NULL;
	return made;
}
