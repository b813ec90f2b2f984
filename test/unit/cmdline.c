/* cmdline.c - what must hold for cutting a command line into words, and for the words that are our own. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cmdline.h"
#include "plan/own_words.h"
#include "plan/planning.h"
#include "plan/words.h"
#include "test/unit/plan_text.h"

static struct cmdline cmdline;
static struct plan plan;
static struct plan_error error;

static int read_text(const char *line, size_t length)
{
	cmdline_cut(line, length, &cmdline);
	return plan_make(&cmdline, NULL, NULL, &plan, &error);
}

static int read_line(const char *line)
{
	return read_text(line, strlen(line));
}

static const struct {
	const char *line, *targets, *root, *note;
	bool firmware;
} good_lines[] = {
	{"iscsi=10.0.2.2,iqn.2026-01.x:y", "10.0.2.2:3260 iqn.2026-01.x:y [command line]", "", "", false},
	{"iscsi=[2001:db8::1]:3261,eui.0123456789abcdef", "[2001:db8::1]:3261 eui.0123456789abcdef [command line]", "",
	 "", false},
	{"iscsi=[fe80::1%eth0],naa.0123456789abcdef",
	 "[fe80::1%eth0]:3260 naa.0123456789abcdef via=eth0 [command line]", "", "", false},
	{"iscsi=storage.example.org:3261,iqn.2026-01.x:y", "storage.example.org:3261 iqn.2026-01.x:y [command line]",
	 "", "", false},
	{"iscsi=10.0.2.2", "10.0.2.2:3260 - [command line]", "", "", false},
	{"iscsi=10.0.2.2,lun=3", "10.0.2.2:3260 - lun=3 [command line]", "", "", false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y iscsi=10.0.2.3,iqn.2026-01.x:y,lun=2",
	 "10.0.2.2:3260 iqn.2026-01.x:y [command line] | 10.0.2.3:3260 iqn.2026-01.x:y lun=2 [command line]", "", "",
	 false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,headerdigest=CRC32C:None,DATADIGEST=crc32c,immediatedata,InitialR2T=yes,"
	 "maxburstlength=300000,cmds_max=64,rotational=1,partitions=kernel,scan=lean",
	 "10.0.2.2:3260 iqn.2026-01.x:y HeaderDigest=CRC32C:None DataDigest=CRC32C MaxBurstLength=300000 "
	 "InitialR2T=Yes "
	 "ImmediateData=Yes cmds_max=64 rotational=Yes partitions=kernel scan=lean [command line]",
	 "", "", false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun=0x10,scheduler=mq-deadline,initiator=iqn.2026-01.me:a,interface=eth3",
	 "10.0.2.2:3260 iqn.2026-01.x:y lun=16 via=eth3 from=iqn.2026-01.me:a(command line) scheduler=mq-deadline "
	 "[command line]",
	 "", "", false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun=4186-9", "10.0.2.2:3260 iqn.2026-01.x:y lun=606598 [command line]", "", "",
	 false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=us%2cer,password=se%40c%3Aret,username_in=t,password_in=0x00ff,chap_"
	 "algs=SHA3-256:sha-256:SHA1:MD5",
	 "10.0.2.2:3260 iqn.2026-01.x:y user=us,er:se@c:ret in=t: algs=8:7:6:5 [command line]", "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=@/etc/secret",
	 "10.0.2.2:3260 iqn.2026-01.x:y user=u:@/etc/secret [command line]", "", "", false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=0bQUJD",
	 "10.0.2.2:3260 iqn.2026-01.x:y user=u:ABC [command line]", "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"iscsi=iscsi://10.0.2.2/iqn.2026-01.x:y/1", "10.0.2.2:3260 iqn.2026-01.x:y lun=1 [command line]", "", "",
	 false},
	{"iscsi=iscsi://[2001:db8::1]:3261/iqn.2026-01.x:y", "[2001:db8::1]:3261 iqn.2026-01.x:y [command line]", "",
	 "", false},
	{"iscsi=iscsi://disk.example/", "disk.example:3260 - [command line]", "", "", false},
	{"iscsi=iscsi://u%p@10.0.2.2/iqn.2026-01.x:y/0,cmds_max=64",
	 "10.0.2.2:3260 iqn.2026-01.x:y lun=0 user=u:p cmds_max=64 [command line]", "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,portals=10.0.3.2+[fe80::1]:3261+10.0.2.2,lun=4",
	 "10.0.2.2:3260 iqn.2026-01.x:y lun=4 [command line] | 10.0.3.2:3260 iqn.2026-01.x:y lun=4 [command line] | "
	 "[fe80::1]:3261 iqn.2026-01.x:y lun=4 [command line]",
	 "", "", false},
	{"iscsi=10.0.2.2,targets=all", "10.0.2.2:3260 - all [command line]", "", "", false},
	{"iscsi=dhcp", "lease - [command line]", "", "", false},
	{"iscsi=dhcp,lun=4,username=u,password=p", "lease - lun=4 user=u:p [command line]", "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"iscsi=ibft", "", "", "", true},
	{"iscsi=ibft,replacement_timeout=20", "", "", "", true},
	{"iscsi=\"10.0.2.2,iqn.2026-01.x:y,username=a b,password=c d\"",
	 "10.0.2.2:3260 iqn.2026-01.x:y user=a b:c d [command line]", "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"\"iscsi=10.0.2.2,iqn.2026-01.x:y,username=a b,password=c d\" ro",
	 "10.0.2.2:3260 iqn.2026-01.x:y user=a b:c d [command line]", "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
	{"iscsi.timeout=30 iscsi.onfail=reboot iscsi.log=debug iscsi.init=/linuxrc", "", "", "", false},
	{"root=/dev/sda1", "", "1 /dev/sda1 t0", "", false},
	{"root=UUID=abc-def", "", "2 abc-def t0", "", false},
	{"root=LABEL=x root=PARTLABEL=y", "", "5 y t0", "", false},
	{"root=PARTUUID=1234/PARTNROFF=2", "", "4 1234/PARTNROFF=2 t0", "", false},
	{"root=8:1", "", "1 8:1 t0", "", false},
	{"root=0801", "", "1 0801 t0", "", false},
	{"root=nfs:server:/path", "", "7 nfs:server:/path t0", "", false},
	{"root=/dev/nfs", "", "7 /dev/nfs t0", "", false},
	{"root=block:/dev/sda", "", "1 /dev/sda t0", "", false},
	{"rootwait rootdelay=3 rootfstype=ext4,xfs rootflags=data=ordered rw ro", "", "", "", false},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=us%2cer,password=se%40c%3Aret,username_in=t,password_in=0x4142,chap_"
	 "algs=SHA3-256:sha-256:SHA1:MD5",
	 "10.0.2.2:3260 iqn.2026-01.x:y user=us,er:se@c:ret in=t:AB algs=8:7:6:5 [command line]", "",
	 "a CHAP secret is on the command line, which everybody can read in /proc/cmdline; use password=@/path instead",
	 false},
};

static const struct {
	const char *line, *error;
} bad_lines[] = {
	{"iscsi=", "command line, word 1 'iscsi', character 7: expected <portal>,<target>, ibft or dhcp"},
	{"iscsi", "command line, word 1 'iscsi', character 1: expected '=' and a value"},
	{"iscsi=,iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 7: expected <portal>,<target>, ibft or dhcp"},
	{"iscsi=iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 7: expected a portal before the target's name: <portal>,<target>"},
	{"iscsi=10.0.2.2,",
	 "command line, word 1 'iscsi', character 16: expected a target's name (iqn., eui. or naa.), not ''"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,",
	 "command line, word 1 'iscsi', character 32: empty option: there are two commas, or one at the end"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,,lun=1",
	 "command line, word 1 'iscsi', character 32: empty option: there are two commas, or one at the end"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun",
	 "command line, word 1 'iscsi', character 32: lun: expected '=' and a value"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun=", "command line, word 1 'iscsi', character 36: lun: expected a decimal "
						"number, 0x and a hexadecimal one, or groups like 4186-9, not ''"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun=a", "command line, word 1 'iscsi', character 36: lun: expected a decimal "
						 "number, 0x and a hexadecimal one, or groups like 4186-9, not 'a'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun=-1", "command line, word 1 'iscsi', character 36: lun: expected a decimal "
						  "number, 0x and a hexadecimal one, or groups like 4186-9, not '-1'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun=1-2-3-4-5",
	 "command line, word 1 'iscsi', character 36: lun: expected a decimal number, 0x and a hexadecimal one, or "
	 "groups like 4186-9, not '1-2-3-4-5'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun=18446744073709551616",
	 "command line, word 1 'iscsi', character 36: lun: expected a decimal number, 0x and a hexadecimal one, or "
	 "groups like 4186-9, not '18446744073709551616'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,lun=1,lun=2",
	 "command line, word 1 'iscsi', character 38: option 'lun' is given twice"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,cmds_max=1,CMDS_MAX=2",
	 "command line, word 1 'iscsi', character 41: cmds_max: expected a number from 2 to 2048, not '1'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,cmds_max=0",
	 "command line, word 1 'iscsi', character 41: cmds_max: expected a number from 2 to 2048, not '0'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,HeaderDigest=md5",
	 "command line, word 1 'iscsi', character 45: HeaderDigest: expected CRC32C, None, CRC32C:None or None:CRC32C, "
	 "not 'md5'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,ImmediateData=maybe",
	 "command line, word 1 'iscsi', character 46: ImmediateData: expected Yes or No, not 'maybe'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,MaxConnections=4",
	 "command line, word 1 'iscsi', character 32: option 'MaxConnections' is not known; iscsi-init --help lists "
	 "them"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,MaxBurstLenght=4096",
	 "command line, word 1 'iscsi', character 32: option 'MaxBurstLenght' is not known; did you mean "
	 "MaxBurstLength?"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,wat=1",
	 "command line, word 1 'iscsi', character 32: option 'wat' is not known; iscsi-init --help lists them"},
	{"\"iscsi=10.0.2.2,iqn.2026-01.x:y,initiator=a b\"",
	 "command line, word 1 'iscsi', character 43: initiator: name "
	 "'a b': expected 1 to 223 characters without a blank"},
	{"iscsi=10.0.2.2:0,iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 16: port: expected a number from 1 to 65535, not '0'"},
	{"iscsi=10.0.2.2:65536,iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 16: port: expected a number from 1 to 65535, not '65536'"},
	{"iscsi=10.0.2.2:,iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 16: port: expected a number from 1 to 65535, not ''"},
	{"iscsi=10.0.2.256,iqn.2026-01.x:y", "command line, word 1 'iscsi', character 7: expected an IPv4 address, an "
					     "[IPv6] address or a host name, not '10.0.2.256'"},
	{"iscsi=2001:db8::1,iqn.2026-01.x:y", "command line, word 1 'iscsi', character 7: expected an IPv6 address in "
					      "brackets, [address]:port, not '2001:db8::1'"},
	{"iscsi=[2001:db8::1,iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 7: expected ']' after the IPv6 address '[2001:db8::1'"},
	{"iscsi=[2001:db8::1]3260,iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 20: expected ':' and a port after ']', not '3260'"},
	{"iscsi=[10.0.0.1],iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 8: expected an IPv6 address between the brackets, not '10.0.0.1'"},
	{"iscsi=[fe80::1%],iqn.2026-01.x:y",
	 "command line, word 1 'iscsi', character 16: expected an interface after '%', not ''"},
	{"iscsi=[fe80::1%eth0],iqn.2026-01.x:y,interface=eth1",
	 "command line, word 1 'iscsi', character 48: interface: the portal names interface eth0, but the option names "
	 "eth1"},
	{"iscsi=-a,iqn.2026-01.x:y", "command line, word 1 'iscsi', character 7: expected an IPv4 address, an [IPv6] "
				     "address or a host name, not '-a'"},
	{"iscsi=-/,iqn.2026-01.x:y", "command line, word 1 'iscsi', character 7: expected an IPv4 address, an [IPv6] "
				     "address or a host name, not '-/'"},
	{"iscsi=user:geheim@10.0.0.1,iqn.2026-01.x:y", "command line, word 1 'iscsi', character 7: user:password@ is "
						       "not supported here; use the options username= and password="},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u",
	 "command line, word 1 'iscsi', character 7: a CHAP user name without a password"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,password=geheim",
	 "command line, word 1 'iscsi', character 7: a CHAP password without a user name"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=geheim,username_in=x",
	 "command line, word 1 'iscsi', character 7: the target's CHAP user name without its password"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=geheim,password_in=x",
	 "command line, word 1 'iscsi', character 7: the target's CHAP password without its user name"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username_in=u,password_in=geheim",
	 "command line, word 1 'iscsi', character 7: mutual CHAP needs our own user name and password beside the "
	 "target's"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=geheim,username_in=u,password_in=geheim",
	 "command line, word 1 'iscsi', character 7: the same CHAP secret in both directions (RFC 7143 9.2.1 forbids "
	 "it)"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=%4",
	 "command line, word 1 'iscsi', character 52: password: '%' must be followed by two hexadecimal digits"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=",
	 "command line, word 1 'iscsi', character 52: password: a CHAP secret must not be empty"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u%00,password=x",
	 "command line, word 1 'iscsi', character 41: username: a CHAP name must not hold a zero byte"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=@geheim",
	 "command line, word 1 'iscsi', character 52: password: a secret that begins with '@' is a file's full path "
	 "(write %40 for the character)"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=0xgeheim",
	 "command line, word 1 'iscsi', character 52: password: a secret that begins with 0x must be hexadecimal "
	 "(write %30x for these characters)"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=0x123",
	 "command line, word 1 'iscsi', character 52: password: a secret 0x... needs an even number of hexadecimal "
	 "digits"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=0b!!!!",
	 "command line, word 1 'iscsi', character 52: password: a secret that begins with 0b must be base64 (write "
	 "%30b for these characters)"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=ge,heim",
	 "command line, word 1 'iscsi', character 55: what follows the user name or password is not an option; write a "
	 "comma in them as %2C"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=x,chap_algs=SHA512",
	 "command line, word 1 'iscsi', character 64: chap_algs: expected a list of SHA3-256, SHA256, SHA1 and MD5, "
	 "joined with ':', not 'SHA512'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,username=u,password=x,chap_algs=MD5:MD5",
	 "command line, word 1 'iscsi', character 68: chap_algs: 'MD5' is given twice"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,interface=a/b",
	 "command line, word 1 'iscsi', character 42: interface: expected an interface, not 'a/b'"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,scheduler=", "command line, word 1 'iscsi', character 42: scheduler: expected "
						      "a scheduler's name, as none or mq-deadline, not ''"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,portals=a1+a2+a3+a4+a5+a6+a7+a8+a9",
	 "command line, word 1 'iscsi', character 64: portals: more than 8 further portals"},
	{"iscsi=10.0.2.2,portals=10.0.3.2",
	 "command line, word 1 'iscsi', character 7: a list of portals needs the target's name; portals=all does not"},
	{"iscsi=dhcp,portals=all", "command line, word 1 'iscsi', character 7: portals= is for a word with a portal"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,portals=10.0.3.2+",
	 "command line, word 1 'iscsi', character 49: portals: expected an IPv4 address, an [IPv6] address or a host "
	 "name, not ''"},
	{"iscsi=10.0.2.2,iqn.2026-01.x:y,targets=all",
	 "command line, word 1 'iscsi', character 7: targets=all is for a portal without a target's name"},
	{"iscsi=10.0.2.2,targets=2", "command line, word 1 'iscsi', character 24: targets: expected all, not '2'"},
	{"iscsi=dhcp iscsi=dhcp", "command line, word 2 'iscsi', character 12: iscsi=dhcp is given twice"},
	{"iscsi=ibft iscsi=ibft", "command line, word 2 'iscsi', character 12: iscsi=ibft is given twice"},
	{"iscsi.timeout=30 iscsi.timeout=40", "command line, word 2 'iscsi.timeout', character 18: given twice"},
	{"iscsi.timeout=-1", "command line, word 1 'iscsi.timeout', character 15: expected a number of seconds from 0 "
			     "to 2000000, not '-1'"},
	{"iscsi.timeout", "command line, word 1 'iscsi.timeout', character 1: expected '=' and a value"},
	{"iscsi.onfail=explode", "command line, word 1 'iscsi.onfail', character 14: expected panic, reboot, poweroff, "
				 "shell, continue or crash, not 'explode'"},
	{"iscsi.log=7", "command line, word 1 'iscsi.log', character 11: expected err, warn, info or debug, not '7'"},
	{"iscsi.heal=no", "command line, word 1 'iscsi.heal', character 12: expected on or off, not 'no'"},
	{"iscsi.init=init",
	 "command line, word 1 'iscsi.init', character 12: expected a path that begins with '/', not 'init'"},
	{"iscsi.foo=1", "command line, word 1 'iscsi.foo', character 1: 'iscsi.foo' is not known; there are iscsi.ip, "
			"iscsi.timeout, iscsi.onfail, iscsi.log, iscsi.heal, iscsi.init, iscsi.overlay, iscsi.syslog, "
			"iscsi.multipath"},
	{"iscsi.multipath=maybe",
	 "command line, word 1 'iscsi.multipath', character 17: expected auto, yes or no, not 'maybe'"},
	{"iscsi.tiemout=3", "command line, word 1 'iscsi.tiemout', character 1: 'iscsi.tiemout' is not known; did you "
			    "mean iscsi.timeout?"},
	{"root=PARTUUID=1234/PARTNROFF=x",
	 "command line, word 1 'root', character 30: PARTNROFF: expected a number from 0 to 255, not 'x'"},
	{"root=PARTUUID=1234/FOO=2",
	 "command line, word 1 'root', character 20: expected PARTNROFF= after the UUID, not 'FOO=2'"},
	{"root=UUID=", "command line, word 1 'root', character 6: nothing stands after UUID="},
	{"rootwait=x",
	 "command line, word 1 'rootwait', character 10: expected a number of seconds from 0 to 2000000, not 'x'"},
	{"rootdelay=x",
	 "command line, word 1 'rootdelay', character 11: expected a number of seconds from 0 to 2000000, not 'x'"},
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

/* ---- cutting, as the kernel's next_arg does it ---- */

