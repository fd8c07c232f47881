/* SPDX-License-Identifier: Apache-2.0 */
/* Where a container's ids are not those of the shared user namespace (`--userns keep-id`, `nomap`),
 * what the monitor makes for it must belong to the container's own root. */
#ifndef LIGHTER_OWNERS_H
#define LIGHTER_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "spec.h"

/* The id that a user of the container has out here; the same where the map does not name it. */
uint32_t owners_outer(const struct spec_id_mapping *mappings, size_t count, uint32_t id);

/* Whether its root is another than out here. */
bool owners_differ(const struct spec *spec);

/* From now on new files belong to the container's root; all capabilities stay. */
int owners_become(const struct spec *spec, struct failure *out);

/* Undoes that. */
int owners_restore(const struct spec *spec, struct failure *out);

/* Gives the regular files below DIRECTORY that the spec mounts (hosts, resolv.conf, …) to the
 * container's root. */
int owners_give_files(const struct spec *spec, const char *directory, struct failure *out);

/* An empty volume (VOLUME/_data) that belongs to an id that the container does not have becomes its
 * root's. */
int owners_give_volume(const struct spec *spec, const char *volume, struct failure *out);

#endif
