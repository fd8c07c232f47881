/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says of a step of a build. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "plan.h"
#include "plan_parts.h"

static int get_number(
	json_t *object, const char *name, json_int_t highest, unsigned *ret, struct failure *out)
{
	json_t *value = json_object_get(object, name);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		json_integer_value(value) > highest)
		return plan_bad(out, name, "is no such number");
	*ret = (unsigned)json_integer_value(value);
	return 0;
}

/* Who may do what with it. */
static int read_access(json_t *object, struct step_source *source, struct failure *out)
{
	if (get_number(object, "uid", UINT32_MAX - 1, &source->uid, out) < 0 ||
		get_number(object, "gid", UINT32_MAX - 1, &source->gid, out) < 0 ||
		get_number(object, "mode", 07777, &source->mode, out) < 0)
		return -1;
	return 0;
}

static int read_cache(json_t *object, struct step_source *source, struct failure *out)
{
	static const char *const sharings[] = {"shared", "private", "locked"};
	int sharing = 0;

	if (plan_get_path(object, "directory", REQUIRED, &source->directory, out) < 0 ||
		plan_get_choice(object, "sharing", sharings, 3, &sharing, out) < 0 ||
		plan_get_path(object, "fill", OPTIONAL, &source->fill, out) < 0 ||
		plan_get_text(object, "fillSubpath", OPTIONAL, &source->fill_subpath, out) < 0)
		return -1;
	source->sharing = (enum step_sharing)sharing;
	return 0;
}

static int read_tree(json_t *object, struct step_source *source, struct failure *out)
{
	bool writable = false;

	if (plan_read_rootfs(json_object_get(object, "tree"), &source->tree, out) < 0 ||
		plan_get_flag(object, "writable", &writable, out) < 0)
		return -1;
	source->tree.read_only = !writable;
	source->tree.fresh = true;
	source->tree.throwaway = true;
	return source->tree.driver == ROOTFS_COPY
		       ? plan_bad(out, "tree.driver", "must be one of overlays")
		       : 0;
}

static int read_source(json_t *object, void *slot, struct failure *out)
{
	static const char *const known[] = {"kind", "place", "tree", "writable", "directory",
		"sharing", "fill", "fillSubpath", "variable", "uid", "gid", "mode", NULL};
	static const char *const kinds[] = {"tree", "cache", "secret", "socket"};
	struct step_source *source = slot;
	int kind = 0;

	if (plan_check_members(object, "step.sources", known, out) < 0 ||
		plan_get_choice(object, "kind", kinds, 4, &kind, out) < 0)
		return -1;
	source->kind = (enum step_source_kind)kind;
	if (plan_get_path(object, "place", source->kind == STEP_SECRET ? OPTIONAL : REQUIRED,
		    &source->place, out) < 0 ||
		plan_get_text(object, "variable", OPTIONAL, &source->variable, out) < 0 ||
		read_access(object, source, out) < 0)
		return -1;
	if (source->kind == STEP_TREE)
		return read_tree(object, source, out);
	return source->kind == STEP_CACHE ? read_cache(object, source, out) : 0;
}

int plan_read_step(json_t *object, struct plan *plan, struct failure *out)
{
	static const char *const known[] = {"stubs", "targets", "sources", NULL};
	static const struct plan_objects sources = {
		"sources", sizeof(struct step_source), read_source};
	void *items;
	int result;

	if (!object)
		return 0;
	if (plan_check_members(object, "step", known, out) < 0)
		return -1;
	plan->step = calloc(1, sizeof(*plan->step));
	if (!plan->step)
		return fail(out, ENOMEM, "plan", "cannot read the plan");
	if (plan_get_path(object, "stubs", REQUIRED, &plan->step->stubs, out) < 0 ||
		plan_get_list(object, "targets", true, &plan->step->targets, out) < 0)
		return -1;
	result = plan_get_objects(object, &sources, &items, &plan->step->source_count, out);
	plan->step->sources = items;
	return result;
}

static void clear_source(struct step_source *source)
{
	plan_clear_rootfs(&source->tree);
	free(source->place);
	free(source->directory);
	free(source->fill);
	free(source->fill_subpath);
	free(source->variable);
	if (source->bytes)
		explicit_bzero(source->bytes, source->size);
	free(source->bytes);
}

void plan_clear_step(struct plan *plan)
{
	struct plan_step *step = plan->step;

	if (!step)
		return;
	for (size_t i = 0; i < step->source_count; i++)
		clear_source(&step->sources[i]);
	free(step->sources);
	free(step->stubs);
	plan_clear_list(&step->targets);
	free(step);
}
