/* SPDX-License-Identifier: Apache-2.0 */
/* What a command prepared for a start, in a directory of its own: of several commands that want to
 * start one container, the one whose monitor gets the lock has its files in force. */
#ifndef LIGHTER_PREPARED_H
#define LIGHTER_PREPARED_H

#include "fail.h"

/* Moves the files to their places in the container's directory, whose lock is held, and removes
 * the prepared directory. Fails with kind FAILURE_STALE when the container was changed since its
 * record was read: the file `container.json` in the prepared directory is a link to that record. */
int prepared_take(const char *prepared, int directory, struct failure *out);

/* Nobody will take it. */
void prepared_discard(const char *prepared);

#endif
