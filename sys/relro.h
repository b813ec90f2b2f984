/* sys/relro.h - makes what relocation wrote read-only: pointers in constant tables, and the addresses of functions.
 *
 * A dynamic linker does this for the programs that it starts. A static program has none, and musl's start of one relocates
 * it without protecting it afterwards.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_RELRO_H
#define SYS_RELRO_H

/* Protects the pages of the segment GNU_RELRO for good. 0, also when the program has no such segment, or -errno. */
int relro_protect(void);

#endif
