/* The words of a layered and of a verified root: each program's own meaning, and what is refused. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "plan/planning.h"
#include "plan/words.h"

#define TARGET "iscsi=10.0.0.1,iqn.2026-01.org.example:disk "
#define HASH   "00112233445566778899aabbccddeeff0102030405060708090a0b0c0d0e0f10"

static struct plan plan;

static int makes(const char *words, struct plan_error *error)
{
	static struct cmdline cmdline;
	char line[1024];

	snprintf(line, sizeof(line), TARGET "%s", words);
	*error = (struct plan_error){.text = ""};
	cmdline_cut(line, strlen(line), &cmdline);
	return plan_make(&cmdline, NULL, NULL, &plan, error);
}

static const struct root_plan *root_of(const char *words)
{
	struct plan_error error;

	if (makes(words, &error))
		fail_msg("%s: %s", words, error.text);
	return &plan.root;
}

static void refuses(const char *words, const char *part)
{
	struct plan_error error;

	if (makes(words, &error) == 0)
		fail_msg("%s: not refused", words);
	if (!strstr(error.text, part))
		fail_msg("%s: %s", words, error.text);
}

static void notes(const char *words, const char *part)
{
	bool found = false;

	root_of(words);
	for (int i = 0; i < plan.notes.count; i++)
		found = found || strstr(plan.notes.text[i], part);
	if (!found)
		fail_msg("%s: no note with \"%s\"", words, part);
}

static void our_own_word(void **state)
{
	const struct overlay_plan *overlay = &root_of("root=LABEL=x iscsi.overlay=tmpfs,size=50%")->overlay;

	(void)state;
	assert_int_equal(overlay->kind, OVERLAY_TMPFS);
	assert_string_equal(overlay->size, "50%");
	overlay = &root_of("root=LABEL=x iscsi.overlay=LABEL=layers,dir=a/b")->overlay;
	assert_int_equal(overlay->kind, OVERLAY_DEVICE);
	assert_int_equal(overlay->device.kind, ROOT_LABEL);
	assert_string_equal(overlay->device.value, "layers");
	assert_string_equal(overlay->dir, "a/b");
	assert_false(overlay->at_media);
	assert_int_equal(root_of("root=LABEL=x")->overlay.kind, OVERLAY_NONE);
	assert_int_equal(root_of("root=LABEL=x iscsi.overlay=off overlayroot=tmpfs")->overlay.kind, OVERLAY_NONE);
	refuses("iscsi.overlay=", "expected");
	refuses("iscsi.overlay=tmpfs,size=0", "size: expected");
	refuses("iscsi.overlay=tmpfs,size=1x", "size: expected");
	refuses("iscsi.overlay=tmpfs,size=1m,mode=0", "expected size=");
	refuses("iscsi.overlay=tmpfs,dir=x", "expected size=");
	refuses("iscsi.overlay=/dev/sdb,size=1m", "expected dir=");
	refuses("iscsi.overlay=sdb", "expected a device");
	refuses("iscsi.overlay=/dev/sdb,dir=a/../b", "without ..");
	refuses("iscsi.overlay=/dev/sdb,dir=a:b", "without commas");
	refuses("iscsi.overlay=tmpfs iscsi.overlay=tmpfs", "twice");
}

static void systemds_words(void **state)
{
	(void)state;
	assert_int_equal(root_of("root=LABEL=x systemd.volatile=overlay")->overlay.kind, OVERLAY_TMPFS);
	assert_int_equal(root_of("root=LABEL=x systemd.volatile=yes")->overlay.kind, OVERLAY_USR);
	assert_int_equal(root_of("root=LABEL=x systemd.volatile")->overlay.kind, OVERLAY_USR);
	assert_int_equal(root_of("root=LABEL=x systemd.volatile=no")->overlay.kind, OVERLAY_NONE);
	assert_int_equal(root_of("root=LABEL=x rw systemd.volatile=state")->overlay.kind, OVERLAY_NONE);
	assert_false(plan.root.writable);
	refuses("root=LABEL=x systemd.volatile=maybe", "expected yes, no, state or overlay");
}

/* Only another init can mount these roots. */
static void words_of_a_root_that_is_not_ours_are_not_ours(void **state)
{
	static const char *const lines[] = {
		"root=live:CDLABEL=x rd.live.overlay.readonly rd.live.overlay=LABEL=p:auto rd.live.overlay.size=1",
		"root=squash:http://10.0.0.1/x overlayroot=crypt:dev=/dev/vdb",
		"root=gpt-auto roothash=12 systemd.verity_root_options=superblock=yes systemd.volatile=maybe",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(root_of(lines[i])->kind, ROOT_OTHER);
		assert_int_equal(plan.root.overlay.kind, OVERLAY_NONE);
		assert_int_equal(plan.root.verity.options.hash_length, 0);
		assert_int_equal(plan.notes.count, 0);
	}
	assert_true(root_of("root=live:x iscsi.overlay=tmpfs")->overlay.is_own_word);
	refuses("root=live:x iscsi.overlay=sdb", "expected a device");
}

