/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include "names.h"
#include "numbers.h"

#include <string.h>

static void flip(struct dice *dice, struct bytes *bytes)
{
	for (unsigned count = 1 + dice_below(dice, 8); count > 0 && bytes->size > 0; count--) {
		uint8_t *at = &bytes->at[dice_below(dice, bytes->size)];

		*at = dice_one_in(dice, 2) ? (uint8_t)(*at ^ 1U << dice_below(dice, 8))
					   : (uint8_t)dice_roll(dice);
	}
}

/* The end, or a piece in the middle, is missing. */
static void cut(struct dice *dice, struct bytes *bytes)
{
	size_t start = dice_below(dice, bytes->size), left = bytes->size - start;

	bytes_replace(
		bytes, start, dice_one_in(dice, 2) ? left : dice_below(dice, left + 1), NULL, 0);
}

/* A piece once more, somewhere else. */
static void splice(struct dice *dice, struct bytes *bytes)
{
	struct bytes piece = {0};
	size_t start = dice_below(dice, bytes->size), left = bytes->size - start;
	size_t size = 1 + dice_below(dice, left < 4096 ? left : 4096);

	if (left == 0)
		return;
	bytes_add(&piece, bytes->at + start, size);
	bytes_replace(bytes, dice_below(dice, bytes->size), 0, piece.at, piece.size);
	bytes_free(&piece);
}

static void swap_blocks(struct dice *dice, struct bytes *bytes)
{
	size_t count = bytes->size / BLOCK;
	uint8_t *one, *other, kept[BLOCK];

	if (count < 2)
		return;
	one = bytes->at + (size_t)dice_below(dice, count) * BLOCK;
	other = bytes->at + (size_t)dice_below(dice, count) * BLOCK;
	memcpy(kept, one, BLOCK);
	memmove(one, other, BLOCK);
	memcpy(other, kept, BLOCK);
}

static void insert(struct dice *dice, struct bytes *bytes)
{
	uint8_t block[BLOCK];

	memset(block, dice_one_in(dice, 2) ? 0 : 0xff, sizeof(block));
	bytes_replace(bytes, dice_below(dice, bytes->size + 1), 0, block,
		dice_one_in(dice, 2) ? BLOCK : 1 + dice_below(dice, 16));
}

void mutate_bytes(struct dice *dice, struct bytes *bytes)
{
	static void (*const ways[])(struct dice *, struct bytes *) = {
		flip, flip, flip, cut, splice, swap_blocks, insert};

	for (unsigned count = 1 + dice_below(dice, 3); count > 0; count--)
		dice_pick(dice, ways)(dice, bytes);
}

/* Header fields of a real member get what a hostile one would have. */
static void change_field(struct dice *dice, struct member *member)
{
	static const enum field_name numeric[] = {
		FIELD_MODE, FIELD_UID, FIELD_GID, FIELD_SIZE, FIELD_TIME, FIELD_MAJOR, FIELD_MINOR};
	static const char types[] = "0123456789LKxgSDVMA\x80";
	char type[2] = {types[dice_below(dice, sizeof(types))], '\0'};
	struct bytes text = {0};

	switch (dice_below(dice, 6)) {
	case 0:
		draw_name(dice, &text);
		bytes_add(&text, "", 1);
		member_set_text(member, dice_one_in(dice, 4) ? FIELD_PREFIX : FIELD_NAME,
			(const char *)text.at);
		break;
	case 1:
		draw_target(dice, &text);
		bytes_add(&text, "", 1);
		member_set_text(member, FIELD_LINK, (const char *)text.at);
		break;
	case 2:
		member_set_text(member, FIELD_TYPE, type);
		break;
	case 3:
		member->bytes.at[member->header + dice_below(dice, BLOCK)] =
			(uint8_t)dice_roll(dice);
		break;
	default:
		draw_field(dice, member, dice_pick(dice, numeric));
	}
	bytes_free(&text);
	if (!dice_one_in(dice, 12))
		member_seal(member);
}

static void add_records(struct dice *dice, struct member *member)
{
	struct bytes drawn = {0};

	draw_records(dice, &drawn);
	member_add_pax(member, dice_one_in(dice, 8) ? 'g' : 'x', &drawn);
	bytes_free(&drawn);
}

void mutate_members(struct dice *dice, struct members *members)
{
	for (unsigned count = dice_below(dice, 5); count > 0 && members->count > 1; count--) {
		size_t one = dice_below(dice, members->count);
		size_t other = dice_below(dice, members->count);
		struct member copy = {0};

		switch (dice_below(dice, 8)) {
		case 0:
			/* The array may move while its member is copied. */
			copy = members->list[one];
			members_copy(members, &copy);
			break;
		case 1:
			members_remove(members, one);
			break;
		case 2:
			members_swap(members, one, other);
			break;
		case 3:
			/* A directory is a file, a link's target a directory. */
			member_borrow(&members->list[one],
				dice_one_in(dice, 4) ? FIELD_LINK : FIELD_NAME,
				&members->list[other]);
			member_seal(&members->list[one]);
			break;
		case 4:
			add_records(dice, &members->list[one]);
			break;
		default:
			change_field(dice, &members->list[one]);
		}
	}
}
