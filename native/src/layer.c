/* SPDX-License-Identifier: Apache-2.0 */
/* `layer apply`: an image layer's archive becomes a directory for overlay file systems. */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>

#include "id_map.h"
#include "layer_digest.h"
#include "layer_entry.h"
#include "layer_readers.h"
#include "layer_source.h"
#include "rename_new.h"
#include "scope.h"
#include "stat_override.h"
#include "userns.h"
#include "verbs.h"

#define STEP "layer"

/* More than any real image has; fewer than what would keep the machine busy for hours. */
#define ENTRY_LIMIT 10000000

struct arguments {
	const char *target; /* is made; its parent is there */
	const char *id_map;
	bool squash;
};

struct result {
	char diff_id[DIGEST_TEXT_SIZE];
	uint64_t entries, bytes;
};

/* What libarchive's read callback gets. */
struct reader {
	struct layer_source *source;
	struct failure *out;
	bool failed;
};

static int usage(struct failure *out)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
		"usage: layer apply --target DIR --id-map JSON [--squash]");
}

static int parse_arguments(int argc, char **argv, struct arguments *ret, struct failure *out)
{
	if (argc < 3 || strcmp(argv[2], "apply") != 0)
		return usage(out);
	for (int i = 3; i < argc; i++) {
		bool has_value = i + 1 < argc;

		if (strcmp(argv[i], "--squash") == 0)
			ret->squash = true;
		else if (strcmp(argv[i], "--target") == 0 && has_value)
			ret->target = argv[++i];
		else if (strcmp(argv[i], "--id-map") == 0 && has_value)
			ret->id_map = argv[++i];
		else
			return usage(out);
	}
	return ret->target && ret->id_map ? 0 : usage(out);
}

/* ext4 keeps what lies below a directory in its parent's block group, and one that has no journal
 * looks at each inode that was freed there in the last minutes before it takes another: a layer
 * unpacked soon after a removed one took six times as long. Below a directory with this flag each
 * new one gets a group by its name (chattr(1), T). Other file systems do not know it. */
