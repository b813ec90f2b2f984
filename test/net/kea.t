#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Another real DHCP server than dnsmasq: ISC's kea. Options, classes, renewal, NAK, and DHCPv6 with a boot file URL."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, Packages, done, ok, wait_for  # pylint: disable=wrong-import-position

lab = Lab("radvd")
packages = Packages("kea-dhcp4-server", "kea-dhcp6-server")
MAC = "52:54:00:12:34:56"
TARGET = " iscsi=192.0.2.1,iqn.2003-01.org.example:disk"
ROOT = "iscsi:192.0.2.1::::iqn.2003-01.org.example:r"


def kea(family, **settings):
    """The server, when it listens."""
    program, number = "kea-dhcp%d" % family, next(lab.numbers)
    config = {"interfaces-config": {"interfaces": ["br0"]}, "lease-database": {"type": "memfile", "persist": False},
              "valid-lifetime": 3600, **settings,
              "loggers": [{"name": program, "severity": "DEBUG", "debuglevel": 50,
                           "output_options": [{"output": "stdout"}]}]}
    path = os.path.join(lab.directory, "kea-%d.json" % number)
    with open(path, "w", encoding="ascii") as file:
        json.dump({"Dhcp%d" % family: config}, file)
    environment = dict(packages.environment, KEA_PIDFILE_DIR=lab.directory, KEA_LOCKFILE_DIR=lab.directory)
    process = lab.start("server", packages.path("/usr/sbin/" + program), "-c", path, env=environment)
    ok(wait_for(lambda: "DHCP%d_STARTED" % family in lab.log(process) or process.poll() is not None, 15)
       and process.poll() is None, program + " runs", lab.log(process)[-3000:])
    return process


def option(name, data, **more):
    return {"name": name, "data": data, **more}


def subnet4(first, last, *options, **more):
    return {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": f"192.0.2.{first} - 192.0.2.{last}"}],
                         "option-data": list(options), **more}], "authoritative": True}


def network():
    lab.machine("client")
    lab.machine("server")
    lab.switch("server", "br0", "192.0.2.1/24", "2001:db8::1/64")
    lab.plug("client", "eth0", "server", "p0", "br0", mac=MAC)


def addresses(family="."):
    return [a for a in lab.addresses("client", "eth0") if family in a and not a.startswith("fe80")]


# Everything that a lease can say, and only to us: the class is chosen by our vendor class.
network()
server = kea(4, **subnet4(50, 59, option("routers", "192.0.2.1"), option("domain-name-servers", "192.0.2.53, 192.0.2.54"),
                          option("interface-mtu", "1400"), option("domain-name", "example.org"),
                          option("host-name", "from-kea")),
             **{"option-def": [{"name": "classless", "code": 121, "type": "binary", "space": "dhcp4"},
                               {"name": "initiator", "code": 203, "type": "string", "space": "dhcp4"}],
                "client-classes": [{"name": "us", "test": "option[60].text == 'iscsi-init'", "option-data": [
                    option("root-path", ROOT), option("initiator", "iqn.2026-01.test.kea:guest"),
                    option("classless", "18C63364C0000204" "00C0000203", **{"csv-format": False})]}]})
outcome = lab.drive("client", "ip=dhcp iscsi=dhcp", "-t", "10", "-r", lab.directory)
routes = lab.ip("client", "route")
ok(outcome.status == 0 and addresses() and addresses()[0].startswith("192.0.2.5"), "DHCP by kea", outcome.text)
ok(f"root-path [{ROOT}]" in outcome.text and "initiator [iqn.2026-01.test.kea:guest]" in outcome.text,
   "root-path and initiator name for our vendor class", outcome.text)
ok("default via 192.0.2.3" in routes and "198.51.100.0/24 via 192.0.2.4" in routes and "via 192.0.2.1" not in routes,
   "classless routes replace the router", routes)
ok("mtu 1400" in lab.ip("client", "link show dev eth0"), "MTU", outcome.text)
with open(lab.directory + "/etc/resolv.conf", encoding="ascii") as file:
    resolver = file.read()
ok("search example.org\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n" in resolver, "name servers and domain", resolver)
first = addresses()
lab.ip("client", "address flush dev eth0")
again = lab.drive("client", "ip=dhcp" + TARGET, "-t", "10")
ok(addresses() == first, "the same machine gets the same address again", f"{first}\n{again.text}")
lab.drop("client", "server")

