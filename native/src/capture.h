/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded place for the standard error of a program that outlives its start. */
#ifndef LIGHTER_CAPTURE_H
#define LIGHTER_CAPTURE_H

#include <stddef.h>

/* A file in memory that takes one page and refuses more: unlike a pipe it never blocks or kills the
 * writer, unlike a log it never grows. Close-on-exec. Returns the descriptor or -1 with errno. */
int capture_open(void);

/* What was written so far, on one line, cut to size. Never fails: the text may be empty. */
void capture_text(int fd, char *text, size_t size);

#endif
