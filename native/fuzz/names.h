/* SPDX-License-Identifier: Apache-2.0 */
/* Names that archives should not have, and those that meet each other. */
#ifndef LIGHTER_FUZZ_NAMES_H
#define LIGHTER_FUZZ_NAMES_H

#include "bytes.h"
#include "dice.h"

/* The name of a member: mostly of a small alphabet, so that members get into each other's way. */
void draw_name(struct dice *dice, struct bytes *ret);

/* What a link points to: places of the world outside, and of the layer. */
void draw_target(struct dice *dice, struct bytes *ret);

/* One component that is a mark of the layer format, or looks like one. */
void draw_mark(struct dice *dice, struct bytes *ret);

/* Short names, of files that may be there. */
void draw_short(struct dice *dice, struct bytes *ret);

#endif
