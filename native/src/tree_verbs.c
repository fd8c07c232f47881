/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about trees that steps of builds write. */
#include "tree_verbs.h"

#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "id_map.h"
#include "layer_readers.h"
#include "pack.h"
#include "process.h"
#include "scope.h"
#include "stat_override.h"
#include "verbs.h"

#define STEP "tree"

int tree_usage(struct failure *out, const char *verb)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "bad arguments of tree %.20s", verb);
}

static bool read_number(const char *text, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

/* The lists have room for all of argv. */
static void add(struct string_list *list, char *text)
{
	list->items[list->count++] = text;
}

static int read_option(struct tree_arguments *ret, int option, struct failure *out)
{
	int64_t number;

	switch (option) {
	case 'm':
		return id_map_parse_text(optarg, &ret->map, out);
	case 's':
		ret->squash = true;
		return 0;
	case 'l':
		add(&ret->lower, optarg);
		return 0;
	case 'p':
		add(&ret->placeholders, optarg);
		return 0;
	case 'a':
		ret->archive = optarg;
		return 0;
	case 'r':
		ret->request = optarg;
		return 0;
	case 'n':
		ret->digests = false;
		return 0;
	case 'c':
		ret->no_content = true;
		return 0;
	case 'e':
		ret->is_limited = true;
		return read_number(optarg, &ret->latest) ? 0 : tree_usage(out, "--epoch");
	case 'd':
		if (!read_number(optarg, &number) || number < 0 || number > INT32_MAX)
			return tree_usage(out, "--depth");
		ret->depth = (long)number;
		return 0;
	default:
		return tree_usage(out, "option");
	}
}

/* `--layers` takes all that follows, up to `--`. */
static int parse(int argc, char **argv, struct tree_arguments *ret, struct failure *out)
{
	static const struct option options[] = {
		{"id-map", required_argument, NULL, 'm'},
		{"squash", no_argument, NULL, 's'},
		{"squash-read", no_argument, NULL, 's'},
		{"lower", required_argument, NULL, 'l'},
		{"layers", required_argument, NULL, 'l'},
		{"placeholder", required_argument, NULL, 'p'},
		{"archive", required_argument, NULL, 'a'},
		{"request", required_argument, NULL, 'r'},
		{"no-digest", no_argument, NULL, 'n'},
		{"no-content", no_argument, NULL, 'c'},
		{"epoch", required_argument, NULL, 'e'},
		{"rewrite-timestamp", required_argument, NULL, 'e'},
		{"depth", required_argument, NULL, 'd'},
		{0},
	};
	int option;

	opterr = 0;
	optind = 3;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		if (read_option(ret, option, out) < 0)
			return -1;
	/* getopt stops at the first text that belongs to no option. */
	while (optind < argc && strcmp(argv[optind - 1], "--") != 0 &&
		strcmp(argv[optind], "--") != 0)
		add(&ret->lower, argv[optind++]);
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
		optind++;
	while (optind < argc)
		add(&ret->operands, argv[optind++]);
	return ret->map.uid_count > 0 ? 0 : tree_usage(out, "without --id-map");
}

int tree_report(const char *event, void *more, struct failure *out)
{
	json_t *line = json_pack("{s:s}", "event", event);
	auto_free char *text = NULL;

	if (line && more && json_object_update(line, more) == 0)
		text = json_dumps(line, JSON_COMPACT);
	json_decref(more);
	json_decref(line);
	return text && printf("%s\n", text) > 0 && fflush(stdout) == 0
		       ? 0
		       : fail(out, errno, STEP, "cannot report");
}

int tree_open(const char *path, struct failure *out)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail(out, errno, STEP, "cannot open %.300s", path) : fd;
}

int tree_pack_run(const struct tree_arguments *arguments, struct failure *out)
{
	int output = STDOUT_FILENO;
	struct pack pack = {.tar = {.write = tar_write_fd, .context = &output},
		.real_owners = arguments->squash,
		.layer = true,
		.is_limited = arguments->is_limited,
		.latest = arguments->latest,
		.out = out};
	int tree;

	if (arguments->operands.count != 1)
		return tree_usage(out, "pack");
	layer_readers_join(&arguments->operands);
	if (userns_create(&arguments->map, 0, out) < 0)
		return -1;
	tree = tree_open(arguments->operands.items[0], out);
	if (tree < 0)
		return -1;
	pack.overrides = stat_override_is_on(tree);
	return pack_finish(&pack, pack_tree(&pack, tree, "", false));
}

static const struct {
	const char *name;
	int (*run)(const struct tree_arguments *arguments, struct failure *out);
	int report; /* where failures are told: standard output, unless it is for something else */
} tree_verbs[] = {
	{"seal", tree_seal_run, STDOUT_FILENO},
	{"pack", tree_pack_run, STDERR_FILENO},
	{"copy", tree_copy_run, STDOUT_FILENO},
	{"list", tree_list_run, STDERR_FILENO},
};

static int run(int argc, char **argv, size_t verb, struct failure *out)
{
	size_t size = (size_t)argc + 1;
	auto_free char **items = calloc(3 * size, sizeof(*items));
	struct tree_arguments arguments = {.digests = true, .depth = -1};
	int result = -1;

	if (!items)
		return fail(out, ENOMEM, STEP, "cannot read the arguments");
	arguments.lower.items = items;
	arguments.placeholders.items = items + size;
	arguments.operands.items = items + 2 * size;
	if (process_reset_signals(out) == 0 && parse(argc, argv, &arguments, out) == 0)
		result = tree_verbs[verb].run(&arguments, out);
	id_map_clear(&arguments.map);
	return result;
}

int verb_tree(int argc, char **argv)
{
	struct failure failure = {0};
	int report = STDOUT_FILENO;

	fail_kind(&failure, FAILURE_BAD_INPUT, 0, STEP, "usage: tree seal|pack|copy|list …");
	for (size_t i = 0; argc > 2 && i < array_size(tree_verbs); i++) {
		if (strcmp(argv[2], tree_verbs[i].name) != 0)
			continue;
		if (run(argc, argv, i, &failure) == 0)
			return 0;
		report = tree_verbs[i].report;
	}
	failure_flatten(&failure);
	failure_report(report, &failure);
	return failure_exit_code(&failure);
}
