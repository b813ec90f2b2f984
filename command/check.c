/* check.c - what a boot with a command line would do. See check.h. */
/* SPDX-License-Identifier: MIT */
#include "command/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "boot/secrets.h"
#include "command/plan_json.h"
#include "command/plan_text.h"
#include "plan/boot_words.h"
#include "plan/credential.h"
#include "plan/doubts.h"
#include "plan/planning.h"
#include "plan/target_word.h"
#include "plan/words.h"

#define BEFORE_MAX 60 /* characters of a long word that are shown before the one that is wrong */
#define SHOWN_MAX  100

/* ---- a word with a mark below the character ---- */

/* Overwrites what stands behind every `key`, in any case, that begins an option or ends a name: up to the next comma, but up to
   the end behind the word's own name and behind open-iscsi's. */
static void hide_option(char *text, const char *key, const char *value)
{
	size_t length = strlen(key);

	for (char *at = text; *at; at++) {
		char before = at == text ? '.' : at[-1];
		bool whole = before == '.' || at + length == value;

		if (strncasecmp(at, key, length) != 0 || !strchr(",._", before))
			continue;
		for (char *hidden = at + length; *hidden && (whole || *hidden != ','); hidden++)
			*hidden = '*';
	}
}

/* Everything that may be a secret becomes '*', and what cannot be printed '?': the characters stay where they are. */
static void make_printable(char *text)
{
	static const char *const secret_words[] = {"password=", "password_in=", "pass=", "pass_in=", "secret="};
	char *at = strrchr(text, '@'), *equals = strchr(text, '=');

	for (size_t i = 0; i < sizeof(secret_words) / sizeof(secret_words[0]); i++)
		hide_option(text, secret_words[i], equals ? equals + 1 : NULL);
	for (char *c = equals ? equals + 1 : text; at && c < at; c++) /* user:password@, user%password@ */
		if (*c != ':' && *c != '%' && *c != '/')
			*c = '*';
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void print_marked(const struct cmdline *cmdline, struct position position, FILE *out)
{
	const struct word *word = &cmdline->words[position.word - 1];
	size_t begin = word->key, end = word->has_value ? word->value + word->value_length : begin + word->key_length;
	size_t mark = position.character - 1, from;
	char text[CMDLINE_BYTES_MAX + 1];

	if (mark < begin || mark > end)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)(end - begin), cmdline->text + begin);
	make_printable(text);
	mark -= begin;
	from = mark > BEFORE_MAX ? mark - BEFORE_MAX : 0;
	fprintf(out, "  %.*s\n  %*s^\n", SHOWN_MAX, text + from, (int)(mark - from), "");
}

/* ---- the verdict ---- */

static void add_secret_notes(struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++)
		if (credential_warning(&plan->targets[i]))
			plan_note(plan, "target %d: %s", i + 1, credential_warning(&plan->targets[i]));
}

static void print_notes(const struct cmdline *cmdline, const struct plan_notes *notes, FILE *out)
{
	for (int i = 0; i < notes->count; i++) {
		fprintf(out, "note: %s\n", notes->text[i]);
		if (notes->position[i].word)
			print_marked(cmdline, notes->position[i], out);
	}
	if (notes->count)
		fprintf(out, "OK, %d note%s\n", notes->count, notes->count == 1 ? "" : "s");
	else
		fprintf(out, "OK\n");
}

static void put_finding(struct json *json, const char *key, const char *text, struct position position)
{
	json_open(json, key, '{');
	json_string(json, "text", text);
	if (position.word) {
		json_number(json, "word", position.word);
		json_number(json, "character", (int64_t)position.character);
	}
	json_close(json, '}');
}

/* {"ok":true,"notes":[...],"network":{...},...} or {"ok":false,"error":{...}} */
static void print_json(const struct plan *plan, const struct plan_error *error, FILE *out)
{
	struct json json = {.out = out};

	json_open(&json, NULL, '{');
	json_boolean(&json, "ok", !error->text[0]);
	if (error->text[0]) {
		put_finding(&json, "error", error->text, error->position);
	} else {
		json_open(&json, "notes", '[');
		for (int i = 0; i < plan->notes.count; i++)
			put_finding(&json, NULL, plan->notes.text[i], plan->notes.position[i]);
		json_close(&json, ']');
		plan_json_print(plan, &json);
	}
	json_close(&json, '}');
	putc('\n', out);
}

