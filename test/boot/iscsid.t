#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's iscsid in the real root: it takes the session over with the right settings, the supervisor steps aside before
the two fight, and takes the session back when iscsid dies. A writer runs all the while."""

import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, programs  # noqa: E402
from rig import Kernel, Rig, Target  # noqa: E402

CONFIG = """
node.session.timeo.replacement_timeout = 77
node.conn[0].timeo.noop_out_interval = 5
node.conn[0].timeo.noop_out_timeout = 5
"""
USER, SECRET = "inuser", "insecret123456"
USER_IN, SECRET_IN = "outuser", "outsecret1234"


def root_files(rig, initiator):
    files = programs("/sbin/iscsid", "/sbin/iscsiadm")
    files["/etc/iscsi/iscsid.conf"] = CONFIG
    files["/etc/iscsi/initiatorname.iscsi"] = "InitiatorName=%s\n" % initiator
    files["/etc/passwd"] = "root:x:0:0::/:/bin/sh\n"
    with open(rig.binary, "rb") as file:
        files["/bin/iscsi-init"] = file.read()
    return files


def said(guest, pattern):
    return len(re.findall(pattern, guest.console))


def takes_over(rig, kernel, initrd):
    name = "iqn.2026-01.test.rig:host"
    lab = Lab(rig, kernel, initrd,
              ["initiator=" + name, "username=" + USER, "password=" + SECRET, "username_in=" + USER_IN, "password_in=" + SECRET_IN,
               "chap_algs=MD5", "replacement_timeout=500"],
              files=root_files(rig, name), size=96 << 20,
              target=lambda disk: Target(rig, {1: disk}, accounts=((USER, SECRET), (USER_IN, SECRET_IN, "--outgoing"))))
    rig.ok(lab.guest.said("root's I/O fails 77 s after"), "what iscsid's own settings will change is said beforehand")
    lab.start_writer()
    lab.shell("sh -c 'echo iscsid >/proc/$$/comm; while :; do sleep 3; done' >/dev/null 2>&1 &")
    lab.target.kill()
    lab.target.start()
    lab.expect(r"is back at", "a process that has no more of iscsid than its name is not believed")
    rig.ok("event=parked" not in lab.guest.console, "and nothing is left to it")
    lab.shell("kill -9 $(pidof iscsid)")
    before = lab.shell("iscsiadm -m session -P 3; ls /sys/class/iscsi_session") or ""
    lab.shell("mount -o remount,hidepid=2,gid=1000 /proc")
    rig.ok("gid=1000" in (lab.shell("grep ' /proc ' /proc/mounts") or ""), "the system hides its processes from others")
    lab.expect(r"iscsid looks after it from now on \(event=parked", "the supervisor steps aside for iscsid all the same",
               after="mkdir -p /run/lock/iscsi; iscsid")
    rig.check(lab.guest, lab.wrote(3), "files go on being written")
    rig.ok(lab.target.sessions() == 1, "the target has one session, not two")
    print_3 = lab.shell("iscsiadm -m session -P 3") or ""
    for what, pattern in (("target", r"Target: %s" % re.escape(lab.target.name)),
                          ("portal", r"Current Portal: 10\.0\.2\.2:%d,1" % lab.target.port),
                          ("persistent portal", r"Persistent Portal: 10\.0\.2\.2:%d,1" % lab.target.port),
                          ("interface", r"Iface Name: default"), ("initiator", r"Iface Initiatorname: " + name),
                          ("state", r"iSCSI Connection State: LOGGED IN"), ("session", r"iSCSI Session State: LOGGED_IN"),
                          ("CHAP name", r"username: " + USER), ("CHAP secret", r"password: \*+"),
                          ("CHAP name of the target", r"username_in: " + USER_IN),
                          ("CHAP secret of the target", r"password_in: \*+"),
                          ("disk", r"Attached scsi disk sda\s+State: running"),
                          ("burst", r"MaxBurstLength: 262144"), ("R2T", r"MaxOutstandingR2T: 1$")):
        rig.ok(re.search(pattern, print_3, re.M), "iscsiadm -m session -P 3 shows the right " + what,
               before + "\n----\n" + print_3)
    lost = said(lab.guest, "event=lost")
    lab.target.kill()
    lab.target.start()
    rig.check(lab.guest, lab.wrote(6), "iscsid alone brings the session back after an outage")
    rig.ok(lab.target.sessions() == 1 and said(lab.guest, "event=lost") == lost,
           "and the supervisor keeps out of it", "%d outages of the supervisor's" % said(lab.guest, "event=lost"))
    listed = lab.shell("iscsi-init list") or ""
    rig.ok("state: left to iscsid since" in listed and re.search(r"repaired by: iscsid \(process \d+\)", listed),
           "list says who looks after the session", listed)
    lab.expect("event=returned", "when iscsid is killed the supervisor takes the session back", after="kill -9 $(pidof iscsid)")
    rig.ok(lab.shell("cat /sys/class/iscsi_session/session1/recovery_tmo") == "500", "and its settings")
    lab.target.kill()
    lab.target.start()
    lab.expect(r"is back at", "and recovers it itself after the next outage")
    rig.check(lab.guest, lab.wrote(3), "files go on being written")
    lab.target.kill()
    lab.expect("event=parked", "iscsid that is started while the target is away has the session, too",
               after="(sleep 1; exec iscsid) >/dev/null 2>&1 &")
    time.sleep(1)
    lab.target.start()
    rig.check(lab.guest, lab.wrote(4), "and brings it back")
    rig.ok(lab.target.sessions() == 1, "once")
    lab.verify("with iscsid")


if __name__ == "__main__":
    with Rig() as the_rig:
        cloud = Kernel("6.1-cloud-amd64")
        takes_over(the_rig, cloud, the_rig.initrd(cloud))
