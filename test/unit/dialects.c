/* dialects.c - what must hold for command lines that were written for dracut and for Debian's initramfs. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cmdline.h"
#include "plan/dialect_debian.h"
#include "plan/dialect_dracut.h"
#include "plan/own_words.h"
#include "plan/planning.h"
#include "test/unit/plan_text.h"

static struct cmdline cmdline;
static struct plan plan;
static struct plan_error error;

static int read_line(const char *line)
{
	cmdline_cut(line, strlen(line), &cmdline);
	return plan_make(&cmdline, NULL, NULL, &plan, &error);
}

static const struct {
	const char *line, *targets, *root, *note;
	bool firmware;
} good_lines[] = {
	{"netroot=iscsi:u:p@10.0.0.1::::eui.0123456789abcdef",
	 "10.0.0.1:3260 eui.0123456789abcdef user=u:p [dracut's words]", "6  t0",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"netroot=iscsi:10.0.0.1:::0:iqn.2009-06.a:b root=LABEL=x", "10.0.0.1:3260 iqn.2009-06.a:b [dracut's words]",
	 "3 x t0", "", false},
	{"netroot=iscsi:192.168.50.1::::iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:192.168.50.1:6:3261:2:iqn.2009-06.dracut:target0",
	 "192.168.50.1:3261 iqn.2009-06.dracut:target0 lun=2 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:192.168.50.1::3260::iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:[2001:db8::1]::::eui.0123456789abcdef",
	 "[2001:db8::1]:3260 eui.0123456789abcdef [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:user:pass@192.168.50.1:::1:iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 lun=1 user=user:pass [dracut's words]", "6  t0",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"netroot=iscsi:user:pass:inu:inp@192.168.50.1::::iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 user=user:pass in=inu:inp [dracut's words]", "6  t0",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"netroot=iscsi:user:pass::@192.168.50.1::::iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 user=user:pass [dracut's words]", "6  t0",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"netroot=iscsi:@192.168.50.1::::iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:192.168.50.1:::eth0:1:iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 lun=1 via=eth0 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:192.168.50.1:::default:eth0:1:iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 lun=1 via=eth0 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:192.168.50.1::::iqn.2009-06.dracut:a netroot=iscsi:192.168.50.2::::iqn.2009-06.dracut:b",
	 "192.168.50.1:3260 iqn.2009-06.dracut:a [dracut's words] | 192.168.50.2:3260 iqn.2009-06.dracut:b [dracut's "
	 "words]",
	 "6  t0", "", false},
	{"netroot=iscsi:10.0.0.1:TCP:3260:1:iqn.2009-06.dracut:a",
	 "10.0.0.1:3260 iqn.2009-06.dracut:a lun=1 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.dracut:a rd.iscsi.initiator= rd.iscsi.username= rd.iscsi.password= "
	 "rd.iscsi.target.group= rd.iscsi.transport= iscsi_initiator=",
	 "10.0.0.1:3260 iqn.2009-06.dracut:a [dracut's words]", "6  t0", "", false},
	{"rd.iscsi.login_retry_max=", "", "",
	 "rd.iscsi.login_retry_max has no effect: logins are retried for iscsi.timeout, not counted", false},
	{"netroot=iscsi:@192.168.1.100::3260::iqn.2009-01.com.example:testdi@sk", /* an example of dracut (net-lib.sh) */
	 "192.168.1.100:3260 iqn.2009-01.com.example:testdi@sk [dracut's words]", "6  t0",
	 "'iqn.2009-01.com.example:testdi@sk' is not a legal iSCSI name (expected "
	 "iqn.<yyyy>-<mm>.<reversed domain>[:<name>]), but is used as it is",
	 false},
	{"netroot=iscsi:storage.example.org::::iqn.2009-06.dracut:target0",
	 "storage.example.org:3260 iqn.2009-06.dracut:target0 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi", "", "", "", true},
	{"netroot=iscsi:", "", "", "", true},
	{"netroot=iscsi rd.iscsi.firmware=1", "", "", "", true},
	{"rd.iscsi.firmware", "", "", "", true},
	{"rd.iscsi.firmware=0", "", "", "", false},
	{"rd.iscsi.ibft=1", "", "", "", true},
	{"iscsi_firmware", "", "", "", true},
	{"netroot=dhcp", "lease - [dracut's words]", "6  t0", "", false},
	{"netroot=dhcp6", "lease - [dracut's words]", "6  t0", "", false},
	{"root=dhcp", "lease - [dracut's words]", "6  t0", "", false},
	{"root=dhcp6", "lease - [dracut's words]", "6  t0", "", false},
	{"root=iscsi:192.168.50.1::::iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 [dracut's words]", "6  t0", "", false},
	{"root=iscsi:192.168.50.1:::0:iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 lun=0 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:10.0.0.1::3260:eth0::iqn.2009-06.a:b",
	 "10.0.0.1:3260 iqn.2009-06.a:b via=eth0 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:10.0.0.1::3260:iface0:ens3::iqn.2009-06.a:b",
	 "10.0.0.1:3260 iqn.2009-06.a:b via=ens3 [dracut's words]", "6  t0", "", false},
	{"netroot=iscsi:10.0.0.1:::iqn.2009-06.a:b", "10.0.0.1:3260 iqn.2009-06.a:b [dracut's words]", "6  t0", "",
	 false},
	{"netroot=iscsi:10.0.0.1::3260:7::iqn.2009-06.a:b", "10.0.0.1:3260 iqn.2009-06.a:b lun=7 [dracut's words]",
	 "6  t0", "", false},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b iscsi_param=node.session.cmds_max=64 rd.iscsi.bypass=1",
	 "10.0.0.1:3260 iqn.2009-06.a:b cmds_max=64 [dracut's words]", "6  t0",
	 "rd.iscsi.bypass has no effect: the targets that the command line names are attached", false},
	{"iscsi_auto_skip_initramfs_networking", "", "", "", false},
	{"netroot=iscsi:10.0.0.1::::iqn.plain:disk", "10.0.0.1:3260 iqn.plain:disk [dracut's words]", "6  t0",
	 "'iqn.plain:disk' is not a legal iSCSI name (expected iqn.<yyyy>-<mm>.<reversed domain>[:<name>]), but is "
	 "used "
	 "as it is",
	 false},
	{"root=iscsi:192.168.50.1:::1:iqn.2009-06.dracut:target0",
	 "192.168.50.1:3260 iqn.2009-06.dracut:target0 lun=1 [dracut's words]", "6  t0", "", false},
	{"root=iscsi:user:pass:iu:ip@10.1.2.3:6:3260:1:iqn.2001-04.com.example:disk root=UUID=abc",
	 "10.1.2.3:3260 iqn.2001-04.com.example:disk lun=1 user=user:pass in=iu:ip [dracut's words]", "2 abc t0",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"root=/dev/root netroot=iscsi:10.0.0.1:::1:iqn.2009-06.dracut:target0",
	 "10.0.0.1:3260 iqn.2009-06.dracut:target0 lun=1 [dracut's words]", "6  t0", "", false},
	{"iscsiroot=10.0.0.1:::1:iqn.2009-06.dracut:target0",
	 "10.0.0.1:3260 iqn.2009-06.dracut:target0 lun=1 [dracut's words]", "6  t0", "", false},
	{"netroot=nfs:10.0.0.1:/x", "", "",
	 "command line, word 1 'netroot', character 1: names no iSCSI target, and is left to the next init", false},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b rd.iscsi.initiator=iqn.2009-06.me:x rd.iscsi.username=u "
	 "rd.iscsi.password=p rd.iscsi.in.username=iu rd.iscsi.in.password=ip rd.iscsi.target.group=3",
	 "10.0.0.1:3260 iqn.2009-06.a:b user=u:p in=iu:ip from=iqn.2009-06.me:x(dracut's words) tpgt=3 [dracut's "
	 "words]",
	 "6  t0",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"netroot=iscsi:a:b@10.0.0.1::::iqn.2009-06.a:b rd.iscsi.username=u rd.iscsi.password=p",
	 "10.0.0.1:3260 iqn.2009-06.a:b user=a:b [dracut's words]", "6  t0",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b rd.iscsi.param=node.session.timeo.replacement_timeout=30 "
	 "rd.iscsi.param=node.conn[0].iscsi.HeaderDigest=CRC32C,None "
	 "rd.iscsi.param=node.session.auth.chap_algs=SHA256,MD5",
	 "10.0.0.1:3260 iqn.2009-06.a:b algs=7:5 HeaderDigest=CRC32C:None replacement_timeout=30 [dracut's words]",
	 "6  t0", "", false},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b rd.iscsi.param=node.startup=onboot rd.iscsi.login_retry_max=5 "
	 "rd.iscsi.waitnet=0 rd.iscsi.testroute=0 rd.iscsi.mp=1 rd.iscsi.transport=tcp",
	 "10.0.0.1:3260 iqn.2009-06.a:b [dracut's words]", "6  t0",
	 "rd.iscsi.param=node.startup has no effect here / rd.iscsi.login_retry_max has no effect: logins are retried "
	 "for iscsi.timeout, not counted",
	 false},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b rd.iscsi.param=node.session.auth.username=u "
	 "rd.iscsi.param=node.session.auth.password=p",
	 "10.0.0.1:3260 iqn.2009-06.a:b user=u:p [dracut's words]", "6  t0",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b iscsi=10.0.0.2,iqn.2009-06.a:b",
	 "10.0.0.2:3260 iqn.2009-06.a:b [command line]", "",
	 "iscsi= names the targets: those of netroot= and root=iscsi: are not used", false},
	{"iscsi_auto", "", "", "", true},
	{"ISCSI_AUTO=true", "", "", "", true},
	{"iscsi_target_name=iqn.2009-06.a:b iscsi_target_ip=10.0.0.1", "10.0.0.1:3260 iqn.2009-06.a:b [Debian's words]",
	 "", "", false},
	{"iscsi_target_name=iqn.2009-06.a:b iscsi_target_ip=10.0.0.1 iscsi_target_port=3261 iscsi_target_group=2 "
	 "iscsi_initiator=iqn.2009-06.me:x iscsi_username=u iscsi_password=p iscsi_in_username=iu iscsi_in_password=ip",
	 "10.0.0.1:3261 iqn.2009-06.a:b user=u:p in=iu:ip from=iqn.2009-06.me:x(Debian's words) tpgt=2 [Debian's "
	 "words]",
	 "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"ISCSI_TARGET_NAME=iqn.2009-06.a:b ISCSI_TARGET_IP=10.0.0.1 ISCSI_INITIATOR=iqn.2009-06.me:x",
	 "10.0.0.1:3260 iqn.2009-06.a:b from=iqn.2009-06.me:x(Debian's words) [Debian's words]", "", "", false},
	{"ISCSI_TARGET_NAME=iqn.2009-06.a:b ISCSI_TARGET_IP=10.0.0.1 iscsi_target_ip=10.0.0.2",
	 "10.0.0.2:3260 iqn.2009-06.a:b [Debian's words]", "", "", false},
	{"iscsi_target_name=iqn.2009-06.a:b iscsi_target_ip=2001:db8::1",
	 "[2001:db8::1]:3260 iqn.2009-06.a:b [Debian's words]", "", "", false},
	{"rd.iscsi.target.name=iqn.2009-06.a:b rd.iscsi.target.ip=10.0.0.1 rd.iscsi.target.port=3299",
	 "10.0.0.1:3299 iqn.2009-06.a:b [Debian's words]", "", "", false},
	{"iscsi_tcp.debug_iscsi_tcp=1", "", "", "", false},
	{"iscsi=10.0.0.1,iqn.2009-06.a:b iscsi_target_name=iqn.2009-06.a:b iscsi_target_ip=10.0.0.1 iscsi_auto",
	 "10.0.0.1:3260 iqn.2009-06.a:b [command line]", "",
	 "iscsi= names the targets: iscsi_target_ip= and related words are not used / iscsi= names the targets: the "
	 "iBFT is "
	 "not used; to have both, add iscsi=ibft",
	 false},
	{"root=LABEL=x netroot=iscsi:10.0.0.1:::1:iqn.2009-06.dracut:target0",
	 "10.0.0.1:3260 iqn.2009-06.dracut:target0 lun=1 [dracut's words]", "3 x t0", "", false},
	{"rd.iscsi.target.name=iqn.2009-06.a:b rd.iscsi.target.ip=10.0.0.1 rd.iscsi.username=u rd.iscsi.password=p",
	 "10.0.0.1:3260 iqn.2009-06.a:b user=u:p [Debian's words]", "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
};

