/* SPDX-License-Identifier: Apache-2.0 */
#include "users.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "path.h"
#include "scope.h"

/* MAXIMUM_ID: Docker's limit, one below the ids that some tools take for -1. */
enum { MAXIMUM_BYTES = 10 << 20, MAXIMUM_GROUPS = 65536, MAXIMUM_ID = INT_MAX };

/* Fields of a passwd line: name:password:uid:gid:comment:home:shell; of group:
 * name:password:gid:members. */
enum { FIELD_NAME = 0, FIELD_UID = 2, FIELD_GID = 3, FIELD_HOME = 5, FIELD_COUNT = 7 };
enum { GROUP_GID = 2, GROUP_MEMBERS = 3 };

struct gid_list {
	gid_t *items;
	size_t count;
};

static void free_gids(struct gid_list *list)
{
	free(list->items);
}

/* The text of a file of the image, which is opened or missing (-1): then it is empty. */
static int read_text(int fd, const char *path, char **ret, struct failure *out)
{
	auto_free char *text = NULL;
	struct stat status;
	size_t have = 0;

	if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "user",
			"/%s of the image is not a regular file", path);
	if (fd >= 0 && status.st_size > MAXIMUM_BYTES)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "user",
			"/%s of the image is larger than 10 MiB", path);
	text = calloc(1, fd >= 0 ? (size_t)status.st_size + 1 : 1);
	if (!text)
		return fail(out, ENOMEM, "user", "cannot read /%s of the image", path);
	/* What is appended meanwhile is not read. */
	while (fd >= 0 && have < (size_t)status.st_size) {
		ssize_t got = retry_eintr(read(fd, text + have, (size_t)status.st_size - have));

		if (got < 0)
			return fail(out, errno, "user", "cannot read /%s of the image", path);
		if (got == 0)
			break;
		have += (size_t)got;
	}
	/* A NUL byte would hide what follows it. */
	for (size_t i = 0; i < have; i++)
		if (text[i] == '\0')
			text[i] = '?';
	*ret = take(text);
	return 0;
}

static int read_database(int root_fd, const char *path, char **ret, struct failure *out)
{
	auto_close int fd = path_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, PATH_FOLLOW);

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return fail(out, errno, "user", "cannot open /%s of the image", path);
	return read_text(fd, path, ret, out);
}

/* Cuts the next line that has at least `least` fields; missing further fields are "". */
static bool next_entry(char **cursor, char *fields[FIELD_COUNT], size_t least)
{
	char *line;

	while ((line = strsep(cursor, "\n"))) {
		size_t count = 0;
		char *field;

		if (*line == '\0' || *line == '#')
			continue;
		while (count < FIELD_COUNT && (field = strsep(&line, ":")))
			fields[count++] = field;
		if (count < least || fields[FIELD_NAME][0] == '\0')
			continue;
		while (count < FIELD_COUNT)
			fields[count++] = (char *)"";
		return true;
	}
	return false;
}

/* A decimal number; false for anything else. */
static bool parse_number(const char *text, long long *ret)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) &&
		!(text[0] == '-' && isdigit((unsigned char)text[1])))
		return false;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0;
}

static bool parse_id(const char *text, unsigned *ret)
{
	long long number;

	if (!parse_number(text, &number) || number < 0 || number >= UINT_MAX)
		return false;
	*ret = (unsigned)number;
	return true;
}

static int check_range(long long number, struct failure *out)
{
	if (number >= 0 && number <= MAXIMUM_ID)
		return 0;
	return fail_kind(
		out, FAILURE_NO_USER, 0, "user", "uids and gids must be in range 0-%d", MAXIMUM_ID);
}

struct account {
	uid_t uid;
	gid_t gid;
	const char *name; /* NULL: not in passwd */
	const char *home;
};

/* A number is always a uid, never a name. The text is cut into pieces that the account points to.
 */
static int find_account(char *passwd, const char *user, struct account *ret, struct failure *out)
{
	char *cursor = passwd, *fields[FIELD_COUNT];
	long long number = 0;
	bool numeric = !*user || parse_number(user, &number);

	*ret = (struct account){.home = "/"};
	while (next_entry(&cursor, fields, FIELD_GID + 1)) {
		uid_t uid;
		gid_t gid;

		if (!parse_id(fields[FIELD_UID], &uid) || !parse_id(fields[FIELD_GID], &gid))
			continue;
		if (numeric ? (long long)uid != number : strcmp(fields[FIELD_NAME], user) != 0)
			continue;
		ret->uid = uid;
		ret->gid = gid;
		ret->name = fields[FIELD_NAME];
		if (fields[FIELD_HOME][0] == '/')
			ret->home = fields[FIELD_HOME];
		return 0;
	}
	if (!numeric)
		return fail_kind(out, FAILURE_NO_USER, 0, "user",
			"unable to find user %.200s: no matching entries in passwd file", user);
	if (check_range(number, out) < 0)
		return -1;
	ret->uid = (uid_t)number;
	return 0;
}

/* The text stays whole: it is copied, since it may be searched again. added: Docker has another
 * sentence for `--group-add`. */
static int find_group(
	const char *text, const char *name, bool added, gid_t *ret, struct failure *out)
{
	auto_free char *copy = strdup(text);
	char *cursor = copy, *fields[FIELD_COUNT];
	long long number = 0;
	bool numeric = parse_number(name, &number);

	if (!copy)
		return fail(out, ENOMEM, "user", "cannot read /etc/group of the image");
	while (!numeric && next_entry(&cursor, fields, GROUP_GID + 1))
		if (strcmp(fields[FIELD_NAME], name) == 0 && parse_id(fields[GROUP_GID], ret))
			return 0;
	if (!numeric)
		return fail_kind(out, FAILURE_NO_USER, 0, "user",
			"%snable to find group %.200s: no matching entries in group file",
			added ? "U" : "u", name);
	if (check_range(number, out) < 0)
		return -1;
	*ret = (gid_t)number;
	return 0;
}

