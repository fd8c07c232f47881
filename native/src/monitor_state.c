/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <jansson.h>

#include "log.h"
#include "remove.h"
#include "json_read.h"
#include "mount.h"
#include "rename_new.h"
#include "scope.h"

enum { RESERVE_SIZE = 4096 };

/* Space is scarce when less than this part of the file system is free. */
enum { SCARCE = 16 };

enum { STATE_MAX = 64 * 1024 };

static const char draft_name[] = "state.json.draft";
static const char reserve_name[] = "state.json.reserve";

static json_t *pack_identity(const struct identity *identity)
{
	char start_time[24];

	snprintf(start_time, sizeof(start_time), "%llu", identity->start_time);
	return json_pack("{s:i, s:s, s:s}", "pid", (int)identity->pid, "startTime", start_time,
		"bootId", identity->boot_id);
}

static json_t *pack_endpoint(const struct net_endpoint *endpoint)
{
	json_t *packed = json_pack("{s:s, s:s, s:s, s:i, s:s, s:s}", "id", endpoint->id,
		"interface", endpoint->interface, "address", endpoint->address, "prefix",
		(int)endpoint->prefix, "gateway", endpoint->gateway, "mac", endpoint->mac);

	if (endpoint->address6[0])
		json_object_update_new(packed,
			json_pack("{s:s, s:i, s:s}", "address6", endpoint->address6, "prefix6",
				(int)endpoint->prefix6, "gateway6", endpoint->gateway6));
	return packed;
}

