/* SPDX-License-Identifier: Apache-2.0 */
#include "layer_source.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "scope.h"

#define STEP "layer stream"

enum { INPUT_SIZE = 256 * 1024, OUTPUT_SIZE = 512 * 1024, MAGIC_SIZE = 4 };

/* zlib's code for a gzip wrapper around the largest window. */
enum { GZIP_WINDOW = 15 + 16 };

/* Smaller ones do no harm; a file of zeros that an image may have for a reason is smaller too. */
#define BOMB_SIZE (8ULL << 30)
#define BOMB_RATIO 1000

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

struct layer_source {
	int fd;
	enum compression compression;
	bool input_ended, member_ended, has_digest;
	z_stream gzip;
	ZSTD_DStream *zstd;
	struct digest digest;
	size_t have, used; /* bytes in input, and how many of them are consumed */
	unsigned long long received, expanded;
	uint8_t input[INPUT_SIZE];
	uint8_t output[OUTPUT_SIZE];
};

static int damaged(struct failure *out, const char *why)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "the layer's compressed stream %s", why);
}

/* Makes at least one unread byte of input available, unless the input has ended. */
static int fill(struct layer_source *source, struct failure *out)
{
	ssize_t got;

	if (source->used < source->have || source->input_ended)
		return 0;
	got = retry_eintr(read(source->fd, source->input, sizeof(source->input)));
	if (got < 0)
		return fail(out, errno, STEP, "cannot read the layer");
	source->input_ended = got == 0;
	source->have = (size_t)got;
	source->received += (size_t)got;
	source->used = 0;
	return 0;
}

/* Reads until the magic number is complete. */
static int read_magic(struct layer_source *source, struct failure *out)
{
	while (source->have < MAGIC_SIZE && !source->input_ended) {
		ssize_t got = retry_eintr(read(source->fd, source->input + source->have,
			sizeof(source->input) - source->have));

		if (got < 0)
			return fail(out, errno, STEP, "cannot read the layer");
		source->input_ended = got == 0;
		source->have += (size_t)got;
	}
	if (source->have == 0) {
		fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "the layer is empty");
		out->error = ENODATA;
		return -1;
	}
	return 0;
}

static enum compression detect(const struct layer_source *source)
{
	static const uint8_t gzip[] = {0x1f, 0x8b};
	static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
	/* A skippable frame, which zstd:chunked images may start with: 0x184d2a50 to …5f. */
	static const uint8_t skippable[] = {0x2a, 0x4d, 0x18};
	const uint8_t *input = source->input;

