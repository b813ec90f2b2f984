#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One guest, one fault after the other for MINUTES (10), chosen by SEED, while a writer runs: after each fault files are
written again within 60 s, and in the end every byte is there. `make soak MINUTES=30 SEED=7`; FAULTS="slow dhcp": just these.

Each round has every fault once, in an order of its own; some come on a cable that is slow or loses frames besides.
"""

import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "boot")]
import between  # noqa: E402
from between import Between  # noqa: E402
from cable import Cable  # noqa: E402
from lab import Bomb, Lab, programs  # noqa: E402
from rig import MIB, TOP, Disk, Kernel, Process, Rig  # noqa: E402

SERVER, ADDRESS = "192.0.2.1", "192.0.2.50"
RETURN = 60  # seconds from a fault's end until files are written again
LONGEST = 12  # seconds that a fault is held
INITIATOR = "iqn.2026-01.test.rig:host"
DISK_BYTES = 160 * MIB
FOREIGN = bytes(range(256)) * 4096  # 1 MiB that nobody may touch
ISCSID_CONF = """node.session.timeo.replacement_timeout = 3600
node.conn[0].timeo.noop_out_interval = 2
node.conn[0].timeo.noop_out_timeout = 3
"""
HOGS = ("touch /run/hogs; (sleep 1; dd if=/dev/zero of=/dirty bs=1M count=40 & "
        "for i in 1 2 3; do dd if=/dev/zero bs=40M count=8 of=/dev/null & done; wait; rm -f /dirty /run/hogs) 2>/dev/null &")


class Portal(Between):
    host = listen_on = SERVER


class Server:
    """The DHCP server, which may come back with other answers."""

    def __init__(self, rig, cable):
        self.rig, self.cable, self.process = rig, cable, None

    def start(self, *options):
        self.process = Process([sys.executable, os.path.join(TOP, "test", "net", "dhcpd.py"), self.cable.interface,
                                "address=" + ADDRESS, "server=" + SERVER] + list(options),
                               open(self.rig.path("dhcpd", ".log"), "wb"))
        self.rig.processes.append(self.process)


def root_files(rig):
    files = programs("/sbin/iscsid", "/sbin/iscsiadm")
    files["/etc/iscsi/iscsid.conf"] = ISCSID_CONF
    files["/etc/iscsi/initiatorname.iscsi"] = "InitiatorName=%s\n" % INITIATOR
    files.update(Bomb.files())
    with open(rig.binary, "rb") as file:
        files["/bin/iscsi-init"] = file.read()
    return files


class Soak:
    def __init__(self, rig, seed):
        kernel = Kernel("6.1-cloud-amd64")
        initrd = rig.initrd(kernel)
        self.rig, self.random = rig, random.Random(seed)
        self.cable = Cable(rig, SERVER, seed)
        self.server = Server(rig, self.cable)
        self.server.start("lease=8")
        self.lab = Lab(rig, kernel, initrd, ["initiator=" + INITIATOR, "noop_out_interval=1", "noop_out_timeout=2"],
                       words="ip=dhcp", network=self.cable.options, memory=192, size=DISK_BYTES, files=root_files(rig),
                       target=lambda disk: Portal(rig, {1: disk}))
        self.target, self.guest = self.lab.target, self.lab.guest
        self.foreign = None
        self.returns = {}  # fault -> seconds until files were written again

    # ---- what may happen

    def hold(self, longest=LONGEST):
        time.sleep(self.random.uniform(0.1, longest))

    def shell(self, command):
        if self.lab.shell(command, RETURN) is None:
            raise RuntimeError("the guest's shell does not answer: " + command)

    def restarted(self):
        self.target.kill()
        self.hold()
        self.target.start()

    def another_disk(self):
        """The target comes back with a disk of another identity behind the LUN, then with the right one."""
        if not self.foreign:
            self.foreign = Disk(self.rig.path("foreign", ".img"), "scsi_id=other-disk,scsi_sn=other")
            with open(self.foreign.path, "wb") as file:
                for _ in range(DISK_BYTES // MIB):
                    file.write(FOREIGN)
        right = self.target.luns
        self.target.kill()
        self.target.luns = {1: self.foreign}
        self.target.start()
        self.hold()
        self.target.kill()
        self.target.luns = right
        self.target.start()

    def unplugged(self):
        self.guest.monitor("set_link", name="n0", up=False)
        self.hold()
        self.guest.monitor("set_link", name="n0", up=True)

    def silent(self):
        self.cable.cut = True
        self.hold()
        self.cable.cut = False

    def slow(self):
        self.cable.delay = self.random.uniform(0.02, 0.3)
        self.hold()
        self.cable.delay = 0

    def lossy(self):
        self.cable.loss = self.random.uniform(0.02, 0.25)
        self.hold()
        self.cable.loss = 0

    def dropped(self):
        for _ in range(self.random.randint(1, 5)):
            self.target.drop()
            self.hold(2)

    def asked_to_leave(self):
        for _ in range(self.random.randint(1, 20)):
            try:
                self.target.say(self.random.choice((between.REQUEST_LOGOUT, between.DROPS_CONNECTION, between.DROPS_ALL,
                                                    between.NEGOTIATE)))
            except (OSError, IndexError):
                pass  # no connection just now
            self.hold(1)

    def redirected(self):
        self.target.redirects = True
        self.target.drop()
        self.hold()
        self.target.redirects = False
        self.target.drop()

    def short_of_memory(self):
        self.shell(HOGS)
        self.restarted()
        self.lab_is_back()
        self.shell("while [ -e /run/hogs ]; do usleep 100000; done")

    def fork_bomb(self):
        """The session comes back while every ordinary process waits for its turn."""
        bomb = Bomb(self.lab, RETURN)
        parts = bomb.explode()
        self.target.kill()
        self.hold()
        self.lab.skip()
        begun = time.monotonic()
        self.target.start()
        back = self.guest.expect("event=back", RETURN)
        self.rig.note("under a fork bomb of %d processes: %s" %
                      (parts, "back after %.1f s" % (time.monotonic() - begun) if back else "NOT BACK"))
        if not back:
            raise RuntimeError("no recovery within %d s under a fork bomb" % RETURN)
        bomb.clear()

    def clock_jumps(self):
        for _ in range(2):
            self.shell("date -s @$(($(date +%%s) + %d)) >/dev/null" % self.random.randint(-90000, 90000))
            self.target.drop()
            self.hold(3)

    def other_leases(self):
        self.server.process.kill()
        self.hold(20)
        self.server.start("lease=%d" % self.random.randint(4, 30),
                          *self.random.sample(["router=" + SERVER, "mtu=1400", "twice=1", "delay=1"], 2))
        self.hold()

    def left_to_iscsid(self):
        if not self.lab.saw("mkdir -p /run/lock/iscsi; iscsid", "event=parked", RETURN):
            raise RuntimeError("the supervisor does not step aside for iscsid")
        self.target.drop()
        self.hold()
        self.lab_is_back()
        self.shell("kill -9 $(pidof iscsid)")
        self.target.drop()

    # ---- the course of it

    def lab_is_back(self):
        """Seconds until two more files are written: the first may have been on its way. None: not in time."""
        begun = time.monotonic()
        self.lab.skip()
        for _ in range(2):
            if not self.guest.expect("^WROTE ", begun + RETURN - time.monotonic()):
                return None
        return time.monotonic() - begun

    def suffer(self, name):
        """One fault; True: files are written again in time."""
        beside = self.random.choice(("", "", "delay", "loss"))
        if beside and name not in ("slow", "lossy", "silent"):
            setattr(self.cable, beside, self.random.uniform(0.01, 0.1))
        begun = time.monotonic()
        getattr(self, name)()
        self.cable.delay = self.cable.loss = 0
        held = time.monotonic() - begun
        took = self.lab_is_back()
        self.rig.note("%4.0f s: %s%s for %.1f s, %s" %
                      (self.guest.seconds(), name, beside and " with " + beside, held,
                       "NOT BACK" if took is None else "back after %.1f s" % took))
        self.returns.setdefault(name, []).append(took)
        return took is not None

    def go_on(self, seconds, faults):
        end = time.monotonic() + seconds
        while True:
            for name in self.random.sample(faults, len(faults)):
                if time.monotonic() > end:
                    return
                if not self.suffer(name):
                    self.rig.check(self.guest, False, "after '%s' files are written within %d s" % (name, RETURN))
                    return

    def judge(self):
        for name, times in self.returns.items():
            if None not in times:
                self.rig.ok(True, "%s, %d times: files are written again %.1f s after it at the latest" %
                            (name, len(times), max(times)))
        if self.foreign:
            with open(self.foreign.path, "rb") as file:
                self.rig.ok(all(piece == FOREIGN for piece in iter(lambda: file.read(MIB), b"")),
                            "not a byte of the other disk was touched")
        self.lab.verify("after all this")


FAULTS = ["restarted", "unplugged", "silent", "slow", "lossy", "dropped", "asked_to_leave", "redirected", "short_of_memory",
          "fork_bomb", "clock_jumps", "other_leases", "left_to_iscsid"]
if os.path.exists(os.path.join(TOP, "session", "unit_proof.c")):
    FAULTS.append("another_disk")

if __name__ == "__main__":
    with Rig() as the_rig:
        the_seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
        the_minutes = float(os.environ.get("MINUTES") or 10)
        the_rig.note("SEED=%d MINUTES=%g" % (the_seed, the_minutes))
        soak = Soak(the_rig, the_seed)
        soak.lab.start_writer()
        soak.go_on(60 * the_minutes, os.environ.get("FAULTS", "").split() or FAULTS)
        soak.judge()
