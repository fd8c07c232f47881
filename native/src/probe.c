/* SPDX-License-Identifier: Apache-2.0 */
/* `probe`: what this host can do. Every check does the thing itself, in a process and namespaces of
 * its own. */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "fail.h"
#include "id_map.h"
#include "probe.h"
#include "scope.h"
#include "userns.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static int probe_userns(const struct probe *probe, struct failure *out)
{
	struct id_extent uid = {0, geteuid(), 1}, gid = {0, getegid(), 1};
	const struct id_map own = {.uids = &uid, .gids = &gid, .uid_count = 1, .gid_count = 1};

	(void)probe;
	return userns_create(&own, 0, out);
}

static int probe_idmap(const struct probe *probe, struct failure *out)
{
	return userns_create(&probe->map, 0, out);
}

static int try_device(const char *path, struct failure *out)
{
	auto_close int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? fail(out, errno, STEP, "cannot open %s", path) : 0;
}

static int probe_fuse(const struct probe *probe, struct failure *out)
{
	(void)probe;
	return try_device("/dev/fuse", out);
}

static int probe_tun(const struct probe *probe, struct failure *out)
{
	(void)probe;
	return try_device("/dev/net/tun", out);
}

/* Where the version 2 hierarchy is mounted, and the caller's own group in it. */
static int find_own_cgroup(char *path, size_t size, struct failure *out)
{
	auto_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
	auto_fclose FILE *groups = fopen("/proc/self/cgroup", "re");
	char line[4096], mountpoint[1024] = "", *own = NULL;

	while (mounts && fgets(line, sizeof(line), mounts))
		if (strstr(line, " - cgroup2 ") &&
			sscanf(line, "%*d %*d %*s %*s %1023s", mountpoint) == 1)
			break;
	if (!mountpoint[0])
		return fail(out, 0, STEP, "cgroup version 2 is not mounted");
	while (!own && groups && fgets(line, sizeof(line), groups))
		if (strncmp(line, "0::", 3) == 0)
			own = line + 3;
	if (!own)
		return fail(out, 0, STEP, "this process is in no cgroup of version 2");
	own[strcspn(own, "\n")] = '\0';
	if ((size_t)snprintf(path, size, "%s%s", mountpoint, own) >= size)
		return fail(out, ENAMETOOLONG, STEP, "the cgroup's path is too long");
	return 0;
}

static int probe_cgroup(const struct probe *probe, struct failure *out)
{
	char path[6000], group[6100];

	(void)probe;
	if (find_own_cgroup(path, sizeof(path), out) < 0)
		return -1;
	snprintf(group, sizeof(group), "%s/lighter-probe-%d", path, (int)getpid());
	if (mkdir(group, 0755) < 0)
		return fail(out, errno, STEP, "cannot create a cgroup in %.300s", path);
	rmdir(group);
	return 0;
}

static int probe_seccomp(const struct probe *probe, struct failure *out)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	(void)probe;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		return fail(out, errno, STEP, "this kernel has no seccomp filters");
	return 0;
}

