/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_mount.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>

#include "donor.h"
#include "lenders.h"
#include "mount.h"
#include "scope.h"

#define STEP "volume"

/* A path as mountinfo writes it, without what would end the field. */
static bool same_place(const char *field, const char *place)
{
	for (; *place; place++) {
		char escaped[8];
		size_t length = 1;

		escaped[0] = *place;
		if (strchr(" \t\n\\#", *place))
			length = (size_t)snprintf(
				escaped, sizeof(escaped), "\\%03o", (unsigned char)*place);
		if (strncmp(field, escaped, length) != 0)
			return false;
		field += length;
	}
	return *field == '\0';
}

/* Whether a process has a mount at that very place. */
static bool has_mount(pid_t pid, const char *place)
{
	char path[64];
	auto_free char *line = NULL;
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	auto_fclose FILE *mounts = fopen(path, "re");

	while (mounts && getline(&line, &size, mounts) > 0) {
		char *rest = line, *field = NULL;

		for (int i = 0; i < 5; i++)
			field = strsep(&rest, " ");
		if (field && same_place(field, place))
			return true;
	}
	return false;
}

struct search {
	const char *place;
	int tree;
};

/* One that ends just now has it no more: the next may. */
static bool clone_from(const struct identity *monitor, void *data)
{
	struct search *search = data;
	struct failure ignored;

	if (!has_mount(monitor->pid, search->place))
		return false;
	auto_close int pidfd = identity_open(monitor);

	if (pidfd >= 0)
		search->tree = donor_clone_mount(pidfd, search->place, &ignored);
	return search->tree >= 0;
}

/* Docker's sentence, and what the kernel said, in Go's spelling. */
static int fail_mount(const struct plan_file_system *wanted, const char *place,
	const struct mount_options *options, int error, struct failure *out)
{
	char data[256] = "", reason[64];
	size_t used = 0;

	for (size_t i = 0; i < options->parameters.count && used < sizeof(data); i++)
		used += (size_t)snprintf(data + used, sizeof(data) - used, "%s%s",
			i > 0 ? "," : ", data: ", options->parameters.items[i]);
	snprintf(reason, sizeof(reason), "%s", strerror(error));
	reason[0] = (char)tolower((unsigned char)reason[0]);
	return fail(out, 0, STEP,
		"error while mounting volume '%s': failed to mount local volume: mount %s:%s%s: %s",
		place, wanted->source, place, data, reason);
}

static int create(const struct plan_file_system *wanted, const char *place, struct failure *out)
{
	char user_xattr[] = "userxattr";
	struct spec_mount mount = {.destination = (char *)place,
		.type = wanted->type,
		.source = wanted->source,
		.options = wanted->options};
	struct mount_options options;
	struct failure why;
	int tree;

	if (mount_options_parse(&mount, &options, out) < 0)
		return -1;
	/* In a user namespace the kernel lets overlay keep its notes under that name only. */
	if (strcmp(wanted->type, "overlay") == 0 && options.parameters.count > 0) {
		struct mount_options with = options;
		auto_free char **items = calloc(options.parameters.count + 2, sizeof(*items));

		if (!items)
			return fail(out, ENOMEM, STEP, "cannot mount %s", place);
		memcpy(items, options.parameters.items, options.parameters.count * sizeof(*items));
		items[options.parameters.count] = user_xattr;
		with.parameters =
			(struct string_list){.items = items, .count = options.parameters.count + 1};
		tree = mount_create(wanted->type, wanted->source, &with, with.attributes_set, &why);
	} else {
		tree = mount_create(
			wanted->type, wanted->source, &options, options.attributes_set, &why);
	}
	if (tree < 0)
		fail_mount(wanted, place, &options, why.error, out);
	mount_options_clear(&options);
	return tree;
}

static int mount_one(
	const struct plan *plan, const struct plan_file_system *wanted, struct failure *out)
{
	auto_close int volume = open(wanted->volume, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char named[PATH_MAX];
	auto_free char *place = NULL;
	struct search search = {.tree = -1};

	snprintf(named, sizeof(named), "%s/_data", wanted->volume);
	place = realpath(named, NULL);
	if (volume < 0 || !place)
		return fail(out, errno, STEP,
			"error evaluating symlinks from mount source \"%s\": lstat %s", named,
			named);
	/* Who comes at the same time waits, and finds it. */
	if (retry_eintr(flock(volume, LOCK_EX)) < 0)
		return fail(out, errno, STEP, "cannot lock the volume %s", wanted->volume);
	search.place = place;
	if (!lenders_visit(plan, clone_from, &search))
		search.tree = create(wanted, place, out);
	auto_close int tree = search.tree;
	auto_close int target =
		tree < 0 ? -1 : open(place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (tree < 0)
		return -1;
	if (target < 0 || mount_propagate(tree, MS_PRIVATE, false) < 0 ||
		mount_attach(tree, target) < 0)
		return fail(out, errno, STEP, "cannot mount on %s", place);
	return 0;
}

int volumes_mount(const struct plan *plan, struct failure *out)
{
	for (size_t i = 0; i < plan->file_system_count; i++)
		if (mount_one(plan, &plan->file_systems[i], out) < 0)
			return -1;
	return 0;
}

void volumes_unmount(const struct plan *plan)
{
	for (size_t i = 0; i < plan->file_system_count; i++) {
		char place[PATH_MAX];

		snprintf(place, sizeof(place), "%s/_data", plan->file_systems[i].volume);
		(void)umount2(place, MNT_DETACH);
	}
}
