/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "byte_names.h"
#include "layer_readers.h"
#include "tree_list.h"
#include "tree_verbs.h"

int tree_list_run(const struct tree_arguments *arguments, struct failure *out)
{
	const struct tree_list_options options = {.layers = arguments->lower,
		.paths = arguments->operands,
		.squash = arguments->squash,
		.digests = arguments->digests,
		.no_content = arguments->no_content,
		.depth = arguments->depth};
	static char buffer[1 << 17];

	for (size_t i = 0; i < arguments->operands.count; i++)
		byte_names_decode(arguments->operands.items[i]);
	layer_readers_join(&arguments->lower);
	/* A directory of the host may stand in for a layer. */
	if (userns_create_with_groups(&arguments->map, out) < 0)
		return -1;
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	return tree_list(&options, stdout, out);
}
