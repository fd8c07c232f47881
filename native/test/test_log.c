/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
	assert(log_open(&log, path, &failure) == 0);
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
	expect_timestamps();
	unlink(path);
	return 0;
}
