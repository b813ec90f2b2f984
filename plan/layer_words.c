/* layer_words.c - what root is made of. See layer_words.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/layer_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/boot_words.h"
#include "plan/words.h"

#define VERIFIED_ROOT "/dev/mapper/root" /* systemd's name */

typedef int read_layer(struct text value, struct plan *plan, struct fault *fault);

static bool is_off(struct text value)
{
	return text_is(value, "0") || text_is(value, "no") || text_is(value, "off") || text_is(value, "false");
}

static bool is_on(struct text value)
{
	return !value.length || text_is(value, "1") || text_is(value, "yes") || text_is(value, "on") ||
	       text_is(value, "true");
}

/* Devices and sizes. */

static int take_device(struct text value, struct device_plan *out, struct fault *fault)
{
	struct device_text device;

	if (boot_words_device(value, &device, fault) < 0)
		return -EINVAL;
	if (device.kind == ROOT_NONE || device.kind == ROOT_OTHER)
		return fault_expected(fault, value,
				      "expected a device (/dev/..., UUID=, LABEL=, PARTUUID= or PARTLABEL=)");
	if (text_copy(device.value, out->value, sizeof(out->value)) < 0)
		return fault_set(fault, value.at, "longer than %zu bytes", sizeof(out->value) - 1);
	out->kind = device.kind;
	return 0;
}

/* As tmpfs takes it (kernel: mm/shmem.c): a number with k, m, g or %. */
static int take_size(struct text value, struct overlay_plan *overlay, struct fault *fault)
{
	struct text digits = value;
	uint64_t number;

	if (digits.length && strchr("kKmMgG%", digits.at[digits.length - 1]))
		digits.length--;
	if (text_number(digits, 10, UINT32_MAX, &number) < 0 || !number ||
	    text_copy(value, overlay->size, sizeof(overlay->size)) < 0)
		return fault_expected(fault, value, "size: expected a number with k, m, g or %, such as 50% or 512m");
	return 0;
}

/* A directory on the layer's device. It becomes part of mount options, so that no comma or colon may be in it. */
static int take_dir(struct text value, struct overlay_plan *overlay, struct fault *fault)
{
	for (size_t i = 0; i < value.length; i++)
		if (!isprint((unsigned char)value.at[i]) || strchr(",:\\\"", value.at[i]))
			return fault_set(fault, value.at + i,
					 "dir: expected a path without commas, colons, quotes and backslashes");
	while (value.length > 1 && value.at[value.length - 1] == '/')
		value.length--;
	for (struct text rest = value; rest.at;)
		if (text_is(text_cut(&rest, '/'), ".."))
			return fault_expected(fault, value, "dir: expected a path without ..");
	if (!value.length || text_copy(value, overlay->dir, sizeof(overlay->dir)) < 0)
		return fault_set(fault, value.at, "dir: expected a path of at most %zu bytes",
				 sizeof(overlay->dir) - 1);
	return 0;
}

/* iscsi.overlay= */

static int read_own_option(struct text word, struct overlay_plan *overlay, struct fault *fault)
{
	struct text value = word, key = text_cut(&value, '=');

	if (text_is(key, "size") && overlay->kind == OVERLAY_TMPFS)
		return take_size(value, overlay, fault);
	if (text_is(key, "dir") && overlay->kind == OVERLAY_DEVICE)
		return take_dir(value, overlay, fault);
	return fault_expected(fault, word,
			      overlay->kind == OVERLAY_TMPFS ? "expected size=" : "expected dir= behind the device");
}

static int read_own(struct text value, struct plan *plan, struct fault *fault)
{
	struct overlay_plan *overlay = &plan->root.overlay;
	struct text rest = value, first = text_cut(&rest, ',');

	overlay->is_own_word = true;
	if (is_off(first) && !rest.at)
		return 0;
	overlay->kind = text_is(first, "tmpfs") ? OVERLAY_TMPFS : OVERLAY_DEVICE;
	if (overlay->kind == OVERLAY_DEVICE && take_device(first, &overlay->device, fault) < 0)
		return -EINVAL;
	while (rest.at)
		if (read_own_option(text_cut(&rest, ','), overlay, fault) < 0)
			return -EINVAL;
	return 0;
}

