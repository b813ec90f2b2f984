#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A target of another family: istgt. It asks whether we are still there (NOP-In), does mutual CHAP with MD5 and both digests, and
forgets all sessions when it is killed."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from lab import Lab  # noqa: E402
from rig import HOST, TARGET_NAME, Process, Target, run_cases  # noqa: E402

CONFIG = """[Global]
  NodeBase "%(base)s"
  PidFile %(pid)s
  AuthFile %(accounts)s
  MediaDirectory %(folder)s
  Timeout 30
  NopInInterval 2
  DiscoveryAuthMethod None
  MaxSessions 16
  MaxConnections 4
  MaxR2T 32
  MaxOutstandingR2T 16
  DefaultTime2Wait 0
  DefaultTime2Retain 20
  FirstBurstLength 262144
  MaxBurstLength 1048576
  MaxRecvDataSegmentLength 262144
  InitialR2T Yes
  ImmediateData Yes
  DataPDUInOrder Yes
  DataSequenceInOrder Yes
  ErrorRecoveryLevel 0
[UnitControl]
  AuthMethod None
  Portal UC1 127.0.0.1:%(control)d
  Netmask 127.0.0.1
[PortalGroup1]
  Portal DA1 127.0.0.1:%(port)d
[InitiatorGroup1]
  InitiatorName "ALL"
  Netmask ALL
[LogicalUnit1]
  TargetName %(name)s
  Mapping PortalGroup1 InitiatorGroup1
  AuthMethod %(method)s
  AuthGroup AuthGroup1
  UseDigest Auto
  UnitType Disk
  LUN0 Storage %(disk)s Auto
"""
ACCOUNTS = '[AuthGroup1]\n  Auth "me" "in-secret-1234" "istgt" "out-secret-5678"\n'
CHAP = ["username=me", "password=in-secret-1234"]
MUTUAL = CHAP + ["username_in=istgt", "password_in=out-secret-5678"]


class Istgt:
    """As rig.Target, as far as Lab needs it."""

    name = TARGET_NAME

    def __init__(self, rig, disk, method="None"):
        base, name = TARGET_NAME.split(":")
        self.rig, self.port, self.log = rig, Target.free_port(), rig.path("istgt", ".log")
        self.config, accounts = rig.path("istgt", ".conf"), rig.path("accounts", ".conf")
        with open(accounts, "w") as file:
            file.write(ACCOUNTS)
        os.chmod(accounts, 0o600)
        with open(self.config, "w") as file:
            file.write(CONFIG % {"base": base, "name": name, "pid": rig.path("istgt", ".pid"), "accounts": accounts, "folder": rig.folder,
                                 "control": Target.free_port(), "port": self.port, "method": method, "disk": disk.path})
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = Process(["istgt", "-c", self.config, "-D"], log)
        self.rig.processes.append(self.process)
        end = time.monotonic() + 10
        while "listening" not in self.shown() and time.monotonic() < end:
            time.sleep(0.05)

    def shown(self):
        done = subprocess.run([self.rig.binary, "discover", "127.0.0.1:%d" % self.port], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return "listening" if self.name in done.stdout.decode() else ""

    def word(self, *options):
        return "iscsi=" + ",".join(["%s:%d" % (HOST, self.port), self.name] + list(options))

    def kill(self):
        self.process.kill()


def writes(rig, kernel, initrd):
    """A root on it, that is written to while the target is killed and comes again."""
    lab = Lab(rig, kernel, initrd, target=lambda disk: Istgt(rig, disk), options=["HeaderDigest=CRC32C", "DataDigest=CRC32C"])
    lab.start_writer()
    time.sleep(5)
    rig.check(lab.guest, lab.wrote(), "istgt with both digests: files are written, and its NOP-Ins are answered")
    lab.target.kill()
    lab.expect("event=lost", "it is killed: the session is lost")
    lab.target.start()
    lab.expect("is back at .*event=back", "and taken up again when it is back")
    rig.check(lab.guest, lab.wrote(), "files go on being written")
    lab.verify("istgt")


def authenticates(rig, kernel, initrd):
    for method, options in (("CHAP", CHAP), ("CHAP Mutual", MUTUAL)):
        disk = rig.disk()
        target = Istgt(rig, disk, method)
        guest = rig.boot(kernel, initrd, "quiet rw root=LABEL=rigroot " + target.word(*options))
        rig.check(guest, guest.expect("^ROOT-OK", 60), "istgt, %s: boots" % method)
        guest.wait()
        guest = rig.boot(kernel, initrd, "quiet rw root=LABEL=rigroot iscsi.onfail=poweroff " + target.word("username=me", "password=wrong-secret-99"))
        rig.check(guest, guest.wait(60) and guest.said(r"\[L0201\]"), "and a wrong secret is named so")
        target.kill()


CASES = {"writes": writes, "authenticates": authenticates}

if __name__ == "__main__":
    run_cases(CASES)
