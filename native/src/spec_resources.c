/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources in the words of cgroup v2, with runc's conversions from v1's scales. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "scope.h"
#include "spec_json.h"
#include "spec_parts.h"

enum { MAXIMUM_ENTRIES = 4096 };

static int add_setting(struct spec *spec, struct failure *out, const char *file, const char *format,
	...) __attribute__((format(printf, 4, 5)));

static int add_setting(
	struct spec *spec, struct failure *out, const char *file, const char *format, ...)
{
	size_t count = spec->cgroup_setting_count;
	struct spec_cgroup_setting *settings =
		reallocarray(spec->cgroup_settings, count + 1, sizeof(*settings));
	va_list arguments;

	if (!settings)
		return fail(out, ENOMEM, "config", "cannot read config.json");
	spec->cgroup_settings = settings;
	settings[count] = (struct spec_cgroup_setting){.file = strdup(file)};
	spec->cgroup_setting_count++;
	va_start(arguments, format);
	if (vasprintf(&settings[count].value, format, arguments) < 0)
		settings[count].value = NULL;
	va_end(arguments);
	if (!settings[count].file || !settings[count].value)
		return fail(out, ENOMEM, "config", "cannot read config.json");
	return 0;
}

/* A limit where everything below zero means none. */
static int add_limit(struct spec *spec, struct failure *out, const char *file, int64_t limit)
{
	return limit < 0 ? add_setting(spec, out, file, "max")
			 : add_setting(spec, out, file, "%" PRId64, limit);
}

static int parse_memory(const json_t *resources, struct spec *spec, struct failure *out)
{
	static const char where[] = "linux.resources.memory";
	static const char *const refused[] = {
		"kernel", "kernelTCP", "swappiness", "disableOOMKiller", NULL};
	int64_t limit = 0, reservation = 0, swap = 0;
	bool hierarchy = true, check = false;
	json_t *memory = NULL;

	if (spec_object(resources, "linux.resources", "memory", &memory, out) < 0)
		return -1;
	if (!memory)
		return 0;
	/* checkBeforeUpdate concerns later updates only; v2 is always hierarchical. */
	if (spec_refuse(memory, where, refused, out) < 0 ||
		spec_bool(memory, where, "useHierarchy", &hierarchy, out) < 0 ||
		spec_bool(memory, where, "checkBeforeUpdate", &check, out) < 0 ||
		spec_integer(memory, where, "limit", SPEC_OPTIONAL, -1, INT64_MAX, &limit, NULL,
			out) < 0 ||
		spec_integer(memory, where, "reservation", SPEC_OPTIONAL, -1, INT64_MAX,
			&reservation, NULL, out) < 0 ||
		spec_integer(
			memory, where, "swap", SPEC_OPTIONAL, -1, INT64_MAX, &swap, NULL, out) < 0)
		return -1;
	if (swap > 0 && limit <= 0)
		return spec_wrong(out, where, "swap", "needs a memory limit");
	if (swap > 0 && swap < limit)
		return spec_wrong(out, where, "swap",
			"counts memory and swap together, so it cannot be below limit");
	if (limit != 0 && add_limit(spec, out, "memory.max", limit) < 0)
		return -1;
	/* v1 counts memory and swap together, v2 swap alone. Unlimited memory implies unlimited
	 * swap. */
	if (swap == 0 && limit < 0)
		swap = -1;
	if (swap != 0 && add_limit(spec, out, "memory.swap.max", swap < 0 ? -1 : swap - limit) < 0)
		return -1;
	return reservation != 0 ? add_limit(spec, out, "memory.low", reservation) : 0;
}

static int add_cpu_time(struct spec *spec, struct failure *out, int64_t quota, uint64_t period)
{
	if (quota == 0 && period == 0)
		return 0;
	if (period == 0)
		period = 100000;
	if (quota > 0)
		return add_setting(spec, out, "cpu.max", "%" PRId64 " %" PRIu64, quota, period);
	return add_setting(spec, out, "cpu.max", "max %" PRIu64, period);
}

static int add_cpuset(const json_t *cpu, const char *name, const char *file, struct spec *spec,
	struct failure *out)
{
	auto_free char *set = NULL;

	if (spec_string(cpu, "linux.resources.cpu", name, SPEC_OPTIONAL, &set, out) < 0)
		return -1;
	return set && *set ? add_setting(spec, out, file, "%s", set) : 0;
}

