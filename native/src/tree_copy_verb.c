/* SPDX-License-Identifier: Apache-2.0 */
/* `tree copy`: what COPY, ADD and WORKDIR do, over layers that are not mounted. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>
#include <nettle/base64.h>

#include "json_read.h"
#include "layer_readers.h"
#include "mode_change.h"
#include "onto_attributes.h"
#include "onto_request.h"
#include "scope.h"
#include "tree_verbs.h"
#include "whiteout.h"

enum { REQUEST_LIMIT = 64 << 20, LAYERS_LIMIT = 512 };

static int bad(struct failure *out, const char *text)
{
	return fail_kind(
		out, FAILURE_BAD_INPUT, 0, ONTO_STEP, "the request is wrong: %.200s", text);
}

static json_t *read_stdin(struct failure *out)
{
	auto_free char *text = NULL;
	size_t have = 0, room = 0;
	json_error_t error;
	json_t *value;

	for (ssize_t got = 1; got > 0; have += (size_t)got) {
		if (have == room) {
			char *grown;

			room = room * 2 + 65536;
			grown = room <= 2UL * REQUEST_LIMIT ? realloc(text, room) : NULL;
			if (!grown) {
				bad(out, "it is too large");
				return NULL;
			}
			text = grown;
		}
		got = retry_eintr(read(STDIN_FILENO, text + have, room - have));
		if (got < 0) {
			fail(out, errno, ONTO_STEP, "cannot read the request");
			return NULL;
		}
	}
	value = have <= REQUEST_LIMIT ? json_loadb(text, have, JSON_REJECT_DUPLICATES, &error)
				      : NULL;
	if (!value)
		bad(out, have <= REQUEST_LIMIT ? error.text : "it is too large");
	return value;
}

static json_t *read_request(const char *path, struct failure *out)
{
	json_error_t error;
	json_t *value;

	if (strcmp(path, "-") == 0)
		return read_stdin(out);
	value = json_read_path(path, REQUEST_LIMIT, JSON_REJECT_DUPLICATES, &error);
	if (!value)
		bad(out, error.text);
	return value;
}

/* Goes to where a file or directory is to be, and says whether something is there. */
static int locate(struct onto_operation *operation, const char *path, char name[NAME_MAX + 1])
{
	if (!path || path[0] != '/')
		return onto_bad_request(operation->onto, "path");
	return onto_locate(operation->onto, path, &operation->made, name);
}

static int make_directory(struct onto_operation *operation)
{
	if (operation->mode)
		operation->made.mode =
			mode_change_apply(operation->mode, S_IFDIR | operation->made.mode);
	const char *path = onto_text(operation->value, "path");

	if (!path || path[0] != '/')
		return onto_bad_request(operation->onto, "path");
	return onto_go(operation->onto, path, &operation->made);
}

/* NULL: the text is no base64. */
static uint8_t *decode(const char *text, size_t *ret_size)
{
	auto_free uint8_t *bytes = malloc(BASE64_DECODE_LENGTH(strlen(text)) + 1);
	struct base64_decode_ctx context;

	base64_decode_init(&context);
	if (!bytes || !base64_decode_update(&context, ret_size, bytes, strlen(text), text) ||
		!base64_decode_final(&context))
		return NULL;
	return take(bytes);
}

static int write_content(struct onto_operation *operation, int fd, const char *name)
{
	struct onto *onto = operation->onto;
	const char *content = onto_text(operation->value, "content");
	size_t size = 0;
	auto_free uint8_t *bytes = content ? decode(content, &size) : NULL;

	if (!bytes)
		return onto_bad_request(onto, "content");
	for (size_t done = 0; done < size;) {
		ssize_t put = retry_eintr(write(fd, bytes + done, size - done));

		if (put < 0)
			return onto_cannot(onto, errno, "write", name);
		done += (size_t)put;
	}
	onto->bytes += size;
	return 0;
}

static int write_file(struct onto_operation *operation)
{
	struct onto *onto = operation->onto;
	const struct timespec time = {.tv_sec = operation->made.time};
	const struct timespec times[2] = {time, time};
	struct layer_status own = {operation->made.uid, operation->made.gid, 0644};
	char name[NAME_MAX + 1];
	struct stat status;
	auto_close int fd = -1;

	if (locate(operation, onto_text(operation->value, "path"), name) < 0)
		return -1;
	if (whiteout_of_mark(name))
		return onto_refuse_mark(onto, name);
	if (!*name || (onto_find(onto, name, &status) >= 0 && S_ISDIR(status.st_mode)))
		return fail_kind(onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
			"cannot replace to directory %.400s with file",
			onto_text(operation->value, "path"));
	if (onto_clear(onto, name) < 0)
		return -1;
	fd = openat(onto_directory(onto), name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return onto_cannot(onto, errno, "create", name);
	if (operation->mode)
		own.mode = mode_change_apply(operation->mode, S_IFREG | own.mode);
	onto->entries++;
	if (write_content(operation, fd, name) < 0 ||
		layer_set_status(&onto->layer, fd, &own, name) < 0)
		return -1;
	if (operation->made.is_timed && futimens(fd, times) < 0)
		return onto_cannot(onto, errno, "set the times of", name);
	return 0;
}

static int unpack_archive(struct onto_operation *operation)
{
	struct onto *onto = operation->onto;
	const char *path = onto_text(operation->value, "archive");
	const char *to = onto_text(operation->value, "to");
	auto_close int file = -1;
	int result;

	if (!path || path[0] != '/')
		return onto_bad_request(onto, "archive");
	if (!to || to[0] != '/')
		return onto_bad_request(onto, "to");
	file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file < 0)
		return fail(onto->layer.out, errno, ONTO_STEP, "cannot open %.300s", path);
	result = onto_unpack(operation, file, to);
	return result > 0 ? fail_kind(onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
				    "%.300s is not an archive", path)
			  : result;
}

