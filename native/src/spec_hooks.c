/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "scope.h"
#include "spec_json.h"
#include "spec_parts.h"

enum { MAXIMUM_HOOKS = 1024, MAXIMUM_TIMEOUT = 24 * 3600 };

static const char *const stage_names[HOOK_STAGE_COUNT] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

static int parse_hook(
	const json_t *item, const char *where, struct spec_hook *hook, struct failure *out)
{
	int64_t timeout = 0;
	bool present = false;

	if (spec_string(item, where, "path", SPEC_REQUIRED, &hook->path, out) < 0 ||
		spec_strings(item, where, "args", &hook->args, out) < 0 ||
		spec_strings(item, where, "env", &hook->env, out) < 0 ||
		spec_integer(item, where, "timeout", SPEC_OPTIONAL, 1, MAXIMUM_TIMEOUT, &timeout,
			&present, out) < 0)
		return -1;
	if (hook->path[0] != '/')
		return spec_wrong(out, where, "path", "must be an absolute path");
	hook->timeout = (int)timeout;
	return 0;
}

int spec_parse_hooks(const json_t *hooks, struct spec *spec, struct failure *out)
{
	for (size_t stage = 0; stage < HOOK_STAGE_COUNT; stage++) {
		struct spec_hooks *list = &spec->hooks[stage];
		json_t *array = NULL, *item;

		if (spec_array(hooks, "hooks", stage_names[stage], MAXIMUM_HOOKS, &array, out) <
				0 ||
			spec_allocate(&list->items, json_array_size(array), sizeof(*list->items),
				out) < 0)
			return -1;
		list->count = json_array_size(array);
		for (size_t i = 0; i < list->count; i++) {
			char where[SPEC_WHERE];

			if (spec_element(array, i, "hooks", stage_names[stage], where, &item, out) <
					0 ||
				parse_hook(item, where, &list->items[i], out) < 0)
				return -1;
		}
	}
	return 0;
}

void spec_free_hooks(struct spec *spec)
{
	for (size_t stage = 0; stage < HOOK_STAGE_COUNT; stage++) {
		struct spec_hooks *list = &spec->hooks[stage];

		for (size_t i = 0; i < list->count; i++) {
			free(list->items[i].path);
			spec_list_clear(&list->items[i].args);
			spec_list_clear(&list->items[i].env);
		}
		free(list->items);
	}
}
