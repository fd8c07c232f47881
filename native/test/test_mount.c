/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options: what each one acts on, which wins, and what is refused. */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "check.h"
#include "mount.h"
#include "scope.h"

/* Up to four options; NULL ends them early. */
static int parse(const char *type, const char *const names[4], struct mount_options *ret,
	struct failure *out)
{
	char *items[5] = {NULL};
	struct spec_mount mount = {.destination = (char *)"/target", .type = (char *)type};

	while (mount.options.count < 4 && names[mount.options.count]) {
		items[mount.options.count] = (char *)names[mount.options.count];
		mount.options.count++;
	}
	mount.options.items = items;
	return mount_options_parse(&mount, ret, out);
}

#define PARSE(type, ...) parse(type, (const char *const[4]){__VA_ARGS__}, &options, &failure)

static void test_bind(void)
{
	struct mount_options options;
	struct failure failure;

	check(PARSE("bind", "rbind", "ro", "nosuid", "rslave") == 0, "a bind mount");
	check(options.bind && options.recursive, "rbind");
	check(options.attributes_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID), "attributes");
	check(options.propagation == MS_SLAVE && options.propagation_recursive, "rslave");
	mount_options_clear(&options);
	check(PARSE("none", "bind", "rro", "private") == 0, "recursive read-only");
	check(options.recursive_set == MOUNT_ATTR_RDONLY && !options.attributes_set, "rro");
	check(options.bind && !options.recursive, "bind");
	check(options.propagation == MS_PRIVATE && !options.propagation_recursive, "private");
	mount_options_clear(&options);
	check(PARSE("bind", "bind", "size=3") < 0 && failure.kind == FAILURE_BAD_INPUT,
		"a bind mount has no file system options");
}

static void test_order(void)
{
	struct mount_options options;
	struct failure failure;

	check(PARSE("tmpfs", "ro", "rw") == 0, "ro and rw");
	check(!options.attributes_set && options.attributes_clear == MOUNT_ATTR_RDONLY,
		"the later one wins");
	mount_options_clear(&options);
	check(PARSE("tmpfs", "noatime,relatime") == 0, "times, in one text");
	check(!(options.attributes_set & MOUNT_ATTR__ATIME), "relatime wins");
	check((options.attributes_clear & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME,
		"the whole field is cleared");
	mount_options_clear(&options);
	check(PARSE("tmpfs", "relatime", "strictatime") == 0, "strictatime");
	check((options.attributes_set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME,
		"strictatime wins");
	mount_options_clear(&options);
}

static void test_filesystem(void)
{
	struct mount_options options;
	struct failure failure;

	check(PARSE("tmpfs", "size=64k", "mode=755,nosuid", "sync", "tmpcopyup") == 0, "a tmpfs");
	check(options.parameters.count == 3 && options.tmpcopyup && !options.bind, "its options");
	check(options.parameters.count == 3 &&
			strcmp(options.parameters.items[0], "size=64k") == 0 &&
			strcmp(options.parameters.items[1], "mode=755") == 0 &&
			strcmp(options.parameters.items[2], "sync") == 0,
		"in order");
	mount_options_clear(&options);
	check(PARSE("tmpfs", "defaults", "") == 0 && options.parameters.count == 0, "defaults");
	mount_options_clear(&options);
}

static void test_refused(void)
{
	struct mount_options options;
	struct failure failure;

	check(PARSE("bind", "bind", "idmap") < 0 && failure.kind == FAILURE_UNSUPPORTED &&
			strstr(failure.message, "'idmap'"),
		"idmap is refused by name");
	check(PARSE("bind", "bind", "ridmap") < 0 && failure.kind == FAILURE_UNSUPPORTED,
		"ridmap too");
}

static void test_names(void)
{
	static const char *const names[] = {"nosuid", "nodev", "noexec", "nodiratime",
		"nosymfollow", "noatime", "strictatime", "ro"};
	struct mount_options options;
	struct failure failure;

	for (size_t i = 0; i < array_size(names); i++) {
		char recursive[32];

		snprintf(recursive, sizeof(recursive), "r%s", names[i]);
		check(PARSE("bind", names[i]) == 0 && options.attributes_set &&
				!options.recursive_set,
			names[i]);
		mount_options_clear(&options);
		check(PARSE("bind", recursive) == 0 && !options.attributes_set &&
				options.recursive_set,
			recursive);
		mount_options_clear(&options);
	}
}

int main(void)
{
	test_bind();
	test_order();
	test_filesystem();
	test_refused();
	test_names();
	return failures > 0;
}
