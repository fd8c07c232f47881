/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel settings of the container's own namespaces. */
#ifndef LIGHTER_SYSCTL_H
#define LIGHTER_SYSCTL_H

#include <jansson.h>

#include "fail.h"
#include "spec.h"

/* Writes linux.sysctl. proc is a descriptor of the root of a procfs; the caller is already in the
 * container's namespaces. A setting that does not belong to one of the spec's namespaces is
 * refused: it would be the host's. */
int sysctl_apply(int proc, const struct spec *spec, struct failure *out);

/* Writes { name: value } below /proc/sys/net; only from within netns_run(). */
int sysctl_apply_network(const json_t *settings, struct failure *out);

#endif
