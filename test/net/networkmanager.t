#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The real NetworkManager leaves the root disk's interface alone when it finds our record, and does not without it, nor
with a keyfile in its place: as a keyfile's owner it takes the address away when networking is switched off (or sleeps)."""
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, Packages, done, ok  # pylint: disable=wrong-import-position

lab = Lab("unshare", "nsenter", "dbus-daemon")
packages = Packages("network-manager")
LINE = "ip=192.0.2.9::192.0.2.1:255.255.255.0::eth0:off iscsi=192.0.2.1,iqn.2003-01.org.example:disk"
BUS = """<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="signal"/><allow receive_type="method_return"/>
<allow receive_type="error"/></policy></busconfig>
"""
PROFILE = """[connection]
id=%s
uuid=11111111-2222-3333-4444-%012d
type=ethernet
interface-name=eth0
[ipv4]
method=manual
address1=%s
"""
# A read-only /sys means a container to NetworkManager: it does not wait for udev there. What the system has of its own
# (its profiles, its state) is hidden from it; an administrator's profile of ours wants another address.
SCRIPT = """
work=$1 record=$2 manager=$3 nmcli=$4
exec 9<"/run/netns/$5"
server() { nsenter --net=/proc/self/fd/9 "$@"; }
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -o remount,ro,bind /sys
mkdir -p /run/dbus /run/etc/NetworkManager/system-connections
cp /etc/passwd /etc/group /etc/nsswitch.conf /run/etc/
cp "$work/other" /run/etc/NetworkManager/system-connections/other.nmconnection
printf '[main]\\nplugins=keyfile\\n' >/run/etc/NetworkManager/NetworkManager.conf
cp -r "$record"/. /run/
chmod 600 /run/etc/NetworkManager/system-connections/* /run/NetworkManager/system-connections/* 2>/dev/null
mount --bind /run/etc /etc
mount -t tmpfs tmpfs /var && mkdir -p /var/lib/NetworkManager && ln -s /run /var/run
look() { echo "<<$1"; ip -4 -o address show dev eth0; ip route; $nmcli -t -f DEVICE,STATE,CONNECTION device; echo ">>"; }
gone() { for i in $(seq 50); do ip -4 addr show dev eth0 | grep -q "inet 192.0.2.9/" || break; sleep 0.1; done; }
settled() { for i in $(seq 100); do $nmcli -t -f DEVICE,STATE device 2>/dev/null | grep -q "^eth0:$1" && break; sleep 0.1; done; }
dbus-daemon --config-file="$work/bus" --nofork --nopidfile 2>/dev/null &
bus=$!
while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
$manager --no-daemon --log-level=INFO >/run/log 2>&1 &
pid=$!
settled '[cdu]'; sleep 1
look start
$nmcli general reload; $nmcli connection reload; sleep 0.5
look reload
server ip link set srv0 down; sleep 6; server ip link set srv0 up; sleep 1
look cable
$nmcli networking off; settled unmanaged; gone
look off
$nmcli networking on; sleep 2
look on
kill $pid; wait $pid
look stop
cat /run/log
kill $bus
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Run:
    def __init__(self, number, record):
        """record: a directory to be put into /run."""
        client, server = f"c{number}", f"s{number}"
        lab.machine(client)
        lab.machine(server)
        lab.cable(client, "eth0", server, "srv0", "192.0.2.1/24")
        os.makedirs(f"{lab.directory}/own-{number}")
        lab.drive(client, LINE, "-r", f"{lab.directory}/own-{number}")
        self.log = lab.inside(client, "unshare", "-m", "--pid", "--fork", "--kill-child", "sh", "-c", SCRIPT, "sh",
                              lab.directory, record or f"{lab.directory}/own-{number}/run",
                              packages.path("/usr/sbin/NetworkManager"), packages.path("/usr/bin/nmcli"),
                              lab.name(server), check=False, env=packages.environment)

    def keeps(self, when):
        shown = self.log.partition(f"<<{when}\n")[2].partition(">>")[0]
        return "inet 192.0.2.9/24" in shown and "default via 192.0.2.1" in shown and "198.51.100.9" not in shown


write(lab.directory + "/bus", BUS)
write(lab.directory + "/other", PROFILE % ("other", 1, "198.51.100.9/24"))
os.makedirs(lab.directory + "/none")
write(lab.directory + "/keyfile/NetworkManager/system-connections/ours.nmconnection",
      PROFILE % ("ours", 2, "192.0.2.9/24,192.0.2.1") + "[connection]\nautoconnect-priority=100\n")
with ThreadPoolExecutor() as pool:
    ours, without, keyfile = pool.map(Run, range(3), [None, lab.directory + "/none", lab.directory + "/keyfile"])
ok("eth0:unmanaged:" in ours.log.partition("<<start")[2].partition(">>")[0], "with the record it says unmanaged", ours.log)
for moment, name in (("start", "it starts"), ("reload", "it reads its files again"), ("cable", "the cable was out"),
                     ("off", "networking is switched off"), ("on", "and on again"), ("stop", "it ends")):
    ok(ours.keeps(moment), "with the record address and route stay when " + name, ours.log)
ok(not without.keeps("on"), "without it another profile takes the interface over", without.log)
ok("eth0:connected:ours" in keyfile.log and not keyfile.keeps("off"), "a keyfile would have it take the address away",
   keyfile.log)
done()
