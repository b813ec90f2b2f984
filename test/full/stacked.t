#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A whole Debian system with a file system on LVM on LUKS on RAID, above two iSCSI disks besides root's: from power on to power
off, with an outage of the target in between, twice."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import distro  # noqa: E402
from rig import MIB, Disk, Kernel, Rig  # noqa: E402

packages, units, files = distro.MANAGERS["networkd"]
distro.MANAGERS["stacked"] = (packages + ["mdadm", "cryptsetup", "systemd-cryptsetup", "lvm2"], units, files)


def empty(rig, size):
    disk = Disk(rig.path("empty", ".img"))
    with open(disk.path, "wb") as file:
        file.truncate(size)
    return disk


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
    more = [empty(rig, 128 * MIB), empty(rig, 128 * MIB)]
    for name in ("md, LUKS and LVM, made", "md, LUKS and LVM, found"):
        machine = distro.Machine(rig, kernel, disk, disks=more)
        if name.endswith("made") and machine.booted:
            said = machine.shell("sh /stack", 120)
            rig.ok(said is not None and machine.status == 0, name, str(said))
        distro.from_on_to_off(rig, machine, name, lambda machine, name=name: rig.check(
            machine.guest, machine.shell("date >>/srv/dates && sync -f /srv/dates && wc -l </srv/dates", 60) ==
            ("1" if name.endswith("made") else "2"), name + ": its file system has what was written"))


with Rig() as rig:
    data(rig, Kernel(distro.KERNELS["trixie"]))
