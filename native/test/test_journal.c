/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "journal.h"

static void put(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static off_t size_of(const char *directory, const char *name)
{
	char path[256];
	struct stat status;

	snprintf(path, sizeof(path), "%s/events/%s", directory, name);
	return stat(path, &status) < 0 ? -1 : status.st_size;
}

/* However often a container is checked, the journal of everything else keeps its size, and what
 * the checks make does not grow without end. */
static void expect_bounded_probes(void)
{
	char directory[] = "/tmp/journal-XXXXXX", id[] = "ab", command[64];
	const struct plan plan = {.data_dir = directory, .container_dir = directory, .id = id};

	assert(mkdtemp(directory));
	put(directory, "plan.json",
		"{\"event\":{\"image\":\"i\",\"check\":\"true\",\"attributes\":{\"name\":\"box\"}}}");
	for (int i = 0; i < 6000; i++) {
		journal_probe_began(&plan, "cd");
		journal_probe_ended(&plan, "cd", 0);
	}
	assert(size_of(directory, "journal.jsonl") < 0);
	assert(size_of(directory, "probes.jsonl") > 0);
	assert(size_of(directory, "probes.jsonl") <= 1024 * 1024 + 512);
	assert(size_of(directory, "probes.jsonl.1") > 1024 * 1024);
	assert(size_of(directory, "probes.jsonl.1") <= 1024 * 1024 + 512);
	/* Without a command, as in a plan of an older version, only the end is told. */
	put(directory, "plan.json", "{\"event\":{\"image\":\"i\",\"attributes\":{}}}");
	off_t before = size_of(directory, "probes.jsonl");

	journal_probe_began(&plan, "cd");
	assert(size_of(directory, "probes.jsonl") == before);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert(system(command) == 0);
}

int main(void)
{
	const struct journal_attribute exit_code[] = {{"exitCode", "3"}};
	struct journal_subject subject = {.id = "ab"};
	const struct timespec time = {.tv_sec = 5, .tv_nsec = 7};
	char *line;

	subject.event = json_loads(
		"{\"image\":\"busybox\",\"attributes\":{\"name\":\"box\",\"a\":\"\\\"\"}}", 0,
		NULL);
	line = journal_line(&subject, "die", exit_code, 1, &time);
	assert(line);
	assert(strcmp(line,
		       "{\"status\":\"die\",\"id\":\"ab\",\"from\":\"busybox\","
		       "\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"ab\","
		       "\"Attributes\":{\"a\":\"\\\"\",\"exitCode\":\"3\",\"image\":\"busybox\","
		       "\"name\":\"box\"}},\"scope\":\"local\",\"time\":5,"
		       "\"timeNano\":5000000007}\n") == 0);
	free(line);
	/* The plan's own attributes are as they were. */
	assert(json_object_size(json_object_get(subject.event, "attributes")) == 2);
	journal_subject_close(&subject);
	expect_bounded_probes();
	return 0;
}