static int probe_memfd_exec(const struct probe *probe, struct failure *out)
{
	char *arguments[] = {(char[]){"lighter-native"}, (char[]){"--version"}, NULL};
	char *environment[] = {NULL};
	auto_close int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_close int memory = memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	struct stat status;
	off_t offset = 0;

	(void)probe;
	if (memory < 0 && errno == EINVAL) /* before Linux 6.3 */
		memory = memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory < 0)
		return fail(out, errno, STEP,
			"cannot create an executable memfd (sysctl vm.memfd_noexec?)");
	if (self < 0 || fstat(self, &status) < 0)
		return fail(out, errno, STEP, "cannot open this program");
	while (offset < status.st_size)
		if (sendfile(memory, self, &offset, (size_t)(status.st_size - offset)) <= 0)
			return fail(out, errno, STEP, "cannot copy this program");
	if (fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
		0)
		return fail(out, errno, STEP, "cannot seal a memfd");

	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = fork();
	int exited = -1;

	if (pid == 0) {
		dup2(null, 1);
		fexecve(memory, arguments, environment);
		_exit(127);
	}
	if (pid < 0 || retry_eintr(waitpid(pid, &exited, 0)) < 0 || exited != 0)
		return fail(out, 0, STEP, "a program in a sealed memfd cannot be executed");
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct probe *probe, struct failure *out);
} checks[] = {
	{"userns", probe_userns},
	{"idmap", probe_idmap},
	{"overlay", probe_overlay},
	{"fuse-overlayfs", probe_fuse_overlayfs},
	{"owners", probe_owners},
	{"kept-owners", probe_kept_owners},
	{"fuse", probe_fuse},
	{"tun", probe_tun},
	{"netns", probe_netns},
	{"bridge", probe_bridge},
	{"nftables", probe_nftables},
	{"cgroup", probe_cgroup},
	{"seccomp", probe_seccomp},
	{"memfd-exec", probe_memfd_exec},
};

/* In a process of its own: most checks change namespaces for good. */
static int run_check(int (*run)(const struct probe *, struct failure *), const struct probe *probe,
	struct failure *out)
{
	int report[2], received, status = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return fail(out, errno, STEP, "cannot make a pipe");
	auto_close int reader = report[0];
	auto_close int writer = report[1];

	pid = fork();
	if (pid < 0)
		return fail(out, errno, STEP, "cannot fork");
	if (pid == 0) {
		struct failure failure = {0};

		if (run(probe, &failure) < 0)
			failure_send(writer, &failure);
		_exit(0);
	}
	close(take_fd(&writer));
	received = failure_receive(reader, out);
	retry_eintr(waitpid(pid, &status, 0));
	if (received < 0 || status != 0)
		return fail(out, 0, STEP, "the checking process was killed");
	return received == 0 ? 0 : -1;
}

static int report_check(const char *name, const struct probe *probe)
{
	struct failure failure = {0};
	json_t *line;
	int result = -1;

	for (size_t i = 0; i < array_size(checks); i++) {
		if (strcmp(checks[i].name, name) != 0)
			continue;
		result = run_check(checks[i].run, probe, &failure);
		line = json_pack("{s:s, s:s, s:b, s:s}", "event", "probed", "check", name, "ok",
			result == 0, "message", result == 0 ? "" : failure.message);
		result = line ? json_dumpf(line, stdout, JSON_COMPACT) : -1;
		json_decref(line);
		return result < 0 || puts("") == EOF ? -1 : 0;
	}
	fprintf(stderr, "probe: no such check: %s\n", name);
	return -1;
}

int verb_probe(int argc, char **argv)
{
	struct probe probe = {.directory = NULL};
	struct failure failure;
	const char *id_map = NULL;
	int first = 2, result = 0;

	for (; first + 1 < argc && strncmp(argv[first], "--", 2) == 0; first += 2) {
		if (strcmp(argv[first], "--id-map") == 0)
			id_map = argv[first + 1];
		else if (strcmp(argv[first], "--directory") == 0)
			probe.directory = argv[first + 1];
		else if (strcmp(argv[first], "--fuse-overlayfs") == 0)
			probe.fuse_overlayfs = argv[first + 1];
		else
			break;
	}
	if (!id_map || !probe.directory || first >= argc || argv[first][0] == '-') {
		fputs("usage: probe --id-map JSON --directory DIR [--fuse-overlayfs PROGRAM] CHECK...\n",
			stderr);
		return 125;
	}
	if (id_map_parse_text(id_map, &probe.map, &failure) < 0) {
		fprintf(stderr, "probe: %s\n", failure.message);
		return 125;
	}
	for (; first < argc && result == 0; first++)
		result = report_check(argv[first], &probe);
	fflush(stdout);
	id_map_clear(&probe.map);
	return result < 0 ? 125 : 0;
}
