/* SPDX-License-Identifier: Apache-2.0 */
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive_sink.h"
#include "layer_path.h"
#include "scope.h"
#include "seal_parts.h"
#include "stat_override.h"
#include "tree_walk.h"
#include "whiteout.h"

void seal_cannot(struct seal *seal, int error, const char *what)
{
	if (!seal->failed)
		fail(seal->out, error, SEAL_STEP, "cannot %s '%.300s'", what,
			seal->path.text ? seal->path.text : "");
	seal->failed = true;
}

static struct seal_level *add_level(struct seal *seal)
{
	if (seal->depth == seal->capacity) {
		size_t capacity = seal->capacity * 2 + 32;
		struct seal_level *grown =
			reallocarray(seal->levels, capacity, sizeof(*seal->levels));

		if (!grown)
			return NULL;
		seal->levels = grown;
		seal->capacity = capacity;
	}
	seal->levels[seal->depth] = (struct seal_level){0};
	return &seal->levels[seal->depth++];
}

/* Everything about a directory that can be known before its content is. */
static void begin_directory(struct seal *seal, int parent, const char *name, int fd)
{
	bool hidden = seal->depth > 0 ? seal->levels[seal->depth - 1].hidden : seal->hidden;
	struct seal_level *level = add_level(seal);
	struct stat below;
	int same;

	if (!level) {
		seal_cannot(seal, ENOMEM, "remember");
		return;
	}
	if (pack_read(&seal->pack, parent, name, seal->path.text, &level->packed) != 0) {
		seal_cannot(seal, EBUSY, "read");
		return;
	}
	same = seal_is_below(seal, parent, name, &level->packed);
	if (same < 0)
		return;
	level->hidden = hidden || layer_is_opaque(fd, false);
	level->told = same == 0 && !(seal_is_placeholder(seal, &level->packed) &&
					   layer_stack_find(&seal->layers, name, &below) < 0);
	seal_note(
		seal, tidy_attributes(&seal->tidy, fd, &level->packed.status, level->packed.path));
	seal_cut_time(seal, &level->packed.status);
	if (!seal->failed && layer_stack_enter(&seal->layers, name) < 0)
		seal_cannot(seal, errno, "enter");
	if (!seal->failed)
		seal_note(seal, seal_marks(seal, fd, &level->hidden));
	if (level->told)
		seal_tell_above(seal, seal->depth - 1);
	if (level->told && !seal->failed)
		seal_note(seal, pack_write(&seal->pack, -1, NULL, &level->packed));
}

static int visit_directory(void *context, int directory, const char *name)
{
	struct seal *seal = context;
	auto_close int fd = -1;

	if (seal->failed)
		return -1;
	if (tree_path_push(&seal->path, name) < 0)
		seal_cannot(seal, ENOMEM, "remember");
	fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		seal_cannot(seal, errno, "open");
	else if (whiteout_of_mark(name))
		seal_note(seal,
			fail_kind(seal->out, FAILURE_BAD_INPUT, 0, SEAL_STEP,
				"a layer can have no directory '%.300s': names that begin with "
				"'.wh.' are its marks",
				seal->path.text));
	else if (!seal->failed)
		begin_directory(seal, directory, name, fd);
	return seal->failed ? -1 : take_fd(&fd);
}

static enum tree_leave leave_directory(
	void *context, int directory, const char *name, unsigned attempt)
{
	struct seal *seal = context;
	struct seal_level *level = &seal->levels[seal->depth - 1];

	(void)attempt;
	if (!seal->failed && layer_stack_leave(&seal->layers) < 0)
		seal_cannot(seal, errno, "leave");
	if (!seal->failed && level->told)
		seal_set_time(seal, directory, name, &level->packed.status);
	else if (!seal->failed)
		seal_drop(seal, directory, name, AT_REMOVEDIR);
	packed_clear(&level->packed);
	seal->depth--;
	tree_path_pop(&seal->path);
	return seal->failed ? TREE_STOP : TREE_DONE;
}

/* No layer's archive says anything about the root here. */
static int begin_root(struct seal *seal, int upper)
{
	struct stat status = {.st_mode = S_IFDIR | 0755};

	seal->hidden = layer_is_opaque(upper, false);
	if (!seal->tidy.overrides &&
		(fchown(upper, 0, 0) < 0 || fchmod(upper, status.st_mode & 07777) < 0))
		return fail(seal->out, errno, SEAL_STEP, "cannot set the mode of the root");
	if (tidy_attributes(&seal->tidy, upper, &status, "") < 0)
		return -1;
	return seal_marks(seal, upper, &seal->hidden);
}

static int walk(struct seal *seal, int upper)
{
	const struct tree_visitor visitor = {.context = seal,
		.ordered = true,
		.marks = true,
		.entry = seal_visit_entry,
		.open = visit_directory,
		.leave = leave_directory};
	auto_close int fd = upper;
	int result;

	if (begin_root(seal, fd) < 0)
		return -1;
	result = tree_walk(take_fd(&fd), &visitor);
	if (seal->failed)
		return -1;
	if (result < 0)
		return fail(seal->out, errno, SEAL_STEP, "cannot read the tree");
	return result > 0 ? fail(seal->out, EBUSY, SEAL_STEP, "cannot read the tree") : 0;
}

static bool is_expected(const struct seal_options *options, const struct sealed *sealed)
{
	return options->later && options->later->held &&
	       strcmp(options->expect, sealed->diff_id) == 0;
}

int seal(const struct seal_options *options, int upper, struct sealed *ret, struct failure *out)
{
	auto_free struct archive_sink *sink = malloc(sizeof(*sink));
	bool overrides =
		stat_override_is_on(upper) || (!options->squash && stat_override_is_needed(upper));
	struct seal seal = {
		.options = options,
		.pack = {.tar = {.write = archive_sink_write, .context = sink},
			.real_owners = options->squash,
			.overrides = overrides,
			.later = options->later,
			.out = out},
		.tidy = {.squash = options->squash, .overrides = overrides, .out = out},
		.out = out,
	};
	bool is_open = false;
	int result = -1;

	if (options->later)
		options->later->held = options->expect && !options->later->is_new;
	if (!sink || tree_path_start(&seal.path, "") < 0) {
		close(upper);
		fail(out, ENOMEM, SEAL_STEP, "cannot seal the tree");
	} else if (layer_stack_open(&options->lower, &seal.layers, out) < 0) {
		close(upper);
	} else {
		archive_sink_open(sink, options->archive);
		is_open = true;
		result = walk(&seal, upper);
	}
	result = pack_finish(&seal.pack, result);
	if (result == 0 && archive_sink_finish(sink, ret->diff_id) < 0)
		result = fail(out, errno, SEAL_STEP, "cannot write the archive");
	if (is_open)
		archive_sink_close(sink);
	ret->is_expected = result == 0 && is_expected(options, ret);
	if (result == 0 && !ret->is_expected)
		result = later_finish(options->later);
	ret->bytes = seal.pack.bytes;
	ret->entries = seal.pack.entries;
	ret->size = seal.pack.tar.written;
	while (seal.depth > 0)
		packed_clear(&seal.levels[--seal.depth].packed);
	free(seal.levels);
	tree_path_clear(&seal.path);
	layer_stack_close(&seal.layers);
	return result;
}
