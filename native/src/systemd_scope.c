/* SPDX-License-Identifier: Apache-2.0 */
/* Source: org.freedesktop.systemd1(5): StartTransientUnit, AttachProcessesToUnit, JobRemoved. */
#include "systemd_scope.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus.h"
#include "scope.h"

#define MANAGER "org.freedesktop.systemd1.Manager"
#define SUFFIX ".scope"

enum { NAME_TAKEN = 2 };

static void put_property(struct dbus_buffer *body, const char *name, const char *signature)
{
	dbus_put_align(body, 8);
	dbus_put_string(body, name);
	dbus_put_signature(body, signature);
}

static void put_string_property(struct dbus_buffer *body, const char *name, const char *value)
{
	put_property(body, name, "s");
	dbus_put_string(body, value);
}

static void put_own_pid(struct dbus_buffer *body)
{
	size_t pids = dbus_array_begin(body, 4);

	dbus_put_u32(body, (uint32_t)getpid());
	dbus_array_end(body, pids, 4);
}

static void put_arguments(
	struct dbus_buffer *body, const char *unit, const char *description, const char *slice)
{
	size_t properties, auxiliary;

	dbus_put_string(body, unit);
	dbus_put_string(body, "fail");
	properties = dbus_array_begin(body, 8);
	put_string_property(body, "Description", description);
	if (slice)
		put_string_property(body, "Slice", slice);
	put_property(body, "PIDs", "au");
	put_own_pid(body);
	put_property(body, "Delegate", "b");
	dbus_put_u32(body, 1);
	/* Docker sets no limit of tasks; systemd's default would. */
	put_property(body, "TasksMax", "t");
	dbus_put_u64(body, UINT64_MAX);
	put_string_property(body, "CollectMode", "inactive-or-failed");
	dbus_array_end(body, properties, 8);
	auxiliary = dbus_array_begin(body, 8);
	dbus_array_end(body, auxiliary, 8);
}

static bool is_own_socket(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_uid == getuid();
}

/* systemctl's way: the manager's own socket first, for it needs no bus to be running and answers
 * sooner; then the bus. Never the address in the environment: it may be another user's (su, sudo).
 */
static int connect_manager(struct failure *out)
{
	char direct[64], broker[64];
	unsigned uid = getuid();

	if (access("/run/systemd/system", F_OK) < 0)
		return fail(out, 0, "scope", "this host does not run systemd");
	if (uid == 0) {
		snprintf(direct, sizeof(direct), "/run/systemd/private");
		snprintf(broker, sizeof(broker), "/run/dbus/system_bus_socket");
	} else {
		snprintf(direct, sizeof(direct), "/run/user/%u/systemd/private", uid);
		snprintf(broker, sizeof(broker), "/run/user/%u/bus", uid);
	}
	if (is_own_socket(direct)) {
		int fd = dbus_connect(direct, out);

		if (fd >= 0)
			return fd;
	}
	if (!is_own_socket(broker))
		return fail(out, 0, "scope", "no systemd manager of this user is running");
	auto_close int bus = dbus_connect(broker, out);

	if (bus < 0 || dbus_hello(bus, "type='signal',interface='" MANAGER "',member='JobRemoved'",
			       out) < 0)
		return -1;
	return take_fd(&bus);
}

static int refuse(const struct dbus_message *message, const char *unit, struct failure *out)
{
	size_t offset = 0;
	const char *text = dbus_get_string(message, &offset);

	fail(out, 0, "scope", "systemd refused %s: %s", unit, text ? text : message->error_name);
	return strcmp(message->error_name, "org.freedesktop.systemd1.UnitExists") == 0 ? NAME_TAKEN
										       : -1;
}

/* "done", or why not, when this signal is about the job; else NULL. */
static const char *job_result(const struct dbus_message *message, const char *job)
{
	size_t offset = 4; /* the job's number */
	const char *path, *result;

	if (message->type != DBUS_SIGNAL || strcmp(message->member, "JobRemoved") != 0)
		return NULL;
	path = dbus_get_string(message, &offset);
	if (!path || !job[0] || strcmp(path, job) != 0)
		return NULL;
	dbus_get_string(message, &offset); /* the unit */
	result = dbus_get_string(message, &offset);
	return result ? result : "no result";
}

/* Waits for the end of the job: only then is this process in the scope's cgroup. systemd sends
 * JobRemoved to the connection that asked for the job. */
