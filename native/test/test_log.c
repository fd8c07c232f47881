/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include "log.h"
#include "scope.h"

static char path[64];

/* What the log holds after these bytes, with the times cut off. */
static void expect(const char *bytes, size_t length, const char *wanted)
{
	static char text[400000], plain[400000];
	struct failure failure;
	struct log log;
	char *in = text, *out = plain, *time;
	FILE *file;
	size_t got;

	unlink(path);
	assert(log_open(&log, &(struct plan){.log_path = path}, &failure) == 0);
	log_write(&log, LOG_STDOUT, (const unsigned char *)bytes, length);
	log_finish(&log);
	log_close(&log);
	file = fopen(path, "re");
	assert(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	while ((time = strstr(in, "\",\"stream\":\"stdout\",\"time\":\""))) {
		out = stpncpy(out, in, (size_t)(time - in));
		*out++ = '|';
		in = strchr(time, '\n') + 1;
	}
	*out = '\0';
	if (strcmp(plain, wanted) != 0) {
		fprintf(stderr, "wanted %s\ngot %s\n", wanted, plain);
		abort();
	}
}

static void expect_text(const char *text, const char *wanted)
{
	expect(text, strlen(text), wanted);
}

static void expect_cut(void)
{
	static char line[20001], wanted[21000];
	char *at;

	/* The character that lies across the limit goes into the second record. */
	memset(line, 'x', 20000);
	memcpy(line + 16383, "\xc3\xa9", 2);
	line[20000] = '\n';
	at = stpcpy(wanted, "{\"log\":\"");
	at = mempcpy(at, line, 16383);
	at = stpcpy(at, "|{\"log\":\"");
	at = mempcpy(at, line + 16383, 20000 - 16383);
	strcpy(at, "\\n|");
	expect(line, 20001, wanted);
}

/* A line that comes in pieces: the first fill whole records, so that nothing waits, and the next
 * one has the line's end. Once that next one got lost. */
static void expect_pieces(void)
{
	static char piece[2 * 16384], text[3 * 16384];
	struct plan plan = {.log_path = path};
	struct failure failure;
	struct log log;
	FILE *file;
	size_t got, letters = 0;

	memset(piece, 'p', sizeof(piece));
	unlink(path);
	assert(log_open(&log, &plan, &failure) == 0);
	log_write(&log, LOG_STDOUT, (const unsigned char *)piece, sizeof(piece));
	log_write(&log, LOG_STDOUT, (const unsigned char *)"pppp\n", 5);
	log_finish(&log);
	log_close(&log);
	file = fopen(path, "r");
	assert(file);
	got = fread(text, 1, sizeof(text), file);
	fclose(file);
	for (size_t i = 0; i < got; i++)
		letters += text[i] == 'p';
	assert(letters == sizeof(piece) + 4);
}

static long long size_of(const char *suffix)
{
	char name[80];
	struct stat file;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &file) < 0 ? -1 : file.st_size;
}

/* Every record has 68 bytes or a few less; the first above the limit stays, the next rotates. */
static void expect_rotation(unsigned files)
{
	char attributes[] = "{\"a\":\"b\"}";
	struct plan plan = {.log_path = path,
		.logging = {.max_size = 100, .max_files = files, .attributes = attributes}};
	struct failure failure;
	struct log log;

	unlink(path);
	assert(log_open(&log, &plan, &failure) == 0);
	for (int i = 0; i < 7; i++)
		log_write(&log, LOG_STDOUT, (const unsigned char *)"x\n", 2);
	log_close(&log);
	/* Two records each: 0 1 | 2 3 | 4 5 | 6 */
	assert(size_of("") > 60 && size_of("") < 100);
	assert(files < 2 ? size_of(".1") == -1 : size_of(".1") > 100);
	assert(files < 3 ? size_of(".2") == -1 : size_of(".2") > 100);
	assert(size_of(".3") == -1);
	/* What is there counts. */
	assert(log_open(&log, &plan, &failure) == 0);
	assert(log.size == size_of(""));
	log_close(&log);
	for (int i = 1; i < 3; i++) {
		char name[80];

		snprintf(name, sizeof(name), "%s.%d", path, i);
		unlink(name);
	}
}

/* The file before the current one is gzip, with its origin in the header; one that is plain since
 * its compression was interrupted goes its way with the others. */
static void expect_compression(void)
{
	struct plan plan = {
		.log_path = path, .logging = {.max_size = 100, .max_files = 4, .compress = true}};
	struct failure failure;
	struct log log;
	char name[80], text[4096];
	gzFile file;
	int got;

	unlink(path);
	assert(log_open(&log, &plan, &failure) == 0);
	for (int i = 0; i < 5; i++) {
		log_write(&log, LOG_STDOUT, (const unsigned char *)"compressed\n", 11);
		assert(log_compressor_idle(&log.compressor, true));
	}
	log_close(&log);
	/* Two records each: 0 1 | 2 3 | 4 */
	assert(size_of("") > 60 && size_of(".1") == -1 && size_of(".2") == -1);
	assert(size_of(".1.gz") > 0 && size_of(".2.gz") > 0 && size_of(".3.gz") == -1);
	assert(size_of(".gz.tmp") == -1);
	snprintf(name, sizeof(name), "%s.1.gz", path);
	file = gzopen(name, "rb");
	assert(file);
	got = gzread(file, text, sizeof(text) - 1);
	gzclose(file);
	assert(got > 100);
	text[got] = '\0';
	assert(strncmp(text, "{\"log\":\"compressed\\n\"", 21) == 0 && text[got - 1] == '\n');
	snprintf(text, sizeof(text), "%s.1", path);
	assert(rename(name, text) == 0);
	assert(log_shift(path, 4) == 0);
	assert(size_of("") == -1 && size_of(".1") > 60 && size_of(".2") > 0);
	assert(size_of(".3.gz") > 0);
	assert(log_shift(path, 4) == 0);
	assert(size_of(".2") > 60 && size_of(".3") > 0 && size_of(".3.gz") == -1);
	for (int i = 1; i < 4; i++) {
		snprintf(name, sizeof(name), "%s.%d", path, i);
		unlink(name);
	}
}

static void expect_timestamps(void)
{
	char text[TIMESTAMP_SIZE];

	format_timestamp(&(struct timespec){.tv_sec = 0, .tv_nsec = 0}, text);
	assert(strcmp(text, "1970-01-01T00:00:00Z") == 0);
	format_timestamp(&(struct timespec){.tv_sec = 86400, .tv_nsec = 120000000}, text);
	assert(strcmp(text, "1970-01-02T00:00:00.12Z") == 0);
}

int main(void)
{
	snprintf(path, sizeof(path), "/tmp/test_log.%d", (int)getpid());
	expect_text("a\nb", "{\"log\":\"a\\n|{\"log\":\"b|");
	expect_text("\n\n", "{\"log\":\"\\n|{\"log\":\"\\n|");
	expect_text("\"\\<>&\t\r\n", "{\"log\":\"\\\"\\\\\\u003c\\u003e\\u0026\\u0009\\r\\n|");
	expect_text("\xff\xc3(\xe2\x80\xa8\xed\xa0\x80\xc3\xa9",
		"{\"log\":\"\\ufffd\\ufffd(\\u2028\\ufffd\\ufffd\\ufffd\xc3\xa9|");
	expect("\0\x7f", 2, "{\"log\":\"\\u0000\x7f|");
	expect_cut();
	expect_pieces();
	expect_timestamps();
	for (unsigned files = 1; files < 4; files++)
		expect_rotation(files);
	expect_compression();
	unlink(path);
	return 0;
}