/* systemd.volatile= */

static int read_volatile(struct text value, struct plan *plan, struct fault *fault)
{
	struct overlay_plan *overlay = &plan->root.overlay;

	if (is_off(value))
		return 0;
	if (text_is(value, "overlay"))
		overlay->kind = OVERLAY_TMPFS;
	else if (text_is(value, "state"))
		plan->root.writable = false; /* systemd itself puts a tmpfs over /var */
	else if (is_on(value))
		overlay->kind = OVERLAY_USR;
	else
		return fault_expected(fault, value, "expected yes, no, state or overlay");
	return 0;
}

/* overlayroot= */

static int read_overlayroot_option(struct text word, bool *has_device, struct plan *plan, struct fault *fault)
{
	struct text value = word, key = text_cut(&value, '=');

	if (text_is(key, "dev") && plan->root.overlay.kind == OVERLAY_DEVICE) {
		*has_device = true;
		return take_device(value, &plan->root.overlay.device, fault);
	}
	if (text_is(key, "dir"))
		return take_dir(value, &plan->root.overlay, fault);
	if (text_is(key, "swap") || text_is(key, "recurse") || text_is(key, "driver"))
		plan_note(
			plan,
			"overlayroot=: %.*s= has no effect: only root is layered, and the image's fstab stays as it is",
			(int)key.length, key.at);
	else if (!text_is(key, "timeout") && !text_is(key, "debug"))
		return fault_expected(fault, word, "expected dev=, dir=, timeout=, swap= or recurse=");
	return 0;
}

static int read_overlayroot(struct text value, struct plan *plan, struct fault *fault)
{
	struct overlay_plan *overlay = &plan->root.overlay;
	struct text rest = value, how = text_cut(&rest, ':');
	bool has_device = false;

	if (!value.length || text_is(value, "disabled"))
		return 0;
	if (text_is(how, "crypt"))
		return fault_set(fault, how.at, "an encrypted layer is not supported; tmpfs and device: are");
	overlay->at_media = true;
	overlay->kind = text_is(how, "tmpfs") ? OVERLAY_TMPFS : OVERLAY_DEVICE;
	if (!text_is(how, "tmpfs") && !text_is(how, "device"))
		return take_device(value, &overlay->device, fault);
	while (rest.at)
		if (read_overlayroot_option(text_cut(&rest, ','), &has_device, plan, fault) < 0)
			return -EINVAL;
	if (overlay->kind == OVERLAY_DEVICE && !has_device)
		return fault_set(fault, value.at, "expected device:dev=<device>");
	return 0;
}

/* rd.overlay= and rd.overlayfs=, and their names of before (rd.live.) */

/* <device>[:<path>|:auto], none, or a boolean. */
static int read_rd_overlay(struct text value, struct plan *plan, struct fault *fault)
{
	struct overlay_plan *overlay = &plan->root.overlay;
	struct text path = value, device = text_cut(&path, ':');

	if (is_off(value) || text_is(value, "none"))
		return 0;
	overlay->kind = OVERLAY_TMPFS;
	if (is_on(value))
		return 0;
	overlay->kind = OVERLAY_DEVICE;
	if (text_is(path, "auto"))
		return fault_set(fault, path.at,
				 "auto is not supported: name the directory, as in LABEL=data:/overlay");
	if (take_device(device, &overlay->device, fault) < 0)
		return -EINVAL;
	return path.at ? take_dir(path, overlay, fault) : 0;
}

static const struct {
	enum word_key key;
	read_layer *read;
} overlays[] = {
	{WORD_OVERLAY, read_own},
	{WORD_VOLATILE, read_volatile},
	{WORD_OVERLAYROOT, read_overlayroot},
	{WORD_RD_OVERLAY, read_rd_overlay},
	{WORD_RD_OVERLAYFS, read_rd_overlay},
	{WORD_RD_LIVE_OVERLAY, read_rd_overlay},
	{WORD_RD_LIVE_OVERLAYFS, read_rd_overlay},
};