static const char *words_text(const char *line, size_t length, char text[LINE_MAX_TEXT])
{
	cmdline_cut(line, length, &cmdline);
	text[0] = 0;
	for (int i = 0; i < cmdline.word_count; i++) {
		const struct word *word = &cmdline.words[i];
		struct text key = cmdline_key(&cmdline, word), value = cmdline_value(&cmdline, word);

		put(text, "<%.*s", (int)key.length, key.at);
		if (word->has_value)
			put(text, "=%.*s", (int)value.length, value.at);
		put(text, ">");
	}
	if (cmdline.init_arguments.at)
		put(text, "--%.*s", (int)cmdline.init_arguments.length, cmdline.init_arguments.at);
	return text;
}

static void words_are_cut_as_the_kernel_cuts_them(void **state)
{
	static const struct {
		const char *line, *words;
	} lines[] = {
		{"", ""},
		{"  \t\n ", ""},
		{"a b=c d=", "<a><b=c><d=>"},
		{" a\tb\vc\fd\re\n", "<a><b><c><d><e>"},
		{"a=\"b c\" d", "<a=b c><d>"},
		{"\"a=b c\" d", "<a=b c><d>"},
		{"\"a b\" c", "<a b><c>"},
		{"a=b\"c d\"e f", "<a=b\"c d\"e><f>"},
		{"a=\"b", "<a=b>"},
		{"a=\"b c", "<a=b c>"},
		{"a=\"\"", "<a=>"},
		{"a=\"", "<a=>"},
		{"\"", "<>"},
		{"\"\" a", "<><a>"},
		{"=a", "<=a>"},
		{"=a=b", "<=a=b>"},
		{"a==b", "<a==b>"},
		{"a=b=c", "<a=b=c>"},
		{"a\\ b", "<a\\><b>"},
		{"a\240b", "<a><b>"},
		{"a -- b  \"c d\" ", "<a>--b  \"c d\""},
		{"a --", "<a>--"},
		{"a --b -- c", "<a><--b>--c"},
		{"a=b\"c d", "<a=b\"c d>"},
	};
	char text[LINE_MAX_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(words_text(lines[i].line, strlen(lines[i].line), text), lines[i].words);
	assert_string_equal(words_text("a b\0c", 5, text), "<a><b>");
	assert_int_equal(cmdline.length, 3);
	cmdline_cut("a -- b", 6, &cmdline);
	assert_null(cmdline_next(&cmdline, NULL, "--")); /* it is no word */
}

static char long_line[CMDLINE_BYTES_MAX + 100];

static void fill_words(size_t length)
{
	for (size_t i = 0; i < length; i++)
		long_line[i] = i % 2 ? ' ' : 'x';
}

static void the_kernels_longest_line_is_read_to_its_last_word(void **state)
{
	static const char last[] = "iscsi.timeout=77";
	const size_t length = 4095; /* COMMAND_LINE_SIZE of s390, without the NUL */

	(void)state;
	fill_words(length);
	memcpy(long_line + length - strlen(last), last, strlen(last));
	long_line[length - strlen(last) - 1] = ' ';
	assert_int_equal(read_text(long_line, length), 0);
	assert_int_equal(plan.boot.timeout_s, 77);
	fill_words(CMDLINE_BYTES_MAX);
	assert_int_equal(read_text(long_line, CMDLINE_BYTES_MAX), 0);
	assert_int_equal(cmdline.word_count, CMDLINE_WORDS_MAX);
	memset(long_line, 'x', CMDLINE_BYTES_MAX + 1);
	assert_true(read_text(long_line, CMDLINE_BYTES_MAX + 1) < 0);
	assert_string_equal(error.text, "command line: 8193 bytes long, but at most 8192 bytes are read");
	assert_int_equal(cmdline.length, CMDLINE_BYTES_MAX);
}

static void what_is_too_long_is_refused(void **state)
{
	static const char *const keys[] = {"root=/dev/",
					   "root=UUID=",
					   "rootfstype=",
					   "rootflags=",
					   "init=/",
					   "iscsi.init=/",
					   "iscsi=10.0.0.1,iqn.2026-01.x:",
					   "iscsi=10.0.0.1,scheduler=",
					   "iscsi=10.0.0.1,username=u,password=",
					   "iscsi=10.0.0.1,username=",
					   "iscsi=10.0.0.1,username=u,password=@/",
					   "iscsi="};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(long_line, sizeof(long_line), "%s%0600d", keys[i], 1);
		assert_true(read_line(long_line) < 0);
		assert_true(strlen(error.text) < 299);
	}
}

