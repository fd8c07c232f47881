/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs `diff`, `export` and `commit`: they only read a container's files. */
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "changes.h"
#include "pack.h"
#include "process.h"
#include "scope.h"
#include "verbs.h"
#include "view.h"

struct arguments {
	const char *view, *error_prefix;
	bool null; /* of diff: NUL ends each line, which a name may have a line break in */
};

static int parse_arguments(int argc, char **argv, struct arguments *ret, struct failure *out)
{
	static const struct option options[] = {
		{"view", required_argument, NULL, 'v'},
		{"error-prefix", required_argument, NULL, 'p'},
		{"null", no_argument, NULL, '0'},
		{0},
	};
	int option;

	opterr = 0;
	optind = 2;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'v')
			ret->view = optarg;
		else if (option == 'p')
			ret->error_prefix = optarg;
		else if (option == '0')
			ret->null = true;
		else
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "view", "bad option");
	}
	if (!ret->view || optind != argc)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "view", "--view FILE is missing");
	return 0;
}

/* The lines of `diff`, sorted at the end: deletions are found out of their turn. */
struct lines {
	char **items;
	size_t count, capacity;
};

static int add_line(void *context, enum change_kind kind, const char *path, int directory,
	const char *name, const struct packed *packed)
{
	struct lines *lines = context;
	char *line;

	(void)directory;
	(void)name;
	(void)packed;
	if (lines->count == lines->capacity) {
		size_t capacity = lines->capacity * 2 + 256;
		char **grown = reallocarray(lines->items, capacity, sizeof(*grown));

		if (!grown)
			return -1;
		lines->items = grown;
		lines->capacity = capacity;
	}
	if (asprintf(&line, "%c /%s", kind, path) < 0)
		return -1;
	lines->items[lines->count++] = line;
	return 0;
}

static int compare_lines(const void *one, const void *other)
{
	return strcmp(*(char *const *)one + 2, *(char *const *)other + 2);
}

static int print_lines(const struct lines *lines, char end, struct failure *out)
{
	if (lines->count > 0)
		qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
	for (size_t i = 0; i < lines->count; i++)
		printf("%s%c", lines->items[i], end);
	return fflush(stdout) == 0 ? 0 : fail(out, errno, "diff", "cannot write");
}

static int diff(const struct arguments *arguments, const struct view *view, struct failure *out)
{
	struct lines lines = {0};
	const struct change_sink sink = {.context = &lines, .change = add_line};
	int result;

	fail(out, ENOMEM, "diff", "cannot keep the changes");
	result = view_enter_files(view, out);
	if (result == 0)
		result = changes_walk(&view->rootfs, &sink, out);
	if (result == 0)
		result = print_lines(&lines, arguments->null ? '\0' : '\n', out);
	for (size_t i = 0; i < lines.count; i++)
		free(lines.items[i]);
	free(lines.items);
	return result;
}

static int export(const struct arguments *arguments, const struct view *view, struct failure *out)
{
	int output = STDOUT_FILENO;
	struct pack pack = {
		.tar = {.write = tar_write_fd, .context = &output},
		.real_owners = view_is_squashed(view),
		.out = out,
	};
	auto_close int root = view_enter(view, VIEW_ROOTFS, out);
	int tree;

	(void)arguments;
	if (root < 0)
		return -1;
	tree = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree < 0)
		return fail(out, errno, "export", "cannot open the root filesystem");
	return pack_finish(&pack, pack_tree(&pack, tree, "", false));
}

static int add_change(void *context, enum change_kind kind, const char *path, int directory,
	const char *name, const struct packed *packed)
{
	struct pack *pack = context;

	if (kind == CHANGE_DELETED)
		return pack_whiteout(pack, path);
	return packed ? pack_write(pack, -1, NULL, packed) : pack_add(pack, directory, name, path);
}

/* The changes as a layer: as Docker's, it has whiteouts and no opaque directories. */
static int commit(const struct arguments *arguments, const struct view *view, struct failure *out)
{
	int output = STDOUT_FILENO;
	struct pack pack = {
		.tar = {.write = tar_write_fd, .context = &output},
		.real_owners = view_is_squashed(view),
		.out = out,
	};
	const struct change_sink sink = {.context = &pack, .change = add_change, .pack = &pack};

	(void)arguments;
	if (view_enter_files(view, out) < 0)
		return -1;
	return pack_finish(&pack, changes_walk(&view->rootfs, &sink, out));
}

typedef int view_work(
	const struct arguments *arguments, const struct view *view, struct failure *out);

static int run(int argc, char **argv, view_work *work)
{
	struct arguments arguments = {.error_prefix = ""};
	struct failure failure = {0};
	struct view view = {0};
	int result = -1;

	if (process_reset_signals(&failure) == 0 &&
		parse_arguments(argc, argv, &arguments, &failure) == 0 &&
		view_load(arguments.view, &view, &failure) == 0)
		result = work(&arguments, &view, &failure);
	view_clear(&view);
	if (result == 0)
		return 0;
	fprintf(stderr, "%s%s\n", arguments.error_prefix, failure.message);
	return 1;
}

int verb_diff(int argc, char **argv)
{
	return run(argc, argv, diff);
}

int verb_export(int argc, char **argv)
{
	return run(argc, argv, export);
}

int verb_commit(int argc, char **argv)
{
	return run(argc, argv, commit);
}
