/* cmdline.c - fuzzes the command line through all dialects to the plan, the lease's root path, and what check says.
 *
 * The input is a command line; behind a NUL a root path that the lease brings; behind another one Debian's file.
 */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "command/plan_text.h"
#include "plan/doubts.h"
#include "plan/initiator.h"
#include "plan/lease.h"
#include "plan/own_words.h"
#include "plan/planning.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cmdline cmdline;
static struct plan plan;
static char printed[1 << 20];

/* One printable line that says something. */
static void check_error(const struct plan_error *error)
{
	size_t length = strnlen(error->text, sizeof(error->text));

	require(length > 0 && length < sizeof(error->text));
	for (size_t i = 0; i < length; i++)
		require(error->text[i] >= ' ' && error->text[i] < 0x7f);
}

static void check_words(void)
{
	require(cmdline.length <= CMDLINE_BYTES_MAX && cmdline.word_count <= CMDLINE_WORDS_MAX);
	for (int i = 0; i < cmdline.word_count; i++) {
		const struct word *word = &cmdline.words[i];

		require((size_t)word->key + word->key_length <= cmdline.length);
		require(!word->has_value || (size_t)word->value + word->value_length <= cmdline.length);
	}
}

static void check_plan(void)
{
	require(plan.boot.timeout_s >= 0 && plan.root.delay_s >= 0 && plan.root.wait_s >= 0);
	require(plan.target_count >= 0 && plan.target_count <= PLAN_TARGETS_MAX);
	require(plan.network.interface_count <= PLAN_INTERFACES_MAX && plan.network.link_count <= PLAN_LINKS_MAX);
	require(plan.network.route_count <= PLAN_ROUTES_MAX && plan.network.dns_count <= PLAN_DNS_MAX);
	require(plan.notes.count <= PLAN_NOTES_MAX);
	require(plan.root.kind != ROOT_TARGET || plan.root.target < plan.target_count);
	for (int i = 0; i < plan.target_count; i++) {
		const struct target_plan *target = &plan.targets[i];

		require(target->wants_lease || (target->portal.host[0] && target->portal.port));
		require(target->chap.password.length <= CHAP_SECRET_MAX &&
			target->chap.password_in.length <= CHAP_SECRET_MAX);
		require(!target->chap.username_in[0] || target->chap.username[0]);
		for (int row = 0; row < PARAM_COUNT; row++)
			require(param_rows[row].kind != KIND_NUMBER || target->params.source[row] == SOURCE_DEFAULT ||
				(target->params.value[row] >= param_rows[row].min &&
				 target->params.value[row] <= param_rows[row].max));
	}
}

static void print(void)
{
	FILE *out = fmemopen(printed, sizeof(printed), "w");

	require(out != NULL);
	doubts_note(&cmdline, &plan);
	plan_text_print(&cmdline, &plan, true, out);
	fclose(out);
	for (const char *c = printed; *c; c++)
		require(*c == '\n' || (*c >= ' ' && *c < 0x7f));
}

static void add_lease(const char *path, size_t length)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct dhcp_lease lease = {.server = 0x0a000001, .chap_user = "u", .chap_secret = "s"};
	struct plan_error error;
	int result;

	if (length >= sizeof(lease.root_path))
		return;
	memcpy(lease.root_path, path, length);
	result = plan_add_lease(&lease, &plan, &error);
	if (result < 0)
		check_error(&error);
	plan_add_mac(&plan, mac);
	check_plan();
	print();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data, *end = line + size;
	const char *path = memchr(line, 0, size), *file;
	struct plan_files files = {.initiator_name = ""};
	struct plan_error error;
	char *copy;

	path = path ? path + 1 : end;
	file = memchr(path, 0, (size_t)(end - path));
	file = file ? file + 1 : end;
	copy = malloc((size_t)(end - file) + 1); /* no NUL and no byte behind it */
	require(copy != NULL);
	memcpy(copy, file, (size_t)(end - file));
	files.debian = copy;
	files.debian_length = (size_t)(end - file);
	plan_read_initiator_name(copy, files.debian_length, &files);
	cmdline_cut(line, size, &cmdline);
	check_words();
	if (plan_make(&cmdline, NULL, &files, &plan, &error) < 0) {
		check_error(&error);
	} else {
		check_plan();
		print();
		add_lease(path, strnlen(path, (size_t)(end - path)));
	}
	free(copy);
	copy = malloc(size + 1);
	require(copy != NULL);
	memcpy(copy, line, size);
	require(own_words_hide(copy, size) <= size + 1);
	free(copy);
	return 0;
}
