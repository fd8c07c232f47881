/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_path.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "path.h"
#include "scope.h"

#define STEP "layer"

static int refuse(struct failure *out, const char *name, const char *why)
{
	return fail_kind(
		out, FAILURE_BAD_INPUT, 0, STEP, "the layer's entry '%.300s' %s", name, why);
}

static bool is_mark(const char *component, size_t length)
{
	const size_t prefix = sizeof(WHITEOUT_PREFIX) - 1;

	return length >= prefix && memcmp(component, WHITEOUT_PREFIX, prefix) == 0;
}

/* Appends one component to path[0..*length), or takes the last one away for "..". */
static bool append(char path[PATH_MAX], size_t *length, const char *component, size_t size)
{
	if (size == 0 || (size == 1 && component[0] == '.'))
		return true;
	if (size == 2 && component[0] == '.' && component[1] == '.') {
		const char *slash;

		if (*length == 0)
			return false;
		slash = memrchr(path, '/', *length);
		*length = slash ? (size_t)(slash - path) : 0;
		return true;
	}
	if (*length > 0)
		path[(*length)++] = '/';
	memcpy(path + *length, component, size);
	*length += size;
	return true;
}

int layer_path_clean(const char *name, char ret[PATH_MAX], struct failure *out)
{
	size_t length = 0;

	if (strlen(name) >= PATH_MAX)
		return refuse(out, name, "has too long a name");
	for (const char *at = name; *at;) {
		const char *component = at;
		size_t size = strcspn(at, "/");

		if (!append(ret, &length, component, size))
			return refuse(out, name, "leads out of the layer");
		at += size;
		at += strspn(at, "/");
		if (*at && is_mark(component, size))
			return refuse(out, name, "has a whiteout mark in the place of a directory");
	}
	ret[length] = '\0';
	return 0;
}

void layer_tree_forget(struct layer_tree *tree)
{
	if (tree->parent >= 0)
		close(tree->parent);
	tree->parent = -1;
}

static int cannot_make_parent(int error, const char *path, struct failure *out)
{
	static const char text[] = "cannot make the directory of the layer's entry '%.300s'";

	switch (error) {
	case EINVAL:
		return refuse(out, path, "leads through a symbolic link to a whiteout mark");
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return fail_kind(out, FAILURE_BAD_INPUT, error, STEP, text, path);
	default:
		return fail(out, error, STEP, text, path);
	}
}

int layer_tree_parent(
	struct layer_tree *tree, const char *path, const char **ret_name, struct failure *out)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	char directory[PATH_MAX];

	*ret_name = slash ? slash + 1 : path;
	memcpy(directory, path, length);
	directory[length] = '\0';
	if (tree->parent >= 0 && strcmp(directory, tree->parent_path) == 0)
		return tree->parent;
	layer_tree_forget(tree);
	tree->parent = length == 0 ? fcntl(tree->root, F_DUPFD_CLOEXEC, 3)
				   : path_make_directory(tree->root, directory, PATH_UNMARKED);
	if (tree->parent < 0)
		return cannot_make_parent(errno, path, out);
	memcpy(tree->parent_path, directory, length + 1);
	return tree->parent;
}
