/* plan.c - what must hold where the sources meet: precedence, the firmware's table, the lease, the initiator's name. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cmdline.h"
#include "proto/dhcp.h"
#include "proto/dhcp6.h"
#include "plan/initiator.h"
#include "plan/lease.h"
#include "plan/planning.h"
#include "test/unit/plan_text.h"

static struct cmdline cmdline;
static struct plan plan;
static struct plan_error error;
static char text[LINE_MAX_TEXT];

static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static int make(const char *line, const struct ibft *firmware, const struct plan_files *files)
{
	cmdline_cut(line, strlen(line), &cmdline);
	return plan_make(&cmdline, firmware, files, &plan, &error);
}

static const char *targets(void)
{
	return targets_text(&plan, text);
}

static const char *network(void)
{
	return network_text(&plan.network, text);
}

/* ---- the firmware's table ---- */

/* What iPXE leaves with two sanhooks and mutual CHAP. */
static struct ibft table(void)
{
	return (struct ibft){
		.initiator = "iqn.2026-01.test.rig:ipxe",
		.nics = {{.flags = 3,
			  .has_mac = true,
			  .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56},
			  .address = "10.0.2.15",
			  .prefix = 24,
			  .gateway = "10.0.2.2",
			  .dns = {"10.0.2.3"},
			  .dhcp = "10.0.2.2"}},
		.nic_count = 1,
		.targets = {{.index = 0,
			     .flags = 3,
			     .address = "10.0.2.2",
			     .port = 33001,
			     .has_lun = true,
			     .lun = 16,
			     .name = "iqn.2026-01.test.rig:t1",
			     .chap = 2,
			     .username = "inuser",
			     .secret = "insecret1234",
			     .username_in = "outuser",
			     .secret_in = "outsecret1234"},
			    {.index = 1,
			     .flags = 3,
			     .address = "10.0.2.3",
			     .has_lun = true,
			     .lun = 1,
			     .name = "iqn.2026-01.test.rig:t1"}},
		.target_count = 2,
	};
}

#define TABLE_TARGETS                                                                                      \
	"10.0.2.2:33001 iqn.2026-01.test.rig:t1 lun=16 user=inuser:insecret1234 in=outuser:outsecret1234 " \
	"from=iqn.2026-01.test.rig:ipxe(iBFT) [iBFT] | 10.0.2.3:3260 iqn.2026-01.test.rig:t1 lun=1 "       \
	"from=iqn.2026-01.test.rig:ipxe(iBFT) [iBFT]"

static void the_firmwares_targets_are_used_when_no_word_names_one(void **state)
{
	static const char *const lines[] = {"",        "iscsi=ibft",      "iscsi_auto",   "rd.iscsi.firmware=1",
					    "ip=ibft", "rd.iscsi.ibft=1", "netroot=iscsi"};
	struct ibft ibft = table();

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(make(lines[i], &ibft, NULL), 0);
		assert_string_equal(targets(), TABLE_TARGETS);
		assert_string_equal(network(), "* dhcp4 mac=52:54:00:12:34:56; dns 10.0.2.3");
		assert_int_equal(plan.targets[1].firmware_index, 1);
		assert_int_equal(plan.targets[1].firmware_nic, 0);
	}
	assert_int_equal(make("iscsi=10.0.0.1,iqn.2026-01.x:y", &ibft, NULL), 0);
	assert_string_equal(targets(), "10.0.0.1:3260 iqn.2026-01.x:y [command line]");
	assert_string_equal(network(), "first dhcp4");
	assert_int_equal(make("iscsi=dhcp", &ibft, NULL), 0);
	assert_string_equal(targets(), "lease - [command line]");
}

