/* SPDX-License-Identifier: Apache-2.0 */
/* The process object: of config.json, and of each exec. */
#include <errno.h>
#include <string.h>

#include "caps.h"
#include "scope.h"
#include "spec.h"
#include "spec_json.h"

enum { MAXIMUM_GIDS = 65536, MAXIMUM_RLIMITS = 64 };

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};

static int find_rlimit(const char *name)
{
	for (size_t i = 0; i < array_size(rlimit_names); i++)
		if (strcmp(name, rlimit_names[i].name) == 0)
			return rlimit_names[i].resource;
	return -1;
}

static int parse_rlimits(const json_t *object, struct spec_process *ret, struct failure *out)
{
	json_t *array = NULL, *item;

	if (spec_array(object, "process", "rlimits", MAXIMUM_RLIMITS, &array, out) < 0 ||
		spec_allocate(&ret->rlimits, json_array_size(array), sizeof(*ret->rlimits), out) <
			0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct spec_rlimit *limit = &ret->rlimits[i];
		auto_free char *name = NULL;
		char where[SPEC_WHERE];
		uint64_t soft, hard;

		if (spec_element(array, i, "process", "rlimits", where, &item, out) < 0 ||
			spec_string(item, where, "type", SPEC_REQUIRED, &name, out) < 0 ||
			spec_unsigned(item, where, "soft", SPEC_REQUIRED, &soft, NULL, out) < 0 ||
			spec_unsigned(item, where, "hard", SPEC_REQUIRED, &hard, NULL, out) < 0)
			return -1;
		limit->resource = find_rlimit(name);
		if (limit->resource < 0)
			return spec_wrong(
				out, where, "type", "is not a resource limit: \"%.40s\"", name);
		if (soft > hard)
			return spec_wrong(out, where, "soft", "is above the hard limit");
		for (size_t j = 0; j < i; j++)
			if (ret->rlimits[j].resource == limit->resource)
				return spec_wrong(out, where, "type", "names %s twice", name);
		limit->limit.rlim_cur = soft;
		limit->limit.rlim_max = hard;
		ret->rlimit_count++;
	}
	return 0;
}

static int parse_gids(const json_t *user, struct spec_user *ret, struct failure *out)
{
	json_t *array = NULL;

	if (spec_array(user, "process.user", "additionalGids", MAXIMUM_GIDS, &array, out) < 0 ||
		spec_allocate(&ret->additional_gids, json_array_size(array),
			sizeof(*ret->additional_gids), out) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		json_int_t gid = json_integer_value(item);

		if (!json_is_integer(item) || gid < 0 || gid >= UINT32_MAX)
			return spec_wrong(
				out, "process.user", "additionalGids", "must hold only group ids");
		ret->additional_gids[i] = (gid_t)gid;
		ret->additional_gid_count++;
	}
	return 0;
}

static int parse_user(const json_t *object, struct spec_user *ret, struct failure *out)
{
	static const char *const refused[] = {"username", NULL};
	int64_t uid = 0, gid = 0, umask_value = 0;
	json_t *user = NULL;

	if (spec_object(object, "process", "user", &user, out) < 0)
		return -1;
	if (!user)
		return 0;
	if (spec_refuse(user, "process.user", refused, out) < 0 ||
		spec_integer(user, "process.user", "uid", SPEC_OPTIONAL, 0, UINT32_MAX - 1, &uid,
			NULL, out) < 0 ||
		spec_integer(user, "process.user", "gid", SPEC_OPTIONAL, 0, UINT32_MAX - 1, &gid,
			NULL, out) < 0 ||
		spec_integer(user, "process.user", "umask", SPEC_OPTIONAL, 0, 0777, &umask_value,
			&ret->has_umask, out) < 0)
		return -1;
	ret->uid = (uid_t)uid;
	ret->gid = (gid_t)gid;
	ret->umask = (mode_t)umask_value;
	return parse_gids(user, ret, out);
}

static int parse_capability_set(
	const json_t *object, const char *name, uint64_t *ret, struct failure *out)
{
	static const char where[] = "process.capabilities";
	struct string_list names = {0};
	int number, result = spec_strings(object, where, name, &names, out);

	for (size_t i = 0; result == 0 && i < names.count; i++) {
		if (caps_parse(names.items[i], &number) < 0)
			result = spec_wrong(out, where, name,
				"names an unknown capability: \"%.40s\"", names.items[i]);
		else
			*ret |= UINT64_C(1) << number;
	}
	spec_list_clear(&names);
	return result;
}

