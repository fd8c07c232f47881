/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of an exec whose caller serves others: sizes of the terminal, and clients that go. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "relay.h"

enum { BYTES = 1 << 20, TRIES = 1000, PAUSE_US = 5000 };

static struct relay new_relay(pid_t pid, int control)
{
	struct relay relay = {.pid = pid, .console = -1, .client = -1, .control = control};

	relay.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	for (size_t i = 0; i < RELAY_STREAMS; i++)
		relay.streams[i].from = relay.streams[i].to = -1;
	return relay;
}

static int exit_code(struct relay *relay)
{
	struct failure failure;
	bool detached;
	int status = -1;

	must(relay->pidfd >= 0);
	must(relay_run(relay, &status, &detached, &failure) == 0);
	close(relay->pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool has_size(int terminal, unsigned short rows, unsigned short columns)
{
	struct winsize size = {0};

	for (int i = 0; i < TRIES; i++) {
		if (ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_row == rows &&
			size.ws_col == columns)
			return true;
		usleep(PAUSE_US);
	}
	return false;
}

static bool ask_for(const char *path, unsigned rows, unsigned columns)
{
	FILE *file = fopen(path, "w");
	bool written = file && fprintf(file, "%u %u\n", rows, columns) > 0;

	return file && fclose(file) == 0 && written && kill(getppid(), SIGWINCH) == 0;
}

/* Whoever wants another size leaves it beside the request, and it is taken away. */
static void takes_sizes(void)
{
	char directory[] = "/tmp/relay-XXXXXX", request[64], path[64];
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	struct failure failure;
	struct relay relay;
	pid_t pid;

	must(terminal >= 0 && mkdtemp(directory) && relay_block_signals(&failure) == 0);
	snprintf(request, sizeof(request), "%s/x.json", directory);
	snprintf(path, sizeof(path), "%s/x.size", directory);
	pid = fork();
	if (pid == 0)
		_exit(!ask_for(path, 20, 80) || !has_size(terminal, 20, 80) ||
			access(path, F_OK) == 0 || !ask_for(path, 300, 132) ||
			!has_size(terminal, 300, 132));
	relay = new_relay(pid, -1);
	relay.console = terminal;
	relay.request = request;
	check(exit_code(&relay) == 0);
	check(rmdir(directory) == 0);
	close(terminal);
}

static pid_t fork_writer(int from[2])
{
	static char bytes[BYTES];
	pid_t pid;

	must(pipe(from) == 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		close(from[0]);
		for (size_t done = 0; done < BYTES;) {
			ssize_t put = write(from[1], bytes, BYTES - done);

			if (put < 0)
				_exit(1);
			done += (size_t)put;
		}
		_exit(0);
	}
	close(from[1]);
	return pid;
}

/* Nobody reads: of a server's client the process must not hear of that, of others it has to. */
static void drops(bool told)
{
	int from[2], pair[2];
	pid_t pid = fork_writer(from);
	struct relay relay = new_relay(pid, -1);

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	close(pair[0]);
	relay.streams[1] = (struct relay_stream){
		.from = from[0], .owns_from = true, .to = pair[1], .drops = !told};
	check(exit_code(&relay) == (told ? 1 : 0), told ? "told" : "dropped");
	close(pair[1]);
}

/* The server has died: what is written goes nowhere. In a process of its own, whose standard
 * streams are let go. */
static int survives_the_server(void)
{
	int from[2], pair[2];
	pid_t pid = fork_writer(from);
	struct relay relay;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 1;
	relay = new_relay(pid, pair[1]);
	close(pair[0]);
	relay.streams[1] = (struct relay_stream){.from = from[0], .owns_from = true, .to = 1};
	return exit_code(&relay) != 0 || relay.control != -1;
}

int main(void)
{
	int status = -1;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	takes_sizes();
	drops(true);
	drops(false);
	pid = fork();
	if (pid == 0)
		_exit(survives_the_server());
	must(waitpid(pid, &status, 0) == pid);
	check(status == 0);
	return failures > 0;
}
