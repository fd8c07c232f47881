/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "check.h"
#include "layer_attributes.h"
#include "layer_path.h"
#include "scope.h"
#include "tree_walk.h"
#include "world.h"

static int open_directory(int directory, const char *name)
{
	return openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The names of a file's attributes, one after the other, each with its NUL. */
static size_t list_attributes(int fd, char *names, size_t size)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = listxattr(path, names, size);
	return length > 0 ? (size_t)length : 0;
}

/* Contents of small files, targets of links, attributes. */
static void record_contents(
	struct bytes *ret, int directory, const char *name, const struct stat *status)
{
	auto_close int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char text[4096], path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (S_ISLNK(status->st_mode)) {
		ssize_t length = readlinkat(fd, "", text, sizeof(text));

		bytes_add(ret, text, length > 0 ? (size_t)length : 0);
	} else if (S_ISREG(status->st_mode)) {
		auto_close int file = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t length = file < 0 ? -1 : read(file, text, sizeof(text));

		bytes_add(ret, text, length > 0 ? (size_t)length : 0);
	}
	for (size_t used = 0, size = list_attributes(fd, text, sizeof(text)); used < size;
		used += strlen(text + used) + 1)
		bytes_print(ret, " %s", text + used);
}

struct recording {
	struct bytes *ret;
	bool contents;
	char where[PATH_MAX];
};

static void record(const struct recording *recording, int directory, const char *name)
{
	struct bytes *ret = recording->ret;
	struct stat status;

	must(fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0, name);
	bytes_print(ret, "%s/%s: %o %u:%u inode %llu, size %lld, ", recording->where, name,
		status.st_mode, status.st_uid, status.st_gid, (unsigned long long)status.st_ino,
		(long long)(S_ISDIR(status.st_mode) ? 0 : status.st_size));
	/* The target comes and goes in its parent, and proc lives. */
	if (strcmp(name, "parent") != 0 && strcmp(name, "proc") != 0)
		bytes_print(ret, "%u links, %lld.%ld %lld.%ld ", (unsigned)status.st_nlink,
			(long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
			(long long)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
	if (recording->contents)
		record_contents(ret, directory, name, &status);
	bytes_add(ret, "", 1);
}

static void record_entry(void *context, int directory, const char *name)
{
	struct recording *recording = context;

	record(recording, directory, name);
}

static int record_directory(void *context, int directory, const char *name)
{
	struct recording *recording = context;
	size_t length = strlen(recording->where);

	/* At the top there is only our proc; what is called like the target elsewhere counts. */
	if (strcmp(name, TARGET_NAME) == 0 && strcmp(recording->where, PARENT) == 0)
		return -1;
	record(recording, directory, name);
	if (length == 0 && strcmp(name, "proc") == 0)
		return -1;
	snprintf(recording->where + length, sizeof(recording->where) - length, "/%s", name);
	return open_directory(directory, name);
}

static enum tree_leave leave_directory(
	void *context, int directory, const char *name, unsigned attempt)
{
	struct recording *recording = context;

	(void)directory, (void)name, (void)attempt;
	*strrchr(recording->where, '/') = '\0';
	return TREE_DONE;
}

void watch_record(struct bytes *ret, bool contents)
{
	struct recording recording = {.ret = ret, .contents = contents};
	const struct tree_visitor visitor = {.context = &recording,
		.ordered = true,
		.entry = record_entry,
		.open = record_directory,
		.leave = leave_directory};

	record(&recording, AT_FDCWD, "/");
	must(tree_walk(open_directory(AT_FDCWD, "/"), &visitor) == 0);
}

char *watch_compare(const struct bytes *before, const struct bytes *now)
{
	const char *one = (const char *)before->at, *other = (const char *)now->at;
	size_t used = 0, others = 0;
	char *line = NULL;

	while (used < before->size && others < now->size &&
		strcmp(one + used, other + others) == 0) {
		used += strlen(one + used) + 1;
		others += strlen(other + others) + 1;
	}
	must(asprintf(&line, "outside the target: was '%s', is '%s'",
		     used < before->size ? one + used : "",
		     others < now->size ? other + others : "") > 0);
	return line;
}

struct inspection {
	enum trial_kind kind;
	dev_t device;
	char *fault;
};

static void find_fault(struct inspection *inspection, const char *name, const char *what)
{
	if (!inspection->fault)
		must(asprintf(&inspection->fault, "in the target: '%.100s' %s", name, what) > 0);
}

static void inspect_attributes(
	struct inspection *inspection, int fd, const struct stat *status, const char *name)
{
	static char names[128 * 1024];
	size_t size = list_attributes(fd, names, sizeof(names));
	char path[64], value[2];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t used = 0; used < size; used += strlen(names + used) + 1) {
		const char *attribute = names + used;

		if (strcmp(attribute, OPAQUE_ATTRIBUTE) == 0 && inspection->kind != TRIAL_COPY) {
			if (!S_ISDIR(status->st_mode) ||
				getxattr(path, attribute, value, sizeof(value)) != 1 ||
				value[0] != 'y')
				find_fault(inspection, name, "has a forged opaque mark");
		} else if (strcmp(attribute, OWNER_ATTRIBUTE) == 0) {
			if (inspection->kind != TRIAL_SQUASHED)
				find_fault(inspection, name, "has a forged owner");
		} else if (!layer_attribute_is_wanted(attribute)) {
			find_fault(inspection, name, attribute);
		}
	}
}

static void inspect(void *context, int directory, const char *name)
{
	struct inspection *inspection = context;
	auto_close int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		find_fault(inspection, name, "cannot be looked at");
		return;
	}
	if (status.st_dev != inspection->device)
		find_fault(inspection, name, "is on another file system");
	if (S_ISBLK(status.st_mode) || S_ISSOCK(status.st_mode) ||
		(S_ISCHR(status.st_mode) && status.st_rdev != makedev(0, 0)))
		find_fault(inspection, name, "is a device");
	if (inspection->kind != TRIAL_LAYER && (status.st_uid != 0 || status.st_gid != 0))
		find_fault(inspection, name, "belongs to somebody else");
	if (inspection->kind == TRIAL_COPY) {
		if (!S_ISLNK(status.st_mode) && (status.st_mode & (S_ISUID | S_ISGID)))
			find_fault(inspection, name, "runs as its owner");
	} else if (strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0 &&
		   (strcmp(name, ".wh..wh..opq") != 0 || status.st_size != 0)) {
		find_fault(inspection, name, "has the name of a mark");
	}
	if (!S_ISLNK(status.st_mode))
		inspect_attributes(inspection, fd, &status, name);
}

static int inspect_directory(void *context, int directory, const char *name)
{
	inspect(context, directory, name);
	return open_directory(directory, name);
}

char *watch_target(enum trial_kind kind)
{
	struct inspection inspection = {.kind = kind};
	const struct tree_visitor visitor = {
		.context = &inspection, .entry = inspect, .open = inspect_directory};
	struct stat status;
	int target = open_directory(AT_FDCWD, TARGET);

	if (target < 0) {
		must(errno == ENOENT);
		return NULL;
	}
	must(fstat(target, &status) == 0);
	inspection.device = status.st_dev;
	inspect(&inspection, AT_FDCWD, TARGET);
	must(tree_walk(target, &visitor) == 0);
	return inspection.fault;
}
