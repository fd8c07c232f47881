/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scope.h"

static int read_boot_id(char boot_id[37])
{
	auto_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, boot_id, 36) != 36)
		return -1;
	boot_id[36] = '\0';
	return 0;
}

/* The command name in parentheses may hold spaces and parentheses: fields are counted from the last
 * ')'. */
static int read_stat(pid_t pid, char *ret_state, unsigned long long *ret_start_time)
{
	char path[64], text[1024];
	ssize_t length;
	char *fields;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	length = retry_eintr(read(fd, text, sizeof(text) - 1));
	if (length <= 0)
		return -1;
	text[length] = '\0';
	fields = strrchr(text, ')');
	if (!fields ||
		sscanf(fields + 1,
			" %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			ret_state, ret_start_time) != 2) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}

int identity_of(pid_t pid, struct identity *ret)
{
	char state;

	ret->pid = pid;
	if (read_stat(pid, &state, &ret->start_time) < 0)
		return -1;
	return read_boot_id(ret->boot_id);
}

bool identity_alive(const struct identity *identity)
{
	unsigned long long start_time;
	char boot_id[37], state;

	return identity->pid > 0 && read_stat(identity->pid, &state, &start_time) == 0 &&
	       start_time == identity->start_time && state != 'Z' && state != 'X' &&
	       read_boot_id(boot_id) == 0 && strcmp(boot_id, identity->boot_id) == 0;
}

int identity_open(const struct identity *identity)
{
	auto_close int fd = (int)syscall(SYS_pidfd_open, identity->pid, 0);

	/* The check comes after the descriptor is held: from here on the pid cannot be another
	 * process. */
	if (fd < 0 || !identity_alive(identity)) {
		errno = ESRCH;
		return -1;
	}
	return take_fd(&fd);
}
