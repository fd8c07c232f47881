/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "id_map.h"
#include "json_read.h"
#include "plan_parts.h"
#include "scope.h"

enum { PLAN_SIZE_MAX = 1024 * 1024 };

/* Becomes part of fuse-overlayfs' options. */
static int get_mapping(json_t *object, const char *name, char **ret, struct failure *out)
{
	if (plan_get_text(object, name, OPTIONAL, ret, out) < 0)
		return -1;
	if (*ret && (!**ret || strspn(*ret, "0123456789:") != strlen(*ret)))
		return plan_bad(out, name, "must be numbers and colons");
	return 0;
}

int plan_read_rootfs(json_t *object, struct plan_rootfs *ret, struct failure *out)
{
	static const char *const known[] = {
		"driver", "lower", "upper", "work", "program", "uidMapping", "gidMapping", NULL};
	static const char *const drivers[] = {"overlay", "fuse-overlayfs", "copy"};
	int driver = 0;

	if (plan_check_members(object, "rootfs", known, out) < 0 ||
		plan_get_choice(object, "driver", drivers, array_size(drivers), &driver, out) < 0 ||
		plan_get_list(object, "lower", true, &ret->lower, out) < 0 ||
		plan_get_path(object, "upper", REQUIRED, &ret->upper, out) < 0 ||
		plan_get_path(object, "work", REQUIRED, &ret->work, out) < 0 ||
		plan_get_path(object, "program",
			driver == ROOTFS_FUSE_OVERLAYFS ? REQUIRED : OPTIONAL, &ret->program,
			out) < 0 ||
		get_mapping(object, "uidMapping", &ret->uid_mapping, out) < 0 ||
		get_mapping(object, "gidMapping", &ret->gid_mapping, out) < 0)
		return -1;
	ret->driver = (enum rootfs_driver)driver;
	if (driver != ROOTFS_FUSE_OVERLAYFS && (ret->uid_mapping || ret->gid_mapping))
		return plan_bad(out, "rootfs.uidMapping", "needs the driver fuse-overlayfs");
	if (driver != ROOTFS_COPY && ret->lower.count == 0)
		return plan_bad(out, "rootfs.lower", "must name at least one layer");
	return 0;
}

static int read_stdio(json_t *object, struct plan *plan, struct failure *out)
{
	static const char *const known[] = {"terminal", "stdin", "stdinOnce", NULL};

	if (plan_check_members(object, "stdio", known, out) < 0 ||
		plan_get_flag(object, "terminal", &plan->terminal, out) < 0 ||
		plan_get_flag(object, "stdin", &plan->open_stdin, out) < 0 ||
		plan_get_flag(object, "stdinOnce", &plan->stdin_once, out) < 0)
		return -1;
	return 0;
}

/* One line each: a second one would be another account. */
static int read_account(json_t *object, struct plan *plan, struct failure *out)
{
	static const char *const known[] = {"passwd", "group", NULL};

	if (!object)
		return 0;
	if (plan_check_members(object, "account", known, out) < 0 ||
		plan_get_text(object, "passwd", REQUIRED, &plan->passwd_entry, out) < 0 ||
		plan_get_text(object, "group", REQUIRED, &plan->group_entry, out) < 0)
		return -1;
	if (strchr(plan->passwd_entry, '\n') || strchr(plan->group_entry, '\n'))
		return plan_bad(out, "account", "must be one line each");
	return 0;
}

/* The id becomes part of paths and of socket names. */
static int check_id(const char *id, const char *name, struct failure *out)
{
	if (strlen(id) != 64 || strspn(id, "0123456789abcdef") != 64)
		return plan_bad(out, name, "must be 64 hexadecimal digits");
	return 0;
}

static int read_donor(json_t *object, struct plan *plan, struct failure *out)
{
	static const char *const known[] = {"id", "refusal", NULL};

	if (!object)
		return 0;
	if (plan_check_members(object, "donor", known, out) < 0 ||
		plan_get_text(object, "id", REQUIRED, &plan->donor, out) < 0 ||
		plan_get_text(object, "refusal", REQUIRED, &plan->donor_refusal, out) < 0)
		return -1;
	return check_id(plan->donor, "donor.id", out);
}

