#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole Debian systems that have something between the iSCSI disk and a file system, or that end otherwise than by power-off:
root on LVM in front of both initramfs builders, data on LVM on LUKS on RAID, suspend to RAM, and kexec by systemd."""

import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import distro  # noqa: E402
from rig import MIB, Disk, Kernel, Rig  # noqa: E402

packages, units, files = distro.MANAGERS["networkd"]
distro.MANAGERS["stacked"] = (packages + ["mdadm", "cryptsetup", "systemd-cryptsetup", "lvm2", "kexec-tools"], units, files)
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
pv0 {
id = "RigDsk-0000-0000-0000-0000-0000-000000"
device = "/dev/sda"
status = ["ALLOCATABLE"]
flags = []
dev_size = %d
pe_start = 2048
pe_count = %d
}
}
logical_volumes {
root {
id = "RigLog-0000-0000-0000-0000-0000-000000"
status = ["READ", "WRITE", "VISIBLE"]
flags = []
segment_count = 1
segment1 {
start_extent = 0
extent_count = %d
type = "striped"
stripe_count = 1
stripes = ["pv0", 0]
}
}
}
}
contents = "Text Format Volume Group"
version = 1
description = ""
creation_host = "rig"
creation_time = 0
"""


def lvm_crc(data):
    """LVM2 lib/misc/crc.c: CRC-32 with a beginning of its own and without the inversions."""
    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def make_lvm(path):
    """The volume group rig in the place of the partition table: its volume root begins where the file system does. Written
    here, as vgcreate wants a device (LVM2 lib/format_text/layout.h)."""
    size = os.path.getsize(path)
    extents = size // MIB - 1
    text = (METADATA % (size // 512, extents, extents)).encode() + b"\0"
    header = b" LVM2 x[5A%r0N*>" + struct.pack("<IQQ QQII", 1, MDA_OFFSET, MDA_SIZE, MDA_HEADER, len(text), lvm_crc(text), 0)
    header = header.ljust(MDA_HEADER - 4, b"\0")
    volume = b"RigDsk00000000000000000000000000" + struct.pack(
        "<Q QQQQ QQQQ IIQQ", size, MIB, 0, 0, 0, MDA_OFFSET, MDA_SIZE, 0, 0, 2, 1, 0, 0)
    label = (struct.pack("<I", 32) + b"LVM2 001" + volume).ljust(512 - 20, b"\0")
    with open(path, "r+b") as file:
        file.write(bytes(MIB))
        file.seek(size - MIB)
        file.write(bytes(MIB))  # the table's copy
        file.seek(512)
        file.write(b"LABELONE" + struct.pack("<QI", 1, lvm_crc(label)) + label)
        file.seek(MDA_OFFSET)
        file.write(struct.pack("<I", lvm_crc(header)) + header + text)


def lvm_root(rig, kernel, way):
    name = "root on LVM, " + way
    disk = distro.root(rig, "trixie", "stacked", False, kernel)
    make_lvm(disk.path)
    machine = distro.Machine(rig, kernel, disk, way, "root=/dev/mapper/rig-root rd.lvm.lv=rig/root", seconds=300)
    if machine.booted:
        rig.ok("/dev/mapper/rig-root / " in (machine.shell("cat /proc/mounts") or ""), name + ": it is", "")
    distro.from_on_to_off(rig, machine, name)


STACK = """set -e
mdadm --quiet --create /dev/md/data --run --level=1 --raid-devices=2 --metadata=1.2 --homehost=any /dev/sdb /dev/sdc
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
    more = []
    for _ in range(2):
        more.append(Disk(rig.path("more", ".img")))
        with open(more[-1].path, "wb") as file:
            file.truncate(128 * MIB)
    for name in ("md, LUKS and LVM, made", "md, LUKS and LVM, found"):
        machine = distro.Machine(rig, kernel, disk, disks=more)
        if name.endswith("made") and machine.booted:
            said = machine.shell("sh /stack", 120)
            rig.ok(said is not None and machine.status == 0, name, str(said))
        distro.from_on_to_off(rig, machine, name, lambda machine, name=name: rig.check(
            machine.guest, machine.shell("date >>/srv/dates && sync -f /srv/dates && wc -l </srv/dates", 60) ==
            ("1" if name.endswith("made") else "2"), name + ": its file system has what was written"))


def suspend(rig, kernel):
    """To RAM and back; the target goes away and comes back while the machine sleeps."""
    name = "suspend"
    disk = distro.root(rig, "trixie", "networkd", False, kernel)
    machine = distro.Machine(rig, kernel, disk)

    def sleep(machine):
        machine.guest.send("systemctl suspend\n")
        asleep = machine.guest.expect("PM: suspend entry", 60)
        rig.check(machine.guest, asleep, name + ": the machine goes to sleep")
        while asleep and machine.guest.monitor("query-status")["return"]["status"] != "suspended":
            machine.guest.read_console(0)
        machine.target.kill()
        machine.target.start()
        machine.guest.monitor("system_wakeup")
        rig.check(machine.guest, machine.write("awake") == "written", name + ": awake, it writes")

    distro.from_on_to_off(rig, machine, name, sleep)


def kexec(rig, kernel):
    name = "systemctl kexec"
    with open(kernel.vmlinuz, "rb") as vmlinuz, open(distro.initrd(rig, kernel, "own"), "rb") as initrd:
        next_files = {"/next": vmlinuz.read(), "/next-initrd": initrd.read()}
    disk = distro.root(rig, "trixie", "stacked", False, kernel, next_files)
    machine = distro.Machine(rig, kernel, disk)
    rig.check(machine.guest, machine.booted, name + ": boots to multi-user")
    said = machine.shell("kexec -s -l /next --initrd=/next-initrd --command-line=\"$(cat /proc/cmdline)\"", 120)
    rig.ok(said is not None and machine.status == 0, name + ": the next kernel is loaded", str(said))
    machine.guest.send("systemctl kexec\n")
    rig.check(machine.guest, machine.guest.expect("^LAB-READY", 240), name + ": the next kernel boots to multi-user")
    rig.ok(machine.target.sessions() == 1, name + ": the first one has logged out")
    machine.booted = machine.guest.seconds()
    distro.from_on_to_off(rig, machine, name)


CASES = {"lvm-initramfs-tools": lambda rig, kernel: lvm_root(rig, kernel, "initramfs-tools"),
         "lvm-dracut": lambda rig, kernel: lvm_root(rig, kernel, "dracut"), "data": data, "suspend": suspend, "kexec": kexec}

with Rig() as rig:
    for case in sys.argv[1:] or CASES:
        CASES[case](rig, Kernel(distro.KERNELS["trixie"]))
