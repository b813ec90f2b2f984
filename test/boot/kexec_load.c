/* kexec_load KERNEL COMMAND-LINE: has a kernel ready for the kexec way of ending a machine (kexec_file_load(2)). */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int kernel = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

	if (kernel < 0 || syscall(SYS_kexec_file_load, kernel, -1, strlen(argv[2]) + 1, argv[2],
				  (unsigned long)KEXEC_FILE_NO_INITRAMFS)) {
		perror("kexec_load");
		return 1;
	}
	return 0;
}
