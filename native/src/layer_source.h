/* SPDX-License-Identifier: Apache-2.0 */
/* The uncompressed stream of a layer: what the archive reader reads and the diffID is made of. */
#ifndef LIGHTER_LAYER_SOURCE_H
#define LIGHTER_LAYER_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "digest.h"
#include "fail.h"

struct layer_source;

/* Reads from fd, which stays the caller's. The compression (gzip, zstd or none) is found by the
 * first bytes; without any the failure has the error ENODATA. has_digest: for who asks for it in
 * the end, it takes a third of the time. */
int layer_source_open(int fd, bool has_digest, struct layer_source **ret, struct failure *out);

/* The next piece of the stream, valid until the next call. Returns its length, 0 at the end, -1
 * with *out filled. A compressed stream that is cut off, damaged or followed by other bytes is a
 * failure. */
ssize_t layer_source_read(struct layer_source *source, const void **ret, struct failure *out);

/* Reads a stream with a digest to its end and writes that. */
int layer_source_finish(
	struct layer_source *source, char ret_diff_id[DIGEST_TEXT_SIZE], struct failure *out);

/* Whether a stream expands as only one does that was made to fill disks: layers of real files stay
 * far below. */
bool layer_source_is_bomb(unsigned long long compressed, unsigned long long expanded);

void layer_source_close(struct layer_source *source);

#endif
