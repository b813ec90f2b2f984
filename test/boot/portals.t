#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A target that does not answer holds nobody up who can do without it; one that holds root is waited for."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from rig import HOST, IMAGE_TOOL, Target, newc_archive, run, run_cases  # noqa: E402

BY_LABEL = "rw root=LABEL=rigroot loglevel=5 "
THEIR_INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo; echo CHAINED; /bin/busybox cat /proc/partitions
/bin/busybox poweroff -f
"""


def dead(target, *options):
    """The same target at a portal where nobody listens."""
    return "iscsi=" + ",".join(["%s:%d" % (HOST, Target.free_port()), target.name] + list(options))


def another_is_dead(rig, kernel, initrd):
    target = Target(rig, {1: rig.disk()})
    other = "iscsi=%s:%d,iqn.2026-11.test:nobody,login_timeout=3" % (HOST, Target.free_port())
    guest = rig.boot(kernel, initrd, BY_LABEL + other + " " + target.word())
    rig.check(guest, guest.expect("^ROOT-OK", 60), "root is there, another target is not: the machine boots")
    rig.ok(guest.said(r"going on without iqn\.2026-11\.test:nobody at .*Connection refused"), "and says without whom")
    rig.check(guest, guest.wait(60), "to its end")


def one_portal_is_dead(rig, kernel, initrd):
    """In a chain nobody here knows what root is: the same target's disk has to be there by the other portal."""
    del initrd
    target = Target(rig, {1: rig.disk()})
    with open("/bin/busybox", "rb") as file:
        theirs = dict(dict.fromkeys(["bin", "dev", "proc", "sys"]), **{"bin/busybox": file.read(), "init": THEIR_INIT})
    appended = rig.path("appended", ".initrd")
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net", "--append",
        rig.joined(newc_archive(theirs)), "-o", appended)
    guest = rig.boot(kernel, appended, "rdinit=/iscsi-init loglevel=5 %s %s" %
                     (dead(target, "login_timeout=3"), target.word()))
    rig.check(guest, guest.expect("^CHAINED", 60) and guest.expect("sda1", 10),
              "one of two portals is dead: the initramfs's own init has the disk")
    rig.ok(guest.said("going on without"), "and the dead one is named")
    guest.wait(30)


def root_is_late(rig, kernel, initrd):
    spare = Target(rig, {1: rig.disk(table="none", script="echo wrong")}, name="iqn.2026-11.test:data")
    target = Target(rig, {1: rig.disk()}, start=False)
    words = "rw root=PARTUUID=0b7a1c52-95a4-4a53-9c6e-6e1f6d2c8f01 loglevel=5 "
    guest = rig.boot(kernel, initrd, words + spare.word("login_timeout=2") + " " + target.word("login_timeout=2"))
    guest.expect("Connection refused", 60)
    time.sleep(5)
    target.start()
    rig.check(guest, guest.expect("^ROOT-OK", 60), "the target that has root comes late: it is waited for")
    rig.ok("going on without" not in guest.console, "and nothing is left behind")
    guest.wait(60)


def one_has_no_disk(rig, kernel, initrd):
    """The passive controller of an array lets everybody log in, and has no LUN."""
    target = Target(rig, {1: rig.disk()})
    passive = Target(rig, {}, name="iqn.2026-11.test:passive")
    guest = rig.boot(kernel, initrd, BY_LABEL + passive.word("scan_timeout=3") + " " + target.word())
    rig.check(guest, guest.expect("^ROOT-OK", 60), "a target without a disk does not stop a boot whose root is elsewhere")
    rig.ok(guest.said(r"going on without iqn\.2026-11\.test:passive: logged in, but no disk within 3 s"), "and it is named")
    guest.wait(60)
    alone = rig.boot(kernel, initrd, BY_LABEL + passive.word("scan_timeout=3"))
    rig.check(alone, alone.expect("logged in, but no disk within 3 s", 60), "one that is alone fails the boot")
    alone.kill()


def one_comes_later(rig, kernel, initrd):
    """After the boot that went on without it."""
    late = Target(rig, {1: rig.disk(table="none")}, name="iqn.2026-11.test:late", start=False)
    lab = Lab(rig, kernel, initrd, words=late.word("login_timeout=2"))
    rig.ok(lab.guest.said("going on without iqn.2026-11.test:late"), "a boot goes on without a dead target")
    late.start()
    rig.check(lab.guest, lab.guest.expect("logged in to iqn.2026-11.test:late", 60), "which is tried again after it")
    lab.shell("n=0; while [ ! -e /sys/block/sdb ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done; ls /sys/block")
    rig.check(lab.guest, "sdb" in (lab.shell("ls /sys/block") or ""), "and has its disk looked for")
    shown = lab.shell("cat /sys/class/scsi_disk/*/max_retries; ls -d /sys/class/iscsi_session/*")
    rig.check(lab.guest, shown and shown.startswith("-1"), "the kernel does not count how often root's I/O was interrupted: %s" % shown)
    lab.shell("n=0; while ! grep -q -e -1 /sys/block/sdb/device/scsi_disk/*/max_retries && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done")
    shown = lab.shell("cat /sys/block/sdb/queue/scheduler /sys/block/sdb/device/scsi_disk/*/max_retries")
    rig.check(lab.guest, shown and "[none]" in shown and shown.endswith("-1"), "its disk gets the same settings: %s" % shown)
    lab.guest.kill()


def units_change(rig, kernel, initrd):
    """After the boot: the target gets a LUN more, which the next command to the old one is told (UNIT ATTENTION 3F/0E)."""
    lab = Lab(rig, kernel, initrd)
    lab.shell("echo mq-deadline >/sys/block/sda/queue/scheduler")
    begun = len(lab.guest.console)
    lab.target.admin("--mode", "logicalunit", "--op", "new", "--tid", "1", "--lun", "2", "--backing-store", rig.disk(table="none").path)
    lab.shell("dd if=/dev/sda of=/dev/null bs=4096 count=1 iflag=direct")
    lab.shell("n=0; while ! grep -q none /sys/block/sdb/queue/scheduler && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done")
    rig.check(lab.guest, "[none]" in (lab.shell("cat /sys/block/sdb/queue/scheduler") or ""), "the new disk is there, with its settings")
    rig.check(lab.guest, "[mq-deadline]" in (lab.shell("cat /sys/block/sda/queue/scheduler") or ""), "and the old one has kept its own")
    rig.ok(lab.guest.console[begun:].count("event=changed") == 1, "what the target says of its LUNs is said once")
    rig.check(lab.guest, lab.shell("dd if=/dev/sda of=/dev/null bs=1M iflag=direct && echo fine", 60).endswith("fine"), "root's disk is unharmed")
    lab.guest.kill()


CASES = {"diskless": one_has_no_disk, "later": one_comes_later, "changed": units_change, "dead": another_is_dead, "portal": one_portal_is_dead, "late": root_is_late}

if __name__ == "__main__":
    run_cases(CASES)