static const struct {
	const char *line, *error;
} bad_lines[] = {
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b@c",
	 "command line, word 1 'netroot', character 27: target: not a legal iSCSI name"},
	{"netroot=iscsi:192.168.50.1::::iqn.2009-06.dracut:iqn.2001-01.x",
	 "command line, word 1 'netroot', character 31: LUN: expected a decimal number, not 'iqn.2009-06.dracut'"},
	{"rd.iscsi.transport=bnx2i",
	 "command line, word 1 'rd.iscsi.transport', character 20: transport 'bnx2i' is not supported; tcp is"},
	{"rd.iscsi.login_retry_max=10001", "command line, word 1 'rd.iscsi.login_retry_max', character 26: expected a "
					   "number from 0 to 10000, not '10001'"},
	{"rd.iscsi.usrname=x", "command line, word 1 'rd.iscsi.usrname', character 1: 'rd.iscsi.usrname' is not known; "
			       "did you mean rd.iscsi.username?"},
	{"rd.iscsi.foo=x", "command line, word 1 'rd.iscsi.foo', character 1: 'rd.iscsi.foo' is not known"},
	{"rd.iscsi.param=foo", "command line, word 1 'rd.iscsi.param', character 16: expected name=value"},
	{"rd.iscsi.param=node.foo=bar",
	 "command line, word 1 'rd.iscsi.param', character 16: setting 'node.foo' is not known here"},
	{"rd.iscsi.param=node.session.cmds_max=x",
	 "command line, word 1 'rd.iscsi.param', character 1: cmds_max: expected a number from 2 to 2048, not 'x'"},
	{"netroot=iscsi:10.0.0.1:iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 24: target: expected a name that begins with iqn., eui. or naa."},
	{"netroot=iscsi:10.0.0.1::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 24: fields are missing: expected server:protocol:port:LUN:target"},
	{"netroot=iscsi:10.0.0.1:6:iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 24: fields are missing: expected server:protocol:port:LUN:target"},
	{"netroot=iscsi:10.0.0.1:17:::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 24: protocol: expected nothing or 6 (TCP), not '17'"},
	{"netroot=iscsi:10.0.0.1::99999::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 25: port: expected a number from 1 to 65535, not '99999'"},
	{"netroot=iscsi:10.0.0.1:::x:iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 26: LUN: expected a decimal number, not 'x'"},
	{"netroot=iscsi:10.0.0.1:::0xa:iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 26: LUN: expected a decimal number, not '0xa'"},
	{"netroot=iscsi:10.0.0.1:::a:b:c:d:iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 24: too many fields: expected "
	 "server:protocol:port:iface:netdev:LUN:target"},
	{"netroot=iscsi:10.0.0.1::::nothing",
	 "command line, word 1 'netroot', character 24: target: expected a name that begins with iqn., eui. or naa."},
	{"netroot=iscsi:::::iqn.2009-06.a:b", "command line, word 1 'netroot', character 15: server: expected an "
					      "address or a host name (empty is for DHCP's root-path)"},
	{"netroot=iscsi:10.0.0.1",
	 "command line, word 1 'netroot', character 15: expected server:protocol:port:LUN:target, not '10.0.0.1'"},
	{"netroot=iscsi:[2001:db8::1::::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 15: server: expected [IPv6 address]:, not "
	 "'[2001:db8::1::::iqn.2009-06.a:b'"},
	{"netroot=iscsi:[2001:db8::1]x::::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 15: server: expected [IPv6 address]:, not '[2001:db8::1]x'"},
	{"netroot=iscsi:user@10.0.0.1::::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 15: before '@': expected user:password or "
	 "user:password:user_in:password_in; use iscsi= for a password with ':' or '@'"},
	{"netroot=iscsi:u:geheim:x@10.0.0.1::::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 15: before '@': expected user:password or "
	 "user:password:user_in:password_in; use iscsi= for a password with ':' or '@'"},
	{"netroot=iscsi:u:ge@heim@10.0.0.1::::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 20: server: expected an address or a host name"},
	{"netroot=iscsi:u:geheim@10.0.0.999::::iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 24: server: expected an address or a host name"},
	{"netroot=iscsi:u:geheim@10.0.0.1:::geheim2:iqn.2009-06.a:b",
	 "command line, word 1 'netroot', character 35: LUN: expected a decimal number"},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b rd.iscsi.username=u",
	 "command line, word 1 'netroot', character 1: a CHAP user name without a password"},
	{"iscsi_target_name=iqn.2009-06.a:b",
	 "command line, word 1 'iscsi_target_name', character 1: a target's name without iscsi_target_ip="},
	{"iscsi_target_ip=10.0.0.1",
	 "command line, word 1 'iscsi_target_ip', character 1: a target's address without iscsi_target_name="},
	{"iscsi_target_name=iqn.2009-06.a:b iscsi_target_ip=10.0.0.999",
	 "command line, word 2 'iscsi_target_ip', character 51: expected an IPv4 address, an [IPv6] address or a host "
	 "name, not '10.0.0.999'"},
	{"iscsi_target_name=iqn.2009-06.a:b iscsi_target_ip=10.0.0.1 iscsi_target_port=0",
	 "command line, word 3 'iscsi_target_port', character 78: expected a number from 1 to 65535, not '0'"},
	{"iscsi_target_name=iqn.2009-06.a:b iscsi_target_ip=10.0.0.1 iscsi_password=geheim",
	 "command line, word 1 'iscsi_target_name', character 1: a CHAP password without a user name"},
	{"iscsi_target_nam=iqn.2009-06.a:b", "command line, word 1 'iscsi_target_nam', character 1: 'iscsi_target_nam' "
					     "is not known; did you mean iscsi_target_name?"},
	{"iscsi_foo=1", "command line, word 1 'iscsi_foo', character 1: 'iscsi_foo' is not known"},
	{"\"iscsi_initiator=a bad one\" iscsi=10.0.0.1,iqn.2009-06.a:b",
	 "command line, word 1 'iscsi_initiator', character 18: name 'a bad one': expected 1 to 223 characters without "
	 "a "
	 "blank"},
	{"netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b rd.iscsi.param=node.session.auth.chap_algs=FOO",
	 "command line, word 2 'rd.iscsi.param', character 43: chap_algs: expected a list of SHA3-256, SHA256, SHA1 "
	 "and MD5, joined with ':', not 'FOO'"},
};

