/* words.c - the table of every word that is read. See words.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct word_row word_rows[WORD_COUNT] = {
	[WORD_ISCSI] = {"iscsi", GROUP_OURS, VALUE_NEEDED, REPEAT_ADDS, NULL},
	[WORD_IP_OWN] = {"iscsi.ip", GROUP_OURS, VALUE_NEEDED, REPEAT_ADDS, NULL},
	[WORD_TIMEOUT] = {"iscsi.timeout", GROUP_OURS, VALUE_NEEDED, REPEAT_REFUSED, NULL},
	[WORD_ONFAIL] = {"iscsi.onfail", GROUP_OURS, VALUE_NEEDED, REPEAT_REFUSED, NULL},
	[WORD_LOG] = {"iscsi.log", GROUP_OURS, VALUE_NEEDED, REPEAT_REFUSED, NULL},
	[WORD_HEAL] = {"iscsi.heal", GROUP_OURS, VALUE_NEEDED, REPEAT_REFUSED, NULL},
	[WORD_INIT_OWN] = {"iscsi.init", GROUP_OURS, VALUE_NEEDED, REPEAT_REFUSED, NULL},
	[WORD_OVERLAY] = {"iscsi.overlay", GROUP_OURS, VALUE_NEEDED, REPEAT_REFUSED, NULL},
	[WORD_SYSLOG] = {"iscsi.syslog", GROUP_OURS, VALUE_NEEDED, REPEAT_REFUSED, NULL},
	[WORD_MULTIPATH_OWN] = {"iscsi.multipath", GROUP_OURS, VALUE_NEEDED, REPEAT_REFUSED, NULL},

	[WORD_ROOT] = {"root", GROUP_KERNEL, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_ROOTFSTYPE] = {"rootfstype", GROUP_KERNEL, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_ROOTFLAGS] = {"rootflags", GROUP_KERNEL, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_RO] = {"ro", GROUP_KERNEL, VALUE_NONE, REPEAT_REPLACES, NULL},
	[WORD_RW] = {"rw", GROUP_KERNEL, VALUE_NONE, REPEAT_REPLACES, NULL},
	[WORD_ROOTWAIT] = {"rootwait", GROUP_KERNEL, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_ROOTDELAY] = {"rootdelay", GROUP_KERNEL, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_INIT] = {"init", GROUP_KERNEL, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_RESUME] = {"resume", GROUP_KERNEL, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_QUIET] = {"quiet", GROUP_KERNEL, VALUE_NONE, REPEAT_REPLACES, NULL},
	[WORD_DEBUG] = {"debug", GROUP_KERNEL, VALUE_NONE, REPEAT_REPLACES, NULL},

	[WORD_VOLATILE] = {"systemd.volatile", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_OVERLAYROOT] = {"overlayroot", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_OVERLAY] = {"rd.overlay", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_OVERLAYFS] = {"rd.overlayfs", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_OVERLAY_READONLY] = {"rd.overlay.readonly", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_OVERLAY_RESET] = {"rd.overlay.reset", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_LIVE_OVERLAY] = {"rd.live.overlay", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_LIVE_OVERLAYFS] = {"rd.live.overlay.overlayfs", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_LIVE_OVERLAY_READONLY] = {"rd.live.overlay.readonly", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_LIVE_OVERLAY_RESET] = {"rd.live.overlay.reset", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_LIVE_OVERLAY_SIZE] = {"rd.live.overlay.size", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_ROOTHASH] = {"roothash", GROUP_ROOT, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_USRHASH] = {"usrhash", GROUP_ROOT, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_VERITY] = {"systemd.verity", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_RD_VERITY] = {"rd.systemd.verity", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_VERITY_DATA] = {"systemd.verity_root_data", GROUP_ROOT, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_VERITY_TREE] = {"systemd.verity_root_hash", GROUP_ROOT, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_VERITY_OPTIONS] = {"systemd.verity_root_options", GROUP_ROOT, VALUE_NEEDED, REPEAT_REPLACES, NULL},
	[WORD_RD_MULTIPATH] = {"rd.multipath", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_MULTIPATH_PLAIN] = {"multipath", GROUP_ROOT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},

	[WORD_IP] = {"ip", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_NFSADDRS] = {"nfsaddrs", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_IP6] = {"ip6", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_NO_IPV6] = {"ipv6.disable", GROUP_KERNEL, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_NETMASK] = {"netmask", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_GATEWAY] = {"gateway", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_HOSTNAME] = {"hostname", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_MTU] = {"mtu", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_KSDEVICE] = {"ksdevice", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_IFNAME] = {"ifname", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_VLAN] = {"vlan", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_BOND] = {"bond", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_TEAM] = {"team", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_BRIDGE] = {"bridge", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_ROUTE] = {"rd.route", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_NAMESERVER] = {"nameserver", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_BOOTDEV] = {"bootdev", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_BOOTIF] = {"BOOTIF", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_USE_BOOTIF] = {"rd.bootif", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_NEEDNET] = {"rd.neednet", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_PEERDNS] = {"rd.peerdns", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_CLIENT_ID] = {"rd.net.dhcp.client-id", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_VENDOR_CLASS] = {"rd.net.dhcp.vendor-class", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_DHCP_DSCP] = {"rd.net.dhcp.dscp", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_DNS] = {"rd.net.dns", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_DNS_BACKEND] = {"rd.net.dns-backend", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_DNS_MODE] = {"rd.net.dns-resolve-mode", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_ETHTOOL] = {"rd.ethtool", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_PKEY] = {"ib.pkey", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_ZNET] = {"rd.znet", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_ZNET_NAME] = {"rd.znet_ifname", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_DHCP_TIMEOUT] = {"rd.net.timeout.dhcp", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_DHCP_RETRY] = {"rd.net.dhcp.retry", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_CARRIER_TIMEOUT] = {"rd.net.timeout.carrier", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_IFLINK_TIMEOUT] = {"rd.net.timeout.iflink", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_IFUP_TIMEOUT] = {"rd.net.timeout.ifup", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_ROUTE_TIMEOUT] = {"rd.net.timeout.route", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_DAD_TIMEOUT] = {"rd.net.timeout.ipv6dad", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_AUTO6_TIMEOUT] = {"rd.net.timeout.ipv6auto", GROUP_NETWORK, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},

	[WORD_NETROOT] = {"netroot", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_ISCSIROOT] = {"iscsiroot", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_FIRMWARE_OLD] = {"iscsi_firmware", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_FIRMWARE] = {"rd.iscsi.firmware", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_IBFT] = {"rd.iscsi.ibft", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_INITIATOR] = {"rd.iscsi.initiator", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_USERNAME] = {"rd.iscsi.username", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_PASSWORD] = {"rd.iscsi.password", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_IN_USERNAME] = {"rd.iscsi.in.username", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_IN_PASSWORD] = {"rd.iscsi.in.password", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_TARGET_NAME] = {"rd.iscsi.target.name", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_TARGET_IP] = {"rd.iscsi.target.ip", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_TARGET_PORT] = {"rd.iscsi.target.port", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_TARGET_GROUP] = {"rd.iscsi.target.group", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_PARAM] = {"rd.iscsi.param", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_PARAM_OLD] = {"iscsi_param", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_ADDS, NULL},
	[WORD_RETRIES] = {"rd.iscsi.login_retry_max", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_TRANSPORT] = {"rd.iscsi.transport", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_MULTIPATH] = {"rd.iscsi.mp", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_WAITNET] = {"rd.iscsi.waitnet", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_TESTROUTE] = {"rd.iscsi.testroute", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},
	[WORD_BYPASS] = {"rd.iscsi.bypass", GROUP_DRACUT, VALUE_OPTIONAL, REPEAT_REPLACES, NULL},

	[WORD_DEBIAN_AUTO] = {"iscsi_auto", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES, "ISCSI_AUTO"},
	[WORD_DEBIAN_INITIATOR] = {"iscsi_initiator", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES, "ISCSI_INITIATOR"},
	[WORD_DEBIAN_TARGET_NAME] = {"iscsi_target_name", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES,
		"ISCSI_TARGET_NAME"},
	[WORD_DEBIAN_TARGET_IP] = {"iscsi_target_ip", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES, "ISCSI_TARGET_IP"},
	[WORD_DEBIAN_TARGET_PORT] = {"iscsi_target_port", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES,
		"ISCSI_TARGET_PORT"},
	[WORD_DEBIAN_TARGET_GROUP] = {"iscsi_target_group", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES,
		"ISCSI_TARGET_GROUP"},
	[WORD_DEBIAN_USERNAME] = {"iscsi_username", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES, "ISCSI_USERNAME"},
	[WORD_DEBIAN_PASSWORD] = {"iscsi_password", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES, "ISCSI_PASSWORD"},
	[WORD_DEBIAN_IN_USERNAME] = {"iscsi_in_username", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES,
		"ISCSI_IN_USERNAME"},
	[WORD_DEBIAN_IN_PASSWORD] = {"iscsi_in_password", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES,
		"ISCSI_IN_PASSWORD"},
	[WORD_UBUNTU_SKIP] = {"iscsi_auto_skip_initramfs_networking", GROUP_DEBIAN, VALUE_OPTIONAL, REPEAT_REPLACES,
		NULL},
};
/* clang-format on */

