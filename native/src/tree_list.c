/* SPDX-License-Identifier: Apache-2.0 */
#include "tree_list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "layer_stack.h"
#include "name_list.h"
#include "pack.h"
#include "scope.h"
#include "tree_path.h"

#define STEP "list"

enum { PIECE = 256 * 1024, DEPTH_LIMIT = 2048, HEX_AT = 7 /* after "sha256:" */ };

struct group {
	dev_t device;
	ino_t inode;
	unsigned long number;
};

struct listing {
	const struct tree_list_options *options;
	FILE *output;
	struct layer_stack stack;
	struct tree_path path;
	void *groups; /* of tsearch(3) */
	unsigned long group_count;
	struct failure *out;
};

static int compare_groups(const void *one, const void *other)
{
	const struct group *first = one, *second = other;

	if (first->device != second->device)
		return first->device < second->device ? -1 : 1;
	return first->inode < second->inode ? -1 : first->inode > second->inode;
}

/* The same number for all names of a file that has several; 0 without memory, too. */
static unsigned long group_of(struct listing *listing, const struct stat *status)
{
	auto_free struct group *own = NULL;
	struct group *const *found;

	if (!S_ISREG(status->st_mode) || status->st_nlink < 2)
		return 0;
	own = malloc(sizeof(*own));
	if (!own)
		return 0;
	*own = (struct group){status->st_dev, status->st_ino, listing->group_count + 1};
	found = tsearch(own, &listing->groups, compare_groups);
	if (!found || *found != own)
		return found ? (*found)->number : 0;
	listing->group_count++;
	return take(own)->number;
}

static char type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFIFO:
		return 'p';
	default:
		return '?';
	}
}

/* Returns an errno. */
static int digest_content(int directory, const char *name, char ret[DIGEST_TEXT_SIZE])
{
	static char buffer[PIECE];
	auto_close int file =
		openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct digest digest;
	ssize_t got;

	if (file < 0)
		return errno;
	digest_init(&digest);
	while ((got = retry_eintr(read(file, buffer, sizeof(buffer)))) > 0)
		digest_update(&digest, buffer, (size_t)got);
	if (got < 0)
		return errno;
	digest_finish(&digest, ret);
	return 0;
}

/* Names and values with their lengths: no two sets have the same text. */
static void digest_attributes(const struct packed *packed, char ret[DIGEST_TEXT_SIZE])
{
	struct digest digest;

	digest_init(&digest);
	for (size_t i = 0; i < packed->attribute_count; i++) {
		const struct tar_attribute *attribute = &packed->attributes[i];
		char length[24];
		int size = snprintf(length, sizeof(length), "%zu=", attribute->size);

		digest_update(&digest, attribute->name, strlen(attribute->name) + 1);
		digest_update(&digest, length, (size_t)size);
		digest_update(&digest, attribute->value, attribute->size);
	}
	digest_finish(&digest, ret);
}

static void put(struct listing *listing, const char *text)
{
	fwrite(text, 1, strlen(text) + 1, listing->output);
}

static void write_record(struct listing *listing, int directory, const char *name,
	const struct packed *packed, int error)
{
	const struct stat *status = &packed->status;
	char content[DIGEST_TEXT_SIZE] = "", attributes[DIGEST_TEXT_SIZE] = "";

	if (!error && listing->options->digests && !listing->options->no_content &&
		S_ISREG(status->st_mode))
		error = digest_content(directory, name, content);
	if (listing->options->digests && packed->attribute_count > 0)
		digest_attributes(packed, attributes);
	fprintf(listing->output, "%c %04o %u %u %lld %lld %lu%c", type_of(status->st_mode),
		status->st_mode & 07777U, status->st_uid, status->st_gid,
		S_ISREG(status->st_mode) ? (long long)status->st_size : 0LL,
		(long long)status->st_mtim.tv_sec, group_of(listing, status), '\0');
	put(listing, listing->path.text);
	put(listing, packed->link ? packed->link : "");
	put(listing, *content ? content + HEX_AT : "");
	put(listing, *attributes ? attributes + HEX_AT : "");
	put(listing, error ? strerror(error) : "");
}

static bool keeps_overrides(const struct layer_stack *stack, int fd)
{
	for (size_t i = 0; i < stack->count; i++)
		if (stack->layers[i].fd == fd)
			return stack->layers[i].overrides;
	return false;
}

/* Devices and sockets have nothing but a status. */
static void list_object(
	struct listing *listing, int directory, const char *name, const struct stat *status)
{
	struct failure failure = {0};
	struct pack pack = {.real_owners = listing->options->squash,
		.overrides = keeps_overrides(&listing->stack, directory),
		.out = &failure};
	struct packed packed = {0};
	int result = pack_read(&pack, directory, name, "", &packed);

