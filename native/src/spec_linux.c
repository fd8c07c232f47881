/* SPDX-License-Identifier: Apache-2.0 */
/* The "linux" section, except for its resources. */
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "scope.h"
#include "spec_json.h"
#include "spec_parts.h"

/* The kernel takes at most 340 lines in an id map. */
enum { MAXIMUM_NAMESPACES = 16, MAXIMUM_MAPPINGS = 340, MAXIMUM_DEVICES = 4096 };

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static int parse_namespace_type(const char *name)
{
	static const struct {
		const char *name;
		int flag;
	} types[] = {
		{"pid", CLONE_NEWPID},
		{"network", CLONE_NEWNET},
		{"mount", CLONE_NEWNS},
		{"ipc", CLONE_NEWIPC},
		{"uts", CLONE_NEWUTS},
		{"user", CLONE_NEWUSER},
		{"cgroup", CLONE_NEWCGROUP},
		{"time", CLONE_NEWTIME},
	};

	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(name, types[i].name) == 0)
			return types[i].flag;
	return 0;
}

static int parse_namespaces(const json_t *section, struct spec *spec, struct failure *out)
{
	json_t *array = NULL, *item;

	if (spec_array(section, "linux", "namespaces", MAXIMUM_NAMESPACES, &array, out) < 0 ||
		spec_allocate(&spec->namespaces, json_array_size(array), sizeof(*spec->namespaces),
			out) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct spec_namespace *entry = &spec->namespaces[spec->namespace_count];
		auto_free char *type = NULL;
		char where[SPEC_WHERE];

		if (spec_element(array, i, "linux", "namespaces", where, &item, out) < 0 ||
			spec_string(item, where, "type", SPEC_REQUIRED, &type, out) < 0)
			return -1;
		entry->flag = parse_namespace_type(type);
		if (entry->flag == 0)
			return spec_wrong(
				out, where, "type", "is not a namespace type: \"%.40s\"", type);
		if (spec_namespace_find(spec, entry->flag, NULL))
			return spec_wrong(out, where, "type", "names the %s namespace twice", type);
		spec->namespace_count++;
		if (spec_string(item, where, "path", SPEC_OPTIONAL, &entry->path, out) < 0)
			return -1;
		if (entry->path && entry->path[0] == '\0') {
			free(entry->path);
			entry->path = NULL;
		}
		if (entry->path && entry->path[0] != '/')
			return spec_wrong(out, where, "path", "must be an absolute path");
	}
	return 0;
}

static int parse_mappings(const json_t *section, const char *name, struct spec_id_mapping **ret,
	size_t *ret_count, struct failure *out)
{
	json_t *array = NULL, *item;

	if (spec_array(section, "linux", name, MAXIMUM_MAPPINGS, &array, out) < 0 ||
		spec_allocate(ret, json_array_size(array), sizeof(**ret), out) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		int64_t inside, outside, size;
		char where[SPEC_WHERE];

		if (spec_element(array, i, "linux", name, where, &item, out) < 0 ||
			spec_integer(item, where, "containerID", SPEC_REQUIRED, 0, UINT32_MAX - 1,
				&inside, NULL, out) < 0 ||
			spec_integer(item, where, "hostID", SPEC_REQUIRED, 0, UINT32_MAX - 1,
				&outside, NULL, out) < 0 ||
			spec_integer(item, where, "size", SPEC_REQUIRED, 1, UINT32_MAX, &size, NULL,
				out) < 0)
			return -1;
		if (inside + size > UINT32_MAX || outside + size > UINT32_MAX)
			return spec_wrong(out, where, "size", "reaches beyond the last id");
		(*ret)[i] = (struct spec_id_mapping){.container_id = (uint32_t)inside,
			.host_id = (uint32_t)outside,
			.size = (uint32_t)size};
		(*ret_count)++;
	}
	return 0;
}

