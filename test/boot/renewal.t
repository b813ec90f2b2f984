#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lease under a root disk: renewed by the resident process; when the server is gone and the lease has run out, the
address stays and root lives; when the server is back, so is the lease. A namespace holds the cable, server and target."""

import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from rig import TOP, Kernel, NamespaceTarget, Process, Rig, run  # noqa: E402

SERVER, ADDRESS = "192.0.2.1", "192.0.2.50"
LEASE = 8  # seconds


def make_network(rig, name):
    run("ip", "netns", "add", name)
    for arguments in ("link set lo up", "tuntap add tap0 mode tap", "addr add %s/24 dev tap0" % SERVER,
                      "link set tap0 up"):
        run("ip", "-n", name, *arguments.split())
    program = rig.path("qemu", ".sh")
    with open(program, "w") as file:
        file.write('#!/bin/sh\nexec ip netns exec %s qemu-system-x86_64 "$@"\n' % name)
    os.chmod(program, 0o755)
    return program


class Server:
    """A DHCP server that says what it hears."""

    def __init__(self, rig, namespace):
        self.path = rig.path("dhcpd", ".log")
        self.process = Process(["ip", "netns", "exec", namespace, sys.executable,
                                os.path.join(TOP, "test", "net", "dhcpd.py"), "tap0", "address=" + ADDRESS,
                                "server=" + SERVER, "lease=%d" % LEASE], open(self.path, "wb"))
        rig.processes.append(self.process)

    def heard(self, pattern):
        with open(self.path) as file:
            return len(re.findall(pattern, file.read(), re.M))

    def wait_for(self, pattern, count, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.heard(pattern) < count:
            time.sleep(0.1)
        return self.heard(pattern) >= count


def main(rig, name):
    kernel = Kernel("6.1-cloud-amd64")
    program = make_network(rig, name)
    server = Server(rig, name)
    server.wait_for("^ready", 1, 20)
    lab = Lab(rig, kernel, rig.initrd(kernel), words="ip=dhcp", program=program,
              network=["-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no", "-device",
                       "virtio-net-pci,netdev=n0,romfile="], target=lambda disk: NamespaceTarget(rig, {1: disk}, name, SERVER))
    lab.start_writer()
    begun, seen = server.heard("^DISCOVER"), server.heard("^REQUEST " + ADDRESS)
    rig.check(lab.guest, server.wait_for("^REQUEST " + ADDRESS, seen + 3, 3 * LEASE),
              "the resident process renews the lease at half of its time, by unicast")
    rig.ok(server.heard("^DISCOVER") == begun, "and never had to begin anew")
    server.process.kill()
    lab.expect("the address stays on the interface", "without its server the lease runs out, which is said aloud", 4 * LEASE)
    rig.check(lab.guest, lab.wrote(4), "root lives on")
    rig.ok(ADDRESS in (lab.shell("ip addr show dev eth0") or ""), "with its address")
    lab.target.kill()
    lab.target.start()
    lab.expect("is back at", "and a lost session still comes back")
    again = Server(rig, name)
    rig.check(lab.guest, again.wait_for("^REQUEST", 1, 90), "when the server is back there is a lease again")
    rig.check(lab.guest, again.wait_for("^REQUEST " + ADDRESS, 1, 3 * LEASE), "which is renewed as before")
    lab.verify("through all this")


with Rig() as the_rig:
    namespace = "iscsi-init-renewal-%d" % os.getpid()
    try:
        main(the_rig, namespace)
    finally:
        for one in reversed(the_rig.processes):
            one.kill()
        run("ip", "netns", "del", namespace)
