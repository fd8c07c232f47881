/* SPDX-License-Identifier: Apache-2.0 */
#include "onto.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "layer_marks.h"
#include "layer_path.h"
#include "onto_attributes.h"
#include "remove.h"
#include "scope.h"
#include "stat_override.h"

enum { LEVEL_LIMIT = 2048 };

int onto_directory(const struct onto *onto)
{
	return onto->stack.layers[0].fd;
}

int onto_cannot(const struct onto *onto, int error, const char *verb, const char *name)
{
	return fail(onto->layer.out, error, ONTO_STEP, "cannot %s '/%.200s%s%.200s'", verb,
		onto->path.text, *onto->path.text && *name ? "/" : "", name);
}

/* The upper directory is the first of the stack; where files cannot be given away it says so. */
static int choose_owners(struct onto *onto)
{
	int root = onto->root;

	onto->layer.overrides =
		stat_override_is_on(root) || (!onto->layer.squash && stat_override_is_needed(root));
	onto->stack.layers[0].overrides = onto->layer.overrides;
	if (onto->layer.overrides && stat_override_write(root, 0, 0, 0755) < 0)
		return onto_cannot(onto, errno, "keep the owner of", "");
	return 0;
}

int onto_open(struct onto *ret, const char *upper, const struct string_list *lower,
	const struct layer *layer)
{
	auto_free char **items = calloc(lower->count + 2, sizeof(*items));
	struct string_list all = {.items = items, .count = lower->count + 1};

	*ret = (struct onto){.layer = *layer, .root = -1};
	if (!items || tree_path_start(&ret->path, "") < 0)
		return fail(layer->out, ENOMEM, ONTO_STEP, "cannot open the layers");
	items[0] = (char *)(uintptr_t)upper;
	memcpy(items + 1, lower->items, lower->count * sizeof(*items));
	if (layer_stack_open(&all, &ret->stack, layer->out) < 0)
		return -1;
	ret->root = fcntl(ret->stack.layers[0].fd, F_DUPFD_CLOEXEC, 3);
	if (ret->root < 0)
		return fail(layer->out, errno, ONTO_STEP, "cannot open %.300s", upper);
	return choose_owners(ret);
}

void onto_close(struct onto *onto)
{
	layer_stack_close(&onto->stack);
	scope_close(&onto->root);
	tree_path_clear(&onto->path);
	free(onto->levels);
}

int onto_find(const struct onto *onto, const char *name, struct stat *ret)
{
	return layer_stack_find(&onto->stack, name, ret);
}

static int push(struct onto *onto, const char *name)
{
	if (onto->depth == LEVEL_LIMIT)
		return onto_cannot(onto, ELOOP, "enter", name);
	if (onto->depth == onto->capacity) {
		size_t capacity = onto->capacity * 2 + 32;
		struct onto_level *grown =
			reallocarray(onto->levels, capacity, sizeof(*onto->levels));

		if (!grown)
			return onto_cannot(onto, ENOMEM, "enter", name);
		onto->levels = grown;
		onto->capacity = capacity;
	}
	if (layer_stack_enter(&onto->stack, name) < 0)
		return onto_cannot(onto, errno, "enter", name);
	onto->levels[onto->depth++] = (struct onto_level){0};
	/* The upper directory has been seen to have it. */
	if (onto->stack.layers[0].depth != onto->stack.depth)
		return onto_cannot(onto, EBUSY, "enter", name);
	return tree_path_push(&onto->path, name) < 0 ? onto_cannot(onto, ENOMEM, "enter", name) : 0;
}

/* The upper directory gets a directory of the layers, with all that belongs to it. */
static int copy_up(struct onto *onto, int below, const char *name, struct stat *status)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	auto_close int from = openat(below, name, flags);
	auto_close int to = -1;

	if (from < 0 || mkdirat(onto_directory(onto), name, 0700) < 0)
		return onto_cannot(onto, errno, "copy the directory", name);
	to = openat(onto_directory(onto), name, flags);
	if (to < 0)
		return onto_cannot(onto, errno, "copy the directory", name);
	return onto_copy_attributes(onto, from, to, status, name);
}

