/* sys/relro.c - see sys/relro.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/relro.h"

#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Rounds down at both ends, as musl's dynamic linker does: variables may follow in the last page. */
static int protect(struct dl_phdr_info *program, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &program->dlpi_phdr[i];
		uintptr_t start = (program->dlpi_addr + part->p_vaddr) & -page;
		uintptr_t end = (program->dlpi_addr + part->p_vaddr + part->p_memsz) & -page;

		if (part->p_type == PT_GNU_RELRO && end > start && mprotect((void *)start, end - start, PROT_READ))
			return -errno;
	}
	return 0;
}

int relro_protect(void)
{
	return dl_iterate_phdr(protect, NULL);
}
