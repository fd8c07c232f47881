/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `measure`: what the files of trees take that only the container's ids may read. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "id_map.h"
#include "scope.h"
#include "tree_walk.h"
#include "userns.h"
#include "verbs.h"

#define STEP "measure"

struct measure {
	unsigned long long bytes;
	/* Files with several names, each counted once: an open hash table of inode numbers. */
	ino_t *seen;
	size_t count, capacity;
	int error; /* the first, 0 = none */
};

static bool insert(ino_t *table, size_t capacity, ino_t inode)
{
	size_t at = (size_t)inode * 0x9e3779b97f4a7c15ULL % capacity;

	while (table[at] && table[at] != inode)
		at = (at + 1) % capacity;
	if (table[at] == inode)
		return false;
	table[at] = inode;
	return true;
}

/* 1 = seen for the first time, 0 = known, -1 = no memory. */
static int remember(struct measure *measure, ino_t inode)
{
	if (measure->count * 2 >= measure->capacity) {
		size_t capacity = measure->capacity * 2 + 1021;
		ino_t *grown = calloc(capacity, sizeof(*grown));

		if (!grown)
			return -1;
		for (size_t i = 0; i < measure->capacity; i++)
			if (measure->seen[i])
				insert(grown, capacity, measure->seen[i]);
		free(measure->seen);
		measure->seen = grown;
		measure->capacity = capacity;
	}
	if (!insert(measure->seen, measure->capacity, inode))
		return 0;
	measure->count++;
	return 1;
}

static void measure_entry(void *context, int directory, const char *name)
{
	struct measure *measure = context;
	struct stat status;
	int first = 1;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		/* A running container changes its files meanwhile: what is gone takes nothing. */
		if (errno != ENOENT && !measure->error)
			measure->error = errno;
		return;
	}
	if (!S_ISREG(status.st_mode))
		return;
	if (status.st_nlink > 1)
		first = remember(measure, status.st_ino);
	if (first < 0)
		measure->error = ENOMEM;
	else if (first > 0)
		measure->bytes += (unsigned long long)status.st_size;
}

static int open_directory(void *context, int directory, const char *name)
{
	struct measure *measure = context;
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP && !measure->error)
		measure->error = errno;
	return fd;
}

static int report(const char *path, unsigned long long bytes, struct failure *out)
{
	json_t *line = json_pack(
		"{s:s, s:s, s:I}", "event", "measured", "path", path, "bytes", (json_int_t)bytes);
	auto_free char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	json_decref(line);
	if (!text)
		return fail(out, ENOMEM, STEP, "cannot report the size of %.300s", path);
	puts(text);
	return 0;
}

/* What is not there takes nothing. A tree that its container moves about while it is measured has
 * the size that was seen. */
static int measure_path(const char *path, struct failure *out)
{
	struct measure measure = {0};
	const struct tree_visitor visitor = {
		.context = &measure, .entry = measure_entry, .open = open_directory};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if ((fd < 0 || tree_walk(fd, &visitor) < 0) && errno != ENOENT)
		measure.error = errno;
	free(measure.seen);
	if (measure.error)
		return fail(out, measure.error, STEP, "cannot measure %.300s", path);
	return report(path, measure.bytes, out);
}

static int measure_paths(int argc, char **argv, struct failure *out)
{
	struct id_map map = {0};
	int result;

	if (argc < 6 || strcmp(argv[2], "--id-map") != 0 || strcmp(argv[4], "--") != 0)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "usage: measure --id-map JSON -- PATH…");
	if (id_map_parse_text(argv[3], &map, out) < 0)
		return -1;
	result = userns_create(&map, 0, out);
	id_map_clear(&map);
	for (int i = 5; result == 0 && i < argc; i++)
		result = measure_path(argv[i], out);
	return result;
}

int verb_measure(int argc, char **argv)
{
	struct failure failure;

	if (measure_paths(argc, argv, &failure) == 0)
		return 0;
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}
