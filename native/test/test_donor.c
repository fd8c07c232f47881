/* SPDX-License-Identifier: Apache-2.0 */
/* A container to join is the process that its state names, and no other with the same number. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "donor.h"
#include "identity.h"
#include "scope.h"

static const char id[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static void write_state(const char *directory, const char *status, unsigned long long start_time,
	const struct identity *own)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/containers/%s/state.json", directory, id);
	auto_fclose FILE *file = fopen(path, "we");

	if (!file)
		abort();
	fprintf(file,
		"{\"version\":1,\"status\":\"%s\",\"pid\":%d,\"startTime\":%llu,\"bootId\":\"%s\"}",
		status, own->pid, start_time, own->boot_id);
}

/* Returns what donor_open says; *path is the namespace's path before and after. */
static int try_open(const char *directory, const char *before, char **after, struct failure *out)
{
	struct spec_namespace namespace = {.path = strdup(before)};
	struct spec spec = {.namespaces = &namespace, .namespace_count = 1};
	const struct plan plan = {.data_dir = (char *)(uintptr_t)directory,
		.donor = (char *)(uintptr_t)id,
		.donor_refusal = (char[]){"it does not run"}};
	int donor = -1, result = donor_open(&plan, &spec, &donor, out);

	if (result == 0) {
		check(donor >= 0, "no descriptor");
		check(donor_check(&plan, donor, out) == 0, "the live process counts as dead");
		close(donor);
	}
	*after = namespace.path;
	return result;
}

static void test_identity(const char *directory, const struct identity *own)
{
	struct failure failure = {0};
	auto_free char *same = NULL, *fresh = NULL, *recycled = NULL, *ended = NULL, *odd = NULL;
	char expected[64];

	snprintf(expected, sizeof(expected), "/proc/%d/ns/net", own->pid);
	write_state(directory, "running", own->start_time, own);
	check(try_open(directory, expected, &same, &failure) == 0, "itself is refused");
	check(try_open(directory, "/proc/1/ns/net", &fresh, &failure) == 0 &&
			strcmp(fresh, expected) == 0,
		"the path of an earlier run stays");
	check(try_open(directory, "/run/netns/x", &odd, &failure) < 0, "an odd path is taken");
	write_state(directory, "running", own->start_time + 1, own);
	check(try_open(directory, expected, &recycled, &failure) < 0 &&
			strstr(failure.message, "it does not run"),
		"another process with the same pid is joined");
	write_state(directory, "exited", own->start_time, own);
	check(try_open(directory, expected, &ended, &failure) < 0, "an ended one is joined");
}

int main(void)
{
	char directory[] = "/tmp/test_donor.XXXXXX", path[256], command[300];
	struct failure failure = {0};
	struct identity own;
	auto_free char *gone = NULL;

	if (!mkdtemp(directory) || identity_of(getpid(), &own) < 0)
		return 1;
	check(try_open(directory, "/proc/1/ns/net", &gone, &failure) < 0,
		"a removed one is joined");
	snprintf(path, sizeof(path), "%s/containers", directory);
	if (mkdir(path, 0700) < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/containers/%s", directory, id);
	if (mkdir(path, 0700) < 0)
		return 1;
	test_identity(directory, &own);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	check(system(command) == 0);
	return failures > 0;
}
