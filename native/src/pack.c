/* SPDX-License-Identifier: Apache-2.0 */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>

#include "layer_attributes.h"
#include "layer_path.h"
#include "layer_stack.h"
#include "scope.h"
#include "stat_override.h"
#include "whiteout.h"

#define STEP "archive"

enum { PIECE = 256 * 1024, NAMES_LIMIT = 65536, VALUE_LIMIT = 65536 };

struct seen_file {
	dev_t device;
	ino_t inode;
	char *path; /* NULL: a free place */
};

static struct seen_file *find_place(
	struct seen_file *table, size_t capacity, const struct stat *status)
{
	size_t at = (size_t)status->st_ino * 0x9e3779b97f4a7c15ULL % capacity;

	while (table[at].path &&
		(table[at].inode != status->st_ino || table[at].device != status->st_dev))
		at = (at + 1) % capacity;
	return &table[at];
}

static int grow_seen(struct pack *pack)
{
	size_t capacity = pack->seen_capacity * 2 + 1021;
	struct seen_file *grown = calloc(capacity, sizeof(*grown));

	if (!grown)
		return -1;
	for (size_t i = 0; i < pack->seen_capacity; i++) {
		const struct seen_file *file = &pack->seen[i];
		const struct stat status = {.st_ino = file->inode, .st_dev = file->device};

		if (file->path)
			*find_place(grown, capacity, &status) = *file;
	}
	free(pack->seen);
	pack->seen = grown;
	pack->seen_capacity = capacity;
	return 0;
}

/* The path of an earlier entry of the same file, or NULL after remembering this one. */
static int find_first(struct pack *pack, const struct packed *packed, const char **ret)
{
	struct seen_file *place;

	if (pack->seen_count * 2 >= pack->seen_capacity && grow_seen(pack) < 0)
		return -1;
	place = find_place(pack->seen, pack->seen_capacity, &packed->status);
	*ret = place->path;
	if (place->path)
		return 0;
	*place = (struct seen_file){
		packed->status.st_dev, packed->status.st_ino, strdup(packed->path)};
	pack->seen_count++;
	return place->path ? 0 : -1;
}

static bool is_packed(const char *name)
{
	static const char *const internal[] = {
		"user.overlay.", "user.fuseoverlayfs.", "user.containers.", "user.lighter."};

	for (size_t i = 0; i < array_size(internal); i++)
		if (strncmp(name, internal[i], strlen(internal[i])) == 0)
			return false;
	return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
	       strncmp(name, "system.posix_acl_", 17) == 0;
}

static int add_attribute(struct packed *packed, const char *name, const void *value, size_t size)
{
	struct tar_attribute *grown =
		reallocarray(packed->attributes, packed->attribute_count + 1, sizeof(*grown));
	struct tar_attribute *slot;

	if (!grown)
		return -1;
	packed->attributes = grown;
	slot = &grown[packed->attribute_count];
	*slot = (struct tar_attribute){strdup(name), malloc(size + 1), size};
	packed->attribute_count++;
	if (!slot->name || !slot->value)
		return -1;
	memcpy(slot->value, value, size);
	return 0;
}

static int compare_attributes(const void *one, const void *other)
{
	return strcmp(((const struct tar_attribute *)one)->name,
		((const struct tar_attribute *)other)->name);
}

/* "uid:gid:mode" of a file whose owner has no id of its own here. */
static void restore_owner(struct packed *packed, const char *text)
{
	unsigned uid, gid, mode;

	if (sscanf(text, "%u:%u:%o", &uid, &gid, &mode) != 3)
		return;
	packed->status.st_uid = uid;
	packed->status.st_gid = gid;
}

