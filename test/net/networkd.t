#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The real systemd-networkd leaves the root disk's interface alone when it finds our record, and does not without it."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, done, ok, skip_all  # pylint: disable=wrong-import-position

NETWORKD = "/lib/systemd/systemd-networkd"
if not os.access(NETWORKD, os.X_OK):
    skip_all("systemd-networkd is not installed")
lab = Lab("unshare", "timeout")
LINE = "ip=192.0.2.9::192.0.2.1:255.255.255.0::eth0:off iscsi=192.0.2.1,iqn.2003-01.org.example:disk"
# A read-only /sys means a container to networkd: it does not wait for udev there.
SCRIPT = """
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -o remount,ro,bind /sys
mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network /run/systemd/netif
printf '[Match]\\nName=eth0\\n[Network]\\nAddress=198.51.100.9/24\\n' >/run/systemd/network/80-other.network
[ -z "$1" ] || cp -r "$1"/run/systemd/network/. /run/systemd/network/
SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console timeout 5 %s 2>&1 | grep -F eth0
""" % NETWORKD


def boot_and_run(record):
    lab.machine("client")
    lab.machine("server")
    lab.cable("client", "eth0", "server", "srv0", "192.0.2.1/24")
    lab.drive("client", LINE, "-r", lab.directory)
    log = lab.inside("client", "unshare", "-m", "--pid", "--fork", "sh", "-c", SCRIPT, "sh", record, check=False)
    found = [a for a in lab.addresses("client", "eth0") if not a.startswith("fe80")]
    routes = lab.ip("client", "route")
    lab.drop("client", "server")
    return found, routes, log


found, routes, log = boot_and_run("")
ok("198.51.100.9/24" in found, "without the record it configures the interface as it likes", f"{found}\n{log}")
found, routes, log = boot_and_run(lab.directory)
ok(found == ["192.0.2.9/24"] and "default via 192.0.2.1" in routes, "with it address and route stay, and no others come",
   f"{found}\n{routes}\n{log}")
done()
