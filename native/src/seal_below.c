/* SPDX-License-Identifier: Apache-2.0 */
/* What a sealed tree says about the layers below it, and what it need not say. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "layer_attributes.h"
#include "layer_path.h"
#include "name_list.h"
#include "scope.h"
#include "seal_compare.h"
#include "seal_parts.h"
#include "whiteout.h"

#define OPAQUE_MARK ".wh..opq"

static bool has_name(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A whiteout for each name of the layers that the directory hides. */
static int hide(struct seal *seal, int directory)
{
	auto_names struct name_list names = {0};

	if (layer_stack_names(&seal->layers, name_list_tell, &names) < 0 || names.failed) {
		seal_cannot(seal, names.failed ? ENOMEM : errno, "read what is below");
		return -1;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (has_name(directory, names.items[i]) ||
			whiteout_make(directory, names.items[i]) == 0 || errno == EEXIST)
			continue;
		seal_cannot(seal, errno, "hide what is below");
		return -1;
	}
	return 0;
}

static int list_marks(int directory, struct name_list *ret)
{
	int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *stream = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (!stream) {
		scope_close(&again);
		return -1;
	}
	while ((errno = 0, entry = readdir(stream)))
		if (whiteout_of_mark(entry->d_name) && entry->d_type != DT_DIR)
			name_list_add(ret, entry->d_name);
	if (errno == 0 && ret->failed)
		errno = ENOMEM;
	return errno ? -1 : 0;
}

/* A file that is a mark becomes what it says; see layer_marks.c, which does the same for archives.
 */
static int carry_out(struct seal *seal, int directory, const char *mark, bool *hidden)
{
	const char *name = whiteout_of_mark(mark);
	struct stat below;

	/* A directory of an unknown type shows itself here. */
	if (unlinkat(directory, mark, 0) < 0)
		return errno == EISDIR || errno == EPERM ? 0 : -1;
	if (strcmp(name, OPAQUE_MARK) == 0)
		*hidden = true;
	if (!*name || whiteout_of_mark(name) || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (has_name(directory, name)) {
		auto_close int fd = openat(directory, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

		return fd >= 0 ? fsetxattr(fd, OPAQUE_ATTRIBUTE, "y", 1, 0) : 0;
	}
	return layer_stack_find(&seal->layers, name, &below) < 0 ? 0
								 : whiteout_make(directory, name);
}

int seal_marks(struct seal *seal, int directory, bool *hidden)
{
	auto_names struct name_list marks = {0};

	if (list_marks(directory, &marks) < 0) {
		seal_cannot(seal, errno, "read");
		return -1;
	}
	for (size_t i = 0; i < marks.count; i++) {
		if (carry_out(seal, directory, marks.items[i], hidden) < 0) {
			seal_cannot(seal, errno, "carry out the marks of");
			return -1;
		}
	}
	return *hidden ? hide(seal, directory) : 0;
}

static bool keeps_overrides(const struct layer_stack *layers, int fd)
{
	for (size_t i = 0; i < layers->count; i++)
		if (layers->layers[i].fd == fd)
			return layers->layers[i].overrides;
	return false;
}

/* A link to a file below is in the layer with all the names that it has there. */
static bool got_name(const struct seal *seal, const struct stat *status, const struct stat *old)
{
	nlink_t usual = seal->options->links_are_new ? 1 : old->st_nlink;

	return S_ISREG(status->st_mode) && status->st_nlink > usual;
}

/* What is to be compared has its bytes. */
static int finish_file(struct seal *seal, const struct packed *packed)
{
	struct later *later = seal->options->later;
	struct later_file *file = later_find(later, &packed->status);

	if (!file || later_copy(later, file, NULL) == 0)
		return 0;
	seal->failed = true;
	return -1;
}

int seal_is_below(struct seal *seal, int directory, const char *name, const struct packed *packed)
{
	struct pack pack = {.real_owners = seal->options->squash, .out = seal->out};
	struct packed old = {0};
	struct stat status;
	int result, below = layer_stack_find(&seal->layers, name, &status);

	if (below < 0 || !seal_may_be_same(&packed->status, &status) ||
		got_name(seal, &packed->status, &status))
		return 0;
	if (finish_file(seal, packed) < 0)
		return -1;
	pack.overrides = keeps_overrides(&seal->layers, below);
	result = pack_read(&pack, below, name, packed->path, &old);
	if (result == 0) {
		const struct compared one = {directory, name, packed}, other = {below, name, &old};

		result = seal_compare(&one, &other);
		if (result < 0)
			seal_cannot(seal, errno, "compare");
		packed_clear(&old);
	} else if (result < 0) {
		seal->failed = true;
	} else {
		result = 0;
	}
	return result;
}

bool seal_is_placeholder(const struct seal *seal, const struct packed *packed)
{
	const struct stat *status = &packed->status;
	const struct string_list *list = &seal->options->placeholders;
	bool is_made = S_ISDIR(status->st_mode) ||
		       (S_ISREG(status->st_mode) && status->st_size == 0) ||
		       (S_ISLNK(status->st_mode) && strcmp(packed->link, "/proc/mounts") == 0);

	for (size_t i = 0; is_made && i < list->count; i++)
		if (list->items[i][0] == '/' && strcmp(list->items[i] + 1, packed->path) == 0)
			return true;
	return false;
}
