/* SPDX-License-Identifier: Apache-2.0 */
/* What a monitor's command line says. */
#ifndef LIGHTER_MONITOR_NAME_H
#define LIGHTER_MONITOR_NAME_H

#include <stdio.h>

enum { MONITOR_NAME_SIZE = 32 };

/* id: the container's, in full. */
static inline void monitor_name(const char *id, char ret[MONITOR_NAME_SIZE])
{
	snprintf(ret, MONITOR_NAME_SIZE, "lighter-monitor %.12s", id);
}

#endif
