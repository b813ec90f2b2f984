#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A target that starts at any moment of a boot is found within 1.5 s of its first listen: the guest's connection, as it reaches
the listener. The moments are random: SEED=n repeats them."""

import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from between import Link  # noqa: E402
from rig import HOST, Target, run_cases  # noqa: E402

SEED = int(os.environ.get("SEED", random.randrange(1000000)))
PROMISED_S = 1.5
WORDS = "loglevel=7 rw root=LABEL=rigroot "


class Late(Target):
    """tgtd behind a port where nobody listens until open()."""

    def __init__(self, rig, luns):
        super().__init__(rig, luns)
        self.front, self.reached = self.free_port(), None

    def portal(self):
        return "%s:%d" % (HOST, self.front)

    def open(self):
        """When it has begun to listen."""
        listener = socket.create_server(("127.0.0.1", self.front))
        threading.Thread(target=self.serve, args=(listener,), daemon=True).start()
        return time.monotonic()

    def serve(self, listener):
        while True:
            guest, _ = listener.accept()
            self.reached = self.reached or time.monotonic()
            Link(guest, socket.create_connection(("127.0.0.1", self.port)), [], lambda header, data, from_target: data)


def listens(rig, kernel, initrd, least, most):
    target = Late(rig, {1: rig.disk()})
    moment = random.uniform(least, most)
    guest = rig.boot(kernel, initrd, WORDS + target.word())
    has_network = guest.expect("eth0: address", moment)
    guest.expect("a line that nobody says", max(0, moment - guest.seconds()))
    since, what = target.open(), "it listens"
    if not has_network:
        guest.expect("eth0: address", 60)
        since, what = time.monotonic(), "the guest has its address"
    rig.check(guest, guest.expect("logged in to", 60), "a target that listens %.1f s after power-on is logged in to" % moment)
    logged_in = time.monotonic()
    rig.ok(target.reached - since <= PROMISED_S, "it is connected to within %.1f s after %s: %.2f s" % (PROMISED_S, what, target.reached - since))
    rig.note("logged in %.2f s after that" % (logged_in - since))
    rig.check(guest, guest.expect("^ROOT-OK", 60), "and the machine boots")
    guest.kill()


def moments(rig, kernel, initrd):
    rig.note("SEED=%d" % SEED)
    random.seed(SEED)
    for least, most in ((0, 2), (4, 7), (8, 12), (13, 20), (30, 40)):
        listens(rig, kernel, initrd, least, most)


def without_its_targets(rig, kernel, initrd):
    """tgtd listens, and is told its targets a moment later."""
    target = Target(rig, {1: rig.disk()}, start=False)
    guest = rig.boot(kernel, initrd, WORDS + target.word())
    guest.expect("a line that nobody says", 20)
    rig.ok(target.try_start(), "a portal opens 20 s after power-on, without targets")
    guest.expect("a line that nobody says", 1.2)  # it is asked in vain
    target.set_up()
    there = time.monotonic()
    rig.check(guest, guest.expect("logged in to", 60), "it has the target, which is logged in to")
    took = time.monotonic() - there
    rig.ok(took <= PROMISED_S, "within %.1f s: %.2f s" % (PROMISED_S, took))
    guest.kill()


CASES = {"moments": moments, "without": without_its_targets}

if __name__ == "__main__":
    run_cases(CASES)
