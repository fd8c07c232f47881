/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs: hostile archives, real layers with something wrong in them, and streams that lie. */
#ifndef LIGHTER_FUZZ_INPUT_H
#define LIGHTER_FUZZ_INPUT_H

#include "member.h"

/* Real layers, cut into members. */
struct corpus {
	struct members layers[4];
	size_t count;
};

struct input {
	struct bytes stream; /* as a registry would send it */
	struct bytes plain;  /* what is in it, when that is known: then the diffID is known too */
	bool is_known;
	struct dice pieces; /* how large the pieces are in which it arrives; 0: it comes at once */
};

/* Reads gzipped archives; ends the program when one is not there. */
void corpus_load(struct corpus *ret, const char *directory);
void corpus_free(struct corpus *corpus);

/* Input number `index` of a seed: the same on every machine. */
void input_make(const struct corpus *corpus, uint64_t seed, uint64_t index, struct input *ret);

/* An input from a file. */
void input_load(const char *path, struct input *ret);
void input_free(struct input *input);

/* Changes bytes anywhere: flips, cuts, splices and swapped blocks. */
void mutate_bytes(struct dice *dice, struct bytes *bytes);

/* Changes members: their fields, order and number. */
void mutate_members(struct dice *dice, struct members *members);

/* Compresses, or not. Sets is_known to whether a good reader finds exactly the plain bytes. */
void wrap_stream(struct dice *dice, struct input *input);

#endif