static void the_firmware_and_words_stand_together_when_both_are_asked_for(void **state)
{
	struct ibft ibft = table();

	(void)state;
	ibft.target_count = 1;
	ibft.targets[0].chap = 0;
	assert_int_equal(
		make("iscsi=ibft,lun=7,cmds_max=64,username=u,password=p iscsi=10.0.0.1,iqn.2026-01.x:y", &ibft, NULL),
		0);
	assert_string_equal(targets(), "10.0.0.1:3260 iqn.2026-01.x:y [command line] | 10.0.2.2:33001 "
				       "iqn.2026-01.test.rig:t1 lun=7 user=u:p from=iqn.2026-01.test.rig:ipxe(iBFT) "
				       "cmds_max=64 [iBFT]");
	assert_int_equal(make("ip=eth5:dhcp", &ibft, NULL), 0);
	assert_string_equal(network(), "eth5 dhcp4");
	assert_int_equal(make("ip=ibft iscsi=10.0.0.1,iqn.2026-01.x:y", &ibft, NULL), 0);
	assert_string_equal(network(), "* dhcp4 mac=52:54:00:12:34:56; dns 10.0.2.3");
	assert_int_equal(make("rd.iscsi.ibft=1 ip=eth5:dhcp", &ibft, NULL), 0);
	assert_string_equal(network(), "eth5 dhcp4; * dhcp4 mac=52:54:00:12:34:56; dns 10.0.2.3");
	assert_int_equal(make("rd.iscsi.ibft=1 ip=10.0.2.9/24", &ibft, NULL), 0); /* for any card, this one, too */
	assert_string_equal(network(), "first static 10.0.2.9/24");
	assert_int_equal(make("rd.iscsi.ibft=1 ip=off", &ibft, NULL), 0);
	assert_string_equal(network(), "");
	assert_int_equal(make("rd.iscsi.ibft=0 rd.iscsi.firmware ip=eth5:dhcp", &ibft, NULL), 0);
	assert_string_equal(network(), "eth5 dhcp4");
	assert_int_equal(make("rd.iscsi.ibft iscsi.ip=eth5:dhcp", &ibft, NULL), 0);
	assert_string_equal(network(), "eth5 dhcp4");
	assert_int_equal(make("rd.iscsi.ibft iscsi=10.0.0.1,iqn.2026-01.x:y", &ibft, NULL), 0);
	assert_string_equal(network(), "first dhcp4");
}

/* What iPXE's sanhook and a line for dracut say together. */
static void a_target_of_the_firmware_that_a_word_names_is_one(void **state)
{
	static const char both[] =
		"10.0.2.2:33001 iqn.2026-01.test.rig:t1 user=inuser:insecret1234 in=outuser:outsecret1234 "
		"from=iqn.2026-01.test.rig:ipxe(iBFT) [dracut's words] | 10.0.2.3:3260 iqn.2026-01.test.rig:t1 lun=1 "
		"from=iqn.2026-01.test.rig:ipxe(iBFT) [iBFT]";
	struct ibft ibft = table();

	(void)state;
	assert_int_equal(make("netroot=iscsi:10.0.2.2::33001::iqn.2026-01.test.rig:t1 rd.iscsi.firmware", &ibft, NULL),
			 0);
	assert_string_equal(targets(), both);
	assert_int_equal(plan.targets[0].firmware_index, 0);
	assert_string_equal(network(), "* dhcp4 mac=52:54:00:12:34:56; dns 10.0.2.3");
	/* another LUN, port, address or name is another one */
	assert_int_equal(make("netroot=iscsi:10.0.2.2::33001:16:iqn.2026-01.test.rig:t1 rd.iscsi.ibft", &ibft, NULL),
			 0);
	assert_int_equal(plan.target_count, 2);
	assert_int_equal(make("netroot=iscsi:10.0.2.2::33001:1:iqn.2026-01.test.rig:t1 rd.iscsi.ibft", &ibft, NULL), 0);
	assert_int_equal(plan.target_count, 3);
	assert_int_equal(make("netroot=iscsi:10.0.2.2::::iqn.2026-01.test.rig:t1 rd.iscsi.ibft", &ibft, NULL), 0);
	assert_int_equal(plan.target_count, 3);
	assert_int_equal(make("netroot=iscsi:10.0.2.4::33001::iqn.2026-01.test.rig:t1 rd.iscsi.ibft", &ibft, NULL), 0);
	assert_int_equal(plan.target_count, 3);
	assert_int_equal(make("netroot=iscsi:10.0.2.2::33001::iqn.2026-01.test.rig:t2 rd.iscsi.ibft", &ibft, NULL), 0);
	assert_int_equal(plan.target_count, 3);
	/* our own words ask for both */
	assert_int_equal(make("iscsi=10.0.2.2:33001,iqn.2026-01.test.rig:t1 iscsi=ibft", &ibft, NULL), 0);
	assert_int_equal(plan.target_count, 3);
	/* an address of IPv6 has several texts */
	snprintf(ibft.targets[0].address, sizeof(ibft.targets[0].address), "2001:0db8:0000:0000:0000:0000:0000:0001");
	assert_int_equal(
		make("iscsi_target_ip=[2001:db8::1]:33001 iscsi_target_name=iqn.2026-01.test.rig:t1 iscsi_auto", &ibft,
		     NULL),
		0);
	assert_int_equal(plan.target_count, 2);
}