static int parse_cpu(const json_t *resources, struct spec *spec, struct failure *out)
{
	static const char where[] = "linux.resources.cpu";
	static const char *const refused[] = {"realtimeRuntime", "realtimePeriod", NULL};
	uint64_t shares = 0, period = 0, burst = 0;
	int64_t quota = 0, idle = 0;
	bool has_burst = false, has_idle = false;
	json_t *cpu = NULL;

	if (spec_object(resources, "linux.resources", "cpu", &cpu, out) < 0)
		return -1;
	if (!cpu)
		return 0;
	if (spec_refuse(cpu, where, refused, out) < 0 ||
		spec_unsigned(cpu, where, "shares", SPEC_OPTIONAL, &shares, NULL, out) < 0 ||
		spec_unsigned(cpu, where, "period", SPEC_OPTIONAL, &period, NULL, out) < 0 ||
		spec_unsigned(cpu, where, "burst", SPEC_OPTIONAL, &burst, &has_burst, out) < 0 ||
		spec_integer(cpu, where, "quota", SPEC_OPTIONAL, INT64_MIN, INT64_MAX, &quota, NULL,
			out) < 0 ||
		spec_integer(cpu, where, "idle", SPEC_OPTIONAL, 0, 1, &idle, &has_idle, out) < 0)
		return -1;
	if (has_idle && add_setting(spec, out, "cpu.idle", "%" PRId64, idle) < 0)
		return -1;
	/* v1's shares go from 2 to 262144, v2's weight from 1 to 10000. */
	if (shares != 0) {
		shares = shares < 2 ? 2 : shares > 262144 ? 262144 : shares;
		if (add_setting(spec, out, "cpu.weight", "%" PRIu64,
			    1 + (shares - 2) * 9999 / 262142) < 0)
			return -1;
	}
	if (add_cpu_time(spec, out, quota, period) < 0)
		return -1;
	if (has_burst && add_setting(spec, out, "cpu.max.burst", "%" PRIu64, burst) < 0)
		return -1;
	if (add_cpuset(cpu, "cpus", "cpuset.cpus", spec, out) < 0)
		return -1;
	return add_cpuset(cpu, "mems", "cpuset.mems", spec, out);
}

static int parse_pids(const json_t *resources, struct spec *spec, struct failure *out)
{
	json_t *pids = NULL;
	int64_t limit = 0;

	if (spec_object(resources, "linux.resources", "pids", &pids, out) < 0)
		return -1;
	if (!pids)
		return 0;
	if (spec_integer(pids, "linux.resources.pids", "limit", SPEC_OPTIONAL, -1, INT64_MAX,
		    &limit, NULL, out) < 0)
		return -1;
	/* 0 is what Go's runtimes write for "not given". */
	return limit != 0 ? add_limit(spec, out, "pids.max", limit) : 0;
}

/* v1's weights go from 10 to 1000, v2's from 1 to 10000. */
static int64_t io_weight(int64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

static int parse_io_weights(const json_t *block, struct spec *spec, struct failure *out)
{
	static const char where[] = "linux.resources.blockIO";
	static const char *const refused[] = {"leafWeight", NULL};
	int64_t weight = 0, major, minor;
	json_t *array = NULL, *item;
	bool present = false;

	if (spec_refuse(block, where, refused, out) < 0 ||
		spec_integer(block, where, "weight", SPEC_OPTIONAL, 0, 1000, &weight, &present,
			out) < 0 ||
		spec_array(block, where, "weightDevice", MAXIMUM_ENTRIES, &array, out) < 0)
		return -1;
	if (weight > 0 && weight < 10)
		return spec_wrong(out, where, "weight", "must be from 10 to 1000");
	if (weight > 0 &&
		(add_setting(spec, out, "io.bfq.weight", "default %" PRId64, weight) < 0 ||
			add_setting(spec, out, "io.weight", "default %" PRId64, io_weight(weight)) <
				0))
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		char path[SPEC_WHERE];

		if (spec_element(array, i, where, "weightDevice", path, &item, out) < 0 ||
			spec_refuse(item, path, refused, out) < 0 ||
			spec_integer(item, path, "major", SPEC_REQUIRED, 0, UINT32_MAX, &major,
				NULL, out) < 0 ||
			spec_integer(item, path, "minor", SPEC_REQUIRED, 0, UINT32_MAX, &minor,
				NULL, out) < 0 ||
			spec_integer(item, path, "weight", SPEC_REQUIRED, 10, 1000, &weight, NULL,
				out) < 0 ||
			add_setting(spec, out, "io.bfq.weight", "%" PRId64 ":%" PRId64 " %" PRId64,
				major, minor, weight) < 0 ||
			add_setting(spec, out, "io.weight", "%" PRId64 ":%" PRId64 " %" PRId64,
				major, minor, io_weight(weight)) < 0)
			return -1;
	}
	return 0;
}

