/* SPDX-License-Identifier: Apache-2.0 */
#include "log_rotate.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "scope.h"

enum { CHUNK = 16384, NICE = 10 };

/* zlib's code for a gzip wrapper around the largest window, and its usual share of memory. */
enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

static const char *const suffixes[] = {"", ".gz"};

static int name_of(char ret[PATH_MAX], const char *path, unsigned number, const char *suffix)
{
	int length = number == 0 ? snprintf(ret, PATH_MAX, "%s%s", path, suffix)
				 : snprintf(ret, PATH_MAX, "%s.%u%s", path, number, suffix);

	errno = ENAMETOOLONG;
	return length < PATH_MAX ? 0 : -1;
}

static int move(const char *path, unsigned from, const char *suffix)
{
	char old[PATH_MAX], new[PATH_MAX];

	if (name_of(old, path, from, suffix) < 0 || name_of(new, path, from + 1, suffix) < 0)
		return -1;
	return rename(old, new) < 0 && errno != ENOENT ? -1 : 0;
}

static int drop(const char *path, unsigned number, const char *suffix)
{
	char name[PATH_MAX];

	if (name_of(name, path, number, suffix) < 0)
		return -1;
	return unlink(name) < 0 && errno != ENOENT ? -1 : 0;
}

int log_shift(const char *path, unsigned max_files)
{
	for (size_t i = 0; max_files > 1 && i < array_size(suffixes); i++)
		if (drop(path, max_files - 1, suffixes[i]) < 0)
			return -1;
	for (unsigned number = max_files - 1; number > 1; number--)
		for (size_t i = 0; i < array_size(suffixes); i++)
			if (move(path, number - 1, suffixes[i]) < 0)
				return -1;
	return max_files > 1 ? move(path, 0, "") : 0;
}

/* What a reader knows the file by that it has read in part: its inode, and when it was written
 * last. In a field of the header, as gzip has them for others: two letters, a length, the bytes. */
struct origin {
	char id[2];
	uint16_t length;
	uint64_t inode, modified;
} __attribute__((packed));

static struct origin origin_of(const struct stat *file)
{
	uint64_t modified =
		(uint64_t)file->st_mtim.tv_sec * 1000000000ULL + (uint64_t)file->st_mtim.tv_nsec;

	return (struct origin){.id = {'L', 'G'},
		.length = htole16(2 * sizeof(uint64_t)),
		.inode = htole64(file->st_ino),
		.modified = htole64(modified)};
}

static int write_all(int fd, const unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = retry_eintr(write(fd, bytes, length));

		if (written < 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

static int deflate_all(z_stream *stream, int in, int out)
{
	static unsigned char input[CHUNK], output[CHUNK];
	int result = Z_OK;

	while (result != Z_STREAM_END) {
		ssize_t got = retry_eintr(read(in, input, sizeof(input)));

		if (got < 0)
			return -1;
		stream->next_in = input;
		stream->avail_in = (unsigned)got;
		do {
			stream->next_out = output;
			stream->avail_out = sizeof(output);
			result = deflate(stream, got == 0 ? Z_FINISH : Z_NO_FLUSH);
			if (result == Z_STREAM_ERROR ||
				write_all(out, output, sizeof(output) - stream->avail_out) < 0)
				return -1;
		} while (stream->avail_out == 0);
	}
	return 0;
}

static int compress_file(int in, int out)
{
	z_stream stream = {0};
	struct stat file;
	struct origin origin;
	gz_header header = {.os = 3 /* Unix */};
	int result;

	if (fstat(in, &file) < 0)
		return -1;
	origin = origin_of(&file);
	header.extra = (Bytef *)&origin;
	header.extra_len = sizeof(origin);
	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	result = deflateSetHeader(&stream, &header) == Z_OK ? deflate_all(&stream, in, out) : -1;
	deflateEnd(&stream);
	return result;
}

static void compress_rotated(const char *path)
{
	char rotated[PATH_MAX], draft[PATH_MAX], done[PATH_MAX];

	if (name_of(rotated, path, 1, "") < 0 || name_of(draft, path, 0, ".gz.tmp") < 0 ||
		name_of(done, path, 1, ".gz") < 0)
		return;
	auto_close int in = open(rotated, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	auto_close int out =
		open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	/* On the disk before the old one goes: a power cut must not take both. And the new name
	 * before that: a reader finds one of them at any time. */
	if (in >= 0 && out >= 0 && compress_file(in, out) == 0 && fdatasync(out) == 0 &&
		rename(draft, done) == 0)
		unlink(rotated);
	else
		unlink(draft);
}

/* It must not outlive the monitor, whose successor gives other files these names. */
static void __attribute__((noreturn)) be_compressor(const char *path, int pipe, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	prctl(PR_SET_NAME, "lighter-gzip");
	if (pipe > 0)
		close_range(0, (unsigned)pipe - 1, 0);
	close_range((unsigned)pipe + 1, ~0U, 0);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	compress_rotated(path);
	_exit(0);
}

void log_compress(struct log_compressor *compressor, const char *path)
{
	pid_t parent = getpid(), pid;
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		be_compressor(path, pair[1], parent);
	close(pair[1]);
	if (pid < 0)
		close(pair[0]);
	else
		compressor->pipe = pair[0];
}

bool log_compressor_idle(struct log_compressor *compressor, bool wait)
{
	struct pollfd slot = {.fd = compressor->pipe};

	if (compressor->pipe < 0)
		return true;
	if (retry_eintr(poll(&slot, 1, wait ? -1 : 0)) <= 0)
		return false;
	close(compressor->pipe);
	compressor->pipe = -1;
	return true;
}
