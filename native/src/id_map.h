/* SPDX-License-Identifier: Apache-2.0 */
/* The id map as TypeScript hands it over: {"uids":[[inside,outside,count],…],"gids":[…],
 * "newuidmap":"/…","newgidmap":"/…"}. */
#ifndef LIGHTER_ID_MAP_H
#define LIGHTER_ID_MAP_H

#include "fail.h"
#include "userns.h"

struct json_t;

/* Parses and checks a map: extents are in bounds, neither side overlaps, root is mapped. */
int id_map_parse(struct json_t *object, struct id_map *ret, struct failure *out);

/* The same from text, as `--id-map` has it. */
int id_map_parse_text(const char *text, struct id_map *ret, struct failure *out);

void id_map_clear(struct id_map *map);

#endif
