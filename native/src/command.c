/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "scope.h"

#define STEP "exec"

/* What most programs touch of themselves before they do anything. */
#define READ_AHEAD (2 << 20)
/* The kernel takes no more of one request. */
#define READ_AHEAD_STEP (128 << 10)

static const char *reason(int error, char text[64])
{
	snprintf(text, 64, "%s", strerror(error));
	text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

/* As Go's strconv.Quote writes ASCII; at most four bytes for one. NULL without memory. */
static char *quote(const char *text)
{
	static const char named[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
	char *quoted = malloc(4 * strlen(text) + 3), *end = quoted;

	if (!quoted)
		return NULL;
	*end++ = '"';
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;
		const char *found = strchr(named, byte);

		if (byte == '"' || byte == '\\')
			end += sprintf(end, "\\%c", byte);
		else if (found)
			end += sprintf(end, "\\%c", letters[found - named]);
		else if (byte < ' ' || byte == 0x7f)
			end += sprintf(end, "\\x%02x", byte);
		else
			*end++ = (char)byte;
	}
	*end++ = '"';
	*end = '\0';
	return quoted;
}

static int refuse(struct failure *out, enum failure_kind kind, const char *name, const char *why)
{
	auto_free char *quoted = quote(name);

	return fail_kind(out, kind, 0, STEP, "exec: %s: %s", quoted ? quoted : name, why);
}

/* 0 when path is a file that may be executed; else an errno. */
static int check(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return errno;
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		return 0;
	/* A filter may refuse the call: then the mode has to do, execve says the rest. */
	if (errno == ENOSYS || errno == EPERM)
		return status.st_mode & 0111 ? 0 : EACCES;
	return errno;
}

static int find_by_path(const char *name, char **ret, struct failure *out)
{
	int error = check(name);

	if (error == EISDIR)
		return refuse(
			out, FAILURE_NOT_EXECUTABLE, name, "is a directory: permission denied");
	if (error == EACCES || error == EPERM)
		return refuse(out, FAILURE_NOT_EXECUTABLE, name, "permission denied");
	if (error) {
		enum failure_kind kind = error == ENOENT || error == ENOTDIR
						 ? FAILURE_NOT_FOUND
						 : FAILURE_NOT_EXECUTABLE;
		auto_free char *why = NULL;
		char text[64];

		if (asprintf(&why, "stat %s: %s", name, reason(error, text)) < 0)
			return fail(out, ENOMEM, STEP, "cannot find the command");
		return refuse(out, kind, name, why);
	}
	*ret = strdup(name);
	return *ret ? 0 : fail(out, ENOMEM, STEP, "cannot copy the command");
}

int command_find(const char *name, char *const *environment, char **ret, struct failure *out)
{
	const char *search = NULL;

	if (strchr(name, '/'))
		return find_by_path(name, ret, out);
	for (char *const *entry = environment; *entry; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			search = *entry + 5;
	while (search && name[0]) {
		size_t length = strcspn(search, ":");
		auto_free char *candidate = NULL;

		/* An empty entry would be the current directory, which may be anybody's. */
		if (length > 0) {
			if (asprintf(&candidate, "%.*s/%s", (int)length, search, name) < 0)
				return fail(out, ENOMEM, STEP, "cannot search the command");
			if (check(candidate) == 0) {
				*ret = take(candidate);
				return 0;
			}
		}
		search = search[length] ? search + length + 1 : NULL;
	}
	return refuse(out, FAILURE_NOT_FOUND, name, "executable file not found in $PATH");
}

int command_failed(const char *path, int error, struct failure *out)
{
	char text[64];

	fail_kind(out,
		error == ENOENT || error == ENOTDIR ? FAILURE_NOT_FOUND : FAILURE_NOT_EXECUTABLE, 0,
		STEP, "exec %s: %s", path, reason(error, text));
	out->error = error;
	return -1;
}

void command_read_ahead(const char *name, char *const *environment)
{
	auto_free char *path = NULL;
	struct failure ignored;
	struct stat status;

	if ((name[0] != '/' && strchr(name, '/')) ||
		command_find(name, environment, &path, &ignored) < 0 || path[0] != '/' ||
		stat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	auto_close int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	for (off_t at = 0; file >= 0 && at < status.st_size && at < READ_AHEAD;
		at += READ_AHEAD_STEP)
		if (readahead(file, at, READ_AHEAD_STEP) < 0)
			return;
}
