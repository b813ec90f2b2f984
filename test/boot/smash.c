/* As init: writes as many bytes as its first argument says into an array of 16 on its stack, and says when it comes back. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

__attribute__((noinline)) static void fill(volatile char *at, long count)
{
	while (count-- > 0)
		*at++ = 'x';
}

__attribute__((noinline)) static void write_bytes(long count)
{
	char array[16];

	fill(array, count);
}

static void say(const char *text)
{
	int console = open("/console", O_WRONLY);

	(void)!write(console, text, strlen(text));
	close(console);
}

int main(int argc, char *argv[])
{
	(void)mknod("/console", S_IFCHR | 0600, makedev(5, 1));
	say("SMASH-BEGINS\n");
	write_bytes(argc > 1 ? strtol(argv[1], NULL, 10) : 0);
	say("SMASH-SURVIVED\n");
	return reboot(RB_POWER_OFF);
}
