/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `layer apply` that need no user namespace; whole archives are applied by
 * test/integration/layer.test.ts. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "check.h"
#include "digest.h"
#include "layer_path.h"
#include "layer_source.h"
#include "scope.h"

/* sha256 of 100000 times 'a'. */
#define EXPECTED "sha256:6d1cf22d7cc09b085dfc25ee1a1f3ae0265804c607bc2074ad253bcc82fd81ee"
#define LENGTH 100000

static void cleans_names(void)
{
	static const struct {
		const char *name, *clean; /* NULL: refused */
	} rows[] = {
		{"a/b/c", "a/b/c"},
		{"./a/", "a"},
		{"/etc//passwd", "etc/passwd"},
		{"a/./b/../c", "a/c"},
		{"a/..", ""},
		{".", ""},
		{"./", ""},
		{"/", ""},
		{"..", NULL},
		{"../a", NULL},
		{"a/../../b", NULL},
		{"/../a", NULL},
		{"...", "..."},
		{"a/.wh.b", "a/.wh.b"},
		{".wh.a/b", NULL},
		{"x/.wh.a/../b", NULL},
		{".whale/b", ".whale/b"},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		char path[PATH_MAX];
		struct failure failure;
		int result = layer_path_clean(rows[i].name, path, &failure);

		if (rows[i].clean)
			check(result == 0 && strcmp(path, rows[i].clean) == 0, rows[i].name);
		else
			check(result < 0 && failure.kind == FAILURE_BAD_INPUT, rows[i].name);
	}
}

/* A file in memory with these bytes, once or twice, and something behind them. */
static int file_of(const void *bytes, size_t length, const char *tail)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length ||
		write(fd, tail, strlen(tail)) != (ssize_t)strlen(tail) ||
		lseek(fd, 0, SEEK_SET) != 0)
		check(false, "the file in memory was made");
	return fd;
}

/* Returns whether the stream is whole and has the expected digest. */
static bool reads(const void *bytes, size_t length, const char *tail)
{
	char diff_id[DIGEST_TEXT_SIZE] = "";
	struct layer_source *source = NULL;
	struct failure failure;
	auto_close int fd = file_of(bytes, length, tail);
	int result = layer_source_open(fd, true, &source, &failure);

	if (result == 0)
		result = layer_source_finish(source, diff_id, &failure);
	layer_source_close(source);
	check(result == 0 || failure.kind == FAILURE_BAD_INPUT, "the failure is called bad input");
	return result == 0 && strcmp(diff_id, EXPECTED) == 0;
}

static size_t gzip(const uint8_t *plain, size_t length, uint8_t *ret, size_t size)
{
	z_stream stream = {0};
	size_t made;

	check(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK,
		"gzip starts");
	stream.next_in = (uint8_t *)(uintptr_t)plain;
	stream.avail_in = (unsigned)length;
	stream.next_out = ret;
	stream.avail_out = (unsigned)size;
	check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "gzip ends");
	made = size - stream.avail_out;
	deflateEnd(&stream);
	return made;
}

static void reads_streams(void)
{
	static uint8_t plain[LENGTH], packed[LENGTH + 1000];
	size_t size, second;

	memset(plain, 'a', sizeof(plain));
	check(reads(plain, sizeof(plain), ""), "a plain stream is read");

	size = gzip(plain, sizeof(plain), packed, sizeof(packed));
	check(reads(packed, size, ""), "a gzip stream is read");
	check(!reads(packed, size / 2, ""), "half a gzip stream is refused");
	check(!reads(packed, size - 8, ""), "a gzip stream without its check sum is refused");
	check(!reads(packed, size, "garbage"), "garbage behind a gzip stream is refused");
	packed[size - 5] ^= 1;
	check(!reads(packed, size, ""), "a wrong gzip check sum is refused");

	size = gzip(plain, 1000, packed, sizeof(packed));
	second = gzip(plain, LENGTH - 1000, packed + size, sizeof(packed) - size);
	check(reads(packed, size + second, ""), "a gzip stream of two members is read");

	size = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 3);
	check(reads(packed, size, ""), "a zstd stream is read");
	check(!reads(packed, size / 2, ""), "half a zstd stream is refused");
	check(!reads(packed, size, "garbage"), "garbage behind a zstd stream is refused");
	size = ZSTD_compress(packed, sizeof(packed), plain, 1000, 3);
	size += ZSTD_compress(packed + size, sizeof(packed) - size, plain, LENGTH - 1000, 3);
	check(reads(packed, size, ""), "a zstd stream of two frames is read");

	check(!reads("", 0, ""), "an empty stream is refused");
}

static void knows_bombs(void)
{
	const unsigned long long gib = 1ULL << 30;

	check(!layer_source_is_bomb(1000, gib), "a small file of zeros is none");
	check(!layer_source_is_bomb(gib, 100 * gib), "a large layer is none");
	check(layer_source_is_bomb(1000, 9 * gib), "nine gigabytes out of a kilobyte are one");
}

int main(void)
{
	knows_bombs();
	cleans_names();
	reads_streams();
	return failures > 0;
}
