/* check.c - what must hold for `check`: everything is shown with its source, and no secret is. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "command/check.h"
#include "proto/params.h"

static char printed[16384];

static int run(const char *line, bool verbose)
{
	FILE *out = fmemopen(printed, sizeof(printed), "w");
	struct check_options options = {.form = verbose ? CHECK_ALL : CHECK_CHANGED};
	int result;

	assert_non_null(out);
	result = check_line(line, strlen(line), &options, (struct check_streams){out, out});
	fclose(out);
	return result;
}

static const char *check(const char *line)
{
	assert_int_equal(run(line, true), 0);
	return printed;
}

static void says(const char *line, const char *piece)
{
	if (!strstr(check(line), piece))
		fail_msg("'%s' is not in what check says of '%s':\n%s", piece, line, printed);
}

#define TARGET "iscsi=10.0.2.2:33001,iqn.2026-01.test.rig:t1"

static void a_target_is_shown_with_every_setting_and_its_source(void **state)
{
	(void)state;
	says(TARGET, "target 1: 10.0.2.2:33001 (command line)\n  name iqn.2026-01.test.rig:t1\n  LUN: every one\n");
	for (int i = 0; i < PARAM_COUNT; i++) {
		char piece[80];

		snprintf(piece, sizeof(piece), "\n  %s = ", param_rows[i].name);
		if (param_rows[i].settable)
			says(TARGET, piece);
	}
	says(TARGET ",MaxBurstLength=65536", "  MaxBurstLength = 65536 bytes (command line)\n");
	says(TARGET ",MaxBurstLength=65536", "  FirstBurstLength = 65536 bytes");
	says(TARGET ",MaxBurstLength=512,FirstBurstLength=65536",
	     "note: target 1: FirstBurstLength is reduced to 512, since it may not exceed MaxBurstLength\n");
	says(TARGET, "  cmds_max = 128 (default)\n");
	says("netroot=iscsi:10.0.0.1::::iqn.2026-01.x:y rd.iscsi.param=node.session.cmds_max=64",
	     "  cmds_max = 64 (dracut's words)\n");
	says("iscsi=10.0.0.1", "  name (the portal is asked; it must have just one)\n");
	says(TARGET ",initiator=iqn.2026-01.me:x", "  initiator iqn.2026-01.me:x (command line)\n");
	says(TARGET ",interface=eth7", "  by interface eth7\n");
}

static void the_network_of_the_firmware_is_not_called_none(void **state)
{
	static const char *const cards =
		"  cards, addresses and VLANs: those of the firmware's table (iBFT), if it has any\n";

	(void)state;
	says("iscsi=ibft root=LABEL=x", cards);
	says("iscsi_auto", cards);
	says("ip=ibft " TARGET, cards);
	says("root=LABEL=x", cards);
	assert_null(strstr(check("iscsi=ibft"), "none is needed"));
	says("root=LABEL=x", "  without such a table: none is needed\n");
	assert_null(strstr(check("iscsi=ibft ip=dhcp"), cards));
	assert_null(strstr(check(TARGET), cards));
}

static void the_lun_is_shown_in_both_forms(void **state)
{
	(void)state;
	says(TARGET ",lun=10", "  LUN 10 (RFC 4173: a)\n");
	says(TARGET ",lun=4186-9", "  LUN 606598 (RFC 4173: 4186-9)\n");
	says(TARGET ",lun=0", "  LUN 0 (RFC 4173: 0)\n");
	says("netroot=iscsi:10.0.0.1:::10:iqn.2026-01.x:y", "  LUN 10 (RFC 4173: a)\n");
}

static void secrets_are_not_shown(void **state)
{
	static const char *const lines[] = {
		TARGET ",username=me,password=geheim1,username_in=it,password_in=geheim2",
		"netroot=iscsi:me:geheim1:it:geheim2@10.0.0.1::::iqn.2026-01.x:y",
		"netroot=iscsi:10.0.0.1::::iqn.2026-01.x:y rd.iscsi.username=me rd.iscsi.password=geheim1 "
		"rd.iscsi.in.username=it rd.iscsi.in.password=geheim2",
		"iscsi_target_name=iqn.2026-01.x:y iscsi_target_ip=1.2.3.4 iscsi_username=me iscsi_password=geheim1 "
		"iscsi_in_username=it iscsi_in_password=geheim2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_null(strstr(check(lines[i]), "geheim"));
		says(lines[i], "  CHAP as 'me', secret (set, not shown)\n");
		says(lines[i], "  mutual CHAP: the target is 'it', secret (set, not shown)\n");
		says(lines[i], "note: a CHAP secret is on the command line");
	}
	says(TARGET ",username=me,password=exactly-12-b,username_in=it,password_in=eleven-byte",
	     "note: target 1: a CHAP secret has less than 96 bits");
	says(TARGET ",username=me,password=eleven-byte", "note: target 1: a CHAP secret has less than 96 bits");
	assert_null(strstr(check(TARGET ",username=me,password=exactly-12-b"), "96 bits"));
	says(TARGET ",username=me,password=@/etc/x,chap_algs=SHA256:MD5",
	     "  CHAP as 'me', secret from /etc/x\n  chap_algs = SHA256:MD5\n");
	says(TARGET, "  authentication: none\n");
}

static void the_network_is_shown(void **state)
{
	(void)state;
	says("quiet", "  without such a table: none is needed\n");
	says(TARGET, "  an interface that already has an address is used as it is\n"
		     "  interface any with carrier: DHCPv4 (default)\n");
	says(TARGET " ip=10.0.0.2::10.0.0.1:24:me:eth0:none:1500",
	     "  interface eth0: static 10.0.0.2/24 gateway 10.0.0.1 MTU 1500 host name me (command line)\n");
	says(TARGET " ip=either6", "  interface any with carrier: router advertisements or DHCPv6 (command line)\n");
	says(TARGET " BOOTIF=01-52-54-00-12-34-56", "  interface with MAC 52:54:00:12:34:56: DHCPv4 (default)\n");
	says(TARGET " vlan=vlan5:eth0 ip=vlan5:dhcp", "  VLAN vlan5: number 5 on eth0\n");
	says(TARGET " bond=b0:eth0,eth1:mode=1 ip=b0:dhcp", "  bond b0: mode=1, of eth0 eth1\n");
	says(TARGET " ifname=lan:52:54:00:12:34:56", "  rename 52:54:00:12:34:56 to lan\n");
	says(TARGET " rd.route=10.1.0.0/16:10.0.0.1:eth0", "  route 10.1.0.0/16 by 10.0.0.1 on eth0\n");
	says(TARGET " nameserver=10.0.0.1 rd.peerdns=0",
	     "  name server 10.0.0.1\n  name servers of DHCP are not used\n");
}

static void a_netmask_that_nobody_wrote_is_noted(void **state)
{
	static const char *const guessed[] = {" ip=10.0.0.5", " ip=10.0.0.5:::::eth0:off",
					      " iscsi.ip=10.0.0.5::10.0.0.1::::"};
	static const char *const written[] = {" ip=10.0.0.5/24", " ip=10.0.0.5 netmask=255.0.0.0", " ip=dhcp",
					      " ip=10.0.0.5:::8::eth0:off", " ip=10.0.0.5:10.0.0.6/8:::::off"};

	(void)state;
	for (size_t i = 0; i < sizeof(guessed) / sizeof(guessed[0]); i++) {
		char line[200];

		snprintf(line, sizeof(line), TARGET "%s", guessed[i]);
		says(line, "note: command line, word 2 ");
		says(line, "ip= has no netmask: /8 is used, after the address's class\n");
	}
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		char line[200];

		snprintf(line, sizeof(line), TARGET "%s", written[i]);
		assert_null(strstr(check(line), "has no netmask"));
	}
}

static void root_init_and_manner_are_shown(void **state)
{
	(void)state;
	says("root=UUID=abc rw rootfstype=ext4 rootflags=data=x",
	     "root: UUID=abc\n  mounted read-write, type ext4, flags data=x\n");
	says("root=8:1", "root: 8:1\n  mounted read-only, type as found\n");
	says("root=nfs:x", "root: nfs:x (not a form that is mounted here; for the initramfs's own /init)\n");
	says("root=iscsi:10.0.0.1::::iqn.2026-01.x:y", "root: the disk of target 1, whole\n");
	says("quiet", "root: none is named; the initramfs's own /init must know\n");
	says("init=/bin/sh -- -c 'x'", "  init=/bin/sh\n  arguments after --: -c 'x'\n");
	says("iscsi.init=/init.real", "init: /init.real in the initramfs");
	says("iscsi.timeout=0 iscsi.onfail=shell iscsi.log=debug", "time limit: none\non failure: shell\nlog: debug\n");
	says("", "time limit: 180 s\non failure: panic\nlog: info\n");
}

static void the_firmware_and_the_lease_are_named_as_sources(void **state)
{
	(void)state;
	says("", "target: none is named; the firmware's table (iBFT) is used where there is one\n");
	says("iscsi=ibft", "target: those of the firmware's table (iBFT)");
	says("iscsi=dhcp",
	     "target 1: as the DHCP server's root-path says (command line)\n  LUN: as the root-path says\n");
}

static void foreign_bytes_are_escaped(void **state)
{
	(void)state;
	says("root=LABEL=\033[31m\\x", "root: LABEL=\\x1b[31m\\x5cx\n");
	says(TARGET ",username=%1b%0a,password=x", "CHAP as '\\x1b\\x0a'");
}

/* The manual's table of settings is the one of proto/params. The test runs in the repository's root. */
static void the_manual_has_every_setting_with_its_range_and_default(void **state)
{
	static char manual[65536];
	FILE *file = fopen("doc/iscsi-init.8", "r");
	char wanted[120], value[32];

	(void)state;
	assert_non_null(file);
	manual[fread(manual, 1, sizeof(manual) - 1, file)] = 0;
	fclose(file);
	for (int i = 0; i < PARAM_COUNT; i++) {
		const struct param_row *row = &param_rows[i];
		const char *unit = row->unit[0] == 's' ? " s" : "";

		if (!row->settable)
			continue;
		param_write((enum param)i, row->ours, value, sizeof(value));
		if (row->kind == KIND_NUMBER && row->min != row->max)
			snprintf(wanted, sizeof(wanted), "\n.It Cm %s Ta %d to %d%s Ta %s", row->name, row->min,
				 row->max, unit, value);
		else if (row->kind == KIND_BOOLEAN)
			snprintf(wanted, sizeof(wanted), "\n.It Cm %s Ta Yes or \\&No Ta %s%s\n", row->name,
				 row->ours ? "" : "\\&", value);
		else
			snprintf(wanted, sizeof(wanted), "\n.It Cm %s Ta ", row->name);
		if (!strstr(manual, wanted))
			fail_msg("not in doc/iscsi-init.8: %s", wanted);
	}
}