static void the_manner_of_failing_is_known_even_when_the_line_is_bad(void **state)
{
	(void)state;
	assert_true(read_line("iscsi.timeout=x iscsi.log=y iscsi.onfail=reboot") < 0);
	assert_int_equal(plan.boot.onfail, ONFAIL_REBOOT);
	assert_non_null(strstr(error.text, "iscsi.timeout"));
	assert_int_equal(plan.boot.timeout_s, 180);
	assert_true(read_line("iscsi=nonsense,x iscsi.onfail=poweroff") < 0);
	assert_int_equal(plan.boot.onfail, ONFAIL_POWEROFF);
}

static void the_log_level_is_ours_then_debug_then_quiet(void **state)
{
	static const struct {
		const char *line;
		enum log_level level;
	} lines[] = {{"", LOG_LEVEL_INFO},
		     {"quiet", LOG_LEVEL_WARN},
		     {"debug quiet", LOG_LEVEL_DEBUG},
		     {"quiet debug iscsi.log=err", LOG_LEVEL_ERR},
		     {"debug=x", LOG_LEVEL_INFO}};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(read_line(lines[i].line), 0);
		assert_int_equal(plan.boot.log, lines[i].level);
	}
}

static void roots_words_have_the_kernels_meaning(void **state)
{
	(void)state;
	assert_int_equal(
		read_line("rw root=/dev/sda ro rootwait rootdelay=0x3 rootfstype=ext4,xfs rootflags=data=x init=/a "
			  "init=/b -- single"),
		0);
	assert_false(plan.root.writable);
	assert_true(plan.root.wait);
	assert_int_equal(plan.root.wait_s, 0);
	assert_int_equal(plan.root.delay_s, 3);
	assert_string_equal(plan.root.fstype, "ext4,xfs");
	assert_string_equal(plan.root.flags, "data=x");
	assert_string_equal(plan.root.init, "/b");
	assert_int_equal(cmdline.init_arguments.length, 6);
	assert_int_equal(read_line("ro rw rootwait=20 iscsi.timeout=0"), 0);
	assert_true(plan.root.writable);
	assert_int_equal(plan.root.wait_s, 20);
	assert_int_equal(plan.boot.timeout_s, 0);
}

