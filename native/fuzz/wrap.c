/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <zlib.h>
#include <zstd.h>

#include "check.h"

static void add_gzip(struct bytes *ret, const uint8_t *at, size_t size, gz_header *header)
{
	z_stream stream = {0};
	auto_free uint8_t *packed = NULL;
	size_t room;

	must(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	if (header)
		deflateSetHeader(&stream, header);
	room = deflateBound(&stream, size) + 200;
	packed = malloc(room);
	must(packed);
	stream.next_in = (uint8_t *)(uintptr_t)at;
	stream.avail_in = (unsigned)size;
	stream.next_out = packed;
	stream.avail_out = (unsigned)room;
	must(deflate(&stream, Z_FINISH) == Z_STREAM_END);
	bytes_add(ret, packed, room - stream.avail_out);
	deflateEnd(&stream);
}

static void add_zstd(struct bytes *ret, const uint8_t *at, size_t size)
{
	size_t room = ZSTD_compressBound(size), got;
	auto_free uint8_t *packed = malloc(room);

	must(packed);
	got = ZSTD_compress(packed, room, at, size, 1);
	must(!ZSTD_isError(got));
	bytes_add(ret, packed, got);
}

/* A frame that readers pass over, as zstd:chunked images have. */
static void add_skippable(struct dice *dice, struct bytes *ret)
{
	uint8_t head[8] = {(uint8_t)(0x50 + dice_below(dice, 16)), 0x2a, 0x4d, 0x18};

	head[4] = (uint8_t)dice_below(dice, 64);
	bytes_add(ret, head, sizeof(head));
	bytes_fill(ret, 'k', head[4]);
}

static void wrap_gzip(struct dice *dice, struct input *input)
{
	uint8_t name[] = "../../etc/passwd", extra[] = "AB\4\0cdef";
	gz_header header = {
		.name = name, .comment = name, .extra = extra, .extra_len = 8, .hcrc = 1};
	const struct bytes *plain = &input->plain;
	size_t half = dice_one_in(dice, 3) ? dice_below(dice, plain->size + 1) : plain->size;

	add_gzip(&input->stream, plain->at, half, dice_one_in(dice, 5) ? &header : NULL);
	if (half < plain->size)
		add_gzip(&input->stream, plain->at + half, plain->size - half, NULL);
}

static void wrap_zstd(struct dice *dice, struct input *input)
{
	const struct bytes *plain = &input->plain;
	size_t half = dice_one_in(dice, 3) ? dice_below(dice, plain->size + 1) : plain->size;

	if (dice_one_in(dice, 4))
		add_skippable(dice, &input->stream);
	add_zstd(&input->stream, plain->at, half);
	if (half < plain->size)
		add_zstd(&input->stream, plain->at + half, plain->size - half);
	if (dice_one_in(dice, 4))
		add_skippable(dice, &input->stream);
}

/* What follows a compressed stream, or is taken off its end. */
static void spoil_end(struct dice *dice, struct input *input)
{
	static const char *const tails[] = {
		"garbage", "\x1f", "\x1f\x8b", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd", "\n"};

	input->is_known = false;
	switch (dice_below(dice, 3)) {
	case 0:
		bytes_add_text(&input->stream, dice_pick(dice, tails));
		break;
	case 1:
		bytes_fill(&input->stream, 0, 1 + dice_below(dice, 2000));
		break;
	default:
		input->stream.size -= dice_below(dice, input->stream.size);
	}
}

void wrap_stream(struct dice *dice, struct input *input)
{
	input->is_known = true;
	switch (dice_below(dice, 8)) {
	case 0:
	case 1:
		wrap_gzip(dice, input);
		break;
	case 2:
		wrap_zstd(dice, input);
		break;
	default:
		bytes_add(&input->stream, input->plain.at, input->plain.size);
		/* Changed plain bytes are other plain bytes. */
		if (dice_one_in(dice, 6)) {
			mutate_bytes(dice, &input->stream);
			input->is_known = false;
		}
		return;
	}
	if (dice_one_in(dice, 6))
		spoil_end(dice, input);
	if (dice_one_in(dice, 6)) {
		mutate_bytes(dice, &input->stream);
		input->is_known = false;
	}
}
