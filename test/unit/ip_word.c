/* ip_word.c - what must hold for the network's words, in the kernel's grammar and in dracut's. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cmdline.h"
#include "plan/ip_word.h"
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
	const char *line, *network;
} good_lines[] = {
	{"iscsi=[fe80::1%eth0],naa.0123456789abcdef", "eth0 link6"},
	{"iscsi=10.0.0.1,naa.0123456789abcdef,interface=eth3", "eth3 dhcp4"},
	{"iscsi=10.0.0.1,naa.0123456789abcdef,interface=eth3 ip=eth4:dhcp", "eth4 dhcp4"},
	{"iscsi=10.0.0.1,naa.0123456789abcdef,interface=eth3 ip=10.0.0.2/24", "eth3 static 10.0.0.2/24"},
	{"iscsi=10.0.0.1,naa.0123456789abcdef,interface=eth3 ip=dhcp", "* dhcp4"},
	{"ip=10.0.0.2::10.0.0.1:24:::dhcp", "first static&dhcp4 10.0.0.2/24 gw=10.0.0.1"},
	{"ip=10.0.0.2::10.0.0.1:255.255.255.0:host.dom:eth0:none", "eth0 static 10.0.0.2/24 gw=10.0.0.1 host=host"},
	{"ip=10.0.0.2:10.0.0.1:0.0.0.0:255.255.255.0", "first static 10.0.0.2/24"}, /* pxelinux: ipappend 1 */
	{"ip=0.0.0.0:0.0.0.0:0.0.0.0:0.0.0.0::eth0:dhcp:0.0.0.0:0.0.0.0", "eth0 dhcp4"},
	{"ip=172.16.0.5:::0.0.0.0::eth0:off", "eth0 static 172.16.0.5/16"},
	{"ip=10.0.0.2::10.0.0.1:24::eth0:off:1500", "eth0 static 10.0.0.2/24 gw=10.0.0.1 mtu=1500"},
	{"ip=10.0.0.2::10.0.0.1:24::eth0:off:1500:52:54:00:12:34:56",
	 "eth0 static 10.0.0.2/24 gw=10.0.0.1 mtu=1500 newmac=52:54:00:12:34:56"},
	{"ip=10.0.0.2::10.0.0.1:24::eth0:off::52:54:00:12:34:56",
	 "eth0 static 10.0.0.2/24 gw=10.0.0.1 newmac=52:54:00:12:34:56"},
	{"ip=10.0.0.2::10.0.0.1:24::eth0:none:8.8.8.8:[2001:db8::1]",
	 "eth0 static 10.0.0.2/24 gw=10.0.0.1; dns 8.8.8.8; dns 2001:db8::1"},
	{"ip=10.0.0.2::10.0.0.1:24::eth0:none:8.8.8.8:8.8.4.4:1.2.3.4",
	 "eth0 static 10.0.0.2/24 gw=10.0.0.1; dns 8.8.8.8; dns 8.8.4.4"},
	{"ip=10.0.0.2::10.0.0.1:24::eth0:none::8.8.4.4", "eth0 static 10.0.0.2/24 gw=10.0.0.1; dns 8.8.4.4"},
	{"ip=10.0.0.2:10.0.0.9:10.0.0.1:255.255.255.0::eth0:off", "eth0 static 10.0.0.2/24 gw=10.0.0.1"},
	{"ip=10.0.0.2:10.0.0.9/32::255.255.255.255::eth0:off", "eth0 static 10.0.0.2/32 peer=10.0.0.9"},
	{"ip=[2001:db8::2]::[2001:db8::1]:64::eth0:none", "eth0 static 2001:db8::2/64 gw=2001:db8::1"},
	{"ip=[2001:db8::2]/64::[2001:db8::1]:::eth0:none", "eth0 static 2001:db8::2/64 gw=2001:db8::1"},
	{"ip=dhcp", "* dhcp4"},
	{"ip=", "* dhcp4"},
	{"ip=on", "first dhcp4"},
	{"ip=any", "first dhcp4"},
	{"ip=dhcp6", "* dhcp6"},
	{"ip=auto6", "* auto6"},
	{"ip=either6", "* auto6|dhcp6"},
	{"ip=link6", "* link6"},
	{"ip=single-dhcp", "first dhcp4"},
	{"ip=dhcp,dhcp6", "* dhcp4&dhcp6"},
	{"ip=dhcp,auto6", "* dhcp4&auto6"},
	{"ip=auto", "* dhcp4&auto6&dhcp6"},
	{"ip=eth0:auto:9000", "eth0 dhcp4&auto6&dhcp6 mtu=9000"},
	{"ip=auto ipv6.disable=1", "* dhcp4"},
	{"ip=fw", "none"},
	{"ip=eth0:fw", "none"},
	{"ip=off ip6=dhcp", "* auto6|dhcp6"},
	{"ip=off ip6=eth0", "eth0 auto6|dhcp6"},
	{"ip=eth0:dhcp ip6=eth0", "eth0 dhcp4&auto6&dhcp6"},
	{"ip=dhcp ip6=on", "* dhcp4&auto6&dhcp6"},
	{"ip=dhcp ip6=off", "* dhcp4"},
	{"ip=dhcp,dhcp6 ipv6.disable=1", "* dhcp4"},
	{"ip=dhcp,dhcp6 ipv6.disable=0", "* dhcp4&dhcp6"},
	{"ip=dhcp --- quiet cc:{'datasource_list': ['MAAS']}end_cc BOOTIF=01-52-54-00-12-34-56",
	 "* dhcp4 mac=52:54:00:12:34:56"},
	{"ip=eth0:dhcp,dhcp6", "eth0 dhcp4&dhcp6"},
	{"ip=either6,dhcp", "* dhcp4&auto6&dhcp6"},
	{"ip=10.0.0.5:::24::eth0:dhcp", "eth0 static&dhcp4 10.0.0.5/24"},
	{"ip=[2001:db8::2]:::64::eth0:auto6", "eth0 static&auto6 2001:db8::2/64"},
	{"ip=::::host:BOOTIF BOOTIF=01-52-54-00-12-34-56", "* dhcp4 mac=52:54:00:12:34:56 host=host"},
	{"ip=BOOTIF:dhcp ip=eth1:dhcp BOOTIF=01-52-54-00-12-34-56", "* dhcp4 mac=52:54:00:12:34:56; eth1 dhcp4"},
	{"ip=eth0:dhcp rd.net.dhcp.vendor-class=my-class rd.net.dhcp.client-id=01:52:54:00:aa:bb:cc",
	 "eth0 dhcp4 id=01:52:54:00:aa:bb:cc class=my-class"},
	{"ip=dhcp rd.net.dhcp.client-id=@r:7", "* dhcp4 id=00:72:3a:37"},
	{"ip=eth0:dhcp rd.net.dhcp.client-id=@r:7", "eth0 dhcp4 id=00:72:3a:37"},
	{"ip=dhcp rd.net.dhcp.client-id=me", "* dhcp4 id=00:6d:65"},
	{"ip=eth0:dhcp ip=eth1:dhcp rd.net.dhcp.client-id=eth0:01-52-54-00-45-87-42 rd.net.dhcp.client-id=eth1:@me",
	 "eth0 dhcp4 id=01:52:54:00:45:87:42; eth1 dhcp4 id=00:6d:65"},
	{"ip=dhcp rd.net.dhcp.client-id=eth0:01-52", "* dhcp4 id=01:52"},
	{"ip=dhcp rd.net.dhcp.client-id=eth0:@a-b", "* dhcp4 id=00:61:2d:62"},
	{"ip=dhcp,1,a rd.net.dhcp.client-id=mac", "* dhcp4"},
	{"rd.neednet=1 vlan=bond0.13:bond0 bond=bond0:eth0,eth1 vlan=vlan.0009:eth2",
	 "vlan bond0.13 13 on bond0; vlan vlan.0009 9 on eth2; bond bond0 eth0,eth1 mode=balance-rr; bond0.13 dhcp4; "
	 "vlan.0009 dhcp4"},
	{"ip=10.0.0.5/24 vlan=vlan5:eth0", "vlan vlan5 5 on eth0; vlan5 static 10.0.0.5/24"},
	{"ip=eth0:dhcp vlan=vlan5:eth0", "vlan vlan5 5 on eth0; eth0 dhcp4; vlan5 dhcp4"},
	{"rd.neednet=1 ip=off bond", "bond bond0 eth0,eth1 mode=balance-rr"},
	{"rd.neednet=1 bridge", "bridge br0 eth0; br0 dhcp4"},
	{"ip=br1:dhcp bridge=br1:eth0,eth1", "bridge br1 eth0,eth1; br1 dhcp4"},
	{"rd.neednet=1 bridge=br0:bond0 bond", "bond bond0 eth0,eth1 mode=balance-rr; bridge br0 bond0; br0 dhcp4"},
	{"rd.neednet=1 team=team0:eth0,eth1", "bond team0 eth0,eth1 mode=active-backup,miimon=100; team0 dhcp4"},
	{"rd.neednet=1 team=t:eth2:lacp", "bond t eth2 mode=802.3ad,miimon=100; t dhcp4"},
	{"ip=dhcp,1,abc", "* dhcp4 id=01:61:62:63"},
	{"ip=eth0:dhcp,1,abc", "eth0 dhcp4 id=01:61:62:63"},
	{"ip=eth0:dhcp", "eth0 dhcp4"},
	{"ip=:dhcp6,dhcp:1499", "* dhcp4&dhcp6 mtu=1499"},
	{"ip=:ibft", "none"},
	{"ip=:off", "none"},
	{"ip=eth0:dhcp:1500", "eth0 dhcp4 mtu=1500"},
	{"ip=eth0:dhcp:1500:52:54:00:12:34:56", "eth0 dhcp4 mtu=1500 newmac=52:54:00:12:34:56"},
	{"ip=eth0:dhcp::52:54:00:12:34:56", "eth0 dhcp4 newmac=52:54:00:12:34:56"},
	{"ip=eth0", "eth0 dhcp4"},
	{"ip=10.0.0.5", "first static 10.0.0.5/8"},
	{"ip=172.16.0.5", "first static 172.16.0.5/16"},
	{"ip=10.0.0.5 netmask=255.255.255.0 gateway=10.0.0.1 ksdevice=eth3 mtu=9000 hostname=h",
	 "eth3 static 10.0.0.5/24 gw=10.0.0.1 mtu=9000 host=h"},
	{"ip=10.0.0.5/24 ksdevice=52:54:00:12:34:56", "first static 10.0.0.5/24 mac=52:54:00:12:34:56"},
	{"ip=10.0.0.5/24 ksdevice=ibft", "first static 10.0.0.5/24"},
	{"ip=10.0.0.5/24 ksdevice=link BOOTIF=01-52-54-00-12-34-56", "first static 10.0.0.5/24 mac=52:54:00:12:34:56"},
	{"ip=10.0.0.5/24 ksdevice=BOOTIF BOOTIF=01-52-54-00-12-34-56",
	 "first static 10.0.0.5/24 mac=52:54:00:12:34:56"},
	{"ip=0.0.0.0", "* dhcp4"},
	{"ip=10.0.0.5/24 gateway=0.0.0.0", "first static 10.0.0.5/24"},
	{"ip=off", "none"},
	{"ip=none", "none"},
	{"ip=::::::dhcp", "* dhcp4"},
	{"ip=::::host:eth1:dhcp", "eth1 dhcp4 host=host"},
	{"ip=:::::eth0:", "eth0 dhcp4"},
	{"ip=:::::eth0:on", "eth0 dhcp4"},
	{"ip=10.0.0.5:::::eth0:on", "eth0 static 10.0.0.5/8"},
	{"ip=10.0.0.5:::::eth0:", "eth0 static 10.0.0.5/8"},
	{"ip=10.0.0.5:::::52-54-00-12-34-56:none", "first static 10.0.0.5/8 mac=52:54:00:12:34:56"},
	{"ip=:::::eth0:none", "eth0 up"},
	{"ip=ibft", "none"},
	{"ip=eth0:ibft", "none"},
	{"ip=eth0:dhcp ip=eth1:auto6", "eth0 dhcp4; eth1 auto6"},
	{"nfsaddrs=10.0.0.2:::::eth0:off", "eth0 static 10.0.0.2/8"},
	{"ip=dhcp BOOTIF=01-52-54-00-12-34-56", "* dhcp4 mac=52:54:00:12:34:56"},
	{"ip=dhcp BOOTIF=01-52-54-00-12-34-56 rd.bootif=0", "* dhcp4"},
	{"ip=dhcp BOOTIF=52:54:00:12:34:56", "* dhcp4 mac=52:54:00:12:34:56"},
	{"ip=dhcp BOOTIF=01-52:54:00:12:34:56", "* dhcp4 mac=52:54:00:12:34:56"}, /* GRUB: 01-${net_default_mac} */
	{"ip=dhcp BOOTIF=01:52:54:00:12:34:56", "* dhcp4 mac=52:54:00:12:34:56"},
	{"ip=dhcp BOOTIF=01- rd.bootif=0", "* dhcp4"},
	{"ip=eth0:dhcp BOOTIF=01-", "eth0 dhcp4"},
	{"ip=dhcp bootdev=eth7", "eth7 dhcp4"},
	{"ip=dhcp BOOTIF=01-", "* dhcp4"},
	{"ip=dhcp vlan= ifname= rd.iscsi.param= nameserver= rd.route= BOOTIF= rd.net.dhcp.client-id= "
	 "rd.net.dhcp.vendor-class= "
	 "rd.net.timeout.dhcp= rd.net.timeout.carrier=",
	 "* dhcp4"},
	{"rd.neednet=1 bootdev=eth7", "eth7 dhcp4"},
	{"rd.neednet=1 nameserver=10.0.0.1 nameserver=2001:db8::1 nameserver=[2001:db8::2] nameserver=1.1.1.1 "
	 "nameserver=2.2.2.2",
	 "first dhcp4; dns 10.0.0.1; dns 2001:db8::1; dns 2001:db8::2; dns 1.1.1.1"},
	{"rd.neednet=1 rd.route=10.1.0.0/16:10.0.0.1:eth0 rd.route=[2001:db8::]/32:[fe80::1]:eth0 "
	 "rd.route=0.0.0.0/0:10.0.0.1",
	 "first dhcp4; route 10.1.0.0/16 by 10.0.0.1 on eth0; route 2001:db8::/32 by fe80::1 on eth0; route 0.0.0.0/0 "
	 "by "
	 "10.0.0.1 on "},
	{"rd.neednet=1 rd.route=10.1.0.0/255.255.0.0:10.0.0.1", "first dhcp4; route 10.1.0.0/16 by 10.0.0.1 on "},
	{"ip=5:dhcp vlan=5:eth0", "vlan 5 5 on eth0; 5 dhcp4"},
	{"rd.neednet=1 vlan=vlan5:eth0 vlan=vlan0006:eth0 vlan=eth0.7:eth0 vlan=eth0.0008:eth0",
	 "vlan vlan5 5 on eth0; vlan vlan0006 6 on eth0; vlan eth0.7 7 on eth0; vlan eth0.0008 8 on eth0; "
	 "vlan5 dhcp4; vlan0006 dhcp4; eth0.7 dhcp4; eth0.0008 dhcp4"},
	{"rd.neednet=1 bond=bond0:eth0,eth1:mode=active-backup,miimon=100:9000 ip=bond0:dhcp",
	 "bond bond0 eth0,eth1 mode=active-backup,miimon=100 mtu=9000; bond0 dhcp4"},
	{"rd.neednet=1 bond", "bond bond0 eth0,eth1 mode=balance-rr; bond0 dhcp4"},
	{"rd.neednet=1 bond=b1:eth5", "bond b1 eth5 mode=balance-rr; b1 dhcp4"},
	{"rd.neednet=1 bond=bond0:eth0,eth1:mode=802.3ad,lacp_rate=fast,arp_ip_target=10.0.0.1;10.0.0.2",
	 "bond bond0 eth0,eth1 mode=802.3ad,lacp_rate=fast,arp_ip_target=10.0.0.1;10.0.0.2; bond0 dhcp4"},
	{"ip=b:dhcp bond=b:eth0:primary=eth0,mode=1", "bond b eth0 mode=1,primary=eth0; b dhcp4"},
	{"ip=b:dhcp bond=b:eth0:lacp_rate=fast,mode=802.3ad,miimon=100",
	 "bond b eth0 mode=802.3ad,lacp_rate=fast,miimon=100; b dhcp4"},
	{"rd.neednet=1 rd.net.timeout.iflink=60 rd.net.timeout.ifup=20 rd.net.timeout.route=20 "
	 "rd.net.timeout.ipv6dad=50 rd.net.timeout.ipv6auto=40",
	 "first dhcp4"},
	{"rd.neednet=1 ifname=lan:52:54:00:12:34:56", "rename 52:54:00:12:34:56 lan; first dhcp4"},
	{"rd.neednet=1 rd.net.timeout.carrier=12 rd.net.timeout.dhcp=30 rd.net.dhcp.retry=3 rd.peerdns=0",
	 "first dhcp4"},
	{"iscsi.ip=eth1:dhcp ip=eth0:dhcp", "eth1 dhcp4"},
	{"ip=dhpc", "dhpc dhcp4"},
	{"ip=:::::eth0:off", "eth0 up"},
	{"iscsi.timeout=5 iscsi=10.0.0.1,iqn.2009-06.a:b,lun=1 root=/dev/sda1 ip=eth0:dhcp", "eth0 dhcp4"},
	{"iscsi=10.0.0.1,iqn.2009-06.a:b ip=off", ""},
	{"iscsi=[fe80::1%eth0],iqn.2009-06.a:b iscsi=10.0.0.1,iqn.2009-06.a:b", "first dhcp4+link6"},
	{"iscsi=[2001:db8::1],iqn.2009-06.a:b iscsi=10.0.0.1,iqn.2009-06.a:b", "first dhcp4+auto6+dhcp6"},
	{"iscsi=[2001:db8::1],iqn.2009-06.a:b iscsi=10.0.0.1,iqn.2009-06.a:b ipv6.disable=1", "first dhcp4"},
	{"quiet ro console=ttyS0 foo.bar=1 modprobe.blacklist=x", "none"},
};