static int read_attributes(struct pack *pack, int file, struct packed *packed)
{
	auto_free char *names = malloc(NAMES_LIMIT);
	auto_free char *value = malloc(VALUE_LIMIT + 1);
	ssize_t length = names ? flistxattr(file, names, NAMES_LIMIT) : -1;

	if (!names || !value)
		return -1;
	for (const char *name = names; length > 0 && name < names + length;
		name += strlen(name) + 1) {
		bool owner = pack->real_owners && strcmp(name, OWNER_ATTRIBUTE) == 0;
		bool override = pack->overrides && strcmp(name, STAT_OVERRIDE) == 0;
		ssize_t size;

		if (!is_packed(name))
			packed->has_more = packed->has_more || strncmp(name, "user.", 5) == 0;
		if (!owner && !override && !is_packed(name))
			continue;
		size = fgetxattr(file, name, value, VALUE_LIMIT);
		if (size < 0)
			continue;
		value[size] = '\0';
		if (owner)
			restore_owner(packed, value);
		else if (override)
			stat_override_parse(value, &packed->status);
		else if (add_attribute(packed, name, value, (size_t)size) < 0)
			return -1;
	}
	if (packed->attribute_count > 1)
		qsort(packed->attributes, packed->attribute_count, sizeof(*packed->attributes),
			compare_attributes);
	return 0;
}

static int read_link(int directory, const char *name, struct packed *packed)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);

	if (length < 0)
		return -1;
	target[length] = '\0';
	packed->link = strdup(target);
	return packed->link ? 0 : -1;
}

static int open_file(int directory, const char *name)
{
	return openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* 1 = it has no place in an archive. */
static int read_object(struct pack *pack, int directory, const char *name, struct packed *packed)
{
	struct stat *status = &packed->status;

	if (fstatat(directory, name, status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 1 : -1;
	if (S_ISLNK(status->st_mode))
		return read_link(directory, name, packed);
	if (S_ISFIFO(status->st_mode))
		return 0;
	if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode))
		return 1;
	auto_close int file = open_file(directory, name);
	struct stat opened;

	if (file < 0)
		return errno == ENOENT || errno == ELOOP ? 1 : -1;
	/* Somebody may have put another object there since. */
	if (fstat(file, &opened) < 0)
		return -1;
	if ((opened.st_mode & S_IFMT) != (status->st_mode & S_IFMT))
		return 1;
	*status = opened;
	return read_attributes(pack, file, packed);
}

int pack_read(
	struct pack *pack, int directory, const char *name, const char *path, struct packed *ret)
{
	struct packed packed = {.path = strdup(path)};
	int result = packed.path ? read_object(pack, directory, name, &packed) : -1;
	int error = errno;

	if (result == 0) {
		*ret = packed;
		return 0;
	}
	packed_clear(&packed);
	return result > 0 ? 1 : fail(pack->out, error, STEP, "cannot read %.300s", path);
}

static int cannot_write(const struct pack *pack)
{
	return fail(pack->out, errno, STEP, "cannot write the archive");
}

static int write_header(struct pack *pack, const struct tar_entry *entry)
{
	pack->entries++;
	pack->bytes += entry->size;
	return tar_header(&pack->tar, entry) < 0 ? cannot_write(pack) : 0;
}

static int64_t time_of(const struct pack *pack, const struct stat *status)
{
	int64_t modified = status->st_mtim.tv_sec;

	return pack->is_limited && modified > pack->latest ? pack->latest : modified;
}

static int pad_data(struct pack *pack, uint64_t size)
{
	return tar_pad(&pack->tar, size) < 0 ? cannot_write(pack) : 0;
}

/* As many bytes as the header says: a file that changes meanwhile is cut, or filled with zeros. */
static int write_data(struct pack *pack, int file, uint64_t size)
{
	static char buffer[PIECE];

	for (uint64_t left = size; left > 0;) {
		size_t wanted = left < PIECE ? (size_t)left : PIECE;
		ssize_t got = retry_eintr(read(file, buffer, wanted));

		if (got < 0)
			return fail(pack->out, errno, STEP, "cannot read a file");
		if (got == 0) {
			memset(buffer, 0, wanted);
			got = (ssize_t)wanted;
		}
		if (tar_data(&pack->tar, buffer, (size_t)got) < 0)
			return cannot_write(pack);
		left -= (uint64_t)got;
	}
	return pad_data(pack, size);
}

static char type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return '5';
	case S_IFLNK:
		return '2';
	case S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

static int write_file(struct pack *pack, int directory, const struct packed *packed,
	const char *name, const struct tar_entry *entry)
{
	auto_close int file = open_file(directory, name);
	struct later_file *later;
	struct stat status;

	if (file < 0 || fstat(file, &status) < 0 || !S_ISREG(status.st_mode))
		return fail(pack->out, file < 0 ? errno : EBUSY, STEP, "cannot open %.300s",
			packed->path);
	if (write_header(pack, entry) < 0)
		return -1;
	later = later_find(pack->later, &status);
	if (later && later_copy(pack->later, later, &pack->tar) < 0)
		return -1;
	return later ? pad_data(pack, entry->size) : write_data(pack, file, entry->size);
}

int pack_write(struct pack *pack, int directory, const char *name, const struct packed *packed)
{
	const struct stat *status = &packed->status;
	struct tar_entry entry = {
		.type = type_of(status->st_mode),
		.path = packed->path,
		.link = packed->link,
		.mode = status->st_mode & 07777,
		.uid = status->st_uid,
		.gid = status->st_gid,
		.modified = time_of(pack, status),
		.attributes = packed->attributes,
		.attribute_count = packed->attribute_count,
	};
	auto_free char *with_slash = NULL;
	const char *first = NULL;

	if (entry.type == '5') {
		size_t length = strlen(packed->path);
		bool ends = length > 0 && packed->path[length - 1] == '/';

		if (asprintf(&with_slash, "%s%s", packed->path, ends ? "" : "/") < 0)
			return fail(pack->out, ENOMEM, STEP, "cannot write the archive");
		entry.path = with_slash;
	} else if (status->st_nlink > 1 && find_first(pack, packed, &first) < 0) {
		return fail(pack->out, ENOMEM, STEP, "cannot remember a hard link");
	}
	if (first) {
		entry.type = '1';
		entry.link = first;
		entry.attribute_count = 0;
	} else if (entry.type == '0') {
		entry.size = (uint64_t)status->st_size;
		return write_file(pack, directory, packed, name, &entry);
	}
	return write_header(pack, &entry);
}

/* A whiteout of a layer's tree; 1 = it is none. */
static int add_whiteout(struct pack *pack, int directory, const char *name, const char *path)
{
	struct stat status;

	if (whiteout_of_mark(name))
		return write_header(pack, &(const struct tar_entry){.type = '0', .path = path});
	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		!layer_is_whiteout(&status))
		return 1;
	return pack_whiteout(pack, path);
}

