#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is hardened holds in a guest: an init whose stack is smashed dies before it returns, and what relocation has written
is read-only in the process that stays behind. The program itself has no hole to show it with: a small one is built with the
same flags and the same C library."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from rig import TOP, Kernel, Rig, newc_archive, run  # noqa: E402


def smash(rig, kernel):
    program = rig.path("smash", "")
    flags = run(os.path.join(TOP, "deps", "flags"), "x86_64").split()
    run(os.path.join(TOP, "build", "x86_64", "libs", "bin", "musl-gcc"), *flags, "-fPIE", "-static-pie", "-o", program,
        os.path.join(TOP, "test", "boot", "smash.c"))
    with open(program, "rb") as file:
        initrd = rig.joined(newc_archive({"init": file.read()}))
    for count, survives in ((16, True), (24, False)):
        guest = rig.boot(kernel, initrd, "quiet -- %d" % count)
        rig.check(guest, guest.expect("SMASH-BEGINS"), "%d bytes are written into an array of 16" % count)
        ended = guest.expect("^SMASH-SURVIVED|Attempted to kill init! exitcode=0x0000000b")
        rig.check(guest, ended and ("SURVIVED" in ended.group()) == survives,
                  "and init " + ("goes on" if survives else "is killed"))
        guest.wait()
    # with the C library's hlt (f4), not by the ret (c3) to an address of x's
    rig.check(guest, re.search(r"Code: .*<f4>", guest.console), "by the check, before it returns")


def parts(maps, name):
    """Of the lines of /proc/PID/maps: the permissions of each mapping of the file, in order."""
    return re.findall(r"^\S+ (\S{4}) .*" + re.escape(name) + r"(?: \(deleted\))?$", maps, re.M)


def relro(rig, kernel):
    lab = Lab(rig, kernel, rig.initrd(kernel))
    maps = lab.shell("cat /proc/$(resident)/maps") or ""
    found = parts(maps, "/iscsi-init") or parts(maps, "/init")
    rig.ok(found == ["r--p", "r-xp", "r--p", "r--p", "rw-p"],
           "the resident process: headers, code, constants and relocated data are read-only, variables are not", maps)
    rig.ok(not re.search(r"^\S+ .wx", maps, re.M), "nothing is writable and executable", maps)
    lab.guest.kill()


with Rig() as rig:
    cloud = Kernel("6.1-cloud-amd64")
    smash(rig, cloud)
    relro(rig, cloud)
