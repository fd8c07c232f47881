/* SPDX-License-Identifier: Apache-2.0 */
#include "ports_pipe.h"

#include <fcntl.h>
#include <unistd.h>

/* Pipes that are made larger than usual, which is 64 KiB: a user has 64 MiB of pipes
 * (fs.pipe-user-pages-soft), and beyond that only pipes of one or two pages. */
#define LARGE_PIPES 16

int ports_pipe_take(struct ports *ports, int pipe[2])
{
	if (ports->pipe_count > 0) {
		ports->pipe_count--;
		pipe[0] = ports->pipes[ports->pipe_count][0];
		pipe[1] = ports->pipes[ports->pipe_count][1];
		return 0;
	}
	if (pipe2(pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	ports->descriptors += 2;
	ports->pipes_open++;
	/* Refused, it is of the usual size. */
	if (ports->pipes_open <= LARGE_PIPES)
		(void)fcntl(pipe[0], F_SETPIPE_SZ, PORTS_PIPE_SIZE);
	return 0;
}

void ports_pipe_give(struct ports *ports, const int pipe[2], bool is_empty)
{
	if (is_empty && ports->pipe_count < PORTS_PIPES) {
		ports->pipes[ports->pipe_count][0] = pipe[0];
		ports->pipes[ports->pipe_count][1] = pipe[1];
		ports->pipe_count++;
		return;
	}
	close(pipe[0]);
	close(pipe[1]);
	ports->descriptors -= 2;
	ports->pipes_open--;
}
