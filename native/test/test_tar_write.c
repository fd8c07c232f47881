/* SPDX-License-Identifier: Apache-2.0 */
/* What libarchive reads back of the writer's archives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "check.h"
#include "tar_write.h"

struct bytes {
	char *data;
	size_t size;
};

static int append(void *context, const void *bytes, size_t size)
{
	struct bytes *all = context;
	char *grown = realloc(all->data, all->size + size);

	must(grown);
	memcpy(grown + all->size, bytes, size);
	all->data = grown;
	all->size += size;
	return 0;
}

static void check_entry(const struct tar_entry *entry)
{
	struct bytes all = {0};
	struct tar tar = {.write = append, .context = &all};
	struct archive *archive = archive_read_new();
	struct archive_entry *found;
	const char *name;
	const void *value;
	size_t size;

	must(tar_header(&tar, entry) == 0 && tar_finish(&tar) == 0);
	must(all.size % 512 == 0 && all.size == tar.written);
	must(archive && archive_read_support_format_tar(archive) == ARCHIVE_OK);
	must(archive_read_open_memory(archive, all.data, all.size) == ARCHIVE_OK);
	must(archive_read_next_header(archive, &found) == ARCHIVE_OK);
	must(strcmp(archive_entry_pathname(found), entry->path) == 0);
	must(archive_entry_uid(found) == entry->uid && archive_entry_gid(found) == entry->gid);
	must((archive_entry_perm(found) & 07777) == entry->mode);
	must(archive_entry_mtime(found) == entry->modified);
	if (entry->type == '2')
		must(strcmp(archive_entry_symlink(found), entry->link) == 0);
	must((size_t)archive_entry_xattr_reset(found) == entry->attribute_count);
	if (entry->attribute_count > 0) {
		must(archive_entry_xattr_next(found, &name, &value, &size) == ARCHIVE_OK);
		must(strcmp(name, entry->attributes[0].name) == 0);
		must(size == entry->attributes[0].size &&
			memcmp(value, entry->attributes[0].value, size) == 0);
	}
	archive_read_free(archive);
	free(all.data);
}

int main(void)
{
	struct tar_attribute attribute = {(char[]){"user.x"}, (char[]){"a\0=\nb"}, 5};
	char path[600];

	check_entry(&(struct tar_entry){
		.type = '0', .path = "plain", .mode = 04755, .uid = 5, .gid = 6, .modified = 1});
	check_entry(&(struct tar_entry){.type = '5', .path = "dir/", .mode = 01777});
	check_entry(&(struct tar_entry){.type = '6', .path = "fifo", .mode = 0644});
	check_entry(&(struct tar_entry){
		.type = '0', .path = "ids", .uid = 4000000000U, .gid = 3000000});
	check_entry(&(struct tar_entry){.type = '0', .path = "old", .modified = -5});
	check_entry(&(struct tar_entry){.type = '0', .path = "late", .modified = 1LL << 40});
	check_entry(&(struct tar_entry){.type = '0', .path = "f\xc3\xbc\xff\x01", .mode = 0600});
	check_entry(&(struct tar_entry){
		.type = '0', .path = "attribute", .attributes = &attribute, .attribute_count = 1});
	/* Around the lengths where a name is cut, or needs a record; with and without slashes. */
	for (size_t length = 1; length < sizeof(path); length++) {
		for (size_t step = 7; step < 1000; step *= 11) {
			for (size_t i = 0; i < length; i++)
				path[i] = i % step == step - 1 && i + 1 < length ? '/' : 'a';
			path[length] = '\0';
			check_entry(&(struct tar_entry){.type = '0', .path = path});
			check_entry(&(struct tar_entry){.type = '2', .path = "link", .link = path});
		}
	}
	return 0;
}