static void print_text(const struct cmdline *cmdline, const struct plan *plan, const struct plan_error *error,
		       bool verbose, struct check_streams to)
{
	if (!error->text[0]) {
		plan_text_print(cmdline, plan, verbose, to.out);
		print_notes(cmdline, &plan->notes, to.out);
		return;
	}
	fprintf(to.errors, "%s\n", error->text);
	if (error->position.word)
		print_marked(cmdline, error->position, to.errors);
}

int check_line(const char *line, size_t length, const struct check_options *options, struct check_streams to)
{
	struct plan_error error = {.text = ""};
	struct cmdline cmdline;
	struct plan plan;

	cmdline_cut(line, length, &cmdline);
	if (plan_make(&cmdline, NULL, NULL, &plan, &error) == 0 &&
	    (!options->image || secrets_load(&plan, options->image, &error) == 0)) {
		doubts_note(&cmdline, &plan);
		add_secret_notes(&plan);
	}
	if (options->form == CHECK_JSON)
		print_json(&plan, &error, to.out);
	else
		print_text(&cmdline, &plan, &error, options->form == CHECK_ALL, to);
	return error.text[0] != 0;
}

/* ---- as a subcommand ---- */

void check_print_words(FILE *out)
{
	for (int i = 0; i < WORD_COUNT; i++)
		fprintf(out, "%s %s\n", word_group_name(word_rows[i].group), word_rows[i].name);
	for (unsigned i = 0; target_option_name(i); i++)
		fprintf(out, "option %s\n", target_option_name(i));
	for (int i = 0; i < PARAM_COUNT; i++)
		if (param_rows[i].settable)
			fprintf(out, "setting %s\n", param_rows[i].name);
	for (int i = 0; i < ONFAIL_COUNT; i++)
		fprintf(out, "onfail %s\n", boot_words_onfail((enum onfail)i));
}

/* Of a line that is too long one byte more than fits, so that check_line says so. path: NULL: standard input. */
static int read_line(const char *path, char line[CMDLINE_BYTES_MAX + 2])
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	size_t used = 0;
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0 && used <= CMDLINE_BYTES_MAX) {
		n = read(fd, line + used, CMDLINE_BYTES_MAX + 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	line[used] = '\0';
	if (n < 0)
		fprintf(stderr, "iscsi-init: %s: %s\n", path ? path : "standard input", strerror(errno));
	if (path && fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

static void join_words(char *words[], char line[CMDLINE_BYTES_MAX + 2])
{
	size_t used = 0;

	line[0] = '\0';
	for (int i = 0; words[i] && used <= CMDLINE_BYTES_MAX; i++)
		used += (size_t)snprintf(line + used, CMDLINE_BYTES_MAX + 2 - used, "%s%s", i ? " " : "", words[i]);
}

int check_run(char *words[])
{
	char line[CMDLINE_BYTES_MAX + 2];
	struct check_options options = {.form = CHECK_CHANGED};
	int result = 0;

	for (; *words && (*words)[0] == '-' && (*words)[1]; words++) {
		if (!strcmp(*words, "--words")) {
			check_print_words(stdout);
			return 0;
		}
		if (!strcmp(*words, "-v") || !strcmp(*words, "--verbose")) {
			options.form = CHECK_ALL;
		} else if (!strcmp(*words, "--json")) {
			options.form = CHECK_JSON;
		} else if (!strcmp(*words, "--image") && words[1]) {
			options.image = *++words;
		} else {
			fprintf(stderr, "iscsi-init: check has no option %s\n", *words);
			return 2;
		}
	}
	if (!*words)
		result = read_line("/proc/cmdline", line);
	else if (!strcmp(*words, "-"))
		result = read_line(NULL, line);
	else
		join_words(words, line);
	return result < 0 ? 1 : check_line(line, strlen(line), &options, (struct check_streams){stdout, stderr});
}
