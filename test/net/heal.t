#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What root needs of the network, taken away by the running system in every way: it is set up again after a moment, nothing
else is, and what the system puts right or moves elsewhere is left alone."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, done, ok, skip, wait_for  # pylint: disable=wrong-import-position

lab = Lab("unshare")
FOUR = "ip=192.0.2.9::192.0.2.1:255.255.255.0::eth0:off iscsi=198.51.100.1,iqn.2003-01.org.example:disk"
NEAR, FAR = "192.0.2.1", "198.51.100.1"
SIX = "ip=[2001:db8::9]::[2001:db8::1]:64::eth0:off iscsi=[2001:db8::1],iqn.2003-01.org.example:disk"
VLAN = "vlan=eth0.5:eth0 ip=192.0.2.9::192.0.2.1:255.255.255.0::eth0.5:off iscsi=192.0.2.1,iqn.2003-01.org.example:disk"
BOND = ("bond=bond0:eth0,eth1:mode=active-backup,miimon=50 ip=192.0.2.9:::255.255.255.0::bond0:off "
        "iscsi=192.0.2.1,iqn.2003-01.org.example:disk")
DAMAGED, HEALED = "(event=network-damaged)", "(event=network-healed)"


class Guarded:
    """A machine whose network our resident process keeps, for one scene."""

    def __init__(self, line, portal, *options, vlan=False):
        lab.machine("client")
        lab.machine("server")
        lab.cable("client", "eth0", "server", "srv0", None if vlan else "192.0.2.1/24")
        lab.cable("client", "eth1", "server", "srv1")
        if vlan:
            lab.ip("server", "link add link srv0 name srv0.5 type vlan id 5")
            lab.ip("server", "address add 192.0.2.1/24 dev srv0.5")
            lab.ip("server", "link set srv0.5 up")
        for address in ("2001:db8::1/64 dev %s nodad" % ("srv0.5" if vlan else "srv0"), "198.51.100.1/32 dev lo"):
            lab.ip("server", "address add " + address)
        self.portal = portal
        self.process = lab.drive_aside("client", line, "-k", "60", "-s", "-p", portal, *options)
        self.noted = wait_for(lambda: re.search(r"^noted interface [1-9]", self.log(), re.M), 10)

    def log(self):
        return lab.log(self.process)

    def ip(self, words):
        lab.ip("client", words)

    def hears(self, text, count=1, seconds=20):
        return wait_for(lambda: self.log().count(text) >= count, seconds)

    def reaches(self):
        return lab.reaches("client", self.portal)

    def end(self):
        lab.stop(self.process)
        lab.drop("client", "server")


def heals(name, line, portal, *losses, expected="", **options):
    scene = Guarded(line, portal, **options)
    ok(scene.noted and scene.reaches(), name + ": the portal can be reached before", scene.log())
    for words in losses:
        scene.ip(words)
    ok(scene.hears(HEALED), name + ": set up again", scene.log())
    ok(scene.reaches(), name + ": the portal can be reached", lab.ip("client", "address") + lab.ip("client", "route"))
    ok(scene.log().count(DAMAGED) >= 1 and expected in scene.log(), name + ": a line said what was lost", scene.log())
    scene.end()


def can_make(kind):
    """Does this machine's kernel have such interfaces? Boot tests have them all."""
    lab.machine("kind")
    made = "Unknown" not in lab.inside("kind", "ip", "link", "add", "x0", *kind.split(), check=False)
    lab.drop("kind")
    if not made:
        skip(kind, "this kernel has none")
    return made


heals("address", FOUR, NEAR, "address flush dev eth0", expected="its address 192.0.2.9 was taken away")
heals("link", FOUR, FAR, "link set eth0 down", expected="it was set down")
heals("link and name", FOUR, FAR, "link set eth0 down", "link set eth0 name ens3", "address flush dev ens3")
heals("route", FOUR, FAR, "route del default", expected="there is no route to 198.51.100.1")
heals("IPv6", SIX, "2001:db8::1", "link set eth0 down", expected="its address 2001:db8::9 was taken away")
if can_make("link lo type vlan id 5"):
    heals("VLAN", VLAN, NEAR, "link set eth0.5 down", "link set eth0 down", vlan=True)
