/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says of volumes and other sources of mounts. */
#include <stdlib.h>

#include <jansson.h>

#include "plan.h"
#include "plan_parts.h"

static int read_volume(json_t *object, void *slot, struct failure *out)
{
	static const char *const known[] = {"volume", "destination", "files", NULL};
	struct plan_volume *volume = slot;

	if (plan_check_members(object, "populate", known, out) < 0 ||
		plan_get_path(object, "volume", REQUIRED, &volume->volume, out) < 0 ||
		plan_get_path(object, "destination", REQUIRED, &volume->destination, out) < 0 ||
		plan_get_path(object, "files", OPTIONAL, &volume->files, out) < 0)
		return -1;
	return 0;
}

static int read_gift(json_t *object, void *slot, struct failure *out)
{
	static const char *const known[] = {"source", "subpath", NULL};
	struct plan_gift *gift = slot;

	if (plan_check_members(object, "give", known, out) < 0 ||
		plan_get_path(object, "source", REQUIRED, &gift->source, out) < 0)
		return -1;
	return plan_get_text(object, "subpath", OPTIONAL, &gift->subpath, out);
}

static int read_file_system(json_t *object, void *slot, struct failure *out)
{
	static const char *const known[] = {"volume", "type", "source", "options", NULL};
	struct plan_file_system *system = slot;

	if (plan_check_members(object, "fileSystems", known, out) < 0 ||
		plan_get_path(object, "volume", REQUIRED, &system->volume, out) < 0 ||
		plan_get_text(object, "type", REQUIRED, &system->type, out) < 0 ||
		plan_get_text(object, "source", REQUIRED, &system->source, out) < 0 ||
		plan_get_list(object, "options", false, &system->options, out) < 0)
		return -1;
	return 0;
}

int plan_read_volumes(json_t *root, struct plan *plan, struct failure *out)
{
	static const struct plan_objects populate = {
		"populate", sizeof(struct plan_volume), read_volume};
	static const struct plan_objects give = {"give", sizeof(struct plan_gift), read_gift};
	static const struct plan_objects file_systems = {
		"fileSystems", sizeof(struct plan_file_system), read_file_system};

	void *items;
	int result;

	result = plan_get_objects(root, &populate, &items, &plan->populate_count, out);
	plan->populate = items;
	if (result < 0)
		return -1;
	result = plan_get_objects(root, &give, &items, &plan->gift_count, out);
	plan->gifts = items;
	if (result < 0)
		return -1;
	result = plan_get_objects(root, &file_systems, &items, &plan->file_system_count, out);
	plan->file_systems = items;
	return result;
}

void plan_clear_volumes(struct plan *plan)
{
	for (size_t i = 0; i < plan->file_system_count; i++) {
		free(plan->file_systems[i].volume);
		free(plan->file_systems[i].type);
		free(plan->file_systems[i].source);
		plan_clear_list(&plan->file_systems[i].options);
	}
	free(plan->file_systems);
	for (size_t i = 0; i < plan->populate_count; i++) {
		free(plan->populate[i].volume);
		free(plan->populate[i].destination);
		free(plan->populate[i].files);
	}
	free(plan->populate);
	for (size_t i = 0; i < plan->gift_count; i++) {
		free(plan->gifts[i].source);
		free(plan->gifts[i].subpath);
	}
	free(plan->gifts);
}