/* Not every firmware has the DHCP server's address in its table. */
static void an_address_that_the_firmware_leased_is_leased_again(void **state)
{
	struct ibft ibft = table();

	(void)state;
	ibft.nics[0].dhcp[0] = 0;
	ibft.nics[0].is_leased = true;
	assert_int_equal(make("", &ibft, NULL), 0);
	assert_string_equal(network(), "* dhcp4 mac=52:54:00:12:34:56; dns 10.0.2.3");
	snprintf(ibft.nics[0].address, sizeof(ibft.nics[0].address), "2001:0db8:0000:0000:0000:0000:0000:0002");
	assert_int_equal(make("", &ibft, NULL), 0);
	assert_string_equal(network(), "* auto6|dhcp6 mac=52:54:00:12:34:56; dns 10.0.2.3");
}

static void the_firmwares_static_address_and_vlan_are_taken_over(void **state)
{
	struct ibft ibft = table();

	(void)state;
	ibft.nics[0].dhcp[0] = 0;
	assert_int_equal(make("", &ibft, NULL), 0);
	assert_string_equal(network(), "* static 10.0.2.15/24 gw=10.0.2.2 mac=52:54:00:12:34:56; dns 10.0.2.3");
	ibft.nics[0].vlan = 5;
	assert_int_equal(make("", &ibft, NULL), 0);
	assert_string_equal(network(), "vlan ibft0.5 5 on 52:54:00:12:34:56; ibft0.5 static 10.0.2.15/24 gw=10.0.2.2; "
				       "dns 10.0.2.3");
	snprintf(ibft.nics[0].dhcp, sizeof(ibft.nics[0].dhcp), "0.0.0.0");
	ibft.nics[0].prefix = 0;
	assert_int_equal(make("", &ibft, NULL), -EINVAL);
	assert_string_equal(error.text,
			    "iBFT ethernet0: address, prefix or gateway cannot be used; name them with ip=");
	assert_int_equal(make("rd.iscsi.ibft=1 ip=eth5:dhcp", &ibft, NULL), 0);
	assert_string_equal(network(), "eth5 dhcp4");
	assert_non_null(strstr(plan.notes.text[0], "iBFT ethernet0: address"));
	assert_string_equal(error.text, "");
	snprintf(ibft.nics[0].address, sizeof(ibft.nics[0].address), "2001:db8::15");
	ibft.nics[0].is_leased = true;
	ibft.nics[0].vlan = 0;
	assert_int_equal(make("", &ibft, NULL), 0);
	assert_string_equal(network(), "* auto6|dhcp6 mac=52:54:00:12:34:56; dns 10.0.2.3");
	assert_int_equal(make("ipv6.disable=1", &ibft, NULL), 0);
	assert_null(strstr(network(), "6 mac"));
}

static void a_table_that_cannot_be_used_is_refused_by_name(void **state)
{
	struct ibft ibft = table();

	(void)state;
	ibft.targets[0].has_lun = false;
	snprintf(ibft.targets[0].lun_text, sizeof(ibft.targets[0].lun_text), "4112000000");
	assert_int_equal(make("", &ibft, NULL), -EINVAL);
	assert_string_equal(error.text, "iBFT target0: the LUN's bytes '4112000000' can be read in several ways or in "
					"none; name the LUN with iscsi=ibft,lun=");
	assert_int_equal(make("iscsi=ibft,lun=3", &ibft, NULL), 0);
	assert_int_equal(plan.targets[0].lun, 3);

	ibft = table();
	ibft.targets[1].address[0] = 0;
	assert_int_equal(make("", &ibft, NULL), -EINVAL);
	assert_string_equal(error.text, "iBFT target1: expected an IP address in ip-addr, not ''");

	ibft = table();
	snprintf(ibft.targets[0].name, sizeof(ibft.targets[0].name), "t 1");
	assert_int_equal(make("", &ibft, NULL), -EINVAL);
	assert_string_equal(error.text, "iBFT target0: name 't 1': expected 1 to 223 characters without a blank");

	ibft = table();
	ibft.targets[0].secret_in[0] = 0;
	assert_int_equal(make("", &ibft, NULL), -EINVAL);
	assert_string_equal(error.text, "iBFT target0: a CHAP secret must not be empty");
}