static int parse_id_maps(const json_t *section, struct spec *spec, struct failure *out)
{
	const char *path = NULL;
	bool user;

	if (parse_mappings(section, "uidMappings", &spec->uid_mappings, &spec->uid_mapping_count,
		    out) < 0 ||
		parse_mappings(section, "gidMappings", &spec->gid_mappings,
			&spec->gid_mapping_count, out) < 0)
		return -1;
	user = spec_namespace_find(spec, CLONE_NEWUSER, &path);
	if (!user && spec->uid_mapping_count + spec->gid_mapping_count > 0)
		return spec_wrong(
			out, "linux", "uidMappings", "and gidMappings need a user namespace");
	if (user && !path && (spec->uid_mapping_count == 0 || spec->gid_mapping_count == 0))
		return spec_wrong(out, "linux", "uidMappings",
			"and gidMappings are missing: a new user namespace needs both");
	return 0;
}

static bool leads_upwards(const char *path)
{
	size_t length = strlen(path);

	return strstr(path, "/../") || (length >= 3 && strcmp(path + length - 3, "/..") == 0);
}

static int parse_device(
	const json_t *item, const char *where, struct spec_device *device, struct failure *out)
{
	int64_t major = 0, minor = 0, mode = 0, uid = 0, gid = 0;
	enum spec_presence numbers;
	auto_free char *type = NULL;

	if (spec_string(item, where, "path", SPEC_REQUIRED, &device->path, out) < 0 ||
		spec_string(item, where, "type", SPEC_REQUIRED, &type, out) < 0)
		return -1;
	if (strlen(type) != 1 || !strchr("cbup", type[0]))
		return spec_wrong(out, where, "type", "must be c, b, u or p");
	if (device->path[0] != '/')
		return spec_wrong(out, where, "path", "must be an absolute path");
	if (leads_upwards(device->path))
		return spec_wrong(out, where, "path", "must not lead upwards");
	numbers = type[0] == 'p' ? SPEC_OPTIONAL : SPEC_REQUIRED;
	if (spec_integer(item, where, "major", numbers, 0, UINT32_MAX, &major, NULL, out) < 0 ||
		spec_integer(item, where, "minor", numbers, 0, UINT32_MAX, &minor, NULL, out) < 0 ||
		spec_integer(item, where, "fileMode", SPEC_OPTIONAL, 0, UINT32_MAX, &mode,
			&device->has_mode, out) < 0 ||
		spec_integer(item, where, "uid", SPEC_OPTIONAL, 0, UINT32_MAX - 1, &uid, NULL,
			out) < 0 ||
		spec_integer(
			item, where, "gid", SPEC_OPTIONAL, 0, UINT32_MAX - 1, &gid, NULL, out) < 0)
		return -1;
	/* Docker writes the file type into fileMode as well. */
	device->mode = (mode_t)mode & 07777;
	device->type = type[0];
	device->major = (uint32_t)major;
	device->minor = (uint32_t)minor;
	device->uid = (uid_t)uid;
	device->gid = (gid_t)gid;
	return 0;
}

static int parse_devices(const json_t *section, struct spec *spec, struct failure *out)
{
	json_t *array = NULL, *item;

	if (spec_array(section, "linux", "devices", MAXIMUM_DEVICES, &array, out) < 0 ||
		spec_allocate(&spec->devices, json_array_size(array), sizeof(*spec->devices), out) <
			0)
		return -1;
	spec->device_count = json_array_size(array);
	for (size_t i = 0; i < spec->device_count; i++) {
		char where[SPEC_WHERE];

		if (spec_element(array, i, "linux", "devices", where, &item, out) < 0 ||
			parse_device(item, where, &spec->devices[i], out) < 0)
			return -1;
	}
	return 0;
}

static int parse_propagation(const json_t *section, struct spec *spec, struct failure *out)
{
	static const struct {
		const char *name;
		unsigned long flags;
	} names[] = {
		{"", 0},
		{"shared", MS_SHARED},
		{"rshared", MS_SHARED | MS_REC},
		{"slave", MS_SLAVE},
		{"rslave", MS_SLAVE | MS_REC},
		{"private", MS_PRIVATE},
		{"rprivate", MS_PRIVATE | MS_REC},
		{"unbindable", MS_UNBINDABLE},
		{"runbindable", MS_UNBINDABLE | MS_REC},
	};
	auto_free char *name = NULL;

	if (spec_string(section, "linux", "rootfsPropagation", SPEC_OPTIONAL, &name, out) < 0)
		return -1;
	for (size_t i = 0; name && i < array_size(names); i++)
		if (strcmp(name, names[i].name) == 0) {
			spec->rootfs_propagation = names[i].flags;
			return 0;
		}
	return name ? spec_wrong(out, "linux", "rootfsPropagation",
			      "is not a propagation: \"%.40s\"", name)
		    : 0;
}

