/* SPDX-License-Identifier: Apache-2.0 */
/* A monitor waits most of its life: it keeps little memory. */
#ifndef LIGHTER_MONITOR_MEMORY_H
#define LIGHTER_MONITOR_MEMORY_H

/* Gives back what only the work just done needed. */
void monitor_shrink(void);

#endif
