/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the document that have a file of their own; only the spec*.c files use this. */
#ifndef LIGHTER_SPEC_PARTS_H
#define LIGHTER_SPEC_PARTS_H

#include <jansson.h>

#include "fail.h"
#include "spec.h"

int spec_parse_linux(const json_t *section, struct spec *spec, struct failure *out);
void spec_free_linux(struct spec *spec);

/* linux.resources → cgroup_settings and device_rules. */
int spec_parse_resources(const json_t *resources, struct spec *spec, struct failure *out);

/* linux.seccomp's shape; its names are checked when it is compiled. */
int spec_check_seccomp(const json_t *section, struct failure *out);

int spec_parse_hooks(const json_t *hooks, struct spec *spec, struct failure *out);
void spec_free_hooks(struct spec *spec);

#endif
