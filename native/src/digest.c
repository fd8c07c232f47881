/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <stdint.h>
#include <string.h>

void digest_init(struct digest *digest)
{
	sha256_init(&digest->context);
}

void digest_update(struct digest *digest, const void *bytes, size_t length)
{
	sha256_update(&digest->context, length, bytes);
}

void digest_finish(struct digest *digest, char ret[DIGEST_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[SHA256_DIGEST_SIZE];
	char *end;

	sha256_digest(&digest->context, sizeof(raw), raw);
	memcpy(ret, "sha256:", 7);
	end = ret + 7;
	for (size_t i = 0; i < sizeof(raw); i++) {
		*end++ = digits[raw[i] >> 4];
		*end++ = digits[raw[i] & 15];
	}
	*end = '\0';
}
