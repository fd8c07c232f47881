/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cgroup_devices.h"
#include "scope.h"

bool cgroup_find_tree(char ret[PATH_MAX])
{
	auto_fclose FILE *file = fopen("/proc/self/mountinfo", "re");
	auto_free char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		char path[PATH_MAX], *separator = strstr(line, " - cgroup2 ");
		struct statfs type;

		if (!separator || sscanf(line, "%*s %*s %*s %*s %4095s", path) != 1)
			continue;
		/* A path with escaped characters is none that a host uses for cgroups. */
		if (statfs(path, &type) == 0 && type.f_type == CGROUP2_SUPER_MAGIC) {
			memcpy(ret, path, strlen(path) + 1);
			return true;
		}
	}
	return false;
}

/* The caller's own place in the v2 tree: "/…". */
static bool find_own(char ret[PATH_MAX])
{
	auto_fclose FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 8];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "0::/", 4) == 0 && strlen(line + 3) < PATH_MAX) {
			line[strcspn(line, "\n")] = '\0';
			memcpy(ret, line + 3, strlen(line + 3) + 1);
			return true;
		}
	return false;
}

static bool has_dots(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return true;
	}
	return false;
}

/* Whether the directory, or the nearest parent that exists, can be written. */
static bool can_create(const char *path)
{
	char parent[PATH_MAX];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	while (access(parent, F_OK) < 0 && (slash = strrchr(parent, '/')) && slash != parent)
		*slash = '\0';
	return access(parent, W_OK) == 0;
}

static int unsupported(const char *wanted, struct failure *out, const char *reason)
{
	if (wanted)
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "cgroup",
			"linux.cgroupsPath %.200s cannot be made: %s", wanted, reason);
	return fail_kind(out, FAILURE_UNSUPPORTED, 0, "cgroup",
		"linux.resources needs a cgroup: %s", reason);
}

int cgroup_locate(const struct spec *spec, const char *id, char **ret_path, struct failure *out)
{
	const char *asked = spec->cgroups_path && *spec->cgroups_path ? spec->cgroups_path : NULL;
	const char *wanted = asked;
	char tree[PATH_MAX], own[PATH_MAX] = "", usual[300];
	char *path = NULL;

	*ret_path = NULL;
	if (!asked && spec->cgroup_setting_count == 0 && !cgroup_devices_needed(spec))
		return 0;
	if (!asked) {
		snprintf(usual, sizeof(usual), "/lighter/%s", id);
		wanted = usual;
	}
	if (has_dots(wanted) || strlen(wanted) >= PATH_MAX / 2)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "cgroup",
			"config.json: linux.cgroupsPath is not a plain path");
	if (!cgroup_find_tree(tree))
		return unsupported(asked, out, "cgroup v2 is not mounted on this host");
	if (wanted[0] != '/' && !find_own(own))
		return unsupported(asked, out, "this process has no place in the cgroup v2 tree");
	if (asprintf(&path, "%s%s/%s", tree, strcmp(own, "/") == 0 ? "" : own,
		    wanted + (wanted[0] == '/')) < 0)
		return fail(out, ENOMEM, "cgroup", "cannot locate the cgroup");
	if (can_create(path)) {
		*ret_path = path;
		return 0;
	}
	free(path);
	return unsupported(asked, out, "this user may not make one there");
}

