/* libkmod_shim.c - what libkmod needs of a C library, small.
 *
 * libkmod matches the patterns of modules.alias and modprobe.d with fnmatch: musl's would bring 15 KiB of tables for
 * letters that no kernel name has. It can run "install" commands, with an environment for them, which this program never
 * lets it; and complete relative paths, which it is never given. Linked into libkmod.a, so that the linker finds these
 * before the C library's.
 */
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
   is ever taken up again. */
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

int system(const char *command)
{
	(void)command;
	return -1;
}

int setenv(const char *name, const char *value, int overwrite)
{
	(void)name;
	(void)value;
	(void)overwrite;
	return -1;
}

int unsetenv(const char *name)
{
	(void)name;
	return -1;
}

char *get_current_dir_name(void)
{
	return NULL;
}
