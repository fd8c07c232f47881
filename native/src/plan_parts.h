/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of plan.json that have a file of their own; the plan*.c files use this, and
 * whoever gets such parts in a frame. */
#ifndef LIGHTER_PLAN_PARTS_H
#define LIGHTER_PLAN_PARTS_H

#include <jansson.h>

#include "plan.h"

enum need { OPTIONAL, REQUIRED };

int plan_bad(struct failure *out, const char *name, const char *expected);
int plan_check_members(
	json_t *object, const char *where, const char *const *known, struct failure *out);
int plan_get_text(
	json_t *object, const char *name, enum need need, char **ret, struct failure *out);
int plan_get_flag(json_t *object, const char *name, bool *ret, struct failure *out);
int plan_get_list(
	json_t *object, const char *name, bool paths, struct string_list *ret, struct failure *out);
void plan_clear_list(struct string_list *list);
int plan_get_path(
	json_t *object, const char *name, enum need need, char **ret, struct failure *out);
int plan_get_choice(json_t *object, const char *name, const char *const *choices, size_t count,
	int *ret, struct failure *out);

/* An optional list of objects, each read into a slot of that size, which is zeroes before. */
struct plan_objects {
	const char *name;
	size_t size;
	int (*read)(json_t *object, void *slot, struct failure *out);
};

/* *ret is the caller's in any case, with *ret_count slots that may hold something. */
int plan_get_objects(json_t *object, const struct plan_objects *wanted, void **ret,
	size_t *ret_count, struct failure *out);

/* populate, give, fileSystems. */
int plan_read_volumes(json_t *root, struct plan *plan, struct failure *out);
void plan_clear_volumes(struct plan *plan);

/* step. */
int plan_read_step(json_t *object, struct plan *plan, struct failure *out);
void plan_clear_step(struct plan *plan);

/* What the monitor does beside keeping the container: event, restart, health, logging. */
int plan_read_monitor(json_t *root, struct plan *plan, struct failure *out);
void plan_clear_monitor(struct plan *plan);

#endif