/* A name space of which every word is in the table. */
struct space {
	const char *prefix;
	enum word_group group;
};

static const struct space spaces[] = {
	{"iscsi.", GROUP_OURS},
	{"rd.iscsi.", GROUP_DRACUT},
	{"iscsi_", GROUP_DEBIAN},
};

const char *word_group_name(enum word_group group)
{
	static const char *const names[] = {
		[GROUP_OURS] = "ours",       [GROUP_KERNEL] = "kernel", [GROUP_ROOT] = "root",
		[GROUP_NETWORK] = "network", [GROUP_DRACUT] = "dracut", [GROUP_DEBIAN] = "debian"};

	return names[group];
}

int words_find(struct text name)
{
	for (int i = 0; i < WORD_COUNT; i++)
		if (text_is(name, word_rows[i].name) || (word_rows[i].upper && text_is(name, word_rows[i].upper)))
			return i;
	return -1;
}

const struct word *words_next(const struct cmdline *cmdline, const struct word *at, enum word_key key)
{
	return cmdline_next(cmdline, at, word_rows[key].name);
}

const struct word *words_last(const struct cmdline *cmdline, enum word_key key)
{
	return cmdline_last(cmdline, word_rows[key].name);
}

struct text words_value(const struct cmdline *cmdline, enum word_key key)
{
	const struct word *word = words_last(cmdline, key);

