/* SPDX-License-Identifier: Apache-2.0 */
/* The signals that a session takes. */
#ifndef LIGHTER_SESSION_SIGNALS_H
#define LIGHTER_SESSION_SIGNALS_H

#include <stdbool.h>

#include "fail.h"

/* Blocks SIGWINCH and, with proxy, what the container is to get in place of this process. Returns a
 * descriptor that they are read from, or -1. */
int session_signals(bool proxy, struct failure *out);

#endif
