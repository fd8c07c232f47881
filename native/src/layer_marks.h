/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer says of those below it. */
#ifndef LIGHTER_LAYER_MARKS_H
#define LIGHTER_LAYER_MARKS_H

#include "layer_place.h"

/* Hides what lower layers have in a directory. */
int layer_mark_opaque(struct layer *layer, int directory, const char *path);

/* Does what an entry asks for whose name begins with WHITEOUT_PREFIX. */
int layer_make_mark(struct layer *layer, const struct place *place);

#endif
