/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "numbers.h"
#include "scenes.h"

/* Pieces of a sparse file. */
struct map {
	struct {
		int64_t offset, size;
	} pieces[24];
	unsigned count;
	size_t data;	/* bytes that there are for them */
	int64_t length; /* that the whole file claims to have */
};

/* Good at first; then some of it may lie. */
static struct map draw_map(struct dice *dice)
{
	struct map map = {.count = dice_below(dice, array_size(map.pieces))};
	int64_t offset = 0;

	for (unsigned i = 0; i < map.count; i++) {
		offset += dice_below(dice, 3) * 4096;
		map.pieces[i].offset = offset;
		map.pieces[i].size = dice_below(dice, 3) * BLOCK;
		offset += map.pieces[i].size;
		map.data += (size_t)map.pieces[i].size;
	}
	map.length = offset + dice_below(dice, 2) * 100000;
	if (dice_one_in(dice, 2))
		return map;
	for (unsigned lies = 1 + dice_below(dice, 3); lies > 0; lies--) {
		unsigned which = dice_below(dice, map.count);

		switch (dice_below(dice, 4)) {
		case 0:
			map.pieces[which].offset = draw_integer(dice);
			break;
		case 1:
			map.pieces[which].size = draw_integer(dice);
			break;
		case 2:
			map.length = draw_integer(dice);
			break;
		default:
			map.data = dice_below(dice, 5000);
		}
	}
	return map;
}

static void put_octal(uint8_t *at, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%011llo", (unsigned long long)value & 077777777777ULL);
	memcpy(at, text, 12);
}

/* GNU's type 'S': four pieces in the header, 21 in each block that follows. */
static void set_old(struct dice *dice, struct member *member, const struct map *map)
{
	enum { PIECES = 386, IN_HEADER = 4, MORE = 482, LENGTH = 483, IN_BLOCK = 21 };
	struct bytes blocks = {0};

	member_set_text(member, FIELD_MAGIC, "ustar  ");
	put_octal(member->bytes.at + member->header + LENGTH, map->length);
	for (unsigned i = 0; i < map->count && i < IN_HEADER; i++) {
		uint8_t *at = member->bytes.at + member->header + PIECES + (size_t)i * 24;

		put_octal(at, map->pieces[i].offset);
		put_octal(at + 12, map->pieces[i].size);
	}
	if (map->count > IN_HEADER || dice_one_in(dice, 8)) {
		member->bytes.at[member->header + MORE] = 1;
		bytes_fill(&blocks, 0, BLOCK);
		for (unsigned i = IN_HEADER; i < map->count && i < IN_HEADER + IN_BLOCK; i++) {
			put_octal(blocks.at + (size_t)(i - IN_HEADER) * 24, map->pieces[i].offset);
			put_octal(
				blocks.at + (size_t)(i - IN_HEADER) * 24 + 12, map->pieces[i].size);
		}
		blocks.at[504] = dice_one_in(dice, 8);
	}
	bytes_replace(&member->bytes, member->header + BLOCK, 0,
		blocks.at ? blocks.at : (uint8_t *)"", blocks.size);
	bytes_free(&blocks);
}

/* 0.0: a pair of records for each piece; 0.1: one list in a record. */
static void set_records(struct member *member, const struct map *map, bool list)
{
	struct bytes records = {0}, text = {0};
	char number[32];

	snprintf(number, sizeof(number), "%lld", (long long)map->length);
	pax_add_text(&records, "GNU.sparse.size", number);
	snprintf(number, sizeof(number), "%u", map->count);
	pax_add_text(&records, "GNU.sparse.numblocks", number);
	for (unsigned i = 0; i < map->count; i++) {
		long long offset = map->pieces[i].offset, size = map->pieces[i].size;

		if (list) {
			bytes_print(&text, "%s%lld,%lld", i > 0 ? "," : "", offset, size);
			continue;
		}
		snprintf(number, sizeof(number), "%lld", offset);
		pax_add_text(&records, "GNU.sparse.offset", number);
		snprintf(number, sizeof(number), "%lld", size);
		pax_add_text(&records, "GNU.sparse.numbytes", number);
	}
	if (list)
		pax_add(&records, "GNU.sparse.map", text.at, text.size);
	member_add_pax(member, 'x', &records);
	bytes_free(&records);
	bytes_free(&text);
}

/* 1.0: the map stands before the data, in decimal lines. */
static void set_modern(struct dice *dice, struct member *member, const struct map *map)
{
	struct bytes records = {0}, data = {0};
	char number[32];
	long long count = dice_one_in(dice, 6) ? draw_integer(dice) : map->count;

	bytes_print(&data, "%lld\n", count);
	for (unsigned i = 0; i < map->count; i++)
		bytes_print(&data, "%lld\n%lld\n", (long long)map->pieces[i].offset,
			(long long)map->pieces[i].size);
	if (dice_one_in(dice, 10))
		bytes_fill(&data, dice_one_in(dice, 2) ? '1' : '\n', 2000);
	bytes_pad(&data, BLOCK);
	bytes_fill(&data, 's', map->data);
	member_set_data(member, data.at, data.size);
	member_seal(member);
	pax_add_text(&records, "GNU.sparse.major", "1");
	pax_add_text(&records, "GNU.sparse.minor", "0");
	pax_add_text(&records, "GNU.sparse.name", dice_one_in(dice, 9) ? "../x" : "sparse");
	snprintf(number, sizeof(number), "%lld", (long long)map->length);
	pax_add_text(&records, "GNU.sparse.realsize", number);
	member_add_pax(member, 'x', &records);
	bytes_free(&records);
	bytes_free(&data);
}

void draw_sparse(struct dice *dice, struct members *members)
{
	struct map map = draw_map(dice);
	unsigned kind = dice_below(dice, 4);
	struct member *member =
		members_add_named(members, kind == 0 ? 'S' : '0', dice_one_in(dice, 3) ? "a" : "s");
	struct bytes data = {0};

	bytes_fill(&data, 's', map.data);
	member_set_data(member, data.at, data.size);
	bytes_free(&data);
	if (kind == 0)
		set_old(dice, member, &map);
	member_seal(member);
	if (kind == 1 || kind == 2)
		set_records(member, &map, kind == 1);
	else if (kind == 3)
		set_modern(dice, member, &map);
}
