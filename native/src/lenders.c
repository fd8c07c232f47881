/* SPDX-License-Identifier: Apache-2.0 */
#include "lenders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <jansson.h>

#include "identity.h"
#include "json_read.h"
#include "scope.h"
#include "shared.h"

#define STEP "shared namespaces"

/* A running container's state is a few hundred bytes. */
#define STATE_LIMIT 65536

/* Opens another process's descriptor once its type is known: opening the wrong kind of file, a
 * device or an idle fifo, could block or have effects. */
static int open_lent(pid_t pid, int number, mode_t type, int flags)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, number);
	auto_close int found = open(path, O_PATH | O_CLOEXEC);

	if (found < 0 || fstat(found, &status) < 0 || (status.st_mode & S_IFMT) != type)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	return open(path, flags | O_CLOEXEC);
}

static bool is_network_namespace(int fd)
{
	struct statfs status;

	return fstatfs(fd, &status) == 0 && status.f_type == NSFS_MAGIC &&
	       ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

/* The pipe comes first: from then on the uplink cannot end, whatever happens to the lender. Opened
 * for both directions, because a pipe whose uplink died has no reader and would refuse a writer;
 * kept for writing only, because a pipe without a reader is how monitors hear of that death. */
static int borrow_from(const struct identity *lender, int *ret_netns, int *ret_uplink)
{
	auto_close int uplink = open_lent(lender->pid, LENT_UPLINK, S_IFIFO, O_RDWR);
	auto_close int netns = open_lent(lender->pid, LENT_NETNS, S_IFREG, O_RDONLY);

	if (uplink < 0 || netns < 0 || !is_network_namespace(netns) || !identity_alive(lender))
		return 0;
	*ret_uplink = open_lent(getpid(), uplink, S_IFIFO, O_WRONLY);
	if (*ret_uplink < 0)
		return 0;
	*ret_netns = take_fd(&netns);
	return 1;
}

typedef bool visitor(const struct identity *monitor, void *data);

static bool visit_listed(const char *directory, const char *boot_id, visitor *visit, void *data)
{
	auto_closedir DIR *entries = opendir(directory);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		struct identity lender = {0};
		char rest;

		if (sscanf(entry->d_name, "%d-%llu%c", &lender.pid, &lender.start_time, &rest) !=
				2 ||
			lender.pid == getpid())
			continue;
		memcpy(lender.boot_id, boot_id, sizeof(lender.boot_id));
		if (!identity_alive(&lender))
			unlinkat(dirfd(entries), entry->d_name, 0);
		else if (visit(&lender, data))
			return true;
	}
	return false;
}

static bool read_monitor(int containers, const char *id, struct identity *ret)
{
	char path[300];
	struct stat status;
	const char *boot_id = NULL;
	const char *start_time = NULL;
	json_int_t pid = 0;
	bool found = false;

	snprintf(path, sizeof(path), "%s/state.json", id);
	auto_close int fd =
		openat(containers, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
		status.st_size > STATE_LIMIT)
		return false;
	json_t *state = json_read(fd, STATE_LIMIT, 0, NULL);

	if (state &&
		json_unpack(state, "{s:{s:I, s:s, s:s}}", "monitor", "pid", &pid, "startTime",
			&start_time, "bootId", &boot_id) == 0 &&
		strlen(boot_id) == sizeof(ret->boot_id) - 1) {
		*ret = (struct identity){
			.pid = (pid_t)pid, .start_time = strtoull(start_time, NULL, 10)};
		memcpy(ret->boot_id, boot_id, sizeof(ret->boot_id));
		found = true;
	}
	json_decref(state);
	return found;
}

static bool visit_recorded(const char *directory, visitor *visit, void *data)
{
	auto_closedir DIR *containers = opendir(directory);
	struct dirent *entry;

	while (containers && (entry = readdir(containers))) {
		struct identity monitor;

		if (entry->d_name[0] == '.' ||
			!read_monitor(dirfd(containers), entry->d_name, &monitor) ||
			monitor.pid == getpid() || !identity_alive(&monitor))
			continue;
		if (visit(&monitor, data))
			return true;
	}
	return false;
}

static bool visit_all(const struct plan *plan, bool thorough, visitor *visit, void *data)
{
	struct identity self;
	char directory[4096];

	if (identity_of(getpid(), &self) < 0)
		return false;
	snprintf(directory, sizeof(directory), "%s/lenders", plan->runtime_dir);
	if (visit_listed(directory, self.boot_id, visit, data))
		return true;
	if (!thorough)
		return false;
	snprintf(directory, sizeof(directory), "%s/containers", plan->data_dir);
	return visit_recorded(directory, visit, data);
}

bool lenders_visit(const struct plan *plan, visitor *visit, void *data)
{
	return visit_all(plan, true, visit, data);
}

struct loan {
	int *netns, *uplink;
};

static bool visit_lender(const struct identity *lender, void *data)
{
	const struct loan *loan = data;

	return borrow_from(lender, loan->netns, loan->uplink) != 0;
}

int lenders_borrow(const struct plan *plan, bool thorough, int *ret_netns, int *ret_uplink)
{
	struct loan loan = {.netns = ret_netns, .uplink = ret_uplink};

	return visit_all(plan, thorough, visit_lender, &loan) ? 1 : 0;
}

static int own_entry(const struct plan *plan, char *path, size_t size)
{
	struct identity self;

	if (identity_of(getpid(), &self) < 0)
		return -1;
	snprintf(path, size, "%s/lenders/%d-%llu", plan->runtime_dir, (int)self.pid,
		self.start_time);
	return 0;
}

int lenders_add(const struct plan *plan, struct failure *out)
{
	char path[4096];
	int fd;

	if (own_entry(plan, path, sizeof(path)) < 0)
		return fail(out, errno, STEP, "cannot read the start time of this process");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT) {
		char directory[4096];

		mkdir(plan->runtime_dir, 0700);
		snprintf(directory, sizeof(directory), "%s/lenders", plan->runtime_dir);
		mkdir(directory, 0700);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		return fail(out, errno, STEP, "cannot create %s", path);
	close(fd);
	return 0;
}

void lenders_remove(const struct plan *plan)
{
	char path[4096];

	if (own_entry(plan, path, sizeof(path)) == 0)
		unlink(path);
}
