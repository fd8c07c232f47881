/* SPDX-License-Identifier: Apache-2.0 */
/* Source: systemd's "Native Journal Protocol"; the fields are those of Docker. */
#include "journald.h"

#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <jansson.h>

#include "log.h"
#include "scope.h"

static void make_epoch(char ret[33])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		memset(bytes, 0, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(ret + 2 * i, "%02x", bytes[i]);
}

int journald_open(struct journald *ret, const struct plan_logging *logging, struct failure *out)
{
	const struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(out, 0, "log",
			"failed to create task for container: failed to initialize logging "
			"driver: journald is not enabled on this host");
	if (logging->buffer > 0) {
		int size = logging->buffer > 1 << 30 ? 1 << 30 : (int)logging->buffer;

		/* The kernel has its own idea of the most. */
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	*ret = (struct journald){
		.fd = take_fd(&fd), .may_lose = logging->buffer > 0, .fields = logging->fields};
	make_epoch(ret->epoch);
	return 0;
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

static void put_part(
	FILE *text, const struct journald *journald, const struct journald_entry *entry)
{
	if (entry->part == 0)
		return;
	fprintf(text, "CONTAINER_PARTIAL_ID=%s%llx\n", journald->epoch, entry->line);
	fprintf(text, "CONTAINER_PARTIAL_ORDINAL=%u\n", entry->part);
	fprintf(text, "CONTAINER_PARTIAL_LAST=%s\n", entry->last ? "true" : "false");
	if (!entry->last)
		fputs("CONTAINER_PARTIAL_MESSAGE=true\n", text);
}

/* What no datagram can hold goes as a sealed file. */
static int send_file(int fd, const char *text, size_t size, int flags)
{
	auto_close int file = memfd_create("lighter-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr message = {.msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	size_t done = 0;

	while (file >= 0 && done < size) {
		ssize_t written = retry_eintr(write(file, text + done, size - done));

		if (written < 0)
			return -1;
		done += (size_t)written;
	}
	if (file < 0 || fcntl(file, F_ADD_SEALS,
				F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -1;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &file, sizeof(int));
	return retry_eintr(sendmsg(fd, &message, flags)) < 0 ? -1 : 0;
}

static int send_text(const struct journald *journald, const char *text, size_t size)
{
	int flags = MSG_NOSIGNAL | (journald->may_lose ? MSG_DONTWAIT : 0);

	if (retry_eintr(send(journald->fd, text, size, flags)) >= 0)
		return 0;
	if (errno == EMSGSIZE || errno == ENOBUFS)
		return send_file(journald->fd, text, size, flags);
	return -1;
}

int journald_send(struct journald *journald, const struct journald_entry *entry)
{
	auto_free char *text = NULL;
	char time[TIMESTAMP_SIZE];
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	const char *key;
	json_t *value;

	journald->ordinal++;
	if (!stream)
		return -1;
	format_timestamp(entry->time, time);
	put_field(stream, "MESSAGE", entry->bytes, entry->length);
	fprintf(stream, "PRIORITY=%d\nSYSLOG_TIMESTAMP=%s\n", entry->error ? 3 : 6, time);
	fprintf(stream, "CONTAINER_LOG_EPOCH=%s\nCONTAINER_LOG_ORDINAL=%llu\n", journald->epoch,
		journald->ordinal);
	put_part(stream, journald, entry);
	json_object_foreach(journald->fields, key, value)
	{
		if (json_is_string(value))
			put_field(stream, key, json_string_value(value), json_string_length(value));
	}
	if (fclose(stream) != 0)
		return -1;
	if (send_text(journald, text, size) == 0)
		return 0;
	/* That it may be lost was said on purpose. */
	return journald->may_lose && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
}
