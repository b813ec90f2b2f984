#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several cards, several methods, several families: a boot takes what answers, and waits for nobody else."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, done, ok, wait_for  # pylint: disable=wrong-import-position

lab = Lab("dnsmasq", "radvd")
TARGET = " iscsi=192.0.2.1,iqn.2003-01.org.example:disk"
# The first answers may be lost while the server's end of the cable comes up: they are asked for again after 1 s, and after 2
AT_ONCE_MS = 3500


def four(machine, interface, network="192.0.2", **more):
    """A DHCPv4 server."""
    return lab.dnsmasq(machine, interface, "--port=0", f"--dhcp-range={network}.50,{network}.59,1h",
                       *more.get("options", ()))


def router(machine, interface):
    number = next(lab.numbers)
    path = f"{lab.directory}/radvd-{number}.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"interface {interface} {{ AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; "
                   f"prefix 2001:db8::/64 {{ AdvOnLink on; AdvAutonomous on; }}; }};\n")
    lab.inside(machine, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    lab.start(machine, "radvd", "-n", "-C", path, "-p", f"{lab.directory}/radvd-{number}.pid", "-m", "stderr")


def cards(count, address="192.0.2.1/24"):
    """A client with so many cards in one LAN, and a server."""
    lab.machine("client")
    lab.machine("server")
    lab.switch("server", "br0", address)
    for i in range(count):
        lab.plug("client", f"eth{i}", "server", f"p{i}", "br0")


def leased(interface):
    return [a for a in lab.addresses("client", interface) if not a.startswith("fe80")]


# Several cards in one LAN: the ARP probe of one is heard by the others, and answered if they are asked badly.
for words in ("ip=dhcp", "ip=eth0:dhcp ip=eth1:dhcp ip=eth2:dhcp"):
    cards(3)
    server = four("server", "br0")
    outcome = lab.drive("client", words + TARGET, "-t", "8", "-k", "5")
    ok(outcome.status == 0 and all(len(leased(f"eth{i}")) == 1 for i in range(3)), f"{words}, three cards in one LAN",
       f"{[leased(f'eth{i}') for i in range(3)]}\n{outcome.text}")
    ok("DHCPDECLINE" not in lab.log(server) and "another station" not in outcome.text, "without a conflict among them",
       outcome.text + lab.log(server))
    settings = [lab.inside("client", "cat", f"/proc/sys/net/ipv4/conf/eth{i}/{name}").strip()
                for i in range(3) for name in ("arp_ignore", "arp_announce")]
    ok(settings == ["1", "2"] * 3, "each answers for itself only", settings)
    lab.drop("client", "server")

cards(1)
four("server", "br0")
outcome = lab.drive("client", "ip=dhcp" + TARGET, "-t", "8", "-k", "1")
ok(outcome.status == 0 and lab.inside("client", "cat", "/proc/sys/net/ipv4/conf/eth0/arp_ignore").strip() == "0",
   "a card that is alone is left as it is", outcome.text)
lab.drop("client", "server")

# A stranger's answer is still a conflict, with several cards, too.
cards(2)
lab.machine("stranger")
lab.plug("stranger", "eth0", "server", "p9", "br0")
lab.ip("stranger", "link set eth0 up")
lab.ip("stranger", "address add 192.0.2.50/24 dev eth0")
server = lab.dnsmasq("server", "br0", "--port=0", "--dhcp-range=192.0.2.50,192.0.2.51,1h", "--dhcp-sequential-ip")
outcome = lab.drive("client", "ip=single-dhcp" + TARGET, "-t", "8", "-k", "3")
ok("another station has 192.0.2.50" in outcome.text and "DHCPDECLINE" in lab.log(server),
   "another machine's answer is one", outcome.text + lab.log(server))
lab.drop("client", "server", "stranger")

# ip=dhcp is for all, ip=single-dhcp for the first.
for words, both in (("ip=dhcp", True), ("ip=single-dhcp", False)):
    lab.machine("client")
    lab.machine("server")
    for i in range(2):
        lab.cable("client", f"eth{i}", "server", f"srv{i}", f"192.0.{2 + i}.1/24")
        four("server", f"srv{i}", f"192.0.{2 + i}")
    outcome = lab.drive("client", words + TARGET, "-t", "8", "-k", "3")
    got = [bool(leased(f"eth{i}")) for i in range(2)]
    ok(outcome.status == 0 and (all(got) if both else got.count(True) == 1),
       f"{words}: " + ("a lease on each card" if both else "the first that answers"), f"{got}\n{outcome.text}")
    lab.drop("client", "server")

# Some cards have no server, some no cable.
lab.machine("client")
lab.machine("server")
for i in range(3):
    lab.cable("client", f"eth{i}", "server", f"srv{i}", f"192.0.{2 + i}.1/24" if i == 2 else None, up=i != 1)
four("server", "srv2", "192.0.4")
outcome = lab.drive("client", "ip=eth0:dhcp ip=eth1:dhcp ip=eth2:dhcp" + TARGET, "-t", "8", "-k", "2", "-s")
ok(outcome.status == 0 and "usable eth2" in outcome.text, "of three named cards one has a server: it boots on that one",
   outcome.text)
ok(outcome.took is not None and outcome.took < AT_ONCE_MS, "at once", outcome.text)
lab.drop("client", "server")

# Two families, of which one answers.
for words in ("ip=dhcp,dhcp6", "ip=dhcp,auto6", "ip=eth0:dhcp,dhcp6", "ip=eth0:dhcp ip=eth0:dhcp6", "ip=dhcp6,dhcp"):
    cards(1)
    server = four("server", "br0")
    outcome = lab.drive("client", words + TARGET, "-t", "8")
    ok(outcome.status == 0 and outcome.took is not None and outcome.took < AT_ONCE_MS, f"{words} where only IPv4 answers", outcome.text)
    lab.drop("client", "server")

for words in ("ip=dhcp,auto6", "ip=dhcp,either6"):
    cards(1, "2001:db8::1/64")
    router("server", "br0")
    outcome = lab.drive("client", words + TARGET, "-t", "12")
    ok(outcome.status == 0 and any(a.startswith("2001:db8:") for a in leased("eth0")), f"{words} where only IPv6 answers",
       outcome.text)
    lab.drop("client", "server")

lab.machine("client")
lab.machine("server")
lab.switch("server", "br0", "2001:db8::1/64")
lab.plug("client", "eth0", "server", "p0", "br0")
lab.cable("client", "eth1", "server", "srv1", "192.0.2.1/24")
four("server", "srv1")
router("server", "br0")
outcome = lab.drive("client", "ip=eth0:dhcp,auto6 ip=eth1:dhcp,auto6" + TARGET, "-t", "8", "-k", "6")
ok(outcome.status == 0 and any(a.startswith("2001:db8:") for a in leased("eth0")) and
   any(a.startswith("192.0.2.5") for a in leased("eth1")), "one family on each of two cards",
   f"{leased('eth0')} {leased('eth1')}\n{outcome.text}")
lab.drop("client", "server")

# What has not answered goes on beside the boot, for its time.
cards(1)
four("server", "br0")
process = lab.drive_aside("client", "ip=dhcp,dhcp6 rd.net.timeout.dhcp=5" + TARGET, "-t", "8", "-k", "9")
ok(wait_for(lambda: "usable" in lab.log(process)), "the other family", lab.log(process))
ok(wait_for(lambda: "no longer waiting for an ADVERTISE" in lab.log(process), 9), "is given up when its time is over",
   lab.log(process))
ok("end usable" not in lab.log(process), "and the boot has gone on", lab.log(process))
lab.drop("client", "server")
cards(1)
four("server", "br0")
process = lab.drive_aside("client", "ip=dhcp,auto6" + TARGET, "-t", "8", "-k", "20")
ok(wait_for(lambda: "usable" in lab.log(process)), "one that answers late", lab.log(process))
router("server", "br0")
ok(wait_for(lambda: any(a.startswith("2001:db8:") for a in leased("eth0")), 12), "is used all the same", lab.log(process))
lab.drop("client", "server")

# A static address beside DHCP.
cards(1)
four("server", "br0")
outcome = lab.drive("client", "ip=192.0.2.9:::255.255.255.0::eth0:dhcp" + TARGET, "-t", "8", "-k", "2")
ok(outcome.status == 0 and len(leased("eth0")) == 2 and "192.0.2.9/24" in leased("eth0"), "a static address beside DHCP",
   f"{leased('eth0')}\n{outcome.text}")
lab.drop("client", "server")

# What a server tells clients by: another root path for another class.
cards(1)
server = four("server", "br0", options=["--dhcp-vendorclass=set:them,them", "--dhcp-option=17,iscsi:192.0.2.1::::iqn.a",
                                        "--dhcp-option=tag:them,17,iscsi:192.0.2.1::::iqn.b"])
outcome = lab.drive("client", "ip=dhcp rd.net.dhcp.vendor-class=them rd.net.dhcp.client-id=01:02:03:04:05:06:07" + TARGET,
                    "-t", "8")
ok("root-path [iscsi:192.0.2.1::::iqn.b]" in outcome.text, "rd.net.dhcp.vendor-class= decides the root path",
   outcome.text + lab.log(server))
ok(re.search(r"client provides name|DHCPACK", lab.log(server)) and "01:02:03:04:05:06:07" in open(
    f"{lab.directory}/leases-{max(int(n.split('-')[1]) for n in os.listdir(lab.directory) if n.startswith('leases-'))}",
    encoding="ascii").read(), "rd.net.dhcp.client-id= is the lease's", lab.log(server))
lab.drop("client", "server")

# After the hand-over a server can add nothing.
for lie in ("mode=wander", "mask-later=255.0.0.0"):
    lab.machine("client")
    lab.machine("server")
    lab.cable("client", "eth0", "server", "srv0", "192.0.2.1/24")
    server = lab.fake("server", "srv0", "address=192.0.2.50", "lease=4", lie)
    process = lab.drive_aside("client", "ip=dhcp" + TARGET, "-t", "8", "-k", "20", "-s")
    ok(wait_for(lambda: "usable" in lab.log(process)), f"settled, with a server that has {lie}", lab.log(process))
    before = lab.ip("client", "route")
    ok(wait_for(lambda: lab.log(server).count("REQUEST") > 3 or lab.log(server).count("DISCOVER") > 3, 15),
       "it is asked on", lab.log(server))
    ok(leased("eth0") == ["192.0.2.50/24"] and lab.ip("client", "route") == before, "address and routes are as they were",
       f"{leased('eth0')}\n{lab.ip('client', 'route')}\n{lab.log(process)}")
    ok(lab.log(process).count("the address stays on the interface") <= 1, "and that is said once at most", lab.log(process))
    lab.drop("client", "server")

# One router with ten prefixes.
cards(1, "2001:db8::1/64")
path = f"{lab.directory}/ten.conf"
with open(path, "w", encoding="ascii") as file:
    file.write("interface br0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; " + "".join(
        f"prefix 2001:db8:{i}::/64 {{ AdvOnLink on; AdvAutonomous on; }}; " for i in range(10)) + "};\n")
lab.inside("server", "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
lab.start("server", "radvd", "-n", "-C", path, "-p", f"{lab.directory}/ten.pid", "-m", "stderr")
outcome = lab.drive("client", "ip=auto6 ip=[2001:db8::9]:::64::eth0:off".replace("ip=auto6", "ip=eth0:auto6") + TARGET,
                    "-t", "12")
ok(outcome.status == 0 and "more than" not in outcome.text and len(leased("eth0")) == 11,
   "one router with ten prefixes, and an address of our own", f"{leased('eth0')}\n{outcome.text}")
lab.drop("client", "server")

# Names.
lab.machine("client")
lab.machine("server")
lab.cable("client", "eth0", "server", "srv0", mac="52:54:00:12:34:56")
outcome = lab.drive("client", "ip=ens9:dhcp" + TARGET, "-t", "3")
ok('no network interface has the name "ens9"; there are: eth0 (52:54:00:12:34:56' in outcome.text,
   "a name that no card has is reported with those that are there", outcome.text)
ok(re.search(r"^end .*\"ens9\".*there are: eth0", outcome.text, re.M), "and stands in what is waited for", outcome.text)
outcome = lab.drive("client", "ip=eth0:dhcp" + TARGET, "-t", "3")
ok("no network interface has" not in outcome.text, "a name that a card has is not", outcome.text)
lab.drop("client", "server")
done()