	if (result != 0)
		packed = (struct packed){.status = *status};
	write_record(listing, directory, name, &packed,
		result < 0 ? (failure.error ? failure.error : EIO) : 0);
	packed_clear(&packed);
}

static int cannot(struct listing *listing, int error)
{
	return fail(listing->out, error, STEP, "cannot list '/%.300s'", listing->path.text);
}

static int list_children(struct listing *listing, long depth);

static int list_child(struct listing *listing, const char *name, long depth)
{
	struct stat status;
	int result = 0, directory = layer_stack_find(&listing->stack, name, &status);

	if (tree_path_push(&listing->path, name) < 0)
		return cannot(listing, ENOMEM);
	if (directory >= 0)
		list_object(listing, directory, name, &status);
	if (directory >= 0 && S_ISDIR(status.st_mode) && depth != 0) {
		if (layer_stack_enter(&listing->stack, name) < 0)
			return cannot(listing, errno);
		result = list_children(listing, depth - 1);
		if (result == 0 && layer_stack_leave(&listing->stack) < 0)
			result = cannot(listing, errno);
	}
	tree_path_pop(&listing->path);
	return result;
}

/* `depth` levels of them; a negative number has no end. */
static int list_children(struct listing *listing, long depth)
{
	auto_names struct name_list names = {0};

	if (listing->stack.depth > DEPTH_LIMIT)
		return cannot(listing, ELOOP);
	if (layer_stack_names(&listing->stack, name_list_tell, &names) < 0)
		return cannot(listing, errno);
	if (names.failed)
		return cannot(listing, ENOMEM);
	name_list_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		if (list_child(listing, names.items[i], depth) < 0)
			return -1;
	return 0;
}

static void list_missing(struct listing *listing, const char *path)
{
	fprintf(listing->output, "- 0 0 0 0 0 0%c", '\0');
	put(listing, path);
	for (int i = 0; i < 4; i++)
		put(listing, "");
}

/* Goes to the directory that has the last name of the path. 1: there is none. */
static int go(struct listing *listing, const char *path, char ret_name[NAME_MAX + 1])
{
	for (const char *at = path;;) {
		size_t length = strcspn(at, "/");
		struct stat status;

		if (length > NAME_MAX || (length == 1 && at[0] == '.') ||
			(length == 2 && at[0] == '.' && at[1] == '.'))
			return 1;
		memcpy(ret_name, at, length);
		ret_name[length] = '\0';
		at += length + strspn(at + length, "/");
		if (!*at)
			return 0;
		if (layer_stack_find(&listing->stack, ret_name, &status) < 0 ||
			!S_ISDIR(status.st_mode))
			return 1;
		if (layer_stack_enter(&listing->stack, ret_name) < 0 ||
			tree_path_push(&listing->path, ret_name) < 0)
			return cannot(listing, errno);
	}
}

static int list_root(struct listing *listing)
{
	long depth = listing->options->depth;
	struct stat status;

	if (listing->stack.count == 0 || fstat(listing->stack.layers[0].fd, &status) < 0)
		return cannot(listing, ENOENT);
	list_object(listing, listing->stack.layers[0].fd, ".", &status);
	return depth == 0 ? 0 : list_children(listing, depth - 1);
}

static int list_path(struct listing *listing, const char *path)
{
	const char *clean = path + strspn(path, "/");
	char name[NAME_MAX + 1];
	struct stat status;
	int result;

	if (!*clean)
		return list_root(listing);
	result = go(listing, clean, name);
	if (result == 0 && layer_stack_find(&listing->stack, name, &status) >= 0)
		result = list_child(listing, name, listing->options->depth);
	else if (result >= 0)
		list_missing(listing, clean);
	while (result >= 0 && listing->stack.depth > 0) {
		tree_path_pop(&listing->path);
		if (layer_stack_leave(&listing->stack) < 0)
			result = cannot(listing, errno);
	}
	return result < 0 ? -1 : 0;
}

int tree_list(const struct tree_list_options *options, FILE *output, struct failure *out)
{
	struct listing listing = {.options = options, .output = output, .out = out};
	int result = layer_stack_open(&options->layers, &listing.stack, out);

	if (result == 0 && tree_path_start(&listing.path, "") < 0)
		result = fail(out, ENOMEM, STEP, "cannot list the layers");
	for (size_t i = 0; result == 0 && i < options->paths.count; i++)
		result = list_path(&listing, options->paths.items[i]);
	tdestroy(listing.groups, free);
	tree_path_clear(&listing.path);
	layer_stack_close(&listing.stack);
	if (result == 0 && (fflush(output) != 0 || ferror(output)))
		result = fail(out, errno, STEP, "cannot write");
	return result;
}
