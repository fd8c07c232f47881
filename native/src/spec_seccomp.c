/* SPDX-License-Identifier: Apache-2.0 */
#include "spec_json.h"
#include "spec_parts.h"

enum { MAXIMUM_RULES = 4096, MAXIMUM_ARGUMENTS = 64 };

static int check_arguments(const json_t *rule, const char *where, struct failure *out)
{
	json_t *array = NULL, *item;

	if (spec_array(rule, where, "args", MAXIMUM_ARGUMENTS, &array, out) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		char path[SPEC_WHERE];
		char *op = NULL;
		uint64_t value;
		int64_t index;
		int result;

		if (spec_element(array, i, where, "args", path, &item, out) < 0 ||
			spec_integer(item, path, "index", SPEC_REQUIRED, 0, 5, &index, NULL, out) <
				0 ||
			spec_unsigned(item, path, "value", SPEC_REQUIRED, &value, NULL, out) < 0 ||
			spec_unsigned(item, path, "valueTwo", SPEC_OPTIONAL, &value, NULL, out) < 0)
			return -1;
		result = spec_string(item, path, "op", SPEC_REQUIRED, &op, out);
		free(op);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int check_strings(
	const json_t *object, const char *where, const char *name, struct failure *out)
{
	struct string_list list = {0};
	int result = spec_strings(object, where, name, &list, out);

	spec_list_clear(&list);
	return result;
}

static int check_string(
	const json_t *object, const char *where, const char *name, struct failure *out)
{
	char *text = NULL;
	int result = spec_string(object, where, name, SPEC_REQUIRED, &text, out);

	free(text);
	return result;
}

/* A rule that names no call would be none. */
static int check_names(const json_t *rule, const char *where, struct failure *out)
{
	if (check_strings(rule, where, "names", out) < 0)
		return -1;
	if (json_array_size(json_object_get(rule, "names")) == 0)
		return spec_wrong(out, where, "names", "must have at least one name");
	return 0;
}

int spec_check_seccomp(const json_t *section, struct failure *out)
{
	static const char where[] = "linux.seccomp";
	static const char *const refused[] = {"listenerPath", "listenerMetadata", NULL};
	json_t *array = NULL, *item;
	int64_t number;

	if (spec_refuse(section, where, refused, out) < 0 ||
		check_string(section, where, "defaultAction", out) < 0 ||
		spec_integer(section, where, "defaultErrnoRet", SPEC_OPTIONAL, 0, 4095, &number,
			NULL, out) < 0 ||
		check_strings(section, where, "architectures", out) < 0 ||
		check_strings(section, where, "flags", out) < 0 ||
		spec_array(section, where, "syscalls", MAXIMUM_RULES, &array, out) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		char path[SPEC_WHERE];

		if (spec_element(array, i, where, "syscalls", path, &item, out) < 0 ||
			check_names(item, path, out) < 0 ||
			check_string(item, path, "action", out) < 0 ||
			spec_integer(item, path, "errnoRet", SPEC_OPTIONAL, 0, 4095, &number, NULL,
				out) < 0 ||
			check_arguments(item, path, out) < 0)
			return -1;
	}
	return 0;
}