# Renewal; a NAK, for the server knows another network; a server that forgot the lease, and is silent until it has ended.
network()
short = {"valid-lifetime": 12, "renew-timer": 2, "rebind-timer": 9}
server = kea(4, **dict(subnet4(50, 59), **short))
process = lab.drive_aside("client", "ip=dhcp" + TARGET, "-t", "10", "-k", "60")
ok(wait_for(lambda: "state usable" in lab.log(process), 10), "a short lease", lab.log(process))
before = addresses()
ok(wait_for(lambda: lab.log(server).count("DHCP4_LEASE_ALLOC") >= 3, 10) and addresses() == before,
   "is renewed when the server says", f"{before}\n{addresses()}\n{lab.log(process)}")
lab.stop(server)
server = kea(4, subnet4=[{"id": 1, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.70 - 198.51.100.79"}]}])
ok(wait_for(lambda: not addresses(), 10), "after a NAK the address is gone at once", f"{addresses()}\n{lab.log(process)}")
ok("DHCPNAK (type 6)" in lab.log(server) and lab.log(process).count("the lease is lost") == 1, "it was a NAK",
   "".join(line for line in lab.log(server).splitlines(True) if "DHCP4_PACKET" in line) + lab.log(process))
lab.stop(server)
server = kea(4, **dict(subnet4(70, 79), **short))
ok(wait_for(lambda: any(a.startswith("192.0.2.7") for a in addresses()), 20), "and another one is asked for",
   f"{addresses()}\n{lab.log(process)}")
lab.stop(server)
server = kea(4, **dict(subnet4(80, 89), **short))
ok(wait_for(lambda: any(a.startswith("192.0.2.8") for a in addresses()), 20) and len(addresses()) == 1,
   "when a lease has ended unrenewed a new one is asked for", f"{addresses()}\n{lab.log(process)}")
ok("DHCPNAK" not in lab.log(server) and "255.255.255.255:67" in lab.log(server).split("DHCPDISCOVER")[0],
   "after the other servers were asked", lab.log(server)[-3000:])
lab.drop("client", "server")

# DHCPv6: address and boot file URL; renewed.
network()
path = os.path.join(lab.directory, "radvd.conf")
with open(path, "w", encoding="ascii") as file:
    file.write("interface br0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvManagedFlag on;"
               " prefix 2001:db8::/64 { AdvOnLink on; AdvAutonomous off; }; };")
lab.inside("server", "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
lab.start("server", "radvd", "-n", "-m", "stderr", "-C", path, "-p", os.path.join(lab.directory, "radvd.pid"))
URL = "iscsi:[2001:db8::1]::::iqn.2003-01.org.example:six"
server = kea(6, **{"data-directory": lab.directory, "preferred-lifetime": 8, "valid-lifetime": 12, "renew-timer": 2, "rebind-timer": 6, "subnet6": [
    {"id": 1, "subnet": "2001:db8::/64", "interface": "br0", "pools": [{"pool": "2001:db8::1000-2001:db8::10ff"}],
     "option-data": [option("dns-servers", "2001:db8::54"), option("bootfile-url", URL)]}]})
process = lab.drive_aside("client", "ip=dhcp6 iscsi=dhcp", "-t", "15", "-k", "9", "-r", lab.directory)
ok(wait_for(lambda: "state usable" in lab.log(process), 15) and addresses("::")[0].startswith("2001:db8::10"),
   "DHCPv6 by kea", f"{addresses('::')}\n{lab.log(process)}\n{lab.log(server)[-3000:]}")
ok(wait_for(lambda: f"boot-url [{URL}]" in lab.log(process)), "with the boot file URL", lab.log(process))
six = addresses("::")
ok(wait_for(lambda: lab.log(server).count("DHCP6_LEASE_RENEW") >= 2, 10) and addresses("::") == six,
   "is renewed when the server says", f"{six}\n{addresses('::')}\n{lab.log(process)}\n{lab.log(server)[-2000:]}")
with open(lab.directory + "/etc/resolv.conf", encoding="ascii") as file:
    resolver = file.read()
ok("nameserver 2001:db8::54" in resolver, "and name servers", resolver)
lab.drop("client", "server")
done()
