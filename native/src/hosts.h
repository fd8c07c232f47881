/* SPDX-License-Identifier: Apache-2.0 */
/* A container's own lines in its /etc/hosts. */
#ifndef LIGHTER_HOSTS_H
#define LIGHTER_HOSTS_H

#include "fail.h"
#include "plan.h"

/* Adds "ADDRESS\tNAMES"; nothing where the plan names no file. */
int hosts_add(const struct plan_network *network, const char *address, struct failure *out);

/* Takes that line away. The file stays the same one: it is mounted in the container. */
int hosts_remove(const struct plan_network *network, const char *address, struct failure *out);

#endif