static int read_plan(json_t *root, struct plan *plan, struct failure *out)
{
	static const char *const known[] = {"version", "id", "dataDir", "runtimeDir", "idMap",
		"rootfs", "network", "stdio", "log", "autoRemove", "nameClaim", "removePaths",
		"populate", "user", "groups", "account", "donor", "runtime", "slice",
		"cgroupParent", "event", "restart", "health", "logging", "stopSignal", "atEnd",
		"fileSystems", "give", "step", NULL};

	if (plan_check_members(root, "the plan", known, out) < 0)
		return -1;
	if (json_integer_value(json_object_get(root, "version")) != 1)
		return plan_bad(out, "version", "must be 1");
	if (plan_get_text(root, "id", REQUIRED, &plan->id, out) < 0 ||
		check_id(plan->id, "id", out) < 0 ||
		plan_get_path(root, "dataDir", REQUIRED, &plan->data_dir, out) < 0 ||
		plan_get_path(root, "runtimeDir", REQUIRED, &plan->runtime_dir, out) < 0 ||
		id_map_parse(json_object_get(root, "idMap"), &plan->id_map, out) < 0 ||
		plan_read_rootfs(json_object_get(root, "rootfs"), &plan->rootfs, out) < 0 ||
		plan_read_network(json_object_get(root, "network"), &plan->network, out) < 0 ||
		read_stdio(json_object_get(root, "stdio"), plan, out) < 0)
		return -1;
	if (plan_get_path(root, "log", OPTIONAL, &plan->log_path, out) < 0 ||
		plan_get_flag(root, "autoRemove", &plan->auto_remove, out) < 0 ||
		plan_get_path(root, "nameClaim", OPTIONAL, &plan->name_claim, out) < 0 ||
		plan_get_list(root, "removePaths", true, &plan->remove_paths, out) < 0 ||
		plan_read_volumes(root, plan, out) < 0 ||
		plan_get_list(root, "atEnd", false, &plan->at_end, out) < 0 ||
		plan_get_text(root, "user", OPTIONAL, &plan->user, out) < 0 ||
		plan_get_list(root, "groups", false, &plan->groups, out) < 0 ||
		read_donor(json_object_get(root, "donor"), plan, out) < 0 ||
		read_account(json_object_get(root, "account"), plan, out) < 0 ||
		plan_get_path(root, "runtime", OPTIONAL, &plan->runtime, out) < 0 ||
		plan_get_text(root, "slice", OPTIONAL, &plan->slice, out) < 0 ||
		plan_get_path(root, "cgroupParent", OPTIONAL, &plan->cgroup_parent, out) < 0 ||
		plan_read_monitor(root, plan, out) < 0 ||
		plan_read_step(json_object_get(root, "step"), plan, out) < 0)
		return -1;
	plan->rootfs.throwaway = plan->auto_remove || plan->step;
	return 0;
}

static json_t *parse_file(const char *path, struct failure *out)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	json_error_t error;
	struct stat file;
	json_t *root;

	if (fd < 0 || fstat(fd, &file) < 0) {
		fail(out, errno, "plan", "cannot read %s", path);
		return NULL;
	}
	if (!S_ISREG(file.st_mode) || file.st_size > PLAN_SIZE_MAX) {
		plan_bad(out, "the file", "is no regular file or too large");
		return NULL;
	}
	root = json_read(fd, PLAN_SIZE_MAX, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_kind(out, FAILURE_BAD_INPUT, 0, "plan", "plan.json, line %d: %s", error.line,
			error.text);
	return root;
}

int plan_load(const char *container_dir, struct plan **ret, struct failure *out)
{
	return plan_load_from(container_dir, container_dir, ret, out);
}

int plan_load_from(
	const char *directory, const char *container_dir, struct plan **ret, struct failure *out)
{
	struct plan *plan;
	char path[PATH_MAX];
	json_t *root;
	int result;

	if (container_dir[0] != '/')
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "plan",
			"the container's directory must be an absolute path");
	if (snprintf(path, sizeof(path), "%s/plan.json", directory) >= (int)sizeof(path))
		return fail(out, ENAMETOOLONG, "plan", "cannot read the plan");
	root = parse_file(path, out);
	if (!root)
		return -1;
	plan = calloc(1, sizeof(*plan));
	if (plan)
		plan->container_dir = strdup(container_dir);
	if (plan && plan->container_dir)
		result = read_plan(root, plan, out);
	else
		result = fail(out, ENOMEM, "plan", "cannot read the plan");
	json_decref(root);
	if (result < 0) {
		plan_free(plan);
		return -1;
	}
	*ret = plan;
	return 0;
}

void plan_clear_rootfs(struct plan_rootfs *rootfs)
{
	plan_clear_list(&rootfs->lower);
	free(rootfs->upper);
	free(rootfs->work);
	free(rootfs->program);
	free(rootfs->uid_mapping);
	free(rootfs->gid_mapping);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->id);
	free(plan->data_dir);
	free(plan->runtime_dir);
	free(plan->container_dir);
	id_map_clear(&plan->id_map);
	plan_clear_rootfs(&plan->rootfs);
	plan_clear_network(&plan->network);
	free(plan->log_path);
	free(plan->name_claim);
	plan_clear_list(&plan->remove_paths);
	plan_clear_list(&plan->at_end);
	plan_clear_volumes(plan);
	free(plan->user);
	plan_clear_list(&plan->groups);
	free(plan->donor);
	free(plan->donor_refusal);
	free(plan->passwd_entry);
	free(plan->group_entry);
	free(plan->runtime);
	free(plan->slice);
	free(plan->cgroup_parent);
	plan_clear_monitor(plan);
	plan_clear_step(plan);
	free(plan);
}
