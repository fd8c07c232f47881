/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent does for the child during a start: id maps, mounts out of its reach, hooks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "donor.h"
#include "hooks.h"
#include "launch_parts.h"
#include "map_ids.h"
#include "mount.h"
#include "scope.h"
#include "sync.h"

int launch_explain_silence(const struct launch *launch, struct failure *out)
{
	/* What it had to say it has said. Alive, it would keep the report open for ever. */
	if (launch->pid > 0)
		kill(launch->pid, SIGKILL);
	if (failure_receive(launch->report, out) > 0)
		return -1;
	return fail(out, 0, "handshake", "the container's process died before it was ready");
}

static int clone_rootfs(const struct launch *launch, struct failure *out)
{
	const char *path = launch->spec->root_path;
	auto_close int origin =
		openat(launch->child.bundle, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int tree = origin < 0 ? -1 : mount_clone(origin, true);

	if (tree < 0)
		fail(out, errno, "rootfs", "cannot bind the root filesystem %s", path);
	return tree;
}

static int open_source(
	const struct launch *launch, const struct spec_mount *mount, struct failure *out)
{
	struct mount_options options = {0};
	bool of_donor;

	if (mount_options_parse(mount, &options, out) < 0)
		return -1;
	of_donor = options.of_donor;
	mount_options_clear(&options);
	if (!of_donor)
		return mount_open_source(launch->child.bundle, mount, out);
	if (launch->options->donor < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "mount",
			"the mount on %s is of another container, but none is joined",
			mount->destination);
	return donor_clone_mount(launch->options->donor, mount->source, out);
}

/* The child's user namespace may be refused a path that the caller can reach (a directory of the
 * host's root): the caller clones the mount in the child's stead. */
static int serve_source(struct launch *launch, int32_t index, struct failure *out)
{
	auto_close int tree = -1;

	if (index == SYNC_ROOTFS)
		tree = clone_rootfs(launch, out);
	else if (index < 0 || (size_t)index >= launch->spec->mount_count)
		return fail(out, 0, "handshake", "the process asked for a mount that is not there");
	else
		tree = open_source(launch, &launch->spec->mounts[index], out);
	if (tree < 0)
		return -1;
	if (sync_send(launch->sync, SYNC_SOURCE_OPENED, 0, tree) < 0)
		return fail(out, errno, "handshake", "cannot answer the container's process");
	return 0;
}

static int serve_hooks(struct launch *launch, struct failure *out)
{
	static const enum spec_hook_stage stages[] = {HOOK_PRESTART, HOOK_CREATE_RUNTIME};
	const struct hook_state state = {.id = launch->options->id,
		.bundle = launch->options->bundle,
		.status = "creating",
		.pid = launch->pid};

	for (size_t i = 0; i < array_size(stages); i++)
		if (hooks_run(launch->spec, stages[i], &state, out) < 0)
			return -1;
	if (sync_send(launch->sync, SYNC_HOOKS_RAN, 0, -1) < 0)
		return launch_explain_silence(launch, out);
	return 0;
}

int launch_serve(struct launch *launch, struct failure *out)
{
	for (;;) {
		enum sync_message message = SYNC_READY;
		auto_close int passed = -1;
		int32_t value = 0;

		if (sync_receive(launch->sync, &message, &value, &passed) <= 0)
			return launch_explain_silence(launch, out);
		switch (message) {
		case SYNC_MAP_IDS:
			if (map_ids_write(launch->child.proc, launch->pid, launch->spec, out) < 0)
				return -1;
			if (sync_send(launch->sync, SYNC_IDS_MAPPED, 0, -1) < 0)
				return launch_explain_silence(launch, out);
			break;
		case SYNC_SOURCE_WANTED:
			if (serve_source(launch, value, out) < 0)
				return -1;
			break;
		case SYNC_NAMESPACES_READY:
			if (serve_hooks(launch, out) < 0)
				return -1;
			break;
		case SYNC_CONSOLE:
			launch_close(&launch->console);
			launch->console = take_fd(&passed);
			break;
		case SYNC_NAMESPACE:
			stragglers_know(&launch->stragglers, value, passed);
			break;
		case SYNC_READY:
			launch->netns = take_fd(&passed);
			return 0;
		default:
			return fail(out, 0, "handshake", "message %d out of turn", (int)message);
		}
	}
}