static const char *root_text(char out[300])
{
	out[0] = 0;
	if (plan.root.kind != ROOT_NONE)
		snprintf(out, 300, "%d %s t%d", (int)plan.root.kind, plan.root.value, plan.root.target);
	return out;
}

static const char *notes_text(char out[LINE_MAX_TEXT])
{
	out[0] = 0;
	for (int i = 0; i < plan.notes.count; i++)
		put(out, "%s%s", i ? " / " : "", plan.notes.text[i]);
	return out;
}

static void a_line_becomes_these_targets(void **state)
{
	char text[LINE_MAX_TEXT], root[300];

	(void)state;
	for (size_t i = 0; i < sizeof(good_lines) / sizeof(good_lines[0]); i++) {
		if (read_line(good_lines[i].line) != 0)
			fail_msg("%s: %s", good_lines[i].line, error.text);
		assert_string_equal(targets_text(&plan, text), good_lines[i].targets);
		assert_string_equal(root_text(root), good_lines[i].root);
		assert_string_equal(notes_text(text), good_lines[i].note);
		assert_int_equal(plan.boot.use_firmware, good_lines[i].firmware);
	}
}

static void a_bad_line_gets_one_exact_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
		if (read_line(bad_lines[i].line) == 0)
			fail_msg("not refused: %s", bad_lines[i].line);
		assert_string_equal(error.text, bad_lines[i].error);
		assert_null(strstr(error.text, "geheim"));
	}
}

