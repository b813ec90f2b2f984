#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The end of a machine whose root is an iSCSI disk: unmounted, flushed, logged out, and never hanging. By Debian's
systemd, which starts our /run/initramfs/shutdown, and by `iscsi-init shutdown` alone."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import wire  # noqa: E402
from lab import Lab, programs  # noqa: E402
from rig import TOP, MIB, run, run_cases  # noqa: E402

UNITS = "/lib/systemd/system/"
COPIED = ("shutdown.target umount.target final.target poweroff.target reboot.target halt.target systemd-poweroff.service "
          "systemd-reboot.service systemd-halt.service").split()
LAB_UNIT = """[Unit]
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
[Service]
ExecStart=/bin/busybox sh -c '. /test.sh'
StandardInput=tty-force
TTYPath=/dev/console
Environment=PATH=/bin:/sbin
TimeoutStopSec=3
"""


def systemd_files():
    files = programs("/lib/systemd/systemd", "/lib/systemd/systemd-shutdown", "/bin/systemctl")
    files["/sbin/init"] = files.pop("/lib/systemd/systemd")
    for unit in COPIED:
        with open(UNITS + unit, "rb") as file:
            files[UNITS + unit] = file.read()
    files[UNITS + "default.target"] = "[Unit]\nRequires=lab.service\n"
    files[UNITS + "lab.service"] = LAB_UNIT
    files["/etc/machine-id"] = "0123456789abcdef0123456789abcdef\n"
    return files


def ends(rig, lab, name, seconds=60):
    rig.check(lab.guest, lab.guest.wait(seconds), name + ": the machine ends")


