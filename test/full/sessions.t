#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The boot tests of a session's life, on each other kernel that Debian has: attach, digests, detach, outages and redirections,
Async Messages, a foreign disk."""

import os
import subprocess
import sys

BOOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot")
sys.path.insert(0, BOOT)
from rig import Rig  # noqa: E402

KERNELS = ("5.10-cloud-amd64", "6.12-cloud-amd64", "7.2-cloud-amd64")
TESTS = ("session.t", "recovery.t outages redirected", "async.t", "identity.t exchanged power-cut", "units.t reserved busy larger rescanned")

with Rig() as test:
    for kernel in KERNELS:
        for name in TESTS:
            if not sys.argv[1:] or sys.argv[1] in "%s %s" % (kernel, name):
                program, *cases = name.split()
                done = subprocess.run([os.path.join(BOOT, program)] + cases, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      env=dict(os.environ, KERNEL=kernel))
                said = done.stdout.decode("utf-8", "replace")
                test.ok(done.returncode == 0 and "not ok" not in said, "%s: %s" % (kernel, name), said)
