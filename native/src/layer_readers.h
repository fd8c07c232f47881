/* SPDX-License-Identifier: Apache-2.0 */
/* Who reads the trees of layers for a while without running on them: an export, a copy, a commit of
 * a container that does not run. A shared flock on the directory of all layers ends with the
 * reader. */
#ifndef LIGHTER_LAYER_READERS_H
#define LIGHTER_LAYER_READERS_H

#include "spec.h"

/* To be called before the trees are looked up; lasts as long as this process. A file system that
 * has no locks keeps nobody from reading. */
void layer_readers_join(const struct string_list *trees);

/* `layer readers DIR`: one report line says whether anybody reads layers of this directory. */
int layer_readers_verb(int argc, char **argv);

#endif
