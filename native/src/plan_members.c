/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a plan's objects, checked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "plan_parts.h"

enum { LIST_MAX = 4096 };

int plan_bad(struct failure *out, const char *name, const char *expected)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, "plan", "plan.json: %s %s", name, expected);
}

/* A member that the program does not know would be ignored silently: refuse it. */
int plan_check_members(
	json_t *object, const char *where, const char *const *known, struct failure *out)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return plan_bad(out, where, "must be an object");
	json_object_foreach(object, key, value)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "plan",
				"plan.json: unknown member \"%s\" in %s", key, where);
	}
	return 0;
}

int plan_get_text(json_t *object, const char *name, enum need need, char **ret, struct failure *out)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return need == REQUIRED ? plan_bad(out, name, "is missing") : 0;
	/* A zero byte cannot be in it: json_string_length would differ from strlen. */
	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
		return plan_bad(out, name, "must be a string");
	free(*ret);
	*ret = strdup(json_string_value(value));
	return *ret ? 0 : fail(out, ENOMEM, "plan", "cannot read the plan");
}

int plan_get_path(json_t *object, const char *name, enum need need, char **ret, struct failure *out)
{
	if (plan_get_text(object, name, need, ret, out) < 0)
		return -1;
	if (*ret && (*ret)[0] != '/')
		return plan_bad(out, name, "must be an absolute path");
	return 0;
}

int plan_get_flag(json_t *object, const char *name, bool *ret, struct failure *out)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_boolean(value))
		return plan_bad(out, name, "must be true or false");
	*ret = json_is_true(value);
	return 0;
}

int plan_get_list(
	json_t *object, const char *name, bool paths, struct string_list *ret, struct failure *out)
{
	json_t *value = json_object_get(object, name);
	size_t count = json_array_size(value);

	if (!value)
		return 0;
	if (!json_is_array(value) || count > LIST_MAX)
		return plan_bad(out, name, "must be a list of strings");
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		return fail(out, ENOMEM, "plan", "cannot read the plan");
	for (; ret->count < count; ret->count++) {
		const char *item = json_string_value(json_array_get(value, ret->count));

		if (!item || (paths && item[0] != '/'))
			return plan_bad(out, name,
				paths ? "must be a list of absolute paths"
				      : "must be a list of strings");
		ret->items[ret->count] = strdup(item);
		if (!ret->items[ret->count])
			return fail(out, ENOMEM, "plan", "cannot read the plan");
	}
	return 0;
}

int plan_get_choice(json_t *object, const char *name, const char *const *choices, size_t count,
	int *ret, struct failure *out)
{
	const char *text = json_string_value(json_object_get(object, name));

	for (size_t i = 0; text && i < count; i++) {
		if (strcmp(text, choices[i]) == 0) {
			*ret = (int)i;
			return 0;
		}
	}
	return plan_bad(out, name, "is not one of the known values");
}

int plan_get_objects(json_t *object, const struct plan_objects *wanted, void **ret,
	size_t *ret_count, struct failure *out)
{
	json_t *list = json_object_get(object, wanted->name);
	size_t count = json_array_size(list);
	char *items;

	*ret = NULL;
	if (!list)
		return 0;
	if (!json_is_array(list) || count > LIST_MAX)
		return plan_bad(out, wanted->name, "must be a list of objects");
	items = calloc(count + 1, wanted->size);
	*ret = items;
	if (!items)
		return fail(out, ENOMEM, "plan", "cannot read the plan");
	for (size_t i = 0; i < count; i++) {
		/* Counted first: what was read of a broken one is freed too. */
		(*ret_count)++;
		if (wanted->read(json_array_get(list, i), items + i * wanted->size, out) < 0)
			return -1;
	}
	return 0;
}

void plan_clear_list(struct string_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}