static void open_iscsis_records_are_known(void **state)
{
	static const struct {
		const char *record;
		enum param param;
		int32_t value;
	} records[] = {
		{"node.session.timeo.replacement_timeout=17", PARAM_REPLACEMENT_TIMEOUT, 17},
		{"node.session.cmds_max=17", PARAM_CMDS_MAX, 17},
		{"node.session.queue_depth=17", PARAM_QUEUE_DEPTH, 17},
		{"node.session.err_timeo.abort_timeout=17", PARAM_ABORT_TIMEOUT, 17},
		{"node.session.err_timeo.lu_reset_timeout=17", PARAM_LU_RESET_TIMEOUT, 17},
		{"node.session.err_timeo.tgt_reset_timeout=17", PARAM_TARGET_RESET_TIMEOUT, 17},
		{"node.session.iscsi.FastAbort=No", PARAM_FAST_ABORT, 0},
		{"node.session.iscsi.InitialR2T=Yes", PARAM_INITIAL_R2T, 1},
		{"node.session.iscsi.ImmediateData=No", PARAM_IMMEDIATE_DATA, 0},
		{"node.session.iscsi.FirstBurstLength=1024", PARAM_FIRST_BURST_LENGTH, 1024},
		{"node.session.iscsi.MaxBurstLength=1024", PARAM_MAX_BURST_LENGTH, 1024},
		{"node.session.iscsi.DefaultTime2Wait=17", PARAM_DEFAULT_TIME2WAIT, 17},
		{"node.session.iscsi.DefaultTime2Retain=17", PARAM_DEFAULT_TIME2RETAIN, 17},
		{"node.session.iscsi.MaxOutstandingR2T=2", PARAM_MAX_OUTSTANDING_R2T, 2},
		{"node.session.iscsi.ERL=0", PARAM_ERROR_RECOVERY_LEVEL, 0},
		{"node.conn[0].iscsi.HeaderDigest=None,CRC32C", PARAM_HEADER_DIGEST, DIGEST_NONE_CRC32C},
		{"node.conn[0].iscsi.DataDigest=CRC32C", PARAM_DATA_DIGEST, DIGEST_CRC32C},
		{"node.conn[0].iscsi.MaxRecvDataSegmentLength=1024", PARAM_MAX_RECV_DATA_SEGMENT_LENGTH, 1024},
		{"node.conn[0].iscsi.MaxXmitDataSegmentLength=1024", PARAM_MAX_XMIT_DATA_SEGMENT_LENGTH, 1024},
		{"node.conn[0].timeo.login_timeout=17", PARAM_LOGIN_TIMEOUT, 17},
		{"node.conn[0].timeo.noop_out_interval=17", PARAM_NOOP_OUT_INTERVAL, 17},
		{"node.conn[0].timeo.noop_out_timeout=17", PARAM_NOOP_OUT_TIMEOUT, 17},
		{"node.tpgt=17", PARAM_TPGT, 17},
	};
	/* iscsid.conf has these, too */
	static const char *const without_effect[] = {
		"node.conn[0].iscsi.MaxXmitDataSegmentLength=0",
		"node.session.err_timeo.host_reset_timeout=60",
		"node.session.sess_reopen_log_freq=1",
		"node.conn[0].iscsi.IFMarker=No",
		"node.conn[0].iscsi.OFMarker=No",
		"node.conn[0].tcp.congestion_control=bbr",
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		snprintf(line, sizeof(line), "netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b rd.iscsi.param=%s",
			 records[i].record);
		if (read_line(line) != 0)
			fail_msg("%s: %s", line, error.text);
		assert_int_equal(plan.targets[0].params.value[records[i].param], records[i].value);
		assert_int_equal(plan.targets[0].params.source[records[i].param], SOURCE_DRACUT);
	}
	for (size_t i = 0; i < sizeof(without_effect) / sizeof(without_effect[0]); i++) {
		snprintf(line, sizeof(line), "netroot=iscsi:10.0.0.1::::iqn.2009-06.a:b rd.iscsi.param=%s",
			 without_effect[i]);
		if (read_line(line) != 0)
			fail_msg("%s: %s", line, error.text);
		for (int k = 0; k < PARAM_COUNT; k++)
			assert_int_equal(plan.targets[0].params.source[k], SOURCE_DEFAULT);
	}
}

