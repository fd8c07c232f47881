/* SPDX-License-Identifier: Apache-2.0 */
#include "archive_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer_source.h"
#include "scope.h"

#define STEP "copy"

enum { BLOCK = 512, CHECKSUM_AT = 148, CHECKSUM_SIZE = 8, NO_PROGRAM = 127 };

/* The program for what the first bytes say; NULL: none is needed. */
static const char *program_for(int file)
{
	unsigned char magic[6] = {0};

	if (pread(file, magic, sizeof(magic), 0) <= 0)
		return NULL;
	if (memcmp(magic, "BZh", 3) == 0)
		return "bzip2";
	return memcmp(magic,
		       "\xfd"
		       "7zXZ",
		       6) == 0
		       ? "xz"
		       : NULL;
}

static void expand(const char *program, int file, int output) __attribute__((noreturn));

static void expand(const char *program, int file, int output)
{
	if (lseek(file, 0, SEEK_SET) == 0 && dup2(file, STDIN_FILENO) >= 0 &&
		dup2(output, STDOUT_FILENO) >= 0)
		execlp(program, program, "-dc", (char *)NULL);
	_exit(NO_PROGRAM);
}

int archive_stream_open(int file, struct archive_stream *ret, struct failure *out)
{
	const char *program = program_for(file);
	int ends[2];

	if (!program) {
		*ret = (struct archive_stream){.fd = fcntl(file, F_DUPFD_CLOEXEC, 3)};
		return ret->fd < 0 || lseek(ret->fd, 0, SEEK_SET) < 0
			       ? fail(out, errno, STEP, "cannot read the archive")
			       : 0;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, STEP, "cannot read the archive");
	ret->pid = fork();
	if (ret->pid == 0)
		expand(program, file, ends[1]);
	close(ends[1]);
	ret->fd = ends[0];
	if (ret->pid > 0)
		return 0;
	close(ends[0]);
	return fail(out, errno, STEP, "cannot start %s", program);
}

int archive_stream_close(struct archive_stream *stream, bool whole)
{
	int status = 0;

	scope_close(&stream->fd);
	if (stream->pid <= 0)
		return 0;
	if (!whole)
		kill(stream->pid, SIGKILL);
	if (retry_eintr(waitpid(stream->pid, &status, 0)) < 0)
		return -1;
	stream->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
		return -2;
	/* It may have more to say than the archive's end. */
	return status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) ? 0 : -1;
}

/* The sum of the header's bytes, with blanks in its own place; old programs took them as signed. */
static bool is_header(const unsigned char *block)
{
	char text[CHECKSUM_SIZE + 1] = {0};
	unsigned long written;
	long plain = 0, with_sign = 0;
	char *end;

	memcpy(text, block + CHECKSUM_AT, CHECKSUM_SIZE);
	written = strtoul(text, &end, 8);
	for (int i = 0; i < BLOCK; i++) {
		bool own = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_SIZE;

		plain += own ? ' ' : block[i];
		with_sign += own ? ' ' : (signed char)block[i];
	}
	return end != text && ((long)written == plain || (long)written == with_sign);
}

/* Whatever fails here: it is no archive. */
static bool begins_as_tar(int fd)
{
	struct layer_source *source = NULL;
	unsigned char block[BLOCK];
	struct failure ignored;
	size_t have = 0;

	if (layer_source_open(fd, false, &source, &ignored) < 0)
		return false;
	while (have < BLOCK) {
		const void *piece;
		ssize_t got = layer_source_read(source, &piece, &ignored);
		size_t size = got > 0 ? (size_t)got : 0;

		if (size == 0)
			break;
		if (size > BLOCK - have)
			size = BLOCK - have;
		memcpy(block + have, piece, size);
		have += size;
	}
	layer_source_close(source);
	return have == BLOCK && is_header(block);
}

int archive_is_tar(int file, struct failure *out)
{
	struct archive_stream stream;
	const char *program = program_for(file);
	bool is_tar;

	if (archive_stream_open(file, &stream, out) < 0)
		return -1;
	is_tar = begins_as_tar(stream.fd);
	/* A program that could not be started is waited for, not killed. */
	if (archive_stream_close(&stream, !is_tar) == -2)
		return fail(
			out, 0, STEP, "cannot expand an archive: there is no program %s", program);
	return is_tar;
}
