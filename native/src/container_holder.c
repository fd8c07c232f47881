/* SPDX-License-Identifier: Apache-2.0 */
#include "container_holder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "monitor_name.h"
#include "scope.h"

static bool is_monitor(pid_t pid, const char *id)
{
	char path[64], wanted[MONITOR_NAME_SIZE], shown[MONITOR_NAME_SIZE] = "";

	monitor_name(id, wanted);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && retry_eintr(read(fd, shown, sizeof(shown) - 1)) > 0 &&
	       strcmp(shown, wanted) == 0;
}

/* "25: FLOCK  ADVISORY  WRITE 9210 fe:00:15386254 0 EOF". The device is not compared: on btrfs it
 * is not the one that stat tells. */
static bool parse_lock(const char *line, pid_t *ret_pid, unsigned long long *ret_inode)
{
	return sscanf(line, "%*d: FLOCK %*s %*s %d %*x:%*x:%llu", ret_pid, ret_inode) == 2 &&
	       *ret_pid > 0;
}

void container_end_holder(int directory, const char *id)
{
	auto_fclose FILE *locks = fopen("/proc/locks", "re");
	unsigned long long inode;
	struct stat status;
	char line[256];
	pid_t pid;

	if (fstat(directory, &status) < 0)
		return;
	while (locks && fgets(line, sizeof(line), locks)) {
		if (!parse_lock(line, &pid, &inode) || inode != status.st_ino)
			continue;
		auto_close int holder = (int)syscall(SYS_pidfd_open, pid, 0);

		/* Looked at once the descriptor is held: the pid may have been given away. */
		if (holder >= 0 && is_monitor(pid, id))
			(void)syscall(SYS_pidfd_send_signal, holder, SIGKILL, NULL, 0);
	}
}
