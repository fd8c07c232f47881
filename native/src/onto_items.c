/* SPDX-License-Identifier: Apache-2.0 */
/* The operation `copy` of a request: sources, and what of them is copied where. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "byte_names.h"
#include "onto_request.h"
#include "scope.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The number of bytes that path has in common with where the copy is, in whole names. */
static size_t common_length(const struct onto_copy *copy, const char *path)
{
	const char *here = copy->rel.text;
	size_t length = strlen(here);

	if (strncmp(here, path, length) == 0 && (!path[length] || path[length] == '/' || !length))
		return length;
	return SIZE_MAX;
}

/* Goes to the directory path[0..length), relative to where the copy began. */
static int move_to(struct onto_copy *copy, const char *path, size_t length)
{
	char text[PATH_MAX];
	size_t at;

	memcpy(text, path, length);
	text[length] = '\0';
	while ((at = common_length(copy, text)) == SIZE_MAX)
		if (onto_copy_leave(copy) < 0)
			return -1;
	while (text[at]) {
		char name[NAME_MAX + 1];
		size_t size;

		at += text[at] == '/';
		size = strcspn(text + at, "/");
		memcpy(name, text + at, size);
		name[size] = '\0';
		if (onto_copy_enter(copy, name, false) < 0)
			return -1;
		at += size;
	}
	return 0;
}

static int copy_one(struct onto_copy *copy, const char *path, bool whole)
{
	const char *name = base_name(path);
	struct stat status;

	if (move_to(copy, path, name > path ? (size_t)(name - path) - 1 : 0) < 0)
		return -1;
	if (!*path)
		return whole ? onto_copy_children(copy) : 0;
	if (layer_stack_find(&copy->source, name, &status) < 0)
		return onto_copy_stale(copy, name);
	if (!S_ISDIR(status.st_mode))
		return onto_copy_object(copy, name, name);
	if (onto_copy_enter(copy, name, true) < 0)
		return -1;
	return whole ? onto_copy_children(copy) : 0;
}

/* To be called once for each: the text is the request's own. */
static const char *name_text(const json_t *object, const char *member)
{
	char *text = (char *)(uintptr_t)onto_text(object, member);

	return text ? byte_names_decode(text) : NULL;
}

static int copy_only(struct onto_copy *copy, const json_t *only)
{
	const json_t *entry;
	size_t index;

	if (!json_is_array(only))
		return onto_bad_request(copy->onto, "only");
	json_array_foreach(only, index, entry)
	{
		const char *path = name_text(entry, "path");

		if (!onto_source_is_clean(path))
			return onto_bad_request(copy->onto, "path");
		if (copy_one(copy, path, json_is_true(json_object_get(entry, "whole"))) < 0)
			return -1;
	}
	while (copy->depth > 0)
		if (onto_copy_leave(copy) < 0)
			return -1;
	return 0;
}

/* Where the content of a directory goes. */
static int go_to_directory(struct onto_operation *operation, const char *to)
{
	struct onto *onto = operation->onto;
	char name[NAME_MAX + 1];
	struct stat status;
	int has_it;

	if (to[strlen(to) - 1] == '/')
		return onto_go(onto, to, &operation->made);
	if (onto_locate(onto, to, &operation->made, name) < 0)
		return -1;
	has_it = *name ? onto_find(onto, name, &status) : -1;
	if (!*name)
		return 0;
	if (has_it < 0)
		return onto_make(onto, name, &operation->made);
	if (S_ISDIR(status.st_mode))
		return onto_enter(onto, name);
	return fail_kind(onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
		"cannot copy to non-directory: %.400s", to);
}

/* The directory that content comes to gets the time of the one it is from, as with BuildKit. */
static int copy_directory(struct onto_operation *operation, struct onto_copy *copy,
	const json_t *item, const struct timespec *modified)
{
	const json_t *only = json_object_get(item, "only");

	if (go_to_directory(operation, onto_text(item, "to")) < 0)
		return -1;
	if (!copy->how->keep_existing && !operation->made.is_timed)
		onto_set_time(operation->onto, modified);
	return only ? copy_only(copy, only) : onto_copy_children(copy);
}

/* Where a file goes, and under which name. */
static int go_to_file(
	struct onto_operation *operation, const char *to, const char *base, char name[NAME_MAX + 1])
{
	struct onto *onto = operation->onto;
	struct stat status;
	int result;

