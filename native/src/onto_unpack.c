/* SPDX-License-Identifier: Apache-2.0 */
/* An archive is unpacked into a union. It is unpacked beside the upper directory first, and its
 * files then get names in it: what an archive says twice, or of links, means what it means
 * anywhere. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "archive_stream.h"
#include "name_list.h"
#include "onto_request.h"
#include "remove.h"
#include "scope.h"
#include "unpack.h"

struct scratch {
	int parent; /* the directory of the upper directory */
	char name[32];
	int fd;
	struct name_list named; /* directories that the archive itself names, sorted */
};

static int make_scratch(struct onto *onto, struct scratch *ret)
{
	uint64_t number;

	ret->parent = openat(onto->root, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->parent < 0 || getrandom(&number, sizeof(number), 0) != sizeof(number))
		return onto_cannot(onto, errno, "unpack an archive beside", "");
	snprintf(ret->name, sizeof(ret->name), ".unpack-%016" PRIx64, number);
	if (mkdirat(ret->parent, ret->name, 0700) == 0)
		ret->fd = openat(
			ret->parent, ret->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->fd < 0 ? onto_cannot(onto, errno, "unpack an archive beside", "") : 0;
}

static void remove_scratch(struct scratch *scratch)
{
	struct failure ignored;

	if (scratch->name[0])
		remove_tree(scratch->parent, scratch->name, &ignored);
	scope_close(&scratch->fd);
	scope_close(&scratch->parent);
	name_list_clear(&scratch->named);
}

static int compare(const void *key, const void *item)
{
	return strcmp(key, *(char *const *)item);
}

static bool is_named(void *context, const char *path)
{
	const struct name_list *named = context;

	return named->count > 0 &&
	       bsearch(path, named->items, named->count, sizeof(*named->items), compare) != NULL;
}

static int unpack_beside(struct onto *onto, int archive, const char *to, struct scratch *scratch)
{
	const struct unpack options = {.root = scratch->fd,
		.directory = "",
		.shown = to,
		.follow = true,
		.owner = UNPACK_KEEP,
		.map = onto->layer.map,
		.squash = onto->layer.squash,
		.overrides = onto->layer.overrides,
		.named = name_list_tell,
		.context = &scratch->named};
	struct archive_stream stream;
	int result;

	if (archive_stream_open(archive, &stream, onto->layer.out) < 0)
		return -1;
	result = unpack(&options, stream.fd, onto->layer.out);
	if (archive_stream_close(&stream, result == 0) < 0 && result == 0)
		result = fail_kind(onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
			"the archive for %.300s is damaged", to);
	if (result == 0 && scratch->named.failed)
		result = onto_cannot(onto, ENOMEM, "unpack to", "");
	name_list_sort(&scratch->named);
	return result;
}

static int move_in(struct onto *onto, struct scratch *scratch)
{
	const struct onto_how how = {.replace = true,
		.link = true,
		.says_something = is_named,
		.context = &scratch->named};
	struct onto_copy copy = {.onto = onto, .how = &how, .from = ""};
	char path[32];
	int result;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", scratch->fd);
	if (tree_path_start(&copy.rel, "") < 0)
		return onto_cannot(onto, ENOMEM, "unpack to", "");
	result = layer_stack_open_plain(path, &copy.source, onto->layer.out);
	if (result == 0) {
		copy.source.layers[0].overrides = onto->layer.overrides;
		result = onto_copy_children(&copy);
	}
	onto_copy_clear(&copy);
	return result;
}

int onto_unpack(struct onto_operation *operation, int archive, const char *to)
{
	struct onto *onto = operation->onto;
	struct scratch scratch = {.parent = -1, .fd = -1};
	int result = archive_is_tar(archive, onto->layer.out);

	if (result <= 0)
		return result < 0 ? -1 : 1;
	result = make_scratch(onto, &scratch);
	if (result == 0)
		result = unpack_beside(onto, archive, to, &scratch);
	if (result == 0)
		result = onto_go(onto, to, &operation->made);
	if (result == 0)
		result = move_in(onto, &scratch);
	remove_scratch(&scratch);
	return result;
}
