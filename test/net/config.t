#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Interfaces found, made and chosen as the command line says; addresses, routes and records; against dnsmasq."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, done, ok, skip, wait_for  # pylint: disable=wrong-import-position

lab = Lab("dnsmasq")
TARGET = " iscsi=192.0.2.1,iqn.2003-01.org.example:disk"
MAC = "52:54:00:12:34:56"


def pair(**more):
    """One client, one server, one cable."""
    lab.machine("client")
    lab.machine("server")
    lab.cable("client", "eth0", "server", "srv0", "192.0.2.1/24", **more)


def check(line, name, addresses, interface="eth0", routes=(), link=(), options=("-t", "8")):
    outcome = lab.drive("client", line + TARGET, *options)
    here = [a for a in lab.addresses("client", interface) if not a.startswith("fe80")] if outcome.status == 0 else None
    there = lab.ip("client", "route")
    shown = lab.ip("client", f"-d link show dev {interface}") if here is not None else ""
    ok(here == addresses and all(r in there for r in routes) and all(w in shown for w in link), name,
       f"{here}\n{there}\n{shown}\n{outcome.text}")
    return outcome


# Static.
pair()
check("ip=192.0.2.9::192.0.2.1:255.255.255.0::eth0:off", "static, by name", ["192.0.2.9/24"],
      routes=["default via 192.0.2.1"])
lab.drop("client", "server")
pair()
lab.ip("client", "link set lo down")
check("ip=192.0.2.9:::255.255.255.0::eth0:off", "lo comes up, too", ["192.0.2.9/24"])
ok("UP" in lab.ip("client", "link show lo"), "as its flags say", lab.ip("client", "link show lo"))
lab.drop("client", "server")
pair(mac=MAC)
check(f"ip=192.0.2.9:::255.255.255.0::{MAC.replace(':', '-')}:off", "static, by MAC", ["192.0.2.9/24"])
lab.drop("client", "server")
pair()
check("ip=192.0.2.9:::255.255.255.0:::off", "static, no interface named", ["192.0.2.9/24"])
lab.drop("client", "server")
pair()
check("ip=192.0.2.9::10.9.9.9:255.255.255.0::eth0:off:1400 rd.route=198.51.100.0/24:192.0.2.7:eth0"
      " rd.route=203.0.113.0/24:192.0.2.8", "MTU, routes, a gateway elsewhere", ["192.0.2.9/24"],
      routes=["default via 10.9.9.9 dev eth0 onlink", "198.51.100.0/24 via 192.0.2.7", "203.0.113.0/24 via 192.0.2.8"],
      link=["mtu 1400"])
lab.drop("client", "server")
pair(mac=MAC)
check("ip=192.0.2.9:::255.255.255.0::eth0:off:1500:52:54:00:aa:bb:cc", "another MAC address", ["192.0.2.9/24"],
      link=["52:54:00:aa:bb:cc"])
lab.drop("client", "server")
pair(mac=MAC)
check(f"ifname=san0:{MAC} ip=192.0.2.9:::255.255.255.0::san0:off", "ifname= renames", ["192.0.2.9/24"],
      interface="san0")
lab.drop("client", "server")
pair(mac=MAC)
lab.ip("client", "link add san0 type veth peer name other")
check(f"ifname=san0:{MAC} ip=192.0.2.9:::255.255.255.0::san0:off", "and takes the name from another", ["192.0.2.9/24"],
      interface="san0", link=[MAC])
lab.drop("client", "server")

pair()
check("ip=192.0.2.9::192.0.2.1:255.255.255.0::eth0:off ip=[2001:db8::9]:::64::eth0:off", "two ip= for one interface",
      ["192.0.2.9/24", "2001:db8::9/64"], routes=["default via 192.0.2.1"])
lab.drop("client", "server")

# An interface that was configured before us.
pair()
lab.ip("client", "address add 192.0.2.33/24 dev eth0")
lab.ip("client", "link set eth0 up")
check("", "an interface with an address is used as it is", ["192.0.2.33/24"])
check("ip=off", "with ip=off, too", ["192.0.2.33/24"])
lab.drop("client", "server")
pair()
off = lab.drive("client", "ip=off" + TARGET, "-t", "1")
ok(off.status == 1 and not lab.addresses("client", "eth0"), "ip=off touches nothing", off.text)
missing = lab.drive("client", "ip=192.0.2.9:::255.255.255.0::eth7:off" + TARGET, "-t", "1")
ok('the network interface "eth7"' in missing.text, "an interface that is not there is named", missing.text)
lab.drop("client", "server")

