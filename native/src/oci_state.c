/* SPDX-License-Identifier: Apache-2.0 */
#include "oci_state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include "json_read.h"
#include "scope.h"

enum { LOCK_ATTEMPTS = 1000, LOCK_PAUSE_MS = 10, MAXIMUM_ID = 255 };

static int default_root(char **ret, struct failure *out)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int length;

	if (geteuid() == 0 || !runtime || *runtime != '/') {
		if (geteuid() != 0)
			return fail(out, 0, "root",
				"XDG_RUNTIME_DIR is not set: say --root DIR before the verb");
		length = asprintf(ret, "/run/lighter-oci");
	} else {
		length = asprintf(ret, "%s/lighter-oci", runtime);
	}
	return length < 0 ? fail(out, ENOMEM, "root", "cannot find the state directory") : 0;
}

static int make_root(const char *path, struct failure *out)
{
	auto_free char *copy = strdup(path);

	if (!copy)
		return fail(out, ENOMEM, "root", "cannot make the state directory");
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0711) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
			return fail(out, errno, "root", "cannot make the directory %s", copy);
		*slash = '/';
	}
	if (mkdir(copy, 0700) < 0 && errno != EEXIST)
		return fail(out, errno, "root", "cannot make the state directory %s", copy);
	return 0;
}

int oci_call_parse(int argc, char **argv, struct oci_call *ret, struct failure *out)
{
	auto_free char *root = NULL;
	const char *given = NULL;
	int first = 1;

	for (; first < argc && argv[first][0] == '-'; first++) {
		if (strcmp(argv[first], "--root") == 0 && first + 1 < argc)
			given = argv[++first];
		else if (strncmp(argv[first], "--root=", 7) == 0)
			given = argv[first] + 7;
		else
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
				"unknown global option: %s", argv[first]);
	}
	if (given && !*given)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments", "--root is empty");
	if (!given && default_root(&root, out) < 0)
		return -1;
	if (make_root(given ? given : root, out) < 0)
		return -1;
	ret->root = realpath(given ? given : root, NULL);
	if (!ret->root)
		return fail(out, errno, "root", "cannot open the state directory %s",
			given ? given : root);
	ret->argc = argc - first;
	ret->argv = argv + first;
	return 0;
}

void oci_call_clear(struct oci_call *call)
{
	free(call->root);
	call->root = NULL;
}

int oci_report(const struct failure *failure)
{
	fprintf(stderr, "lighter-native: %s\n", failure->message);
	return 1;
}

static int check_id(const char *id, struct failure *out)
{
	size_t length = strlen(id);
	bool good = length > 0 && length <= MAXIMUM_ID && id[0] != '.';

	for (const char *byte = id; good && *byte; byte++)
		good = isalnum((unsigned char)*byte) || strchr("_+-.", *byte);
	return good ? 0
		    : fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
			      "invalid container ID format: \"%.100s\"", id);
}

/* A record lock belongs to this process alone: the container's process, which inherits every
 * descriptor until it executes its command, does not hold it. */
static int try_lock(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLK, &lock);
}

static int take_lock(struct oci_container *container, struct failure *out)
{
	container->lock = openat(
		container->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (container->lock < 0)
		return errno == ENOENT ? fail_kind(out, FAILURE_NOT_FOUND, 0, "lock",
						 "container does not exist")
				       : fail(out, errno, "lock", "cannot lock the container");
	for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
		struct stat status;

		if (try_lock(container->lock) == 0) {
			/* Whoever had the lock may have removed the container. */
			if (fstat(container->lock, &status) == 0 && status.st_nlink > 0)
				return 0;
			return fail_kind(
				out, FAILURE_NOT_FOUND, 0, "lock", "container does not exist");
		}
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			break;
		nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_MS * 1000000L}, NULL);
	}
	return fail(
		out, EBUSY, "lock", "another command is working on container %s", container->id);
}

static int open_directory(
	const char *root, const char *id, struct oci_container *ret, struct failure *out)
{
	*ret = (struct oci_container){.id = id, .directory = -1, .lock = -1};
	if (asprintf(&ret->path, "%s/%s", root, id) < 0) {
		ret->path = NULL;
		return fail(out, ENOMEM, "state", "cannot open the container");
	}
	ret->directory = open(ret->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ret->directory >= 0)
		return 0;
	if (errno == ENOENT)
		return fail_kind(out, FAILURE_NOT_FOUND, 0, "state", "container does not exist");
	return fail(out, errno, "state", "cannot open the container");
}

int oci_open(
	const char *root, const char *id, bool lock, struct oci_container *ret, struct failure *out)
{
	if (check_id(id, out) < 0)
		return -1;
	if (open_directory(root, id, ret, out) < 0 || (lock && take_lock(ret, out) < 0)) {
		oci_container_clear(ret);
		return -1;
	}
	return 0;
}

