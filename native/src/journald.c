/* SPDX-License-Identifier: Apache-2.0 */
#include "journald.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <jansson.h>

#include "scope.h"

int journald_open(struct failure *out)
{
	const struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(out, 0, "log",
			"failed to create task for container: failed to initialize logging "
			"driver: journald is not enabled on this host");
	return take_fd(&fd);
}

/* With its length: a value may hold any byte. */
static void put_field(FILE *entry, const char *name, const void *value, size_t length)
{
	uint64_t size = htole64(length);

	fprintf(entry, "%s\n", name);
	fwrite(&size, sizeof(size), 1, entry);
	fwrite(value, 1, length, entry);
	fputc('\n', entry);
}

int journald_send(int fd, struct json_t *fields, bool error, const unsigned char *bytes,
	size_t length, bool partial)
{
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *entry = open_memstream(&text, &size);
	const char *key;
	json_t *value;

	if (!entry)
		return -1;
	put_field(entry, "MESSAGE", bytes, length);
	fprintf(entry, "PRIORITY=%d\n", error ? 3 : 6);
	if (partial)
		fputs("CONTAINER_PARTIAL_MESSAGE=true\n", entry);
	json_object_foreach(fields, key, value)
	{
		if (json_is_string(value))
			put_field(entry, key, json_string_value(value), json_string_length(value));
	}
	if (fclose(entry) != 0)
		return -1;
	return retry_eintr(send(fd, text, size, MSG_NOSIGNAL)) < 0 ? -1 : 0;
}
