/* SPDX-License-Identifier: Apache-2.0 */
#include "map_ids.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "scope.h"

/* The kernel takes at most 340 lines and one page. */
enum { MAP_BYTES = 4096, TOOL_ARGUMENTS = 340 * 3 + 3 };

static bool have_capability(unsigned number)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[number / 32].effective & (1U << (number % 32));
}

static int append_line(
	char *ret, size_t size, size_t *used, uint64_t inside, uint64_t outside, uint64_t count)
{
	int length = snprintf(ret + *used, size - *used, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		inside, outside, count);

	if (length < 0 || (size_t)length >= size - *used)
		return -1;
	*used += (size_t)length;
	return 0;
}

/* The extent that holds id; *ret_left = how many ids from it on the extent has. */
static int find_extent(const char *text, uint64_t id, uint64_t *ret_left)
{
	uint64_t inside, outside, count;
	int consumed;

	while (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 "%n", &inside, &outside, &count,
		       &consumed) == 3) {
		if (id >= inside && id - inside < count) {
			*ret_left = count - (id - inside);
			return 0;
		}
		text += consumed;
	}
	return -1;
}

int map_ids_split(const char *text, const struct spec_id_mapping *mappings, size_t count, char *ret,
	size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t inside = mappings[i].container_id, outside = mappings[i].host_id;
		uint64_t left = mappings[i].size;

		while (left > 0) {
			uint64_t step;

			if (find_extent(text, outside, &step) < 0)
				return -1;
			step = step < left ? step : left;
			if (append_line(ret, size, &used, inside, outside, step) < 0)
				return -1;
			inside += step;
			outside += step;
			left -= step;
		}
	}
	return (int)used;
}

static int write_file(int proc, pid_t pid, const char *name, const char *text, size_t length)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", (int)pid, name);
	auto_close int fd = openat(proc, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	return write(fd, text, length) == (ssize_t)length ? 0 : -1;
}

/* Runs newuidmap or newgidmap; what it prints becomes part of the failure. */
static int run_tool(const char *tool, pid_t pid, const struct spec_id_mapping *mappings,
	size_t count, struct failure *out)
{
	char numbers[340 * 3 + 1][12], complaint[256] = "";
	char *arguments[TOOL_ARGUMENTS];
	size_t used = 0, have = 0;
	int pipe_ends[2], status;
	pid_t helper;

	if (count > 340)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "id map", "more than 340 id mappings");
	arguments[used] = (char *)tool;
	snprintf(numbers[used++], sizeof(numbers[0]), "%d", (int)pid);
	arguments[1] = numbers[0];
	for (size_t i = 0; i < count; i++) {
		const uint32_t triple[3] = {
			mappings[i].container_id, mappings[i].host_id, mappings[i].size};

		for (size_t j = 0; j < 3; j++) {
			snprintf(numbers[used], sizeof(numbers[0]), "%" PRIu32, triple[j]);
			arguments[used + 1] = numbers[used];
			used++;
		}
	}
	arguments[used + 1] = NULL;
	if (pipe2(pipe_ends, O_CLOEXEC) < 0)
		return fail(out, errno, "id map", "cannot make a pipe");
	helper = fork();
	if (helper == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(pipe_ends[1], 2) < 0)
			_exit(126);
		execvp(tool, arguments);
		dprintf(2, "%s", strerror(errno));
		_exit(127);
	}
	close(pipe_ends[1]);
	if (helper > 0) {
		ssize_t got;

		while (have < sizeof(complaint) - 1 &&
			(got = retry_eintr(read(pipe_ends[0], complaint + have,
				 sizeof(complaint) - 1 - have))) > 0)
			have += (size_t)got;
		complaint[have] = '\0';
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	close(pipe_ends[0]);
	if (helper < 0 || retry_eintr(waitpid(helper, &status, 0)) < 0)
		return fail(out, errno, "id map", "cannot run %s", tool);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail(out, 0, "id map", "%s cannot map the ids: %s", tool,
			complaint[0] ? complaint : "it failed without a message");
	return 0;
}

struct map_kind {
	const char *file;    /* in /proc/PID */
	const char *own;     /* the caller's own map */
	const char *tool;    /* the setuid program */
	unsigned capability; /* that allows to write any ids */
};

static int write_directly(int proc, pid_t pid, const struct map_kind *kind,
	const struct spec_id_mapping *mappings, size_t count, struct failure *out)
{
	char own[MAP_BYTES * 4] = "", lines[MAP_BYTES];
	auto_close int fd = openat(proc, kind->own, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t got;
	int length;

	if (fd < 0)
		return fail(out, errno, "id map", "cannot open /proc/%s", kind->own);
	while (have < sizeof(own) - 1 &&
		(got = retry_eintr(read(fd, own + have, sizeof(own) - 1 - have))) > 0)
		have += (size_t)got;
	own[have] = '\0';
	length = map_ids_split(own, mappings, count, lines, sizeof(lines));
	if (length < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "id map",
			"the mappings name ids that are not in this user namespace, or are too many");
	if (write_file(proc, pid, kind->file, lines, (size_t)length) < 0)
		return fail(out, errno, "id map", "cannot write %s", kind->file);
	return 0;
}

static int write_map(int proc, pid_t pid, const struct map_kind *kind, uint32_t own_id,
	const struct spec_id_mapping *mappings, size_t count, struct failure *out)
{
	if (have_capability(kind->capability))
		return write_directly(proc, pid, kind, mappings, count, out);
	if (count == 1 && mappings[0].size == 1 && mappings[0].host_id == own_id) {
		/* The kernel lets nobody map a group of its own without giving up setgroups. */
		if (strcmp(kind->file, "gid_map") == 0 &&
			write_file(proc, pid, "setgroups", "deny", 4) < 0)
			return fail(out, errno, "id map", "cannot deny setgroups");
		return write_directly(proc, pid, kind, mappings, count, out);
	}
	return run_tool(kind->tool, pid, mappings, count, out);
}

int map_ids_write(int proc, pid_t pid, const struct spec *spec, struct failure *out)
{
	static const struct map_kind uid = {"uid_map", "self/uid_map", "newuidmap", CAP_SETUID};
	static const struct map_kind gid = {"gid_map", "self/gid_map", "newgidmap", CAP_SETGID};

	if (spec->uid_mapping_count == 0 || spec->gid_mapping_count == 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "id map",
			"a new user namespace needs uidMappings and gidMappings");
	if (write_map(proc, pid, &gid, getegid(), spec->gid_mappings, spec->gid_mapping_count,
		    out) < 0)
		return -1;
	return write_map(
		proc, pid, &uid, geteuid(), spec->uid_mappings, spec->uid_mapping_count, out);
}
