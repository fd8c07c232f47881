/* SPDX-License-Identifier: Apache-2.0 */
#include "helper_record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity.h"
#include "scope.h"

#define END_MS 5000

void helper_record_note(int lock)
{
	struct identity own;

	/* Without a note it serves as well: it only cannot be ended once it has stalled. */
	if (ftruncate(lock, 0) < 0 || identity_of(getpid(), &own) < 0)
		return;
	(void)dprintf(lock, "%d %llu %s\n", (int)own.pid, own.start_time, own.boot_id);
}

static int read_note(int lock, struct identity *ret)
{
	char text[128];
	ssize_t size = retry_eintr(pread(lock, text, sizeof(text) - 1, 0));

	if (size < 0)
		return -1;
	text[size] = '\0';
	return sscanf(text, "%d %llu %36s", &ret->pid, &ret->start_time, ret->boot_id) == 3;
}

int helper_record_end(int lock)
{
	struct identity noted;
	int found = read_note(lock, &noted);

	if (found <= 0)
		return found;
	auto_close int process = identity_open(&noted);
	struct pollfd end = {.fd = process, .events = POLLIN};

	if (process < 0)
		return 0;
	if (syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) < 0)
		return errno == ESRCH ? 0 : -1;
	if (retry_eintr(poll(&end, 1, END_MS)) > 0)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}
