/* SPDX-License-Identifier: Apache-2.0 */
#include "step_secrets.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "mount.h"
#include "scope.h"
#include "step_sources.h"

#define STEP "secret"

/* BuildKit takes half a megabyte. */
enum { SECRET_MAX = 4 * 1024 * 1024 };

static int read_all(int fd, void *buffer, size_t size, struct failure *out)
{
	unsigned char *bytes = buffer;

	for (size_t have = 0; have < size;) {
		ssize_t got = retry_eintr(read(fd, bytes + have, size - have));

		if (got <= 0)
			return fail(out, got < 0 ? errno : 0, STEP, "the secrets did not come");
		have += (size_t)got;
	}
	return 0;
}

int step_secrets_read(struct plan_step *step, int fd, struct failure *out)
{
	for (size_t i = 0; i < step->source_count; i++) {
		struct step_source *source = &step->sources[i];
		unsigned char head[4];

		if (source->kind != STEP_SECRET)
			continue;
		if (read_all(fd, head, sizeof(head), out) < 0)
			return -1;
		source->size = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
			       (size_t)head[2] << 8 | head[3];
		if (source->size > SECRET_MAX)
			return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "a secret is too large");
		source->bytes = malloc(source->size + 1);
		if (!source->bytes)
			return fail(out, ENOMEM, STEP, "cannot keep a secret");
		if (read_all(fd, source->bytes, source->size, out) < 0)
			return -1;
		source->bytes[source->size] = '\0';
	}
	return 0;
}

/* In the place of a variable of that name, else as one more. */
static int set_variable(struct spec_process *process, const struct step_source *source)
{
	struct string_list *env = &process->env;
	size_t length = strlen(source->variable), at = 0;
	char *entry = NULL;
	char **items;

	if (asprintf(&entry, "%s=%s", source->variable, (const char *)source->bytes) < 0)
		return -1;
	while (at < env->count && (strncmp(env->items[at], source->variable, length) != 0 ||
					  env->items[at][length] != '='))
		at++;
	if (at < env->count) {
		free(env->items[at]);
		env->items[at] = entry;
		return 0;
	}
	items = reallocarray(env->items, env->count + 2, sizeof(*items));
	if (!items) {
		free(entry);
		return -1;
	}
	env->items = items;
	items[env->count++] = entry;
	items[env->count] = NULL;
	return 0;
}

int step_secrets_export(
	const struct plan_step *step, struct spec_process *process, struct failure *out)
{
	for (size_t i = 0; i < step->source_count; i++) {
		struct step_source *source = &step->sources[i];

		if (source->kind != STEP_SECRET)
			continue;
		if (source->variable && set_variable(process, source) < 0)
			return fail(out, ENOMEM, STEP, "cannot set %s", source->variable);
		explicit_bzero(source->bytes, source->size);
	}
	return 0;
}

static int fill(int directory, const struct step_source *source)
{
	auto_close int file = openat(
		directory, "secret", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	for (size_t have = 0; file >= 0 && have < source->size;) {
		ssize_t put = retry_eintr(write(file, source->bytes + have, source->size - have));

		if (put <= 0)
			return -1;
		have += (size_t)put;
	}
	return file < 0 ? -1 : step_give(file, source);
}

int step_secret_mount(const struct step_source *source, struct failure *out)
{
	/* The script of a here-document is a program. */
	const uint64_t closed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				(source->mode & 0111 ? 0 : MOUNT_ATTR_NOEXEC);
	auto_close int place = open(source->place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int tree = place < 0 ? -1 : mount_create("tmpfs", "tmpfs", NULL, closed, out);
	int result;

	if (place < 0)
		return fail(out, errno, STEP, "cannot open %s", source->place);
	if (tree < 0)
		return -1;
	result = fill(tree, source);
	if (result == 0)
		result = mount_change(tree, false, MOUNT_ATTR_RDONLY, 0);
	if (result == 0)
		result = mount_attach(tree, place);
	return result < 0 ? fail(out, errno, STEP, "cannot make the file of a secret") : 0;
}