/* ---- /etc/iscsi/iscsi.initramfs ---- */

static const char *with_file(const char *line, const char *file, char text[LINE_MAX_TEXT])
{
	struct plan_files files = {.debian = file, .debian_length = strlen(file)};

	cmdline_cut(line, strlen(line), &cmdline);
	if (plan_make(&cmdline, NULL, &files, &plan, &error) < 0)
		return error.text;
	return targets_text(&plan, text);
}

static void debians_file_names_targets_that_the_line_overrides(void **state)
{
	static const char file[] = "# comment\n"
				   "export ISCSI_TARGET_NAME=\"iqn.2009-06.a:b\"\n"
				   "ISCSI_TARGET_IP='10.0.0.1 10.0.0.2' # both\n"
				   "ISCSI_TARGET_PORT=3261\t# not 3260\r\n"
				   "  ISCSI_USERNAME=u\n"
				   "ISCSI_PASSWORD=first\n"
				   "ISCSI_PASSWORD='p' # one\n"
				   "OTHER=1\n"
				   "ISCSI_IN_USERNAME=\n";
	char text[LINE_MAX_TEXT];

	(void)state;
	assert_string_equal(with_file("", file, text), "10.0.0.1:3261 iqn.2009-06.a:b user=u:p [Debian's words] | "
						       "10.0.0.2:3261 iqn.2009-06.a:b user=u:p [Debian's words]");
	assert_false(plan.targets[0].secret_on_cmdline);
	assert_string_equal(with_file("iscsi_target_ip=10.0.0.9 ISCSI_TARGET_PORT=9", file, text),
			    "10.0.0.9:3261 iqn.2009-06.a:b user=u:p [Debian's words]");
	assert_string_equal(with_file("iscsi=10.0.0.9,iqn.2009-06.a:c", file, text),
			    "10.0.0.9:3260 iqn.2009-06.a:c [command line]");
	assert_string_equal(with_file("", "ISCSI_AUTO=true", text), "");
	assert_true(plan.boot.use_firmware);
}