static int wait_for_job(int bus, uint32_t serial, const char *unit, struct failure *out)
{
	char job[128] = "";

	for (;;) {
		struct dbus_message message;
		const char *text;
		size_t offset = 0;
		int verdict = 1;

		if (dbus_receive(bus, &message, out) < 0)
			return -1;
		text = job_result(&message, job);
		if (message.type == DBUS_ERROR && message.reply_serial == serial) {
			verdict = refuse(&message, unit, out);
		} else if (message.type == DBUS_REPLY && message.reply_serial == serial) {
			const char *path = dbus_get_string(&message, &offset);

			snprintf(job, sizeof(job), "%s", path ? path : "");
		} else if (text) {
			verdict = strcmp(text, "done") == 0 ? 0 : -1;
			if (verdict < 0)
				fail(out, 0, "scope", "systemd could not start %s: %s", unit, text);
		}
		dbus_message_clear(&message);
		if (verdict != 1)
			return verdict;
	}
}

static int wait_for_reply(int bus, uint32_t serial, const char *unit, struct failure *out)
{
	for (;;) {
		struct dbus_message message;
		bool mine;
		int result;

		if (dbus_receive(bus, &message, out) < 0)
			return -1;
		mine = message.reply_serial == serial &&
		       (message.type == DBUS_REPLY || message.type == DBUS_ERROR);
		result = mine && message.type == DBUS_ERROR ? refuse(&message, unit, out) : 0;
		dbus_message_clear(&message);
		if (mine)
			return result == 0 ? 0 : -1;
	}
}

static int call_manager(int bus, const char *member, const char *signature,
	const struct dbus_buffer *body, uint32_t *ret_serial, struct failure *out)
{
	const struct dbus_call call = {"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
		MANAGER, member, signature, body};

	return dbus_send(bus, &call, ret_serial, out);
}

static int start_scope(
	int bus, const char *unit, const char *description, const char *slice, struct failure *out)
{
	struct dbus_buffer body = {0};
	uint32_t serial;
	int result;

	put_arguments(&body, unit, description, slice);
	result = call_manager(bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, &serial, out);
	dbus_buffer_free(&body);
	return result < 0 ? -1 : wait_for_job(bus, serial, unit, out);
}

int systemd_scope_enter(
	const char *name, const char *description, const char *slice, struct failure *out)
{
	auto_close int bus = connect_manager(out);
	char unit[96];
	int result;

	if (bus < 0)
		return 1;
	snprintf(unit, sizeof(unit), "lighter-%.64s" SUFFIX, name);
	result = start_scope(bus, unit, description, slice, out);
	if (result == NAME_TAKEN) {
		snprintf(unit, sizeof(unit), "lighter-%.64s-%d" SUFFIX, name, (int)getpid());
		result = start_scope(bus, unit, description, slice, out);
	}
	return result == 0 ? 0 : -1;
}

/* The name of the directory above the last one, when it is a scope. */
static int find_scope(const char *cgroup, char ret[NAME_MAX + 1])
{
	const char *end = strrchr(cgroup, '/'), *start = end;
	size_t length;

	while (start && start > cgroup && start[-1] != '/')
		start--;
	length = start ? (size_t)(end - start) : 0;
	if (length <= strlen(SUFFIX) || length > NAME_MAX ||
		strncmp(end - strlen(SUFFIX), SUFFIX, strlen(SUFFIX)) != 0)
		return -1;
	memcpy(ret, start, length);
	ret[length] = '\0';
	return 0;
}

int systemd_scope_join(const char *cgroup, const char *leaf, struct failure *out)
{
	struct dbus_buffer body = {0};
	char unit[NAME_MAX + 1], path[NAME_MAX + 2];
	uint32_t serial;
	int result;

	if (find_scope(cgroup, unit) < 0)
		return fail(out, 0, "scope", "the cgroup %s is in no scope", cgroup);
	auto_close int bus = connect_manager(out);

	if (bus < 0)
		return 1;
	snprintf(path, sizeof(path), "/%.*s", NAME_MAX, leaf);
	dbus_put_string(&body, unit);
	dbus_put_string(&body, path);
	put_own_pid(&body);
	result = call_manager(bus, "AttachProcessesToUnit", "ssau", &body, &serial, out);
	dbus_buffer_free(&body);
	return result < 0 ? -1 : wait_for_reply(bus, serial, unit, out);
}
