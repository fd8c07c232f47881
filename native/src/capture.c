/* SPDX-License-Identifier: Apache-2.0 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scope.h"

int capture_open(void)
{
	auto_close int fd = memfd_create("lighter-stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, 4096) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) < 0)
		return -1;
	return take_fd(&fd);
}

void capture_text(int fd, char *text, size_t size)
{
	ssize_t got = retry_eintr(pread(fd, text, size - 1, 0));
	size_t length;

	text[got < 0 ? 0 : got] = '\0';
	length = strlen(text);
	while (length && (unsigned char)text[length - 1] <= ' ')
		text[--length] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}