int pack_add(struct pack *pack, int directory, const char *name, const char *path)
{
	struct packed packed;
	int result = pack->layer ? add_whiteout(pack, directory, name, path) : 1;

	if (result <= 0)
		return result;
	result = pack_read(pack, directory, name, path, &packed);
	if (result != 0)
		return result < 0 ? -1 : 0;
	result = pack_write(pack, directory, name, &packed);
	packed_clear(&packed);
	return result;
}

int pack_whiteout(struct pack *pack, const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *mark = NULL;
	struct tar_entry entry = {.type = '0'};

	if (asprintf(&mark, "%.*s%s%s", slash ? (int)(slash - path) + 1 : 0, path, WHITEOUT_PREFIX,
		    slash ? slash + 1 : path) < 0)
		return fail(pack->out, ENOMEM, STEP, "cannot write the archive");
	entry.path = mark;
	return write_header(pack, &entry);
}

void packed_clear(struct packed *packed)
{
	for (size_t i = 0; i < packed->attribute_count; i++) {
		free(packed->attributes[i].name);
		free(packed->attributes[i].value);
	}
	free(packed->attributes);
	free(packed->link);
	free(packed->path);
	*packed = (struct packed){0};
}

int pack_finish(struct pack *pack, int result)
{
	if (result == 0 && tar_finish(&pack->tar) < 0)
		result = cannot_write(pack);
	for (size_t i = 0; i < pack->seen_capacity; i++)
		free(pack->seen[i].path);
	free(pack->seen);
	pack->seen = NULL;
	pack->seen_count = pack->seen_capacity = 0;
	return result;
}