static void only_what_is_not_a_default_is_shown_unless_all_is_asked_for(void **state)
{
	static const char *const words[] = {"cmds_max", "scheduler", "time limit", "on failure", "log:", "init:"};

	(void)state;
	assert_int_equal(run(TARGET " root=LABEL=x", false), 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_null(strstr(printed, words[i]));
	assert_int_equal(run(TARGET ",cmds_max=64,scheduler=bfq iscsi.timeout=5 iscsi.onfail=shell init=/x", false), 0);
	assert_non_null(strstr(printed, "  cmds_max = 64 (command line)\n"));
	assert_non_null(strstr(printed, "  scheduler = bfq\n"));
	assert_non_null(strstr(printed, "time limit: 5 s\non failure: shell\n"));
	assert_non_null(strstr(printed, "  init=/x\n"));
	assert_null(strstr(printed, "queue_depth"));
}

static void the_notes_are_counted(void **state)
{
	(void)state;
	says(TARGET " root=LABEL=x", "\nOK\n");
	says(TARGET " root=LABEL=x root=LABEL=y", "\nOK, 1 note\n");
	says(TARGET " root=LABEL=x root=uuid=y", "\nOK, 2 notes\n");
}

static void a_mark_stands_below_the_character(void **state)
{
	static const char *const hidden[] = {
		TARGET ",Password=geheim,lun=x",
		TARGET ",username=x,PASSWORD_IN=geheim,lun=x",
		TARGET ",user=x,pass=geheim",
		TARGET ",user=x,pass_in=geheim",
		TARGET ",chap_password=geheim",
		TARGET ",Secret=geheim",
		"rd.iscsi.password=geheim,geheim iscsi.password=geheim,geheim",
	};

	(void)state;
	assert_int_equal(run("quiet iscsi=10.0.0.1,iqn.2026-01.x:y,lun=x", true), 1);
	assert_non_null(strstr(printed, "character 42: lun: expected"));
	assert_non_null(strstr(printed, "\n  iscsi=10.0.0.1,iqn.2026-01.x:y,lun=x\n"
					"                                     ^\n"));
	says(TARGET " root=uuid=x", "\n  root=uuid=x\n       ^\n");
	/* no secret is shown beside it */
	assert_int_equal(run("iscsi=10.0.0.1,username=u,password=geheim,cmds_max=0", true), 1);
	assert_non_null(strstr(printed, "\n  iscsi=10.0.0.1,username=u,password=******,cmds_max=0\n"));
	assert_int_equal(run("netroot=iscsi:u:geheim@10.0.0.999::::iqn.2009-06.a:b", true), 1);
	assert_null(strstr(printed, "geheim"));
	assert_int_equal(run("iscsi=iscsi://u%geheim@10.0.0.999/iqn.2009-06.a:b", true), 1);
	assert_null(strstr(printed, "geheim"));
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		assert_int_equal(run(hidden[i], true), 1);
		assert_non_null(strstr(printed, "******"));
		assert_null(strstr(printed, "geheim"));
	}
	assert_int_equal(run("iscsi=10.0.0.1,iqn.2026-01.x:y lun=1,password=geheim", true), 0);
	assert_null(strstr(printed, "geheim"));
	assert_int_equal(run("iscsi=10.0.0.1,iqn.2026-01.x:y password=geheim", true), 0);
	assert_null(strstr(printed, "geheim"));
}

