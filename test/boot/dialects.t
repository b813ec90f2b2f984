#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Command lines that were written for dracut, Debian's initramfs and iPXE boot unchanged."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import HOST, Kernel, Rig, Target  # noqa: E402

ACCOUNTS = [("inuser", "in-secret-1234"), ("outuser", "out-secret", "--outgoing")]


def boots(rig, kernel, initrd, name, line, accounts=(), table="gpt"):
    disk = rig.disk(script="cat /sys/class/iscsi_session/session*/targetname | show target\n"
                           "cat /sys/class/iscsi_session/session*/initiatorname | show initiator\n"
                           "cat /sys/class/iscsi_session/session*/username_in | show user\n"
                           "dmesg | grep 'CHAP secret has' | show warnings\n", table=table)
    target = Target(rig, {1: disk}, accounts=accounts)
    words = {"port": target.port, "name": target.name, "host": HOST, "uuid": disk.UUID}
    guest = rig.boot(kernel, initrd, "quiet iscsi.onfail=poweroff " + line % words)
    rig.check(guest, guest.expect("^DONE") and target.name in guest.section("target"), name)
    guest.wait()
    return guest


def local(rig, kernel):
    """One command line for all machines: this one has neither a firmware's table nor a target, but its root on a disk of its own."""
    image = rig.initrd(kernel, "--add-module", "virtio_blk")
    for line in "netroot=iscsi rd.iscsi.firmware=1 ip=ibft", "iscsi_auto ip=dhcp":
        disk = rig.disk()
        guest = rig.boot(kernel, image, "loglevel=6 iscsi.onfail=poweroff rw root=UUID=%s %s" % (disk.UUID, line), options=[
            "-drive", "if=none,id=d0,format=raw,file=" + disk.path, "-device", "virtio-blk-pci,drive=d0"])
        rig.check(guest, guest.expect("^DONE", 60) and "/dev/vda1 / ext4" in guest.section("mounts"),
                  line + ": without a table, root is on the local disk")
        guest.wait()
        rig.ok("iscsi-init" not in guest.section("ps"), "and nobody stays behind", guest.section("ps"))
    guest = rig.boot(kernel, image, "quiet iscsi.onfail=poweroff rw root=UUID=%s iscsi_auto rootdelay=3" % disk.UUID)
    rig.check(guest, guest.wait(90) and guest.said("root=UUID=%s is not there" % disk.UUID), "where there is none, its absence is named")
    guest = rig.boot(kernel, image, "quiet iscsi.onfail=poweroff rw root=UUID=" + disk.UUID)
    rig.check(guest, guest.wait(60) and guest.said("no iSCSI target is named"), "without a word of iSCSI it is a mistake")


