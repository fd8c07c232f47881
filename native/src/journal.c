/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "json_read.h"
#include "scope.h"

enum { PLAN_SIZE = 1024 * 1024 };

/* A file of the journal. */
struct journal_file {
	const char *name;
	const char *old; /* the full one */
	off_t size;	 /* from this on it is full */
};

static const struct journal_file events = {
	.name = "journal.jsonl", .old = "journal.jsonl.1", .size = 4 * 1024 * 1024};
/* Health checks come all the time: they have a place of their own, where they push out nothing
 * but each other. */
static const struct journal_file probes = {
	.name = "probes.jsonl", .old = "probes.jsonl.1", .size = 1024 * 1024};

/* The claim names the container even where the attributes are older than its last name. */
static void add_name(json_t *attributes, json_t *claim)
{
	const char *path = json_string_value(claim);
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (slash)
		json_object_set_new(attributes, "name", json_string(slash + 1));
}

void journal_subject_open(const struct plan *plan, struct journal_subject *ret)
{
	char path[PATH_MAX];
	json_t *root;

	*ret = (struct journal_subject){.data_dir = strdup(plan->data_dir)};
	snprintf(ret->id, sizeof(ret->id), "%s", plan->id);
	snprintf(path, sizeof(path), "%s/plan.json", plan->container_dir);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	root = fd < 0 ? NULL : json_read(fd, PLAN_SIZE, 0, NULL);
	ret->event = json_incref(json_object_get(root, "event"));
	add_name(json_object_get(ret->event, "attributes"), json_object_get(root, "nameClaim"));
	json_decref(root);
}

void journal_subject_close(struct journal_subject *subject)
{
	free(subject->data_dir);
	json_decref(subject->event);
	*subject = (struct journal_subject){0};
}

static json_t *join_attributes(
	const struct journal_subject *subject, const struct journal_attribute *more, size_t count)
{
	json_t *image = json_object_get(subject->event, "image");
	json_t *attributes = json_copy(json_object_get(subject->event, "attributes"));

	if (!attributes)
		attributes = json_object();
	if (image)
		json_object_set(attributes, "image", image);
	for (size_t i = 0; i < count; i++)
		json_object_set_new(attributes, more[i].key, json_string(more[i].value));
	return attributes;
}

