/* Says about an image what proto/superblock and proto/partition say, as `blkid -p -o export` would:
   superblock_dump FILE [SECTOR-SIZE PARTITION] */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/partition.h"
#include "proto/superblock.h"

static int get(void *context, uint64_t offset, void *buffer, size_t n)
{
	return pread(*(int *)context, buffer, n, (off_t)offset) == (ssize_t)n ? 0 : -EIO;
}

static void say(const char *key, const char *value)
{
	if (value[0])
		printf("%s=%s\n", key, value);
}

static int say_superblock(const struct disk *disk)
{
	struct superblock found;
	int error = superblock_probe(disk, &found);

	if (!error) {
		say("LABEL", found.label);
		say("TYPE", found.type);
		say("UUID", found.uuid);
	}
	return error;
}

static int say_partition(const struct disk *disk, char **args)
{
	struct partition found;
	int error = partition_find(disk, (unsigned)atoi(args[0]), (unsigned)atoi(args[1]), &found);

	if (!error) {
		say("PARTLABEL", found.label);
		say("PARTUUID", found.uuid);
		printf("SIZE=%llu\nSTART=%llu\n", (unsigned long long)found.sectors,
		       (unsigned long long)found.first_lba);
	}
	return error;
}

int main(int count, char **args)
{
	int fd = count == 2 || count == 4 ? open(args[1], O_RDONLY | O_CLOEXEC) : -1;
	struct disk disk = {.get = get, .context = &fd};
	struct stat status;
	int error;

	if (fd < 0 || fstat(fd, &status) < 0) {
		fprintf(stderr, "superblock_dump: no file, or not: FILE [SECTOR-SIZE PARTITION]\n");
		return 2;
	}
	disk.size = (uint64_t)status.st_size;
	error = count == 4 ? say_partition(&disk, args + 2) : say_superblock(&disk);
	if (error)
		fprintf(stderr, "superblock_dump: %s\n", strerror(-error));
	return error != 0;
}
