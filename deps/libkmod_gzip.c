/* libkmod_gzip.c - reads a gzip file for libkmod, with gunzip.c.
 *
 * In place of libkmod-file-zlib.c: zlib, of which reading one module from its first to its last byte needs little, is
 * 15 KiB larger.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "gunzip.h"
#include "libkmod/libkmod-internal-file.h"

static int unpack(const void *packed, size_t packed_size, struct kmod_file *file)
{
	size_t size;
	void *memory;
	int result = gunzip_size(packed, packed_size, &size);

	if (result)
		return result;
	memory = malloc(size ? size : 1);
	if (!memory)
		return -ENOMEM;
	result = gunzip(packed, packed_size, memory, size);
	if (result) {
		free(memory);
		return result;
	}
	file->memory = memory;
	file->size = (off_t)size;
	return 0;
}

int kmod_file_load_zlib(struct kmod_file *file)
{
	struct stat status;
	void *packed;
	int result;

	if (fstat(file->fd, &status))
		return -errno;
	packed = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file->fd, 0);
	if (packed == MAP_FAILED)
		return -errno;
	result = unpack(packed, (size_t)status.st_size, file);
	munmap(packed, (size_t)status.st_size);
	return result;
}
