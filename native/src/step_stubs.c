/* SPDX-License-Identifier: Apache-2.0 */
#include "step_stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "path.h"
#include "scope.h"

#define STEP "mount"

enum { LINK_LIMIT = 40 };

/* The path of an open directory as seen from the root, "" for the root itself. */
static int name_within(int root, int fd, char ret[PATH_MAX])
{
	char link[64], top[PATH_MAX], path[PATH_MAX];
	ssize_t above, length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
	above = readlink(link, top, sizeof(top) - 1);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (above < 0 || length < above || memcmp(path, top, (size_t)above) != 0)
		return -1;
	path[length] = '\0';
	memcpy(ret, path + above, (size_t)(length - above) + 1);
	return 0;
}

/* Puts what the link NAME in parent says in the place of what has been walked. */
static int redirect(
	int parent, const char *name, const char *above, char path[PATH_MAX], const char *rest)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t length = readlinkat(parent, name, target, sizeof(target) - 1);
	int written;

	if (length <= 0)
		return -1;
	target[length] = '\0';
	written = target[0] == '/'
			  ? snprintf(joined, sizeof(joined), "%s%s", target, rest)
			  : snprintf(joined, sizeof(joined), "%s/%s%s", above, target, rest);
	if (written < 0 || written >= PATH_MAX)
		return -1;
	memcpy(path, joined, (size_t)written + 1);
	return 0;
}

/* Adds what has to be made for path: everything from the first name that is not there. */
static int add_missing(json_t *list, const char *above, const char *names)
{
	char path[PATH_MAX];
	size_t length = (size_t)snprintf(path, sizeof(path), "%s", above);

	while (*(names += strspn(names, "/"))) {
		size_t name = strcspn(names, "/");

		if (length + 1 + name >= sizeof(path))
			return -1;
		path[length++] = '/';
		memcpy(path + length, names, name);
		length += name;
		path[length] = '\0';
		if (json_array_append_new(list, json_string(path)) < 0)
			return -1;
		names += name;
	}
	return 0;
}

/* One walk from the root. Returns 1 when the walk has to begin again with another path. What cannot
 * be walked is for the mount to complain about. */
static int walk(int root, char path[PATH_MAX], json_t *list)
{
	auto_close int parent = path_open(root, "/", O_PATH | O_DIRECTORY, PATH_FOLLOW);
	size_t end = 0;

	while (parent >= 0) {
		char prefix[PATH_MAX], above[PATH_MAX], name[NAME_MAX + 1];
		size_t start = end + strspn(path + end, "/");
		size_t length = strcspn(path + start, "/");
		struct stat status;
		int next;

		if (length == 0 || length > NAME_MAX)
			return 0;
		end = start + length;
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		next = path_open(root, prefix, O_PATH, PATH_FOLLOW);
		if (next >= 0) {
			close(parent);
			parent = next;
			continue;
		}
		if (errno != ENOENT || name_within(root, parent, above) < 0)
			return 0;
		memcpy(name, path + start, length);
		name[length] = '\0';
		if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			return S_ISLNK(status.st_mode) &&
			       redirect(parent, name, above, path, path + end) == 0;
		return add_missing(list, above, path + start);
	}
	return 0;
}

static json_t *find_missing(int root, const char *target)
{
	json_t *list = json_array();
	char path[PATH_MAX];
	int again = list && strlen(target) < sizeof(path) ? 1 : 0;

	if (again)
		memcpy(path, target, strlen(target) + 1);
	for (int i = 0; again == 1 && i < LINK_LIMIT; i++)
		again = walk(root, path, list);
	return list;
}

static bool is_target(const struct plan_step *step, const char *destination)
{
	for (size_t i = 0; i < step->targets.count; i++)
		if (strcmp(step->targets.items[i], destination) == 0)
			return true;
	return false;
}

/* Without a mode of its own a tmpfs has that of the place, which is made for it here. */
static int open_to_all(struct spec_mount *mount)
{
	struct string_list *options = &mount->options;
	char **items = reallocarray(options->items, options->count + 2, sizeof(*items));

	if (!items)
		return -1;
	options->items = items;
	items[options->count] = strdup("mode=1777");
	if (!items[options->count])
		return -1;
	items[++options->count] = NULL;
	return 0;
}

static int add_stubs(
	const struct plan_step *step, struct spec *spec, int root, json_t *all, struct failure *out)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		struct spec_mount *mount = &spec->mounts[i];
		json_t *found;
		int result = 0;

		if (!is_target(step, mount->destination))
			continue;
		found = find_missing(root, mount->destination);
		if (json_array_size(found) > 0 && mount->type && strcmp(mount->type, "tmpfs") == 0)
			result = open_to_all(mount);
		json_array_extend(all, found);
		json_decref(found);
		if (result < 0)
			return fail(out, ENOMEM, STEP, "cannot note the places of the mounts");
	}
	return 0;
}

int step_stubs_write(const struct plan_step *step, struct spec *spec, int root, struct failure *out)
{
	json_t *all = json_array();
	json_t *document;
	int result;

	if (add_stubs(step, spec, root, all, out) < 0) {
		json_decref(all);
		return -1;
	}
	document = json_pack("{s:o}", "stubs", all);
	auto_free char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	auto_close int file =
		open(step->stubs, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	json_decref(document);
	/* A name that is no UTF-8 cannot be said in JSON; the mount's target is the user's text. */
	if (!text)
		return fail(out, 0, STEP, "cannot name the places of the mounts");
	result = file < 0 || retry_eintr(write(file, text, strlen(text))) != (ssize_t)strlen(text);
	return result ? fail(out, errno, STEP, "cannot write %s", step->stubs) : 0;
}

int step_make_cwd(const struct spec_process *process, int root, struct failure *out)
{
	json_t *missing = find_missing(root, process->cwd);
	json_t *path;
	size_t i;

	if (json_array_size(missing) > 0) {
		auto_close int made = path_make_directory(root, process->cwd, PATH_FOLLOW);

		if (made < 0) {
			json_decref(missing);
			return fail(out, errno, "cwd", "cannot make the working directory %s",
				process->cwd);
		}
	}
	json_array_foreach(missing, i, path)
	{
		auto_close int directory =
			path_open(root, json_string_value(path), O_PATH | O_DIRECTORY, PATH_FOLLOW);

		/* An id that is not there cannot be the step's. */
		if (directory >= 0)
			(void)!fchownat(
				directory, "", process->user.uid, process->user.gid, AT_EMPTY_PATH);
	}
	json_decref(missing);
	return 0;
}