static int read_overlay(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error)
{
	static const enum word_key refused[] = {WORD_RD_OVERLAY_READONLY, WORD_RD_OVERLAY_RESET,
						WORD_RD_LIVE_OVERLAY_READONLY, WORD_RD_LIVE_OVERLAY_RESET};
	bool is_theirs = plan->root.kind == ROOT_OTHER; /* only another init can mount it, and its words are its own */

	for (size_t i = 0; i < (is_theirs ? 1 : sizeof(overlays) / sizeof(overlays[0])); i++) {
		const struct word *word = words_last(cmdline, overlays[i].key);
		struct fault fault = {0};

		if (!word)
			continue;
		if (plan->root.overlay.kind != OVERLAY_NONE || plan->root.overlay.is_own_word)
			plan_note(plan, "%s= has no effect: another word says what is written where",
				  word_rows[overlays[i].key].name);
		else if (overlays[i].read(cmdline_value(cmdline, word), plan, &fault) < 0)
			return cmdline_error(error, cmdline, word, &fault);
	}
	for (size_t i = 0; !is_theirs && i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct fault fault = {0};

		if (!words_flag(cmdline, refused[i], false))
			continue;
		fault_set(&fault, NULL, "not supported: the layer is used as it is");
		return cmdline_error(error, cmdline, words_last(cmdline, refused[i]), &fault);
	}
	if (!is_theirs && words_last(cmdline, WORD_RD_LIVE_OVERLAY_SIZE))
		plan_note(plan, "rd.live.overlay.size= has no effect: it is for snapshots; iscsi.overlay=tmpfs,size= "
				"sets a size");
	return 0;
}

/* The hash tree. */

static int read_hash(struct text value, struct plan *plan, struct fault *fault)
{
	return verity_read_hash(value, &plan->root.verity.options, fault);
}

static int read_data(struct text value, struct plan *plan, struct fault *fault)
{
	return take_device(value, &plan->root.verity.data, fault);
}

static int read_tree(struct text value, struct plan *plan, struct fault *fault)
{
	return take_device(value, &plan->root.verity.tree, fault);
}

static int read_options(struct text value, struct plan *plan, struct fault *fault)
{
	return verity_read_options(value, &plan->root.verity.options, fault);
}

static int read_verity(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error)
{
	static const struct {
		enum word_key key;
		read_layer *read;
	} words[] = {{WORD_ROOTHASH, read_hash},
		     {WORD_VERITY_DATA, read_data},
		     {WORD_VERITY_TREE, read_tree},
		     {WORD_VERITY_OPTIONS, read_options}};
	bool is_on = words_flag(cmdline, WORD_RD_VERITY, words_flag(cmdline, WORD_VERITY, true));

	if (words_last(cmdline, WORD_USRHASH))
		plan_note(plan, "usrhash= has no effect: only root is verified here, by roothash=");
	for (size_t i = 0; is_on && i < sizeof(words) / sizeof(words[0]); i++) {
		const struct word *word = words_last(cmdline, words[i].key);
		struct fault fault = {0};

		if (!word)
			continue;
		if (i > 0 && !plan->root.verity.options.hash_length)
			plan_note(plan, "%s= has no effect without roothash=", word_rows[words[i].key].name);
		else if (words[i].read(cmdline_value(cmdline, word), plan, &fault) < 0)
			return cmdline_error(error, cmdline, word, &fault);
	}
	if (!is_on && words_last(cmdline, WORD_ROOTHASH))
		plan_note(plan, "roothash= has no effect: systemd.verity=0 switches it off");
	return 0;
}

int layer_words_read(const struct cmdline *cmdline, struct plan *plan, struct plan_error *error)
{
	struct root_plan *root = &plan->root;

	if (read_overlay(cmdline, plan, error) < 0 ||
	    (root->kind != ROOT_OTHER && read_verity(cmdline, plan, error) < 0))
		return -EINVAL;
	if (root->verity.options.hash_length && root->kind == ROOT_NONE) {
		root->kind = ROOT_DEVICE;
		snprintf(root->value, sizeof(root->value), "%s", VERIFIED_ROOT);
	}
	return 0;
}
