/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of the runtime spec to libseccomp's. */
#ifndef LIGHTER_SECCOMP_COMPILE_H
#define LIGHTER_SECCOMP_COMPILE_H

#include <jansson.h>
#include <seccomp.h>

#include "fail.h"

/* Builds libseccomp's filter; *ret_flags are SECCOMP_FILTER_FLAG_…. */
int seccomp_translate(
	const json_t *section, scmp_filter_ctx *ret, unsigned *ret_flags, struct failure *out);

#endif