static const struct {
	const char *line, *error;
} bad_lines[] = {
	{"ip=::::host:BOOTIF", "command line, word 1 'ip', character 1: the interface is BOOTIF, but there is no word "
			       "BOOTIF="},
	{"ip=dhcp rd.net.dhcp.client-id=duid", "command line, word 2 'rd.net.dhcp.client-id', character 31: 'duid' is "
					       "not supported; write the bytes, as 01:52:54:00:12:34:56"},
	{"ip=bootp", "command line, word 1 'ip', character 4: 'bootp' is not supported; write dhcp"},
	{"ip=rarp", "command line, word 1 'ip', character 4: 'rarp' is not supported; write dhcp"},
	{"ip=both", "command line, word 1 'ip', character 4: 'both' is not supported; write dhcp"},
	{"ip=dhcp ip=eth1:auto6",
	 "command line, word 2 'ip', character 9: with several ip= each must name its interface"},
	{"ip=eth1:auto6 ip=dhcp",
	 "command line, word 2 'ip', character 15: with several ip= each must name its interface"},
	{"ip=10.0.0.256::::::",
	 "command line, word 1 'ip', character 4: first field: expected an address or an interface, not '10.0.0.256'"},
	{"ip=10.0.0.2:x:::::", "command line, word 1 'ip', character 13: second field: expected a method such as dhcp "
			       "after an interface, or an address after an address, not 'x'"},
	{"ip=10.0.0.2::10.0.0.1:255.0.255.0::eth0:none", "command line, word 1 'ip', character 23: netmask: expected "
							 "255.255.255.0 or a prefix length, not '255.0.255.0'"},
	{"ip=10.0.0.2::fe80::1:24::eth0:none",
	 "command line, word 1 'ip', character 14: gateway: expected an IPv4 address, not 'fe80'"},
	{"ip=10.0.0.2::[fe80::1]:24::eth0:none",
	 "command line, word 1 'ip', character 14: gateway: expected an IPv4 address, not '[fe80::1]'"},
	{"ip=10.0.0.2::10.0.0.1:33::eth0:none",
	 "command line, word 1 'ip', character 23: netmask: expected 255.255.255.0 or a prefix length, not '33'"},
	{"ip=[2001:db8::2]:::::eth0:none",
	 "command line, word 1 'ip', character 4: an IPv6 address needs its prefix length as netmask"},
	{"ip=10.0.0.2::::::nonsense", "command line, word 1 'ip', character 18: expected dhcp, on, any, none, off, "
				      "dhcp6, auto6, either6, link6 or ibft, not 'nonsense'"},
	{"ip=10.0.0.2:::::eth0:none:1:2:3:4:5", "command line, word 1 'ip', character 27: expected MTU and MAC address "
						"or up to two name servers, not '1:2:3:4:5'"},
	{"ip=10.0.0.2:::::eth0:none:foo",
	 "command line, word 1 'ip', character 27: expected an MTU, a MAC address or a name server, not 'foo'"},
	{"ip=10.0.0.2:::::eth0:none:40",
	 "command line, word 1 'ip', character 27: MTU: expected a number from 68 to 65535, not '40'"},
	{"ip=10.0.0.2:::::a-name-too-long-for-it:none",
	 "command line, word 1 'ip', character 17: expected an interface, not 'a-name-too-long-for-it'"},
	{"ip=::::::dhcp:::::::::::", "command line, word 1 'ip', character 24: more than 16 fields"},
	{"ip=dhcp BOOTIF=01-zz",
	 "command line, word 2 'BOOTIF', character 16: expected a MAC address, as 01-52-54-00-12-34-56, not '01-zz'"},
	{"rd.neednet=1 rd.route=10.1.0.0/16",
	 "command line, word 2 'rd.route', character 23: expected a gateway or an interface after the network"},
	{"rd.neednet=1 rd.route=10.1.0.0/16:x",
	 "command line, word 2 'rd.route', character 35: expected the gateway's address, not 'x'"},
	{"rd.neednet=1 rd.route=10.1.0.0/16:[fe80::1]", "command line, word 2 'rd.route', character 35: the network "
							"and the gateway belong to different address families"},
	{"rd.neednet=1 vlan=vlan:eth0", "command line, word 2 'vlan', character 19: expected a name that ends in the "
					"VLAN's number, 1 to 4094, not 'vlan'"},
	{"rd.neednet=1 vlan=vlan4095:eth0", "command line, word 2 'vlan', character 19: expected a name that ends in "
					    "the VLAN's number, 1 to 4094, not 'vlan4095'"},
	{"rd.neednet=1 vlan=vlan5",
	 "command line, word 2 'vlan', character 19: expected name:parent, as vlan5:eth0, not 'vlan5'"},
	{"rd.neednet=1 bond=b1:eth5:mode=1:99999",
	 "command line, word 2 'bond', character 34: MTU: expected a number from 68 to 65535, not '99999'"},
	{"rd.neednet=1 ifname=lan:52:54",
	 "command line, word 2 'ifname', character 25: expected name:MAC, as eth0:52:54:00:12:34:56, not 'lan:52:54'"},
	{"rd.neednet=1 team=t0:eth0:random", "command line, word 2 'team', character 27: expected activebackup, "
					     "roundrobin, broadcast, loadbalance or lacp, not 'random'"},
	{"rd.neednet=1 bridge=br0:a/b",
	 "command line, word 2 'bridge', character 25: slave: expected an interface, not 'a/b'"},
	{"rd.neednet=1 rd.net.timeout.ipv6dad=soon",
	 "command line, word 2 'rd.net.timeout.ipv6dad', character 37: expected a number from 0 to 86400, not 'soon'"},
	{"rd.neednet=1 rd.net.timeout.carrier=x",
	 "command line, word 2 'rd.net.timeout.carrier', character 37: expected a number from 0 to 86400, not 'x'"},
	{"iscsi.ip=eth1:bla", "command line, word 1 'iscsi.ip', character 15: second field: expected a method such as "
			      "dhcp after an interface, or an address after an address, not 'bla'"},
	{"ip=auto7", "command line, word 1 'ip', character 4: 'auto7' is not known; did you mean auto?"},
	{"ip=10.0.0.256", "command line, word 1 'ip', character 4: expected an address, an interface or a method such "
			  "as dhcp, not '10.0.0.256'"},
	{"ip=eth0:bla", "command line, word 1 'ip', character 9: second field: expected a method such as dhcp after an "
			"interface, or an address after an address, not 'bla'"},
};

