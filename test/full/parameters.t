#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""64 ways to negotiate how data travels: immediate data, R2T, bursts, data segments and digests. In each the kernel has what was
agreed upon, and a MiB that is written comes back as it was."""

import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from rig import HOST, Kernel, Rig, Target  # noqa: E402

YES_NO = ("Yes", "No")
KEYS = {"ImmediateData": YES_NO, "InitialR2T": YES_NO, "FirstBurstLength": (512, 65536), "MaxBurstLength": (4096, 1048576),
        "MaxRecvDataSegmentLength": (512, 262144), "HeaderDigest": ("None", "CRC32C")}
ONE = r"""
one() {
	/sbin/iscsi-init attach "$1" >/tmp/said 2>&1 || { cat /tmp/said; return; }
	number=$(sed -n 's/^session \([0-9]*\): .*/\1/p' /tmp/said)
	disk=$(sed -n 's|^session .* /dev/|/dev/|p' /tmp/said)
	session=/sys/class/iscsi_session/session$number
	(cd $session && cat immediate_data initial_r2t first_burst_len max_burst_len)
	(cd $session/device/connection*/iscsi_connection/* && cat max_recv_dlength header_digest data_digest)
	dd if=/tmp/data of=$disk bs=1M oflag=direct 2>/dev/null
	dd if=$disk bs=1M count=1 iflag=direct 2>/dev/null | cmp - /tmp/data && echo same
	/sbin/iscsi-init detach $number >/tmp/said 2>&1 || cat /tmp/said
	head -c 1048576 /dev/urandom >/tmp/data
}
mount -t tmpfs tmpfs /tmp
head -c 1048576 /dev/urandom >/tmp/data
"""


def expected(way):
    """What both agree upon (RFC 7143 13.10 to 13.14): the target wants no R2T, takes immediate data, and bounds nothing."""
    digest = "1" if way["HeaderDigest"] == "CRC32C" else "0"
    return ["1" if way["ImmediateData"] == "Yes" else "0", "1" if way["InitialR2T"] == "Yes" else "0",
            str(min(way["FirstBurstLength"], way["MaxBurstLength"])), str(way["MaxBurstLength"]), str(way["MaxRecvDataSegmentLength"]),
            digest, digest, "same"]


with Rig() as rig:
    ways = [dict(zip(KEYS, values)) for values in itertools.product(*KEYS.values())]
    target = Target(rig, {1: rig.disk(table="none")}, name="iqn.2026-01.test.rig:data", parameters=(
        ("InitialR2T", "No"), ("FirstBurstLength", 262144), ("MaxBurstLength", 16776192),
        ("HeaderDigest", "None,CRC32C"), ("DataDigest", "None,CRC32C")))
    script = ONE
    for number, way in enumerate(ways):
        options = ",".join("%s=%s" % pair for pair in way.items()) + ",DataDigest=" + way["HeaderDigest"]
        script += "one %s:%d,%s,%s 2>&1 | show %d\n" % (HOST, target.port, target.name, options, number)
    with open(rig.binary, "rb") as file:
        disk = rig.disk(script=script, files={"/sbin/iscsi-init": file.read()})
    kernel = Kernel("6.1-cloud-amd64")
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet rw root=/dev/sda1 " + Target(rig, {1: disk}).word())
    rig.check(guest, guest.expect("^DONE", 300), "the machine boots, and all is tried")
    for number, way in enumerate(ways):
        shown = guest.section(str(number)).split()
        rig.ok(shown == expected(way), " ".join("%s=%s" % pair for pair in way.items()),
               "expected: %s\ngot: %s" % (expected(way), shown))
    guest.wait()
