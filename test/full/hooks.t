#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our hooks in the distributions' own initrd builders (for mkinitcpio, which Debian has not, in a stand-in for it): the
initrd that they make boots from the iSCSI disk."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from rig import Kernel, Rig, Target  # noqa: E402
from builders import distribution_initrd  # noqa: E402

with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    for builder in sys.argv[1:] or ("initramfs-tools", "dracut", "mkinitcpio"):
        disk = rig.disk()
        target = Target(rig, {1: disk})
        guest = rig.boot(kernel, distribution_initrd(builder, kernel, rig.binary),
                         "quiet rdinit=/iscsi-init %s root=UUID=%s rw" % (target.word(), disk.UUID), memory=768)
        rig.check(guest, guest.expect("^ROOT-OK", 120), "an initrd by %s with our hook boots" % builder)
        rig.check(guest, guest.wait(), builder + ": powers off")
