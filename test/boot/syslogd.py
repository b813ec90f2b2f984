# SPDX-License-Identifier: MIT
"""A real rsyslogd, which is fetched and unpacked, not installed: UDP in, a file of RFC 5424 lines out."""

import importlib.util
import os
import re
import time

from rig import HERE, Process, Target

# as the manual page of iscsi-init-boots has it
CONFIGURATION = """global(workDirectory="%(folder)s")
module(load="%(modules)s/imudp.so")
input(type="imudp" address="%(address)s" port="%(port)d")
:programname, isequal, "iscsi-init" %(log)s;RSYSLOG_SyslogProtocol23Format
"""


class Server:
    """rsyslogd with nothing but a UDP port and a file."""

    @staticmethod
    def packages():
        """Fetched on the first call. Of test/net/lab.py: this folder has a lab.py of its own."""
        found = importlib.util.spec_from_file_location("net_lab", os.path.join(HERE, "..", "net", "lab.py"))
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module.Packages("rsyslog")

    def __init__(self, rig, address="127.0.0.1", port=0):
        packages = self.packages()
        unpacked = os.path.join(packages.folder, "usr", "sbin", "rsyslogd")
        modules = [folder for folder in (packages.folder + "/usr/lib/x86_64-linux-gnu/rsyslog", "/usr/lib/x86_64-linux-gnu/rsyslog")
                   if os.path.isdir(folder)][0]
        self.port, self.log = port or Target.free_port(), rig.path("syslog", ".log")
        configuration = rig.path("rsyslog", ".conf")
        with open(configuration, "w") as file:
            file.write(CONFIGURATION % {"folder": rig.folder, "modules": modules, "address": address, "port": self.port,
                                        "log": self.log})
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
