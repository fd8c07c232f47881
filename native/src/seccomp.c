/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <jansson.h>
#include <nettle/sha2.h>
#include <seccomp.h>

#include "scope.h"
#include "seccomp_compile.h"

/* Changes whenever the same section would compile to something else. */
#define CACHE_TAG "lighter-seccomp-1"

struct cache_header {
	char magic[8];
	uint32_t flags;
	uint32_t count;
	uint8_t digest[SHA256_DIGEST_SIZE]; /* of the instructions */
};

static const char cache_magic[8] = "LTRBPF1";

static void digest(const void *bytes, size_t length, uint8_t ret[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, length, bytes);
	sha256_digest(&context, SHA256_DIGEST_SIZE, ret);
}

static size_t instructions_size(size_t count)
{
	return count * sizeof(struct sock_filter);
}

/* DIR/<hash>.bpf for this section, this libseccomp and this architecture. */
static char *cache_path(const json_t *section, const char *cache_dir)
{
	const struct scmp_version *version = seccomp_version();
	uint8_t hash[SHA256_DIGEST_SIZE];
	char name[2 * SHA256_DIGEST_SIZE + 1];
	auto_free char *canonical = json_dumps(section, JSON_SORT_KEYS | JSON_COMPACT);
	auto_free char *key = NULL;
	char *path;
	int length;

	if (!canonical || !version)
		return NULL;
	length = asprintf(&key, "%s %u.%u.%u %x %s", CACHE_TAG, version->major, version->minor,
		version->micro, seccomp_arch_native(), canonical);
	if (length < 0) {
		key = NULL;
		return NULL;
	}
	digest(key, (size_t)length, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(name + 2 * i, 3, "%02x", hash[i]);
	return asprintf(&path, "%s/%s.bpf", cache_dir, name) < 0 ? NULL : path;
}

static ssize_t read_fully(int fd, void *buffer, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t got = retry_eintr(read(fd, (char *)buffer + have, size - have));

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/* A filter from the cache, or NULL for anything that is not exactly one. */
static struct seccomp_filter *cache_read(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct cache_header header;
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct seccomp_filter *filter;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
		status.st_uid != geteuid() || (status.st_mode & 022))
		return NULL;
	if (read_fully(fd, &header, sizeof(header)) != (ssize_t)sizeof(header) ||
		memcmp(header.magic, cache_magic, sizeof(cache_magic)) != 0 || header.count == 0 ||
		header.count > BPF_MAXINSNS ||
		(size_t)status.st_size != sizeof(header) + instructions_size(header.count))
		return NULL;
	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return NULL;
	filter->flags = header.flags;
	filter->count = (unsigned short)header.count;
	filter->instructions = malloc(instructions_size(header.count));
	if (filter->instructions &&
		read_fully(fd, filter->instructions, instructions_size(header.count)) ==
			(ssize_t)instructions_size(header.count)) {
		digest(filter->instructions, instructions_size(header.count), hash);
		if (memcmp(hash, header.digest, sizeof(hash)) == 0)
			return filter;
	}
	seccomp_free(filter);
	return NULL;
}

/* DATA/cache/seccomp: the first filter makes the last two directories. */
static void make_cache(const char *path)
{
	auto_free char *directory = strdup(path);
	char *end = directory ? strrchr(directory, '/') : NULL;

	if (!end)
		return;
	*end = '\0';
	if (mkdir(directory, 0700) == 0 || errno != ENOENT || !(end = strrchr(directory, '/')))
		return;
	*end = '\0';
	(void)mkdir(directory, 0700);
	*end = '/';
	(void)mkdir(directory, 0700);
}

/* Best effort: a reader recognises a file that did not become whole. */
static void cache_write(const char *path, const struct seccomp_filter *filter)
{
	struct cache_header header = {.flags = filter->flags, .count = filter->count};
	size_t size = instructions_size(filter->count);
	auto_free char *draft = NULL;
	bool whole;

	memcpy(header.magic, cache_magic, sizeof(header.magic));
	digest(filter->instructions, size, header.digest);
	if (asprintf(&draft, "%s.XXXXXX", path) < 0) {
		draft = NULL;
		return;
	}
	make_cache(path);
	auto_close int fd = mkostemp(draft, O_CLOEXEC);

	if (fd < 0)
		return;
	whole = write(fd, &header, sizeof(header)) == (ssize_t)sizeof(header) &&
		write(fd, filter->instructions, size) == (ssize_t)size;
	if (!whole || rename(draft, path) < 0)
		unlink(draft);
}

/* libseccomp writes programs only to descriptors. */
static int export_program(
	scmp_filter_ctx context, struct seccomp_filter *filter, struct failure *out)
{
	auto_close int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct stat status;
	size_t count;
	int result;

	if (fd < 0)
		return fail(out, errno, "seccomp", "cannot make a memory file");
	result = seccomp_export_bpf(context, fd);
	if (result < 0)
		return fail(out, -result, "seccomp", "cannot compile the seccomp filter");
	if (fstat(fd, &status) < 0)
		return fail(out, errno, "seccomp", "cannot read the compiled seccomp filter");
	count = (size_t)status.st_size / sizeof(struct sock_filter);
	if (count == 0 || count > BPF_MAXINSNS)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "seccomp",
			"the seccomp filter has %zu instructions, the kernel takes up to %d", count,
			BPF_MAXINSNS);
	filter->count = (unsigned short)count;
	filter->instructions = malloc(instructions_size(count));
	if (!filter->instructions)
		return fail(out, ENOMEM, "seccomp", "cannot compile the seccomp filter");
	if (lseek(fd, 0, SEEK_SET) < 0 ||
		read_fully(fd, filter->instructions, instructions_size(count)) !=
			(ssize_t)instructions_size(count))
		return fail(out, errno, "seccomp", "cannot read the compiled seccomp filter");
	return 0;
}

int seccomp_compile(const struct json_t *section, const char *cache_dir,
	const struct seccomp_filter **ret, struct failure *out)
{
	auto_free char *path = cache_dir ? cache_path(section, cache_dir) : NULL;
	struct seccomp_filter *filter = path ? cache_read(path) : NULL;
	scmp_filter_ctx context = NULL;
	int result;

	if (filter) {
		*ret = filter;
		return 0;
	}
	filter = calloc(1, sizeof(*filter));
	if (!filter)
		return fail(out, ENOMEM, "seccomp", "cannot compile the seccomp filter");
	result = seccomp_translate(section, &context, &filter->flags, out);
	if (result == 0)
		result = export_program(context, filter, out);
	if (context)
		seccomp_release(context);
	if (result < 0) {
		seccomp_free(filter);
		return -1;
	}
	if (path)
		cache_write(path, filter);
	*ret = filter;
	return 0;
}

int seccomp_install(const struct seccomp_filter *filter, struct failure *out)
{
	struct sock_fprog program = {.len = filter->count, .filter = filter->instructions};
	long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program);

	if (result < 0)
		return fail(out, errno, "seccomp", "cannot install the seccomp filter");
	/* With TSYNC a positive result is the thread that could not follow. */
	if (result > 0)
		return fail(out, 0, "seccomp", "thread %ld cannot take over the seccomp filter",
			result);
	return 0;
}

void seccomp_free(const struct seccomp_filter *filter)
{
	if (!filter)
		return;
	free(filter->instructions);
	free((void *)filter);
}