static int write_file(int directory, const char *file, const char *value)
{
	auto_close int fd = openat(directory, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	return retry_eintr(write(fd, value, strlen(value))) < 0 ? -1 : 0;
}

/* Enables what the settings need for the children of a directory. Whether it helped shows when the
 * settings are written: directories above a delegated one need not be ours. */
static void enable_controllers(int directory, const struct spec *spec)
{
	for (size_t i = 0; i < spec->cgroup_setting_count; i++) {
		const char *file = spec->cgroup_settings[i].file;
		char text[64];

		snprintf(text, sizeof(text), "+%.*s", (int)strcspn(file, "."), file);
		(void)!write_file(directory, "cgroup.subtree_control", text);
	}
}

/* All that are delegated: memory's counts tell who was killed, pids' and cpu's who is busy. */
static void enable_all_controllers(int directory)
{
	auto_close int fd = openat(directory, "cgroup.controllers", O_RDONLY | O_CLOEXEC);
	char text[512], *rest, *name;
	ssize_t length = fd < 0 ? -1 : retry_eintr(read(fd, text, sizeof(text) - 1));

	if (length < 0)
		return;
	text[length] = '\0';
	for (name = strtok_r(text, " \n", &rest); name; name = strtok_r(NULL, " \n", &rest)) {
		char word[64];

		snprintf(word, sizeof(word), "+%.62s", name);
		(void)!write_file(directory, "cgroup.subtree_control", word);
	}
}

static bool is_cgroup(int fd)
{
	struct statfs type;

	return fstatfs(fd, &type) == 0 && type.f_type == CGROUP2_SUPER_MAGIC;
}

/* Walks down to the directory and makes what is missing; *ret_made = length of the path of the
 * first that was made, 0 for none. */
static int make_path(const char *path, const struct spec *spec, int *ret_fd, size_t *ret_made,
	struct failure *out)
{
	auto_close int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *part = path;

	*ret_made = 0;
	while (fd >= 0) {
		char name[NAME_MAX + 1];
		size_t length;
		int next;

		part += strspn(part, "/");
		length = strcspn(part, "/");
		if (length == 0)
			break;
		if (length > NAME_MAX)
			return fail(out, ENAMETOOLONG, "cgroup", "cannot make the cgroup %s", path);
		memcpy(name, part, length);
		name[length] = '\0';
		if (is_cgroup(fd)) {
			enable_controllers(fd, spec);
			if (mkdirat(fd, name, 0755) == 0 && *ret_made == 0)
				*ret_made = (size_t)(part - path) + length;
		}
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		close(fd);
		fd = next;
		part += length;
	}
	if (fd < 0)
		return fail(out, errno, "cgroup", "cannot make the cgroup %s", path);
	if (!is_cgroup(fd))
		return fail(out, 0, "cgroup", "%s is not in a cgroup v2 tree", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The weights of the two schedulers that have any; each ignores what it does not know. */
static bool may_be_absent(int fd, const struct spec_cgroup_setting *entry, int error)
{
	if (strcmp(entry->file, "io.bfq.weight") == 0)
		return error == ENOENT || error == EOPNOTSUPP || error == ENODEV;
	if (strcmp(entry->file, "io.weight") != 0)
		return false;
	/* One device's counts only where its cost is modelled; runc leaves it out everywhere. */
	return strchr(entry->value, ':')
		       ? error == ENOENT || error == EOPNOTSUPP
		       : error == ENOENT && faccessat(fd, "io.bfq.weight", F_OK, 0) == 0;
}

static int write_settings(int fd, const struct spec *spec, struct failure *out)
{
	for (size_t i = 0; i < spec->cgroup_setting_count; i++) {
		const struct spec_cgroup_setting *entry = &spec->cgroup_settings[i];

		if (write_file(fd, entry->file, entry->value) == 0)
			continue;
		/* A kernel without swap accounting cannot swap beyond its limit of none. */
		if (errno == ENOENT && strcmp(entry->file, "memory.swap.max") == 0 &&
			(strcmp(entry->value, "max") == 0 || strcmp(entry->value, "0") == 0))
			continue;
		if (may_be_absent(fd, entry, errno))
			continue;
		if (errno == ENOENT)
			return fail_kind(out, FAILURE_UNSUPPORTED, 0, "cgroup",
				"cannot set %s: this cgroup has no %.*s controller", entry->file,
				(int)strcspn(entry->file, "."), entry->file);
		return fail(
			out, errno, "cgroup", "cannot set %s to %.60s", entry->file, entry->value);
	}
	return 0;
}

/* Two containers in one cgroup would be killed and deleted together. */
static int check_unused(int fd, const char *path, struct failure *out)
{
	auto_close int processes = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char byte;

	if (processes >= 0 && retry_eintr(read(processes, &byte, 1)) > 0)
		return fail(out, 0, "cgroup", "the cgroup %s is in use", path);
	return 0;
}

int cgroup_create(const char *path, const struct spec *spec, int *ret_fd, struct failure *out)
{
	auto_close int fd = -1;
	size_t made = 0;
	int result = make_path(path, spec, &fd, &made, out);

	if (result == 0 && made == 0)
		result = check_unused(fd, path, out);
	if (result == 0)
		result = write_settings(fd, spec, out);
	if (result == 0)
		result = cgroup_attach_devices(fd, spec, out);
	if (result < 0 && made > 0) {
		auto_free char *first = strndup(path, made);
		struct failure ignored;

		if (first)
			cgroup_delete(first, &ignored);
	}
	if (result < 0)
		return -1;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* A cgroup that has processes of its own can give no controllers to those below. */
int cgroup_split_own(char **ret_parent, struct failure *out)
{
	char tree[PATH_MAX], own[PATH_MAX];
	auto_free char *path = NULL;
	auto_close int fd = -1;
	auto_close int leaf = -1;

	if (!cgroup_find_tree(tree) || !find_own(own))
		return fail(out, 0, "cgroup", "this process has no place in a cgroup v2 tree");
	if (asprintf(&path, "%s%s", tree, own) < 0) {
		path = NULL;
		return fail(out, ENOMEM, "cgroup", "cannot name the cgroup");
	}
	if (cgroup_open(path, &fd, out) < 0)
		return -1;
	if (mkdirat(fd, CGROUP_MONITOR_LEAF, 0755) < 0 && errno != EEXIST)
		return fail(out, errno, "cgroup", "cannot make a cgroup in %s", path);
	leaf = openat(fd, CGROUP_MONITOR_LEAF, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (leaf < 0 || write_file(leaf, "cgroup.procs", "0") < 0)
		return fail(out, errno, "cgroup", "cannot enter a cgroup in %s", path);
	enable_all_controllers(fd);
	*ret_parent = path;
	path = NULL;
	return 0;
}

int cgroup_open(const char *path, int *ret_fd, struct failure *out)
{
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return fail(out, errno, "cgroup", "cannot open the cgroup %s", path);
	if (!is_cgroup(fd))
		return fail(out, 0, "cgroup", "%s is not in a cgroup v2 tree", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int cgroup_open_memory_events(int fd)
{
	return openat(fd, "memory.events", O_RDONLY | O_CLOEXEC);
}

int cgroup_oom_kills(int events, unsigned long long *ret)
{
	char text[1024];
	const char *line;
	ssize_t length = retry_eintr(pread(events, text, sizeof(text) - 1, 0));

	if (length < 0)
		return -1;
	text[length] = '\0';
	line = strstr(text, "\noom_kill ");
	return line && sscanf(line, " oom_kill %llu", ret) == 1 ? 0 : -1;
}