static int parse_capabilities(
	const json_t *object, struct spec_capabilities *ret, struct failure *out)
{
	json_t *sets = NULL;

	if (spec_object(object, "process", "capabilities", &sets, out) < 0)
		return -1;
	if (!sets)
		return 0;
	ret->present = true;
	if (parse_capability_set(sets, "bounding", &ret->bounding, out) < 0 ||
		parse_capability_set(sets, "effective", &ret->effective, out) < 0 ||
		parse_capability_set(sets, "inheritable", &ret->inheritable, out) < 0 ||
		parse_capability_set(sets, "permitted", &ret->permitted, out) < 0 ||
		parse_capability_set(sets, "ambient", &ret->ambient, out) < 0)
		return -1;
	return 0;
}

static int parse_console(const json_t *object, struct spec_process *ret, struct failure *out)
{
	int64_t height = 0, width = 0;
	json_t *size = NULL;

	if (spec_bool(object, "process", "terminal", &ret->terminal, out) < 0 ||
		spec_object(object, "process", "consoleSize", &size, out) < 0)
		return -1;
	if (!size)
		return 0;
	if (spec_integer(size, "process.consoleSize", "height", SPEC_REQUIRED, 0, UINT16_MAX,
		    &height, NULL, out) < 0 ||
		spec_integer(size, "process.consoleSize", "width", SPEC_REQUIRED, 0, UINT16_MAX,
			&width, NULL, out) < 0)
		return -1;
	/* The spec: ignored without a terminal. */
	if (ret->terminal) {
		ret->console_rows = (unsigned short)height;
		ret->console_columns = (unsigned short)width;
	}
	return 0;
}

static int parse_command(const json_t *object, struct spec_process *ret, struct failure *out)
{
	if (spec_strings(object, "process", "args", &ret->args, out) < 0 ||
		spec_strings(object, "process", "env", &ret->env, out) < 0 ||
		spec_string(object, "process", "cwd", SPEC_REQUIRED, &ret->cwd, out) < 0)
		return -1;
	if (ret->cwd[0] != '/')
		return spec_wrong(out, "process", "cwd", "must be an absolute path");
	if (ret->args.count == 0)
		return spec_wrong(out, "process", "args", "must hold at least the command");
	for (size_t i = 0; i < ret->env.count; i++) {
		const char *equals = strchr(ret->env.items[i], '=');

		if (!equals || equals == ret->env.items[i])
			return spec_wrong(out, "process", "env",
				"has an entry without a name: \"%.40s\"", ret->env.items[i]);
	}
	return 0;
}

int spec_process_parse(json_t *object, struct spec_process *ret, struct failure *out)
{
	static const char *const refused[] = {"commandLine", "scheduler", "ioPriority",
		"execCPUAffinity", "selinuxLabel", "apparmorProfile", NULL};
	int64_t adjustment = 0;

	ret->present = true;
	if (!json_is_object(object))
		return spec_wrong(out, "", "process", "must be an object");
	if (spec_refuse(object, "process", refused, out) < 0 ||
		parse_command(object, ret, out) < 0 || parse_console(object, ret, out) < 0 ||
		parse_user(object, &ret->user, out) < 0 ||
		parse_capabilities(object, &ret->capabilities, out) < 0 ||
		parse_rlimits(object, ret, out) < 0 ||
		spec_bool(object, "process", "noNewPrivileges", &ret->no_new_privileges, out) < 0 ||
		spec_integer(object, "process", "oomScoreAdj", SPEC_OPTIONAL, -1000, 1000,
			&adjustment, &ret->has_oom_score_adj, out) < 0)
		return -1;
	ret->oom_score_adj = (int)adjustment;
	return 0;
}

void spec_process_clear(struct spec_process *process)
{
	spec_list_clear(&process->args);
	spec_list_clear(&process->env);
	free(process->cwd);
	free(process->rlimits);
	free(process->user.additional_gids);
	*process = (struct spec_process){0};
}
