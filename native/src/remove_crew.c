/* SPDX-License-Identifier: Apache-2.0 */
#include "remove_crew.h"

#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scope.h"

/* A tree with fewer entries is gone before a process has begun. */
#define LARGE 500

struct share {
	const struct crew *crew;
	uint32_t number;
};

/* Of a name, the same in each process; FNV-1a. */
static uint32_t share_of(const char *name)
{
	uint32_t hash = 2166136261U;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return hash % (CREW_SIZE + 1);
}

static void remove_share(void *context, int directory, const char *name)
{
	const struct share *share = context;

	if (share_of(name) == share->number)
		(void)!unlinkat(directory, name, 0);
}

static int open_directory(void *context, int directory, const char *name)
{
	const struct share *share = context;

	return share->crew->open(directory, name);
}

static void __attribute__((noreturn)) work(const struct crew *crew, uint32_t number, pid_t caller)
{
	struct share share = {crew, number};
	const struct tree_visitor visitor = {
		.context = &share, .entry = remove_share, .open = open_directory};
	int top;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller)
		_exit(0);
	top = crew->open(crew->parent, crew->name);
	if (top >= 0)
		(void)tree_walk(top, &visitor);
	_exit(0);
}

void crew_count(struct crew *crew)
{
	pid_t caller = getpid();

	if (++crew->removed != LARGE)
		return;
	while (crew->count < CREW_SIZE) {
		pid_t member = fork();

		if (member == 0)
			work(crew, (uint32_t)crew->count, caller);
		if (member < 0)
			return;
		crew->members[crew->count++] = member;
	}
}

void crew_dismiss(struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++)
		kill(crew->members[i], SIGKILL);
	for (size_t i = 0; i < crew->count; i++)
		retry_eintr(waitpid(crew->members[i], NULL, 0));
	crew->count = 0;
}
