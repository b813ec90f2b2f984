#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole Debian systems that have something between the iSCSI disk and a file system: root on LVM and on RAID over two targets in
front of both initramfs builders, and data on LVM on LUKS on RAID."""

import os
import shutil
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import distro  # noqa: E402
from rig import HOST, MIB, TARGET_NAME, Disk, Kernel, Rig, Target  # noqa: E402

packages, units, files = distro.MANAGERS["networkd"]
distro.MANAGERS["stacked"] = (packages + ["mdadm", "cryptsetup", "systemd-cryptsetup", "lvm2"], units, files)
MDA_OFFSET, MDA_SIZE, MDA_HEADER = 4096, MIB - 4096, 512
METADATA = """rig {
id = "RigVol-0000-0000-0000-0000-0000-000000"
seqno = 1
format = "lvm2"
status = ["RESIZEABLE", "READ", "WRITE"]
flags = []
extent_size = 2048
max_lv = 0
max_pv = 0
metadata_copies = 0
physical_volumes {
%s}
logical_volumes {
root {
id = "RigLog-0000-0000-0000-0000-0000-000000"
status = ["READ", "WRITE", "VISIBLE"]
flags = []
segment_count = %d
%s}
}
}
contents = "Text Format Volume Group"
version = 1
description = ""
creation_host = "rig"
creation_time = 0
"""
VOLUME = """pv%d {
id = "RigDs%d-0000-0000-0000-0000-0000-000000"
status = ["ALLOCATABLE"]
flags = []
dev_size = %d
pe_start = 2048
pe_count = %d
}
"""
SEGMENT = """segment%d {
start_extent = %d
extent_count = %d
type = "striped"
stripe_count = 1
stripes = ["pv%d", 0]
}
"""


def empty(rig, size):
    disk = Disk(rig.path("empty", ".img"))
    with open(disk.path, "wb") as file:
        file.truncate(size)
    return disk


def lvm_crc(data):
    """LVM2 lib/misc/crc.c: CRC-32 with a beginning of its own and without the inversions."""
    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def make_lvm(paths):
    """The volume group rig in the place of the partition table: its volume root begins where the first disk's file system does,
    and goes on over the others. Written here, as vgcreate wants devices (LVM2 lib/format_text/layout.h)."""
    sizes = [os.path.getsize(path) for path in paths]
    extents = [size // MIB - 1 for size in sizes]
    text = METADATA % ("".join(VOLUME % (i, i, sizes[i] // 512, extents[i]) for i in range(len(paths))), len(paths),
                       "".join(SEGMENT % (i + 1, sum(extents[:i]), extents[i], i) for i in range(len(paths))))
    text = text.encode() + b"\0"
    header = b" LVM2 x[5A%r0N*>" + struct.pack("<IQQ QQII", 1, MDA_OFFSET, MDA_SIZE, MDA_HEADER, len(text), lvm_crc(text), 0)
    header = header.ljust(MDA_HEADER - 4, b"\0")
    for i, path in enumerate(paths):
        volume = b"RigDs%d" % i + bytes(b"0" * 26) + struct.pack(
            "<Q QQQQ QQQQ IIQQ", sizes[i], MIB, 0, 0, 0, MDA_OFFSET, MDA_SIZE, 0, 0, 2, 1, 0, 0)
        label = (struct.pack("<I", 32) + b"LVM2 001" + volume).ljust(512 - 20, b"\0")
        with open(path, "r+b") as file:
            file.write(bytes(MIB))
            file.seek(sizes[i] - MIB)
            file.write(bytes(MIB))  # the table's copy
            file.seek(512)
            file.write(b"LABELONE" + struct.pack("<QI", 1, lvm_crc(label)) + label)
            file.seek(MDA_OFFSET)
            file.write(struct.pack("<I", lvm_crc(header)) + header + text)


def make_raid(rig, disk):
    """A mirror in the place of the partition table: its data begin where the file system does. The other disk. Written here, as mdadm
    wants devices (kernel: include/uapi/linux/raid/md_p.h, mdp_superblock_1, version 1.2)."""
    other = Disk(rig.path("mirror", ".img"))
    sectors = os.path.getsize(disk.path) // 512
    shutil.copyfile(disk.path, other.path)
    for number, path in enumerate((disk.path, other.path)):
        head = struct.pack("<IIII16s32s", 0xA92B4EFC, 1, 0, 0, b"RigMirrorOfDisks", b"any:root") + struct.pack(
            "<QIIQII I IQIIII", 0, 1, 0, sectors - 2048, 0, 2, 0, 0, 0, 0, 0, 0, 0)
        place = struct.pack("<QQQQ II16s BBHI", 2048, sectors - 2048, 8, 0, number, 0, b"RigMirrorDisk%03d" % number, 0, 0, 0, 0)
        state = struct.pack("<QQQ", 0, 1, 0xFFFFFFFFFFFFFFFF)
        rest, roles = struct.pack("<I", 128) + bytes(32), struct.pack("<128H", *[0, 1] + [0xFFFF] * 126)
        words = struct.unpack("<128I", head + place + state + bytes(4) + rest + roles)
        total = sum(words)
        checksum = struct.pack("<I", ((total & 0xFFFFFFFF) + (total >> 32)) & 0xFFFFFFFF)
        with open(path, "r+b") as file:
            file.write(bytes(MIB))
            file.seek(sectors * 512 - MIB)
            file.write(bytes(MIB))  # the table's copy
            file.seek(4096)
            file.write(head + place + state + checksum + rest + roles)
    return other


# It takes its lock in /run/lock, which systemd unmounts beside it, and complains now and then.
NO_MONITOR = "systemd.mask=lvm2-monitor.service "


def netroot(target):
    return "netroot=iscsi:%s::%d:1:%s" % (HOST, target.port, target.name)


def lvm_root(rig, kernel, way):
    """Two targets, whose disks are one volume, in dracut's words, which its own initiator reads, too."""
    name = "root on LVM on two targets, " + way
    disk, other = distro.root(rig, "trixie", "stacked", False, kernel), empty(rig, 64 * MIB)
    make_lvm([disk.path, other.path])
    second = Target(rig, {1: other}, name=TARGET_NAME + "2")
    machine = distro.Machine(rig, kernel, disk, way, "root=/dev/mapper/rig-root rd.lvm.lv=rig/root " + NO_MONITOR + netroot(second),
                             seconds=300, word=netroot)
    if machine.booted:
        rig.ok("/dev/mapper/rig-root / " in (machine.shell("cat /proc/mounts") or ""), name + ": it is")
    distro.from_on_to_off(rig, machine, name)
    rig.ok(second.sessions() == 0, name + ": nor has the other target")