	name[0] = '\0';
	if (to[strlen(to) - 1] == '/')
		result = onto_go(onto, to, &operation->made);
	else
		result = onto_locate(onto, to, &operation->made, name);
	if (result == 0 && *name && onto_find(onto, name, &status) >= 0 &&
		S_ISDIR(status.st_mode)) {
		result = onto_enter(onto, name);
		name[0] = '\0';
	}
	if (!*name)
		memcpy(name, base, strlen(base) + 1);
	return result;
}

/* 1: it is no archive. */
static int unpack_file(
	struct onto_operation *operation, struct onto_copy *copy, const char *name, const char *to)
{
	struct stat status;
	int directory = layer_stack_find(&copy->source, name, &status);
	auto_close int file = -1;

	if (directory < 0 || !S_ISREG(status.st_mode))
		return 1;
	file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file < 0)
		return onto_copy_stale(copy, name);
	return onto_unpack(operation, file, to);
}

static int copy_file(struct onto_operation *operation, struct onto_copy *copy, const json_t *item,
	const char *name)
{
	const char *to = onto_text(item, "to"), *called = name_text(item, "name");
	char target[NAME_MAX + 1];
	int result = 1;

	if (called && (!*called || strchr(called, '/') || !onto_source_is_clean(called)))
		return onto_bad_request(operation->onto, "name");
	if (json_is_true(json_object_get(operation->value, "unpack")))
		result = unpack_file(operation, copy, name, to);
	if (result <= 0)
		return result;
	if (go_to_file(operation, to, called ? called : name, target) < 0)
		return -1;
	return onto_copy_object(copy, name, target);
}

/* No layer at all is an empty root. */
static int read_status(const struct onto_copy *copy, const char *name, struct stat *ret)
{
	if (*name)
		return layer_stack_find(&copy->source, name, ret);
	*ret = (struct stat){.st_mode = S_IFDIR | 0755};
	return copy->source.count > 0 ? fstat(copy->source.layers[0].fd, ret) : 0;
}

static int copy_item(struct onto_operation *operation, struct onto_copy *copy, const json_t *item)
{
	const char *from = name_text(item, "from"), *to = onto_text(item, "to");
	const char *name = from ? base_name(from) : "";
	size_t above = name > from ? (size_t)(name - from) - 1 : 0;
	char directory[PATH_MAX];
	struct stat status;
	int result;

	if (!onto_source_is_clean(from))
		return onto_bad_request(copy->onto, "from");
	if (!to || to[0] != '/')
		return onto_bad_request(copy->onto, "to");
	copy->from = from;
	if (onto_source_go(copy, from, above) < 0)
		return -1;
	if (read_status(copy, name, &status) < 0)
		return onto_copy_stale(copy, "");
	if (!S_ISDIR(status.st_mode)) {
		snprintf(directory, sizeof(directory), "%.*s", (int)above, from);
		copy->from = directory;
		result = copy_file(operation, copy, item, name);
	} else if (*name && layer_stack_enter(&copy->source, name) < 0) {
		result = onto_cannot(copy->onto, errno, "read the source of", "");
	} else {
		result = copy_directory(operation, copy, item, &status.st_mtim);
	}
	copy->from = from;
	onto_copy_forget(copy);
	return result < 0 ? -1 : onto_source_return(copy);
}

int onto_run_copy(struct onto_operation *operation, const json_t *source)
{
	const json_t *own = json_object_get(operation->value, "source");
	const json_t *items = json_object_get(operation->value, "items"), *item;
	const struct onto_how how = {
		.owner = operation->has_owner ? &operation->made : NULL,
		.mode = operation->mode,
		.keep_existing = json_is_true(json_object_get(operation->value, "keepExisting")),
	};
	struct onto_copy copy = {.onto = operation->onto, .how = &how, .from = ""};
	int result = 0;
	size_t index;

	if (!json_is_array(items))
		return onto_bad_request(operation->onto, "items");
	if (tree_path_start(&copy.rel, "") < 0)
		return onto_cannot(operation->onto, ENOMEM, "copy to", "");
	if (onto_source_open(&copy, own ? own : source) < 0)
		result = -1;
	json_array_foreach(items, index, item)
	{
		if (result == 0)
			result = copy_item(operation, &copy, item);
	}
	onto_copy_clear(&copy);
	return result;
}
