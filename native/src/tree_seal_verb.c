/* SPDX-License-Identifier: Apache-2.0 */
/* `tree seal`, and what `tree copy` does of it. */
#include <fcntl.h>
#include <sys/stat.h>

#include <jansson.h>

#include "layer_readers.h"
#include "scope.h"
#include "tree_verbs.h"

#define STEP "tree"

int tree_seal(const struct seal_options *options, const char *upper, const char *archive,
	struct failure *out)
{
	struct seal_options own = *options;
	struct sealed sealed;
	auto_close int file = -1;
	int tree;

	if (archive) {
		file = open(archive, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file < 0)
			return fail(out, errno, STEP, "cannot create %.300s", archive);
	}
	own.archive = file;
	tree = tree_open(upper, out);
	if (tree < 0 || seal(&own, tree, &sealed, out) < 0)
		return -1;
	return tree_report("sealed",
		json_pack("{s:s, s:I, s:I, s:I, s:b}", "diffId", sealed.diff_id, "bytes",
			(json_int_t)sealed.bytes, "entries", (json_int_t)sealed.entries, "size",
			(json_int_t)sealed.size, "isExpected", sealed.is_expected),
		out);
}

int tree_seal_run(const struct tree_arguments *arguments, struct failure *out)
{
	const struct seal_options options = {.lower = arguments->lower,
		.placeholders = arguments->placeholders,
		.links_are_new = true,
		.squash = arguments->squash,
		.is_limited = arguments->is_limited,
		.latest = arguments->latest};

	if (arguments->operands.count != 1)
		return tree_usage(out, "seal");
	layer_readers_join(&arguments->lower);
	if (userns_create(&arguments->map, 0, out) < 0)
		return -1;
	umask(0);
	return tree_seal(&options, arguments->operands.items[0], arguments->archive, out);
}