/* Removes what a create left that died half-way. */
static void remove_remains(const char *root, const char *id)
{
	struct oci_container remains;
	struct failure ignored;

	if (open_directory(root, id, &remains, &ignored) == 0 &&
		faccessat(remains.directory, "state.json", F_OK, 0) < 0 && errno == ENOENT) {
		remains.lock = openat(remains.directory, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (remains.lock >= 0 && try_lock(remains.lock) == 0 &&
			faccessat(remains.directory, "state.json", F_OK, 0) < 0)
			oci_remove(&remains, &ignored);
	}
	oci_container_clear(&remains);
}

int oci_claim(const char *root, const char *id, struct oci_container *ret, struct failure *out)
{
	auto_free char *path = NULL;
	int result;

	if (check_id(id, out) < 0)
		return -1;
	if (asprintf(&path, "%s/%s", root, id) < 0) {
		path = NULL;
		return fail(out, ENOMEM, "state", "cannot make the container's directory");
	}
	result = mkdir(path, 0700);
	if (result < 0 && errno == EEXIST) {
		remove_remains(root, id);
		result = mkdir(path, 0700);
	}
	if (result < 0)
		return errno == EEXIST ? fail_kind(out, FAILURE_ALREADY, 0, "state",
						 "container with given ID already exists")
				       : fail(out, errno, "state", "cannot make %s", path);
	return oci_open(root, id, true, ret, out);
}

int oci_remove(struct oci_container *container, struct failure *out)
{
	int copy = dup(container->directory);
	auto_closedir DIR *directory = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!directory)
		return fail(out, errno, "state", "cannot remove %s", container->path);
	rewinddir(directory);
	/* The lock stays until the end. */
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			strcmp(entry->d_name, "lock") != 0 &&
			unlinkat(container->directory, entry->d_name, 0) < 0 && errno != ENOENT)
			return fail(out, errno, "state", "cannot remove %s/%s", container->path,
				entry->d_name);
	if (unlinkat(container->directory, "lock", 0) < 0 && errno != ENOENT)
		return fail(out, errno, "state", "cannot remove %s/lock", container->path);
	if (rmdir(container->path) < 0 && errno != ENOENT)
		return fail(out, errno, "state", "cannot remove %s", container->path);
	return 0;
}

void oci_container_clear(struct oci_container *container)
{
	if (container->lock >= 0)
		close(container->lock);
	if (container->directory >= 0)
		close(container->directory);
	free(container->path);
	*container = (struct oci_container){.directory = -1, .lock = -1};
}

int oci_state_write(
	const struct oci_container *container, const struct oci_state *state, struct failure *out)
{
	json_t *document = json_pack("{s:i, s:s, s:s, s:s, s:s*, s:i, s:I, s:s}", "version", 1,
		"id", container->id, "bundle", state->bundle, "created", state->created, "cgroup",
		state->cgroup, "pid", (int)state->process.pid, "startTime",
		(json_int_t)state->process.start_time, "bootId", state->process.boot_id);
	auto_free char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	auto_close int fd = openat(container->directory, "state.draft",
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	json_decref(document);
	if (!text)
		return fail(out, ENOMEM, "state", "cannot write the container's state");
	if (fd < 0 || dprintf(fd, "%s\n", text) < 0 ||
		renameat(container->directory, "state.draft", container->directory, "state.json") <
			0)
		return fail(out, errno, "state", "cannot write the container's state");
	return 0;
}

static int unpack(const json_t *document, struct oci_state *ret)
{
	const char *bundle, *created, *cgroup = NULL, *boot_id;
	json_int_t start_time;
	int version, pid;

	if (json_unpack((json_t *)document, "{s:i, s:s, s:s, s?s, s:i, s:I, s:s}", "version",
		    &version, "bundle", &bundle, "created", &created, "cgroup", &cgroup, "pid",
		    &pid, "startTime", &start_time, "bootId", &boot_id) < 0 ||
		version != 1 || strlen(boot_id) != sizeof(ret->process.boot_id) - 1)
		return -1;
	*ret = (struct oci_state){.bundle = strdup(bundle),
		.created = strdup(created),
		.cgroup = cgroup ? strdup(cgroup) : NULL};
	ret->process.pid = pid;
	ret->process.start_time = (unsigned long long)start_time;
	memcpy(ret->process.boot_id, boot_id, sizeof(ret->process.boot_id));
	return ret->bundle && ret->created && (!cgroup || ret->cgroup) ? 0 : -1;
}

int oci_state_read(
	const struct oci_container *container, struct oci_state *ret, struct failure *out)
{
	int fd = openat(container->directory, "state.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_t *document;
	int result;

	*ret = (struct oci_state){0};
	if (fd < 0 && errno == ENOENT)
		return fail_kind(out, FAILURE_NOT_FOUND, 0, "state", "container does not exist");
	if (fd < 0)
		return fail(out, errno, "state", "cannot read the container's state");
	document = json_read(fd, 1 << 20, JSON_REJECT_DUPLICATES, NULL);
	close(fd);
	result = document ? unpack(document, ret) : -1;
	json_decref(document);
	if (result == 0)
		return 0;
	oci_state_clear(ret);
	return fail_kind(
		out, FAILURE_BAD_INPUT, 0, "state", "%s/state.json is damaged", container->path);
}

void oci_state_clear(struct oci_state *state)
{
	free(state->bundle);
	free(state->cgroup);
	free(state->created);
	*state = (struct oci_state){0};
}

enum oci_status oci_status(const struct oci_container *container, const struct oci_state *state)
{
	if (!identity_alive(&state->process))
		return OCI_STOPPED;
	return faccessat(container->directory, "exec.fifo", F_OK, AT_SYMLINK_NOFOLLOW) == 0
		       ? OCI_CREATED
		       : OCI_RUNNING;
}

const char *oci_status_name(enum oci_status status)
{
	static const char *const names[] = {
		[OCI_CREATED] = "created",
		[OCI_RUNNING] = "running",
		[OCI_STOPPED] = "stopped",
	};

	return names[status];
}
