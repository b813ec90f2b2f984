/* box.c - see box.h. */
/* SPDX-License-Identifier: MIT */
#include "boot/box.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "sys/monotonic.h"

#define WIDTH 72 /* of the text; with the frame, less than 80 columns */
#define LABEL 11 /* "initiator: " */

#define CODE_MAX 8 /* "LNOAUTH" */

struct page {
	char *out;
	size_t size, used;
};

static void put(struct page *page, const char *text, size_t length)
{
	if (length >= page->size - page->used)
		length = page->size - page->used - 1;
	memcpy(page->out + page->used, text, length);
	page->used += length;
	page->out[page->used] = '\0';
}

static void put_line(struct page *page, const char *text, size_t length)
{
	char line[WIDTH + 8];
	int n = snprintf(line, sizeof(line), "| %-*.*s |\n", WIDTH, (int)length, text);

	put(page, line, (size_t)n);
}

static void put_rule(struct page *page)
{
	char rule[WIDTH + 6];

	memset(rule, '-', sizeof(rule));
	rule[0] = rule[WIDTH + 3] = '+';
	rule[WIDTH + 4] = '\n';
	put(page, rule, WIDTH + 5);
}

/* How much of the text goes into one line: up to the last blank that leaves it short enough. */
static size_t break_at(const char *text, size_t length, size_t room)
{
	size_t at = room;

	if (length <= room)
		return length;
	while (at > 0 && text[at] != ' ')
		at--;
	return at ? at : room;
}

/* "label text", continued below the text's beginning. */
static void put_text(struct page *page, const char *label, const char *text, size_t length)
{
	while (length) {
		size_t part = break_at(text, length, WIDTH - LABEL);
		char line[WIDTH + 1];
		int n = snprintf(line, sizeof(line), "%-*s%.*s", LABEL, label, (int)part, text);

		put_line(page, line, (size_t)n);
		text += part;
		length -= part;
		while (length && *text == ' ') {
			text++;
			length--;
		}
		label = "";
	}
}

/* The code of a failed login, in brackets at the end of the reason or of its first part ("...; this portal has: ..."). Its
   length without the brackets, 0: none. */
static size_t find_code(const char *reason, const char **code)
{
	for (const char *open = strstr(reason, "[L"); open; open = strstr(open + 1, "[L")) {
		size_t length = strcspn(open + 1, "]");

		if (length > CODE_MAX || open[1 + length] != ']' || (open[2 + length] && open[2 + length] != ';'))
			continue;
		*code = open + 1;
		return length;
	}
	return 0;
}

static void put_reason(struct page *page, const char *reason)
{
	const char *code = NULL;
	size_t code_length = find_code(reason, &code), length = strlen(reason);
	char text[80];

	if (code_length && !code[code_length + 1]) {
		length = (size_t)(code - 1 - reason);
		while (length && reason[length - 1] == ' ')
			length--;
	}
	put_text(page, "reason:", reason, length);
	if (!code_length)
		return;
	snprintf(text, sizeof(text), "%.*s (see DIAGNOSTICS in iscsi-init(8))", (int)code_length, code);
	put_text(page, "code:", text, strlen(text));
}

const char *box_draw(const struct box *box, char *out, size_t size)
{
	static const char title[] = "iscsi-init: this machine cannot boot from its iSCSI disk.";
	struct page page = {.out = out, .size = size};

	put_rule(&page);
	put_line(&page, title, strlen(title));
	put_line(&page, "", 0);
	put_reason(&page, box->reason);
	if (box->hint)
		put_text(&page, "hint:", box->hint, strlen(box->hint));
	if (box->initiator[0])
		put_text(&page, "initiator:", box->initiator, strlen(box->initiator));
	put_line(&page, "", 0);
	put_text(&page, "keys:", box->has_shell ? "r  reboot     s  shell" : "r  reboot",
		 strlen(box->has_shell ? "r  reboot     s  shell" : "r  reboot"));
	put_rule(&page);
	return out;
}

const char *box_hint(const char *reason)
{
	static const struct {
		const char *code, *hint;
	} hints[] = {
		{"L0201", "compare the CHAP user name and secret here with those of the target"},
		{"L0202", "let the initiator's name in at the target (its ACL)"},
		{"L0203", "compare the target's name with what the portal has, and let the initiator's name in there"},
		{"L0204", "is the target online?"},
		{"L0206",
		 "end other sessions of this initiator's name at the target; two machines must not have the same name"},
		{"L0301", "is the target online? Linux targets say this of an unknown target name, too"},
		{"LNEGO", "change the setting that the reason names, here or at the target"},
		{"LAUTH", "the target did not prove that it is the right one: compare username_in and password_in"},
		{"LNOAUTH", "give username= and password=, or a secrets file"},
		{"LALGO", "allow a CHAP algorithm that both sides know (chap_algs=)"},
	};
	const char *code;
	size_t length = find_code(reason, &code);

	for (size_t i = 0; length && i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strlen(hints[i].code) == length && !strncmp(hints[i].code, code, length))
			return hints[i].hint;
	return NULL;
}

/* ---- the console ---- */

/* Single keys, not echoed. False: it is no terminal. */
static bool take_keys(int console, struct termios *before)
{
	struct termios now;

	if (tcgetattr(console, before))
		return false;
	now = *before;
	now.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	tcflush(console, TCIFLUSH);
	return tcsetattr(console, TCSANOW, &now) == 0;
}

static void say_countdown(int console, const struct box *box, int64_t left_s)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "\r%s in %d s ", box->end, (int)left_s);

	if (box->seconds >= 0)
		(void)!write(console, line, (size_t)n);
}

/* Waits for a key until the next whole second of the countdown. False: no key will ever come. */
static bool wait_for_key(int console, bool has_keys, int64_t until_ms, char *key)
{
	struct pollfd input = {.fd = has_keys ? console : -1, .events = POLLIN};

	*key = '\0';
	if (poll(&input, 1, monotonic_timeout(until_ms, monotonic_ms())) <= 0)
		return true;
	return read(console, key, 1) == 1;
}

static enum box_answer await(int console, bool has_keys, const struct box *box)
{
	int64_t end_ms = box->seconds < 0 ? INT64_MAX : monotonic_ms() + box->seconds * INT64_C(1000);
	char key;

	for (;;) {
		int64_t left_ms = end_ms == INT64_MAX ? INT64_MAX : end_ms - monotonic_ms();

		if (left_ms <= 0)
			return BOX_OVER;
		say_countdown(console, box, (left_ms + 999) / 1000);
		has_keys = wait_for_key(console, has_keys,
					end_ms == INT64_MAX ? INT64_MAX : end_ms - (left_ms - 1) / 1000 * 1000, &key) &&
			   has_keys;
		while (waitpid(-1, NULL, WNOHANG) > 0) /* nobody else reaps for process 1 */
			;
		if (key == 'r' || key == 'R')
			return BOX_REBOOT;
		if (box->has_shell && (key == 's' || key == 'S'))
			return BOX_SHELL;
	}
}

enum box_answer box_show(const struct box *box)
{
	int console = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	char page[BOX_BYTES_MAX];
	struct termios before;
	enum box_answer answer;
	bool has_keys;

	box_draw(box, page, sizeof(page));
	has_keys = console >= 0 && take_keys(console, &before); /* whoever sees the box is heard */
	(void)!write(console, "\n", 1);
	(void)!write(console, page, strlen(page));
	answer = await(console, has_keys, box);
	if (has_keys)
		tcsetattr(console, TCSADRAIN, &before);
	(void)!write(console, "\n", 1);
	if (console >= 0)
		close(console);
	return answer;
}