static int run_operation(struct onto *onto, const json_t *value, const json_t *source)
{
	const char *name = onto_text(value, "op");
	struct onto_operation operation;

	if (!name)
		return onto_bad_request(onto, "op");
	if (onto_read_operation(onto, value, &operation) < 0)
		return -1;
	if (strcmp(name, "copy") == 0)
		return onto_run_copy(&operation, source);
	if (strcmp(name, "mkdir") == 0)
		return make_directory(&operation);
	if (strcmp(name, "write") == 0)
		return write_file(&operation);
	if (strcmp(name, "unpack") == 0)
		return unpack_archive(&operation);
	return onto_bad_request(onto, "op");
}

static int read_lower(
	const json_t *request, char **items, struct string_list *ret, struct failure *out)
{
	const json_t *list = json_object_get(request, "lower");

	*ret = (struct string_list){.items = items};
	if (!json_is_array(list) || json_array_size(list) > LAYERS_LIMIT)
		return bad(out, "\"lower\"");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *path = json_string_value(json_array_get(list, i));

		if (!path || path[0] != '/')
			return bad(out, "\"lower\"");
		items[ret->count++] = (char *)(uintptr_t)path;
	}
	return 0;
}

/* `later`: takes what is copied by the sealing; NULL: there is none. */
static int run_operations(const json_t *request, const struct string_list *lower,
	const struct layer *layer, struct later *later)
{
	const json_t *operations = json_object_get(request, "operations"), *operation;
	struct onto onto;
	size_t index;
	int result = onto_open(&onto, onto_text(request, "upper"), lower, layer);

	onto.later = later;
	json_array_foreach(operations, index, operation)
	{
		if (result == 0)
			result =
				run_operation(&onto, operation, json_object_get(request, "source"));
	}
	if (result == 0)
		result = onto_leave_all(&onto);
	onto_close(&onto);
	if (result != 0)
		return -1;
	return tree_report("copied",
		json_pack("{s:I, s:I}", "bytes", (json_int_t)onto.bytes, "entries",
			(json_int_t)onto.entries),
		layer->out);
}

/* As `tree seal` does it, by the member "seal" of the request. */
static int seal_upper(const json_t *value, const char *upper, const struct string_list *lower,
	const struct layer *layer, struct later *later)
{
	const json_t *epoch = json_object_get(value, "epoch");
	const char *archive = onto_text(value, "archive");
	const struct seal_options options = {.lower = *lower,
		.squash = layer->squash,
		.is_limited = epoch != NULL,
		.latest = json_integer_value(epoch),
		.later = later,
		.expect = onto_text(value, "expect")};

	if ((epoch && !json_is_integer(epoch)) || (archive && archive[0] != '/'))
		return bad(layer->out, "\"seal\"");
	return tree_seal(&options, upper, archive, layer->out);
}

static int run_request(
	const struct tree_arguments *arguments, const json_t *request, struct failure *out)
{
	const json_t *seals = json_object_get(request, "seal");
	const char *upper = onto_text(request, "upper");
	const struct layer layer = {
		.map = &arguments->map, .squash = arguments->squash, .out = out};
	char *items[LAYERS_LIMIT];
	struct later later = {.out = out};
	struct string_list lower;
	int result;

	if (!upper || upper[0] != '/' || !json_is_array(json_object_get(request, "operations")))
		return bad(out, "\"upper\" or \"operations\"");
	if (read_lower(request, items, &lower, out) < 0)
		return -1;
	layer_readers_join(&lower);
	if (userns_create_with_groups(&arguments->map, out) < 0)
		return -1;
	umask(0);
	result = run_operations(request, &lower, &layer, seals ? &later : NULL);
	if (result == 0 && seals)
		result = seal_upper(seals, upper, &lower, &layer, &later);
	later_clear(&later);
	return result;
}

int tree_copy_run(const struct tree_arguments *arguments, struct failure *out)
{
	json_t *request;
	int result;

	if (!arguments->request || arguments->operands.count > 0)
		return bad(out, "--request is missing");
	request = read_request(arguments->request, out);
	if (!request)
		return -1;
	result = run_request(arguments, request, out);
	json_decref(request);
	return result;
}
