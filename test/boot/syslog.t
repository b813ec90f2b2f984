#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The boot at a desk: a real rsyslogd gets the lines of a boot, of an outage and of a failure, and iscsi-init-boots reads its log."""

import os
import re
import subprocess
import sys
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
from rig import HOST, TOP, Target, run, run_cases  # noqa: E402
from syslogd import Server  # noqa: E402

TOOL = os.path.join(TOP, "tools", "iscsi-init-boots")


def boot(rig, kernel, initrd):
    server = Server(rig)
    disk = rig.disk(script="read line\nsync\n")
    target = Target(rig, {1: disk}, accounts=[("me", "none-of-your-business")])
    word = "iscsi.syslog=%s:%d " % (HOST, server.port)
    guest = rig.boot(kernel, initrd, "quiet iscsi.log=info " + word + target.word("password=none-of-your-business", "username=me") +
                     " root=LABEL=rigroot rw")
    rig.check(guest, guest.expect("^ROOT-OK", 90), "the machine boots")
    rig.ok(server.has("boot times ms: "), "the server has the last line of the boot", server.text())
    text = server.text()
    rig.ok("eth0: address" in text, "and those from before the server could be reached", text)
    rig.ok(re.search(r"^<30>1 \S+ \S+ iscsi-init 1 - \[boot@32473 ms=\"\d+\" modules=\"\d+\" .*handover=\"\d+\"\] boot times ms", text, re.M),
           "the phases are structured data", text)
    target.kill()
    rig.ok(server.has(r"lost iqn\.2026-01\.test\.rig:t1 .*\(event=lost "), "an outage after the hand-over is there", server.text())
    time.sleep(2)
    target.start()
    rig.ok(server.has(r"is back .*\(event=back ", 60), "and its end", server.text())
    rig.ok("none-of-your-business" not in server.text(), "no secret is")
    guest.kill()
    guest = rig.boot(kernel, initrd, "iscsi.timeout=12 iscsi.onfail=poweroff " + word + target.word("password=none-of-your-business", "username=me") +
                     " root=LABEL=nowhere")
    guest.wait(90)
    rig.ok(server.has("root=LABEL=nowhere is not there"), "a boot that fails has its reason there", server.text())
    rig.ok(re.search(r"^<27>.* root=LABEL=nowhere is not there[^\n]*\n\Z", open(server.log).read(), re.M), "and nothing after it", server.text())
    table = run(TOOL, server.log, "--svg", rig.path("boots", ".svg"))
    rig.ok(re.search(r"^\S+ +up +\d+ .* 1 ", table, re.M) and re.search(r"failed .*LABEL=nowhere", table),
           "iscsi-init-boots shows both boots, the outage and the error", table)
    with open(os.path.join(rig.folder, sorted(name for name in os.listdir(rig.folder) if name.endswith(".svg"))[0])) as file:
        drawing = file.read()
    rig.ok(drawing.count("<rect") > 15 and "handover" in drawing, "and draws them")
    nothing = subprocess.run([TOOL, os.devnull], capture_output=True, text=True)
    rig.ok(nothing.returncode == 1 and "no line of iscsi-init" in nothing.stderr, "a log without our lines is said", nothing.stderr)


def last(rig, kernel, initrd):
    """However the machine ends: its last line is why."""
    disk = rig.disk()
    target = Target(rig, {1: disk})
    for how, end in (("crash", "Kernel panic"), ("reboot", "reboot: Restarting")):
        server = Server(rig)
        guest = rig.boot(kernel, initrd, "iscsi.timeout=40 iscsi.onfail=%s iscsi.syslog=%s:%d %s root=LABEL=rigroot init=/nothing" %
                         (how, HOST, server.port, target.word()))
        rig.check(guest, guest.expect(end, 90), "the machine ends by " + how)
        guest.wait(20)
        server.has(" has no program ")  # what came last is read and written last
        lines = open(server.log).read().splitlines()
        rig.ok(re.search(r"^<27>.* /dev/sda1 has no program /nothing", lines[-1]), "the last line at the server is why", "\n".join(lines))
        server.process.kill()


def nobody(rig, kernel, initrd):
    """A server that does not listen, and one that no ARP request finds, hold nobody up."""
    disk = rig.disk()
    target = Target(rig, {1: disk})
    for word in ("iscsi.syslog=%s:9 " % HOST, "iscsi.syslog=10.0.2.77 "):
        guest = rig.boot(kernel, initrd, "quiet " + word + target.word() + " root=LABEL=rigroot")
        rig.check(guest, guest.expect("^DONE", 90), "boots with " + word)
        rig.ok(not guest.said("still waiting|log server"), "and waits for nothing", guest.console[-2000:])
        guest.wait()


CASES = {"boot": boot, "last": last, "nobody": nobody}

if __name__ == "__main__":
    run_cases(CASES)