/* Lines that are read without an error and do not boot. */
static void what_is_probably_not_meant_is_noted(void **state)
{
	static const struct {
		const char *line, *note;
	} rows[] = {
		{"iscsi=10.0.2.2 iqn.2026-01.x:y",
		 "word 2 'iqn.2026-01.x:y', character 16: a target's name stands alone"},
		{TARGET " lun=1 HeaderDigest=CRC32C", "word 2 'lun', character 46: an option of iscsi= stands alone"},
		{TARGET " lun=1 HeaderDigest=CRC32C",
		 "word 3 'HeaderDigest', character 52: an option of iscsi= stands"},
		{TARGET " user=x", "word 2 'user', character 46: an option of iscsi= stands alone"},
		{"ISCSI=10.0.2.2", "word 1 'ISCSI', character 1: this is another word than iscsi=, since case counts"},
		{"iscs=10.0.2.2", "did you mean iscsi=?"},
		{"iscsi:10.0.0.1", "did you mean iscsi=<portal>,<target>?"},
		{TARGET " root=UUID=\"abc\"", "character 51: quotes inside the value are part of it"},
		{TARGET " root='UUID=abc'", "quotes inside the value"},
		{TARGET " root=uuid=abc", "this form is not read; did you mean UUID=?"},
		{TARGET " root=UUID:abc", "did you mean UUID=?"},
		{TARGET " root=partuuid=abc", "did you mean PARTUUID=?"},
		{TARGET " root=sda1", "did you mean /dev/sda1?"},
		{TARGET " root=UUID=notauuid", "what stands after UUID= is no UUID"},
		{TARGET " root=/dev/mapper/vg-root", "only an initramfs's own /init"},
		{TARGET " root=LABEL=a root=LABEL=b", "root= is given again in word 3, and the last one counts"},
		{TARGET " ip=off", "word 1 'iscsi', character 1: ip=off: only an interface that already has"},
		{TARGET " ip=static", "ip=off: only an interface that already has"},
		{"iscsi=[2001:db8::1] ip=10.0.0.5/24", "no interface gets an IPv6 address"},
		{TARGET " ip=auto6", "no interface gets an IPv4 address"},
		{TARGET " ip=10.0.9.5:::24::eth0:off", "no gateway leads to it"},
		{TARGET " ip=10.0.9.5::10.0.8.1:24::eth0:off", "the gateway 10.0.8.1 is outside the interface's own"},
		{"iscsi=disk.example ip=10.0.9.5::10.0.9.1:24::eth0:off", "there is no name server"},
		{"iscsi=[fe80::1] ip=eth0:link6", "a link-local portal must name its interface"},
		{TARGET ",interface=eth1 ip=eth0:dhcp", "no ip= sets up the interface that this target names"},
		{TARGET " " TARGET, "word 2 'iscsi', character 46: the same target is named twice"},
		{"iscsi=10.0.2.2,iqn.2026-01.x:A_b", "is not a legal iSCSI name (expected only lower case letters"},
		{TARGET " ip=eth0:dhcp rd.net.dhcp.client-id=eth1:01-52", "names an interface that no ip= sets up"},
		{TARGET " root=\xe2\x80\x9cLABEL=x\xe2\x80\x9d", "a typographic quotation mark"},
	};
	static const char *const fine[] = {
		TARGET " ip=10.0.9.5::10.0.9.1:24::eth0:off",
		TARGET " ip=10.0.2.5:::24::eth0:off",
		TARGET " ip=10.0.9.5:::24::eth0:off rd.route=10.0.2.0/24:10.0.9.1",
		TARGET " ip=dhcp root=UUID=0a1b-2c3d init=/bin/sh iscsid=1",
		"iscsi=disk.example ip=10.0.9.5::10.0.9.1:24::eth0:off nameserver=10.0.9.1",
		"iscsi=[fe80::1%eth0] root=nfs:x:/y",
		"iscsi=[2001:db8::1] ip=auto6",
		TARGET ",interface=vlan5 vlan=vlan5:eth0",
		"lun=1 iqn.2026-01.x:y quiet",
		"iscsi=10.0.0.5,iqn.2026-01.x:y iscsi=10.0.0.5,iqn.2026-01.x:z ip=10.0.0.1/24",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		says(rows[i].line, rows[i].note);
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		says(fine[i], "\nOK\n");
}

static void what_people_write_instead_gets_a_message_that_helps(void **state)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
		{"iscsi=10.0.0.1:iqn.2026-01.x:y", "expected ',' between portal and target, not ':'"},
		{"iscsi=10.0.0.1:3260:iqn.2026-01.x:y", "expected ',' between portal and target, not ':'"},
		{"iscsi=10.0.0.1/iqn.2026-01.x:y", "expected ',' between portal and target, not '/'"},
		{"iscsi=https://10.0.0.1/x", "expected <portal>,<target> or iscsi://<portal>/<target>"},
		{"iscsi=10.0.0.1,user=x", "option 'user' is not known; did you mean username?"},
		{"iscsi=10.0.0.1,username=x,pass=y", "did you mean password?"},
		{"iscsi.debug=1", "did you mean iscsi.log=debug?"},
		{"ip=2001:db8::5/64", "write an IPv6 address in brackets"},
		{"iscsi=iscsi://10.0.0.1/disk", "expected a target's name"},
		{"iscsi=iscsi://10.0.0.1/iqn.2026-01.x:y?a=b", "arguments after '?' are not read"},
		{"iscsi=iscsi://10.0.0.1/iqn.2026-01.x:y/1,lun=2", "option 'lun' is given twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(run(rows[i].line, false), 1);
		if (!strstr(printed, rows[i].message))
			fail_msg("'%s' is not in what check says of '%s':\n%s", rows[i].message, rows[i].line, printed);
	}
}

