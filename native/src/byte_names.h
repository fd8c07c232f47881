/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIGHTER_BYTE_NAMES_H
#define LIGHTER_BYTE_NAMES_H

/* Arguments and requests are UTF-8, names of files need not be: a byte may stand there as U+10FFFF
 * and two hexadecimal digits. Puts the bytes in, in place; a zero byte stays as it stands there.
 * Returns the text. (lib/fs/byte-names.ts) */
char *byte_names_decode(char *text);

#endif
