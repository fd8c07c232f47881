/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `files`: both ends of `cp`. With --view inside a container, where every path is resolved
 * with the container's root as root; without it on the host, with the rights of the caller. */
#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "pack.h"
#include "path.h"
#include "process.h"
#include "scope.h"
#include "unpack.h"
#include "users.h"
#include "verbs.h"
#include "view.h"

#define STEP "files"

struct arguments {
	const char *action, *view, *path, *name, *owner;
	bool keep_owners, overwrite, announce;
};

static int parse_arguments(int argc, char **argv, struct arguments *ret, struct failure *out)
{
	static const struct option options[] = {
		{"view", required_argument, NULL, 'v'},
		{"path", required_argument, NULL, 'p'},
		{"name", required_argument, NULL, 'n'},
		{"keep-owners", no_argument, NULL, 'k'},
		{"owner", required_argument, NULL, 'o'},
		{"overwrite", no_argument, NULL, 'w'},
		{"announce", no_argument, NULL, 'a'},
		{0},
	};
	int option;

	ret->action = argc > 2 ? argv[2] : "";
	opterr = 0;
	optind = 3;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'v')
			ret->view = optarg;
		else if (option == 'p')
			ret->path = optarg;
		else if (option == 'n')
			ret->name = optarg;
		else if (option == 'k')
			ret->keep_owners = true;
		else if (option == 'o')
			ret->owner = optarg;
		else if (option == 'w')
			ret->overwrite = true;
		else if (option == 'a')
			ret->announce = true;
		else
			return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "bad option");
	}
	if (!ret->path || optind != argc)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "--path PATH is missing");
	return 0;
}

/* A path that is not there has a kind of its own: Docker has a sentence for it. Its other sentences
 * begin the system's texts with a small letter. */
static int fail_path(struct failure *out, const char *path)
{
	int error = errno;
	const char *text = strerror(error);

	fail_kind(out, error == ENOENT ? FAILURE_NOT_FOUND : FAILURE_BAD_INPUT, 0, STEP,
		"lstat %.300s: %c%s", path, tolower((unsigned char)text[0]), text + 1);
	out->error = error;
	return -1;
}

/* The last component is taken as it is, unless a slash follows it. */
static int open_path(int root, const char *path, struct failure *out)
{
	int fd = root < 0 ? open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC)
			  : path_open(root, path, O_PATH | O_NOFOLLOW, PATH_FOLLOW);

	return fd < 0 ? fail_path(out, path) : fd;
}

static int report_status(const struct arguments *arguments, int root, struct failure *out)
{
	auto_close int fd = open_path(root, arguments->path, out);
	auto_free char *text = NULL;
	char target[PATH_MAX] = "";
	struct stat status;
	json_t *line;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0)
		return fail_path(out, arguments->path);
	if (S_ISLNK(status.st_mode)) {
		ssize_t length = readlinkat(fd, "", target, sizeof(target) - 1);

		if (length < 0)
			return fail_path(out, arguments->path);
		target[length] = '\0';
	}
	line = json_pack("{s:s, s:I, s:I, s:I, s:I, s:s%}", "event", "status", "mode",
		(json_int_t)status.st_mode, "size", (json_int_t)status.st_size, "seconds",
		(json_int_t)status.st_mtim.tv_sec, "nanoseconds",
		(json_int_t)status.st_mtim.tv_nsec, "target", target, (size_t)strlen(target));
	text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	json_decref(line);
	if (!text)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
			"the link %.300s points to what is no text", arguments->path);
	puts(text);
	return 0;
}

static int open_parent(int root, const char *path, const char **ret_name, struct failure *out)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = NULL;
	int fd;

	*ret_name = slash ? slash + 1 : path;
	parent = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!parent)
		return fail(out, ENOMEM, STEP, "cannot name %.300s", path);
	fd = root < 0 ? open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC)
		      : path_open(root, parent, O_PATH | O_DIRECTORY, PATH_FOLLOW);
	return fd < 0 ? fail_path(out, path) : fd;
}

static int read_directory(
	struct pack *pack, int found, const struct arguments *arguments, struct failure *out)
{
	int tree = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (tree < 0)
		return fail(out, errno, STEP, "open %.300s", arguments->path);
	if (pack_add(pack, tree, ".", arguments->name) < 0) {
		close(tree);
		return -1;
	}
	return pack_tree(pack, tree, arguments->name, true);
}

