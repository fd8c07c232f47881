/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_request.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "gone.h"
#include "json_read.h"
#include "scope.h"
#include "state_read.h"

#define STEP "request"

enum { FILE_LIMIT = 1 << 20 };

static json_t *load_json(int fd, const char *path, struct failure *out)
{
	json_error_t error;
	struct stat status;
	json_t *document;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > FILE_LIMIT) {
		fail(out, 0, STEP, "%s is no regular file, or too large", path);
		return NULL;
	}
	document = json_read(fd, FILE_LIMIT, JSON_REJECT_DUPLICATES, &error);
	if (!document)
		fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "%s: %s (line %d)", path, error.text,
			error.line);
	return document;
}

static int read_state(const char *container, struct identity *ret, struct failure *out)
{
	int found = state_read_process(container, ret, out);

	return found == 0 ? fail(out, 0, STEP, GONE_NOT_RUNNING) : found < 0 ? -1 : 0;
}

static int read_file(const char *file, bool keep, struct exec_request *ret, struct failure *out)
{
	auto_close int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const json_t *user;

	if (fd < 0)
		return fail(out, errno, STEP, "cannot open %s", file);
	if (!keep)
		unlink(file);
	ret->document = load_json(fd, file, out);
	if (!ret->document)
		return -1;
	if (json_integer_value(json_object_get(ret->document, "version")) != 1)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "%s has an unknown version", file);
	user = json_object_get(ret->document, "user");
	if (user && !json_is_string(user))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "%s: user is no string", file);
	if (user) {
		ret->user = strdup(json_string_value(user));
		if (!ret->user)
			return fail(out, ENOMEM, STEP, "cannot copy the user");
	}
	ret->detach = json_is_true(json_object_get(ret->document, "detach"));
	ret->stdin_open = json_is_true(json_object_get(ret->document, "stdin"));
	ret->keeps_result = json_is_true(json_object_get(ret->document, "result"));
	if (spec_process_parse(json_object_get(ret->document, "process"), &ret->process, out) < 0)
		return -1;
	if (ret->process.args.count == 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "%s: no command", file);
	return 0;
}

static int read_filter(const char *container, const struct plan *plan, struct exec_request *ret,
	struct failure *out)
{
	char path[PATH_MAX], cache[PATH_MAX];
	struct spec *spec = NULL;
	int result = 0;

	snprintf(path, sizeof(path), "%s/bundle", container);
	auto_close int bundle = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (bundle < 0)
		return fail(out, errno, STEP, "cannot open %s", path);
	if (spec_load(bundle, &spec, out) < 0)
		return -1;
	snprintf(cache, sizeof(cache), "%s/cache/seccomp", plan->data_dir);
	if (spec->seccomp)
		result = seccomp_compile(spec->seccomp, cache, &ret->filter, out);
	spec_free(spec);
	return result;
}

int exec_request_load(const char *container, const char *file, const struct plan *plan, bool keep,
	struct exec_request *ret, struct failure *out)
{
	struct exec_request request = {.id = plan->id, .groups = &plan->groups};

	if (read_file(file, keep, &request, out) < 0 ||
		read_state(container, &request.container, out) < 0 ||
		read_filter(container, plan, &request, out) < 0) {
		exec_request_clear(&request);
		return -1;
	}
	*ret = request;
	return 0;
}

void exec_request_clear(struct exec_request *request)
{
	spec_process_clear(&request->process);
	free(request->user);
	seccomp_free(request->filter);
	json_decref(request->document);
	*request = (struct exec_request){0};
}
