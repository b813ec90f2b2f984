/* iscsid_conf.c - see iscsid_conf.h. What iscsid reads at its start: open-iscsi's usr/iscsid.c and usr/initiator_common.c. */
/* SPDX-License-Identifier: MIT */
#include "session/iscsid_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/text.h"
#include "root/init.h"
#include "sys/log.h"

#define FILE_BYTES       16384 /* Debian's iscsid.conf has 13 KiB, most of it comment */
#define ISCSID_MD5       "MD5" /* the daemon's default where the file says nothing */
#define ISCSID_TIMEOUT_S 120

static struct text trim(struct text t)
{
	while (t.length && (*t.at == ' ' || *t.at == '\t')) {
		t.at++;
		t.length--;
	}
	while (t.length && (t.at[t.length - 1] == ' ' || t.at[t.length - 1] == '\t' || t.at[t.length - 1] == '\r'))
		t.length--;
	return t;
}

int iscsid_conf_setting(const char *text, size_t length, const char *key, char *out, size_t size)
{
	struct text rest = {text, length};
	int result = -ENOENT;

	out[0] = '\0';
	while (rest.length) {
		struct text line = text_cut(&rest, '\n');
		struct text name = trim(text_cut(&line, '='));

		line = trim(line);
		if (line.at && text_is(name, key) && !text_copy(line, out, size))
			result = (int)line.length;
	}
	return result;
}

/* The file's text; 0 where there is none. */
static size_t read_file(int root, const char *path, char *out, size_t size)
{
	int fd = init_open(root, path, O_RDONLY | O_NONBLOCK);
	ssize_t n = 0;
	size_t used = 0;

	while (fd >= 0 && used < size && (n = read(fd, out + used, size - used)) > 0)
		used += (size_t)n;
	if (fd >= 0)
		close(fd);
	return used;
}

static bool has_iscsid(int root)
{
	struct stat status;

	return !fstatat(root, "usr/sbin/iscsid", &status, AT_SYMLINK_NOFOLLOW) ||
	       !fstatat(root, "sbin/iscsid", &status, 0);
}

static int compare_name(const struct session *s, const char *text, size_t length)
{
	char name[NAME_MAX_BYTES + 1], shown[4 * NAME_MAX_BYTES];

	if (iscsid_conf_setting(text, length, "InitiatorName", name, sizeof(name)) < 0 ||
	    !strcmp(name, s->plan->initiator))
		return 0;
	log_warn("session %u is logged in as %s, but root's /etc/iscsi/initiatorname.iscsi says %s: iscsid will have "
		 "another name; make them the same",
		 s->sid, s->plan->initiator, log_safe(shown, sizeof(shown), name, strlen(name)));
	return 1;
}

static int compare_algorithm(const struct session *s, const char *text, size_t length)
{
	char list[128], shown[4 * sizeof(list)];
	struct text rest, one;
	const char *ours = chap_algorithm_name((enum chap_algorithm)s->chap_algorithm);

	if (!s->chap_algorithm)
		return 0;
	if (iscsid_conf_setting(text, length, "node.session.auth.chap_algs", list, sizeof(list)) < 0)
		memcpy(list, ISCSID_MD5, sizeof(ISCSID_MD5));
	for (rest = text_of(list); rest.length;) {
		one = trim(text_cut(&rest, ','));
		if (text_is_word(one, ours))
			return 0;
	}
	log_warn("session %u uses CHAP with %s, but root's iscsid.conf allows %s: iscsid will not get in again; set "
		 "node.session.auth.chap_algs",
		 s->sid, ours, log_safe(shown, sizeof(shown), list, strlen(list)));
	return 1;
}

static int compare_timeout(const struct session *s, const char *text, size_t length)
{
	char value[32];
	long theirs = ISCSID_TIMEOUT_S, ours = s->plan->params.value[PARAM_REPLACEMENT_TIMEOUT];

	if (iscsid_conf_setting(text, length, "node.session.timeo.replacement_timeout", value, sizeof(value)) > 0)
		theirs = strtol(value, NULL, 10);
	if (theirs < 0 || (ours >= 0 && theirs >= ours))
		return 0;
	log_warn("session %u: once iscsid has it, root's I/O fails %ld s after the target is lost (node.session.timeo."
		 "replacement_timeout in iscsid.conf); -1 holds it for ever, as here",
		 s->sid, theirs);
	return 1;
}

int iscsid_conf_compare(int root, const struct session *sessions, int count)
{
	char names[4096], settings[FILE_BYTES];
	size_t name_length, setting_length;
	int warnings = 0;

	if (!has_iscsid(root))
		return 0;
	name_length = read_file(root, "etc/iscsi/initiatorname.iscsi", names, sizeof(names));
	setting_length = read_file(root, "etc/iscsi/iscsid.conf", settings, sizeof(settings));
	for (int i = 0; i < count; i++) {
		if (sessions[i].state != SESSION_UP)
			continue;
		warnings += compare_name(&sessions[i], names, name_length);
		warnings += compare_algorithm(&sessions[i], settings, setting_length);
		warnings += compare_timeout(&sessions[i], settings, setting_length);
	}
	return warnings;
}
