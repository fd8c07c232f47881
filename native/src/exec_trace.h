/* SPDX-License-Identifier: Apache-2.0 */
/* What others can know of a running exec: a record beside the place of its request, and the event
 * of its end. */
#ifndef LIGHTER_EXEC_TRACE_H
#define LIGHTER_EXEC_TRACE_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "plan.h"

/* Writes DIR/exec/ID.running with the identity of the process; file is DIR/exec/ID.json. Nothing
 * waits for it: without it the exec is missing from ExecIDs. Of a killed client it stays, and
 * counts as long as the process lives. With keeps_result it says who will note the end. */
void exec_trace_begin(const char *file, pid_t pid, bool keeps_result);

/* Removes it and notes exec_die. Where the result of process `kept` is wanted (0 = it is not), its
 * pid and exit code stay in DIR/exec/ID.ended. */
void exec_trace_end(const struct plan *plan, const char *file, int exit_code, pid_t kept);

/* Takes the size that another program wants the terminal to have, and left in DIR/exec/ID.size
 * before it sent SIGWINCH. -1: there is none. */
int exec_trace_take_size(const char *file, struct winsize *ret);

#endif