static void overlayroots_words(void **state)
{
	const struct overlay_plan *overlay = &root_of("root=LABEL=x overlayroot=tmpfs:swap=1,recurse=0")->overlay;

	(void)state;
	assert_int_equal(overlay->kind, OVERLAY_TMPFS);
	assert_true(overlay->at_media);
	overlay = &root_of("root=LABEL=x overlayroot=device:dev=LABEL=flash,timeout=180,dir=run1")->overlay;
	assert_int_equal(overlay->kind, OVERLAY_DEVICE);
	assert_string_equal(overlay->device.value, "flash");
	assert_string_equal(overlay->dir, "run1");
	assert_string_equal(root_of("root=LABEL=x overlayroot=/dev/vdb")->overlay.device.value, "/dev/vdb");
	assert_int_equal(root_of("root=LABEL=x overlayroot=disabled")->overlay.kind, OVERLAY_NONE);
	assert_int_equal(root_of("root=LABEL=x overlayroot=")->overlay.kind, OVERLAY_NONE);
	refuses("overlayroot=crypt:dev=/dev/vdb", "encrypted");
	refuses("overlayroot=device:timeout=1", "expected device:dev=");
	refuses("overlayroot=tmpfs:mkfs=1", "expected dev=");
	notes("root=LABEL=x overlayroot=tmpfs:recurse=0", "recurse= has no effect");
}

static void dracuts_words(void **state)
{
	const struct overlay_plan *overlay = &root_of("root=LABEL=x rd.overlay=LABEL=data:/overlay/one")->overlay;

	(void)state;
	assert_int_equal(overlay->kind, OVERLAY_DEVICE);
	assert_string_equal(overlay->device.value, "data");
	assert_string_equal(overlay->dir, "/overlay/one");
	assert_int_equal(root_of("root=LABEL=x rd.overlay")->overlay.kind, OVERLAY_TMPFS);
	assert_int_equal(root_of("root=LABEL=x rd.overlay=1")->overlay.kind, OVERLAY_TMPFS);
	assert_int_equal(root_of("root=LABEL=x rd.overlayfs=1")->overlay.kind, OVERLAY_TMPFS);
	assert_int_equal(root_of("root=LABEL=x rd.live.overlay.overlayfs=1")->overlay.kind, OVERLAY_TMPFS);
	assert_int_equal(root_of("root=LABEL=x rd.overlay=none")->overlay.kind, OVERLAY_NONE);
	assert_int_equal(root_of("root=LABEL=x rd.overlayfs=0")->overlay.kind, OVERLAY_NONE);
	refuses("rd.overlay=LABEL=data:auto", "auto is not supported");
	refuses("rd.overlay=1 rd.overlay.readonly=1", "not supported");
	refuses("rd.overlay=1 rd.overlay.reset", "not supported");
	notes("root=LABEL=x rd.overlay=1 systemd.volatile=overlay", "rd.overlay= has no effect");
	notes("root=LABEL=x rd.live.overlay.size=100", "size= has no effect");
}

static void a_verified_root(void **state)
{
	const struct root_plan *root = root_of("roothash=" HASH " systemd.verity_root_data=/dev/sda1 "
					       "systemd.verity_root_hash=PARTUUID=01020304-0506-0708-090a-0b0c0d0e0f10 "
					       "systemd.verity_root_options=panic-on-corruption");

	(void)state;
	assert_int_equal(root->kind, ROOT_DEVICE);
	assert_string_equal(root->value, "/dev/mapper/root");
	assert_int_equal(root->verity.options.hash_length, 32);
	assert_int_equal(root->verity.options.corruption, VERITY_PANIC);
	assert_int_equal(root->verity.data.kind, ROOT_DEVICE);
	assert_int_equal(root->verity.tree.kind, ROOT_PARTUUID);
	assert_string_equal(root_of("root=LABEL=x roothash=" HASH)->value, "x");
	assert_int_equal(root_of("roothash=" HASH " systemd.verity=0 root=LABEL=x")->verity.options.hash_length, 0);
	refuses("roothash=xyz", "hexadecimal");
	refuses("roothash=" HASH " systemd.verity_root_data=sda1", "expected a device");
	refuses("roothash=" HASH " systemd.verity_root_options=no-such", "'no-such' is not supported");
	notes("root=LABEL=x systemd.verity_root_data=/dev/sda1", "no effect without roothash=");
	notes("root=LABEL=x usrhash=" HASH, "usrhash= has no effect");
	notes("root=LABEL=x systemd.verity=no roothash=" HASH, "switches it off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_word),
		cmocka_unit_test(systemds_words),
		cmocka_unit_test(words_of_a_root_that_is_not_ours_are_not_ours),
		cmocka_unit_test(overlayroots_words),
		cmocka_unit_test(dracuts_words),
		cmocka_unit_test(a_verified_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
