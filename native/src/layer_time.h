/* SPDX-License-Identifier: Apache-2.0 */
/* The times of a layer's directories: layer_entry_finish sets what was remembered. */
#ifndef LIGHTER_LAYER_TIME_H
#define LIGHTER_LAYER_TIME_H

#include "layer_place.h"

int layer_remember_time(struct layer *layer, struct archive_entry *entry, const char *path);

#endif
