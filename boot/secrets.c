/* secrets.c - CHAP secrets from files, credentials and keys. See secrets.h. */
/* SPDX-License-Identifier: MIT */
#include "boot/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/credential.h"
#include "proto/wipe.h"
#include "sys/keyring.h"

#define FILE_BYTES_MAX 16384

struct file {
	const char *root;
	char text[FILE_BYTES_MAX];
	size_t length;
};

static int refuse(struct plan_error *error, const char *path, const char *what)
{
	char shown[TEXT_SHOWN];

	snprintf(error->text, sizeof(error->text), "the secrets of %s: %.200s", text_show(text_of(path), shown), what);
	return -EINVAL;
}

static const char *check_owner(const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return "is not a regular file";
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return "does not belong to root";
	if (status->st_mode & 077)
		return "can be read or written by others than its owner; its mode should be 0600";
	return NULL;
}

static int read_whole(int fd, struct file *file)
{
	ssize_t n = 1;

	file->length = 0;
	while (n > 0 && file->length < sizeof(file->text)) {
		n = read(fd, file->text + file->length, sizeof(file->text) - file->length);
		if (n < 0)
			return -errno;
		file->length += (size_t)n;
	}
	return file->length == sizeof(file->text) ? -EFBIG : 0;
}

static int open_file(const char *root, const char *path)
{
	char full[PATH_MAX];
	int n = snprintf(full, sizeof(full), "%s%s", root, path), fd;

	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* 0; -ENOENT, -EACCES (no message: the caller knows whether that is one); -EINVAL with *error. */
static int read_file(const char *path, struct file *file, struct plan_error *error)
{
	int fd = open_file(file->root, path), result;
	const char *trouble = NULL;
	struct stat status;

	if (fd == -ENOENT || fd == -EACCES)
		return fd;
	if (fd < 0)
		return refuse(error, path, strerror(-fd));
	result = fstat(fd, &status) ? -errno : 0;
	if (!result)
		trouble = check_owner(&status);
	if (!result && !trouble)
		result = read_whole(fd, file);
	close(fd);
	if (trouble)
		return refuse(error, path, trouble);
	return result ? refuse(error, path, strerror(-result)) : 0;
}

static int load_one(const char *path, struct chap_secret *secret, struct file *file, struct plan_error *error)
{
	struct fault fault = {0};
	int result;

	if (!path[0] || secret->length)
		return 0;
	result = read_file(path, file, error);
	if (result == -ENOENT || result == -EACCES)
		return refuse(error, path, result == -ENOENT ? "is not there" : strerror(EACCES));
	if (!result &&
	    credential_read_file((struct text){.at = file->text, .length = file->length}, secret, &fault) < 0)
		result = refuse(error, path, fault.text);
	return result;
}

static int load_files(struct target_plan *target, struct file *file, struct plan_error *error)
{
	struct fault fault = {0};

	if (load_one(target->secret_file, &target->chap.password, file, error) < 0 ||
	    load_one(target->secret_in_file, &target->chap.password_in, file, error) < 0)
		return -EINVAL;
	if ((target->secret_file[0] || target->secret_in_file[0]) && credential_check(target, &fault) < 0)
		return refuse(error, target->secret_file[0] ? target->secret_file : target->secret_in_file, fault.text);
	return 0;
}

/* ---- the table ---- */

static struct text next_field(struct text *line)
{
	size_t start = 0, end;

	while (start < line->length && strchr(" \t\r", line->at[start]))
		start++;
	for (end = start; end < line->length && !strchr(" \t\r", line->at[end]);)
		end++;
	*line = (struct text){.at = line->at + end, .length = line->length - end};
	return (struct text){.at = line->at - (end - start), .length = end - start};
}

static int take_fields(struct text line, struct target_plan *target, struct fault *fault)
{
	struct text field[4];

	for (int i = 0; i < 4; i++)
		field[i] = next_field(&line);
	if (!field[1].length || (field[2].length && !field[3].length) || next_field(&line).length)
		return fault_set(fault, NULL, "expected target, user, secret and perhaps the target's user and secret");
	if (credential_read_name(field[0], target->chap.username, fault) < 0 ||
	    credential_read_secret(field[1], &target->chap.password, target->secret_file, sizeof(target->secret_file),
				   fault) < 0)
		return -EINVAL;
	if (field[2].length && (credential_read_name(field[2], target->chap.username_in, fault) < 0 ||
				credential_read_secret(field[3], &target->chap.password_in, target->secret_in_file,
						       sizeof(target->secret_in_file), fault) < 0))
		return -EINVAL;
	return credential_check(target, fault);
}

/* The first line for this target; no line is no error. */
static int look_up(const struct file *table, struct target_plan *target, struct fault *fault, int *line)
{
	struct text rest = {.at = table->text, .length = table->length};

	for (*line = 1; rest.at; ++*line) {
		struct text fields = text_cut(&rest, '\n'), name = next_field(&fields);

		if (!name.length || name.at[0] == '#')
			continue;
		if (text_is(name, "*") || (target->name[0] && text_is_word(name, target->name)))
			return take_fields(fields, target, fault);
	}
	return 0;
}

static int load_table(struct plan *plan, struct file *table, struct plan_error *error)
{
	int result = read_file(SECRETS_FILE, table, error), line = 0;

	for (int i = 0; !result && i < plan->target_count; i++) {
		struct target_plan *target = &plan->targets[i];
		struct fault fault = {0};
		char what[300];

		if (target->wants_lease || target->chap.username[0] || look_up(table, target, &fault, &line) == 0)
			continue;
		snprintf(what, sizeof(what), "line %d: %s", line, fault.text);
		result = refuse(error, SECRETS_FILE, what);
	}
	return result == -ENOENT || result == -EACCES ? 0 : result;
}

/* ---- credentials and keys ---- */

#define CREDENTIAL_COUNT 4

struct place {
	const char *before, *after;                                       /* the name stands between them */
	ssize_t (*read)(const char *description, void *out, size_t size); /* NULL: a file */
};

static int read_place(const struct place *place, const char *name, char path[PATH_MAX], struct file *file,
		      struct plan_error *error)
{
	ssize_t n;

	snprintf(path, PATH_MAX, "%s%s%s", place->before, name, place->after);
	if (!place->read)
		return read_file(path, file, error);
	n = place->read(path, file->text, sizeof(file->text));
	file->length = n < 0 ? 0 : (size_t)n;
	return n == -ENOKEY ? -ENOENT : n < 0 ? refuse(error, path, strerror((int)-n)) : 0;
}

static int take_name(const struct file *file, char name[CHAP_NAME_MAX], struct fault *fault)
{
	struct text rest = {.at = file->text, .length = file->length}, line = text_cut(&rest, '\n');

	if (line.length && line.at[line.length - 1] == '\r')
		line.length--;
	return credential_take_name(line, name, fault);
}

static int take_credential(int i, const struct file *file, struct chap_config *chap, struct fault *fault)
{
	struct text content = {.at = file->text, .length = file->length};

	if (i % 2 == 0)
		return take_name(file, i ? chap->username_in : chap->username, fault);
	return credential_read_file(content, i > 1 ? &chap->password_in : &chap->password, fault);
}

/* A place with a user name is taken whole. -ENOENT: it has none. */
static int load_place(const struct place *place, struct target_plan *target, struct file *file,
		      struct plan_error *error)
{
	static const char *const names[CREDENTIAL_COUNT] = {"username", "password", "username_in", "password_in"};
	struct fault fault = {0};
	char path[PATH_MAX];

	for (int i = 0; i < CREDENTIAL_COUNT; i++) {
		int result = read_place(place, names[i], path, file, error);

		if ((result == -ENOENT || result == -EACCES) && i)
			continue;
		if (result)
			return result;
		result = take_credential(i, file, &target->chap, &fault);
		if (result)
			return refuse(error, path, fault.text);
	}
	snprintf(path, sizeof(path), "%s%s%s", place->before, "*", place->after);
	return credential_check(target, &fault) ? refuse(error, path, fault.text) : 0;
}

static int load_credentials(struct target_plan *target, struct file *file, struct plan_error *error)
{
	char given[PATH_MAX / 2] = "";
	const char *directory = getenv("CREDENTIALS_DIRECTORY"); /* systemd.exec(5) */
	const struct place places[] = {
		{given, "", NULL},
		{"/run/credentials/@initrd/iscsi.", "", NULL},
		{"/run/credentials/@system/iscsi.", "", NULL},
		{"/sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials/iscsi.", "/raw", NULL},
		{"iscsi-init:", "", keyring_read},
	};
	bool has_given = directory && directory[0] == '/' && strlen(directory) < sizeof(given) - sizeof("/iscsi.");
	int result = -ENOENT;

	if (has_given)
		snprintf(given, sizeof(given), "%s/iscsi.", directory);
	for (size_t i = has_given ? 0 : 1; result == -ENOENT && i < sizeof(places) / sizeof(places[0]); i++) {
		result = load_place(&places[i], target, file, error);
		result = result == -EACCES ? -ENOENT : result;
	}
	return result == -ENOENT ? 0 : result;
}

/* What an earlier look-up found, perhaps before the portal told the target's name. */
static void forget(struct target_plan *target)
{
	struct chap_config *chap = &target->chap;

	if (target->secret_looked_up) {
		chap->username[0] = chap->username_in[0] = '\0';
		target->secret_file[0] = target->secret_in_file[0] = '\0';
		wipe(&chap->password, sizeof(chap->password));
		wipe(&chap->password_in, sizeof(chap->password_in));
	}
	target->secret_looked_up = !target->wants_lease && !chap->username[0];
}

int secrets_load(struct plan *plan, const char *root, struct plan_error *error)
{
	struct file file = {.root = root};
	int result;

	error->text[0] = 0;
	for (int i = 0; i < plan->target_count; i++)
		forget(&plan->targets[i]);
	result = load_table(plan, &file, error);
	for (int i = 0; !result && i < plan->target_count; i++) {
		struct target_plan *target = &plan->targets[i];

		result = load_files(target, &file, error);
		if (!result && !target->wants_lease && !target->chap.username[0])
			result = load_credentials(target, &file, error);
	}
	wipe(file.text, sizeof(file.text));
	return result;
}
