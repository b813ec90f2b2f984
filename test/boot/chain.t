#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Behind our archive stands somebody else's initramfs: Debian's initramfs-tools, dracut, a plain busybox script. Each
finds its root by UUID as if the disk were local, with no iSCSI tool and no network configuration of its own."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from builders import distribution_initrd  # noqa: E402
from rig import HOST, IMAGE_TOOL, Kernel, Rig, Target, newc_archive, run  # noqa: E402

# Looks for the disk once: what is not there at once is not there "as if it were local".
BUSYBOX_INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs devtmpfs /dev
for word in $(/bin/busybox cat /proc/cmdline); do
	case $word in root=UUID=*) root=$(/bin/busybox findfs ${word#root=}) ;; esac
done
echo "THEIRS: $root $*"
/bin/busybox mount -t ext4 $root /sysroot
exec /bin/busybox switch_root /sysroot /sbin/init
"""
DEBIAN = ("iscsi_initiator=iqn.2026-01.test.rig:guest iscsi_target_name=%(name)s iscsi_target_ip=%(host)s iscsi_target_port=%(port)d "
          "iscsi_target_group=1 ")
LOOK = "cat /proc/cmdline | show line\nls /sys/class/iscsi_session | show sessions\nls /run/systemd | show systemd\n"
SCRIPT = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | show processes\n"


def busybox_initrd():
    with open("/bin/busybox", "rb") as file:
        busybox = file.read()
    folders = dict.fromkeys(["bin", "dev", "proc", "sys", "sysroot"])
    return newc_archive(dict(folders, **{"bin/busybox": busybox, "init": BUSYBOX_INIT}))


def appended_to(rig, kernel, theirs):
    out = rig.path("appended", ".initrd")
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net", "--append", theirs, "-o", out)
    return out


def their_words(rig, kernel, name, theirs, words, table="gpt", sessions=1, hidden=True):
    """The line has words that we serve and that their scripts know, too: they would log in again, or stop."""
    disk = rig.disk(table=table, script=LOOK)
    target = Target(rig, {1: disk})
    words = words % {"host": HOST, "port": target.port, "name": target.name, "uuid": disk.UUID}
    guest = rig.boot(kernel, appended_to(rig, kernel, theirs), "quiet rdinit=/iscsi-init rw rd.retry=20 %s -- single" % words, memory=768)
    rig.check(guest, guest.expect("^DONE", 120), "%s with %s" % (name, words.split(" ")[0].split(":")[0]))
    guest.wait()
    rig.ok(guest.section("sessions").split()[-1:] == ["session%d" % sessions], name + ": no session but ours", guest.section("sessions"))
    folders = guest.section("systemd").split()
    if name == "initramfs-tools":  # dracut's init is systemd
        rig.ok("network" in folders and "system" not in folders, name + ": nothing says that systemd runs (sd_booted)", str(folders))
    line = guest.section("line")
    rig.ok("-- single" in line and ("netroot=" not in line and "ip=" not in line) == hidden, "%s: %s the words that were served" % (
        name, "does not see" if hidden else "sees, and does not read,"), line)
    return guest


def chain(rig, kernel, name, theirs, expected):
    appended = appended_to(rig, kernel, theirs)
    disk = rig.disk(script=SCRIPT)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, appended, "quiet rdinit=/iscsi-init %s root=UUID=%s rw -- single" %
                     (target.word(), disk.UUID), memory=768)
    rig.check(guest, guest.expect("^ROOT-OK", 120), name + " finds the root by UUID and runs its init")
    if expected:
        rig.check(guest, expected in guest.console, name + " was given the kernel's arguments")
    rig.check(guest, guest.wait(), name + ": powers off")
    rig.ok("@iscsi-init" in guest.section("processes"), name + ": the resident process has lived through it all",
           guest.section("processes"))
    rig.ok("/dev/sda1 / ext4" in guest.section("mounts"), name + ": from the iSCSI disk", guest.section("mounts"))


def same_words(rig, kernel):
    """dracut without its network modules takes netroot= for a mistake; initramfs-tools mounts a /proc of its own, where nothing
    can be hidden: with open-iscsi's script it would log in again."""
    their_words(rig, kernel, "dracut", distribution_initrd("dracut", kernel),
                "netroot=iscsi:%(host)s::%(port)d:1:%(name)s ip=dhcp rd.neednet=1 root=UUID=%(uuid)s")
    their_words(rig, kernel, "initramfs-tools", distribution_initrd("initramfs-tools", kernel), DEBIAN + "root=UUID=%(uuid)s ip=dhcp",
                hidden=False)


def target_is_root(rig, kernel):
    """Root is the target's disk, without another name; initramfs-tools waits for /dev/root."""
    for words in ("netroot=iscsi:%(host)s::%(port)d:1:%(name)s root=/dev/root ip=dhcp", "root=iscsi:%(host)s::%(port)d:1:%(name)s ip=dhcp"):
        guest = their_words(rig, kernel, "initramfs-tools", distribution_initrd("initramfs-tools", kernel), words, table="none", hidden=False)
        rig.ok("/dev/root / ext4" in guest.section("mounts"), "/dev/root is the target's disk", guest.section("mounts"))


def own_network(rig, kernel):
    """dracut with what it needs to do the same itself."""
    theirs = distribution_initrd("dracut", kernel, more="iscsi network-legacy")
    second = Target(rig, {1: rig.disk(table="none")}, name="iqn.2026-01.test.rig:second")
    guest = their_words(rig, kernel, "dracut with iscsi and network", theirs, "netroot=iscsi:%%(host)s::%%(port)d:1:%%(name)s "
                        "netroot=iscsi:%%(host)s::%d:1:%s ip=dhcp rd.neednet=1 root=UUID=%%(uuid)s" % (second.port, second.name), sessions=2)
    rig.check(guest, "already" not in guest.console, "nothing is done twice")
    guest = their_words(rig, kernel, "dracut with iscsi and network", theirs, "root=iscsi:%(host)s::%(port)d:1:%(name)s ip=dhcp", table="none")
    rig.ok("/dev/sda / ext4" in guest.section("mounts"), "root=iscsi: is the target's disk", guest.section("mounts"))


def chains(rig, kernel):
    chain(rig, kernel, "a busybox script", rig.joined(busybox_initrd()), "THEIRS: /dev/sda1 single")
    for builder in ("initramfs-tools", "dracut"):
        chain(rig, kernel, builder, distribution_initrd(builder, kernel), None)


CASES = {"chains": chains, "words": same_words, "root": target_is_root, "network": own_network}

with Rig() as rig:
    for case in sys.argv[1:] or ("chains", "words"):
        CASES[case](rig, Kernel("6.1-cloud-amd64"))