static int read_object(
	struct pack *pack, int root, const struct arguments *arguments, struct failure *out)
{
	auto_close int found = open_path(root, arguments->path, out);
	auto_close int parent = -1;
	struct stat status;
	const char *name;

	if (found < 0)
		return -1;
	if (fstat(found, &status) < 0)
		return fail_path(out, arguments->path);
	if (S_ISDIR(status.st_mode))
		return read_directory(pack, found, arguments, out);
	parent = open_parent(root, arguments->path, &name, out);
	return parent < 0 ? -1 : pack_add(pack, parent, name, arguments->name);
}

static int read_files(
	const struct arguments *arguments, const struct view *view, int root, struct failure *out)
{
	int output = STDOUT_FILENO;
	struct pack pack = {
		.tar = {.write = tar_write_fd, .context = &output},
		.real_owners = view && view_is_squashed(view),
		.out = out,
	};

	if (!arguments->name)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "--name NAME is missing");
	return pack_finish(&pack, read_object(&pack, root, arguments, out));
}

/* Whom the files are to belong to: a user of the container, root where nobody is named. */
static int choose_owner(
	const struct arguments *arguments, int root, struct unpack *options, struct failure *out)
{
	struct spec_user user = {0};

	options->owner = arguments->keep_owners ? UNPACK_KEEP : UNPACK_ONE;
	if (!arguments->owner)
		return 0;
	if (users_resolve(root, arguments->owner, NULL, &user, NULL, out) < 0)
		return -1;
	free(user.additional_gids);
	options->owner = UNPACK_ONE;
	options->uid = user.uid;
	options->gid = user.gid;
	return 0;
}

/* Says that nothing but the archive can be wrong any more: before that nothing of it is read. */
static int say_ready(const struct arguments *arguments, struct failure *out)
{
	if (!arguments->announce || (puts("{\"event\":\"ready\"}") >= 0 && fflush(stdout) == 0))
		return 0;
	return fail(out, errno, STEP, "cannot say that all is ready");
}

static int write_inside(
	const struct arguments *arguments, const struct view *view, int root, struct failure *out)
{
	struct unpack options = {
		.root = root,
		.directory = arguments->path,
		.shown = arguments->path,
		.follow = true,
		.map = &view->id_map,
		.squash = view_is_squashed(view),
		.overwrite = arguments->overwrite,
	};
	auto_close int directory = path_open(root, arguments->path, O_PATH, PATH_FOLLOW);
	struct stat status;

	if (directory < 0 || fstat(directory, &status) < 0)
		return fail_path(out, arguments->path);
	if (!S_ISDIR(status.st_mode))
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "extraction point is not a directory");
	if (choose_owner(arguments, root, &options, out) < 0 || say_ready(arguments, out) < 0)
		return -1;
	umask(0);
	return unpack(&options, STDIN_FILENO, out);
}

static int write_outside(const struct arguments *arguments, struct failure *out)
{
	auto_close int root = open(arguments->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct unpack options = {
		.root = root,
		.directory = "",
		.shown = arguments->path,
		.owner = UNPACK_CALLER,
	};

	if (root < 0)
		return fail_path(out, arguments->path);
	umask(0);
	return unpack(&options, STDIN_FILENO, out);
}

static int act(const struct arguments *arguments, const struct view *view, struct failure *out)
{
	bool writes = strcmp(arguments->action, "write") == 0;
	auto_close int root =
		view ? view_enter(view, writes ? VIEW_WRITABLE : VIEW_CONTAINER, out) : -1;

	if (view && root < 0)
		return -1;
	if (writes)
		return view ? write_inside(arguments, view, root, out)
			    : write_outside(arguments, out);
	if (strcmp(arguments->action, "read") == 0)
		return read_files(arguments, view, root, out);
	if (strcmp(arguments->action, "stat") == 0)
		return report_status(arguments, root, out);
	return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "usage: files stat|read|write …");
}

/* Failures go to standard error as report lines: standard output may be the archive. */
int verb_files(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct failure failure = {0};
	struct view view = {0};
	int result = -1;

	if (process_reset_signals(&failure) == 0 &&
		parse_arguments(argc, argv, &arguments, &failure) == 0 &&
		(!arguments.view || view_load(arguments.view, &view, &failure) == 0))
		result = act(&arguments, arguments.view ? &view : NULL, &failure);
	view_clear(&view);
	if (result == 0)
		return fflush(stdout) == 0 ? 0 : 1;
	failure_flatten(&failure);
	failure_report(STDERR_FILENO, &failure);
	return 1;
}