static json_t *pack_networks(const struct net_attachment *network)
{
	json_t *list = json_array();

	for (size_t i = 0; i < network->count; i++) {
		if (json_array_append_new(list, pack_endpoint(&network->endpoints[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *pack_ports(const struct services *services)
{
	json_t *list = json_array();

	for (size_t i = 0; i < services->published_count; i++) {
		const struct published_port *port = &services->published[i];

		json_array_append_new(
			list, json_pack("{s:i, s:s, s:s, s:i}", "port", (int)port->port, "protocol",
				      port->protocol == IPPROTO_TCP ? "tcp" : "udp", "hostIp",
				      port->address, "hostPort", (int)port->number));
	}
	return list;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = retry_eintr(write(fd, text, length));

		if (written < 0)
			return -1;
		text += written;
		length -= (size_t)written;
	}
	return 0;
}

/* The file that becomes state.json: reused when it was written in advance. */
static int write_draft(int directory, const char *name, const char *text, bool sync)
{
	auto_close int fd =
		openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || write_all(fd, text, strlen(text)) < 0 ||
		ftruncate(fd, (off_t)strlen(text)) < 0)
		return -1;
	return sync ? fdatasync(fd) : 0;
}

/* Consumes state. */
static int replace(int directory, const char *draft, json_t *state, bool sync, struct failure *out)
{
	auto_free char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;

	json_decref(state);
	if (!text)
		return fail(out, ENOMEM, "state", "cannot write the container's state");
	if (write_draft(directory, draft, text, sync) < 0 ||
		renameat(directory, draft, directory, "state.json") < 0)
		return fail(out, errno, "state", "cannot write the container's state");
	if (sync && fsync(directory) < 0)
		return fail(out, errno, "state", "cannot write the container's state");
	return 0;
}

/* Blocks for the exited state are taken now: a disk that fills up later must not lose it. */
static int reserve(int directory)
{
	char spaces[RESERVE_SIZE];
	auto_close int fd = openat(directory, reserve_name,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	memset(spaces, ' ', sizeof(spaces));
	return fd < 0 ? -1 : write_all(fd, spaces, sizeof(spaces));
}

/* Consumes state. Readers of states alone find those of --rm that nobody removed. */
static json_t *mark_throwaway(json_t *state, const struct plan *plan)
{
	if (!plan->auto_remove)
		return state;
	if (state && json_object_set_new(state, "autoRemove", json_true()) < 0) {
		json_decref(state);
		return NULL;
	}
	return state;
}

static json_t *pack_running(const struct running_report *report)
{
	char started[TIMESTAMP_SIZE];
	struct identity monitor;
	json_t *state = pack_identity(report->process);

	format_timestamp(report->started_at, started);
	if (!state || identity_of(getpid(), &monitor) < 0 ||
		json_object_set_new(state, "version", json_integer(1)) < 0 ||
		json_object_set_new(state, "status", json_string("running")) < 0 ||
		json_object_set_new(state, "monitor", pack_identity(&monitor)) < 0 ||
		json_object_set_new(state, "startedAt", json_string(started)) < 0 ||
		json_object_set_new(state, "restartCount", json_integer(report->restart_count)) <
			0 ||
		json_object_set_new(state, "paused", json_boolean(report->paused)) < 0 ||
		(report->oom_killed && json_object_set_new(state, "oomKilled", json_true()) < 0) ||
		(report->network->count > 0 && json_object_set_new(state, "networks",
						       pack_networks(report->network)) < 0) ||
		(report->services->published_count > 0 &&
			json_object_set_new(state, "ports", pack_ports(report->services)) < 0)) {
		json_decref(state);
		return NULL;
	}
	return state;
}

/* When the run before this one ended: part of every later state. NULL = there was none. */
static json_t *read_finished(int directory)
{
	auto_close int fd = openat(directory, "state.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_t *state = fd < 0 ? NULL : json_read(fd, 65536, 0, NULL);
	json_t *finished = json_incref(json_object_get(state, "finishedAt"));

	json_decref(state);
	return finished;
}

int state_write_running(int directory, const struct plan *plan, const struct running_report *report,
	struct failure *out)
{
	json_t *state = mark_throwaway(pack_running(report), plan);
	json_t *finished = read_finished(directory);

	if (finished && json_object_set_new(state, "finishedAt", finished) < 0) {
		json_decref(state);
		state = NULL;
	}
	if (state && !plan->auto_remove && reserve(directory) < 0) {
		json_decref(state);
		return fail(out, errno, "state", "cannot reserve space for the container's state");
	}
	return replace(directory, draft_name, state, false, out);
}

static json_t *pack_ended(const char *status, const struct exit_report *report)
{
	char started[TIMESTAMP_SIZE], finished[TIMESTAMP_SIZE], error[128] = "";
	struct timespec now;
	json_t *state;

	clock_gettime(CLOCK_REALTIME, &now);
	format_timestamp(&report->started_at, started);
	format_timestamp(&now, finished);
	if (report->log_error)
		snprintf(error, sizeof(error), "part of the log is lost: %s",
			strerror(report->log_error));
	state = json_pack("{s:i, s:s, s:i, s:i, s:b, s:s, s:s, s:s, s:i}", "version", 1, "status",
		status, "exitCode", report->exit_code, "signal", report->signal, "oomKilled",
		report->oom_killed, "error", report->error ? report->error : error, "startedAt",
		started, "finishedAt", finished, "restartCount", (int)report->restart_count);
	if (state && report->journal &&
		json_object_set_new(state, "journal",
			json_pack("{s:s, s:I}", "epoch", report->journal->epoch, "ordinal",
				(json_int_t)report->journal->ordinal)) < 0) {
		json_decref(state);
		return NULL;
	}
	return state;
}

int state_write_exited(int directory, const struct plan *plan, const struct exit_report *report,
	struct failure *out)
{
	return replace(directory, plan->auto_remove ? draft_name : reserve_name,
		mark_throwaway(pack_ended("exited", report), plan), !plan->auto_remove, out);
}

int state_write_restarting(int directory, const struct exit_report *report, struct failure *out)
{
	struct identity monitor;
	json_t *state = pack_ended("restarting", report);

	if (state && (identity_of(getpid(), &monitor) < 0 ||
			     json_object_set_new(state, "monitor", pack_identity(&monitor)) < 0)) {
		json_decref(state);
		state = NULL;
	}
	return replace(directory, draft_name, state, false, out);
}

/* The state that a failed start leaves: of a container that has run, that of its end. */
static json_t *last_end(int directory)
{
	auto_close int fd =
		openat(directory, "state.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	json_t *state = fd < 0 ? NULL : json_read(fd, STATE_MAX, 0, NULL);
	const char *status = json_string_value(json_object_get(state, "status"));

	if (status && strcmp(status, "exited") == 0)
		return state;
	json_decref(state);
	return json_pack("{s:i, s:s}", "version", 1, "status", "created");
}

int state_write_failed(int directory, const struct failure *why, struct failure *out)
{
	/* Docker records 128 where its command line ends with 125, and where a volume's part is
	 * missing. */
	int code = failure_exit_code(why);
	bool own = code == 125 || (why->step && strcmp(why->step, SUBPATH_STEP) == 0);
	json_t *state = last_end(directory);

	if (state && (json_object_set_new(state, "exitCode", json_integer(own ? 128 : code)) < 0 ||
			     json_object_set_new(state, "error", json_string(why->message)) < 0)) {
		json_decref(state);
		state = NULL;
	}
	unlinkat(directory, reserve_name, 0);
	return replace(directory, draft_name, state, false, out);
}

static void note(struct failure *first, bool *failed, const struct failure *this)
{
	if (!*failed)
		*first = *this;
	*failed = true;
}

/* Another container may have got the name since. */
static bool claims_name(const struct plan *plan)
{
	auto_close int fd = open(plan->name_claim, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	json_t *claim = fd < 0 ? NULL : json_read(fd, 4096, 0, NULL);
	const char *id = json_string_value(json_object_get(claim, "id"));
	bool ours = id && strcmp(id, plan->id) == 0;

	json_decref(claim);
	return ours;
}

static int open_trash(const struct plan *plan, struct failure *out)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/trash", plan->data_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(out, errno, "remove", "cannot make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fail(out, errno, "remove", "cannot open %s", path);
	return fd;
}

/* The rename needs no free block and takes the object out of sight at once. */
static int move_to_trash(struct trash *trash, const char *path, struct failure *out)
{
	unsigned long long number;
	char(*names)[TRASH_NAME_SIZE] =
		reallocarray(trash->names, trash->count + 1, sizeof(*trash->names));

	if (!names)
		return fail(out, ENOMEM, "remove", "cannot remember what to remove");
	trash->names = names;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail(out, errno, "remove", "cannot get a random number");
	snprintf(names[trash->count], sizeof(*names), "%016llx", number);
	if (rename_new(AT_FDCWD, path, trash->directory, names[trash->count]) == 0) {
		trash->count++;
		return 0;
	}
	if (errno == ENOENT)
		return 0;
	return fail(out, errno, "remove", "cannot move %s to the trash", path);
}

int container_discard(const struct plan *plan, struct trash *ret, struct failure *out)
{
	struct trash trash = {.directory = open_trash(plan, out)};
	struct plan *fresh = NULL;
	struct failure this;
	bool failed = false;

	*ret = trash;
	if (trash.directory < 0)
		return -1;
	/* The plan on disk knows a name that was given since the start. */
	if (plan_load(plan->container_dir, &fresh, &this) == 0)
		plan = fresh;
	if (plan->name_claim && claims_name(plan) && unlink(plan->name_claim) < 0 &&
		errno != ENOENT) {
		fail(&this, errno, "remove", "cannot remove %s", plan->name_claim);
		note(out, &failed, &this);
	}
	if (move_to_trash(&trash, plan->container_dir, &this) < 0)
		note(out, &failed, &this);
	for (size_t i = 0; i < plan->remove_paths.count; i++)
		if (move_to_trash(&trash, plan->remove_paths.items[i], &this) < 0)
			note(out, &failed, &this);
	plan_free(fresh);
	*ret = trash;
	return failed ? -1 : 0;
}

bool trash_is_needed(const struct trash *trash)
{
	struct statvfs space;

	if (trash->directory < 0 || fstatvfs(trash->directory, &space) < 0)
		return true;
	return space.f_bavail < space.f_blocks / SCARCE || space.f_favail < space.f_files / SCARCE;
}

int trash_empty(struct trash *trash, struct failure *out)
{
	struct failure this;
	bool failed = false;

	for (size_t i = 0; i < trash->count; i++)
		if (remove_tree(trash->directory, trash->names[i], &this) < 0)
			note(out, &failed, &this);
	free(trash->names);
	trash->names = NULL;
	trash->count = 0;
	return failed ? -1 : 0;
}

void trash_sweep(struct trash *trash)
{
	int again = trash->directory < 0
			    ? -1
			    : openat(trash->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *stream = again < 0 ? NULL : fdopendir(again);
	const struct dirent *entry;
	struct failure ignored;

	while (stream && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			(void)remove_tree(trash->directory, entry->d_name, &ignored);
	if (trash->directory >= 0)
		close(trash->directory);
	*trash = TRASH_NONE;
}
