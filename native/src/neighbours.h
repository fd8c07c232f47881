/* SPDX-License-Identifier: Apache-2.0 */
/* How long a namespace believes that a neighbour is there. */
#ifndef LIGHTER_NEIGHBOURS_H
#define LIGHTER_NEIGHBOURS_H

#include "fail.h"

/* A container that goes leaves entries behind in the tables of those that talked to it, which the
 * kernel trusts for up to 45 s and then asks for 8 s: who connects hangs as long. On a bridge of
 * one machine an answer takes no time, so the link asks again soon, and gives up soon. */
int neighbours_doubt(int route, int family, int link, struct failure *out);

#endif
