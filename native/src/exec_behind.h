/* SPDX-License-Identifier: Apache-2.0 */
/* An exec's parent stays behind with it and learns its end. */
#ifndef LIGHTER_EXEC_BEHIND_H
#define LIGHTER_EXEC_BEHIND_H

#include "exec_process.h"
#include "plan.h"

/* Forks. In the process that stays returns the descriptor on which it tells the exit code: of a
 * detached process when it runs, of another when it has ended. The caller's own waits for that and
 * returns -1 with the exit code in ret_code, or with the reason why there was no fork. */
int exec_behind_fork(int *ret_code, struct failure *out);

/* Tells the caller's process, which ends with this exit code. */
void exec_behind_tell(int fd, int exit_code);

/* Out of the caller's sight: takes what the process writes to its terminal, waits for its end and
 * notes it. Does not return. */
_Noreturn void exec_behind_wait(const struct plan *plan, const char *file, bool keeps_result,
	const struct exec_process *process);

#endif
