/* SPDX-License-Identifier: Apache-2.0 */
/* Source: org.freedesktop.systemd1(5), StartTransientUnit and JobRemoved. */
#include "systemd_scope.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus.h"
#include "scope.h"

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

static void put_arguments(struct dbus_buffer *body, const char *unit, const char *id)
{
	char description[64];
	size_t properties, pids, auxiliary;

	snprintf(description, sizeof(description), "lighter container %.12s", id);
	dbus_put_string(body, unit);
	dbus_put_string(body, "fail");
	properties = dbus_array_begin(body, 8);
	put_string_property(body, "Description", description);
	put_property(body, "PIDs", "au");
	pids = dbus_array_begin(body, 4);
	dbus_put_u32(body, (uint32_t)getpid());
	dbus_array_end(body, pids, 4);
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

/* Waits for the end of the job: only then is this process in the scope's cgroup. systemd sends
 * JobRemoved to the connection that asked for the job. */
static int wait_for_job(int bus, uint32_t serial, const char *unit, struct failure *out)
{
	char job[128] = "";

	for (;;) {
		struct dbus_message message;
		size_t offset = 0;
		int verdict = -1;

		if (dbus_receive(bus, &message, out) < 0)
			return -1;
		if (message.type == DBUS_ERROR && message.reply_serial == serial) {
			const char *text = dbus_get_string(&message, &offset);

			fail(out, 0, "scope", "systemd did not create %s: %s", unit,
				text ? text : message.error_name);
			verdict = 1;
		} else if (message.type == DBUS_REPLY && message.reply_serial == serial) {
			const char *path = dbus_get_string(&message, &offset);

			snprintf(job, sizeof(job), "%s", path ? path : "");
		} else if (message.type == DBUS_SIGNAL &&
			   strcmp(message.member, "JobRemoved") == 0) {
			offset = 4; /* the job's number */
			const char *path = dbus_get_string(&message, &offset);

			if (path && job[0] && strcmp(path, job) == 0) {
				dbus_get_string(&message, &offset); /* the unit */
				const char *result = dbus_get_string(&message, &offset);

				verdict = result && strcmp(result, "done") == 0 ? 0 : 1;
				if (verdict)
					fail(out, 0, "scope", "systemd could not start %s: %s",
						unit, result ? result : "no result");
			}
		}
		dbus_message_clear(&message);
		if (verdict >= 0)
			return verdict == 0 ? 0 : -1;
	}
}

int systemd_scope_enter(const char *id, struct failure *out)
{
	struct dbus_buffer body = {0};
	char socket_path[64], unit[96];
	struct stat status;
	uint32_t serial;
	int result;

	/* Never the address in the environment: it may be another user's (su, sudo). */
	if (getuid() == 0)
		snprintf(socket_path, sizeof(socket_path), "/run/dbus/system_bus_socket");
	else
		snprintf(socket_path, sizeof(socket_path), "/run/user/%u/bus", (unsigned)getuid());
	if (access("/run/systemd/system", F_OK) < 0 || stat(socket_path, &status) < 0 ||
		!S_ISSOCK(status.st_mode) || status.st_uid != getuid())
		return 1;

	auto_close int bus = dbus_connect(socket_path, out);

	if (bus < 0)
		return 1;
	snprintf(unit, sizeof(unit), "lighter-%.64s.scope", id);
	put_arguments(&body, unit, id);
	const struct dbus_call call = {"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
		"org.freedesktop.systemd1.Manager", "StartTransientUnit", "ssa(sv)a(sa(sv))",
		&body};

	result = dbus_send(bus, &call, &serial, out);
	if (result == 0)
		result = wait_for_job(bus, serial, unit, out);
	dbus_buffer_free(&body);
	return result;
}
