/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIGHTER_UTF8_H
#define LIGHTER_UTF8_H

#include <stddef.h>

/* Length of the UTF-8 character at bytes, 0 = invalid, -1 = cut off by the end. */
int utf8_length(const unsigned char *bytes, size_t left);

#endif
