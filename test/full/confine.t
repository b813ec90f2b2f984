#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""On each generation of kernels (6.1: test/boot/recovery.t): the resident process and its keeper are confined, and what confines
them is in the way of no recovery, not of the keeper's, and not of the process that looks up the portal's name."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
from lab import Lab  # noqa: E402
from rig import Kernel, Rig, Target, newc_archive  # noqa: E402

KERNELS = ("5.10-cloud-amd64", "6.12-cloud-amd64", "7.2-cloud-amd64")
HOSTS = b"10.0.2.2 portal.example\n"
# A line for each: its name, then what confines it.
RIGHTS = ("for p in $(pidof iscsi-init) $(pidof iscsi-keeper); do "
          "echo $(tr '\\0' ' ' </proc/$p/cmdline) $(grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/$p/status); done")
CONFINED = r"CapEff: 0000000000a47400 NoNewPrivs: 1 Seccomp: 2$"


class Named(Target):
    def portal(self):
        return "portal.example:%d" % self.port


def is_back(lab, name):
    lab.target.kill()
    lab.expect("event=lost", name + ": the target's end is noticed")
    lab.target.start()
    lab.expect(r"is back at .*\(event=back", name + ": the session comes back", 90)
    lab.rig.check(lab.guest, lab.wrote(2), name + ": and files are written again")


def recovers(rig, name):
    kernel = Kernel(name)
    lab = Lab(rig, kernel, rig.joined(rig.initrd(kernel), newc_archive({"etc": None, "etc/hosts": HOSTS})),
              target=lambda disk: Named(rig, {1: disk}))
    lab.start_writer()
    lab.shell("sleep 1")
    rights = lab.shell(RIGHTS) or ""
    for process in ("@iscsi-init", "@iscsi-keeper"):
        rig.ok(re.search("^%s .*%s" % (process, CONFINED), rights, re.M), "%s (%s): %s is confined" %
               (name, kernel.version, process), rights)
    first = lab.shell("resident")
    is_back(lab, name)
    rig.ok(first and lab.shell("resident") == first, name + ": by the same process")
    lab.expect("event=restarted", name + ": killed, it has a successor", after="sleep 6; kill -9 " + first)
    is_back(lab, name + ", by the keeper")
    refused = lab.shell("dmesg | grep -E 'type=1326|SIGSYS'")
    rig.ok(refused == "", name + ": no system call was refused", refused)
    lab.verify(name)


with Rig() as rig:
    for name in sys.argv[1:] or KERNELS:
        recovers(rig, name)
