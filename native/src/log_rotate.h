/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a log that are written no more: their names, and their compression. */
#ifndef LIGHTER_LOG_ROTATE_H
#define LIGHTER_LOG_ROTATE_H

#include <stdbool.h>

/* Whoever compresses the last file that was rotated; a pipe says that it is done. */
struct log_compressor {
	int pipe; /* -1 = none */
};

/* PATH becomes PATH.1, that one PATH.2, …, each also with .gz behind it; the oldest goes. With one
 * file only nothing happens: what it holds is to go. -1 with errno where a name stays as it was. */
int log_shift(const char *path, unsigned max_files);

/* Begins to make PATH.1.gz of PATH.1 in a process of its own: the caller has other things to do,
 * and must stay small. Where that fails the file stays as it is. */
void log_compress(struct log_compressor *compressor, const char *path);

/* Whether nothing is being compressed; wait = until then. */
bool log_compressor_idle(struct log_compressor *compressor, bool wait);

#endif
