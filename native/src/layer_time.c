/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layer_attributes.h"
#include "path.h"
#include "scope.h"

#define STEP "layer"

/* A layer of nothing but directories must not fill the memory with their times. */
#define TIME_BYTES_LIMIT ((size_t)256 * 1024 * 1024)

int layer_remember_time(struct layer *layer, struct archive_entry *entry, const char *path)
{
	struct timespec times[2];
	char *copy;

	layer->time_bytes += strlen(path) + sizeof(*layer->times);
	if (layer->time_bytes > TIME_BYTES_LIMIT)
		return layer_refuse(layer, path, "is one directory too many");
	if (layer->time_count == layer->time_capacity) {
		size_t capacity = layer->time_capacity * 2 + 256;
		void *grown = realloc(layer->times, capacity * sizeof(*layer->times));

		if (!grown)
			return layer_cannot(layer, ENOMEM, "remember", path);
		layer->times = grown;
		layer->time_capacity = capacity;
	}
	copy = strdup(path);
	if (!copy)
		return layer_cannot(layer, ENOMEM, "remember", path);
	layer_times(entry, times);
	layer->times[layer->time_count++] =
		(struct directory_time){.path = copy, .modified = times[1]};
	return 0;
}

static int open_directory_again(int root, char *path)
{
	char *slash = strrchr(path, '/');
	auto_close int parent = -1;

	if (slash)
		*slash = '\0';
	parent = path_open(root, slash ? path : ".", O_PATH | O_DIRECTORY, PATH_FOLLOW);
	if (parent < 0)
		return -1;
	return openat(
		parent, slash ? slash + 1 : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int set_directory_time(struct layer *layer, const struct directory_time *directory)
{
	const struct timespec times[2] = {directory->modified, directory->modified};
	auto_close int fd = -1;

	if (!*directory->path) {
		fd = openat(layer->tree.root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		fd = open_directory_again(layer->tree.root, directory->path);
		/* A later entry made something else of it, which has its own time. */
		if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
			return 0;
	}
	if (fd < 0 || futimens(fd, times) < 0)
		return fail(layer->out, errno, STEP, "cannot set the times of a directory");
	return 0;
}

int layer_entry_finish(struct layer *layer)
{
	for (size_t i = 0; i < layer->time_count; i++)
		if (set_directory_time(layer, &layer->times[i]) < 0)
			return -1;
	return 0;
}

void layer_entry_clear(struct layer *layer)
{
	for (size_t i = 0; i < layer->time_count; i++)
		free(layer->times[i].path);
	free(layer->times);
	layer->times = NULL;
	layer->time_count = 0;
}
