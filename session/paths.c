/* paths.c - see paths.h. kernel: drivers/md/dm-mpath.c, multipath_message */
/* SPDX-License-Identifier: MIT */
#include "session/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/log.h"
#include "sys/sysfs.h"

int paths_name(int sysfs, const char *device, char name[static DM_TEXT_MAX])
{
	char path[64];

	snprintf(path, sizeof(path), "class/block/%s/dm/name", device);
	return sysfs_read(sysfs, path, name, DM_TEXT_MAX) > 0 ? 0 : -ENOENT;
}

bool paths_number(int sysfs, const char *block, char number[static PATHS_NUMBER_BYTES])
{
	char path[64];

	snprintf(path, sizeof(path), "class/block/%.40s/dev", block);
	return sysfs_read(sysfs, path, number, PATHS_NUMBER_BYTES) > 0;
}

/* The next word, as a number if it is one. "": no more. */
static long next(const char **at, char word[static PATHS_NUMBER_BYTES])
{
	size_t length = strcspn(*at += strspn(*at, " "), " ");

	snprintf(word, PATHS_NUMBER_BYTES, "%.*s", (int)length, *at);
	*at += length;
	return strtol(word, NULL, 10);
}

static void skip(const char **at, long words)
{
	for (char word[PATHS_NUMBER_BYTES]; words > 0 && **at; words--)
		next(at, word);
}

/* kernel: multipath_status. Features and handler, each with the number of its words; groups; for each its state, its selector's
   words, paths, and how many words of the selector's stand behind each path, its state and its count of failures. */
struct path_status paths_status(const char *status, const char *number)
{
	struct path_status out = {0};
	const char *at = status;
	char word[PATHS_NUMBER_BYTES];

	skip(&at, next(&at, word));
	skip(&at, next(&at, word));
	out.groups = (int)next(&at, word);
	out.in_use = (int)next(&at, word);
	for (int group = 1; *at && !out.group; group++) {
		long paths, words;

		skip(&at, 1);
		skip(&at, next(&at, word));
		paths = next(&at, word);
		words = next(&at, word);
		for (; *at && paths > 0; paths--) {
			bool is = (next(&at, word), !strcmp(word, number));

			next(&at, word);
			if (is) {
				out.group = group;
				out.active = word[0] == 'A';
			}
			skip(&at, 1 + words);
		}
	}
	return out;
}

static int tell(int control, int sysfs, const struct unit *unit, const char *message)
{
	char map[DM_TEXT_MAX], number[PATHS_NUMBER_BYTES], text[DM_MESSAGE_MAX];
	int result;

	if (paths_name(sysfs, unit->map, map) || !paths_number(sysfs, unit->block, number))
		return 0;
	snprintf(text, sizeof(text), "%s %s", message, number);
	result = dm_message(control, map, text);
	log_debug("%s: %s (%s)%s%s", map, text, unit->block, result ? ": " : "", result ? strerror(-result) : "");
	return !result;
}

int paths_tell(int control, int sysfs, const struct unit *units, int count, const char *message)
{
	int told = 0;

	for (int i = 0; i < count; i++)
		if (units[i].map[0])
			told += tell(control, sysfs, &units[i], message);
	return told;
}
