/* SPDX-License-Identifier: Apache-2.0 */
#include "userns_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "scope.h"

struct map_program {
	pid_t pid;
	int errors; /* read end of its stderr */
};

static int build_arguments(pid_t pid, const struct userns_map *map, char ***ret)
{
	size_t count = 2 + map->count * 3;
	auto_free char **arguments = NULL;
	char *text;

	/* One block: the vector, then 12 bytes for each number. */
	arguments = calloc(1, (count + 1) * sizeof(*arguments) + (count + 1) * 12);
	if (!arguments)
		return -1;
	text = (char *)(arguments + count + 1);
	arguments[0] = (char *)(uintptr_t)map->program;
	snprintf(text, 12, "%d", (int)pid);
	arguments[1] = text;
	for (size_t i = 0; i < map->count; i++) {
		const uint32_t numbers[3] = {
			map->extents[i].inside, map->extents[i].outside, map->extents[i].count};

		for (size_t n = 0; n < 3; n++) {
			text += 12;
			snprintf(text, 12, "%u", numbers[n]);
			arguments[2 + i * 3 + n] = text;
		}
	}
	*ret = take(arguments);
	return 0;
}

static int spawn_map_program(
	pid_t target, const struct userns_map *map, struct map_program *ret, struct failure *out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	auto_free char **arguments = NULL;
	char *environment[] = {NULL};
	sigset_t none, ignored;
	int ends[2], error;

	if (build_arguments(target, map, &arguments) < 0)
		return fail(out, ENOMEM, USERNS_STEP, "cannot start %s", map->program);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, USERNS_STEP, "cannot start %s", map->program);
	auto_close int reader = ends[0];
	auto_close int writer = ends[1];

	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	sigaddset(&ignored, SIGCHLD);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, writer, 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &ignored);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawn(&ret->pid, map->program, &actions, &attributes, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (error == ENOENT)
		return fail(out, 0, USERNS_STEP,
			"%s is missing: the package uidmap or shadow-utils has it", map->program);
	if (error)
		return fail(out, error, USERNS_STEP, "cannot start %s", map->program);
	ret->errors = take_fd(&reader);
	return 0;
}

static bool is_privileged(const char *program)
{
	struct stat status;

	return stat(program, &status) == 0 &&
	       (((status.st_mode & S_ISUID) && status.st_uid == 0) ||
		       getxattr(program, "security.capability", NULL, 0) > 0);
}

static int fail_refused(struct failure *out, const struct userns_map *map, const char *errors)
{
	if (!is_privileged(map->program))
		return fail(out, 0, USERNS_STEP,
			"%s is neither setuid root nor has file capabilities", map->program);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return fail(out, 0, USERNS_STEP,
			"%s has no privileges here: no_new_privs is set for this process",
			map->program);
	return fail(out, 0, USERNS_STEP, "%s refused the id map, see %s: %s", map->program,
		map->subfile, errors[0] ? errors : "it gave no reason");
}

static int finish_map_program(
	const struct userns_map *map, struct map_program *program, struct failure *out)
{
	auto_close int errors_fd = take_fd(&program->errors);
	char errors[240];
	size_t used = 0;
	int status;

	for (;;) {
		char rest[64];
		bool full = used == sizeof(errors) - 1;
		ssize_t got = retry_eintr(read(errors_fd, full ? rest : errors + used,
			full ? sizeof(rest) : sizeof(errors) - 1 - used));

		if (got <= 0)
			break;
		if (!full)
			used += (size_t)got;
	}
	while (used && (errors[used - 1] == '\n' || errors[used - 1] == ' '))
		used--;
	errors[used] = '\0';
	for (char *c = errors; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	if (retry_eintr(waitpid(program->pid, &status, 0)) < 0)
		return fail(out, errno, USERNS_STEP, "cannot wait for %s", map->program);
	return status == 0 ? 0 : fail_refused(out, map, errors);
}

int userns_map_by_programs(pid_t target, const struct userns_map files[2], struct failure *out)
{
	struct map_program programs[2];
	struct failure second;
	int result;

	if (spawn_map_program(target, &files[0], &programs[0], out) < 0)
		return -1;
	if (spawn_map_program(target, &files[1], &programs[1], out) < 0) {
		finish_map_program(&files[0], &programs[0], &second);
		return -1;
	}
	result = finish_map_program(&files[0], &programs[0], out);
	if (finish_map_program(&files[1], &programs[1], result < 0 ? &second : out) < 0)
		result = -1;
	return result;
}