static void spread(int directory)
{
	int flags = 0;

	if (ioctl(directory, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags |= FS_TOPDIR_FL;
	(void)!ioctl(directory, FS_IOC_SETFLAGS, &flags);
}

/* Makes the directory and returns it open. */
static int make_target(const char *path, struct failure *out)
{
	const char *slash = strrchr(path, '/');
	auto_free char *above = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	auto_close int parent = above ? open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	const char *name = slash ? slash + 1 : path;
	uint64_t number = 0;
	char draft[32];
	auto_close int target = -1;

	if (parent < 0 || getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail(out, errno, STEP, "cannot open the directory of %.300s", path);
	spread(parent);
	snprintf(draft, sizeof(draft), ".%016" PRIx64, number);
	if (mkdirat(parent, draft, 0700) == 0 && rename_new(parent, draft, parent, name) == 0)
		target = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* Whatever the umask is. */
	if (target < 0 || fchmod(target, 0755) < 0)
		return fail(out, errno, STEP, "cannot make %.300s", path);
	return take_fd(&target);
}

/* From here on "/" is the target: no name in the archive can mean anything else. */
static int enter_target(const struct arguments *arguments, const struct id_map *map, int *ret_root,
	struct failure *out)
{
	auto_close int target = make_target(arguments->target, out);

	if (target < 0)
		return -1;
	if (userns_create(map, CLONE_NEWNS, out) < 0)
		return -1;
	if (fchdir(target) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return fail(out, errno, STEP, "cannot enter %.300s", arguments->target);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(out, errno, STEP, "cannot give up privileges");
	umask(0);
	*ret_root = take_fd(&target);
	return 0;
}

/* Where files cannot be given away, the root says how the owners are kept. */
static int choose_owners(struct layer *layer, const char *target)
{
	if (layer->squash || !stat_override_is_needed(layer->tree.root))
		return 0;
	layer->overrides = true;
	if (stat_override_write(layer->tree.root, 0, 0, 0755) == 0)
		return 0;
	return fail(layer->out, errno, STEP,
		"the file system of %.300s neither gives files to other ids nor keeps their owners in attributes: set LIGHTER_DATA_DIR to a local directory",
		target);
}

static la_ssize_t read_archive(struct archive *archive, void *data, const void **ret)
{
	struct reader *reader = data;
	ssize_t length = layer_source_read(reader->source, ret, reader->out);

	if (length < 0) {
		reader->failed = true;
		archive_set_error(archive, EIO, "unreadable");
	}
	return length;
}

/* Fills *out with what the archive reader said, unless the stream below it failed first. */
static int archive_failed(const struct reader *reader, struct archive *archive)
{
	const char *text = archive_error_string(archive);

	if (reader->failed)
		return -1;
	if (archive_errno(archive) == ENOMEM)
		return fail(reader->out, ENOMEM, STEP, "cannot read the layer's archive");
	return fail_kind(reader->out, FAILURE_BAD_INPUT, 0, STEP,
		"the layer's archive is damaged: %.300s", text ? text : "no reason given");
}

static int open_archive(struct archive *archive, struct reader *reader)
{
	if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
		archive_read_open(archive, reader, NULL, read_archive, NULL) != ARCHIVE_OK)
		return archive_failed(reader, archive);
	return 0;
}

static int apply_entries(struct layer *layer, struct reader *reader, uint64_t *ret_entries)
{
	uint64_t entries = 0;

	for (;;) {
		struct archive_entry *entry;
		int code = archive_read_next_header(layer->archive, &entry);

		if (code == ARCHIVE_EOF)
			break;
		/* A warning says that a part of the header was not understood: what would be made
		 * of the rest is not what the author meant. */
		if (code != ARCHIVE_OK)
			return archive_failed(reader, layer->archive);
		if (++entries > ENTRY_LIMIT)
			return fail_kind(layer->out, FAILURE_BAD_INPUT, 0, STEP,
				"the layer has more than %d entries", ENTRY_LIMIT);
		archive_clear_error(layer->archive);
		if (layer_entry_apply(layer, entry) < 0)
			return archive_errno(layer->archive) || reader->failed
				       ? archive_failed(reader, layer->archive)
				       : -1;
	}
	*ret_entries = entries;
	return layer_entry_finish(layer);
}

static int apply(const struct arguments *arguments, const struct id_map *map, struct result *ret,
	struct failure *out)
{
	auto_close int root = -1;
	struct reader reader = {.out = out};
	struct layer layer = {.map = map, .squash = arguments->squash, .out = out};
	int result = -1;

	if (enter_target(arguments, map, &root, out) < 0 ||
		layer_source_open(STDIN_FILENO, true, &reader.source, out) < 0)
		return -1;
	layer.archive = archive_read_new();
	layer.tree = (struct layer_tree){.root = root, .parent = -1};
	if (!layer.archive)
		fail(out, ENOMEM, STEP, "cannot read the layer's archive");
	else if (choose_owners(&layer, arguments->target) == 0 &&
		 open_archive(layer.archive, &reader) == 0 &&
		 apply_entries(&layer, &reader, &ret->entries) == 0)
		/* What follows the archive's end is padding, and part of the digest. */
		result = layer_source_finish(reader.source, ret->diff_id, out);
	ret->bytes = layer.bytes;
	layer_tree_forget(&layer.tree);
	layer_entry_clear(&layer);
	archive_read_free(layer.archive);
	layer_source_close(reader.source);
	return result;
}

static int report(const struct result *result)
{
	json_t *line =
		json_pack("{s:s, s:s, s:I, s:I}", "event", "applied", "diffId", result->diff_id,
			"bytes", (json_int_t)result->bytes, "entries", (json_int_t)result->entries);
	auto_free char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	json_decref(line);
	return text && printf("%s\n", text) > 0 && fflush(stdout) == 0 ? 0 : 1;
}

/* Layers of one pull are on one file system, which is synced once. */
static int sync_file_systems(const int *layers, size_t count)
{
	dev_t synced = 0;

	for (size_t i = 0; i < count; i++) {
		struct stat status;

		if (layers[i] < 0)
			continue;
		if (fstat(layers[i], &status) < 0 ||
			(status.st_dev != synced && syncfs(layers[i]) < 0))
			return -1;
		synced = status.st_dev;
	}
	return 0;
}

/* `layer sync DIR…`: run in the background, for it may take as long as the download did. Until
 * DIR/synced is there a layer counts as whole for this boot only. A mark needs no sync of its own:
 * without it the layer is unpacked once more. */
static int sync_layers(char **directories, size_t count)
{
	/* Kept open: a layer that takes the name of a removed one meanwhile is not synced. */
	auto_free int *layers = calloc(count + 1, sizeof(*layers));
	int result = 0;

	if (!layers)
		return 1;
	for (size_t i = 0; i < count; i++)
		layers[i] = open(directories[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sync_file_systems(layers, count) < 0)
		return 1;
	for (size_t i = 0; i < count; i++) {
		auto_close int mark =
			layers[i] < 0 ? -1
				      : openat(layers[i], "synced",
						O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (layers[i] >= 0 && mark < 0 && errno != ENOENT)
			result = 1;
	}
	return result;
}

int verb_layer(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct id_map map = {0};
	struct result result = {0};
	struct failure failure;
	int status = -1;

	if (argc > 2 && strcmp(argv[2], "sync") == 0)
		return sync_layers(argv + 3, (size_t)argc - 3);
	if (argc > 2 && strcmp(argv[2], "digest") == 0)
		return layer_digest_verb(argc, argv);
	if (argc > 2 && strcmp(argv[2], "exchange") == 0)
		return layer_exchange_verb(argc, argv);
	if (argc > 2 && strcmp(argv[2], "readers") == 0)
		return layer_readers_verb(argc, argv);
	if (parse_arguments(argc, argv, &arguments, &failure) == 0 &&
		id_map_parse_text(arguments.id_map, &map, &failure) == 0)
		status = apply(&arguments, &map, &result, &failure);
	id_map_clear(&map);
	if (status == 0)
		return report(&result);
	failure_flatten(&failure);
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}