	return word ? cmdline_value(cmdline, word) : (struct text){0};
}

bool words_flag(const struct cmdline *cmdline, enum word_key key, bool otherwise)
{
	struct text value;

	if (!words_last(cmdline, key))
		return otherwise;
	value = words_value(cmdline, key);
	return !(text_is(value, "0") || text_is(value, "no") || text_is(value, "off"));
}

void words_note(struct plan *plan, const struct cmdline *cmdline, const struct word *word, const char *at,
		const char *format, ...)
{
	struct position position = cmdline_position(cmdline, word, at);
	char what[200], line[sizeof(plan->notes.text[0])];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	cmdline_describe(cmdline, position, what, line, sizeof(line));
	plan_note(plan, "%s", line);
	if (plan->notes.count < PLAN_NOTES_MAX || !strcmp(plan->notes.text[PLAN_NOTES_MAX - 1], line))
		plan->notes.position[plan->notes.count - 1] = position;
}

/* ---- typing errors ---- */

/* "iscsi.ip, iscsi.timeout, ..." */
static void list_words(enum word_group group, const char *prefix, char *out, size_t size)
{
	size_t used = 0;

	out[0] = 0;
	for (int i = 0; i < WORD_COUNT && used < size; i++)
		if (word_rows[i].group == group && text_starts(text_of(word_rows[i].name), prefix))
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", word_rows[i].name);
}

/* The kernel's modules have names like iscsi_tcp, and a dot before their parameters. */
static bool is_in_space(struct text name, const struct space *space)
{
	return text_starts(name, space->prefix) && (space->group != GROUP_DEBIAN || !text_has(name, '.'));
}

/* What people write, and what it is here. */
static const struct {
	const char *wrong, *right;
} synonyms[] = {
	{"iscsi.debug", "iscsi.log=debug"},
	{"iscsi.verbose", "iscsi.log=debug"},
	{"iscsi.loglevel", "iscsi.log"},
	{"iscsi.target", "iscsi=<portal>,<target>"},
	{"iscsi.portal", "iscsi=<portal>,<target>"},
	{"iscsi.initiator", "the option initiator= of iscsi="},
	{"iscsi.username", "the option username= of iscsi="},
	{"iscsi.password", "the option password= of iscsi="},
};

static int refuse_unknown(struct text name, const struct space *space, struct fault *fault)
{
	size_t prefix = strlen(space->prefix);
	char shown[TEXT_SHOWN], list[160];

	text_show(name, shown);
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (text_is(name, synonyms[i].wrong))
			return fault_set(fault, name.at, "%s is not known; did you mean %s?", shown, synonyms[i].right);
	for (int i = 0; i < WORD_COUNT; i++)
		if (word_rows[i].group == space->group && text_starts(text_of(word_rows[i].name), space->prefix) &&
		    text_is_near(text_skip(name, prefix), word_rows[i].name + prefix))
			return fault_set(fault, name.at, "%s is not known; did you mean %s?", shown, word_rows[i].name);
	if (space->group != GROUP_OURS)
		return fault_set(fault, name.at, "%s is not known", shown);
	list_words(GROUP_OURS, space->prefix, list, sizeof(list));
	return fault_set(fault, name.at, "%s is not known; there are %s", shown, list);
}

int words_check_name(struct text name, struct fault *fault)
{
	if (words_find(name) >= 0)
		return 0;
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (is_in_space(name, &spaces[i]))
			return refuse_unknown(name, &spaces[i], fault);
	return 0;
}

int words_check_setting(struct text name, struct fault *fault)
{
	char shown[TEXT_SHOWN];

	if (!text_starts(name, "ISCSI_") || words_find(name) >= 0)
		return 0;
	text_show(name, shown);
	for (int i = 0; i < WORD_COUNT; i++)
		if (word_rows[i].upper && text_is_near(name, word_rows[i].upper))
			return fault_set(fault, name.at, "%s is not known; did you mean %s?", shown,
					 word_rows[i].upper);
	return fault_set(fault, name.at, "%s is not known", shown);
}
