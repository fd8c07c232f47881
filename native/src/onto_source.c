/* SPDX-License-Identifier: Apache-2.0 */
/* Where the files of a copy come from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "onto_request.h"
#include "scope.h"

bool onto_source_is_clean(const char *path)
{
	if (!path || strlen(path) >= PATH_MAX)
		return false;
	for (const char *at = path; *at;) {
		size_t length = strcspn(at, "/");

		if (length == 0 || length > NAME_MAX || (length == 1 && at[0] == '.') ||
			(length == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += length;
		if (*at && !*++at)
			return false;
	}
	return true;
}

static int open_layers(struct onto_copy *copy, const json_t *list)
{
	auto_free char **items = calloc(json_array_size(list) + 1, sizeof(*items));
	struct string_list layers = {.items = items};

	if (!items)
		return onto_cannot(copy->onto, ENOMEM, "open the source of", "");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *path = json_string_value(json_array_get(list, i));

		if (!path)
			return onto_bad_request(copy->onto, "source");
		items[layers.count++] = (char *)(uintptr_t)path;
	}
	return layer_stack_open(&layers, &copy->source, copy->onto->layer.out);
}

int onto_source_open(struct onto_copy *copy, const json_t *source)
{
	const char *directory = onto_text(source, "directory");
	const json_t *layers = json_object_get(source, "layers");

	if (json_is_array(layers) && !directory)
		return open_layers(copy, layers);
	if (!directory || layers)
		return onto_bad_request(copy->onto, "source");
	copy->plain = true;
	return layer_stack_open_plain(directory, &copy->source, copy->onto->layer.out);
}

int onto_source_go(struct onto_copy *copy, const char *path, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t size = strcspn(path + at, "/");
		char name[NAME_MAX + 1];
		struct stat status;

		memcpy(name, path + at, size);
		name[size] = '\0';
		if (layer_stack_find(&copy->source, name, &status) < 0 || !S_ISDIR(status.st_mode))
			return onto_copy_stale(copy, "");
		if (layer_stack_enter(&copy->source, name) < 0)
			return onto_cannot(copy->onto, errno, "read the source of", "");
		at += size + 1;
	}
	return 0;
}

int onto_source_return(struct onto_copy *copy)
{
	while (copy->source.depth > 0)
		if (layer_stack_leave(&copy->source) < 0)
			return onto_cannot(copy->onto, errno, "read the source of", "");
	return 0;
}
