# SPDX-License-Identifier: MIT
"""The Linux kernel's own target, LIO, in a guest: configfs and busybox, nothing else. Its portal is a free port of 127.0.0.1
(QEMU's forwarding), and, for another guest on the same cable, [fd00::1]:3260. What it listens to at port 3262 has another."""

import lzma
import os

from rig import Guest, Target, newc_archive

MODULES = ["virtio_pci", "virtio_net", "virtio_blk", "configfs", "target_core_mod", "target_core_iblock",
           "iscsi_target_mod", "crc32c_generic", "md5", "sha1_generic", "sha256_generic", "sha3_generic", "sha3"]

INIT = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in %(modules)s; do insmod /modules/$module; done
mount -t configfs configfs /sys/kernel/config
for i in eth0 eth1; do ifconfig $i up 2>/dev/null; done
ifconfig eth0 %(address)s netmask 255.255.255.0
echo 0 >/proc/sys/net/ipv6/conf/eth1/accept_dad 2>/dev/null
ifconfig eth1 add fd00::1/64 2>/dev/null
core=/sys/kernel/config/target/core
mkdir -p $core/iblock_0
for disk in vda vdb; do
	[ -b /dev/$disk ] || continue
	mkdir $core/iblock_0/$disk
	echo udev_path=/dev/$disk >$core/iblock_0/$disk/control
	echo 1 >$core/iblock_0/$disk/enable
done
fabric=/sys/kernel/config/target/iscsi
mkdir $fabric

target()	# name [number of its first LUN]: a target with one portal and every disk
{
	tpg=$fabric/$1/tpgt_1
	mkdir -p $tpg/np/0.0.0.0:3260 $tpg/np/[::]:3261
	n=${2:-0}
	for disk in $core/iblock_0/vd?; do
		mkdir $tpg/lun/lun_$n
		ln -s $disk $tpg/lun/lun_$n/disk
		n=$((n + 1))
	done
	echo 0 >$tpg/attrib/authentication
}
open()	# to every initiator
{
	echo 1 >$tpg/attrib/generate_node_acls
	echo 0 >$tpg/attrib/demo_mode_write_protect
	echo 1 >$tpg/attrib/cache_dynamic_acls
}
allow()	# initiator [user password [user password]]
{
	acl=$tpg/acls/$1
	mkdir $acl
	for lun in $tpg/lun/lun_*; do
		mkdir $acl/${lun##*/}
		ln -s $lun $acl/${lun##*/}/disk
	done
	[ "$2" ] || return 0
	echo 1 >$tpg/attrib/authentication
	printf %%s $2 >$acl/auth/userid
	printf %%s $3 >$acl/auth/password
	[ "$4" ] || return 0
	printf %%s $4 >$acl/auth/userid_mutual
	printf %%s $5 >$acl/auth/password_mutual
}
account()	# user password: of everybody who has no account of his own
{
	printf %%s $1 >$tpg/auth/userid
	printf %%s $2 >$tpg/auth/password
	echo 1 >$tpg/attrib/authentication
}
enable() { echo 1 >$tpg/enable; }
%(script)s
echo LIO-READY
while read -r line; do eval "$line"; echo "did $?"; done
"""


def module_name(path):
    return os.path.basename(path).split(".")[0]


def closure(kernel, names):
    """The files of these modules and of what they need, in the order of loading; what is built in is left out."""
    needs, files = {}, {}
    with open(os.path.join(kernel.modules, "modules.dep")) as table:
        for line in table:
            path, _, before = line.partition(":")
            needs[path] = before.split()[::-1]
            files[module_name(path)] = path
    order = []
    for name in names:
        for path in needs.get(files.get(name, ""), []) + [files.get(name)]:
            if path and path not in order:
                order.append(path)
    return order


class Lio:
    """A guest that shares disks: script is shell text, made of target, open, allow, account and enable (see INIT). network:
    instead of the forwarded port, the guest at address."""

    def __init__(self, rig, kernel, disks, script, cable=None, network=None, address="10.0.2.15", memory=512):
        paths = closure(kernel, MODULES)
        files = {"bin": None, "proc": None, "sys": None, "dev": None, "modules": None}
        for path in paths:
            with open(os.path.join(kernel.modules, path), "rb") as file:
                data = file.read()
            files["modules/" + module_name(path)] = lzma.decompress(data) if path.endswith(".xz") else data
        with open("/bin/busybox", "rb") as file:
            busybox = file.read()
        for name in ("sh", "mount", "insmod", "ifconfig", "mkdir", "ln", "echo", "printf", "cat", "grep", "poweroff", "rm", "rmdir"):
            files["bin/" + name] = busybox
        files["init"] = INIT % {"modules": " ".join(module_name(path) for path in paths), "script": script, "address": address}
        initrd = rig.path("lio", ".initrd")
        with open(initrd, "wb") as file:
            file.write(newc_archive(files))
        self.port, self.second_port = Target.free_port(), Target.free_port()
        network = network or [
            "-netdev", "user,id=n0,hostfwd=tcp:127.0.0.1:%d-10.0.2.15:3260,hostfwd=tcp:127.0.0.1:%d-10.0.2.15:3262" %
            (self.port, self.second_port), "-device", "virtio-net-pci,netdev=n0,romfile="]
        if cable:
            network += ["-netdev", "stream,id=n1,server=on,addr.type=unix,addr.path=" + cable,
                        "-device", "virtio-net-pci,netdev=n1,romfile="]
        options = []
        for number, disk in enumerate(disks):
            options += ["-drive", "if=none,id=d%d,format=raw,file=%s" % (number, disk.path),
                        "-device", "virtio-blk-pci,drive=d%d" % number]
        self.guest = Guest(rig, kernel, initrd, "quiet loglevel=4", memory, network, options=options)
        if not self.guest.expect("^LIO-READY", 60):
            rig.check(self.guest, False, "LIO starts")