static int parse_io_limits(const json_t *block, struct spec *spec, struct failure *out)
{
	static const char where[] = "linux.resources.blockIO";
	static const struct {
		const char *name, *key;
	} limits[] = {
		{"throttleReadBpsDevice", "rbps"},
		{"throttleWriteBpsDevice", "wbps"},
		{"throttleReadIOPSDevice", "riops"},
		{"throttleWriteIOPSDevice", "wiops"},
	};

	for (size_t i = 0; i < array_size(limits); i++) {
		json_t *array = NULL, *item;

		if (spec_array(block, where, limits[i].name, MAXIMUM_ENTRIES, &array, out) < 0)
			return -1;
		for (size_t j = 0; j < json_array_size(array); j++) {
			char path[SPEC_WHERE];
			int64_t major, minor;
			uint64_t rate;

			if (spec_element(array, j, where, limits[i].name, path, &item, out) < 0 ||
				spec_integer(item, path, "major", SPEC_REQUIRED, 0, UINT32_MAX,
					&major, NULL, out) < 0 ||
				spec_integer(item, path, "minor", SPEC_REQUIRED, 0, UINT32_MAX,
					&minor, NULL, out) < 0 ||
				spec_unsigned(item, path, "rate", SPEC_REQUIRED, &rate, NULL, out) <
					0 ||
				add_setting(spec, out, "io.max",
					"%" PRId64 ":%" PRId64 " %s=%" PRIu64, major, minor,
					limits[i].key, rate) < 0)
				return -1;
		}
	}
	return 0;
}

/* A part of a cgroup file's name: nothing that leads out of the directory. */
static bool plain_name(const char *name)
{
	return *name && !strchr(name, '/') && name[0] != '.' && strlen(name) < 128;
}

static int parse_hugepages(const json_t *resources, struct spec *spec, struct failure *out)
{
	json_t *array = NULL, *item;

	if (spec_array(resources, "linux.resources", "hugepageLimits", MAXIMUM_ENTRIES, &array,
		    out) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		auto_free char *size = NULL;
		char where[SPEC_WHERE], file[160];
		uint64_t limit;

		if (spec_element(array, i, "linux.resources", "hugepageLimits", where, &item, out) <
				0 ||
			spec_string(item, where, "pageSize", SPEC_REQUIRED, &size, out) < 0 ||
			spec_unsigned(item, where, "limit", SPEC_REQUIRED, &limit, NULL, out) < 0)
			return -1;
		if (!plain_name(size))
			return spec_wrong(
				out, where, "pageSize", "is not a page size: \"%.40s\"", size);
		snprintf(file, sizeof(file), "hugetlb.%s.max", size);
		if (add_setting(spec, out, file, "%" PRIu64, limit) < 0)
			return -1;
	}
	return 0;
}

static int parse_rdma(const json_t *resources, struct spec *spec, struct failure *out)
{
	json_t *devices = NULL, *limits;
	const char *device;

	if (spec_object(resources, "linux.resources", "rdma", &devices, out) < 0)
		return -1;
	json_object_foreach(devices, device, limits)
	{
		int64_t handles = -1, objects = -1;
		char where[SPEC_WHERE], text[96] = "";
		size_t used = 0;

		spec_path(where, "linux.resources.rdma", device);
		if (!json_is_object(limits))
			return spec_wrong(out, "linux.resources.rdma", device, "must be an object");
		if (!plain_name(device) || strpbrk(device, " \n"))
			return spec_wrong(
				out, "linux.resources.rdma", device, "is not a device name");
		if (spec_integer(limits, where, "hcaHandles", SPEC_OPTIONAL, 0, UINT32_MAX,
			    &handles, NULL, out) < 0 ||
			spec_integer(limits, where, "hcaObjects", SPEC_OPTIONAL, 0, UINT32_MAX,
				&objects, NULL, out) < 0)
			return -1;
		if (handles >= 0)
			used = (size_t)snprintf(
				text, sizeof(text), " hca_handle=%" PRId64, handles);
		if (objects >= 0)
			snprintf(text + used, sizeof(text) - used, " hca_object=%" PRId64, objects);
		if (*text && add_setting(spec, out, "rdma.max", "%s%s", device, text) < 0)
			return -1;
	}
	return 0;
}

