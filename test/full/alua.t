#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""LIO with ALUA (SPC-4 5.15): one unit behind an active port and behind one in standby, unavailable, or changing its state. What
a boot says of such a port alone, and that it boots once the port is active; and beside the active one."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from lio import Lio  # noqa: E402
from rig import HOST, run_cases  # noqa: E402

IQN = "iqn.2026-01.test.lio:"
ACTIVE, STANDBY, UNAVAILABLE = 0, 2, 3
SCRIPT = """
target {0}active; open; enable
target {0}passive; open
g=$core/iblock_0/vda/alua/passive; mkdir $g; echo 1 >$g/tg_pt_gp_id; echo 3 >$g/alua_access_type
echo passive >$tpg/lun/lun_0/alua_tg_pt_gp
enable
""".format(IQN)
BY_LABEL = "loglevel=6 rw root=LABEL=rigroot "


class Array(Lio):
    def __init__(self, rig, kernel, disk):
        super().__init__(rig, kernel, [disk], SCRIPT)
        self.rig = rig

    def word(self, name, *options):
        return "iscsi=" + ",".join(["%s:%d" % (HOST, self.port), IQN + name] + list(options)) + " "

    def tell(self, command, wanted="did 0"):
        self.guest.send(command + "\n")
        self.rig.check(self.guest, self.guest.expect("^" + wanted, 60), "LIO is told: " + command)

    def set_state(self, state):
        self.tell("echo %d >$g/alua_access_state" % state)


def alone(rig, kernel, initrd):
    array = Array(rig, kernel, rig.disk())
    for state, says in ((STANDBY, "its port is in standby"), (UNAVAILABLE, "its port is unavailable")):
        array.set_state(state)
        guest = rig.boot(kernel, initrd, BY_LABEL + array.word("passive", "scan_timeout=120"))
        rig.check(guest, guest.expect("LUN 0 says: " + says, 90), "a boot from this port alone says: " + says)
        array.set_state(ACTIVE)
        rig.check(guest, guest.expect("^ROOT-OK", 90), "and goes on when the port is active")
        guest.wait()
    array.set_state(STANDBY)
    guest = rig.boot(kernel, initrd, BY_LABEL + "iscsi.onfail=poweroff " + array.word("passive", "scan_timeout=5"))
    rig.check(guest, guest.expect("within 5 s: .*LUN 0 says: its port is in standby", 90), "one that stays so fails the boot, with the reason")
    guest.kill()


def changing(rig, kernel, initrd):
    array = Array(rig, kernel, rig.disk())
    array.set_state(STANDBY)
    array.tell("echo 30000 >$g/trans_delay_msecs")
    array.guest.send("echo 0 >$g/alua_access_state\n")  # lasts for as long as the port is changing
    guest = rig.boot(kernel, initrd, BY_LABEL + array.word("passive", "scan_timeout=120"))
    rig.check(guest, guest.expect("LUN 0 says: its port changes its access state", 90), "a port that is changing its state is named so")
    rig.check(guest, guest.expect("^ROOT-OK", 90), "and used when it is active")
    guest.wait()


def beside(rig, kernel, initrd):
    array = Array(rig, kernel, rig.disk())
    array.set_state(STANDBY)
    for words in ("iscsi.multipath=no ", ""):
        guest = rig.boot(kernel, initrd, BY_LABEL + words + array.word("passive", "scan_timeout=5") + array.word("active"))
        rig.check(guest, guest.expect("^ROOT-OK", 90), "a port in standby does not stop a boot from the active one" +
                  (" (%s)" % words.strip() if words else ""))
        guest.wait()


CASES = {"alone": alone, "changing": changing, "beside": beside}

if __name__ == "__main__":
    run_cases(CASES)