static int parse_sysctls(const json_t *section, struct spec *spec, struct failure *out)
{
	json_t *object = NULL, *value;
	const char *name;

	if (spec_object(section, "linux", "sysctl", &object, out) < 0 ||
		spec_allocate(
			&spec->sysctls, json_object_size(object), sizeof(*spec->sysctls), out) < 0)
		return -1;
	json_object_foreach(object, name, value)
	{
		struct spec_sysctl *entry = &spec->sysctls[spec->sysctl_count++];

		if (!json_is_string(value))
			return spec_wrong(out, "linux.sysctl", name, "must be a string");
		entry->name = strdup(name);
		entry->value = strdup(json_string_value(value));
		if (!entry->name || !entry->value)
			return fail(out, ENOMEM, "config", "cannot read config.json");
	}
	return 0;
}

static int parse_paths(const json_t *section, struct spec *spec, struct failure *out)
{
	const struct {
		const char *name;
		struct string_list *list;
	} lists[] = {
		{"maskedPaths", &spec->masked_paths},
		{"readonlyPaths", &spec->readonly_paths},
	};

	for (size_t i = 0; i < array_size(lists); i++) {
		if (spec_strings(section, "linux", lists[i].name, lists[i].list, out) < 0)
			return -1;
		for (size_t j = 0; j < lists[i].list->count; j++)
			if (lists[i].list->items[j][0] != '/')
				return spec_wrong(out, "linux", lists[i].name,
					"must hold only absolute paths");
	}
	return 0;
}

int spec_parse_linux(const json_t *section, struct spec *spec, struct failure *out)
{
	static const char *const refused[] = {"intelRdt", "mountLabel", "personality",
		"timeOffsets", "memoryPolicy", "netDevices", NULL};
	json_t *resources = NULL;

	if (spec_refuse(section, "linux", refused, out) < 0 ||
		parse_namespaces(section, spec, out) < 0 || parse_id_maps(section, spec, out) < 0 ||
		parse_devices(section, spec, out) < 0 ||
		parse_propagation(section, spec, out) < 0 ||
		parse_sysctls(section, spec, out) < 0 || parse_paths(section, spec, out) < 0 ||
		spec_string(section, "linux", "cgroupsPath", SPEC_OPTIONAL, &spec->cgroups_path,
			out) < 0 ||
		spec_object(section, "linux", "seccomp", &spec->seccomp, out) < 0 ||
		spec_object(section, "linux", "resources", &resources, out) < 0)
		return -1;
	if (spec->seccomp && spec_check_seccomp(spec->seccomp, out) < 0)
		return -1;
	return resources ? spec_parse_resources(resources, spec, out) : 0;
}

void spec_free_linux(struct spec *spec)
{
	for (size_t i = 0; i < spec->namespace_count; i++)
		free(spec->namespaces[i].path);
	for (size_t i = 0; i < spec->device_count; i++)
		free(spec->devices[i].path);
	for (size_t i = 0; i < spec->cgroup_setting_count; i++) {
		free(spec->cgroup_settings[i].file);
		free(spec->cgroup_settings[i].value);
	}
	for (size_t i = 0; i < spec->sysctl_count; i++) {
		free(spec->sysctls[i].name);
		free(spec->sysctls[i].value);
	}
	free(spec->namespaces);
	free(spec->uid_mappings);
	free(spec->gid_mappings);
	free(spec->devices);
	free(spec->cgroups_path);
	free(spec->cgroup_settings);
	free(spec->device_rules);
	free(spec->sysctls);
	spec_list_clear(&spec->masked_paths);
	spec_list_clear(&spec->readonly_paths);
}