static void our_words_are_kept_from_the_next_program(void **state)
{
	static const char *const ours[] = {"iscsi=x",  "iscsi",  "iscsi.log=1", "ip=dhcp",
					   "BOOTIF=x", "vlan=x", "bond",        "iscsi_pasword=x"};
	static const char *const theirs[] = {"TERM=linux", "HOME=/",         "iscsid=1", "single",
					     "",           "ipv6.disable=1", "quiet"};

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_true(own_words_has(ours[i]));
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
		assert_false(own_words_has(theirs[i]));
}

/* The whole table: a word that is read never reaches the next init, unless the kernel or systemd has it, too. */
static void every_word_of_the_table_but_those_that_others_read_is_kept_from_the_next_program(void **state)
{
	(void)state;
	for (int i = 0; i < WORD_COUNT; i++) {
		bool is_ours = word_rows[i].group != GROUP_KERNEL && word_rows[i].group != GROUP_ROOT;
		char word[80];

		snprintf(word, sizeof(word), "%s=x", word_rows[i].name);
		assert_int_equal(own_words_has(word), is_ours);
		assert_int_equal(own_words_has(word_rows[i].name), is_ours);
		if (word_rows[i].upper)
			assert_true(own_words_has(word_rows[i].upper));
		assert_int_equal(words_find(text_of(word_rows[i].name)), i);
	}
}