static int parse_unified(const json_t *resources, struct spec *spec, struct failure *out)
{
	json_t *unified = NULL, *value;
	const char *file;

	if (spec_object(resources, "linux.resources", "unified", &unified, out) < 0)
		return -1;
	json_object_foreach(unified, file, value)
	{
		if (!json_is_string(value))
			return spec_wrong(out, "linux.resources.unified", file, "must be a string");
		if (!plain_name(file) || !strchr(file, '.') || strncmp(file, "cgroup.", 7) == 0)
			return spec_wrong(out, "linux.resources.unified", file,
				"is not a file of a controller");
		if (add_setting(spec, out, file, "%s", json_string_value(value)) < 0)
			return -1;
	}
	return 0;
}

static int parse_device_rule(
	const json_t *item, const char *where, struct spec_device_rule *rule, struct failure *out)
{
	auto_free char *type = NULL, *access = NULL;

	rule->major = -1;
	rule->minor = -1;
	if (spec_bool(item, where, "allow", &rule->allow, out) < 0 ||
		spec_string(item, where, "type", SPEC_OPTIONAL, &type, out) < 0 ||
		spec_string(item, where, "access", SPEC_OPTIONAL, &access, out) < 0 ||
		spec_integer(item, where, "major", SPEC_OPTIONAL, -1, UINT32_MAX, &rule->major,
			NULL, out) < 0 ||
		spec_integer(item, where, "minor", SPEC_OPTIONAL, -1, UINT32_MAX, &rule->minor,
			NULL, out) < 0)
		return -1;
	if (type && *type && (strlen(type) != 1 || !strchr("acb", type[0])))
		return spec_wrong(out, where, "type", "must be a, b or c");
	rule->type = type && *type ? type[0] : 'a';
	if (access && (strlen(access) > 3 || strspn(access, "rwm") != strlen(access)))
		return spec_wrong(out, where, "access", "must be made of r, w and m");
	snprintf(rule->access, sizeof(rule->access), "%s", access && *access ? access : "rwm");
	return 0;
}

static int parse_device_rules(const json_t *resources, struct spec *spec, struct failure *out)
{
	json_t *array = NULL, *item;

	if (spec_array(resources, "linux.resources", "devices", MAXIMUM_ENTRIES, &array, out) < 0 ||
		spec_allocate(&spec->device_rules, json_array_size(array),
			sizeof(*spec->device_rules), out) < 0)
		return -1;
	spec->device_rule_count = json_array_size(array);
	for (size_t i = 0; i < spec->device_rule_count; i++) {
		char where[SPEC_WHERE];

		if (spec_element(array, i, "linux.resources", "devices", where, &item, out) < 0 ||
			parse_device_rule(item, where, &spec->device_rules[i], out) < 0)
			return -1;
	}
	return 0;
}

int spec_parse_resources(const json_t *resources, struct spec *spec, struct failure *out)
{
	static const char *const refused[] = {"network", NULL};
	json_t *block = NULL;

	if (spec_refuse(resources, "linux.resources", refused, out) < 0 ||
		parse_memory(resources, spec, out) < 0 || parse_cpu(resources, spec, out) < 0 ||
		parse_pids(resources, spec, out) < 0 ||
		spec_object(resources, "linux.resources", "blockIO", &block, out) < 0 ||
		parse_io_weights(block, spec, out) < 0 || parse_io_limits(block, spec, out) < 0 ||
		parse_hugepages(resources, spec, out) < 0 || parse_rdma(resources, spec, out) < 0 ||
		parse_device_rules(resources, spec, out) < 0)
		return -1;
	/* Last, so that it overrides what was translated. */
	return parse_unified(resources, spec, out);
}
