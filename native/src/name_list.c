/* SPDX-License-Identifier: Apache-2.0 */
#include "name_list.h"

#include <stdlib.h>
#include <string.h>

void name_list_add(struct name_list *list, const char *name)
{
	char *copy = strdup(name);

	if (copy && list->count == list->capacity) {
		size_t capacity = list->capacity * 2 + 64;
		char **grown = reallocarray(list->items, capacity, sizeof(*grown));

		if (grown) {
			list->items = grown;
			list->capacity = capacity;
		}
	}
	if (!copy || list->count == list->capacity) {
		free(copy);
		list->failed = true;
		return;
	}
	list->items[list->count++] = copy;
}

void name_list_tell(void *list, const char *name)
{
	name_list_add(list, name);
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

void name_list_sort(struct name_list *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), compare);
}

void name_list_clear(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct name_list){0};
}
