/* SPDX-License-Identifier: Apache-2.0 */
/* Digests in the notation of the image specification. */
#ifndef LIGHTER_DIGEST_H
#define LIGHTER_DIGEST_H

#include <stddef.h>

#include <nettle/sha2.h>

/* "sha256:" and 64 hex digits. */
#define DIGEST_TEXT_SIZE (7 + 2 * SHA256_DIGEST_SIZE + 1)

struct digest {
	struct sha256_ctx context;
};

void digest_init(struct digest *digest);
void digest_update(struct digest *digest, const void *bytes, size_t length);

/* Writes the digest of everything so far; the context starts anew. */
void digest_finish(struct digest *digest, char ret[DIGEST_TEXT_SIZE]);

#endif