/* ---- the initiator's name ---- */

static const char *initiator(void)
{
	text[0] = 0;
	put(text, "%s(%s)", plan.targets[0].initiator, source_name(plan.targets[0].initiator_source));
	return text;
}

static void the_initiators_name_comes_from_the_first_that_has_one(void **state)
{
	struct plan_files files = {.initiator_name = "iqn.2026-01.file:x"};
	struct ibft ibft = table();

	(void)state;
	assert_int_equal(
		make("iscsi=1.2.3.4,iqn.2026-01.x:y,initiator=iqn.2026-01.me:a rd.iscsi.initiator=iqn.2026-01.me:b "
		     "iscsi_initiator=iqn.2026-01.me:c",
		     NULL, &files),
		0);
	assert_string_equal(initiator(), "iqn.2026-01.me:a(command line)");
	assert_int_equal(make("iscsi=1.2.3.4,iqn.2026-01.x:y rd.iscsi.initiator=iqn.2026-01.me:b "
			      "iscsi_initiator=iqn.2026-01.me:c",
			      NULL, &files),
			 0);
	assert_string_equal(initiator(), "iqn.2026-01.me:b(dracut's words)");
	assert_int_equal(make("iscsi=1.2.3.4,iqn.2026-01.x:y iscsi_initiator=iqn.2026-01.me:c", NULL, &files), 0);
	assert_string_equal(initiator(), "iqn.2026-01.me:c(Debian's words)");
	assert_int_equal(make("iscsi=1.2.3.4,iqn.2026-01.x:y", NULL, &files), 0);
	plan_add_mac(&plan, mac);
	assert_string_equal(initiator(), "iqn.2026-01.file:x(file)");
	assert_int_equal(make("", &ibft, &files), 0);
	assert_string_equal(initiator(), "iqn.2026-01.test.rig:ipxe(iBFT)");
	assert_int_equal(make("rd.iscsi.initiator=iqn.2026-01.me:b", &ibft, &files), 0);
	assert_string_equal(initiator(), "iqn.2026-01.me:b(dracut's words)");
	assert_int_equal(make("iscsi=1.2.3.4,iqn.2026-01.x:y", NULL, NULL), 0);
	assert_string_equal(plan.targets[0].initiator, "");
	plan_add_mac(&plan, mac);
	assert_string_equal(initiator(), "eui.525400fffe123456(MAC address)");
}

