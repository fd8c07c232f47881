/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as JSON text; see docs/native-protocol.md. */
#ifndef LIGHTER_EVENTS_H
#define LIGHTER_EVENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "fail.h"

enum { EVENT_SIZE = 128 };

void event_started(char *ret, size_t size, pid_t pid);
void event_exited(char ret[EVENT_SIZE], int exit_code, int signal, bool oom_killed);

/* The caller frees it; NULL = no memory. */
char *event_failed(const struct failure *why);

#endif
