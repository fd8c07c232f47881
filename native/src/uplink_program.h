/* SPDX-License-Identifier: Apache-2.0 */
/* The program that is the way out, slirp4netns or pasta. Only the uplink's files use this. */
#ifndef LIGHTER_UPLINK_PROGRAM_H
#define LIGHTER_UPLINK_PROGRAM_H

#include <stdbool.h>

#include "plan.h"

/* The descriptors that its wrapper script is started with, beside 0, 1 and 2. */
enum { UPLINK_FD_NETNS = 3, UPLINK_FD_EXIT = 4, UPLINK_FD_READY = 5 };

/* Becomes the program, once its descriptors are in place. `outside`: the caller has not entered the
 * shared user namespace. What fails is said on standard error. */
void uplink_become(const struct plan *plan, bool outside) __attribute__((noreturn));

/* What the program is called. */
const char *uplink_name(const struct plan *plan);

#endif