	if (source->have >= sizeof(gzip) && memcmp(input, gzip, sizeof(gzip)) == 0)
		return COMPRESSION_GZIP;
	if (source->have < MAGIC_SIZE)
		return COMPRESSION_NONE;
	if (memcmp(input, zstd, sizeof(zstd)) == 0 ||
		((input[0] & 0xf0) == 0x50 && memcmp(input + 1, skippable, sizeof(skippable)) == 0))
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

int layer_source_open(int fd, bool has_digest, struct layer_source **ret, struct failure *out)
{
	struct layer_source *source = malloc(sizeof(*source));

	if (!source)
		return fail(out, ENOMEM, STEP, "cannot read the layer");
	memset(source, 0, offsetof(struct layer_source, input));
	source->fd = fd;
	source->has_digest = has_digest;
	digest_init(&source->digest);
	/* Fewer wake-ups; a pipe that cannot grow, or a file, is read as it is. */
	fcntl(fd, F_SETPIPE_SZ, 1024 * 1024);
	if (read_magic(source, out) < 0)
		goto fail;
	source->received = source->have;
	source->compression = detect(source);
	if (source->compression == COMPRESSION_GZIP &&
		inflateInit2(&source->gzip, GZIP_WINDOW) != Z_OK) {
		source->compression = COMPRESSION_NONE;
		fail(out, ENOMEM, STEP, "cannot start gzip");
		goto fail;
	}
	if (source->compression == COMPRESSION_ZSTD) {
		source->zstd = ZSTD_createDStream();
		if (!source->zstd) {
			fail(out, ENOMEM, STEP, "cannot start zstd");
			goto fail;
		}
		source->member_ended = true;
	}
	*ret = source;
	return 0;
fail:
	layer_source_close(source);
	return -1;
}

static ssize_t read_plain(struct layer_source *source, const void **ret, struct failure *out)
{
	size_t length;

	if (fill(source, out) < 0)
		return -1;
	length = source->have - source->used;
	*ret = source->input + source->used;
	source->used = source->have;
	return (ssize_t)length;
}

/* One call of inflate. A gzip file may have several members, one after the other. */
static int inflate_step(struct layer_source *source, struct failure *out)
{
	z_stream *gzip = &source->gzip;
	int code;

	if (source->member_ended && inflateReset(gzip) != Z_OK)
		return damaged(out, "cannot be continued");
	source->member_ended = false;
	gzip->next_in = source->input + source->used;
	gzip->avail_in = (unsigned)(source->have - source->used);
	code = inflate(gzip, Z_NO_FLUSH);
	source->used = source->have - gzip->avail_in;
	if (code == Z_MEM_ERROR)
		return fail(out, ENOMEM, STEP, "cannot read the layer");
	if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
		return damaged(out, "is damaged (gzip)");
	source->member_ended = code == Z_STREAM_END;
	return 0;
}

static ssize_t read_gzip(struct layer_source *source, const void **ret, struct failure *out)
{
	z_stream *gzip = &source->gzip;

	gzip->next_out = source->output;
	gzip->avail_out = OUTPUT_SIZE;
	while (gzip->avail_out > 0) {
		if (fill(source, out) < 0)
			return -1;
		if (source->input_ended) {
			if (!source->member_ended)
				return damaged(out, "is cut off (gzip)");
			break;
		}
		if (inflate_step(source, out) < 0)
			return -1;
	}
	*ret = source->output;
	return OUTPUT_SIZE - gzip->avail_out;
}

static ssize_t read_zstd(struct layer_source *source, const void **ret, struct failure *out)
{
	ZSTD_outBuffer output = {.dst = source->output, .size = OUTPUT_SIZE};

	while (output.pos < output.size) {
		ZSTD_inBuffer input = {.src = source->input};
		size_t before = output.pos, left;

		if (fill(source, out) < 0)
			return -1;
		if (source->input_ended && source->member_ended)
			break;
		/* At the end of the input the decoder may still hold output back. */
		input.size = source->input_ended ? 0 : source->have;
		input.pos = source->input_ended ? 0 : source->used;
		left = ZSTD_decompressStream(source->zstd, &output, &input);
		if (ZSTD_isError(left))
			return damaged(out, "is damaged (zstd)");
		if (source->input_ended && output.pos == before)
			return damaged(out, "is cut off (zstd)");
		if (!source->input_ended)
			source->used = input.pos;
		source->member_ended = left == 0;
	}
	*ret = source->output;
	return (ssize_t)output.pos;
}

bool layer_source_is_bomb(unsigned long long compressed, unsigned long long expanded)
{
	return expanded > BOMB_SIZE && expanded / BOMB_RATIO > compressed;
}

ssize_t layer_source_read(struct layer_source *source, const void **ret, struct failure *out)
{
	ssize_t length;

	switch (source->compression) {
	case COMPRESSION_GZIP:
		length = read_gzip(source, ret, out);
		break;
	case COMPRESSION_ZSTD:
		length = read_zstd(source, ret, out);
		break;
	default:
		length = read_plain(source, ret, out);
	}
	if (length <= 0)
		return length;
	source->expanded += (size_t)length;
	if (layer_source_is_bomb(source->received, source->expanded))
		return damaged(out, "expands to more than a thousand times its size");
	if (source->has_digest)
		digest_update(&source->digest, *ret, (size_t)length);
	return length;
}

int layer_source_finish(
	struct layer_source *source, char ret_diff_id[DIGEST_TEXT_SIZE], struct failure *out)
{
	const void *piece;
	ssize_t length;

	while ((length = layer_source_read(source, &piece, out)) > 0)
		continue;
	if (length < 0)
		return -1;
	digest_finish(&source->digest, ret_diff_id);
	return 0;
}

void layer_source_close(struct layer_source *source)
{
	if (!source)
		return;
	if (source->compression == COMPRESSION_GZIP)
		inflateEnd(&source->gzip);
	ZSTD_freeDStream(source->zstd);
	free(source);
}
