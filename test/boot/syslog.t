#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The boot at a desk: a real rsyslogd gets the lines of a boot, of an outage and of a failure, and iscsi-init-boots reads its log."""

import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "net"), HERE]
from lab import Packages  # noqa: E402
from rig import HOST, TOP, Process, Target, run, run_cases  # noqa: E402

TOOL = os.path.join(TOP, "tools", "iscsi-init-boots")
CONFIGURATION = """global(workDirectory="%(folder)s")
module(load="%(modules)s/imudp.so")
input(type="imudp" address="127.0.0.1" port="%(port)d")
*.* action(type="omfile" file="%(log)s" template="RSYSLOG_SyslogProtocol23Format")
"""
# the format names the priority only when it is told to
CONFIGURATION = CONFIGURATION.replace("*.* action", 'template(name="whole" type="string" string="<%%PRI%%>1 %%TIMESTAMP:::date-rfc3339%% '
                                      '%%HOSTNAME%% %%APP-NAME%% %%PROCID%% %%MSGID%% %%STRUCTURED-DATA%% %%msg%%\\n")\n*.* action').replace(
                                          "RSYSLOG_SyslogProtocol23Format", "whole")


class Server:
    """rsyslogd with nothing but a UDP port and a file."""

    def __init__(self, rig):
        packages = Packages("rsyslog")
        unpacked = os.path.join(packages.folder, "usr", "sbin", "rsyslogd")
        modules = [folder for folder in (packages.folder + "/usr/lib/x86_64-linux-gnu/rsyslog", "/usr/lib/x86_64-linux-gnu/rsyslog")
                   if os.path.isdir(folder)][0]
        self.port, self.log = Target.free_port(), rig.path("syslog", ".log")
        configuration = rig.path("rsyslog", ".conf")
        with open(configuration, "w") as file:
            file.write(CONFIGURATION % {"folder": rig.folder, "modules": modules, "port": self.port, "log": self.log})
        self.said = rig.path("rsyslogd", ".log")
        with open(self.said, "wb") as said:
            self.process = Process([unpacked if os.path.exists(unpacked) else "rsyslogd", "-n", "-f", configuration, "-i",
                                    rig.path("rsyslogd", ".pid"), "-M", modules], said, env=packages.environment)
        rig.processes.append(self.process)

    def has(self, pattern, seconds=20):
        """Waits for a line."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.running():
            if os.path.exists(self.log) and re.search(pattern, open(self.log, errors="replace").read()):
                return True
            time.sleep(0.1)
        return False

    def text(self):
        shown = open(self.said, errors="replace").read()
        return shown + (open(self.log, errors="replace").read() if os.path.exists(self.log) else "")


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
    table = run(TOOL, server.log, "--svg", rig.path("boots", ".svg"))
    rig.ok(re.search(r"^\S+ +up +\d+ .* 1 ", table, re.M) and re.search(r"failed .*LABEL=nowhere", table),
           "iscsi-init-boots shows both boots, the outage and the error", table)
    with open(os.path.join(rig.folder, sorted(name for name in os.listdir(rig.folder) if name.endswith(".svg"))[0])) as file:
        drawing = file.read()
    rig.ok(drawing.count("<rect") > 15 and "handover" in drawing, "and draws them")
    nothing = subprocess.run([TOOL, os.devnull], capture_output=True, text=True)
    rig.ok(nothing.returncode == 1 and "no line of iscsi-init" in nothing.stderr, "a log without our lines is said", nothing.stderr)


def nobody(rig, kernel, initrd):
    """A server that does not listen, and one that no ARP request finds, hold nobody up."""
    disk = rig.disk()
    target = Target(rig, {1: disk})
    for word in ("iscsi.syslog=%s:9 " % HOST, "iscsi.syslog=10.0.2.77 "):
        guest = rig.boot(kernel, initrd, "quiet " + word + target.word() + " root=LABEL=rigroot")
        rig.check(guest, guest.expect("^DONE", 90), "boots with " + word)
        rig.ok(not guest.said("still waiting|log server"), "and waits for nothing", guest.console[-2000:])
        guest.wait()


CASES = {"boot": boot, "nobody": nobody}

if __name__ == "__main__":
    run_cases(CASES)
