/* SPDX-License-Identifier: Apache-2.0 */
/* Which file a command is, and what Docker's users read when there is none. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "command.h"
#include "scope.h"

static char *const environment[] = {(char *)"A=b", (char *)"PATH=:one::two", NULL};

static const struct {
	const char *name, *path, *message;
	enum failure_kind kind;
} cases[] = {
	{"tool", "two/tool", NULL, FAILURE_SETUP},
	{"./two/tool", "./two/tool", NULL, FAILURE_SETUP},
	{"nosuch", NULL, "exec: \"nosuch\": executable file not found in $PATH", FAILURE_NOT_FOUND},
	{"plain", NULL, "exec: \"plain\": executable file not found in $PATH", FAILURE_NOT_FOUND},
	{"here", NULL, "exec: \"here\": executable file not found in $PATH", FAILURE_NOT_FOUND},
	{"a\"b\\\n\x1b\xc3\xa9", NULL,
		"exec: \"a\\\"b\\\\\\n\\x1b\xc3\xa9\": executable file not found in $PATH",
		FAILURE_NOT_FOUND},
	{"", NULL, "exec: \"\": executable file not found in $PATH", FAILURE_NOT_FOUND},
	{"/nosuch", NULL, "exec: \"/nosuch\": stat /nosuch: no such file or directory",
		FAILURE_NOT_FOUND},
	{"one/plain/x", NULL, "exec: \"one/plain/x\": stat one/plain/x: not a directory",
		FAILURE_NOT_FOUND},
	{"./one/plain", NULL, "exec: \"./one/plain\": permission denied", FAILURE_NOT_EXECUTABLE},
	{"./one", NULL, "exec: \"./one\": is a directory: permission denied",
		FAILURE_NOT_EXECUTABLE},
};

static bool is_as_told(size_t i)
{
	struct failure failure = {0};
	auto_free char *path = NULL;
	int result = command_find(cases[i].name, environment, &path, &failure);

	if (cases[i].path)
		return result == 0 && strcmp(path, cases[i].path) == 0;
	return result < 0 && failure.kind == cases[i].kind &&
	       strcmp(failure.message, cases[i].message) == 0;
}

static void make(const char *path, mode_t mode)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	(void)fd;
}

int main(void)
{
	char directory[] = "/tmp/test_command.XXXXXX", command[64];
	struct failure failure;

	must(mkdtemp(directory) && chdir(directory) == 0);
	mkdir("one", 0755);
	mkdir("two", 0755);
	make("two/tool", 0755);
	make("one/tool", 0644);
	make("one/plain", 0644);
	make("here", 0755);
	for (size_t i = 0; i < array_size(cases); i++)
		check(is_as_told(i), cases[i].name);
	command_failed("/x", ENOEXEC, &failure);
	check(failure.kind == FAILURE_NOT_EXECUTABLE &&
		strcmp(failure.message, "exec /x: exec format error") == 0);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	check(system(command) == 0);
	return failures > 0;
}
