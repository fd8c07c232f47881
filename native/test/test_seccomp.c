/* SPDX-License-Identifier: Apache-2.0 */
/* Compiling, the cache, and what an installed filter does. */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "check.h"
#include "scope.h"
#include "seccomp.h"

static int compile(
	const char *text, const char *cache, const struct seccomp_filter **ret, struct failure *out)
{
	json_t *section = json_loads(text, 0, NULL);
	int result = seccomp_compile(section, cache, ret, out);

	json_decref(section);
	return result;
}

static const char profile[] =
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\","
	"\"SCMP_ARCH_AARCH64\"],\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":["
	"{\"names\":[\"mkdir\",\"mkdirat\",\"nosuchcall\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":71},"
	"{\"names\":[\"dup2\",\"dup3\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":["
	"{\"index\":1,\"value\":77,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":78,\"op\":\"SCMP_CMP_EQ\"}]}]}";

static void test_refusals(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{\"defaultAction\":\"SCMP_ACT_NONE\"}",
			"config.json: linux.seccomp: unknown seccomp action: \"SCMP_ACT_NONE\""},
		{"{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
			"config.json: linux.seccomp: SCMP_ACT_NOTIFY is not supported"},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_VAX\"]}",
			"config.json: linux.seccomp: unknown seccomp architecture: \"SCMP_ARCH_VAX\""},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]}",
			"config.json: linux.seccomp: unknown seccomp flag: \"X\""},
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],"
		 "\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_X\"}]}]}",
			"config.json: linux.seccomp: unknown seccomp operator: \"SCMP_CMP_X\""},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		const struct seccomp_filter *filter = NULL;
		struct failure failure = {0};

		check(compile(cases[i].text, NULL, &filter, &failure) < 0, cases[i].message);
		check(strcmp(failure.message, cases[i].message) == 0, failure.message);
	}
}

/* The one file in the cache. */
static bool find_cached(const char *cache, char *ret, size_t size)
{
	auto_closedir DIR *directory = opendir(cache);
	const struct dirent *entry;
	int found = 0;

	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.') {
			snprintf(ret, size, "%s/%s", cache, entry->d_name);
			found++;
		}
	return found == 1;
}

static void test_cache(const char *cache)
{
	const struct seccomp_filter *first = NULL, *second = NULL, *third = NULL;
	struct failure failure = {0};
	char path[512];

	if (compile(profile, cache, &first, &failure) < 0 ||
		compile(profile, cache, &second, &failure) < 0) {
		check(false, failure.message);
		return;
	}
	check(find_cached(cache, path, sizeof(path)), "not exactly one cached file");
	check(first->count == second->count && first->flags == second->flags &&
			memcmp(first->instructions, second->instructions,
				first->count * sizeof(struct sock_filter)) == 0,
		"the cache gives another filter");
	/* A damaged file is compiled again, and mended. */
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	check(pwrite(fd, "\xff\xff", 2, 60) == 2, "cannot damage the cache");
	check(compile(profile, cache, &third, &failure) == 0 && third->count == first->count &&
			memcmp(first->instructions, third->instructions,
				first->count * sizeof(struct sock_filter)) == 0,
		"a damaged cache was used");
	seccomp_free(first);
	seccomp_free(second);
	seccomp_free(third);
	unlink(path);
}

static void test_install(void)
{
	const struct seccomp_filter *filter = NULL;
	struct failure failure = {0};
	int status;
	pid_t pid;

	if (compile(profile, NULL, &filter, &failure) < 0) {
		check(false, failure.message);
		return;
	}
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			seccomp_install(filter, &failure) < 0)
			_exit(1);
		if (mkdir("/tmp/never", 0700) != -1 || errno != 71)
			_exit(2);
		if (dup2(2, 77) != -1 || errno != EPERM || dup2(2, 78) != -1)
			_exit(3);
		_exit(dup2(2, 79) == 79 ? 0 : 4);
	}
	waitpid(pid, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the filter does not do what it says");
	seccomp_free(filter);
}

int main(void)
{
	char root[] = "/tmp/test_seccomp.XXXXXX", parent[64], cache[80];

	test_refusals();
	if (!mkdtemp(root))
		return 1;
	/* The directories of the cache are made when the first filter is. */
	snprintf(parent, sizeof(parent), "%s/cache", root);
	snprintf(cache, sizeof(cache), "%s/seccomp", parent);
	test_cache(cache);
	rmdir(cache);
	rmdir(parent);
	rmdir(root);
	test_install();
	return failures > 0;
}
