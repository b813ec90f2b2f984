/* Names and RFC 4173 root paths, as DHCP servers and command lines bring them: what is taken is legal and whole. */
/* SPDX-License-Identifier: MIT */
#include "proto/name.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct root_path path;
	const char *why;

	if (name_check((const char *)data, size, &why) == 0 && (why || size > NAME_MAX_BYTES))
		abort();
	if (name_root_path((const char *)data, size, &path, &why))
		return 0;
	if (!path.port || !name_is_usable(text_of(path.target)) || !name_has_type(text_of(path.target)))
		abort();
	return 0;
}
