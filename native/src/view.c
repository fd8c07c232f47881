/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container_lock.h"
#include "id_map.h"
#include "json_read.h"
#include "layer_readers.h"
#include "mount.h"
#include "path.h"
#include "placeholders.h"
#include "rootfs_mount.h"
#include "scope.h"

#define STEP "view"

enum { FILE_LIMIT = 1 << 20, MOUNTS_MAX = 4096 };

static int bad(struct failure *out, const char *name)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "the view's \"%s\" is wrong", name);
}

static int copy_path(const json_t *object, const char *name, char **ret, struct failure *out)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (!text || text[0] != '/')
		return bad(out, name);
	*ret = strdup(text);
	return *ret ? 0 : fail(out, ENOMEM, STEP, "cannot read the view");
}

static int read_identity(
	const json_t *object, const char *name, struct identity *ret, struct failure *out)
{
	const json_t *value = json_object_get(object, name);
	const char *start = json_string_value(json_object_get(value, "startTime"));
	const char *boot_id = json_string_value(json_object_get(value, "bootId"));

	if (!start || !boot_id || strlen(boot_id) != sizeof(ret->boot_id) - 1)
		return bad(out, name);
	ret->pid = (pid_t)json_integer_value(json_object_get(value, "pid"));
	ret->start_time = strtoull(start, NULL, 10);
	memcpy(ret->boot_id, boot_id, sizeof(ret->boot_id));
	return 0;
}

static int read_mounts(const json_t *list, struct view *view, struct failure *out)
{
	size_t count = json_array_size(list);

	if (count > MOUNTS_MAX)
		return bad(out, "mounts");
	view->mounts = calloc(count + 1, sizeof(*view->mounts));
	if (!view->mounts)
		return fail(out, ENOMEM, STEP, "cannot read the view");
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(list, i);
		struct view_mount *mount = &view->mounts[view->mount_count++];

		if (copy_path(item, "source", &mount->source, out) < 0 ||
			copy_path(item, "destination", &mount->destination, out) < 0)
			return -1;
		mount->read_only = json_is_true(json_object_get(item, "readOnly"));
		mount->recursive = json_is_true(json_object_get(item, "recursive"));
	}
	return 0;
}

static int read_view(struct view *view, struct failure *out)
{
	const json_t *root = view->document;

	if (copy_path(root, "directory", &view->directory, out) < 0 ||
		id_map_parse(json_object_get(root, "idMap"), &view->id_map, out) < 0 ||
		plan_read_rootfs(json_object_get(root, "rootfs"), &view->rootfs, out) < 0 ||
		read_mounts(json_object_get(root, "mounts"), view, out) < 0)
		return -1;
	view->started = json_is_true(json_object_get(root, "started"));
	view->running = json_object_get(root, "monitor") != NULL;
	if (!view->running)
		return 0;
	if (read_identity(root, "monitor", &view->monitor, out) < 0)
		return -1;
	return read_identity(root, "process", &view->process, out);
}

int view_load(const char *path, struct view *ret, struct failure *out)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_error_t error;

	*ret = (struct view){0};
	if (fd < 0)
		return fail(out, errno, STEP, "cannot open %.300s", path);
	unlink(path);
	ret->document = json_read(fd, FILE_LIMIT, JSON_REJECT_DUPLICATES, &error);
	if (!ret->document)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "%.300s: %s", path, error.text);
	if (read_view(ret, out) < 0)
		return -1;
	layer_readers_join(&ret->rootfs.lower);
	return 0;
}

void view_clear(struct view *view)
{
	for (size_t i = 0; i < view->mount_count; i++) {
		free(view->mounts[i].source);
		free(view->mounts[i].destination);
	}
	free(view->mounts);
	free(view->directory);
	id_map_clear(&view->id_map);
	plan_clear_rootfs(&view->rootfs);
	json_decref(view->document);
}

bool view_is_squashed(const struct view *view)
{
	return view->id_map.uid_count == 1 && view->id_map.uids[0].count == 1;
}

int view_enter_files(const struct view *view, struct failure *out)
{
	return userns_create(&view->id_map, 0, out);
}

