/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that the port forwarder is left with. */
#ifndef LIGHTER_PORTS_FILTER_H
#define LIGHTER_PORTS_FILTER_H

#include "fail.h"

/* Needs no_new_privs. Without seccomp in the kernel there is no filter. */
int ports_filter_install(struct failure *out);

#endif
