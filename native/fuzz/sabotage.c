/* SPDX-License-Identifier: Apache-2.0 */
#include "sabotage.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "check.h"
#include "scope.h"
#include "trial.h"

static int say_failed(void)
{
	puts("{\"event\":\"failed\",\"kind\":\"bad-input\",\"message\":\"refused\"}");
	return 125;
}

static int behave(int argc, char **argv)
{
	(void)argc, (void)argv;
	return say_failed();
}

static int write_outside(int argc, char **argv)
{
	auto_close int fd = open("/etc/passwd", O_WRONLY | O_CLOEXEC);

	(void)argc, (void)argv;
	(void)!write(fd, "toor", 4);
	return say_failed();
}

static int make_beside(int argc, char **argv)
{
	(void)argc, (void)argv;
	mkdir(BESIDE "/new", 0755);
	return say_failed();
}

static int make_beside_target(int argc, char **argv)
{
	(void)argc, (void)argv;
	mkdir(TARGET ".new", 0755);
	return say_failed();
}

static int change_mode(int argc, char **argv)
{
	(void)argc, (void)argv;
	chmod("/bin/sh", 0777);
	return say_failed();
}

static int remove_outside(int argc, char **argv)
{
	(void)argc, (void)argv;
	unlink(PARENT "/beside/file");
	return say_failed();
}

static int link_outside(int argc, char **argv)
{
	(void)argc, (void)argv;
	mkdir(TARGET, 0755);
	(void)!link("/etc/shadow", TARGET "/shadow");
	return say_failed();
}

static int forge_owner(int argc, char **argv)
{
	(void)argc, (void)argv;
	mkdir(TARGET, 0755);
	/* Where there are no such attributes, another forgery. */
	if (setxattr(TARGET, "user.overlay.redirect", "/", 1, 0) < 0)
		mknod(TARGET "/.wh.a", S_IFREG | 0644, 0);
	return say_failed();
}

static int leave_process(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (fork() == 0)
		sleep(60);
	return say_failed();
}

static int overrun(int argc, char **argv)
{
	char *short_array = calloc(8, 1);
	volatile char byte;

	(void)argv;
	byte = short_array[7 + argc];
	free(short_array);
	(void)byte;
	return say_failed();
}

static int overflow(int argc, char **argv)
{
	volatile int number = 0x7ffffff0 + argc;

	(void)argv;
	number += 100;
	return say_failed();
}

static int crash(int argc, char **argv)
{
	(void)argc, (void)argv;
	signal(SIGTERM, SIG_DFL);
	return raise(SIGTERM);
}

static int babble(int argc, char **argv)
{
	(void)argc, (void)argv;
	puts("one");
	return say_failed();
}

static int say_nothing(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 125;
}

static int claim(int argc, char **argv)
{
	(void)argc, (void)argv;
	puts("{\"event\":\"applied\",\"diffId\":\"sha256:0\",\"bytes\":1,\"entries\":1}");
	return 0;
}

static const struct {
	program_main *program;
	const char *text; /* that the fault is called; NULL: none */
} rows[] = {
	{behave, NULL},
	{write_outside, "/etc/passwd"},
	{make_beside, "beside"},
	{make_beside_target, "fs.new"},
	{change_mode, "/bin/sh"},
	{remove_outside, PARENT "/beside"},
	{link_outside, "/etc/shadow"},
	{forge_owner, "in the target"},
	{leave_process, "left a process"},
	{overrun, "insufficient space"},
	{overflow, "signed integer overflow"},
	{crash, "signal 15"},
	{babble, "one"},
	{say_nothing, "code 125"},
	{claim, "diffID"},
};

static int try(size_t row, const struct corpus *corpus)
{
	struct input input = {.is_known = true};
	struct outcome outcome;
	struct world world;
	const char *text = rows[row].text;
	bool right;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	members_write(&corpus->layers[0], &input.stream);
	bytes_add(&input.plain, input.stream.at, input.stream.size);
	world_enter(&world);
	trial_run(&world, &input, TRIAL_LAYER, rows[row].program, &outcome);
	right = text ? outcome.verdict == TRIAL_FAULT && strstr(outcome.text, text)
		     : outcome.verdict == TRIAL_REFUSED;
	if (!right)
		printf("not noticed: %s: %s\n", text ? text : "good conduct",
			outcome.text ? outcome.text : "nothing");
	fflush(stdout);
	return right ? 0 : 1;
}

void sabotage_is_noticed(const struct corpus *corpus)
{
	for (size_t row = 0; row < array_size(rows); row++) {
		pid_t child = fork();
		int status;

		must(child >= 0);
		if (child == 0)
			_exit(try(row, corpus));
		must(waitpid(child, &status, 0) == child);
		check(status == 0, rows[row].text ? rows[row].text : "good conduct");
	}
}
