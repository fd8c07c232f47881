/* SPDX-License-Identifier: Apache-2.0 */
/* Which process serves: noted in the file that is locked while a server is started. */
#ifndef LIGHTER_HELPER_RECORD_H
#define LIGHTER_HELPER_RECORD_H

/* Notes the calling process. */
void helper_record_note(int lock);

/* Ends the process noted there, if that very one still lives, and waits for its end. Returns 0, or
 * -1 with errno. */
int helper_record_end(int lock);

#endif