static void a_line_becomes_this_network(void **state)
{
	char text[LINE_MAX_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good_lines) / sizeof(good_lines[0]); i++) {
		if (read_line(good_lines[i].line) != 0)
			fail_msg("%s: %s", good_lines[i].line, error.text);
		assert_string_equal(network_text(&plan.network, text), good_lines[i].network);
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

static void timeouts_and_switches_are_read(void **state)
{
	(void)state;
	assert_int_equal(read_line("rd.neednet=1 rd.net.timeout.dhcp=30 rd.net.dhcp.retry=3 rd.net.timeout.carrier=7 "
				   "rd.peerdns=0 rd.net.timeout.ifup=9"),
			 0);
	assert_int_equal(plan.network.dhcp_timeout_s, 90);
	assert_int_equal(plan.network.carrier_timeout_s, 7);
	assert_true(plan.network.ignore_peer_dns);
	assert_true(plan.network.use_existing);
	assert_int_equal(read_line("iscsi.ip=dhcp"), 0);
	assert_false(plan.network.use_existing);
	assert_false(plan.network.ignore_peer_dns);
	assert_int_equal(plan.network.dhcp_timeout_s, 0);
}

static void more_than_there_is_room_for_is_refused(void **state)
{
	char line[2000] = "";

	(void)state;
	for (int i = 0; i < PLAN_INTERFACES_MAX; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "ip=eth%d:dhcp ", i);
	assert_int_equal(read_line(line), 0);
	assert_int_equal(plan.network.interface_count, PLAN_INTERFACES_MAX);
	snprintf(line + strlen(line), sizeof(line) - strlen(line), "ip=eth99:dhcp");
	assert_true(read_line(line) < 0);
	assert_string_equal(error.text, "command line, word 17 'ip', character 215: more than 16 interfaces");

	line[0] = 0;
	for (int i = 0; i <= PLAN_LINKS_MAX; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "vlan=vlan%d:eth0 ", i + 1);
	assert_true(read_line(line) < 0);
	assert_non_null(strstr(error.text, "more than 8 of vlan=, bond=, team=, bridge= and ifname= together"));

	line[0] = 0;
	for (int i = 0; i <= PLAN_ROUTES_MAX; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "rd.route=10.%d.0.0/16:10.0.0.1 ", i);
	assert_true(read_line(line) < 0);
	assert_non_null(strstr(error.text, "more than 16 routes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_becomes_this_network),
		cmocka_unit_test(a_bad_line_gets_one_exact_message),
		cmocka_unit_test(timeouts_and_switches_are_read),
		cmocka_unit_test(more_than_there_is_room_for_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
