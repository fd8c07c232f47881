/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules as a BPF program on a cgroup: the way of cgroup v2. */
#ifndef LIGHTER_CGROUP_DEVICES_H
#define LIGHTER_CGROUP_DEVICES_H

#include <stdbool.h>

#include "fail.h"
#include "spec.h"

/* Attaches the spec's rules, with the devices every container has. The last rule that fits decides,
 * as in v1; what no rule fits is denied. Where the kernel permits no BPF and a user namespace keeps
 * device nodes from being made, the rules are left out, as runc and crun do. */
int cgroup_attach_devices(int cgroup_fd, const struct spec *spec, struct failure *out);

/* Whether the container needs device rules at all. */
bool cgroup_devices_needed(const struct spec *spec);

#endif
