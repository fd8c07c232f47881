/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_readers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "fail.h"
#include "process.h"
#include "scope.h"

#define STEP "layer"

/* The length of the path without its last two names, LAYERS/<name>/fs; 0 = it has fewer. */
static size_t layers_length(const char *tree)
{
	size_t length = strlen(tree);

	for (int names = 0; names < 2; names++) {
		while (length > 0 && tree[length - 1] != '/')
			length--;
		if (length == 0)
			return 0;
		length--;
	}
	return length;
}

void layer_readers_join(const struct string_list *trees)
{
	const char *last = NULL;
	size_t last_length = 0;

	for (size_t i = 0; i < trees->count; i++) {
		const char *tree = trees->items[i];
		size_t length = layers_length(tree);
		auto_free char *layers = NULL;

		if (length == 0 || (length == last_length && strncmp(tree, last, length) == 0))
			continue;
		last = tree;
		last_length = length;
		layers = strndup(tree, length);

		auto_close int fd = layers ? open(layers, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

		/* Who looks for readers has the exclusive lock for a moment. */
		if (fd >= 0 && retry_eintr(flock(fd, LOCK_SH)) == 0)
			(void)take_fd(&fd);
	}
}

/* Whoever begins to read now finds the trees that have their names now. */
static int has_readers(const char *layers, bool *ret, struct failure *out)
{
	auto_close int fd = open(layers, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail(out, errno, STEP, "cannot open %.300s", layers);
	*ret = retry_eintr(flock(fd, LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK;
	return 0;
}

int layer_readers_verb(int argc, char **argv)
{
	struct failure failure = {0};
	bool present = false;

	if (argc != 4)
		fail_kind(&failure, FAILURE_BAD_INPUT, 0, STEP, "usage: layer readers DIR");
	else if (has_readers(argv[3], &present, &failure) == 0) {
		printf("{\"event\":\"readers\",\"present\":%s}\n", present ? "true" : "false");
		return 0;
	}
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}
