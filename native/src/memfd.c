/* SPDX-License-Identifier: Apache-2.0 */
#include "memfd.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "identity.h"
#include "scope.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* As many bytes of the linker's build id as tell versions apart. It is only for the name, to pass
 * over other versions: before a copy is used, all of it is compared. */
enum { BUILD_ID_BYTES = 8 };

enum { SEAL_ATTEMPTS = 50, SEAL_PAUSE_NS = 10000000 };

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

struct image {
	const unsigned char *bytes;
	size_t length;
};

static void unmap_image(struct image *image)
{
	if (image->length > 0)
		munmap((void *)(uintptr_t)image->bytes, image->length);
}

static int map_image(int fd, struct image *ret)
{
	struct stat file;
	void *bytes;

	if (fstat(fd, &file) < 0)
		return -1;
	if (!S_ISREG(file.st_mode) || file.st_size <= 0) {
		errno = ENOEXEC;
		return -1;
	}
	bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -1;
	*ret = (struct image){.bytes = bytes, .length = (size_t)file.st_size};
	return 0;
}

static int find_build_id(struct dl_phdr_info *program, size_t size, void *data)
{
	char *text = data;

	(void)size;
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
		const unsigned char *at =
			(const unsigned char *)program->dlpi_addr + segment->p_vaddr;
		const unsigned char *end = at + segment->p_memsz;

		if (segment->p_type != PT_NOTE)
			continue;
		while (at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const unsigned char *id =
				at + sizeof(*note) + ((note->n_namesz + 3U) & ~3U);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz >= BUILD_ID_BYTES) {
				for (size_t byte = 0; byte < BUILD_ID_BYTES; byte++)
					snprintf(text + 2 * byte, 3, "%02x", id[byte]);
				return 1;
			}
			at = id + ((note->n_descsz + 3U) & ~3U);
		}
	}
	return 1; /* a static program has no other objects */
}

static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

static bool runs_sealed(void)
{
	static const char prefix[] = "/memfd:lighter-native:" LIGHTER_VERSION "-";
	auto_close int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char link[128];
	ssize_t length = readlink("/proc/self/exe", link, sizeof(link) - 1);

	if (self < 0 || length < 0)
		return false;
	link[length] = '\0';
	return strncmp(link, prefix, sizeof(prefix) - 1) == 0 && is_sealed(self);
}

/* The executable of one lender, when it is a sealed copy of this very program. */
static int open_lent(const char *entry, const char *name, const struct image *self)
{
	char path[64], link[160];
	struct identity lender;
	struct image image;
	ssize_t length;
	bool same;
	long pid = strtol(entry, NULL, 10);

	if (pid <= 0 || pid > INT_MAX)
		return -1;
	snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0)
		return -1;
	link[length] = '\0';
	if (strncmp(link, "/memfd:", 7) != 0 || strncmp(link + 7, name, strlen(name)) != 0)
		return -1;
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || identity_of((pid_t)pid, &lender) < 0 || !is_sealed(fd) ||
		map_image(fd, &image) < 0)
		return -1;
	same = image.length == self->length && memcmp(image.bytes, self->bytes, image.length) == 0;
	unmap_image(&image);
	return same ? take_fd(&fd) : -1;
}

static int borrow(const char *runtime_dir, const char *name, const struct image *self)
{
	auto_closedir DIR *lenders = NULL;
	char path[PATH_MAX];
	const struct dirent *entry;
	int tries = 0;

	if (!runtime_dir ||
		snprintf(path, sizeof(path), "%s/lenders", runtime_dir) >= (int)sizeof(path))
		return -1;
	lenders = opendir(path);
	if (!lenders)
		return -1;
	while ((entry = readdir(lenders))) {
		int fd;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		fd = open_lent(entry->d_name, name, self);
		/* Of many lenders nearly all would do: do not look at each in vain. */
		if (fd >= 0 || ++tries == 16)
			return fd;
	}
	return -1;
}

static int write_all(int fd, const struct image *image)
{
	size_t done = 0;

	while (done < image->length) {
		ssize_t written = retry_eintr(write(fd, image->bytes + done, image->length - done));

		if (written < 0)
			return -1;
		done += (size_t)written;
	}
	return 0;
}

/* Pages that were just written may be held for a moment by whatever the kernel does with memory
 * beside us: it waits for that a little, and then answers EBUSY (fcntl(2), F_SEAL_WRITE). */
static int seal(int fd)
{
	const struct timespec pause = {.tv_nsec = SEAL_PAUSE_NS};

	for (int attempt = 1; fcntl(fd, F_ADD_SEALS, SEALS) < 0; attempt++) {
		if (errno != EBUSY || attempt == SEAL_ATTEMPTS)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int make_copy(const char *name, const struct image *self)
{
	/* MFD_EXEC says that it is meant to be executed (Linux 6.3); older kernels know no such
	 * flag. */
	auto_close int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	auto_close int read_only = -1;
	char path[64];

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write_all(fd, self) < 0 || fchmod(fd, 0555) < 0 || seal(fd) < 0)
		return -1;
	/* A file that is open for writing cannot be executed. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	return take_fd(&read_only);
}

int memfd_ensure(char **argv, const char *runtime_dir, struct failure *out)
{
	auto_close int self = -1;
	auto_close int copy = -1;
	struct image image;
	char name[96], build_id[2 * BUILD_ID_BYTES + 1] = "";

	if (runs_sealed())
		return 0;
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0 || map_image(self, &image) < 0)
		return fail(out, errno, "memfd", "cannot read the program's own file");
	dl_iterate_phdr(find_build_id, build_id);
	snprintf(name, sizeof(name), "lighter-native:%s-%s", LIGHTER_VERSION, build_id);
	copy = borrow(runtime_dir, name, &image);
	if (copy < 0)
		copy = make_copy(name, &image);
	unmap_image(&image);
	if (copy < 0)
		return fail(out, errno, "memfd", "cannot make a sealed copy of the program");
	syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
	return fail(out, errno, "memfd", "cannot execute the sealed copy of the program");
}