static void debians_file_says_the_line_of_an_error(void **state)
{
	char text[LINE_MAX_TEXT];

	(void)state;
	assert_string_equal(with_file("", "\nISCSI_TARGET_NAME=iqn.2009-06.a:b\nISCSI_TARGET_IP=10.0.0.999\n", text),
			    "/etc/iscsi/iscsi.initramfs, line 3, ISCSI_TARGET_IP: expected an IPv4 address, an [IPv6] "
			    "address or a host name, not '10.0.0.999'");
	assert_string_equal(with_file("", "ISCSI_TARGET_NAM=x", text),
			    "/etc/iscsi/iscsi.initramfs, line 1: 'ISCSI_TARGET_NAM' is not known; did you mean "
			    "ISCSI_TARGET_NAME?");
	assert_string_equal(with_file("", "ISCSI_TARGET_NAME=iqn.2009-06.a:b", text),
			    "/etc/iscsi/iscsi.initramfs, line 1, ISCSI_TARGET_NAME: a target's name without "
			    "iscsi_target_ip=");
	assert_string_equal(
		with_file("", "ISCSI_INITIATOR=geheim geheim", text),
		"/etc/iscsi/iscsi.initramfs, line 1, ISCSI_INITIATOR: name 'geheim geheim': expected 1 to 223 "
		"characters without a blank");
}

