/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that make entries of layers. */
#ifndef LIGHTER_LAYER_PLACE_H
#define LIGHTER_LAYER_PLACE_H

#include "layer_entry.h"

/* One entry on its way: where it goes, and with which owner. */
struct place {
	const char *path; /* clean, for messages and for the times */
	const char *name; /* its last component */
	int parent;
};

/* The layer's failure for a call that failed, and for what the archive asks. Both return -1. */
int layer_cannot(const struct layer *layer, int error, const char *verb, const char *path);
int layer_refuse(const struct layer *layer, const char *path, const char *why);

#endif