static int add_gid(struct gid_list *list, gid_t gid, struct failure *out)
{
	gid_t *items;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == gid)
			return 0;
	if (list->count == MAXIMUM_GROUPS)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "user", "the user is in too many groups");
	items = reallocarray(list->items, list->count + 1, sizeof(*items));
	if (!items)
		return fail(out, ENOMEM, "user", "cannot read /etc/group of the image");
	list->items = items;
	items[list->count++] = gid;
	return 0;
}

static bool is_member(char *members, const char *name)
{
	char *member;

	while ((member = strsep(&members, ",")))
		if (strcmp(member, name) == 0)
			return true;
	return false;
}

/* All groups that list the user as a member. */
static int add_memberships(
	const char *text, const char *name, struct gid_list *list, struct failure *out)
{
	auto_free char *copy = strdup(text);
	char *cursor = copy, *fields[FIELD_COUNT];
	gid_t gid;

	if (!copy)
		return fail(out, ENOMEM, "user", "cannot read /etc/group of the image");
	while (next_entry(&cursor, fields, GROUP_MEMBERS + 1))
		if (parse_id(fields[GROUP_GID], &gid) && is_member(fields[GROUP_MEMBERS], name) &&
			add_gid(list, gid, out) < 0)
			return -1;
	return 0;
}

int users_resolve(int root_fd, const char *user, const struct string_list *groups,
	struct spec_user *ret, char **ret_home, struct failure *out)
{
	__attribute__((cleanup(free_gids))) struct gid_list gids = {0};
	auto_free char *passwd = NULL, *group = NULL, *name = strdup(user), *home = NULL;
	const char *group_name = "";
	struct account account;
	char *colon;

	if (!name)
		return fail(out, ENOMEM, "user", "cannot resolve the user");
	colon = strchr(name, ':');
	if (colon) {
		*colon = '\0';
		group_name = colon + 1;
	}
	if (read_database(root_fd, "etc/passwd", &passwd, out) < 0 ||
		read_database(root_fd, "etc/group", &group, out) < 0 ||
		find_account(passwd, name, &account, out) < 0)
		return -1;
	if (*group_name && find_group(group, group_name, false, &account.gid, out) < 0)
		return -1;
	/* The primary group is a member of the list: a process must not get around a group's
	 * denial. */
	if (add_gid(&gids, account.gid, out) < 0)
		return -1;
	if (!*group_name && account.name && add_memberships(group, account.name, &gids, out) < 0)
		return -1;
	for (size_t i = 0; groups && i < groups->count; i++) {
		gid_t gid = 0;

		if (find_group(group, groups->items[i], true, &gid, out) < 0 ||
			add_gid(&gids, gid, out) < 0)
			return -1;
	}
	if (ret_home) {
		home = strdup(account.home);
		if (!home)
			return fail(out, ENOMEM, "user", "cannot resolve the user");
		*ret_home = take(home);
	}
	free(ret->additional_gids);
	ret->uid = account.uid;
	ret->gid = account.gid;
	ret->additional_gids = take(gids.items);
	ret->additional_gid_count = gids.count;
	return 0;
}

int users_home(int root_fd, uid_t uid, char **ret, struct failure *out)
{
	auto_free char *passwd = NULL;
	struct account account;
	char name[16];

	/* Beyond Docker's range nobody has an entry. */
	if (uid > MAXIMUM_ID)
		account = (struct account){.home = "/"};
	else {
		snprintf(name, sizeof(name), "%u", uid);
		if (read_database(root_fd, "etc/passwd", &passwd, out) < 0 ||
			find_account(passwd, name, &account, out) < 0)
			return -1;
	}
	*ret = strdup(account.home);
	return *ret ? 0 : fail(out, ENOMEM, "user", "cannot resolve the user");
}

int users_find_owner(int passwd_fd, int group_fd, const char *text, uid_t *ret_uid, gid_t *ret_gid,
	struct failure *out)
{
	auto_free char *passwd = NULL, *group = NULL, *name = strdup(text);
	char *colon = name ? strchr(name, ':') : NULL;
	struct account account = {0};
	long long number;

	if (!name)
		return fail(out, ENOMEM, "user", "cannot resolve the owner");
	if (colon)
		*colon++ = '\0';
	if (read_text(passwd_fd, "etc/passwd", &passwd, out) < 0 ||
		read_text(group_fd, "etc/group", &group, out) < 0)
		return -1;
	if (parse_number(name, &number)) {
		if (check_range(number, out) < 0)
			return -1;
		account.uid = (uid_t)number;
		account.gid = (gid_t)number;
	} else if (*name && passwd_fd < 0) {
		/* BuildKit's words where nobody could know the name. */
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "user", "invalid user index: -1");
	} else if (*name && find_account(passwd, name, &account, out) < 0) {
		if (out->kind != FAILURE_NO_USER)
			return -1;
		account = (struct account){0};
	}
	if (colon && parse_number(colon, &number)) {
		if (check_range(number, out) < 0)
			return -1;
		account.gid = (gid_t)number;
	} else if (colon && *colon && find_group(group, colon, false, &account.gid, out) < 0 &&
		   out->kind != FAILURE_NO_USER) {
		return -1;
	}
	*ret_uid = account.uid;
	*ret_gid = account.gid;
	return 0;
}