static void words_of_both_dialects_are_recognised(void **state)
{
	static const char *const ours[] = {"netroot=iscsi:x",        "iscsi_auto",          "ISCSI_TARGET_IP=1",
					   "rd.iscsi.foo=1",         "iscsi_password=x",    "ISCSI_PASSWORD=x",
					   "iscsi_in_password=x",    "ISCSI_IN_PASSWORD=x", "rd.iscsi.password=x",
					   "rd.iscsi.in.password=x", "iscsiroot=x",         "iscsi_firmware"};
	static const char *const theirs[] = {"netrootx=1", "iscsi_tcp.x=1", "root=x", "rd.break", "iscsix"};

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_true(own_words_has(ours[i]));
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
		assert_false(own_words_has(theirs[i]));
}

static void what_was_served_is_hidden_from_an_init_that_knows_the_words(void **state)
{
	static const struct {
		const char *line, *left;
	} cases[] = {
		/* dracut's, with the network's */
		{"quiet netroot=iscsi:10.0.0.1::::iqn.a:b netroot=iscsi:10.0.0.2::::iqn.a:c ip=dhcp rd.neednet=1 "
		 "vlan=v:eth0 rd.lvm.lv=a/b root=/dev/a/b rw\n",
		 "quiet rd.lvm.lv=a/b root=/dev/a/b rw "},
		{"rd.iscsi.firmware=1 ip=ibft root=LABEL=x", "root=LABEL=x "},
		/* what root= means has been put before it */
		{"root=/dev/sdb netroot=dhcp root=/dev/root rw\n", "root=/dev/sdb rw "},
		{"root=/dev/sda root=iscsi:10.0.0.1::::iqn.a:b rw rd.iscsi.initiator=iqn.x:y", "root=/dev/sda rw "},
		{"root=dhcp console=ttyS0", "console=ttyS0 "},
		{"netroot=iscsi ro", "ro "},
		{"root=iscsi:10.0.0.1::::iqn.a:b root=UUID=1 a", "root=UUID=1 a "},
		/* Debian's; quotes; what is init's own */
		{"iscsi_target_ip=1.2.3.4 ISCSI_TARGET_NAME=iqn.a:b root=UUID=1", "root=UUID=1 "},
		{"\"netroot=iscsi:a b\" x=\"a ip=b\" root=UUID=1 -- ip=me", "x=\"a ip=b\" root=UUID=1 -- ip=me "},
		/* nothing is to be hidden */
		{"ip=dhcp root=UUID=1", ""},
		{"iscsi=10.0.0.1,iqn.a:b netroot=iscsi:x ip=dhcp", ""},
		{"netroot=nfs:a:/b rd.iscsi.firmware ip=dhcp", ""},
		{"", ""},
	};
	char out[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length;

		strcpy(out, cases[i].line);
		length = own_words_hide(out, strlen(out));
		out[length] = '\0';
		assert_string_equal(out, cases[i].left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_becomes_these_targets),
		cmocka_unit_test(a_bad_line_gets_one_exact_message),
		cmocka_unit_test(open_iscsis_records_are_known),
		cmocka_unit_test(debians_file_names_targets_that_the_line_overrides),
		cmocka_unit_test(debians_file_says_the_line_of_an_error),
		cmocka_unit_test(words_of_both_dialects_are_recognised),
		cmocka_unit_test(what_was_served_is_hidden_from_an_init_that_knows_the_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
