/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "check.h"
#include "id_map.h"
#include "scope.h"
#include "userns.h"
#include "watch.h"

/* Of root's ids; nobody's on this machine, or of a user who is far away. */
#define ROOT_RANGE 2000000000U
#define RANGE 65536U

#define NEWUIDMAP "/usr/bin/newuidmap"
#define NEWGIDMAP "/usr/bin/newgidmap"

/* The first id of the user's range in /etc/subuid or /etc/subgid; 0 = none that is large enough. */
static unsigned find_range(const char *file, const char *user)
{
	auto_fclose FILE *lines = fopen(file, "re");
	char line[256];

	while (lines && fgets(line, sizeof(line), lines)) {
		size_t length = strcspn(line, ":");
		unsigned first, count;

		if (line[length] == ':' && strlen(user) == length &&
			strncmp(line, user, length) == 0 &&
			sscanf(line + length, ":%u:%u", &first, &count) == 2 && count >= RANGE - 1)
			return first;
	}
	return 0;
}

/* Whether root has these ids: in a container it has not all. */
static bool has_ids(unsigned first)
{
	auto_fclose FILE *lines = fopen("/proc/self/uid_map", "re");
	unsigned inside, outside, count;

	while (lines && fscanf(lines, "%u %u %u", &inside, &outside, &count) == 3)
		if (first >= inside && first - inside < count && count - (first - inside) >= RANGE)
			return true;
	return false;
}

/* The map of the world in the machine: a range for root, the user and a range for others, or the
 * user alone. */
static char *outer_map(bool *ret_single)
{
	const struct passwd *user = getpwuid(getuid());
	unsigned uids = user ? find_range("/etc/subuid", user->pw_name) : 0;
	unsigned gids = user ? find_range("/etc/subgid", user->pw_name) : 0;
	char *text;

	*ret_single = false;
	if (getuid() == 0 && (has_ids(ROOT_RANGE) || has_ids(0))) {
		unsigned first = has_ids(ROOT_RANGE) ? ROOT_RANGE : 0;

		must(asprintf(&text, "{\"uids\":[[0,%u,%u]],\"gids\":[[0,%u,%u]]}", first, RANGE,
			     first, RANGE) > 0);
	} else if (uids && gids && access(NEWUIDMAP, X_OK) == 0 && access(NEWGIDMAP, X_OK) == 0) {
		must(asprintf(&text,
			     "{\"uids\":[[0,%u,1],[1,%u,%u]],\"gids\":[[0,%u,1],[1,%u,%u]],"
			     "\"newuidmap\":\"" NEWUIDMAP "\",\"newgidmap\":\"" NEWGIDMAP "\"}",
			     getuid(), uids, RANGE - 1, getgid(), gids, RANGE - 1) > 0);
	} else {
		*ret_single = true;
		must(asprintf(&text, "{\"uids\":[[0,%u,1]],\"gids\":[[0,%u,1]]}", getuid(),
			     getgid()) > 0);
	}
	return text;
}

/* The map of a target in the world: extents must not cross those of the world. */
static char *inner_map(bool single)
{
	char *text, extents[64];

	if (single)
		snprintf(extents, sizeof(extents), "[[0,0,1]]");
	else
		snprintf(extents, sizeof(extents), "[[0,0,1],[1,1,%u]]", RANGE - 1);
	must(asprintf(&text, "{\"uids\":%s,\"gids\":%s}", extents, extents) > 0);
	return text;
}

static void make_directory(const char *path, mode_t mode)
{
	must(mkdir(path, 0700) == 0 && chmod(path, mode) == 0, path);
}

static void make_file(const char *path, const char *text, mode_t mode)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	must(fchmod(fd, mode) == 0, path);
}

/* What an escape would want, and what is next to the way. */
static void furnish(void)
{
	static const char *const directories[] = {"etc", "bin", "root", "tmp", "dev", "proc", "var",
		"var/lib", AROUND + 1, PARENT + 1, BESIDE + 1, PARENT "/beside" + 1, "old"};

	for (size_t i = 0; i < array_size(directories); i++)
		make_directory(directories[i], 0755);
	make_file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0644);
	make_file("etc/shadow", "root:*:1::::::\n", 0600);
	make_file("bin/sh", "#!\n", 04755);
	make_file("x", "at the root\n", 0644);
	make_file(AROUND "/file" + 1, "around\n", 0644);
	make_file(AROUND "/x" + 1, "around\n", 0644);
	make_file(BESIDE "/file" + 1, "beside\n", 0640);
	make_file(PARENT "/x" + 1, "parent\n", 0666);
	make_file(PARENT "/beside/file" + 1, "neighbour\n", 0666);
	must(link(BESIDE "/file" + 1, BESIDE "/linked" + 1) == 0);
	must(symlink("file", BESIDE "/link" + 1) == 0);
	must(mkfifo(BESIDE "/fifo" + 1, 0666) == 0);
	/* Kernels before 5.8 let nobody make one. */
	(void)!mknod(BESIDE "/whiteout" + 1, S_IFCHR, 0);
	/* Kernels before 6.6 have no such attributes on tmpfs. */
	setxattr(BESIDE "/file" + 1, "user.canary", "yes", 3, 0);
}

static void make_root(void)
{
	const char *place = "/tmp";

	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(mount("world", place, "tmpfs", MS_NODEV | MS_NOSUID,
		     "mode=755,size=256m,nr_inodes=200000") == 0);
	must(chdir(place) == 0);
	furnish();
	must(mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) == 0);
	must(syscall(SYS_pivot_root, ".", "old") == 0);
	must(chdir("/") == 0 && umount2("old", MNT_DETACH) == 0);
}

void world_enter(struct world *ret)
{
	struct id_map map = {0};
	struct failure failure = {0};
	auto_free char *outer = outer_map(&ret->single);

	umask(022);
	must(id_map_parse_text(outer, &map, &failure) == 0, failure.message);
	must(userns_create(&map, CLONE_NEWNS, &failure) == 0, failure.message);
	id_map_clear(&map);
	make_root();
	ret->id_map = inner_map(ret->single);
	ret->quick = ret->whole = (struct bytes){0};
	watch_record(&ret->quick, false);
	watch_record(&ret->whole, true);
}

char *world_difference(const struct world *world, bool contents)
{
	const struct bytes *before = contents ? &world->whole : &world->quick;
	struct bytes now = {0};
	char *line = NULL;

	watch_record(&now, contents);
	if (now.size != before->size || memcmp(now.at, before->at, now.size) != 0)
		line = watch_compare(before, &now);
	bytes_free(&now);
	return line;
}

const char *world_is_impossible(void)
{
	struct world world;
	pid_t child = fork();
	int status;

	must(child >= 0);
	if (child == 0) {
		world_enter(&world);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child);
	return status == 0 ? NULL
			   : "no user namespace with a file system of its own can be made here";
}
