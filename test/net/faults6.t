#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Routers and DHCPv6 servers that are absent, slow, wrong or hostile: a named error or success, never a hang or a wrong
address."""
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, done, fails, ok, wait_for  # pylint: disable=wrong-import-position

lab = Lab()
TARGET = " iscsi=[2001:db8::1],iqn.2003-01.org.example:disk"
DHCP, AUTO = "ip=dhcp6" + TARGET, "ip=auto6" + TARGET
MAC, OWN = "52:54:00:12:34:56", "2001:db8::5054:ff:fe12:3456"
numbers = iter(range(1000))


def play(name, line, server, seconds=8, options=(), neighbour=None, second=None):
    """A fresh client behind a switch that is up; the outcome, the server's log, the client's addresses and routes."""
    number = next(numbers)
    here, there, other = f"c{number}", f"s{number}", f"o{number}"
    for machine in (here, there, other):
        lab.machine(machine)
    lab.switch(there, "br0", "2001:db8::1/64")
    lab.plug(here, "eth0", there, "p0", "br0", mac=MAC)
    lab.plug(other, "eth0", there, "p1", "br0")
    lab.ip(other, "link set eth0 up")
    if neighbour:
        lab.ip(other, f"address add {neighbour}/64 dev eth0 nodad")
    processes = [lab.fake(there, "br0", *server.split(), program="dhcpd6.py")]
    if second:
        wait_for(lambda: "fe80" in lab.ip(other, "-6 address") and "tentative" not in lab.ip(other, "-6 address"))
        processes.append(lab.fake(other, "eth0", *second.split(), program="dhcpd6.py"))
    outcome = lab.drive(here, line, "-t", str(seconds), *options)
    outcome.name = name
    outcome.server = lab.log(processes[0])
    outcome.addresses = sorted(a for a in lab.addresses(here, "eth0") if not a.startswith("fe80"))
    outcome.routes = lab.ip(here, "-6 route")
    for process in processes:
        lab.stop(process)
    lab.drop(here, there, other)
    return outcome


pool = ThreadPoolExecutor(max_workers=8)  # they wait, most of the time


def succeeds(future, *addresses):
    outcome = future.result()
    ok(outcome.status == 0 and outcome.addresses == sorted(addresses), outcome.name,
       f"{outcome.addresses}\n{outcome.routes}\n{outcome.text}\n{outcome.server}")
    return outcome


def dhcp(name, server, *words, **more):
    line = more.pop("line", DHCP)
    return pool.submit(play, "DHCPv6: " + name, line, "managed=1 " + server, *words, **more)


def auto(name, server, *words, **more):
    return pool.submit(play, "router: " + name, AUTO, "mode=silent " + server, *words, **more)


LEASED, ROUTED = "2001:db8::50/128", OWN + "/64"
good = dhcp("a good server gives an address", "")
good.result()  # alone: its messages are counted
silent = dhcp("silent: what is waited for is named", "mode=silent")
timed = dhcp("silent: rd.net.timeout.dhcp= ends it", "mode=silent", line=DHCP + " rd.net.timeout.dhcp=3")
slow = dhcp("slow", "delay=1.5", 15)
garbage = dhcp("garbage is no answer", "mode=garbage")
past_end = dhcp("an option longer than the message: no answer", "mode=past-end")
changed = dhcp("a server identifier that changes is refused", "mode=other-server")
wrong = dhcp("another transaction's answers are ignored", "mode=wrong-xid")
nobody = dhcp("answers to nobody are ignored", "mode=no-client")
empty = dhcp("no address to give", "mode=no-addresses")
zero = dhcp("an address for 0 s is refused", "valid=0")
brief = dhcp("an address for 2 s makes no storm", "valid=2", 8, ("-k", "4"))
forever = dhcp("an address for ever", "valid=4294967295", options=("-k", "1"))
lost = dhcp("the first messages are lost", "drop=2", 15)
twice = dhcp("every answer comes twice", "twice=1")
two = dhcp("two servers at once: one address", "second=2001:db8::60", options=("-k", "1"))
renewed = dhcp("renewed when the server says", "valid=20 t1=2 t2=8", options=("-k", "5", "-s"))
forgot = dhcp("one that forgot us gives the address again", "mode=no-binding valid=20 t1=2 t2=8", options=("-k", "5"))
taken = dhcp("an address in use is declined", "", 8, neighbour="2001:db8::50")
plain = auto("an address of its prefix", "")
absent = auto("absent: what is waited for is named", "ra=0")
late = auto("slow", "ra-delay=2", 10)
unheard = auto("the first solicitations are lost", "ra-drop=2", 12)
doubled = auto("every advertisement comes twice", "ra-twice=1")
ended = auto("one that is no default router gives an address, and no default route", "router=0")
nothing = auto("a prefix for 0 s gives none", "auto=0")
eternal = auto("a prefix for ever", "auto=4294967295")
crossed = auto("a prefix preferred for longer than valid gives none", "auto=100 preferred=200")
odd = auto("a prefix that is not of 64 bits gives none", "prefix=63")
both = auto("two at once: both addresses", "", options=("-k", "3"), second="mode=silent net=2001:db8:1::")
dispute = auto("an address that another station has: named", "", neighbour=OWN)
# whose own address is not there asks for no advertisement: it hears what a router says by itself
strange = auto("beside a link-local address that another station has", "ra-every=1", 12, neighbour="fe80::5054:ff:fe12:3456")

quick = succeeds(good, LEASED)
ok(quick.server.count("SOLICIT ") == 1 and quick.server.count("REQUEST ") == 1, "one SOLICIT and one REQUEST", quick.server)
ok("default via fe80::" in quick.routes, "with the router's route", quick.routes)
fails(silent, "an ADVERTISE from a DHCPv6 server on eth0 (")
ok("end failed" in fails(timed, "gave up waiting for an ADVERTISE").text, "as a failure, before the boot's own deadline",
   timed.result().text)
succeeds(slow, LEASED)
for future, words in ((garbage, "the last answer was refused"), (past_end, "an option runs past the end"),
                      (changed, "the server identifier changed"), (wrong, "another transaction"), (nobody, "no client identifier"),
                      (empty, "NoAddrsAvail"), (zero, "lifetime of 0 s"), (absent, "a router advertisement with a prefix"),
                      (nothing, "a router advertisement with a prefix"), (crossed, "a router advertisement with a prefix"),
                      (odd, "a router advertisement with a prefix"), (dispute, f"another station has {OWN}")):
    fails(future, words)
storm = brief.result().server
ok(brief.result().status == 0 and len(storm.splitlines()) < 30, brief.result().name, brief.result().text + storm)
succeeds(forever, LEASED)
succeeds(lost, LEASED)
succeeds(twice, LEASED)
one = two.result()
ok(one.status == 0 and one.addresses in ([LEASED], ["2001:db8::60/128"]), one.name, f"{one.addresses}\n{one.text}")
ok("RENEW " in succeeds(renewed, LEASED).server, "by RENEW", renewed.result().server)
ok(succeeds(forgot, LEASED).server.count("REQUEST ") == 2, "by a second REQUEST", forgot.result().server)
ok("DECLINE " in taken.result().server and not taken.result().addresses and
   "another station has 2001:db8::50: declining" in taken.result().text, taken.result().name,
   taken.result().text + taken.result().server)
succeeds(plain, ROUTED)
succeeds(late, ROUTED)
succeeds(strange, ROUTED)
succeeds(unheard, ROUTED)
succeeds(doubled, ROUTED)
ok("default" not in succeeds(ended, ROUTED).routes, "none", ended.result().routes)
succeeds(eternal, ROUTED)
succeeds(both, ROUTED, "2001:db8:1:0:5054:ff:fe12:3456/64")
done()
