/* SPDX-License-Identifier: Apache-2.0 */
#include "join.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "scope.h"

static const struct {
	int flag;
	const char *name;
} order[] = {
	/* user namespaces are joined between two rounds over this list */
	{CLONE_NEWIPC, "ipc"},
	{CLONE_NEWUTS, "uts"},
	{CLONE_NEWNET, "network"},
	{CLONE_NEWPID, "pid"},
	{CLONE_NEWCGROUP, "cgroup"},
	{CLONE_NEWTIME, "time"},
	{CLONE_NEWNS, "mount"},
	{CLONE_NEWUSER, "user"},
};

static const char *name_of(int flag)
{
	for (size_t i = 0; i < array_size(order); i++)
		if (order[i].flag == flag)
			return order[i].name;
	return "unknown";
}

int join_add(struct join_list *list, int flag, const char *path, struct failure *out)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int type;

	if (fd < 0)
		return fail(out, errno, "namespaces", "cannot open the %s namespace %s",
			name_of(flag), path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type != flag)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "namespaces",
			"%s is not a %s namespace", path, name_of(flag));
	if (list->count == JOIN_MAX)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "namespaces", "too many namespaces");
	list->items[list->count++] = (struct join_item){.flag = flag, .fd = take_fd(&fd)};
	return 0;
}

/* must = false: a namespace out of reach is left for the next round. */
static int join_round(struct join_list *list, bool must, struct failure *out)
{
	for (size_t i = 0; i < array_size(order); i++) {
		for (size_t j = 0; j < list->count; j++) {
			struct join_item *item = &list->items[j];

			if (item->joined || item->flag != order[i].flag ||
				item->flag == CLONE_NEWUSER)
				continue;
			if (setns(item->fd, item->flag) == 0)
				item->joined = true;
			else if (must || errno != EPERM)
				return fail(out, errno, "namespaces",
					"cannot join the %s namespace", order[i].name);
		}
	}
	return 0;
}

int join_all(struct join_list *list, struct failure *out)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(out, errno, "namespaces", "cannot become non-dumpable");
	if (join_round(list, false, out) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		struct join_item *item = &list->items[i];

		if (item->flag != CLONE_NEWUSER)
			continue;
		if (setns(item->fd, item->flag) < 0)
			return fail(out, errno, "namespaces", "cannot join the user namespace");
		item->joined = true;
	}
	return join_round(list, true, out);
}

void join_clear(struct join_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		scope_close(&list->items[i].fd);
	list->count = 0;
}
