/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of an unpacked tree, and the exchange of a damaged one. */
#ifndef LIGHTER_LAYER_DIGEST_H
#define LIGHTER_LAYER_DIGEST_H

#include "digest.h"

/* The digest of all that matters in a tree: names, types, modes, owners, times of change of files,
 * sizes, bytes, extended attributes, targets of links, device numbers, and which names are of one
 * file. What was unpacked twice from one archive has one digest: so times of directories and
 * whiteouts, of access and of inodes are no part of it, nor are sizes of directories and the order
 * in which they are read. Closes fd. Returns 0, or the errno of what could not be read. */
int layer_digest_tree(int fd, char ret[DIGEST_TEXT_SIZE]);

/* `layer digest --id-map JSON -- DIR…`: one report line for each. */
int layer_digest_verb(int argc, char **argv);

/* `layer exchange ONE OTHER`: each gets the other's name, in one step where the file system can. */
int layer_exchange_verb(int argc, char **argv);

#endif
