/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations of a request have in common. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "mode_change.h"
#include "onto_request.h"
#include "scope.h"
#include "users.h"

int onto_bad_request(const struct onto *onto, const char *member)
{
	return fail_kind(onto->layer.out, FAILURE_BAD_INPUT, 0, ONTO_STEP,
		"the request's \"%.50s\" is wrong", member);
}

const char *onto_text(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

int onto_open_file(struct onto *onto, const char *path, int *ret)
{
	char name[NAME_MAX + 1];
	struct stat status;
	int directory, result = later_finish(onto->later);

	if (result == 0)
		result = onto_locate(onto, path, NULL, name);

	if (result != 0)
		return result;
	directory = *name ? onto_find(onto, name, &status) : -1;
	if (directory < 0)
		return 1;
	*ret = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return *ret < 0 ? onto_cannot(onto, errno, "read", name) : 0;
}

static int find_owner(struct onto *onto, const char *text, struct onto_made *ret)
{
	auto_close int passwd = -1;
	auto_close int group = -1;

	if (onto_open_file(onto, "/etc/passwd", &passwd) < 0 ||
		onto_open_file(onto, "/etc/group", &group) < 0)
		return -1;
	return users_find_owner(passwd, group, text, &ret->uid, &ret->gid, onto->layer.out);
}

static bool is_id(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
	       json_integer_value(value) < UINT32_MAX;
}

static int read_owner(struct onto *onto, const json_t *value, struct onto_made *ret)
{
	const json_t *uid = json_object_get(value, "uid"), *gid = json_object_get(value, "gid");

	if (json_is_string(value))
		return find_owner(onto, json_string_value(value), ret);
	if (!is_id(uid) || !is_id(gid))
		return onto_bad_request(onto, "owner");
	ret->uid = (uid_t)json_integer_value(uid);
	ret->gid = (gid_t)json_integer_value(gid);
	return 0;
}

static int read_mode(struct onto_operation *ret, const json_t *value)
{
	if (json_is_integer(value)) {
		json_int_t mode = json_integer_value(value);

		if (mode < 0 || mode > 07777)
			return onto_bad_request(ret->onto, "mode");
		snprintf(ret->mode_text, sizeof(ret->mode_text), "%o", (unsigned)mode);
		ret->mode = ret->mode_text;
		return 0;
	}
	ret->mode = json_string_value(value);
	return ret->mode && mode_change_is_valid(ret->mode) ? 0
							    : onto_bad_request(ret->onto, "mode");
}

int onto_read_operation(struct onto *onto, const json_t *value, struct onto_operation *ret)
{
	const json_t *owner = json_object_get(value, "owner");
	const json_t *mode = json_object_get(value, "mode");
	const json_t *time = json_object_get(value, "time");

	*ret = (struct onto_operation){.onto = onto, .value = value, .made = {.mode = 0755}};
	if (time && !json_is_integer(time))
		return onto_bad_request(onto, "time");
	ret->made.is_timed = time != NULL;
	ret->made.time = json_integer_value(time);
	ret->has_owner = owner != NULL;
	if (owner && read_owner(onto, owner, &ret->made) < 0)
		return -1;
	return mode ? read_mode(ret, mode) : 0;
}