static void the_file_of_the_initiators_name_is_read(void **state)
{
	static const struct {
		const char *file, *name;
	} files[] = {
		{"InitiatorName=iqn.2026-01.a:b\n", "iqn.2026-01.a:b"},
		{"# InitiatorName=iqn.2026-01.no:b\n\n  InitiatorName=iqn.2026-01.a:b \r\n", "iqn.2026-01.a:b"},
		{"GenerateName=yes\n", ""},
		{"", ""},
		{"InitiatorName=", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct plan_files read = {.initiator_name = ""};

		plan_read_initiator_name(files[i].file, strlen(files[i].file), &read);
		assert_string_equal(read.initiator_name, files[i].name);
	}
}

static void a_hibernated_system_is_not_continued_and_that_is_noted(void **state)
{
	(void)state;
	assert_int_equal(make("iscsi=1.2.3.4,iqn.2026-01.x:y resume=UUID=1234", NULL, NULL), 0);
	assert_int_equal(plan.notes.count, 1);
	assert_non_null(strstr(plan.notes.text[0], "resume= has no effect: a hibernated system boots anew"));
}

static void an_odd_name_in_the_file_is_used_and_noted_and_a_bad_one_refused(void **state)
{
	struct plan_files files = {.initiator_name = "maas-enlist"};

	(void)state;
	assert_int_equal(make("iscsi=1.2.3.4,iqn.2026-01.x:y", NULL, &files), 0);
	assert_string_equal(initiator(), "maas-enlist(file)");
	assert_int_equal(plan.notes.count, 1);
	assert_string_equal(plan.notes.text[0], "'maas-enlist' is not a legal iSCSI name (expected a name that begins "
						"with iqn., eui. or naa.), but is used as it is");
	snprintf(files.initiator_name, sizeof(files.initiator_name), "my host");
	assert_int_equal(make("iscsi=1.2.3.4,iqn.2026-01.x:y", NULL, &files), -EINVAL);
	assert_string_equal(error.text, "/etc/iscsi/initiatorname.iscsi: name 'my host': expected 1 to 223 characters "
					"without a blank");
}

static void only_our_own_word_insists_on_the_firmwares_table(void **state)
{
	static const struct {
		const char *line;
		bool asks, optional;
	} lines[] = {
		{"iscsi=ibft", true, false},
		{"rd.iscsi.firmware", true, true},
		{"netroot=iscsi rd.iscsi.firmware=1", true, true},
		{"rd.iscsi.firmware netroot=iscsi:10.0.0.1::::iqn.2026-01.x:y", true, true},
		{"iscsi_auto", true, true},
		{"ip=ibft", true, true},
		{"iscsi=ibft ip=ibft", true, false},
		{"iscsi=1.2.3.4,iqn.2026-01.x:y rd.iscsi.firmware", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(make(lines[i].line, NULL, NULL), 0);
		assert_int_equal(plan.boot.use_firmware, lines[i].asks);
		assert_int_equal(plan.boot.firmware_is_optional, lines[i].optional);
	}
	/* what ip=ibft falls back to */
	assert_int_equal(make("ip=ibft iscsi=1.2.3.4,iqn.2026-01.x:y", NULL, NULL), 0);
	assert_string_equal(network(), "first dhcp4");
}

/* ---- the lease ---- */

static int lease(const char *line, const struct dhcp_lease *given)
{
	static const struct plan_files files = {.initiator_name = "iqn.2026-01.file:x"};

	assert_int_equal(make(line, NULL, &files), 0);
	return plan_add_lease(given, &plan, &error);
}

static int root_path(const char *line, const char *path)
{
	struct dhcp_lease given = {.server = 0x0a000201, .next_server = 0x0a000202};

	snprintf(given.root_path, sizeof(given.root_path), "%s", path);
	return lease(line, &given);
}

static void a_root_path_becomes_the_target(void **state)
{
#define FROM " from=iqn.2026-01.file:x(file)"
	static const struct {
		const char *line, *path, *targets;
	} paths[] = {
		{"iscsi=dhcp", "iscsi:10.0.0.1::::iqn.2026-01.x:y",
		 "10.0.0.1:3260 iqn.2026-01.x:y lun=0" FROM " [DHCP]"},
		{"iscsi=dhcp", "iscsi:10.0.0.1:6:3261:a:iqn.2026-01.x:y",
		 "10.0.0.1:3261 iqn.2026-01.x:y lun=10" FROM " [DHCP]"},
		{"iscsi=dhcp", "iscsi:[2001:db8::1]:::4752-3A4F-6b7e-2F99:eui.0123456789abcdef",
		 "[2001:db8::1]:3260 eui.0123456789abcdef lun=3429890781107668818" FROM " [DHCP]"},
		{"iscsi=dhcp", "iscsi:example.com::3260:6734-9-156f-127:iqn.2026-01.x:y",
		 "example.com:3260 iqn.2026-01.x:y lun=83058684615812916" FROM " [DHCP]"},
		{"iscsi=dhcp", "iscsi:example.com:::4186-9:iqn.2026-01.x:y",
		 "example.com:3260 iqn.2026-01.x:y lun=606598" FROM " [DHCP]"},
		{"iscsi=dhcp", "iscsi:::::iqn.2026-01.x:y", "10.0.2.2:3260 iqn.2026-01.x:y lun=0" FROM " [DHCP]"},
		{"iscsi=dhcp,lun=4,cmds_max=64", "iscsi:10.0.0.1:::9:iqn.2026-01.x:y",
		 "10.0.0.1:3260 iqn.2026-01.x:y lun=4" FROM " cmds_max=64 [DHCP]"},
		{"netroot=dhcp", "iscsi:10.0.0.1:::1:iqn.2026-01.x:y",
		 "10.0.0.1:3260 iqn.2026-01.x:y lun=1" FROM " [DHCP]"},
		{"root=dhcp", "iscsi:10.0.0.1:::1:iqn.2026-01.x:y",
		 "10.0.0.1:3260 iqn.2026-01.x:y lun=1" FROM " [DHCP]"},
		{"iscsi=dhcp", "iscsi:u:p:iu:ip@10.0.0.1:::1f:iqn.2026-01.x:y",
		 "10.0.0.1:3260 iqn.2026-01.x:y lun=31 user=u:p in=iu:ip" FROM " [DHCP]"},
		{"iscsi=dhcp", "iscsi:10.0.0.1:::eth0:1:iqn.2026-01.x:y",
		 "10.0.0.1:3260 iqn.2026-01.x:y lun=1 via=eth0" FROM " [DHCP]"},
		{"iscsi=dhcp iscsi=10.0.0.9,iqn.2026-01.x:z",
		 "iscsi:10.0.0.1:::1:iqn.2026-01.x:y iscsi:10.0.0.2:::1:iqn.2026-01.x:y",
		 "10.0.0.1:3260 iqn.2026-01.x:y lun=1" FROM " [DHCP] | 10.0.0.9:3260 iqn.2026-01.x:z" FROM
		 " [command line] | 10.0.0.2:3260 iqn.2026-01.x:y lun=1" FROM " [DHCP]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (root_path(paths[i].line, paths[i].path) != 0)
			fail_msg("%s: %s", paths[i].path, error.text);
		assert_string_equal(targets(), paths[i].targets);
		assert_false(plan.network.wants_root_path);
		assert_false(plan.targets[0].wants_lease);
	}
}

static void a_root_path_that_cannot_be_used_says_why(void **state)
{
#define WHAT "DHCP root-path (option 17)"
	static const struct {
		const char *path, *error;
		int result;
	} paths[] = {
		{"", WHAT ": the lease has none, but the disk was to come from it", -ENOENT},
		{"10.0.0.1:/nfs",
		 WHAT " '10.0.0.1:/nfs': not iSCSI; expected iscsi:<server>:<protocol>:<port>:<LUN>:<target>", -EINVAL},
		{"iscsi:10.0.0.1:17:::iqn.2026-01.x:y",
		 WHAT " 'iscsi:10.0.0.1:17:::iqn.2026-01.x:y': the protocol: expected nothing or 6 (TCP)", -EINVAL},
		{"iscsi:10.0.0.1::x::iqn.2026-01.x:y",
		 WHAT " 'iscsi:10.0.0.1::x::iqn.2026-01.x:y': the port: expected nothing or a number from 1 to 65535",
		 -EINVAL},
		{"iscsi:10.0.0.1:::xyz:iqn.2026-01.x:y",
		 WHAT
		 " 'iscsi:10.0.0.1:::xyz:iqn.2026-01.x:y': the LUN: expected up to four groups of hexadecimal digits, "
		 "joined with '-'",
		 -EINVAL},
		{"iscsi:10.0.0.999:::1:iqn.2026-01.x:y",
		 WHAT
		 " 'iscsi:10.0.0.999:::1:iqn.2026-01.x:y': expected an IPv4 address, an [IPv6] address or a host name, "
		 "not '10.0.0.999'",
		 -EINVAL},
		{"iscsi:u:geheim@10.0.0.999:::1:iqn.2026-01.x:y", WHAT ": server: expected an address or a host name",
		 -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(root_path("iscsi=dhcp", paths[i].path), paths[i].result);
		assert_string_equal(error.text, paths[i].error);
		assert_true(plan.network.wants_root_path);
		assert_true(plan.targets[0].wants_lease);
	}
}

static void a_server_is_needed_from_root_path_or_lease(void **state)
{
	struct dhcp_lease given = {.root_path = "iscsi:::::iqn.2026-01.x:y", .server = 0x0a000201};

	(void)state;
	assert_int_equal(lease("iscsi=dhcp", &given), 0);
	assert_string_equal(plan.targets[0].portal.host, "10.0.2.1");
	given.server = 0;
	assert_int_equal(lease("iscsi=dhcp", &given), -EINVAL);
	assert_non_null(strstr(error.text, "names no server"));
}

static void the_leases_names_and_secrets_are_used_where_no_word_says_otherwise(void **state)
{
	struct dhcp_lease given = {.root_path = "iscsi:10.0.0.1:::1:iqn.2026-01.x:y",
				   .initiator_name = "iqn.2026-01.lease:x",
				   .chap_user = "lu",
				   .chap_secret = "ls",
				   .chap_in_user = "li",
				   .chap_in_secret = "lt"};

	(void)state;
	assert_int_equal(lease("iscsi=dhcp", &given), 0);
	assert_string_equal(targets(), "10.0.0.1:3260 iqn.2026-01.x:y lun=1 user=lu:ls in=li:lt "
				       "from=iqn.2026-01.lease:x(DHCP) [DHCP]");
	assert_int_equal(lease("iscsi=dhcp,username=u,password=p,initiator=iqn.2026-01.me:x", &given), 0);
	assert_string_equal(targets(), "10.0.0.1:3260 iqn.2026-01.x:y lun=1 user=u:p "
				       "from=iqn.2026-01.me:x(command line) [DHCP]");
	given.chap_in_secret[0] = 0;
	assert_int_equal(lease("iscsi=dhcp", &given), -EINVAL);
	assert_string_equal(error.text,
			    "DHCP options 175.190 to 175.193: the target's CHAP user name without its password");
	given.chap_in_user[0] = 0;
	snprintf(given.initiator_name, sizeof(given.initiator_name), "a host");
	assert_int_equal(lease("iscsi=dhcp", &given), -EINVAL);
	assert_string_equal(error.text, "DHCP initiator name (option 203): name 'a host': expected 1 to 223 characters "
					"without a blank");
	/* a lease that no disk is awaited from */
	given = (struct dhcp_lease){.initiator_name = "iqn.2026-01.lease:x"};
	assert_int_equal(make("iscsi=10.0.0.1,iqn.2026-01.x:y", NULL, NULL), 0);
	assert_int_equal(plan_add_lease(&given, &plan, &error), 0);
	assert_string_equal(initiator(), "iqn.2026-01.lease:x(DHCP)");
}

/* Each of the four by itself, and of one letter. */
static void the_leases_names_belong_to_secrets(void **state)
{
#define OPTIONS "DHCP options 175.190 to 175.193: "
	static const struct {
		const char *user, *secret, *user_in, *secret_in, *wanted;
	} rows[] = {
		{"", "", "", "", "10.0.0.1:3260 iqn.2026-01.x:y lun=1 from=iqn.2026-01.file:x(file) [DHCP]"},
		{"u", "s", "", "", "10.0.0.1:3260 iqn.2026-01.x:y lun=1 user=u:s from=iqn.2026-01.file:x(file) [DHCP]"},
		{"u", "s", "i", "t",
		 "10.0.0.1:3260 iqn.2026-01.x:y lun=1 user=u:s in=i:t from=iqn.2026-01.file:x(file) [DHCP]"},
		{"u", "", "", "", OPTIONS "a CHAP user name without a password"},
		{"", "s", "", "", OPTIONS "a CHAP password without a user name"},
		{"u", "s", "i", "", OPTIONS "the target's CHAP user name without its password"},
		{"u", "s", "", "t", OPTIONS "the target's CHAP password without its user name"},
		{"", "", "i", "t", OPTIONS "mutual CHAP needs our own user name and password beside the target's"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dhcp_lease given = {.root_path = "iscsi:10.0.0.1:::1:iqn.2026-01.x:y"};

		strcpy(given.chap_user, rows[i].user);
		strcpy(given.chap_secret, rows[i].secret);
		strcpy(given.chap_in_user, rows[i].user_in);
		strcpy(given.chap_in_secret, rows[i].secret_in);
		if (lease("iscsi=dhcp", &given))
			assert_string_equal(error.text, rows[i].wanted);
		else
			assert_string_equal(targets(), rows[i].wanted);
	}
}

static void as_many_root_paths_as_there_is_room_for(void **state)
{
	char paths[DHCP_ROOT_PATH_MAX] = "";
	struct dhcp_lease given = {.server = 0x0a000201};

	(void)state;
	for (int i = 0; i < 12; i++)
		strcat(paths, " iscsi:::::iqn.2026-01.x:y");
	strcpy(given.root_path, paths);
	assert_int_equal(lease("iscsi=dhcp", &given), 0);
	assert_int_equal(plan.target_count, 12);
	plan.network.wants_root_path = true;
	plan.target_count = PLAN_TARGETS_MAX - 11; /* and the template's own place */
	assert_int_equal(plan_add_lease(&given, &plan, &error), 0);
	assert_int_equal(plan.target_count, PLAN_TARGETS_MAX);
	plan.network.wants_root_path = true;
	plan.target_count = PLAN_TARGETS_MAX - 10;
	assert_int_equal(plan_add_lease(&given, &plan, &error), -EINVAL);
	assert_non_null(strstr(error.text, "names more targets than there is room for"));
	assert_int_equal(plan.target_count, PLAN_TARGETS_MAX);
}

static void a_secret_of_the_lease_was_on_no_command_line(void **state)
{
	(void)state;
	assert_int_equal(root_path("iscsi=dhcp", "iscsi:u:p@10.0.0.1:::1f:iqn.2026-01.x:y"), 0);
	assert_false(plan.targets[0].secret_on_cmdline);
}

static void dhcpv6s_boot_url_becomes_the_target(void **state)
{
	struct dhcp6_lease given = {.boot_url = "iscsi:[2001:db8::1]:::1:iqn.2026-01.x:y"};

	(void)state;
	assert_int_equal(make("netroot=dhcp6", NULL, NULL), 0);
	assert_string_equal(network(), "first auto6+dhcp6");
	assert_int_equal(plan_add_lease6(&given, &plan, &error), 0);
	assert_string_equal(targets(), "[2001:db8::1]:3260 iqn.2026-01.x:y lun=1 [DHCP]");
	snprintf(given.boot_url, sizeof(given.boot_url), "iscsi:::::iqn.2026-01.x:y");
	assert_int_equal(make("netroot=dhcp6", NULL, NULL), 0);
	assert_int_equal(plan_add_lease6(&given, &plan, &error), -EINVAL);
	assert_non_null(
		strstr(error.text, "DHCPv6 boot file URL (option 59) 'iscsi:::::iqn.2026-01.x:y': names no server"));
}

static void notes_have_an_end(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++)
		plan_note(&plan, "%d", i);
	assert_int_equal(plan.notes.count, PLAN_NOTES_MAX);
	assert_string_equal(plan.notes.text[PLAN_NOTES_MAX - 1], "and there is more to say");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_firmwares_targets_are_used_when_no_word_names_one),
		cmocka_unit_test(the_firmware_and_words_stand_together_when_both_are_asked_for),
		cmocka_unit_test(a_target_of_the_firmware_that_a_word_names_is_one),
		cmocka_unit_test(an_address_that_the_firmware_leased_is_leased_again),
		cmocka_unit_test(the_firmwares_static_address_and_vlan_are_taken_over),
		cmocka_unit_test(a_table_that_cannot_be_used_is_refused_by_name),
		cmocka_unit_test(the_initiators_name_comes_from_the_first_that_has_one),
		cmocka_unit_test(the_file_of_the_initiators_name_is_read),
		cmocka_unit_test(a_hibernated_system_is_not_continued_and_that_is_noted),
		cmocka_unit_test(an_odd_name_in_the_file_is_used_and_noted_and_a_bad_one_refused),
		cmocka_unit_test(only_our_own_word_insists_on_the_firmwares_table),
		cmocka_unit_test(a_root_path_becomes_the_target),
		cmocka_unit_test(a_root_path_that_cannot_be_used_says_why),
		cmocka_unit_test(a_server_is_needed_from_root_path_or_lease),
		cmocka_unit_test(the_leases_names_and_secrets_are_used_where_no_word_says_otherwise),
		cmocka_unit_test(the_leases_names_belong_to_secrets),
		cmocka_unit_test(as_many_root_paths_as_there_is_room_for),
		cmocka_unit_test(a_secret_of_the_lease_was_on_no_command_line),
		cmocka_unit_test(dhcpv6s_boot_url_becomes_the_target),
		cmocka_unit_test(notes_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