# DHCP.
pair()
server = lab.dnsmasq("server", "srv0", "--port=0", "--dhcp-range=192.0.2.50,192.0.2.59,1h",
                     "--dhcp-option=3,192.0.2.2", "--dhcp-option=6,192.0.2.53,192.0.2.54", "--dhcp-option=26,1450",
                     "--dhcp-option=15,example.org", "--dhcp-option=17,iscsi:192.0.2.1::::iqn.2003-01.org.example:r",
                     "--dhcp-vendorclass=set:us,iscsi-init", "--dhcp-option=tag:us,121,0.0.0.0/0,192.0.2.3,"
                     "198.51.100.0/24,192.0.2.4", f"--dhcp-host={MAC}")
outcome = lab.drive("client", "ip=dhcp" + TARGET, "-t", "8", "-r", lab.directory)
leased = [a for a in lab.addresses("client", "eth0") if "." in a]
routes = lab.ip("client", "route")
ok(outcome.status == 0 and leased and leased[0].startswith("192.0.2.5"), "DHCP by dnsmasq", outcome.text)
ok("root-path [iscsi:192.0.2.1::::iqn.2003-01.org.example:r]" in outcome.text, "with a root path", outcome.text)
ok("default via 192.0.2.3" in routes and "198.51.100.0/24 via 192.0.2.4" in routes and "192.0.2.2" not in routes,
   "classless routes replace the router", routes)
ok("mtu 1450" in lab.ip("client", "link show dev eth0"), "MTU", outcome.text)
ok("vendor class: iscsi-init" in lab.log(server), "the server can tell us apart", lab.log(server))
shell = subprocess.run(["sh", "-c", f". {lab.directory}/run/net-eth0.conf && echo $DEVICE $PROTO $IPV4ADDR "
                        "$IPV4NETMASK $IPV4GATEWAY $IPV4DNS0 $IPV4DNS1 $DNSDOMAIN $ROOTPATH"], check=False,
                       stdout=subprocess.PIPE, text=True).stdout
ok(shell.strip() == f"eth0 dhcp {leased[0].split('/')[0]} 255.255.255.0 192.0.2.3 192.0.2.53 192.0.2.54 example.org "
   "iscsi:192.0.2.1::::iqn.2003-01.org.example:r", "/run/net-eth0.conf as klibc has it", shell)
with open(lab.directory + "/etc/resolv.conf", encoding="ascii") as file:
    resolver = file.read()
ok("search example.org\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n" in resolver, "resolv.conf", resolver)
lab.drop("client", "server")

# Several interfaces, none named.
lab.machine("client")
lab.machine("server")
lab.cable("client", "eth0", "server", "srv0")
lab.cable("client", "eth1", "server", "srv1", "192.0.2.1/24")
lab.cable("client", "eth2", "server", "srv2", up=False)
lab.dnsmasq("server", "srv1", "--port=0", "--dhcp-range=192.0.2.50,192.0.2.59,1h")
outcome = lab.drive("client", TARGET.strip(), "-t", "8")
links = lab.ip("client", "-br link")
ok("state usable eth1" in outcome.text, "the interface that gets an address wins", outcome.text)
ok(all("UP" not in line.split("<")[1].split(">")[0].split(",") for line in links.splitlines()
       if line.startswith(("eth0", "eth2"))), "the others are put back", links)
lab.drop("client", "server")

# DHCP decides the disk: an interface whose lease names none waits for one whose lease does.
lab.machine("client")
lab.machine("server")
lab.machine("slow")
lab.cable("client", "eth0", "server", "srv0", "192.0.2.1/24")
lab.cable("client", "eth1", "slow", "srv0", "198.51.100.1/24")
lab.dnsmasq("server", "srv0", "--port=0", "--dhcp-range=192.0.2.50,192.0.2.59,1h")
lab.dnsmasq("slow", "srv0", "--port=0", "--dhcp-range=198.51.100.50,198.51.100.60,1h", "--dhcp-reply-delay=1",
            "--dhcp-option=17,iscsi:198.51.100.1::::iqn.2003-01.org.example:r")
