/* libkmod_shim.c - what libkmod asks of the C library and this program never lets it use.
 *
 * Linked into libkmod.a, so that the linker finds these before musl's own: 19 KiB less of the program, most of it musl's
 * fnmatch with its tables of wide characters, and posix_spawn with a shell. Beside each stands why its answer is safe.
 */
/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stddef.h>

int fnmatch(const char *pattern, const char *string, int flags);
int system(const char *command);
int setenv(const char *name, const char *value, int overwrite);
int unsetenv(const char *name);
char *get_current_dir_name(void);

/* Does c stand in the set that begins behind '['? *end: behind its ']'; NULL when there is none. */
static bool in_set(const char *set, char c, const char **end)
{
	bool inverted = *set == '!' || *set == '^', found = false;
	const char *at = set + inverted;

	do {
		if (!*at) {
			*end = NULL;
			return false;
		}
		if (at[1] == '-' && at[2] && at[2] != ']') {
			found = found || (at[0] <= c && c <= at[2]);
			at += 3;
		} else {
			found = found || *at == c;
			at++;
		}
	} while (*at != ']');
	*end = at + 1;
	return found != inverted;
}

/* One character of the string against one element of the pattern; *next: behind the element. */
static bool matches_one(const char *pattern, char c, const char **next)
{
	bool matches;

	if (*pattern == '[') {
		matches = in_set(pattern + 1, c, next);
		if (*next)
			return matches;
	}
	if (*pattern == '?') {
		*next = pattern + 1;
		return true;
	}
	if (*pattern == '\\' && pattern[1])
		pattern++;
	*next = pattern + 1;
	return *pattern == c;
}

/* 0: it matches (POSIX 2.13, without flags, in the C locale); 1: it does not. A star needs no recursion: only the last one
   is ever taken up again.
   Safe: libkmod passes no flags, and what it matches (names and aliases of modules) is ASCII. Both strings end with a NUL,
   and no step goes behind it. test/unit/libkmod_shim.c compares with the host's own. */
int fnmatch(const char *pattern, const char *string, int flags)
{
	const char *star = NULL, *retry = NULL, *next;

	(void)flags;
	while (*string) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = string;
		} else if (*pattern && matches_one(pattern, *string, &next)) {
			pattern = next;
			string++;
		} else if (star) {
			pattern = star;
			string = ++retry;
		} else {
			return 1;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern != 0;
}

/* Safe: libkmod runs "install" commands with it, but only when nobody else does, and sys/modules.c does (replace_install).
   Were it reached, -1 would be reported as a command that could not be run. */
int system(const char *command)
{
	(void)command;
	return -1;
}

/* Safe: libkmod sets MODPROBE_MODULE for that command, and does not look at the result. */
int setenv(const char *name, const char *value, int overwrite)
{
	(void)name;
	(void)value;
	(void)overwrite;
	return -1;
}

/* Safe: as setenv, whose variable it takes back. */
int unsetenv(const char *name)
{
	(void)name;
	return -1;
}

/* Safe: asked only for a relative module directory. sys/modules.c gives absolute ones; NULL would be reported as an error. */
char *get_current_dir_name(void)
{
	return NULL;
}
