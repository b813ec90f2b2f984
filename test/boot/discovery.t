#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A portal without a target's name is asked which targets it has: by `discover`, and by a boot, which takes the only one
and refuses to choose."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from rig import HOST, TARGET_NAME, Kernel, Rig, Target, cached  # noqa: E402
from target import DISCOVERY_ANSWERS, Listener, text_of  # noqa: E402

LONG_NAME = "iqn.2026-01.test.rig:" + "a-rather-long-name-for-a-target-of-a-test." * 4
MANY = 40  # of these names: more than 8 KiB, so more than one PDU


def add_target(target, number, name):
    target.admin("--mode", "target", "--op", "new", "--tid", number, "--targetname", name)
    target.admin("--mode", "target", "--op", "bind", "--tid", number, "--initiator-address", "ALL")


def discover(rig, word):
    done = subprocess.run([rig.binary, "discover", word], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def local(target):
    return "127.0.0.1:%d" % target.port


def one(rig, kernel, initrd, target):
    line = "%s,1 %s\n" % (local(target), TARGET_NAME)
    rig.ok(discover(rig, local(target)) == (0, line, ""), "discover prints portal, portal group and name",
           repr(discover(rig, local(target))))
    status, printed, said = discover(rig, "127.0.0.1:%d" % Target.free_port())
    rig.ok(status and not printed and "refused" in said, "discover says why it failed, and fails", said)
    guest = rig.boot(kernel, initrd, "loglevel=7 rw root=/dev/sda1 iscsi=" + target.portal())
    rig.check(guest, guest.expect("^ROOT-OK", 90), "iscsi=<portal> boots from the only target")
    rig.ok(guest.said("has one target: " + TARGET_NAME), "and says which it is")
    guest.wait()


def with_a_secret(rig, kernel):
    """The portal tells everybody what it has, but the target wants CHAP: its line in the table is known only then."""
    table = cached(TARGET_NAME, ".secrets", lambda path: open(path, "w").write("%s me Ziegenkaese-0815-x\n" % TARGET_NAME))
    target = Target(rig, {1: rig.disk()}, accounts=[("me", "Ziegenkaese-0815-x")])
    guest = rig.boot(kernel, rig.initrd(kernel, "--config", "secrets=" + table),
                     "quiet rw root=/dev/sda1 iscsi.onfail=poweroff iscsi=" + target.portal())
    rig.check(guest, guest.expect("^ROOT-OK", 60), "the target that was found gets the secret of its line in the table")
    guest.wait()
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet rw root=/dev/sda1 iscsi.onfail=poweroff iscsi=%s,username=me,"
                     "password=Ziegenkaese-0815-x" % target.portal())
    rig.check(guest, guest.expect("^ROOT-OK", 60), "a portal that authenticates nobody is asked, a target that does gets CHAP")
    guest.wait()


def several(rig, kernel, initrd, target):
    names = [TARGET_NAME, "iqn.2026-01.test.rig:t2", "eui.02004567a425678d"]
    for number, name in enumerate(names[1:], 2):
        add_target(target, number, name)
    status, printed, _ = discover(rig, local(target))
    rig.ok(status == 0 and sorted(line.split(" ")[1] for line in printed.splitlines()) == sorted(names),
           "discover prints three targets", printed)
    guest = rig.boot(kernel, initrd, "loglevel=6 rw root=/dev/sda1 iscsi.onfail=poweroff iscsi=" + target.portal())
    rig.check(guest, guest.wait(90), "iscsi=<portal> with three targets: nothing is attached")
    rig.check(guest, guest.said("has several targets; name one") and all(guest.said(name) for name in names),
              "the message lists them")
    rig.ok(target.sessions() == 0, "no session is left")


def late(rig, kernel, initrd):
    """Nobody listens, then somebody without a target, then the target."""
    target = Target(rig, {1: rig.disk()}, start=False)
    guest = rig.boot(kernel, initrd, "quiet rw root=/dev/sda1 iscsi=" + target.portal())
    rig.check(guest, guest.expect("asking .* for its targets: cannot connect: Connection refused.*; next try in", 60),
              "a portal that is not there yet is asked again, and a quiet console says so")
    empty = Listener(lambda peer: peer.targets(b""), port=target.port)
    rig.check(guest, guest.expect("asking .* for its targets: it has no target for us; next try in", 30),
              "and one that has no target yet, too")
    empty.close()
    target.start()
    rig.check(guest, guest.expect("^ROOT-OK", 60), "until the target is there")
    guest.wait()


