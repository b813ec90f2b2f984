#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What goes wrong is said in one line and retried or not, as it deserves; iscsi.onfail= decides what comes then."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import HOST, TARGET_NAME, Kernel, Rig, Target, newc_archive  # noqa: E402

BOX = r"\+-+\+\s+\| iscsi-init: this machine cannot boot.*\n\| +\|\s+\| reason: .*nonsense[^+]*\| hint: "
SHELL = {"bin": None, "bin/sh": open("/bin/busybox", "rb").read()}


def fail(rig, kernel, cases):
    """Boots that end in iscsi.onfail=poweroff, after a line with everything in said. Much of it is waiting: two at a time."""
    begun = []
    for initrd, words, said, name in cases + [(None, "", (), "")]:
        if initrd:
            begun.append((rig.boot(kernel, initrd, "quiet loglevel=6 iscsi.onfail=poweroff " + words), said, name))
        if len(begun) == 2 or not initrd:
            guest, said, name = begun.pop(0)
            powered_off = guest.wait(60)
            for pattern in said:
                rig.check(guest, guest.said(pattern), "%s: the console says '%s'" % (name, pattern))
            rig.check(guest, powered_off and "reboot: Power down" in guest.console, name + ": then iscsi.onfail=poweroff")


def onfail(rig, kernel, initrd):
    bad = "root=/dev/sda1 iscsi=host,iqn.2026-01.test.rig:t1,nonsense=1 loglevel=6 "
    guest = rig.boot(kernel, initrd, bad + "iscsi.onfail=crash")
    guest.wait()
    rig.check(guest, "Kernel panic" in guest.console and "Attempted to kill init" in guest.console,
              "onfail=crash: the kernel panics")
    rig.check(guest, guest.said("nonsense"), "and the last words reached the console before that")
    guest = rig.boot(kernel, initrd, bad) # the rig says panic=-1
    guest.wait()
    rig.check(guest, "reboot: Restarting system" in guest.console and "Kernel panic" not in guest.console,
              "onfail unset: no panic, but what panic= asks for: -1 reboots")
    rig.check(guest, re.search(BOX, guest.console), "after a box with the reason and a hint")
    guest = rig.boot(kernel, initrd, bad + "iscsi.onfail=panic panic=3")
    begun = guest.expect(r"reboot in 3 s reboot in 2 s reboot in 1 s ", 60)
    guest.wait()
    rig.check(guest, begun and "reboot: Restarting system" in guest.console, "panic=3 counts down before it reboots")
    guest = rig.boot(kernel, initrd, bad + "panic=0")
    guest.expect(r"r  reboot +\|")
    rig.check(guest, not guest.expect("reboot: ", 4), "panic=0 stands still")
    guest.send("x")
    guest.send("r")
    guest.wait()
    rig.check(guest, "reboot: Restarting system" in guest.console, "until somebody presses r")
    guest = rig.boot(kernel, initrd, bad + "iscsi.onfail=reboot")
    guest.wait()
    rig.check(guest, "reboot: Restarting system" in guest.console and re.search(BOX, guest.console),
              "onfail=reboot: reboots, with the box")
    with_shell = rig.joined(initrd, newc_archive(SHELL))
    guest = rig.boot(kernel, with_shell, bad + "iscsi.onfail=shell")
    guest.expect("iscsi-init: .*nonsense")
    guest.expect("[#$] ", 20)
    guest.send("echo SHELL-$((6 * 7))\n")
    rig.check(guest, guest.expect("^SHELL-42", 20), "onfail=shell: a shell on the console")
    guest.send("echo ENVIRONMENT-${iscsi:-clean}\n")  # the kernel hands iscsi=... to init as a variable
    rig.check(guest, guest.expect("^ENVIRONMENT-clean", 20), "without our words, and their secrets, in its environment")
    guest.kill()
    guest = rig.boot(kernel, with_shell, bad + "panic=0")
    guest.expect(r"s  shell +\|")
    guest.send("s")
    guest.expect("[#$] ", 20)
    guest.send("echo SHELL-$((6 * 7)) $$; exit\n")
    rig.check(guest, guest.expect(r"^SHELL-42 (?!1\b)", 20), "the box offers a shell where there is one")
    rig.check(guest, guest.expect(r"s  shell +\|", 20), "and is there again when it has ended")
    guest.send("r")
    guest.wait()
    rig.check(guest, "reboot: Restarting system" in guest.console, "and still reboots")
    chained = rig.joined(rig.initrd(kernel, "--archive"),
                         newc_archive(dict(SHELL, init="#!/bin/sh\necho CHAINED\nread line\n")))
    guest = rig.boot(kernel, chained, bad + "rdinit=/iscsi-init iscsi.onfail=continue")
    rig.check(guest, guest.expect("^CHAINED", 20), "onfail=continue: goes on to the initramfs's own /init")
    guest.kill()


def target_comes_late(rig, kernel, initrd):
    disk = rig.disk()
    target = Target(rig, {1: disk}, start=False)
    guest = rig.boot(kernel, initrd, "loglevel=7 root=/dev/sda1 iscsi.onfail=poweroff " + target.word())
    rig.check(guest, guest.expect("iscsi-init: .*(refused|closed|reset|lost|connect)", 30), "an absent target is reported")
    target.start()
    rig.check(guest, guest.expect("^ROOT-OK", 40), "and the boot goes on once it is there")
    guest.wait()


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    initrd = rig.initrd(kernel)
    port = Target.free_port()
    target, other = Target(rig, {1: rig.disk()}), Target(rig, {1: rig.disk()})
    fail(rig, kernel, [
        (initrd, "root=/dev/sda1 iscsi.timeout=6 iscsi=%s:%d,%s" % (HOST, port, TARGET_NAME),
         ["%s:%d" % (HOST, port), "refused|closed|reset"], "a portal where nobody listens"),
        (initrd, "root=/dev/sda1 iscsi.timeout=6 iscsi=%s,iqn.2026-01.test.rig:other" % other.portal(),
         ["iqn.2026-01.test.rig:other", "not found", r"\[L0203\]; this portal has: iqn.2026-01.test.rig:t1"],
         "a target that is not there"),
        (initrd, target.word("MaxBurstLenght=65536"), ["'MaxBurstLenght'", "did you mean MaxBurstLength"], "an unknown option"),
        (initrd, target.word("queue_depth=many"), ["queue_depth", "many", "expected"], "a bad value"),
        (initrd, target.word() + " root=UUID=00000000-0000-0000-0000-000000000000 iscsi.timeout=6",
         ["UUID=00000000-0000-0000-0000-000000000000"], "a root that no disk has"),
        (rig.initrd(kernel, "--modules", "none"), target.word() + " root=/dev/sda1 iscsi.timeout=6",
         ["iscsi_tcp|sd_mod", kernel.version, "/lib/modules"], "no modules in the image"),
        (initrd, "root=/dev/sda1", ["no target|no iscsi|target"], "no target named, no other init")])
    rig.ok(other.sessions() == 0, "no session is left on the target")
    target_comes_late(rig, kernel, initrd)
    onfail(rig, kernel, initrd)
