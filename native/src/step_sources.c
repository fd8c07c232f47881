/* SPDX-License-Identifier: Apache-2.0 */
#include "step_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "rootfs_parts.h"
#include "scope.h"
#include "step_cache.h"
#include "step_secrets.h"

int step_give(int fd, const struct step_source *source)
{
	if (fchownat(fd, "", source->uid, source->gid, AT_EMPTY_PATH) < 0 && errno != EINVAL)
		return -1;
	return fchmod(fd, source->mode);
}

static bool is_served(const struct step_source *source)
{
	return source->kind == STEP_TREE && source->tree.driver == ROOTFS_FUSE_OVERLAYFS;
}

int step_sources_begin(const struct plan_step *step, struct step_sources *ret, struct failure *out)
{
	ret->waiting = calloc(step->source_count + 1, sizeof(*ret->waiting));
	if (!ret->waiting)
		return fail(out, ENOMEM, ROOTFS_STEP, "cannot prepare the mounts");
	for (; ret->count < step->source_count; ret->count++) {
		const struct step_source *source = &step->sources[ret->count];
		struct fuse_waiting *waiting = &ret->waiting[ret->count];

		*waiting = (struct fuse_waiting){.device = -1, .gate = -1, .errors = -1};
		if (is_served(source) && rootfs_fuse_begin(&source->tree, waiting, out) < 0)
			return -1;
	}
	return 0;
}

/* The socket is a file of the step's own directory. */
static int give_socket(const struct step_source *source, struct failure *out)
{
	auto_close int socket = open(source->place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[64];
	struct stat status;

	if (socket < 0 || fstat(socket, &status) < 0)
		return fail(out, errno, "ssh", "cannot open %s", source->place);
	if (!S_ISSOCK(status.st_mode))
		return fail(out, 0, "ssh", "%s is no socket", source->place);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", socket);
	if ((fchownat(socket, "", source->uid, source->gid, AT_EMPTY_PATH) < 0 &&
		    errno != EINVAL) ||
		chmod(path, source->mode) < 0)
		return fail(out, errno, "ssh", "cannot change the owner of %s", source->place);
	return 0;
}

static int mount_tree(
	const struct step_source *source, struct fuse_waiting *waiting, struct failure *out)
{
	if (!is_served(source))
		return rootfs_mount_overlay(&source->tree, source->place, out);
	if (rootfs_fuse_finish(&source->tree, waiting, source->place, out) == 0)
		return 0;
	waiting->program = 0;
	return -1;
}

int step_sources_mount(
	struct plan_step *step, struct step_sources *sources, int client, struct failure *out)
{
	for (size_t i = 0; i < step->source_count; i++) {
		struct step_source *source = &step->sources[i];
		int result = 0;

		switch (source->kind) {
		case STEP_TREE:
			result = mount_tree(source, &sources->waiting[i], out);
			break;
		case STEP_CACHE:
			result = step_cache_mount(source, client, out);
			break;
		case STEP_SECRET:
			if (source->place)
				result = step_secret_mount(source, out);
			break;
		case STEP_SOCKET:
			result = give_socket(source, out);
			break;
		}
		if (result < 0)
			return -1;
	}
	return 0;
}

void step_sources_end(const struct plan_step *step, struct step_sources *sources)
{
	for (size_t i = 0; i < step->source_count; i++)
		if (step->sources[i].place && step->sources[i].kind != STEP_SOCKET)
			(void)umount2(step->sources[i].place, MNT_DETACH);
	/* Those that still wait end at the end of their gates, the later ones first: they have the
	 * earlier ones' open, too. */
	for (size_t i = 0; i < sources->count; i++) {
		scope_close(&sources->waiting[i].gate);
		scope_close(&sources->waiting[i].device);
		scope_close(&sources->waiting[i].errors);
	}
	for (size_t i = 0; i < sources->count; i++)
		if (sources->waiting[i].program > 0)
			retry_eintr(waitpid(sources->waiting[i].program, NULL, 0));
	free(sources->waiting);
	*sources = (struct step_sources){0};
}