/* The namespaces of a live process. Those that are the caller's own cannot be joined. */
static int join(const struct identity *identity, struct failure *out)
{
	auto_close int target = identity_open(identity);

	if (target < 0)
		return fail_kind(out, FAILURE_ALREADY, 0, STEP, "the container has just stopped");
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(out, errno, STEP, "cannot become non-dumpable");
	if (setns(target, CLONE_NEWUSER | CLONE_NEWNS) < 0 &&
		(errno != EINVAL || setns(target, CLONE_NEWNS) < 0))
		return fail(out, errno, STEP, "cannot join the container's namespaces");
	if (userns_become_root(out) < 0)
		return -1;
	/* Becoming root made it dumpable for the monitor's sake; here processes of the container
	 * must not look in. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(out, errno, STEP, "cannot become non-dumpable");
	return 0;
}

static int open_root(const char *path, struct failure *out)
{
	int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		fail(out, errno, STEP, "cannot open the root filesystem %.300s", path);
	return root;
}

static int enter_running(const struct view *view, enum view_kind kind, struct failure *out)
{
	auto_free char *rootfs = NULL;

	if (kind != VIEW_ROOTFS)
		return join(&view->process, out) < 0 ? -1 : open_root("/", out);
	if (asprintf(&rootfs, "%s/bundle/rootfs", view->directory) < 0)
		return fail(out, ENOMEM, STEP, "cannot name the root filesystem");
	return join(&view->monitor, out) < 0 ? -1 : open_root(rootfs, out);
}

/* Nobody may start the container while its upper directory is mounted to be written to. The lock
 * is what a monitor holds; it ends with this process. */
static int lock_container(const struct view *view, struct failure *out)
{
	return container_lock(view->directory, -1, out) < 0 ? -1 : 0;
}

static bool is_filled(const struct view *view)
{
	auto_free char *mark = NULL;

	return asprintf(&mark, "%s/filled", view->rootfs.work) >= 0 &&
	       faccessat(AT_FDCWD, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_furnished(const struct view *view)
{
	auto_free char *mark = NULL;

	return asprintf(&mark, "%s/.dockerenv", view->rootfs.upper) >= 0 &&
	       faccessat(AT_FDCWD, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int open_place(int root, const struct view_mount *mount, bool directory, bool writable)
{
	if (!writable)
		return path_open(root, mount->destination, O_PATH, PATH_FOLLOW);
	return directory ? path_make_directory(root, mount->destination, PATH_FOLLOW)
			 : path_make_file(root, mount->destination, PATH_FOLLOW);
}

/* A source that is gone is passed over, as Docker does. Returns 1 where the place is missing and
 * not to be made. */
static int mount_volume(
	int root, const struct view_mount *mount, bool writable, struct failure *out)
{
	auto_close int source = open(mount->source, O_PATH | O_CLOEXEC);
	struct stat status;

	if (source < 0)
		return 0;
	if (fstat(source, &status) < 0)
		return fail(out, errno, STEP, "cannot examine %.300s", mount->source);
	auto_close int place = open_place(root, mount, S_ISDIR(status.st_mode), writable);

	if (place < 0 && errno == ENOENT)
		return 1;
	auto_close int tree = place < 0 ? -1 : mount_clone(source, mount->recursive);

	if (tree < 0)
		return fail(out, errno, STEP, "cannot bind %.300s", mount->source);
	if (mount->read_only && mount_change(tree, false, MOUNT_ATTR_RDONLY, 0) < 0)
		return fail(out, errno, STEP, "cannot bind %.300s read-only", mount->source);
	if (mount_attach(tree, place) < 0)
		return fail(out, errno, STEP, "cannot mount on %.300s", mount->destination);
	return 0;
}

/* The root filesystem on target, with the volumes where they are wanted. Returns 1 where a place
 * for one is missing. */
static int mount_view(const struct view *view, enum view_kind kind, const char *target,
	int *ret_root, struct failure *out)
{
	struct plan_rootfs rootfs = view->rootfs;
	struct rootfs_mount mounted;
	auto_close int root = -1;

	rootfs.read_only = kind != VIEW_WRITABLE;
	if (rootfs_mount(&rootfs, target, &mounted, out) < 0)
		return -1;
	root = open_root(target, out);
	if (root < 0)
		return -1;
	for (size_t i = 0; kind != VIEW_ROOTFS && i < view->mount_count; i++) {
		int result = mount_volume(root, &view->mounts[i], kind == VIEW_WRITABLE, out);

		if (result != 0)
			return result;
	}
	*ret_root = take_fd(&root);
	return 0;
}

/* What the start makes is to be seen before it too. Whoever holds the lock is starting the
 * container; one that cannot be written to is read as it is. */
static void furnish(const struct view *view, const char *target)
{
	struct plan_rootfs rootfs = view->rootfs;
	struct failure ignored = {0};
	struct rootfs_mount mounted;
	auto_close int lock = container_lock(view->directory, -1, &ignored);

	rootfs.read_only = false;
	if (lock < 0 || rootfs_mount(&rootfs, target, &mounted, &ignored) < 0)
		return;
	auto_close int root = open_root(target, &ignored);

	if (root >= 0)
		placeholders_add(root);
	umount2(target, MNT_DETACH);
}

/* A container that was never started may lack places for its volumes: they are made then, as a
 * start would. */
static int enter_stopped(const struct view *view, enum view_kind kind, struct failure *out)
{
	auto_free char *target = NULL;
	bool fills = view->rootfs.driver == ROOTFS_COPY && !is_filled(view);
	bool locked = kind == VIEW_WRITABLE || fills;
	int root = -1, result;

	if (asprintf(&target, "%s/bundle/rootfs", view->directory) < 0)
		return fail(out, ENOMEM, STEP, "cannot name the root filesystem");
	if (userns_create(&view->id_map, 0, out) < 0)
		return -1;
	if (!view->started && !is_furnished(view))
		furnish(view, target);
	if (locked && lock_container(view, out) < 0)
		return -1;
	result = mount_view(view, kind, target, &root, out);
	if (result > 0) {
		umount2(target, MNT_DETACH);
		if (!locked && lock_container(view, out) < 0)
			return -1;
		result = mount_view(view, VIEW_WRITABLE, target, &root, out);
	}
	return result == 0 ? root : -1;
}

int view_enter(const struct view *view, enum view_kind kind, struct failure *out)
{
	return view->running ? enter_running(view, kind, out) : enter_stopped(view, kind, out);
}
