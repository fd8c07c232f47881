/* SPDX-License-Identifier: Apache-2.0 */
/* What a server that reads strangers' packets gives up once it runs. */
#ifndef LIGHTER_HARDEN_H
#define LIGHTER_HARDEN_H

#include <stddef.h>
#include <stdint.h>

#include "fail.h"

/* No new privileges, no capabilities but `capabilities` (bits), no core dump or debugger, as many
 * descriptors as are allowed; and of system calls only those that every event loop needs (memory,
 * epoll, clocks, messages over sockets that exist) and `calls` (SCMP_SYS numbers). The others fail
 * with EPERM. `socket` is for the internet families, `ioctl` for an interface's number, no memory
 * becomes executable. Builds with sanitizers go without the filter. */
int harden(uint64_t capabilities, const int *calls, size_t count, struct failure *out);

#endif