def raid_root(rig, kernel, way):
    name = "root on a mirror of two targets, " + way
    disk = distro.root(rig, "trixie", "stacked", False, kernel)
    second = Target(rig, {1: make_raid(rig, disk)}, name=TARGET_NAME + "2")
    machine = distro.Machine(rig, kernel, disk, way, "rd.auto " + NO_MONITOR + netroot(second), seconds=300, word=netroot)
    if machine.booted:
        rig.ok("/dev/md" in (machine.shell("findmnt -n -o SOURCE /") or ""), name + ": it is")
        rig.ok("[UU]" in (machine.shell("cat /proc/mdstat") or ""), name + ": with both disks")
    distro.from_on_to_off(rig, machine, name)
    rig.ok(second.sessions() == 0, name + ": nor has the other target")


STACK = """set -e
mdadm --quiet --create /dev/md/data --run --level=1 --raid-devices=2 --metadata=1.2 --homehost=any /dev/disk/by-path/*-lun-2 /dev/disk/by-path/*-lun-3
head -c 32 /dev/zero >/etc/key
cryptsetup luksFormat --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/md/data /etc/key
echo "secret UUID=$(cryptsetup luksUUID /dev/md/data) /etc/key luks,_netdev" >/etc/crypttab
cryptsetup open --key-file /etc/key /dev/md/data secret
vgcreate --quiet data /dev/mapper/secret
lvcreate --quiet --yes --extents 100%FREE --name files data
mkfs.ext4 -q /dev/data/files
echo "/dev/data/files /srv ext4 _netdev 0 2" >>/etc/fstab
systemctl daemon-reload
mount /srv
"""


def data(rig, kernel):
    """The second boot finds all that the first has made."""
    disk = distro.root(rig, "trixie", "stacked", False, kernel, {"/stack": STACK})
    more = [empty(rig, 128 * MIB), empty(rig, 128 * MIB)]
    for name in ("md, LUKS and LVM, made", "md, LUKS and LVM, found"):
        machine = distro.Machine(rig, kernel, disk, disks=more)
        if name.endswith("made") and machine.booted:
            said = machine.shell("sh /stack", 120)
            rig.ok(said is not None and machine.status == 0, name, str(said))
        distro.from_on_to_off(rig, machine, name, lambda machine, name=name: rig.check(
            machine.guest, machine.shell("date >>/srv/dates && sync -f /srv/dates && wc -l </srv/dates", 60) ==
            ("1" if name.endswith("made") else "2"), name + ": its file system has what was written"))


CASES = {"lvm-initramfs-tools": lambda rig, kernel: lvm_root(rig, kernel, "initramfs-tools"),
         "lvm-dracut": lambda rig, kernel: lvm_root(rig, kernel, "dracut"),
         "raid-initramfs-tools": lambda rig, kernel: raid_root(rig, kernel, "initramfs-tools"),
         "raid-dracut": lambda rig, kernel: raid_root(rig, kernel, "dracut"), "data": data}

with Rig() as rig:
    for case in sys.argv[1:] or CASES:
        CASES[case](rig, Kernel(distro.KERNELS["trixie"]))
