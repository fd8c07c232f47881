/* SPDX-License-Identifier: Apache-2.0 */
#include "tar_write.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scope.h"

enum { BLOCK = 512, NAME_SIZE = 100, PREFIX_SIZE = 155 };

struct ustar {
	char name[NAME_SIZE], mode[8], uid[8], gid[8], size[12], modified[12], checksum[8], type,
		link[NAME_SIZE], magic[8], uname[32], gname[32], major[8], minor[8],
		prefix[PREFIX_SIZE], rest[12];
};

_Static_assert(sizeof(struct ustar) == BLOCK, "a header is one block");

#define OCTAL_7 07777777ULL
#define OCTAL_11 077777777777ULL

static int put(struct tar *tar, const void *bytes, size_t size)
{
	tar->written += size;
	return tar->write(tar->context, bytes, size);
}

int tar_data(struct tar *tar, const void *bytes, size_t size)
{
	return put(tar, bytes, size);
}

int tar_pad(struct tar *tar, uint64_t size)
{
	static const char zeros[BLOCK];

	return size % BLOCK ? put(tar, zeros, BLOCK - size % BLOCK) : 0;
}

int tar_finish(struct tar *tar)
{
	static const char zeros[2 * BLOCK];

	return put(tar, zeros, sizeof(zeros));
}

int tar_write_fd(void *context, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t wrote = retry_eintr(
			write(*(int *)context, (const char *)bytes + done, size - done));

		if (wrote < 0)
			return -1;
		done += (size_t)wrote;
	}
	return 0;
}

static void put_octal(char *field, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i > 0; i--, value >>= 3)
		field[i - 1] = (char)('0' + (value & 7));
}

/* A long path is cut at a slash that leaves both parts short enough. */
static bool put_path(struct ustar *header, const char *path)
{
	size_t length = strlen(path);

	if (length <= NAME_SIZE) {
		memcpy(header->name, path, length);
		return true;
	}
	for (size_t at = length - NAME_SIZE - 1; at < length - 1 && at <= PREFIX_SIZE; at++) {
		if (path[at] != '/' || at == 0)
			continue;
		memcpy(header->prefix, path, at);
		memcpy(header->name, path + at + 1, length - at - 1);
		return true;
	}
	memcpy(header->name, path, NAME_SIZE);
	return false;
}

static int send(struct tar *tar, struct ustar *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	memcpy(header->magic, "ustar\00000", 8);
	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < BLOCK; i++)
		sum += bytes[i];
	put_octal(header->checksum, 7, sum);
	header->checksum[6] = '\0';
	return put(tar, header, BLOCK);
}

/* "LENGTH KEY=VALUE\n", where the length counts itself. */
static void put_record(
	FILE *records, const char *prefix, const char *key, const void *value, size_t size)
{
	size_t rest = strlen(prefix) + strlen(key) + size + 3;
	size_t length = rest + 1;

	for (size_t digits; (digits = (size_t)snprintf(NULL, 0, "%zu", length)) + rest != length;)
		length = rest + digits;
	fprintf(records, "%zu %s%s=", length, prefix, key);
	fwrite(value, 1, size, records);
	fputc('\n', records);
}

static void put_number(FILE *records, const char *key, int64_t value)
{
	char text[24];

	put_record(records, "", key, text,
		(size_t)snprintf(text, sizeof(text), "%lld", (long long)value));
}

static void put_text(FILE *records, const char *key, const char *text)
{
	put_record(records, "", key, text, strlen(text));
}

/* Fills the header, and what does not fit into it goes to the records. */
static void fill(const struct tar_entry *entry, struct ustar *header, FILE *records)
{
	bool late = entry->modified < 0 || (uint64_t)entry->modified > OCTAL_11;

	header->type = entry->type;
	put_octal(header->mode, sizeof(header->mode), entry->mode & 07777);
	put_octal(header->uid, sizeof(header->uid), entry->uid & OCTAL_7);
	put_octal(header->gid, sizeof(header->gid), entry->gid & OCTAL_7);
	put_octal(header->size, sizeof(header->size), entry->size & OCTAL_11);
	put_octal(header->modified, sizeof(header->modified), late ? 0 : (uint64_t)entry->modified);
	put_octal(header->major, sizeof(header->major), 0);
	put_octal(header->minor, sizeof(header->minor), 0);
	if (!put_path(header, entry->path))
		put_text(records, "path", entry->path);
	if (entry->link) {
		size_t length = strlen(entry->link);

		memcpy(header->link, entry->link, length < NAME_SIZE ? length : NAME_SIZE);
		if (length > NAME_SIZE)
			put_text(records, "linkpath", entry->link);
	}
	if (entry->uid > OCTAL_7)
		put_number(records, "uid", entry->uid);
	if (entry->gid > OCTAL_7)
		put_number(records, "gid", entry->gid);
	if (entry->size > OCTAL_11)
		put_number(records, "size", (int64_t)entry->size);
	if (late)
		put_number(records, "mtime", entry->modified);
	for (size_t i = 0; i < entry->attribute_count; i++)
		put_record(records, "SCHILY.xattr.", entry->attributes[i].name,
			entry->attributes[i].value, entry->attributes[i].size);
}

static int send_records(struct tar *tar, const char *records, size_t size)
{
	struct ustar header = {.name = "PaxHeaders/entry", .type = 'x'};

	put_octal(header.mode, sizeof(header.mode), 0644);
	put_octal(header.uid, sizeof(header.uid), 0);
	put_octal(header.gid, sizeof(header.gid), 0);
	put_octal(header.size, sizeof(header.size), size);
	put_octal(header.modified, sizeof(header.modified), 0);
	if (send(tar, &header) < 0 || put(tar, records, size) < 0)
		return -1;
	return tar_pad(tar, size);
}

int tar_header(struct tar *tar, const struct tar_entry *entry)
{
	struct ustar header = {0};
	auto_free char *records = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&records, &size);

	if (!stream)
		return -1;
	fill(entry, &header, stream);
	if (fclose(stream) != 0)
		return -1;
	if (size > 0 && send_records(tar, records, size) < 0)
		return -1;
	return send(tar, &header);
}
