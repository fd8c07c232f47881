/* SPDX-License-Identifier: Apache-2.0 */
/* What chmod(1) takes: octal digits, or changes such as u=rwX,go=rX. */
#ifndef LIGHTER_MODE_CHANGE_H
#define LIGHTER_MODE_CHANGE_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether a text is a mode. */
bool mode_change_is_valid(const char *text);

/* The permission bits that a valid text makes of those of `mode`, which has the type too. The umask
 * plays no part. */
mode_t mode_change_apply(const char *text, mode_t mode);

#endif
