/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that are connected before a container is started, on the command line of `run`. */
#include <fcntl.h>
#include <getopt.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach_options.h"
#include "check.h"

static char verb[] = "run", container[] = "--container", place[] = "/nowhere",
	    client[] = "--client";

static int parse(char *wanted, struct attach_options *ret)
{
	char *argv[] = {verb, container, place, client, wanted, NULL};
	struct failure failure;

	optind = 0;
	return attach_options_parse(5, argv, ret, &failure);
}

static void reads_clients(int fd)
{
	static const char *const wrong[] = {"", "x:o", "3", "2:o", "999:o", "-1:o", ":o"};
	struct attach_options options;
	char text[32];

	snprintf(text, sizeof(text), "%d:io", fd);
	must(parse(text, &options) == 0);
	check(options.early_count == 1 && options.early[0].fd == fd);
	check(options.early[0].attached.input);
	check(options.early[0].attached.outputs[STREAM_STDOUT]);
	check(!options.early[0].attached.outputs[STREAM_STDERR]);
	snprintf(text, sizeof(text), "%d:", fd);
	check(parse(text, &options) == 0 && options.early_count == 1);
	snprintf(text, sizeof(text), "%d:ox", fd);
	check(parse(text, &options) < 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(text, sizeof(text), "%s", wrong[i]);
		check(parse(text, &options) < 0, wrong[i]);
	}
}

static void refuses_too_many(int fd)
{
	char *argv[2 * EARLY_CLIENTS_MAX + 6] = {verb, container, place};
	struct attach_options options;
	struct failure failure;
	char text[32];
	int count = 3;

	snprintf(text, sizeof(text), "%d:o", fd);
	for (int i = 0; i <= EARLY_CLIENTS_MAX; i++) {
		argv[count++] = client;
		argv[count++] = text;
	}
	optind = 0;
	check(attach_options_parse(count, argv, &options, &failure) < 0);
	optind = 0;
	check(attach_options_parse(count - 2, argv, &options, &failure) == 0);
	check(options.early_count == EARLY_CLIENTS_MAX);
}

/* In a process of its own: it closes everything else. */
static int keeps_only_those(void)
{
	struct attach_options options = {.report_fd = 5, .early_count = 2};
	struct failure failure;
	int null = open("/dev/null", O_RDWR);

	for (int fd = 3; fd < 20; fd++)
		if (fd != null && dup2(null, fd) < 0)
			return 1;
	options.early[0].fd = 12;
	options.early[1].fd = 7;
	if (attach_reset_process(&options, &failure) < 0)
		return 1;
	for (int fd = 3; fd < 20; fd++) {
		bool open_still = fcntl(fd, F_GETFD) >= 0;

		if (open_still != (fd == 5 || fd == 7 || fd == 12))
			return 1;
	}
	return 0;
}

int main(void)
{
	int fd = fcntl(0, F_DUPFD, 3), status = -1;
	pid_t pid;

	must(fd >= 3);
	reads_clients(fd);
	refuses_too_many(fd);
	pid = fork();
	if (pid == 0)
		_exit(keeps_only_those());
	must(waitpid(pid, &status, 0) == pid);
	check(status == 0);
	return failures > 0;
}
