/* SPDX-License-Identifier: Apache-2.0 */
/* Capability names and the five sets of a process. */
#ifndef LIGHTER_CAPS_H
#define LIGHTER_CAPS_H

#include "fail.h"
#include "spec.h"

/* "CAP_CHOWN" (any case, prefix optional) → 0. Returns -1 for a name this program does not know. */
int caps_parse(const char *name, int *ret_number);

/* Drops from the bounding set what the spec does not list. Needs CAP_SETPCAP, so it comes before
 * the change of user. Does nothing when the spec has no capabilities member. */
int caps_drop_bounding(const struct spec_capabilities *capabilities, struct failure *out);

/* Makes every permitted capability effective again: a change of user with PR_SET_KEEPCAPS keeps the
 * permitted ones only (capabilities(7)). */
int caps_raise(struct failure *out);

/* Sets permitted, effective, inheritable and ambient; comes after setresuid under PR_SET_KEEPCAPS.
 * Capabilities that the kernel does not have, or that the caller does not hold, are left out, as
 * runc and crun do. Without a capabilities member all sets are left as they are. */
int caps_apply(const struct spec_capabilities *capabilities, struct failure *out);

#endif