static void there_is_room_for_64_targets_and_no_more(void **state)
{
	size_t used = 0;

	(void)state;
	for (int i = 0; i < PLAN_TARGETS_MAX; i++)
		used += (size_t)snprintf(long_line + used, sizeof(long_line) - used, "iscsi=10.0.0.%d,iqn.2026-01.x:y ",
					 i);
	assert_int_equal(read_line(long_line), 0);
	assert_int_equal(plan.target_count, PLAN_TARGETS_MAX);
	snprintf(long_line + used, sizeof(long_line) - used, "iscsi=10.0.0.1");
	assert_true(read_line(long_line) < 0);
	assert_non_null(strstr(error.text, "word 65 'iscsi'"));
	assert_non_null(strstr(error.text, "more than 64 targets"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_becomes_these_targets),
		cmocka_unit_test(a_bad_line_gets_one_exact_message),
		cmocka_unit_test(words_are_cut_as_the_kernel_cuts_them),
		cmocka_unit_test(the_kernels_longest_line_is_read_to_its_last_word),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(the_manner_of_failing_is_known_even_when_the_line_is_bad),
		cmocka_unit_test(the_log_level_is_ours_then_debug_then_quiet),
		cmocka_unit_test(roots_words_have_the_kernels_meaning),
		cmocka_unit_test(our_words_are_kept_from_the_next_program),
		cmocka_unit_test(every_word_of_the_table_but_those_that_others_read_is_kept_from_the_next_program),
		cmocka_unit_test(there_is_room_for_64_targets_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
