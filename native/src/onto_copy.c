/* SPDX-License-Identifier: Apache-2.0 */
#include "onto_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "layer_path.h"
#include "mode_change.h"
#include "name_list.h"
#include "onto_attributes.h"
#include "scope.h"
#include "whiteout.h"

void onto_copy_source(const struct onto_copy *copy, const char *name, char ret[SOURCE_SIZE])
{
	snprintf(ret, SOURCE_SIZE, "%.140s%s%.140s%s%.140s", copy->from,
		*copy->from && *copy->rel.text ? "/" : "", copy->rel.text,
		(*copy->from || *copy->rel.text) && *name ? "/" : "", name);
}

int onto_copy_stale(const struct onto_copy *copy, const char *name)
{
	char path[SOURCE_SIZE];

	onto_copy_source(copy, name, path);
	return later_stale(copy->onto->layer.out, path);
}

struct layer_status onto_copy_status(const struct onto_copy *copy, const struct stat *status)
{
	const struct onto_how *how = copy->how;
	struct layer_status own = {.mode = how->mode ? mode_change_apply(how->mode, status->st_mode)
						     : status->st_mode & 07777};

	if (how->owner) {
		own.uid = how->owner->uid;
		own.gid = how->owner->gid;
	} else if (!copy->plain) {
		own.uid = status->st_uid;
		own.gid = status->st_gid;
	}
	return own;
}

static struct onto_copy_level *add_level(struct onto_copy *copy)
{
	if (copy->depth == copy->capacity) {
		size_t capacity = copy->capacity * 2 + 32;
		struct onto_copy_level *grown =
			reallocarray(copy->levels, capacity, sizeof(*copy->levels));

		if (!grown)
			return NULL;
		copy->levels = grown;
		copy->capacity = capacity;
	}
	copy->levels[copy->depth] = (struct onto_copy_level){0};
	return &copy->levels[copy->depth++];
}

static int is_in_the_way(const struct onto_copy *copy, const char *name)
{
	return fail_kind(copy->onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
		"cannot copy to non-directory: /%.200s%s%.200s", copy->onto->path.text,
		*copy->onto->path.text ? "/" : "", name);
}

/* An archive's way to a file may lead through a link that was there before. */
static int follow(struct onto_copy *copy, const char *name, struct onto_copy_level *level)
{
	auto_free char *path = NULL;
	int result;

	level->back = strdup(copy->onto->path.text);
	if (!level->back || asprintf(&path, "%s/%s", level->back, name) < 0) {
		path = NULL;
		return onto_cannot(copy->onto, ENOMEM, "enter", name);
	}
	result = onto_go(copy->onto, path, NULL);
	return result == 0 ? 0
			   : fail_kind(copy->onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
				     "mkdir /%.300s: file exists", level->back);
}

/* Goes into the union's directory of that name. */
static int enter_target(struct onto_copy *copy, const char *name, bool says,
	const struct onto_made *made, struct onto_copy_level *level, bool *ret_made)
{
	struct onto *onto = copy->onto;
	struct stat status;
	int has_it = onto_find(onto, name, &status);

	*ret_made = false;
	if (has_it >= 0 && S_ISDIR(status.st_mode))
		return onto_enter(onto, name);
	if (has_it >= 0 && !copy->how->replace)
		return is_in_the_way(copy, name);
	if (has_it >= 0 && !says && S_ISLNK(status.st_mode))
		return follow(copy, name, level);
	*ret_made = true;
	return onto_make(onto, name, made);
}

int onto_copy_enter(struct onto_copy *copy, const char *name, bool says)
{
	struct onto *onto = copy->onto;
	struct stat status, above;
	int has_it = layer_stack_find(&copy->source, name, &status);
	auto_close int from = -1;
	bool made;

	if (has_it < 0 || !S_ISDIR(status.st_mode))
		return onto_copy_stale(copy, name);
	from = openat(has_it, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? onto_copy_stale(copy, name)
			       : onto_cannot(onto, errno, "read", name);
	onto_read_owner(onto, from, &status);

	struct onto_copy_level *level = add_level(copy);
	const struct layer_status own = onto_copy_status(copy, &status);
	const struct onto_made wanted = {
		(uid_t)own.uid, (gid_t)own.gid, own.mode, .is_timed = false};

	if (!level || fstat(copy->source.layers[0].fd, &above) < 0)
		return onto_cannot(onto, ENOMEM, "enter", name);
	level->device = above.st_dev;
	level->inode = above.st_ino;
	if (enter_target(copy, name, says, &wanted, level, &made) < 0)
		return -1;
	if (made || (says && !copy->how->keep_existing)) {
		if ((!made &&
			    layer_set_status(&onto->layer, onto_directory(onto), &own, name) < 0) ||
			onto_copy_extended(onto, from, onto_directory(onto), "") < 0)
			return -1;
		if (says || !copy->how->says_something)
			onto_set_time(onto, &status.st_mtim);
	}
	if (layer_stack_enter(&copy->source, name) < 0)
		return onto_cannot(onto, errno, "enter", name);
	return tree_path_push(&copy->rel, name) < 0 ? onto_cannot(onto, ENOMEM, "enter", name) : 0;
}

int onto_copy_leave(struct onto_copy *copy)
{
	struct onto_copy_level *level = &copy->levels[--copy->depth];
	auto_free char *back = level->back;
	struct stat status;

	level->back = NULL;
	if ((back ? onto_go(copy->onto, back, NULL) : onto_leave(copy->onto)) != 0)
		return -1;
	if (layer_stack_leave(&copy->source) < 0)
		return onto_cannot(copy->onto, errno, "leave", "");
	tree_path_pop(&copy->rel);
	if (!copy->plain)
		return 0;
	/* On the host somebody may move directories about. */
	if (fstat(copy->source.layers[0].fd, &status) < 0 || status.st_dev != level->device ||
		status.st_ino != level->inode)
		return onto_copy_stale(copy, "");
	return 0;
}

static bool says_something(struct onto_copy *copy, const char *name)
{
	bool says = true;

	if (!copy->how->says_something)
		return true;
	if (tree_path_push(&copy->rel, name) == 0)
		says = copy->how->says_something(copy->how->context, copy->rel.text);
	tree_path_pop(&copy->rel);
	return says;
}

static int copy_child(struct onto_copy *copy, const char *name)
{
	struct stat status;

	if (whiteout_of_mark(name))
		return onto_refuse_mark(copy->onto, name);
	if (layer_stack_find(&copy->source, name, &status) < 0)
		return onto_copy_stale(copy, name);
	if (!S_ISDIR(status.st_mode))
		return onto_copy_object(copy, name, name);
	if (onto_copy_enter(copy, name, says_something(copy, name)) < 0 ||
		onto_copy_children(copy) < 0)
		return -1;
	return onto_copy_leave(copy);
}

int onto_copy_children(struct onto_copy *copy)
{
	auto_names struct name_list names = {0};

	if (layer_stack_names(&copy->source, name_list_tell, &names) < 0)
		return onto_cannot(copy->onto, errno, "read what is copied to", "");
	if (names.failed)
		return onto_cannot(copy->onto, ENOMEM, "read what is copied to", "");
	name_list_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		if (copy_child(copy, names.items[i]) < 0)
			return -1;
	return 0;
}

void onto_copy_clear(struct onto_copy *copy)
{
	onto_copy_forget(copy);
	for (size_t i = 0; i < copy->depth; i++)
		free(copy->levels[i].back);
	free(copy->levels);
	tree_path_clear(&copy->rel);
	layer_stack_close(&copy->source);
}
