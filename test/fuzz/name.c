/* Names and RFC 4173 root paths, as DHCP servers and command lines bring them: what is taken is legal and whole. */
/* SPDX-License-Identifier: MIT */
#include "proto/name.h"

#include <string.h>

#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct root_path path;
	const char *why;

	require(name_check((const char *)data, size, &why) || (!why && size <= NAME_MAX_BYTES));
	if (name_root_path((const char *)data, size, &path, &why))
		return 0;
	require(path.port && name_is_usable(text_of(path.target)) && name_has_type(text_of(path.target)));
	return 0;
}