static void programs_get_json(void **state)
{
	FILE *out = fmemopen(printed, sizeof(printed), "w");

	(void)state;
	assert_int_equal(check_line("iscsi=10.0.0.1,iqn.2026-01.x:y,lun=1 root=uuid=x", 48,
				    &(struct check_options){.form = CHECK_JSON}, (struct check_streams){out, out}),
			 0);
	fclose(out);
	assert_non_null(strstr(printed,
			       "{\"ok\":true,\"notes\":[{\"text\":\"command line, word 2 'root', character 43: "
			       "this form is not read; did you mean UUID=?\",\"word\":2,\"character\":43}],"
			       "\"network\":{"));
	assert_non_null(strstr(printed, "\"interfaces\":[{\"methods\":[\"dhcp4\"],\"source\":\"default\"}]"));
	assert_non_null(strstr(printed,
			       "\"targets\":[{\"source\":\"command line\",\"portal\":\"10.0.0.1:3260\","
			       "\"name\":\"iqn.2026-01.x:y\",\"lun\":1,\"settings\":{\"HeaderDigest\":\"None\""));
	out = fmemopen(printed, sizeof(printed), "w");
	assert_int_equal(check_line("iscsi.log=x", 11, &(struct check_options){.form = CHECK_JSON},
				    (struct check_streams){out, out}),
			 1);
	fclose(out);
	assert_string_equal(printed,
			    "{\"ok\":false,\"error\":{\"text\":\"command line, word 1 'iscsi.log', character 11: "
			    "expected err, warn, info or debug, not 'x'\",\"word\":1,\"character\":11}}\n");
}

