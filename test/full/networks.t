#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same command line in Debian's initramfs-tools (klibc's ipconfig), in dracut (network-legacy, dhclient), in ours:
addresses, routes, MTU, name servers and host name are the same, but where LINES says otherwise and why."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from rig import Kernel, Rig, Target, cached, digest_of, run  # noqa: E402

MODULES = "virtio_pci virtio_net af_packet 8021q bonding ipv6"
SHOW = """
show() { echo; echo "<<$1"; cat; echo; echo ">>$1"; }
ip -o addr show | show addr
{ ip route show; ip -6 route show; } | show route
ip -o link show | show link
for name in mode slaves miimon arp_interval arp_ip_target lacp_rate xmit_hash_policy; do
	echo $name $(cat /sys/class/net/bond0/bonding/$name 2>/dev/null)
done | show bond
cat /etc/resolv.conf 2>/dev/null | show resolv
cat /run/net-*.conf 2>/dev/null | show klibc
cat /proc/sys/kernel/hostname | show host
"""
END = "echo SHOWN; sync; poweroff -f; sleep 100\n"
LOCAL_TOP = '#!/bin/sh\n[ "$1" != prereqs ] || exit 0\n. /scripts/functions\nconfigure_networking\n' + SHOW + END
HOOK = """#!/bin/sh
[ "$1" != prereqs ] || exit 0
. /usr/share/initramfs-tools/hook-functions
copy_exec /sbin/ip
copy_exec /bin/busybox
ln -sf busybox "$DESTDIR/bin/poweroff"
"""
DRACUT_MODULE = """#!/bin/bash
check() { return 0; }
depends() { echo network; }
install() {
	inst_hook cmdline 80 "$moddir/root.sh"
	inst_hook pre-mount 01 "$moddir/show.sh"
	inst_multiple sync sleep poweroff cat
}
"""
BUILD = """
set -e
kernel=$1 version=$2 builder=$3 folder=$4 out=$5
mkdir -p /lib/modules
mount --bind "$kernel/lib/modules" /lib/modules
mount -t tmpfs none /boot
cp "$kernel/config" /boot/config-"$version"
case $builder in
initramfs-tools) mkinitramfs -d "$folder" -o "$out" "$version" ;;
dracut)
	cp -R /usr/lib/dracut/modules.d/. "$folder"
	mount --bind "$folder" /usr/lib/dracut/modules.d
	dracut --quiet --force --no-hostonly --no-early-microcode --kver "$version" --kernel-image "$kernel/vmlinuz" \\
		--modules "bash network network-legacy base udev-rules kernel-modules show-network" --drivers "$MODULES" "$out"
	umount /usr/lib/dracut/modules.d
	;;
esac
"""


def write_files(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)


def peer_initrd(rig, kernel, builder):
    folder = rig.path(builder, "")
    for name in ("hooks", "scripts", "conf.d") if builder == "initramfs-tools" else ():
        os.makedirs(os.path.join(folder, name))
    write_files(folder, {
        "initramfs-tools": {"initramfs.conf": "MODULES=list\nBUSYBOX=y\nCOMPRESS=gzip\nRUNSIZE=10%\nFSTYPE=ext4\n",
                            "modules": MODULES.replace(" ", "\n") + "\n", "hooks/show": HOOK,
                            "scripts/local-top/show": LOCAL_TOP},
        "dracut": {"99show-network/module-setup.sh": DRACUT_MODULE, "99show-network/root.sh": "root=none\nrootok=1\n",
                   "99show-network/show.sh": SHOW + END}}[builder])
    packages = {"initramfs-tools": ("initramfs-tools-core", "klibc-utils", "busybox-static"),
                "dracut": ("dracut-core", "dracut-network", "isc-dhcp-client")}[builder]
    key = " ".join([builder, kernel.version, run("dpkg-query", "-W", *packages), digest_of(__file__)])
    return cached(key, ".initrd", lambda path: run("unshare", "-m", "sh", "-c", BUILD, "build", kernel.folder,
                                                   kernel.version, builder, folder, path,
                                                   env=dict(os.environ, MODULES=MODULES)))


ASPECTS = ("addresses", "routes", "mtu", "bond", "dns", "host")


class Network:
    """What a guest showed, without what says nothing: loopback, link-local, the kernel's own routes, life times."""

    def __init__(self, guest):
        self.addresses = sorted((name, address) for name, address in re.findall(
            r"^\d+: (\S+)\s+inet6? (\S+)", guest.section("addr"), re.M) if name != "lo" and "fe80:" not in address)
        self.routes = sorted({self.route(line) for line in guest.section("route").splitlines()
                              if re.match(r"default|\S+ via|\S+ dev (?!lo)\S+ (?:scope|metric|src)", line)
                              and not re.search("proto kernel|scope link .*src ", line)
                              and not line.startswith(("fe80", "ff00", "multicast"))})
        self.mtu = dict(re.findall(r"^\d+: ([^:@]+)\S*: .*? mtu (\d+)", guest.section("link"), re.M))
        self.mtu = {name: self.mtu[name] for name, _ in self.addresses}
        resolv = re.findall(r"^nameserver\s+(\S+)", guest.section("resolv"), re.M)
        self.klibc = dict(re.findall(r"^(IPV4\w+|DEVICE)='?([^'\n]*)", guest.section("klibc"), re.M))
        leased = [self.klibc[name] for name in ("IPV4DNS0", "IPV4DNS1") if self.klibc.get(name, "0.0.0.0") != "0.0.0.0"]
        self.dns = sorted(name for name in resolv or leased if "." in name)
        self.bond = guest.section("bond").splitlines()
        self.host = guest.section("host").strip()

    @staticmethod
    def route(line):
        words = line.split()
        return " ".join([words[0]] + [" ".join(words[words.index(key):][:2]) for key in ("via", "dev") if key in words])

    def text(self):
        return "\n".join("%s: %s" % (name, getattr(self, name)) for name in ASPECTS)


