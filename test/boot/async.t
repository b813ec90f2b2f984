#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A target that asks for a logout or announces that it drops the connection (RFC 7143 11.9): the session leaves, comes
again, and no byte is lost. Something between guest and target slips the Async Messages in."""

import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from between import DROPS_ALL, DROPS_CONNECTION, LOGOUT_REQUEST, NEGOTIATE, OF_VENDOR, REQUEST_LOGOUT, Between  # noqa: E402
from lab import Lab  # noqa: E402
from rig import Kernel, Rig  # noqa: E402


with Rig() as rig:
    cloud = Kernel(os.environ.get("KERNEL", "6.1-cloud-amd64"))
    lab = Lab(rig, cloud, rig.initrd(cloud), target=lambda disk: Between(rig, {1: disk}))
    lab.start_writer()
    for turn in range(2):
        lab.lasts()
        lab.target.opcodes.clear()
        lab.target.say(REQUEST_LOGOUT)
        lab.expect("lost .*the target asked for a logout", "a logout that the target asks for is noticed")
        lab.expect("is back at", "and the session comes again")
        rig.ok(LOGOUT_REQUEST in lab.target.opcodes, "after a Logout Request that told the target so")
        rig.check(lab.guest, lab.wrote(2), "files are written again")
    for event, name in ((DROPS_CONNECTION, "the connection"), (DROPS_ALL, "every connection")):
        lab.lasts()
        lab.target.opcodes.clear()
        lab.target.say(event)
        lab.expect("lost .*announced that it drops the connection", "a target that says it drops %s is left" % name)
        lab.expect("is back at", "and the session comes again")
        rig.check(lab.guest, lab.wrote(2), "files are written again")
    lab.lasts()
    lab.target.say(NEGOTIATE)
    lab.expect("is back at", "a target that wants to negotiate gets a new login")
    rig.check(lab.guest, lab.wrote(2), "files are written again")
    lab.target.say(OF_VENDOR)
    time.sleep(0.5)
    rig.check(lab.guest, lab.wrote(2), "an Async Message that asks for nothing vital changes nothing")
    before = len(re.findall("event=back", lab.guest.console))
    spent = lab.shell("cut -d ' ' -f 1 /proc/$(resident)/schedstat") or "0"
    lab.lasts()
    lab.target.say(NEGOTIATE, 6000, ends=True)
    rig.check(lab.guest, len(re.findall("event=back", lab.guest.console)) > before or lab.guest.expect("event=back", 60),
              "6000 Async Messages hide no lost connection")
    rig.check(lab.guest, lab.wrote(2), "files are written again")
    spent = int(lab.shell("cut -d ' ' -f 1 /proc/$(resident)/schedstat") or 0) - int(spent)
    rig.ok(0 < spent < 2e9, "and cost less than two seconds of the processor (%d ms)" % (spent / 1e6))
    lab.verify("asked to leave, and dropped")