static void the_result_is_0_or_1_or_2(void **state)
{
	char *words[][5] = {
		{"quiet"},       {"iscsi.timeout=x"}, {"iscsi=10.0.0.1", "root=LABEL=x"},
		{"-v", "quiet"}, {"--what", "quiet"}, {"quiet", "iscsi=x/y"},
	};
	static const int results[] = {0, 1, 0, 0, 2, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		assert_int_equal(check_run(words[i]), results[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_shown_with_every_setting_and_its_source),
		cmocka_unit_test(the_network_of_the_firmware_is_not_called_none),
		cmocka_unit_test(the_lun_is_shown_in_both_forms),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(the_network_is_shown),
		cmocka_unit_test(a_netmask_that_nobody_wrote_is_noted),
		cmocka_unit_test(root_init_and_manner_are_shown),
		cmocka_unit_test(the_firmware_and_the_lease_are_named_as_sources),
		cmocka_unit_test(foreign_bytes_are_escaped),
		cmocka_unit_test(the_manual_has_every_setting_with_its_range_and_default),
		cmocka_unit_test(only_what_is_not_a_default_is_shown_unless_all_is_asked_for),
		cmocka_unit_test(the_notes_are_counted),
		cmocka_unit_test(a_mark_stands_below_the_character),
		cmocka_unit_test(what_is_probably_not_meant_is_noted),
		cmocka_unit_test(what_people_write_instead_gets_a_message_that_helps),
		cmocka_unit_test(programs_get_json),
		cmocka_unit_test(the_result_is_0_or_1_or_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
