/* floor.c - the floor of a boot: loads the modules that /modules/order names, in that order, and nothing else.
 *
 * What the kernel needs for the same modules, one after the other, with its grace periods shortened as the product does it.
 * Then it becomes /sbin/init, which is root.c, and tells the time.
 */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPEDITED "/sys/kernel/rcu_expedited"

static char order[16384];

static void write_digit(const char *path, char digit)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &digit, 1) != 1)
		dprintf(1, "floor: %s: %s\n", path, strerror(errno));
	close(fd);
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		dprintf(1, "floor: %s: %s\n", path, strerror(errno));
	close(fd);
}

int main(int argc, char *argv[])
{
	int fd = open("/modules/order", O_RDONLY | O_CLOEXEC);
	char *rest = order, *name;

	(void)argc;
	if (fd < 0 || read(fd, order, sizeof(order) - 1) < 0 || chdir("/modules"))
		return 1;
	close(fd);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	write_digit(EXPEDITED, '1');
	while ((name = strsep(&rest, "\n")))
		if (*name)
			load(name);
	write_digit(EXPEDITED, '0');
	umount2("/sys", MNT_DETACH);
	argv[0] = "/sbin/init";
	execv(argv[0], argv);
	return 1;
}
