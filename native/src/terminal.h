/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's terminal: raw mode that never outlives the process, its size, and the keys that
 * detach. */
#ifndef LIGHTER_TERMINAL_H
#define LIGHTER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "fail.h"

/* Makes the terminal raw. It is restored by terminal_restore, at exit, and by a handler for every
 * fatal signal that still has its default action. One terminal at a time. */
int terminal_raw(int fd, struct failure *out);

/* Restores the terminal; safe to call twice, without terminal_raw, and from a signal handler. */
void terminal_restore(void);

/* The size of a terminal; -1 when fd is none or its size is not known. */
int terminal_size(int fd, struct winsize *ret);

enum { DETACH_KEYS_MAX = 16 };

struct detach_keys {
	unsigned char keys[DETACH_KEYS_MAX];
	size_t count;	/* 0: nothing detaches */
	size_t matched; /* keys of the sequence seen so far and held back */
};

/* Docker's default when text is NULL ("ctrl-p,ctrl-q"); "" = none. Each key is one character or
 * ctrl- with one of a-z @ [ \ ] ^ _. */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct failure *out);

/* Copies input to output (room for length + DETACH_KEYS_MAX) without what may be the sequence.
 * Returns true once the sequence is complete; what follows it is dropped. */
bool detach_keys_filter(struct detach_keys *keys, const unsigned char *input, size_t length,
	unsigned char *output, size_t *ret_length);

#endif
