/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Unmaps a segment of the program that nobody writes: what is needed again comes from the file. */
static int drop_segments(struct dl_phdr_info *program, size_t size, void *data)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size, (void)data;
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
		uintptr_t start = program->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			(void)madvise((void *)(start & ~(page - 1)),
				segment->p_memsz + (start & (page - 1)), MADV_DONTNEED);
	}
	return 1; /* a static program has no other objects */
}

/* What only the start needed goes back to the kernel: memory, and the pages of the program that
 * made the start. */
void monitor_shrink(void)
{
	malloc_trim(0);
	dl_iterate_phdr(drop_segments, NULL);
}
