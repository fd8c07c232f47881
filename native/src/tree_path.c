/* SPDX-License-Identifier: Apache-2.0 */
#include "tree_path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int reserve(struct tree_path *path, size_t size)
{
	size_t room = path->room * 2 + size + 256;
	char *grown;

	if (path->text && path->length + size < path->room)
		return 0;
	grown = realloc(path->text, room);
	if (!grown)
		return -1;
	path->text = grown;
	path->room = room;
	return 0;
}

int tree_path_start(struct tree_path *path, const char *prefix)
{
	size_t length = strlen(prefix);

	*path = (struct tree_path){0};
	if (reserve(path, length + 1) < 0)
		return -1;
	memcpy(path->text, prefix, length + 1);
	path->length = length;
	return 0;
}

int tree_path_push(struct tree_path *path, const char *name)
{
	size_t length = strlen(name);
	bool slash = path->length > 0 && path->text[path->length - 1] != '/';

	if (path->depth == path->capacity) {
		size_t capacity = path->capacity * 2 + 32;
		size_t *grown = reallocarray(path->marks, capacity, sizeof(*grown));

		if (!grown)
			return -1;
		path->marks = grown;
		path->capacity = capacity;
	}
	path->marks[path->depth++] = path->length;
	if (reserve(path, length + 2) < 0)
		return -1;
	if (slash)
		path->text[path->length++] = '/';
	memcpy(path->text + path->length, name, length + 1);
	path->length += length;
	return 0;
}

void tree_path_pop(struct tree_path *path)
{
	if (path->depth == 0)
		return;
	path->length = path->marks[--path->depth];
	path->text[path->length] = '\0';
}

void tree_path_clear(struct tree_path *path)
{
	free(path->text);
	free(path->marks);
	*path = (struct tree_path){0};
}
