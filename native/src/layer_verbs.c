/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about layers that are unpacked already: is a tree what it was, and is it replaced. */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "id_map.h"
#include "layer_digest.h"
#include "scope.h"
#include "userns.h"

#define STEP "layer"

/* By its number: a path need not be a text. What cannot be read is the answer, no failure: it is
 * what was asked. */
static int report(size_t index, const char *digest, int error)
{
	json_t *line = json_pack("{s:s, s:I, s:s, s:s}", "event", "digested", "index",
		(json_int_t)index, "digest", digest, "message", error ? strerror(error) : "");
	auto_free char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	json_decref(line);
	return text && printf("%s\n", text) > 0 && fflush(stdout) == 0 ? 0 : -1;
}

static int digest_path(const char *path, size_t index, struct failure *out)
{
	char digest[DIGEST_TEXT_SIZE] = "";
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error = fd < 0 ? errno : layer_digest_tree(fd, digest);

	if (error == ENOMEM)
		return fail(out, error, STEP, "cannot read %.300s", path);
	return report(index, digest, error) < 0
		       ? fail(out, EIO, STEP, "cannot report on %.300s", path)
		       : 0;
}

static int digest_paths(int argc, char **argv, struct failure *out)
{
	struct id_map map = {0};
	int result;

	if (argc < 7 || strcmp(argv[3], "--id-map") != 0 || strcmp(argv[5], "--") != 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
			"usage: layer digest --id-map JSON -- DIR…");
	if (id_map_parse_text(argv[4], &map, out) < 0)
		return -1;
	result = userns_create(&map, 0, out);
	id_map_clear(&map);
	for (int i = 6; result == 0 && i < argc; i++)
		result = digest_path(argv[i], (size_t)i - 6, out);
	return result;
}

int layer_digest_verb(int argc, char **argv)
{
	struct failure failure;

	if (digest_paths(argc, argv, &failure) == 0)
		return 0;
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}

/* Where nothing can be exchanged: for a moment there is nothing of the second name. */
static int exchange_slowly(const char *one, const char *other)
{
	auto_free char *aside = NULL;

	if (asprintf(&aside, "%s.aside", one) < 0) {
		aside = NULL;
		errno = ENOMEM;
		return -1;
	}
	if (rename(other, aside) < 0)
		return -1;
	if (rename(one, other) < 0) {
		int error = errno;

		(void)!rename(aside, other);
		errno = error;
		return -1;
	}
	return rename(aside, one);
}

int layer_exchange_verb(int argc, char **argv)
{
	struct failure failure;

	if (argc != 5) {
		fail_kind(&failure, FAILURE_BAD_INPUT, 0, STEP, "usage: layer exchange ONE OTHER");
	} else if (renameat2(AT_FDCWD, argv[3], AT_FDCWD, argv[4], RENAME_EXCHANGE) == 0 ||
		   ((errno == EINVAL || errno == ENOSYS) &&
			   exchange_slowly(argv[3], argv[4]) == 0)) {
		return 0;
	} else {
		fail(&failure, errno, STEP, "cannot put another tree in the place of %.300s",
			argv[4]);
	}
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}
