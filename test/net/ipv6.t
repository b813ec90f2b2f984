#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""IPv6: router advertisements by radvd, DHCPv6 by dnsmasq, static and link-local addresses, duplicates, bad input."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, done, ok, wait_for  # pylint: disable=wrong-import-position

lab = Lab("dnsmasq", "radvd")
TARGET = " iscsi=[2001:db8::1],iqn.2003-01.org.example:disk"
MAC = "52:54:00:12:34:56"


def pair(**more):
    lab.machine("client")
    lab.machine("server")
    lab.cable("client", "eth0", "server", "srv0", "2001:db8::1/64", mac=MAC, **more)


def drop():
    lab.drop("client", "server")


def radvd(text, interface="srv0"):
    path = os.path.join(lab.directory, "radvd.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write("interface %s { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; %s };\n" %
                   (interface, text))
    lab.inside("server", "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
    process = lab.start("server", "radvd", "-n", "-m", "stderr", "-d", "1", "-C", path, "-p",
                        os.path.join(lab.directory, f"radvd-{next(lab.numbers)}.pid"))
    wait_for(lambda: "sending RA" in lab.log(process) or process.poll() is not None, 1)
    return process


def addresses(interface="eth0"):
    return [a for a in lab.addresses("client", interface) if not a.startswith("fe80")]


PREFIX = "prefix 2001:db8::/64 { AdvOnLink on; AdvAutonomous on; };"

# A switch that is up before us: a router's own link-local address must be ready when we ask.
lab.machine("client")
lab.machine("server")
for words in ("link add br0 type bridge mcast_snooping 0", "link add q0 type veth peer name q1", "link set q0 master br0",
              "link set q0 up", "link set q1 up", "address add 2001:db8::1/64 dev br0 nodad", "link set br0 up"):
    lab.ip("server", words)
lab.cable("client", "eth0", "server", "p0", mac=MAC)
lab.ip("server", "link set p0 master br0")
router = radvd(PREFIX + " RDNSS 2001:db8::53 { };", "br0")
wait_for(lambda: "tentative" not in lab.ip("server", "-6 address show dev br0"))
time.sleep(3.5)  # radvd answers solicitations only so long after its last advertisement (RFC 4861 6.2.6)
outcome = lab.drive("client", "ip=auto6" + TARGET, "-t", "12", "-k", "1", "-r", lab.directory)
routes = lab.ip("client", "-6 route")
ok(outcome.status == 0 and addresses() == ["2001:db8::5054:ff:fe12:3456/64"], "an address by router advertisement",
   f"{addresses()}\n{outcome.text}")
ok("default via fe80::" in routes, "and a default route", routes)
ok("tentative" not in lab.ip("client", "-6 address show dev eth0"), "past duplicate address detection", outcome.text)
ok(outcome.took is not None and outcome.took < 3200, "with no wait besides the two detections", outcome.text)
try:
    with open(lab.directory + "/etc/resolv.conf", encoding="ascii") as file:
        resolver = file.read()
    with open(lab.directory + "/run/net6-eth0.conf", encoding="ascii") as file:
        record = file.read()
except OSError as error:
    resolver = record = str(error)
ok("nameserver 2001:db8::53" in resolver, "name servers by router advertisement", resolver)
ok("IPV6ADDR='2001:db8::5054:ff:fe12:3456'\nIPV6NETMASK='64'" in record, "/run/net6-eth0.conf", record)
ok(lab.reaches("client", "2001:db8::1"), "that works")
drop()

pair()
outcome = lab.drive("client", "ip=auto6" + TARGET, "-t", "4")
ok(outcome.status == 1 and "a router advertisement with a prefix" in outcome.text, "no router: named", outcome.text)
drop()

pair()
radvd("prefix 2001:db8::/64 { AdvOnLink on; AdvAutonomous off; };")
outcome = lab.drive("client", "ip=auto6" + TARGET, "-t", "4")
ok(outcome.status == 1 and not addresses() and "a router advertisement with a prefix" in outcome.text,
   "a prefix that gives no addresses: named", outcome.text)
drop()

pair()
radvd("AdvManagedFlag on; AdvOtherConfigFlag on; prefix 2001:db8::/64 { AdvOnLink on; AdvAutonomous off; };")
server = lab.dnsmasq("server", "srv0", "--port=0", "--dhcp-range=2001:db8::1000,2001:db8::1100,64,1h",
                     "--dhcp-option=option6:23,[2001:db8::54]",
                     "--dhcp-option=option6:59,iscsi:[2001:db8::1]::::iqn.2003-01.org.example:r")
outcome = lab.drive("client", "ip=dhcp6" + TARGET, "-t", "12", "-r", lab.directory)
ok(outcome.status == 0 and len(addresses()) == 1 and addresses()[0].startswith("2001:db8::10"), "DHCPv6",
   f"{addresses()}\n{outcome.text}\n{lab.log(server)}")
ok("default via fe80::" in lab.ip("client", "-6 route"), "with the router's route", lab.ip("client", "-6 route"))
ok(lab.reaches("client", "2001:db8::1"), "that works")
drop()

pair()
radvd("AdvManagedFlag on; prefix 2001:db8::/64 { AdvOnLink on; AdvAutonomous off; };")
lab.dnsmasq("server", "srv0", "--port=0", "--dhcp-range=2001:db8::1000,2001:db8::1100,64,1h")
outcome = lab.drive("client", "ip=auto6" + TARGET, "-t", "12")
ok(outcome.status == 0 and addresses()[0].startswith("2001:db8::10"), "auto6 follows a router that says DHCPv6",
   outcome.text)
drop()

pair()
radvd("AdvOtherConfigFlag on; " + PREFIX)
lab.dnsmasq("server", "srv0", "--port=0", "--dhcp-range=2001:db8::,ra-stateless,64",
            "--dhcp-option=option6:23,[2001:db8::54]")
outcome = lab.drive("client", "ip=auto6" + TARGET, "-t", "12", "-k", "1", "-r", lab.directory)
with open(lab.directory + "/etc/resolv.conf", encoding="ascii") as file:
    resolver = file.read()
ok(outcome.status == 0 and "nameserver 2001:db8::54" in resolver, "information by DHCPv6",
   resolver + outcome.text)
drop()

pair()
outcome = lab.drive("client", "ip=dhcp6" + TARGET, "-t", "5")
ok(outcome.status == 1 and "DHCPv6" in outcome.text.splitlines()[-1], "no DHCPv6 server: named", outcome.text)
drop()

pair()
lab.dnsmasq("server", "srv0", "--port=0", "--dhcp-range=2001:db8::1000,2001:db8::1100,64,1h")
outcome = lab.drive("client", "ip=dhcp6" + TARGET, "-t", "6")
ok(outcome.status == 1 and "a router advertisement on eth0: without it the address from DHCPv6 has no route" in outcome.text,
   "DHCPv6 without a router: named", outcome.text)
drop()

pair()
radvd(PREFIX)
outcome = lab.drive("client", "ip=either6" + TARGET, "-t", "12")
ok(outcome.status == 0 and addresses() == ["2001:db8::5054:ff:fe12:3456/64"], "either6: what comes first", outcome.text)
drop()

pair()
outcome = lab.drive("client", "ip=[2001:db8::9]::[2001:db8::1]:64::eth0:off" + TARGET, "-t", "5")
ok(outcome.status == 0 and addresses() == ["2001:db8::9/64"], "static", f"{addresses()}\n{outcome.text}")
ok("tentative" not in lab.ip("client", "-6 address show dev eth0"), "past duplicate address detection", outcome.text)
ok("default via 2001:db8::1" in lab.ip("client", "-6 route"), "with its gateway", lab.ip("client", "-6 route"))
drop()

pair()
outcome = lab.drive("client", "ip=[2001:db8::1]:::64::eth0:off" + TARGET, "-t", "5")
ok(outcome.status == 1 and "another station has the address 2001:db8::1" in outcome.text,
   "a static address that is taken: named", outcome.text)
drop()

lab.machine("client")
lab.machine("server")
lab.machine("other")
for words in ("link add br0 type bridge mcast_snooping 0", "address add 2001:db8::1/64 dev br0 nodad",
              "link set br0 up"):
    lab.ip("server", words)
lab.cable("client", "eth0", "server", "p0", mac=MAC)
lab.cable("other", "eth0", "server", "p1")
lab.ip("server", "link set p0 master br0")
lab.ip("server", "link set p1 master br0")
lab.ip("other", "link set eth0 up")
lab.ip("other", "address add 2001:db8::1000/64 dev eth0 nodad")
lab.ip("other", "address add 2001:db8::1001/64 dev eth0 nodad")
server = lab.dnsmasq("server", "br0", "--port=0", "--dhcp-range=2001:db8::1000,2001:db8::1002,64,1h")
radvd("AdvManagedFlag on; prefix 2001:db8::/64 { AdvOnLink on; AdvAutonomous off; };", "br0")
outcome = lab.drive("client", "ip=dhcp6" + TARGET, "-t", "25")
ok(outcome.status == 0 and addresses() == ["2001:db8::1002/128"] and
   "another station has 2001:db8::1001: declining" in outcome.text,
   "a leased address that is taken is declined", outcome.text + lab.log(server))
drop()
lab.drop("other")

pair()
outcome = lab.drive("client", "ip=link6 iscsi=[fe80::1%eth0],iqn.2003-01.org.example:disk", "-t", "5")
ok(outcome.status == 0 and lab.addresses("client", "eth0") == ["fe80::5054:ff:fe12:3456/64"], "link-local only",
   outcome.text)
drop()

BABBLER = """
import os, socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"srv0")
s.bind(("::", 547))
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, "ff02::1:2") +
             socket.if_nametoindex("srv0").to_bytes(4, "little"))
while True:
    packet, source = s.recvfrom(2000)
    for answer in (b"", b"\\x02", b"\\x02" + packet[1:4], b"\\x07" + packet[1:4] + b"\\x00\\x03\\xff\\xff",
                   b"\\x07" + packet[1:], b"\\x02" + packet[1:4] + os.urandom(200), os.urandom(300)):
        s.sendto(answer, source)
"""
pair()
lab.start("server", sys.executable, "-c", BABBLER)
outcome = lab.drive("client", "ip=dhcp6" + TARGET, "-t", "5")
ok(outcome.status == 1 and not addresses() and "the last answer was refused" in outcome.text,
   "malformed DHCPv6: no address, and why the answers were not taken", f"{addresses()}\n{outcome.text}")
drop()

# Advertisements that no router would send: the kernel throws them away or passes on what we must not believe.
SENDER = """
import socket, struct, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"srv0")
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
head = bytes([134, 0, 0, 0, 64, 0]) + struct.pack(">HII", 1800, 0, 0)
for _ in range(40):
    for tail in (b"", bytes([25, 0]), bytes([25, 200, 0, 0]), bytes([25, 2, 0, 0, 0, 0, 1, 0]) + bytes(8),
                 bytes([25, 1, 0, 0, 0, 0, 1, 0]), bytes([3, 4, 64, 0xc0]) + bytes(28), bytes([3, 1]) + bytes(6),
                 bytes([25, 15, 0, 0, 0, 0, 1, 0]) + bytes(range(112)), bytes(range(200))):
        try:
            s.sendto(head + tail, ("ff02::1", 0, 0, socket.if_nametoindex("srv0")))
        except OSError:
            pass
    time.sleep(0.1)
"""
pair()
lab.start("server", sys.executable, "-c", SENDER)
outcome = lab.drive("client", "ip=auto6" + TARGET, "-t", "5")
ok(outcome.status == 1 and "a router advertisement with a prefix" in outcome.text and not addresses(),
   "malformed advertisements: no address, and what is missing is named", f"{addresses()}\n{outcome.text}")
drop()
done()