if can_make("type bond"):
    heals("bond", BOND, NEAR, "link set eth0 down", "link set bond0 down", "address flush dev bond0")
heals("bridge", FOUR, FAR, "link add br0 type bridge", "link set eth0 master br0", "link set br0 up",
      expected="it became a part of another interface")
if can_make("type vrf table 10"):
    heals("VRF", FOUR, FAR, "link add vrf0 type vrf table 10", "link set vrf0 up", "link set eth0 master vrf0")

scene = Guarded(FOUR, FAR)
scene.ip("route del default")
ok(scene.hears(HEALED), "only the portal's route comes back", scene.log())
ok("default" not in lab.ip("client", "route"), "and no other", lab.ip("client", "route"))
scene.end()

scene = Guarded(FOUR, FAR)
scene.ip("address flush dev eth0")
ok(scene.hears(DAMAGED), "a loss is said at once", scene.log())
scene.ip("address add 192.0.2.9/24 dev eth0")
scene.ip("route add default via 192.0.2.1")
ok(scene.hears("(event=network-whole)"), "what the system puts right itself", scene.log())
time.sleep(3)
ok(HEALED not in scene.log(), "is left alone", scene.log())
scene.end()

scene = Guarded(FOUR, FAR)
for words in ("link add br0 type bridge", "link set br0 up", "link set eth0 master br0", "address flush dev eth0",
              "address add 192.0.2.9/24 dev br0", "route add default via 192.0.2.1"):
    scene.ip(words)
time.sleep(4)
ok(HEALED not in scene.log() and scene.reaches(), "a bridge that takes address and route with it is left alone", scene.log())
scene.end()

scene = Guarded(FOUR, FAR, "-o")
begun = time.monotonic()
scene.ip("address del 192.0.2.9/24 dev eth0")  # flush would look again, and take what has just been set up
ok(scene.hears(HEALED) and time.monotonic() - begun < 1.5, "while a session is lost, it is set up again at once", scene.log())
scene.ip("address flush dev eth0")
ok(scene.hears(HEALED, 2), "and again", scene.log())
begun = time.monotonic()
scene.ip("address flush dev eth0")
ok(scene.hears(HEALED, 3) and time.monotonic() - begun > 2, "after a pause that grows", scene.log())
scene.end()

scene = Guarded(FOUR, FAR, "-o")
scene.ip("address add 203.0.113.9/24 dev eth1")
scene.ip("link set eth1 up")
scene.ip("route add 198.51.100.1 dev eth1")
ok(wait_for(lambda: HEALED in scene.log() or "File exists" in scene.log()), "a route that leads astray is met while a session is lost",
   scene.log())
scene.end()

def leases():
    """A DHCP client of the system's: dhclient and its script, networkd and dhcpcd all end in such changes."""
    same = ["address change 192.0.2.9/24 dev eth0 valid_lft 2 preferred_lft 2"]
    heals("a lease on the same address that runs out", FOUR, FAR, *same, expected="its address 192.0.2.9 was taken away")
    other = ["address add 192.0.2.77/24 dev eth0", "address del 192.0.2.9/24 dev eth0"]
    heals("a lease of another address", FOUR, NEAR, *other, expected="its address 192.0.2.9 was taken away")
    released = ["address flush dev eth0", "link set eth0 down"]
    heals("a lease that is released", FOUR, FAR, *released)


leases()
scene = Guarded(FOUR, FAR)
lab.ip("client", "address change 192.0.2.9/24 dev eth0 valid_lft 2 preferred_lft 2")
ok(scene.hears(HEALED) and "valid_lft forever" in lab.ip("client", "-4 address show dev eth0"),
   "what is set again does not run out", lab.ip("client", "-4 address show dev eth0"))
scene.end()

scene = Guarded(FOUR, FAR)
scene.ip("link del eth0")
ok(scene.hears("is gone, and root needs it"), "a deleted interface is said to be gone", scene.log())
scene.end()
done()
