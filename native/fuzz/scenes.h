/* SPDX-License-Identifier: Apache-2.0 */
/* Members that belong together: each scene is an attack, or a habit of odd writers. */
#ifndef LIGHTER_FUZZ_SCENES_H
#define LIGHTER_FUZZ_SCENES_H

#include "member.h"

/* Appends the members of one scene. */
void draw_scene(struct dice *dice, struct members *members);

/* A sparse file, in one of four notations, whose map may lie. */
void draw_sparse(struct dice *dice, struct members *members);

#endif