int onto_enter(struct onto *onto, const char *name)
{
	struct stat status;
	int has_it = onto_find(onto, name, &status);
	bool is_fresh = has_it != onto_directory(onto);

	if (has_it < 0)
		return onto_cannot(onto, ENOENT, "enter", name);
	if (is_fresh && copy_up(onto, has_it, name, &status) < 0)
		return -1;
	if (push(onto, name) < 0)
		return -1;
	onto->levels[onto->depth - 1].is_fresh = is_fresh;
	onto_set_time(onto, &status.st_mtim);
	return 0;
}

/* What a whiteout of the upper directory hid is to stay hidden. */
static int hide_below(struct onto *onto, const char *name, bool was_hidden)
{
	struct stat status;
	auto_close int fd = -1;

	if (!was_hidden || onto_find(onto, name, &status) < 0)
		return 0;
	fd = openat(onto_directory(onto), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return onto_cannot(onto, errno, "open", name);
	return layer_mark_opaque(&onto->layer, fd, name);
}

static bool upper_has(const struct onto *onto, const char *name)
{
	struct stat status;

	return fstatat(onto_directory(onto), name, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
	       layer_has_mark(onto_directory(onto), name);
}

int onto_make(struct onto *onto, const char *name, const struct onto_made *made)
{
	const struct layer_status status = {made->uid, made->gid, made->mode};
	bool was_hidden = upper_has(onto, name);

	if (strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0)
		return onto_refuse_mark(onto, name);
	if (was_hidden && onto_clear(onto, name) < 0)
		return -1;
	if (mkdirat(onto_directory(onto), name, 0700) < 0)
		return onto_cannot(onto, errno, "create the directory", name);
	if (hide_below(onto, name, was_hidden) < 0 || push(onto, name) < 0)
		return -1;
	onto->levels[onto->depth - 1].is_fresh = true;
	onto->entries++;
	if (made->is_timed)
		onto_set_time(onto, &(const struct timespec){.tv_sec = made->time});
	return layer_set_status(&onto->layer, onto_directory(onto), &status, onto->path.text);
}

int onto_leave(struct onto *onto)
{
	const struct onto_level *level = &onto->levels[onto->depth - 1];
	const struct timespec times[2] = {level->modified, level->modified};

	if (level->is_timed && futimens(onto_directory(onto), times) < 0)
		return onto_cannot(onto, errno, "set the times of", "");
	if (onto->later && level->is_fresh && !level->is_timed)
		onto->later->is_new = true;
	if (layer_stack_leave(&onto->stack) < 0)
		return onto_cannot(onto, errno, "leave", "");
	onto->depth--;
	tree_path_pop(&onto->path);
	return 0;
}

int onto_leave_all(struct onto *onto)
{
	while (onto->depth > 0)
		if (onto_leave(onto) < 0)
			return -1;
	return 0;
}

void onto_set_time(struct onto *onto, const struct timespec *modified)
{
	if (onto->depth == 0)
		return;
	onto->levels[onto->depth - 1].is_timed = true;
	onto->levels[onto->depth - 1].modified = *modified;
}

int onto_clear(struct onto *onto, const char *name)
{
	char mark[NAME_MAX + sizeof(WHITEOUT_PREFIX)];
	int length = snprintf(mark, sizeof(mark), "%s%s", WHITEOUT_PREFIX, name);

	if (length > 0 && length <= NAME_MAX && unlinkat(onto_directory(onto), mark, 0) < 0 &&
		errno != ENOENT)
		return onto_cannot(onto, errno, "replace", name);
	return remove_tree(onto_directory(onto), name, onto->layer.out);
}
