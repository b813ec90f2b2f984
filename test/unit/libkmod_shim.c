/* The small fnmatch that libkmod gets says what the C library's says, for every pattern that names of modules can have. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define fnmatch              shim_fnmatch
#define system               shim_system
#define setenv               shim_setenv
#define unsetenv             shim_unsetenv
#define get_current_dir_name shim_get_current_dir_name
#include "deps/libkmod_shim.c"
#undef fnmatch
#undef system
#undef setenv
#undef unsetenv
#undef get_current_dir_name

extern int fnmatch(const char *pattern, const char *string, int flags);

static const char *const patterns[] = {
	"",
	"*",
	"?",
	"virtio:d00000001v*",
	"pci:v00001AF4d*sv*sd*bc*sc*i*",
	"crypto-crc32c",
	"of:N*T*Cvirtio,mmio*",
	"usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*",
	"a[bc]d",
	"a[!bc]d",
	"[a-c]*[0-9]",
	"[]]x",
	"a\\*b",
	"a\\?",
	"*a*a*b",
	"fs-*",
	"dmi*:svnFoo*:",
	"x[",
};

static const char *const strings[] = {
	"",
	"a",
	"*",
	"virtio:d00000001v00001AF4",
	"virtio:d00000002v00001AF4",
	"pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00",
	"pci:v00001AF5d00001000sv",
	"crypto-crc32c",
	"crypto-crc32c-intel",
	"of:NvirtioTmmioCvirtio,mmio",
	"usb:v0781p5567d0127dc00dsc00dp00ic08isc06ip50in00",
	"abd",
	"acd",
	"aed",
	"b77",
	"c-x",
	"]x",
	"a*b",
	"axb",
	"a?",
	"aaaaab",
	"aaaaac",
	"fs-ext4",
	"dmi:bvn:svnFooBar:pn:",
	"x[",
};

static void every_pattern_matches_what_libc_says(void **state)
{
	(void)state;
	for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		for (size_t s = 0; s < sizeof(strings) / sizeof(strings[0]); s++) {
			int ours = shim_fnmatch(patterns[p], strings[s], 0);

			if (!ours != !fnmatch(patterns[p], strings[s], 0))
				fail_msg("\"%s\" against \"%s\": we say %d", patterns[p], strings[s], ours);
		}
	}
}

static void no_command_is_run(void **state)
{
	(void)state;
	assert_int_equal(shim_system("true"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pattern_matches_what_libc_says),
		cmocka_unit_test(no_command_is_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