def is_clean(rig, lab, name):
    shown = subprocess.run(["dumpe2fs", "-h", "%s?offset=%d" % (lab.disk.path, MIB)], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL).stdout.decode()
    checked = subprocess.run(["e2fsck", "-fn", "%s?offset=%d" % (lab.disk.path, MIB)], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    rig.ok(re.search(r"^Filesystem state: +clean$", shown, re.M), name + ": the file system was unmounted clean", shown)
    rig.ok(checked.returncode == 0, name + ": and is without a fault", checked.stdout.decode("utf-8", "replace"))


def logouts(lab):
    """How many Logout Requests and Responses went over the wire."""
    opcodes = []
    for _, data in wire.streams(lab.guest.capture, lab.target.port):
        at = 0
        while at + 48 <= len(data):
            opcodes.append(data[at] & 0x3F)
            at += 48 + data[at + 4] * 4 + (int.from_bytes(data[at + 5:at + 8], "big") + 3) // 4 * 4
    return [opcodes.count(0x06), opcodes.count(0x26)]


def logged_out(rig, lab, name):
    seen = logouts(lab)
    rig.ok(seen == [1, 1], name + ": one Logout Request, and its answer", str(seen))
    rig.ok(lab.target.sessions() == 0, name + ": the target has no session left")


def by_systemd(rig, kernel, initrd):
    lab = Lab(rig, kernel, initrd, files=systemd_files(), size=128 * MIB, words="loglevel=7", capture=True)
    lab.start_writer()
    rig.ok((lab.shell("ls -l /proc/1/exe") or "").endswith("/sbin/init"), "systemd is init")
    lab.shell("echo last words >/w/last; systemctl poweroff >/run/poweroff 2>&1 &")
    name = "systemctl poweroff"
    ends(rig, lab, name)
    rig.ok(lab.guest.said("flushing and unmounting the disks"), name + ": systemd starts our /run/initramfs/shutdown")
    rig.ok("the disks did not" not in lab.guest.console and not lab.guest.said("unmounting: "),
           name + ": nothing was in the way of unmounting")
    logged_out(rig, lab, name)
    is_clean(rig, lab, name)
    rig.ok(lab.disk.read_file("/w/last") == "last words\n", name + ": the last write is on the disk")


def unreachable(rig, kernel, initrd):
    """systemd and we end the machine though the target has gone for good."""
    lab = Lab(rig, kernel, initrd, files=systemd_files(), size=128 * MIB, words="loglevel=7")
    lab.start_writer()
    lab.shell("for f in /lib/systemd/system/* /lib/systemd/* $(find /lib /usr -name '*.so*'); do cat $f; done >/dev/null "
              "2>&1")  # systemd itself must be in memory
    lab.target.kill()
    begun = lab.guest.seconds()
    lab.guest.send("kill -38 1\n")  # SIGRTMIN+4: start poweroff.target
    name = "an unreachable target"
    ends(rig, lab, name, 120)
    rig.note("%s: the machine ended after %.0f s" % (name, lab.guest.seconds() - begun))
    rig.check(lab.guest, lab.guest.said("giving it up; data not yet written to it is lost"), name + ": a line says so")


def alone(rig, kernel, initrd):
    """Without systemd, from within root."""
    with open(rig.binary, "rb") as file:
        files = {"/bin/iscsi-init": file.read()}
    name = "iscsi-init shutdown"
    lab = Lab(rig, kernel, initrd, files=files, words="loglevel=7", capture=True)
    lab.start_writer()
    lab.stop_writer(name)
    lab.shell("mkdir /mnt/t; mount -t tmpfs t /mnt/t; echo last words >/w/last")
    lab.guest.send("iscsi-init shutdown poweroff\n")
    ends(rig, lab, name)
    logged_out(rig, lab, name)
    is_clean(rig, lab, name)
    rig.ok(lab.disk.read_file("/w/last") == "last words\n", name + ": the last write is on the disk")
    name = "iscsi-init shutdown without a target"
    lab = Lab(rig, kernel, initrd, files=files, words="loglevel=7")
    lab.start_writer()
    lab.stop_writer(name)
    lab.target.kill()
    begun = lab.guest.seconds()
    # something to write there is, surely; the program in memory: the one on root is out of reach
    lab.guest.send("echo last words >/w/last; exec /run/initramfs/shutdown shutdown poweroff\n")
    ends(rig, lab, name, 120)
    rig.note("%s: the machine ended after %.0f s" % (name, lab.guest.seconds() - begun))
    # whose 30 s are over first: those of the outage, which began before, or those of what flushes
    said = lab.guest.said("giving it up; data not yet written to it is lost|did not answer within 30 s: what was not written is lost")
    rig.check(lab.guest, said, name + ": a line says so")


def other_ways(rig, kernel, initrd):
    """What else than poweroff may be asked for; each after the same logout."""
    helper = rig.path("kexec_load", "")
    run("gcc", "-static", "-O1", "-Wall", "-Werror", "-o", helper, os.path.join(TOP, "test", "boot", "kexec_load.c"))
    with open(rig.binary, "rb") as program, open(helper, "rb") as loader, open(kernel.vmlinuz, "rb") as image:
        files = {"/bin/iscsi-init": program.read(), "/bin/kexec_load": loader.read(), "/next": image.read()}
    for how, last in (("reboot", "reboot: Restarting system"), ("halt", "reboot: System halted"),
                      ("kexec", "kexec_core: Starting new kernel")):
        name = "iscsi-init shutdown " + how
        lab = Lab(rig, kernel, initrd, files=files, words="loglevel=7", capture=True)
        lab.start_writer()
        lab.stop_writer(name)
        if how == "kexec":
            said = lab.shell("kexec_load /next 'console=ttyS0 panic=-1 who=next'")
            rig.ok(lab.status == 0, name + ": the next kernel is loaded", said)
        lab.guest.send("iscsi-init shutdown %s\n" % how)
        lab.expect(last, name + ": the machine does just that")
        if how == "kexec":
            lab.expect("Command line: .*who=next", name + ": and the next kernel starts")
        if how == "halt":
            lab.guest.kill()
        else:
            ends(rig, lab, name)
        logged_out(rig, lab, name)
        is_clean(rig, lab, name)


wire.BYTES_MAX = 1 << 30
CASES = {"systemd": by_systemd, "unreachable": unreachable, "alone": alone, "ways": other_ways}

if __name__ == "__main__":
    run_cases(CASES)
