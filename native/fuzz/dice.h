/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that a seed repeats on every machine. */
#ifndef LIGHTER_FUZZ_DICE_H
#define LIGHTER_FUZZ_DICE_H

#include <stdbool.h>
#include <stdint.h>

#include "scope.h"

struct dice {
	uint64_t state;
};

/* Dice of their own for each input of a run: inputs can be made in any order. */
static inline struct dice dice_for(uint64_t seed, uint64_t index)
{
	return (struct dice){.state = seed * 0x9e3779b97f4a7c15ULL ^ index * 0xd1342543de82ef95ULL};
}

/* splitmix64. */
static inline uint64_t dice_roll(struct dice *dice)
{
	uint64_t value = dice->state += 0x9e3779b97f4a7c15ULL;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

/* 0 for nothing to choose from. */
static inline unsigned dice_below(struct dice *dice, size_t below)
{
	return below == 0 ? 0 : (unsigned)(dice_roll(dice) % below);
}

static inline bool dice_one_in(struct dice *dice, unsigned count)
{
	return dice_below(dice, count) == 0;
}

#define dice_pick(dice, array) ((array)[dice_below(dice, array_size(array))])

#endif
