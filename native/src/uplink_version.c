/* SPDX-License-Identifier: Apache-2.0 */
#include "uplink_version.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scope.h"

void uplink_version_recall(const char *program, const char *runtime_dir, struct uplink_version *ret)
{
	char known[sizeof(ret->text)];
	const char *key, *answer;
	struct stat file;
	ssize_t length;

	*ret = (struct uplink_version){0};
	if (stat(program, &file) < 0 ||
		snprintf(ret->file, sizeof(ret->file), "VERSION_FILE=%s/slirp4netns-version",
			runtime_dir) >= (int)sizeof(ret->file)) {
		ret->file[0] = '\0';
		return;
	}
	snprintf(ret->key, sizeof(ret->key), "VERSION_KEY=%llx:%llx:%llx:%llx.%lx",
		(unsigned long long)file.st_dev, (unsigned long long)file.st_ino,
		(unsigned long long)file.st_size, (unsigned long long)file.st_ctim.tv_sec,
		(unsigned long)file.st_ctim.tv_nsec);

	auto_close int fd = open(strchr(ret->file, '=') + 1, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	length = fd < 0 ? -1 : retry_eintr(read(fd, known, sizeof(known) - sizeof("VERSION=")));
	if (length <= 0)
		return;
	known[length] = '\0';
	key = strchr(ret->key, '=') + 1;
	answer = strchr(known, '\n');
	if (answer && (size_t)(answer - known) == strlen(key) &&
		strncmp(known, key, strlen(key)) == 0)
		snprintf(ret->text, sizeof(ret->text), "VERSION=%s", answer + 1);
}