/* The members of the whole line have Docker's order, those of the attributes the alphabet's. */
char *journal_line(const struct journal_subject *subject, const char *action,
	const struct journal_attribute *more, size_t count, const struct timespec *time)
{
	json_t *attributes = join_attributes(subject, more, count);
	auto_free char *sorted =
		attributes ? json_dumps(attributes, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_t *image = json_object_get(subject->event, "image");
	json_t *head = json_pack("{s:s, s:s, s:s, s:s, s:s}", "status", action, "id", subject->id,
		"from", json_is_string(image) ? json_string_value(image) : "", "Type", "container",
		"Action", action);
	auto_free char *start = head ? json_dumps(head, JSON_COMPACT) : NULL;
	char *line = NULL;

	json_decref(attributes);
	json_decref(head);
	if (!sorted || !start)
		return NULL;
	start[strlen(start) - 1] = '\0';
	if (asprintf(&line,
		    "%s,\"Actor\":{\"ID\":\"%s\",\"Attributes\":%s},\"scope\":\"local\","
		    "\"time\":%lld,\"timeNano\":%lld%09ld}\n",
		    start, subject->id, sorted, (long long)time->tv_sec, (long long)time->tv_sec,
		    time->tv_nsec) < 0)
		return NULL;
	return line;
}

/* Two who find it full at once: the second renames a young one, which loses the older file. That
 * needs as many events within a moment. */
static void rotate(int directory, const struct journal_file *file)
{
	struct stat status;

	if (fstatat(directory, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		status.st_size > file->size)
		(void)!renameat(directory, file->name, directory, file->old);
}

static void append(const char *data_dir, const struct journal_file *file, const char *line)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/events", data_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return;
	auto_close int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (directory < 0)
		return;
	rotate(directory, file);
	auto_close int fd = openat(directory, file->name,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		(void)!write(fd, line, strlen(line));
}

static void record(const struct journal_subject *subject, const struct journal_file *file,
	const char *action, const struct journal_attribute *more, size_t count)
{
	struct timespec now;

	if (!subject->event || !subject->data_dir)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	auto_free char *line = journal_line(subject, action, more, count, &now);

	if (line)
		append(subject->data_dir, file, line);
}

void journal_record(const struct journal_subject *subject, const char *action,
	const struct journal_attribute *more, size_t count)
{
	record(subject, &events, action, more, count);
}

void journal_probe_began(const struct plan *plan, const char *exec_id)
{
	static const char *const actions[] = {"exec_create", "exec_start"};
	struct journal_attribute id = {.key = "execID"};
	struct journal_subject subject;
	const char *command;

	snprintf(id.value, sizeof(id.value), "%s", exec_id);
	journal_subject_open(plan, &subject);
	command = json_string_value(json_object_get(subject.event, "check"));
	for (size_t i = 0; command && i < array_size(actions); i++) {
		auto_free char *action = NULL;

		if (asprintf(&action, "%s: %s", actions[i], command) < 0)
			action = NULL;
		if (action)
			record(&subject, &probes, action, &id, 1);
	}
	journal_subject_close(&subject);
}

void journal_probe_ended(const struct plan *plan, const char *exec_id, int exit_code)
{
	struct journal_attribute more[] = {{.key = "execID"}, {.key = "exitCode"}};
	struct journal_subject subject;

	snprintf(more[0].value, sizeof(more[0].value), "%s", exec_id);
	snprintf(more[1].value, sizeof(more[1].value), "%d", exit_code);
	journal_subject_open(plan, &subject);
	record(&subject, &probes, "exec_die", more, array_size(more));
	journal_subject_close(&subject);
}

/* An event of another object than the container; consumes the attributes. Names of networks have no
 * limits: what is special in JSON is escaped by the library. */
static void note_object(const struct plan *plan, const char *type, const char *action,
	const char *id, json_t *attributes)
{
	struct timespec now;
	char stamp[48];
	json_t *event;

	clock_gettime(CLOCK_REALTIME, &now);
	event = json_pack("{s:s, s:s, s:{s:s, s:o}, s:s, s:I}", "Type", type, "Action", action,
		"Actor", "ID", id, "Attributes", attributes, "scope", "local", "time",
		(json_int_t)now.tv_sec);
	auto_free char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
	auto_free char *line = NULL;

	json_decref(event);
	if (!text)
		return;
	snprintf(stamp, sizeof(stamp), ",\"timeNano\":%lld%09ld}\n", (long long)now.tv_sec,
		now.tv_nsec);
	text[strlen(text) - 1] = '\0';
	if (asprintf(&line, "%s%s", text, stamp) < 0)
		line = NULL;
	if (line)
		append(plan->data_dir, &events, line);
}

static void note_network(const struct plan *plan, const char *action, const char *id,
	const char *name, const char *type)
{
	note_object(plan, "network", action, id,
		json_pack("{s:s, s:s, s:s}", "container", plan->id, "name", name, "type", type));
}

/* Of the local driver, unless the drivers by name say otherwise. */
static void note_unmount(const struct plan *plan, const char *name, const json_t *drivers)
{
	const char *driver = name ? json_string_value(json_object_get(drivers, name)) : NULL;

	note_object(plan, "volume", "unmount", name,
		json_pack(
			"{s:s, s:s}", "container", plan->id, "driver", driver ? driver : "local"));
}

void journal_unmounts(const struct plan *plan)
{
	struct journal_subject subject;
	json_t *name;
	size_t i;

	if (plan->step)
		return;
	journal_subject_open(plan, &subject);
	json_array_foreach(json_object_get(subject.event, "volumes"), i, name) note_unmount(
		plan, json_string_value(name), json_object_get(subject.event, "drivers"));
	journal_subject_close(&subject);
}

void journal_networks(const struct plan *plan, const char *action)
{
	const struct plan_network *network = &plan->network;

	if (plan->step)
		return;
	if (network->mode == NETWORK_NONE)
		note_network(plan, action, NETWORK_NONE_ID, "none", "null");
	else if (network->mode == NETWORK_HOST)
		note_network(plan, action, NETWORK_HOST_ID, "host", "host");
	for (size_t i = 0; i < network->endpoint_count; i++)
		note_network(plan, action, network->endpoints[i].id, network->endpoints[i].name,
			"bridge");
}

void journal_note(const struct plan *plan, const char *action, const struct journal_attribute *more,
	size_t count)
{
	struct journal_subject subject;

	if (plan->step)
		return;
	journal_subject_open(plan, &subject);
	journal_record(&subject, action, more, count);
	journal_subject_close(&subject);
}
