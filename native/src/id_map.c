/* SPDX-License-Identifier: Apache-2.0 */
#include "id_map.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "scope.h"

#define STEP "id map"

/* The kernel's own limit for one map file. */
#define MAX_EXTENTS 340

/* 4294967295 is "no id" for the kernel: it can be counted over, never be mapped. */
#define ID_LIMIT 4294967295LL

static int bad(struct failure *out, const char *kind, const char *why)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "bad id map: %s: %s", kind, why);
}

static int parse_number(const json_t *value, uint32_t *ret)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || number > ID_LIMIT)
		return -1;
	*ret = (uint32_t)number;
	return 0;
}

static int parse_extent(const json_t *row, struct id_extent *ret)
{
	struct id_extent extent = {0};

	if (!json_is_array(row) || json_array_size(row) != 3 ||
		parse_number(json_array_get(row, 0), &extent.inside) < 0 ||
		parse_number(json_array_get(row, 1), &extent.outside) < 0 ||
		parse_number(json_array_get(row, 2), &extent.count) < 0)
		return -1;
	if (extent.count == 0 || (long long)extent.inside + extent.count > ID_LIMIT ||
		(long long)extent.outside + extent.count > ID_LIMIT)
		return -1;
	*ret = extent;
	return 0;
}

static bool ranges_overlap(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count)
{
	return a < (uint64_t)b + b_count && b < (uint64_t)a + a_count;
}

static bool overlaps_earlier(const struct id_extent *extents, size_t index)
{
	const struct id_extent *own = &extents[index];

	for (size_t i = 0; i < index; i++)
		if (ranges_overlap(own->inside, own->count, extents[i].inside, extents[i].count) ||
			ranges_overlap(
				own->outside, own->count, extents[i].outside, extents[i].count))
			return true;
	return false;
}

static int parse_extents(const json_t *object, const char *key, struct id_extent **ret,
	size_t *ret_count, struct failure *out)
{
	const json_t *rows = json_object_get(object, key);
	size_t count = json_array_size(rows);
	auto_free struct id_extent *extents = NULL;
	bool has_root = false;

	if (!json_is_array(rows) || count == 0 || count > MAX_EXTENTS)
		return bad(out, key, "not a list of 1 to 340 extents");
	extents = calloc(count, sizeof(*extents));
	if (!extents)
		return fail(out, ENOMEM, STEP, "cannot keep the id map");
	for (size_t i = 0; i < count; i++) {
		if (parse_extent(json_array_get(rows, i), &extents[i]) < 0)
			return bad(out, key, "an extent is not [inside, outside, count] in bounds");
		if (overlaps_earlier(extents, i))
			return bad(out, key, "two extents overlap");
		has_root = has_root || extents[i].inside == 0;
	}
	if (!has_root)
		return bad(out, key, "id 0 is not mapped");
	*ret = take(extents);
	*ret_count = count;
	return 0;
}

static int parse_program(const json_t *object, const char *key, char **ret, struct failure *out)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_string(value) || json_string_value(value)[0] != '/')
		return bad(out, key, "not an absolute path");
	*ret = strdup(json_string_value(value));
	return *ret ? 0 : fail(out, ENOMEM, STEP, "cannot keep the id map");
}

int id_map_parse(struct json_t *object, struct id_map *ret, struct failure *out)
{
	struct id_map map = {0};

	if (!json_is_object(object))
		return bad(out, "map", "not an object");
	if (parse_extents(object, "uids", &map.uids, &map.uid_count, out) < 0 ||
		parse_extents(object, "gids", &map.gids, &map.gid_count, out) < 0 ||
		parse_program(object, "newuidmap", &map.newuidmap, out) < 0 ||
		parse_program(object, "newgidmap", &map.newgidmap, out) < 0) {
		id_map_clear(&map);
		return -1;
	}
	if (!map.newuidmap != !map.newgidmap) {
		id_map_clear(&map);
		return bad(out, "newuidmap, newgidmap", "one is given without the other");
	}
	*ret = map;
	return 0;
}

int id_map_parse_text(const char *text, struct id_map *ret, struct failure *out)
{
	json_error_t error;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	int result;

	if (!object)
		return bad(out, "map", error.text);
	result = id_map_parse(object, ret, out);
	json_decref(object);
	return result;
}

void id_map_clear(struct id_map *map)
{
	free(map->uids);
	free(map->gids);
	free(map->newuidmap);
	free(map->newgidmap);
	*map = (struct id_map){0};
}
