/* SPDX-License-Identifier: Apache-2.0 */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "scope.h"

/* Which namespace a setting belongs to; a name that ends in '/' stands for all below it. */
static const struct {
	const char *path;
	int flag;
} owners[] = {
	{"net/", CLONE_NEWNET},
	{"fs/mqueue/", CLONE_NEWIPC},
	{"kernel/msgmax", CLONE_NEWIPC},
	{"kernel/msgmnb", CLONE_NEWIPC},
	{"kernel/msgmni", CLONE_NEWIPC},
	{"kernel/msg_next_id", CLONE_NEWIPC},
	{"kernel/sem", CLONE_NEWIPC},
	{"kernel/sem_next_id", CLONE_NEWIPC},
	{"kernel/shmall", CLONE_NEWIPC},
	{"kernel/shmmax", CLONE_NEWIPC},
	{"kernel/shmmni", CLONE_NEWIPC},
	{"kernel/shm_next_id", CLONE_NEWIPC},
	{"kernel/shm_rmid_forced", CLONE_NEWIPC},
	{"kernel/domainname", CLONE_NEWUTS},
	{"user/", CLONE_NEWUSER},
};

/* Components that lead elsewhere would pass for what they begin with. */
static bool has_plain_components(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') ||
			(length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += length;
		if (!*path++)
			return true;
	}
}

/* "net.ipv4.ip_forward" or "net/ipv4/ip_forward". The first separator decides: with '.', a '/'
 * stands for a dot inside a component (interface names such as eth0.5), as sysctl(8) has it. */
static int to_path(const char *name, char *ret, size_t size, struct failure *out)
{
	const char *separator = strpbrk(name, "./");
	bool dotted = separator && *separator == '.';

	snprintf(ret, size, "%s", name);
	for (char *byte = ret; dotted && *byte; byte++)
		*byte = *byte == '.' ? '/' : *byte == '/' ? '.' : *byte;
	if (strlen(name) < size && has_plain_components(ret))
		return 0;
	return fail_kind(out, FAILURE_BAD_INPUT, 0, "sysctl",
		"config.json: linux.sysctl: not a setting: \"%.60s\"", name);
}

static int check_owner(
	const struct spec *spec, const char *name, const char *path, struct failure *out)
{
	for (size_t i = 0; i < array_size(owners); i++) {
		size_t length = strlen(owners[i].path);

		if (owners[i].path[length - 1] == '/' ? strncmp(path, owners[i].path, length) != 0
						      : strcmp(path, owners[i].path) != 0)
			continue;
		if (spec_namespace_find(spec, owners[i].flag, NULL))
			return 0;
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "sysctl",
			"config.json: linux.sysctl: %.100s is the host's: the container has no such namespace of its own",
			name);
	}
	if (strcmp(path, "kernel/hostname") == 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "sysctl",
			"config.json: linux.sysctl: kernel.hostname is set by the hostname member");
	return fail_kind(out, FAILURE_BAD_INPUT, 0, "sysctl",
		"config.json: linux.sysctl: %.100s is not separate per namespace, so it would be the host's",
		name);
}

static int write_setting(
	int proc, const char *name, const char *path, const char *value, struct failure *out)
{
	struct open_how how = {.flags = O_WRONLY | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
	char full[300];
	struct statfs type;

	snprintf(full, sizeof(full), "sys/%s", path);
	auto_close int fd = (int)syscall(SYS_openat2, proc, full, &how, sizeof(how));

	/* In the words of runc, which decide on the exit code of `run`. */
	if (fd < 0 && errno == ENOENT)
		return fail_kind(out, FAILURE_NOT_FOUND, 0, "sysctl",
			"open /proc/%s: no such file or directory", full);
	if (fd < 0)
		return fail(out, errno, "sysctl", "cannot open the sysctl %.100s", name);
	if (fstatfs(fd, &type) < 0 || type.f_type != PROC_SUPER_MAGIC)
		return fail(out, 0, "sysctl", "the sysctl %.100s is not on a procfs", name);
	if (retry_eintr(write(fd, value, strlen(value))) < 0)
		return fail(out, errno, "sysctl", "cannot set the sysctl %.100s", name);
	return 0;
}

int sysctl_apply(int proc, const struct spec *spec, struct failure *out)
{
	for (size_t i = 0; i < spec->sysctl_count; i++) {
		const struct spec_sysctl *entry = &spec->sysctls[i];
		char path[256];

		if (to_path(entry->name, path, sizeof(path), out) < 0 ||
			check_owner(spec, entry->name, path, out) < 0 ||
			write_setting(proc, entry->name, path, entry->value, out) < 0)
			return -1;
	}
	return 0;
}

int sysctl_apply_network(const json_t *settings, struct failure *out)
{
	auto_close int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name;
	json_t *value;

	if (proc < 0)
		return fail(out, errno, "sysctl", "cannot open /proc");
	json_object_foreach((json_t *)settings, name, value)
	{
		char path[256];

		if (to_path(name, path, sizeof(path), out) < 0)
			return -1;
		if (strncmp(path, "net/", 4) != 0 || !json_is_string(value))
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "sysctl",
				"not a setting of networks: \"%.60s\"", name);
		if (write_setting(proc, name, path, json_string_value(value), out) < 0)
			return -1;
	}
	return 0;
}
