/* SPDX-License-Identifier: Apache-2.0 */
/* Places of mounts in a root filesystem made by an enemy: what is named is what would be made. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "scope.h"
#include "step_stubs.h"

static char directory[] = "/tmp/lighter-stubs-XXXXXX";

/* What is written for one mount; "" when nothing is. */
static const char *stubs_of(int root, const char *target, struct spec_mount *mount)
{
	static char text[4096];
	char path[64], *targets[] = {(char *)(uintptr_t)target, NULL};
	struct plan_step step = {.stubs = path, .targets = {.items = targets, .count = 1}};
	struct spec spec = {.mounts = mount, .mount_count = 1};
	static struct failure why;
	ssize_t got;

	snprintf(path, sizeof(path), "%s/stubs.json", directory);
	unlink(path);
	mount->destination = (char *)(uintptr_t)target;
	if (step_stubs_write(&step, &spec, root, &why) < 0)
		return why.message;
	auto_close int file = open(path, O_RDONLY | O_CLOEXEC);

	got = read(file, text, sizeof(text) - 1);
	text[got < 0 ? 0 : got] = '\0';
	return text;
}

static bool are(int root, const char *target, const char *wanted)
{
	struct spec_mount mount = {.type = (char[]){"bind"}};
	char text[4096];

	snprintf(text, sizeof(text), "{\"stubs\":[%s]}", wanted);
	return strcmp(stubs_of(root, target, &mount), text) == 0;
}

static void test_stubs(int root)
{
	check(are(root, "/etc/hosts", ""), "what is there is not made");
	check(are(root, "/etc/resolv.conf", "\"/etc/resolv.conf\""), "a file");
	check(are(root, "/a/b/c", "\"/a\",\"/a/b\",\"/a/b/c\""), "with what is above it");
	check(are(root, "/link/x", "\"/etc/x\""), "links on the way are resolved");
	check(are(root, "/up/x", "\"/etc/x\""), "inside of the root");
	check(are(root, "/dangling/x", "\"/new\",\"/new/place\",\"/new/place/x\""),
		"also those that lead to nothing yet");
	check(are(root, "/loop/x", ""), "a loop is the mount's to complain about");
	check(are(root, "/etc/hosts/x", ""), "and so is a file above");
}

static void test_tmpfs(int root)
{
	struct spec_mount new = {.type = (char[]){"tmpfs"}}, old = new;

	stubs_of(root, "/fresh", &new);
	check(new.options.count == 1 && strcmp(new.options.items[0], "mode=1777") == 0,
		"a new place is open to all");
	stubs_of(root, "/etc", &old);
	check(old.options.count == 0, "another keeps its mode");
	free(new.options.items[0]);
	free(new.options.items);
}

static void test_cwd(int root)
{
	struct spec_process process = {
		.cwd = (char[]){"/link/work/deep"}, .user = {.uid = getuid(), .gid = getgid()}};
	struct failure why;
	struct stat status;

	check(step_make_cwd(&process, root, &why) == 0, "a working directory is made");
	check(fstatat(root, "etc/work/deep", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(status.st_mode),
		"where the links lead, inside");
}

int main(void)
{
	char command[128];

	must(mkdtemp(directory), "a directory");
	snprintf(command, sizeof(command), "%s/root", directory);
	must(mkdir(command, 0755) == 0, command);
	auto_close int root = open(command, O_PATH | O_DIRECTORY | O_CLOEXEC);

	must(root >= 0 && mkdirat(root, "etc", 0755) == 0);
	close(openat(root, "etc/hosts", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	must(symlinkat("/etc", root, "link") == 0 && symlinkat("../../../etc", root, "up") == 0 &&
		symlinkat("/new/place", root, "dangling") == 0 &&
		symlinkat("loop", root, "loop") == 0);
	test_stubs(root);
	test_tmpfs(root);
	test_cwd(root);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	must(system(command) == 0);
	return failures > 0;
}