def elsewhere(rig, kernel, initrd):
    """The portal names a target that is at another one, and knows nothing of it when a login comes."""
    target = Target(rig, {1: rig.disk()})

    def script(peer):
        request = peer.read()
        if request.keys["SessionType"] != "Discovery":
            peer.answer(request, status=0x0203)
            return
        peer.answer(request, DISCOVERY_ANSWERS)
        peer.send(peer.text_response(peer.read(), text_of({"TargetName": TARGET_NAME, "TargetAddress": "%s:%d,1" % (
            HOST, target.port)})))
        peer.wait_for_the_end()

    portal = Listener(script)
    guest = rig.boot(kernel, initrd, "loglevel=7 rw root=/dev/sda1 iscsi=%s:%d" % (HOST, portal.port))
    rig.check(guest, guest.expect("^ROOT-OK", 60), "a target that is listed at another portal is found there")
    rig.ok(guest.said("target not found"), "after it was asked for where the list came from")
    guest.wait()
    portal.close()


def stamp(guest, pattern):
    """The kernel's seconds in front of a line of ours."""
    return float(re.search(r"^\[ *([0-9.]+)\] iscsi-init: .*" + pattern, guest.console, re.M).group(1))


def one_is_silent(rig, kernel, initrd):
    """A portal that accepts and says nothing is asked beside the others, whatever comes first on the line."""
    target = Target(rig, {1: rig.disk()})
    second = Target(rig, {1: rig.disk(table="none", script="echo wrong")}, name="iqn.2026-01.test.rig:data")
    silent = Listener(lambda peer: peer.wait_for_the_end())
    guest = rig.boot(kernel, initrd, "loglevel=7 rw root=/dev/disk/by-partuuid/0b7a1c52-95a4-4a53-9c6e-6e1f6d2c8f01 "
                     "iscsi=%s:%d,login_timeout=4 iscsi=%s %s" % (HOST, silent.port, second.portal(), target.word()))
    rig.check(guest, guest.expect("^ROOT-OK", 60), "a portal that is silent when it is asked stops no boot")
    rig.check(guest, guest.said("going on without the targets of %s:%d: no answer (within 4 s|yet)" % (HOST, silent.port)), "it is named")
    begun = stamp(guest, "eth0: address ")
    taken = [stamp(guest, pattern) - begun for pattern in ("logged in to " + second.name, "logged in to " + TARGET_NAME, "root is ")]
    rig.check(guest, max(taken[:2]) < 2, "a named target and another portal's are logged in to at once: %s" % taken)
    rig.ok("cleaning up in the kernel failed" not in guest.console, "and its session is given back without a word")
    rig.check(guest, taken[2] < 6, "root waits for it as long as for a target that is named")
    guest.wait()
    rig.ok(guest.section("run").count("sid=") == 3 and 'state="gone"' in guest.section("run"), "the resident process has no session of it",
           guest.section("run"))
    silent.close()


def all_of_them(rig, kernel, initrd):
    target = Target(rig, {1: rig.disk(script="cat /proc/partitions; ls -d /sys/class/iscsi_session/*")})
    for number in 2, 3:
        add_target(target, number, "iqn.2026-01.test.rig:t%d" % number)
        target.admin("--mode", "logicalunit", "--op", "new", "--tid", number, "--lun", 1, "--backing-store",
                     rig.disk(table="none").path)
    guest = rig.boot(kernel, initrd, "quiet rw root=PARTUUID=0b7a1c52-95a4-4a53-9c6e-6e1f6d2c8f01 iscsi=%s,targets=all" % target.portal())
    rig.check(guest, guest.expect("^ROOT-OK", 60), "targets=all: root is on one of three targets of a portal")
    guest.wait()
    rig.check(guest, all("session%d" % number in guest.console for number in (1, 2, 3)) and "sdc" in guest.console,
              "all three are attached")


def many(rig, target):
    names = [LONG_NAME + "%03d" % number for number in range(MANY)]
    for number, name in enumerate(names, 10):
        add_target(target, number, name)
    status, printed, said = discover(rig, local(target))
    found = [line.split(" ")[1] for line in printed.splitlines()]
    rig.ok(status == 0 and len(printed) > 8192 and set(names) <= set(found) and len(found) == MANY + 3,
           "discover prints a list that takes several PDUs", "%d lines, %s" % (len(found), said))


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    initrd = rig.initrd(kernel)
    target = Target(rig, {1: rig.disk()})
    one(rig, kernel, initrd, target)
    with_a_secret(rig, kernel)
    several(rig, kernel, initrd, target)
    many(rig, target)
    late(rig, kernel, initrd)
    elsewhere(rig, kernel, initrd)
    one_is_silent(rig, kernel, initrd)
    all_of_them(rig, kernel, initrd)
