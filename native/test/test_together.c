/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "together.h"

static cpu_set_t of(pid_t pid)
{
	cpu_set_t set;

	assert(sched_getaffinity(pid, sizeof(set), &set) == 0);
	return set;
}

static void *wait_for_ever(void *thread)
{
	*(volatile pid_t *)thread = gettid();
	for (;;)
		pause();
	return NULL;
}

/* A process of two threads; the number of the second arrives through a pipe. */
static pid_t fork_threads(pid_t *second)
{
	int ends[2];
	pid_t pid;

	assert(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		volatile pid_t thread = 0;
		pthread_t handle;

		assert(pthread_create(&handle, NULL, wait_for_ever, (void *)&thread) == 0);
		while (thread == 0)
			sched_yield();
		assert(write(ends[1], (pid_t *)&thread, sizeof(thread)) == sizeof(thread));
		for (;;)
			pause();
	}
	assert(pid > 0 && read(ends[0], second, sizeof(*second)) == sizeof(*second));
	close(ends[0]);
	close(ends[1]);
	return pid;
}

int main(void)
{
	struct together together = {0};
	cpu_set_t before = of(0), now;
	pid_t pid, second;

	/* Never begun: nothing to undo. */
	together_release(&together, 0);
	now = of(0);
	assert(CPU_EQUAL(&now, &before));

	together_begin(&together);
	now = of(0);
	assert(together.kept && CPU_COUNT(&now) == 1);
	pid = fork_threads(&second);
	together_release(&together, 0);
	now = of(0);
	assert(CPU_EQUAL(&now, &before));
	now = of(pid);
	assert(CPU_COUNT(&now) == 1);

	together_release(&together, pid);
	now = of(pid);
	assert(CPU_EQUAL(&now, &before));
	now = of(second);
	assert(CPU_EQUAL(&now, &before));

	kill(pid, SIGKILL);
	assert(waitpid(pid, NULL, 0) == pid);
	/* Nobody there. */
	together_release(&together, pid);
	return 0;
}