outcome = lab.drive("client", "ip=dhcp iscsi=dhcp", "-t", "10")
ok("state usable eth1" in outcome.text and "root-path [iscsi:198.51.100.1" in outcome.text,
   "with iscsi=dhcp the interface with a root path wins", outcome.text)
lab.drop("client", "server", "slow")

# One that appears late.
lab.machine("client")
lab.machine("server")
process = lab.drive_aside("client", "ip=dhcp" + TARGET, "-t", "15")
ok(wait_for(lambda: "waiting-link" in lab.log(process)), "no interface yet: waited for", lab.log(process))
lab.cable("client", "late0", "server", "srv0", "192.0.2.1/24")
lab.dnsmasq("server", "srv0", "--port=0", "--dhcp-range=192.0.2.50,192.0.2.59,1h")
ok(wait_for(lambda: "usable late0" in lab.log(process), 8), "an interface that appears late is used", lab.log(process))
lab.drop("client", "server")

# BOOTIF, bootdev, several ip=.
lab.machine("client")
lab.machine("server")
lab.cable("client", "eth0", "server", "srv0")
lab.cable("client", "eth1", "server", "srv1", "192.0.2.1/24", mac=MAC)
lab.dnsmasq("server", "srv1", "--port=0", "--dhcp-range=192.0.2.50,192.0.2.59,1h")
outcome = lab.drive("client", f"BOOTIF=01-{MAC.replace(':', '-')} ip=dhcp" + TARGET, "-t", "8")
ok("usable eth1" in outcome.text and "eth0" not in outcome.text, "BOOTIF= names the interface", outcome.text)
lab.drop("client", "server")
lab.machine("client")
lab.machine("server")
lab.cable("client", "eth0", "server", "srv0", "198.51.100.1/24")
lab.cable("client", "eth1", "server", "srv1", "192.0.2.1/24")
lab.dnsmasq("server", "srv1", "--port=0", "--dhcp-range=192.0.2.50,192.0.2.59,1h")
check("ip=198.51.100.9::198.51.100.1:24::eth0:off ip=eth1:dhcp bootdev=eth1", "two interfaces, the second boots: first",
      ["198.51.100.9/24"], routes=["default via 198.51.100.1 dev eth0", "default via 192.0.2.1 dev eth1 metric"])
ok(any("192.0.2.5" in a for a in lab.addresses("client", "eth1")), "and second")
lab.drop("client", "server")

# VLAN and bond, where the kernel has them.
pair()
try:
    lab.ip("server", "link add link srv0 name srv0.7 type vlan id 7")
    lab.ip("server", "address add 203.0.113.1/24 dev srv0.7")
    lab.ip("server", "link set srv0.7 up")
    has_vlan = True
except RuntimeError:
    has_vlan = False
if has_vlan:
    lab.dnsmasq("server", "srv0.7", "--port=0", "--dhcp-range=203.0.113.50,203.0.113.59,1h")
    outcome = lab.drive("client", "vlan=eth0.7:eth0 ip=eth0.7:dhcp" + TARGET, "-t", "8")
    ok("usable eth0.7" in outcome.text and lab.addresses("client", "eth0.7")[0].startswith("203.0.113.5"),
       "DHCP on a VLAN", outcome.text)
    ok("module 8021q" in outcome.text, "its module is asked for", outcome.text)
else:
    skip("DHCP on a VLAN", "this kernel has no VLANs")
lab.drop("client", "server")
pair()
try:
    lab.ip("server", "link add probe0 type bond")
    has_bond = True
except RuntimeError:
    has_bond = False
if has_bond:
    check("bond=bond0:eth0:mode=active-backup,miimon=100 ip=192.0.2.9:::255.255.255.0::bond0:off", "a bond",
          ["192.0.2.9/24"], interface="bond0", link=["active-backup"])
else:
    skip("a bond", "this kernel has no bonding")
lab.drop("client", "server")
done()