BOTH, DEBIAN, DRACUT = ("initramfs-tools", "dracut"), ("initramfs-tools",), ("dracut",)
STATIC = "ip=10.0.2.15::10.0.2.2:255.255.255.0:myhost:eth0:none"
# The line, who reads it, what of it a peer is known to do otherwise, and why we do not.
LINES = [
    ("ip=dhcp", BOTH, {}),
    (STATIC, BOTH, {}),
    ("ip=::::myhost:eth0:dhcp", BOTH,
     {("initramfs-tools", "host"): "klibc asks the DHCP server for the name, and no more"}),
    ("BOOTIF=01-52-54-00-12-34-56 ip=dhcp", BOTH, {}),
    (STATIC + ":10.0.2.3:10.0.2.4", BOTH, {}),
    ("ip=10.0.2.15::10.0.2.2::myhost:eth0:none", DEBIAN, {}),
    ("ip=eth0:dhcp", DRACUT, {}),
    ("ip=eth0:dhcp:1400 nameserver=10.0.2.9 rd.route=10.9.0.0/16:10.0.2.2:eth0 rd.route=10.8.0.0/16:10.0.2.3",
     DRACUT, {}),
    (STATIC + ":1400 nameserver=10.0.2.3 rd.route=10.9.0.0/16:10.0.2.2:eth0", DRACUT, {}),
    ("ip=10.0.2.15::10.0.2.2:24:myhost:eth0:none", DRACUT, {}),
    ("ip=dhcp,auto6", DRACUT, {}),
    ("bootdev=eth0 ip=eth0:dhcp vlan=eth0.7:eth0 ip=192.0.2.9:::24::eth0.7:none", DRACUT, {}),
    ("bond=bond0:eth0:mode=active-backup,miimon=100 ip=bond0:dhcp", DRACUT, {}),
    ("bond=bond0:eth0:mode=active-backup,arp_interval=200,arp_ip_target=10.0.2.2;10.0.2.3 "
     "ip=10.0.2.15::10.0.2.2:24::bond0:none", DRACUT, {}),
    ("bond=bond0:eth0:mode=802.3ad,miimon=100,lacp_rate=fast,xmit_hash_policy=layer3+4 ip=bond0:dhcp", DRACUT, {}),
    ("ifname=san0:52:54:00:12:34:56 ip=san0:dhcp", DRACUT, {}),
]


def compare(rig, ours, theirs, builder, known):
    for what in ASPECTS:
        if (builder, what) in known:
            rig.ok(getattr(ours, what) != getattr(theirs, what),
                   "  %s: another %s, as known: %s" % (builder, what, known[builder, what]),
                   "it is the same now: take it out of the list\n" + theirs.text())
        elif getattr(ours, what) != getattr(theirs, what):
            rig.ok(False, "  %s: the same %s" % (builder, what),
                   "ours\n%s\n%s\n%s" % (ours.text(), builder, theirs.text()))
            return
    rig.ok(True, "  %s: all else the same" % builder if known else "  %s: all the same" % builder)


def main(rig, wanted):
    kernel = Kernel("6.1-cloud-amd64")
    initrd = rig.initrd(kernel)
    peers = {builder: peer_initrd(rig, kernel, builder) for builder in BOTH}
    for line, readers, known in LINES:
        if wanted and wanted not in line:
            continue
        disk = rig.disk(script=SHOW)
        target = Target(rig, {1: disk})
        # QEMU's router advertises itself: what did not ask for IPv6 would differ by who looks later
        network = ["-netdev", "user,id=n0,ipv4=on,ipv6=" + ("on" if "auto6" in line else "off"), "-device",
                   "virtio-net-pci,netdev=n0,romfile=,speed=1000,duplex=full"]
        guests = {builder: rig.boot(kernel, peers[builder], "quiet net.ifnames=0 rd.neednet=1 " + line, network=network)
                  for builder in readers}
        guest = rig.boot(kernel, initrd, "quiet %s root=/dev/sda1 %s" % (target.word(), line), network=network)
        guest.expect("^DONE", 120)
        ours = Network(guest)
        rig.check(guest, ours.addresses, line)
        for builder, other in guests.items():
            shown = other.expect("^SHOWN|Dropping to debug shell", 240)
            if shown and shown.group() == "SHOWN":
                compare(rig, ours, Network(other), builder, known)
            else:
                rig.check(other, False, "  %s shows its network" % builder)
            other.kill()
        guest.kill()
        target.kill()


with Rig() as rig_here:
    main(rig_here, sys.argv[1] if len(sys.argv) > 1 else None)
