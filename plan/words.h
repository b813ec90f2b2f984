/* words.h - the table of every word of the command line that this program reads, whoever invented it.
 *
 * One row a word: whose it is, whether it takes a value, and what a second one means. The readers (boot_words,
 * network_words, the dialects), "did you mean", `check --words` and the filter of the next init's environment
 * (own_words) all take the words from here. Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_WORDS_H
#define PLAN_WORDS_H

#include "cmdline.h"
#include "plan/plan.h"
#include "proto/text.h"

enum word_key {
	/* ours */
	WORD_ISCSI,
	WORD_IP_OWN,
	WORD_TIMEOUT,
	WORD_ONFAIL,
	WORD_LOG,
	WORD_HEAL,
	WORD_INIT_OWN,
	WORD_OVERLAY,
	WORD_SYSLOG,
	WORD_MULTIPATH_OWN,

	/* the kernel's */
	WORD_ROOT,
	WORD_ROOTFSTYPE,
	WORD_ROOTFLAGS,
	WORD_RO,
	WORD_RW,
	WORD_ROOTWAIT,
	WORD_ROOTDELAY,
	WORD_INIT,
	WORD_RESUME,
	WORD_QUIET,
	WORD_DEBUG,

	/* what root is made of: systemd's, overlayroot's, dracut's */
	WORD_VOLATILE,
	WORD_OVERLAYROOT,
	WORD_RD_OVERLAY,
	WORD_RD_OVERLAYFS,
	WORD_RD_OVERLAY_READONLY,
	WORD_RD_OVERLAY_RESET,
	WORD_RD_LIVE_OVERLAY,
	WORD_RD_LIVE_OVERLAYFS,
	WORD_RD_LIVE_OVERLAY_READONLY,
	WORD_RD_LIVE_OVERLAY_RESET,
	WORD_RD_LIVE_OVERLAY_SIZE,
	WORD_ROOTHASH,
	WORD_USRHASH,
	WORD_VERITY,
	WORD_RD_VERITY,
	WORD_VERITY_DATA,
	WORD_VERITY_TREE,
	WORD_VERITY_OPTIONS,
	WORD_RD_MULTIPATH,
	WORD_MULTIPATH_PLAIN,

	/* about the network: the kernel's, dracut's, the boot loaders' */
	WORD_IP,
	WORD_NFSADDRS,
	WORD_IP6,
	WORD_NO_IPV6,
	WORD_NETMASK,
	WORD_GATEWAY,
	WORD_HOSTNAME,
	WORD_MTU,
	WORD_KSDEVICE,
	WORD_IFNAME,
	WORD_VLAN,
	WORD_BOND,
	WORD_TEAM,
	WORD_BRIDGE,
	WORD_ROUTE,
	WORD_NAMESERVER,
	WORD_BOOTDEV,
	WORD_BOOTIF,
	WORD_USE_BOOTIF,
	WORD_NEEDNET,
	WORD_PEERDNS,
	WORD_CLIENT_ID,
	WORD_VENDOR_CLASS,
	WORD_DHCP_DSCP,
	WORD_DNS,
	WORD_DNS_BACKEND,
	WORD_DNS_MODE,
	WORD_ETHTOOL,
	WORD_PKEY,
	WORD_ZNET,
	WORD_ZNET_NAME,
	WORD_DHCP_TIMEOUT,
	WORD_DHCP_RETRY,
	WORD_CARRIER_TIMEOUT,
	WORD_IFLINK_TIMEOUT,
	WORD_IFUP_TIMEOUT,
	WORD_ROUTE_TIMEOUT,
	WORD_DAD_TIMEOUT,
	WORD_AUTO6_TIMEOUT,

	/* dracut's about iSCSI */
	WORD_NETROOT,
	WORD_ISCSIROOT,
	WORD_FIRMWARE_OLD,
	WORD_FIRMWARE,
	WORD_IBFT,
	WORD_INITIATOR,
	WORD_USERNAME,
	WORD_PASSWORD,
	WORD_IN_USERNAME,
	WORD_IN_PASSWORD,
	WORD_TARGET_NAME,
	WORD_TARGET_IP,
	WORD_TARGET_PORT,
	WORD_TARGET_GROUP,
	WORD_PARAM,
	WORD_PARAM_OLD,
	WORD_RETRIES,
	WORD_TRANSPORT,
	WORD_MULTIPATH,
	WORD_WAITNET,
	WORD_TESTROUTE,
	WORD_BYPASS,

	/* Debian's; each also in upper case */
	WORD_DEBIAN_AUTO,
	WORD_DEBIAN_INITIATOR,
	WORD_DEBIAN_TARGET_NAME,
	WORD_DEBIAN_TARGET_IP,
	WORD_DEBIAN_TARGET_PORT,
	WORD_DEBIAN_TARGET_GROUP,
	WORD_DEBIAN_USERNAME,
	WORD_DEBIAN_PASSWORD,
	WORD_DEBIAN_IN_USERNAME,
	WORD_DEBIAN_IN_PASSWORD,
	WORD_UBUNTU_SKIP,
	WORD_COUNT
};

enum word_group { GROUP_OURS, GROUP_KERNEL, GROUP_ROOT, GROUP_NETWORK, GROUP_DRACUT, GROUP_DEBIAN };

enum word_value { VALUE_NONE, VALUE_NEEDED, VALUE_OPTIONAL };

/* What it means when the word stands there more than once. */
enum word_repeat {
	REPEAT_ADDS,     /* each adds something: a target, an interface */
	REPEAT_REPLACES, /* the last one counts */
	REPEAT_REFUSED
};

struct word_row {
	const char *name;
	enum word_group group;
	enum word_value value;
	enum word_repeat repeat;
	const char *upper; /* Debian's word as /etc/iscsi/iscsi.initramfs has it; NULL for the others */
};

extern const struct word_row word_rows[WORD_COUNT];

/* "ours", "kernel", "root", "network", "dracut", "debian". */
const char *word_group_name(enum word_group group);

/* The row (enum word_key) whose word this is, -1 when there is none. */
int words_find(struct text name);

/* The next such word after `at` (NULL: the first), and the last one; NULL: there is none. */
const struct word *words_next(const struct cmdline *cmdline, const struct word *at, enum word_key key);
const struct word *words_last(const struct cmdline *cmdline, enum word_key key);

/* The value of the last such word; .at is NULL when there is no such word. */
struct text words_value(const struct cmdline *cmdline, enum word_key key);

/* dracut's booleans: the last such word decides. "0", "no" and "off" mean false, anything else (no value too) means true. */
bool words_flag(const struct cmdline *cmdline, enum word_key key, bool otherwise);

/* Adds a note about a word to the plan, with the place of `at` (NULL: of the word). */
void words_note(struct plan *plan, const struct cmdline *cmdline, const struct word *word, const char *at,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Is the word in a name space of which we know every word (iscsi.*, rd.iscsi.*, iscsi_*), and not in the table? Then it
   is a typing error: -EINVAL with *fault, which names the word that it is near to. Else 0. */
int words_check_name(struct text name, struct fault *fault);

/* The same for a setting of the file /etc/iscsi/iscsi.initramfs. */
int words_check_setting(struct text name, struct fault *fault);

#endif
