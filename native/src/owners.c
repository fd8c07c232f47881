/* SPDX-License-Identifier: Apache-2.0 */
#include "owners.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scope.h"

uint32_t owners_outer(const struct spec_id_mapping *mappings, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= mappings[i].container_id &&
			id - mappings[i].container_id < mappings[i].size)
			return mappings[i].host_id + (id - mappings[i].container_id);
	return id;
}

static uid_t root_uid(const struct spec *spec)
{
	return owners_outer(spec->uid_mappings, spec->uid_mapping_count, 0);
}

static gid_t root_gid(const struct spec *spec)
{
	return owners_outer(spec->gid_mappings, spec->gid_mapping_count, 0);
}

bool owners_differ(const struct spec *spec)
{
	return root_uid(spec) != 0 || root_gid(spec) != 0;
}

/* The kernel drops some of the effective capabilities with the id; the permitted ones remain. */
static int raise_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	for (size_t i = 0; i < array_size(data); i++)
		data[i].effective = data[i].permitted;
	return (int)syscall(SYS_capset, &header, data);
}

static int set_ids(uid_t uid, gid_t gid, struct failure *out)
{
	setfsgid(gid);
	setfsuid(uid);
	/* They report no error: a second call tells what is set. */
	if ((uid_t)setfsuid(uid) != uid || (gid_t)setfsgid(gid) != gid || raise_capabilities() < 0)
		return fail(out, errno, "owners", "cannot make files for user %u", uid);
	/* A change of ids hides /proc/PID, through which the next monitor borrows from this one. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail(out, errno, "owners", "cannot keep /proc/self");
	return 0;
}

int owners_become(const struct spec *spec, struct failure *out)
{
	return owners_differ(spec) ? set_ids(root_uid(spec), root_gid(spec), out) : 0;
}

int owners_restore(const struct spec *spec, struct failure *out)
{
	return owners_differ(spec) ? set_ids(0, 0, out) : 0;
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return path && strncmp(path, directory, length) == 0 && path[length] == '/';
}

int owners_give_files(const struct spec *spec, const char *directory, struct failure *out)
{
	if (!owners_differ(spec))
		return 0;
	for (size_t i = 0; i < spec->mount_count; i++) {
		const char *source = spec->mounts[i].source;
		struct stat status;

		if (!is_below(source, directory))
			continue;
		auto_close int file = open(source, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (file < 0 || fstat(file, &status) < 0)
			return fail(out, errno, "owners", "cannot open %s", source);
		if (!S_ISREG(status.st_mode))
			continue;
		if (fchownat(file, "", root_uid(spec), root_gid(spec), AT_EMPTY_PATH) < 0)
			return fail(out, errno, "owners", "cannot change the owner of %s", source);
	}
	return 0;
}

static bool has_outer(const struct spec_id_mapping *mappings, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= mappings[i].host_id && id - mappings[i].host_id < mappings[i].size)
			return true;
	return count == 0;
}

/* Two names are in every directory. */
static bool is_empty(int directory)
{
	auto_close int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = again < 0 ? NULL : fdopendir(again);
	size_t names = 0;

	if (!stream)
		return false;
	take_fd(&again);
	while (names <= 2 && readdir(stream))
		names++;
	closedir(stream);
	return names == 2;
}

int owners_give_volume(const struct spec *spec, const char *volume, struct failure *out)
{
	auto_free char *path = NULL;
	struct stat status;

	if (has_outer(spec->uid_mappings, spec->uid_mapping_count, 0))
		return 0;
	if (asprintf(&path, "%s/_data", volume) < 0) {
		path = NULL;
		return fail(out, ENOMEM, "owners", "cannot name the volume");
	}
	auto_close int data = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (data < 0 || fstat(data, &status) < 0)
		return fail(out, errno, "owners", "cannot open %s", path);
	if (has_outer(spec->uid_mappings, spec->uid_mapping_count, status.st_uid) ||
		!is_empty(data))
		return 0;
	if (fchown(data, root_uid(spec), root_gid(spec)) < 0)
		return fail(out, errno, "owners", "cannot change the owner of %s", path);
	return 0;
}