with Rig() as rig:
    cloud = Kernel("6.1-cloud-amd64")
    image = rig.initrd(cloud)
    boots(rig, cloud, image, "dracut: netroot=iscsi: with a LUN, root= by UUID",
          "ip=dhcp netroot=iscsi:%(host)s::%(port)d:1:%(name)s root=UUID=%(uuid)s rw")
    guest = boots(rig, cloud, image, "dracut: root=iscsi:, initiator and settings by rd.iscsi.*",
                  "ip=dhcp rd.neednet=1 root=iscsi:%(host)s:6:%(port)d:1:%(name)s rd.iscsi.initiator=iqn.2026-01.test.rig:me "
                  "rd.iscsi.param=node.session.timeo.replacement_timeout=77 rd.break-like=left rw rootflags=noatime "
                  "root=/dev/sda1")
    rig.ok("iqn.2026-01.test.rig:me" in guest.section("initiator"), "with that initiator name",
           guest.section("initiator"))
    guest = boots(rig, cloud, image, "dracut: mutual CHAP in netroot=",
                  "netroot=iscsi:inuser:in-secret-1234:outuser:out-secret@%(host)s::%(port)d::%(name)s root=/dev/sda1",
                  ACCOUNTS)
    rig.ok("outuser" in guest.section("user"), "and the target had to authenticate itself", guest.section("user"))
    rig.ok("-secret" not in guest.console.split("DONE")[0].split("Run /init")[-1].replace(
        guest.cmdline, ""), "no secret on the console")
    rig.ok("a CHAP secret has less than 96 bits" in guest.section("warnings"), "the short one gets a warning",
           guest.section("warnings"))
    guest = boots(rig, cloud, image, "dracut: root=iscsi: without a LUN is the only disk, whatever its LUN",
                  "root=iscsi:%(host)s::%(port)d::%(name)s rd.iscsi.initiator=maas-enlist", table="none")
    rig.ok("maas-enlist" in guest.section("initiator"), "and an initiator name that RFC 7143 does not allow is used",
           guest.section("initiator"))
    local(rig, cloud)
    boots(rig, cloud, image, "Oracle: DHCPv6 does not answer, and there is no iBFT; dracut's old and rare words",
          "ip=dhcp,dhcp6 rd.iscsi.firmware=1 rd.iscsi.bypass iscsi_param=node.session.timeo.replacement_timeout=77 "
          "netroot=iscsi:%(host)s::%(port)d:iface0:eth0:1:%(name)s root=UUID=%(uuid)s")
    boots(rig, cloud, image, "libiscsi's and QEMU's URL", "iscsi=iscsi://%(host)s:%(port)d/%(name)s/1 root=UUID=%(uuid)s")
    boots(rig, cloud, image, "Debian: iscsi_target_name=, iscsi_target_ip= and the rest",
          "ip=dhcp iscsi_initiator=iqn.2026-01.test.rig:deb iscsi_target_name=%(name)s iscsi_target_ip=%(host)s "
          "iscsi_target_port=%(port)d iscsi_target_group=1 iscsi_auto_skip_initramfs_networking root=UUID=%(uuid)s")
    boots(rig, cloud, image, "Debian: the same in upper case",
          "ISCSI_INITIATOR=iqn.2026-01.test.rig:deb ISCSI_TARGET_NAME=%(name)s ISCSI_TARGET_IP=%(host)s "
          "ISCSI_TARGET_PORT=%(port)d root=UUID=%(uuid)s")
    boots(rig, cloud, image, "Debian: root=iscsi: followed by a second root=",
          "root=iscsi:%(host)s:6:%(port)d:1:%(name)s root=UUID=%(uuid)s")
    settings = rig.path("initramfs", "")
    disk = rig.disk(script="cat /sys/class/iscsi_session/session*/initiatorname | show initiator\n")
    target = Target(rig, {1: disk})
    with open(settings, "w") as file:
        file.write("# of open-iscsi's hook\nISCSI_INITIATOR=iqn.2026-01.test.rig:file\nISCSI_TARGET_NAME=\"%s\"\n"
                   "ISCSI_TARGET_IP='%s'\nISCSI_TARGET_PORT=%d\n" % (target.name, HOST, target.port))
    guest = rig.boot(cloud, rig.initrd(cloud, "--config", "/etc/iscsi/iscsi.initramfs=" + settings),
                     "quiet iscsi.onfail=poweroff ip=dhcp root=UUID=" + disk.UUID)
    rig.check(guest, guest.expect("^DONE") and "rig:file" in guest.section("initiator"),
              "Debian: /etc/iscsi/iscsi.initramfs")
    guest.wait()
    boots(rig, cloud, image, "a portal alone is asked which target it has", "iscsi=%(host)s:%(port)d root=UUID=%(uuid)s")
    disk = rig.disk()
    target = Target(rig, {1: disk})
    words = rig.path("words", "")
    with open(words, "w") as file:
        file.write("root=/dev/sda1\nrw " + target.word() + "\n")
    guest = rig.boot(cloud, rig.initrd(cloud, "--config", "cmdline=" + words), "quiet")
    rig.check(guest, guest.expect("^ROOT-OK"), "the image's own command line stands before the kernel's")
    guest.wait()
