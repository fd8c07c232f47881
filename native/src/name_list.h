/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a directory that are gone through while it changes. */
#ifndef LIGHTER_NAME_LIST_H
#define LIGHTER_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct name_list {
	char **items;
	size_t count, capacity;
	bool failed; /* for want of memory */
};

void name_list_add(struct name_list *list, const char *name);

/* The same for layer_stack_names, whose context the list is. */
void name_list_tell(void *list, const char *name);

/* By their bytes. */
void name_list_sort(struct name_list *list);

void name_list_clear(struct name_list *list);

#define auto_names __attribute__((cleanup(name_list_clear)))

#endif
