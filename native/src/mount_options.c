/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mount.h>

#include "mount.h"
#include "scope.h"

/* Names that stand for a bit of the mount itself; "r" before one of these means: and of every mount
 * below. */
static const struct {
	const char *name;
	uint64_t set, clear;
} attribute_names[] = {
	{"ro", MOUNT_ATTR_RDONLY, 0},
	{"rw", 0, MOUNT_ATTR_RDONLY},
	{"nosuid", MOUNT_ATTR_NOSUID, 0},
	{"suid", 0, MOUNT_ATTR_NOSUID},
	{"nodev", MOUNT_ATTR_NODEV, 0},
	{"dev", 0, MOUNT_ATTR_NODEV},
	{"noexec", MOUNT_ATTR_NOEXEC, 0},
	{"exec", 0, MOUNT_ATTR_NOEXEC},
	{"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
	{"diratime", 0, MOUNT_ATTR_NODIRATIME},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
	/* The access time modes exclude each other: the kernel wants the whole field cleared. */
	{"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{"norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
	{"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
};

static const struct {
	const char *name;
	unsigned long propagation;
} propagation_names[] = {
	{"private", MS_PRIVATE},
	{"shared", MS_SHARED},
	{"slave", MS_SLAVE},
	{"unbindable", MS_UNBINDABLE},
};

/* Flags of the file system, not of the mount: fsconfig takes some under a name, others are
 * defaults. */
static const struct {
	const char *name;
	const char *parameter; /* NULL: what the kernel does anyway */
} filesystem_names[] = {
	{"defaults", NULL},
	{"async", "async"},
	{"sync", "sync"},
	{"dirsync", "dirsync"},
	{"lazytime", "lazytime"},
	{"nolazytime", "nolazytime"},
	{"mand", "mand"},
	{"nomand", "nomand"},
	{"iversion", "iversion"},
	{"noiversion", NULL},
	{"silent", NULL},
	{"loud", NULL},
};

static const char *const refused_names[] = {"idmap", "ridmap", "copy-symlink", "dest-nofollow"};

static int add_parameter(struct mount_options *options, const char *text)
{
	char **items = realloc(
		options->parameters.items, (options->parameters.count + 2) * sizeof(*items));

	if (!items)
		return -1;
	options->parameters.items = items;
	items[options->parameters.count] = strdup(text);
	if (!items[options->parameters.count])
		return -1;
	items[++options->parameters.count] = NULL;
	return 0;
}

/* A later option of a kind wins over an earlier one, as in mount(8). */
static void apply(uint64_t *set, uint64_t *clear, uint64_t add, uint64_t remove)
{
	*set = (*set & ~remove) | add;
	*clear = (*clear & ~add) | remove;
}

static bool parse_attribute(struct mount_options *options, const char *name)
{
	for (size_t i = 0; i < array_size(attribute_names); i++) {
		uint64_t set = attribute_names[i].set, clear = attribute_names[i].clear;

		if (strcmp(name, attribute_names[i].name) == 0) {
			apply(&options->attributes_set, &options->attributes_clear, set, clear);
			return true;
		}
		if (name[0] == 'r' && strcmp(name + 1, attribute_names[i].name) == 0) {
			apply(&options->recursive_set, &options->recursive_clear, set, clear);
			return true;
		}
	}
	return false;
}

static bool parse_propagation(struct mount_options *options, const char *name)
{
	for (size_t i = 0; i < array_size(propagation_names); i++) {
		const char *known = propagation_names[i].name;
		bool recursive = name[0] == 'r' && strcmp(name + 1, known) == 0;

		if (!recursive && strcmp(name, known) != 0)
			continue;
		options->propagation = propagation_names[i].propagation;
		options->propagation_recursive = recursive;
		return true;
	}
	return false;
}

static bool parse_kind(struct mount_options *options, const char *name)
{
	if (strcmp(name, "bind") == 0 || strcmp(name, "rbind") == 0) {
		options->bind = true;
		options->recursive = options->recursive || name[0] == 'r';
		return true;
	}
	if (strcmp(name, "remount") == 0)
		return options->remount = true;
	if (strcmp(name, "tmpcopyup") == 0)
		return options->tmpcopyup = true;
	if (strcmp(name, "lighter-donor") == 0)
		return options->of_donor = true;
	if (strcmp(name, "src-nofollow") == 0)
		return options->source_nofollow = true;
	return false;
}

static int parse_one(struct mount_options *options, const char *name,
	const struct spec_mount *mount, struct failure *out)
{
	const char *parameter = name;

	if (name[0] == '\0' || parse_attribute(options, name) || parse_propagation(options, name) ||
		parse_kind(options, name))
		return 0;
	for (size_t i = 0; i < array_size(refused_names); i++)
		if (strcmp(name, refused_names[i]) == 0)
			return fail_kind(out, FAILURE_UNSUPPORTED, 0, "mount",
				"the mount option '%s' of %s is not supported", name,
				mount->destination);
	for (size_t i = 0; i < array_size(filesystem_names); i++)
		if (strcmp(name, filesystem_names[i].name) == 0)
			parameter = filesystem_names[i].parameter;
	if (parameter && add_parameter(options, parameter) < 0)
		return fail(
			out, ENOMEM, "mount", "cannot parse the options of %s", mount->destination);
	return 0;
}

int mount_options_parse(
	const struct spec_mount *mount, struct mount_options *ret, struct failure *out)
{
	struct mount_options options = {0};

	for (size_t i = 0; i < mount->options.count; i++) {
		static const char subpath[] = "lighter-subpath=";
		const char *item = mount->options.items[i];
		auto_free char *text = strdup(item);
		char *rest = text, *name;

		if (!text) {
			mount_options_clear(&options);
			return fail(out, ENOMEM, "mount", "cannot parse the options of %s",
				mount->destination);
		}
		/* A path may have commas. */
		if (strncmp(item, subpath, strlen(subpath)) == 0) {
			options.subpath = item + strlen(subpath);
			continue;
		}
		while ((name = strsep(&rest, ",")) != NULL) {
			if (parse_one(&options, name, mount, out) < 0) {
				mount_options_clear(&options);
				return -1;
			}
		}
	}
	if (mount->type && strcmp(mount->type, "bind") == 0)
		options.bind = true;
	/* A bind mount has no file system of its own to configure: an option it cannot have is an
	 * error. */
	if (options.bind && options.parameters.count > 0) {
		fail_kind(out, FAILURE_BAD_INPUT, 0, "mount",
			"a bind mount (%s) cannot have the option '%s'", mount->destination,
			options.parameters.items[0]);
		mount_options_clear(&options);
		return -1;
	}
	*ret = options;
	return 0;
}

void mount_options_clear(struct mount_options *options)
{
	for (size_t i = 0; i < options->parameters.count; i++)
		free(options->parameters.items[i]);
	free(options->parameters.items);
	options->parameters = (struct string_list){0};
}
