/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_stack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "layer_path.h"
#include "scope.h"
#include "stat_override.h"

#define STEP "layers"

/* A layer that a higher one hides as a whole. */
#define HIDDEN (-1L)

static int open_directory(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool layer_is_whiteout(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

bool layer_has_mark(int directory, const char *name)
{
	char mark[NAME_MAX + sizeof(WHITEOUT_PREFIX)];
	int length = snprintf(mark, sizeof(mark), "%s%s", WHITEOUT_PREFIX, name);

	return length > 0 && length <= NAME_MAX &&
	       faccessat(directory, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool layer_is_opaque(int directory, bool marks)
{
	static const char *const names[] = {"user.overlay.opaque", "user.fuseoverlayfs.opaque"};
	char value;

	for (size_t i = 0; i < array_size(names); i++)
		if (fgetxattr(directory, names[i], &value, 1) == 1 && value == 'y')
			return true;
	return marks && faccessat(directory, ".wh..wh..opq", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int layer_stack_open(
	const struct string_list *directories, struct layer_stack *ret, struct failure *out)
{
	bool hidden = false;

	*ret = (struct layer_stack){.layers = calloc(directories->count + 1, sizeof(*ret->layers))};
	if (!ret->layers)
		return fail(out, ENOMEM, STEP, "cannot keep the layers");
	for (; ret->count < directories->count; ret->count++) {
		struct stacked_layer *layer = &ret->layers[ret->count];
		const char *path = directories->items[ret->count];

		layer->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (layer->fd < 0)
			return fail(out, errno, STEP, "cannot open %.300s", path);
		layer->depth = hidden ? HIDDEN : 0;
		layer->overrides = stat_override_is_on(layer->fd);
		hidden = hidden || layer_is_opaque(layer->fd, true);
	}
	return 0;
}

int layer_stack_open_plain(const char *path, struct layer_stack *ret, struct failure *out)
{
	*ret = (struct layer_stack){.layers = calloc(1, sizeof(*ret->layers))};
	if (!ret->layers)
		return fail(out, ENOMEM, STEP, "cannot keep the directory");
	ret->layers->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->layers->fd < 0)
		return fail(out, errno, STEP, "cannot open %.300s", path);
	ret->layers->plain = true;
	ret->count = 1;
	return 0;
}

int layer_stack_find(const struct layer_stack *stack, const char *name, struct stat *ret)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct stacked_layer *layer = &stack->layers[i];

		if (layer->depth != stack->depth)
			continue;
		if (fstatat(layer->fd, name, ret, AT_SYMLINK_NOFOLLOW) == 0) {
			if (layer->overrides)
				stat_override_read_at(layer->fd, name, ret);
			return layer_is_whiteout(ret) && !layer->plain ? -1 : layer->fd;
		}
		if (!layer->plain && layer_has_mark(layer->fd, name))
			return -1;
	}
	return -1;
}

int layer_stack_enter(struct layer_stack *stack, const char *name)
{
	long depth = stack->depth++;

	for (size_t i = 0; i < stack->count; i++) {
		struct stacked_layer *layer = &stack->layers[i];
		int below;

		if (layer->depth != depth)
			continue;
		below = open_directory(layer->fd, name);
		if (below < 0 && errno == ENOENT && !layer_has_mark(layer->fd, name))
			continue;
		if (below < 0)
			return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
		close(layer->fd);
		layer->fd = below;
		layer->depth = stack->depth;
		if (!layer->plain && layer_is_opaque(below, true))
			return 0;
	}
	return 0;
}

/* Nobody moves directories of a layer about: `..` is where the way down came from. */
int layer_stack_leave(struct layer_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		struct stacked_layer *layer = &stack->layers[i];
		int above;

		if (layer->depth != stack->depth)
			continue;
		above = open_directory(layer->fd, "..");
		if (above < 0)
			return -1;
		close(layer->fd);
		layer->fd = above;
		layer->depth--;
	}
	stack->depth--;
	return 0;
}

static bool is_told_by(
	const struct layer_stack *stack, const struct stacked_layer *layer, const char *name)
{
	struct stat status;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	if (layer->plain)
		return true;
	return strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) != 0 &&
	       layer_stack_find(stack, name, &status) == layer->fd;
}

int layer_stack_names(const struct layer_stack *stack,
	void (*tell)(void *context, const char *name), void *context)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct stacked_layer *layer = &stack->layers[i];
		struct dirent *entry;

		if (layer->depth != stack->depth)
			continue;
		int again = open_directory(layer->fd, ".");
		auto_closedir DIR *directory = again < 0 ? NULL : fdopendir(again);

		if (!directory)
			return -1;
		while ((errno = 0, entry = readdir(directory)))
			if (is_told_by(stack, layer, entry->d_name))
				tell(context, entry->d_name);
		if (errno)
			return -1;
	}
	return 0;
}

void layer_stack_close(struct layer_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		scope_close(&stack->layers[i].fd);
	free(stack->layers);
	*stack = (struct layer_stack){0};
}
