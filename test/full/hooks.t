#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our hooks in the distributions' own initrd builders (for mkinitcpio, which Debian has not, in a stand-in for it): the
initrd that they make boots from the iSCSI disk, also with a program that was installed elsewhere; without a program none
is made."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from rig import TOP, Kernel, Rig, Target, run  # noqa: E402
from builders import build, distribution_initrd, hook_of  # noqa: E402


def boots(rig, kernel, builder):
    disk = rig.disk()
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, distribution_initrd(builder, kernel, rig.binary),
                     "quiet rdinit=/iscsi-init %s root=UUID=%s rw" % (target.word(), disk.UUID), memory=768)
    rig.check(guest, guest.expect("^ROOT-OK", 120), "an initrd by %s with our hook boots" % builder)
    rig.check(guest, guest.wait(), builder + ": powers off")


def names_in(image):
    """What is in the image: of all its archives, packed or not."""
    return run("sh", "-ec", "lsinitramfs %s 2>/dev/null || { gzip -dc %s || cat %s; } | cpio -it --quiet" % ((image,) * 3))


def finds_installed(rig, kernel, builder, prefix):
    image = rig.path("installed", ".initrd")
    build(builder, kernel, hook_of(builder, os.path.join(prefix, "share", "iscsi-init", "hooks")), image)
    names = [name.lstrip("./") for name in names_in(image).splitlines()]
    rig.ok("iscsi-init" in names, "%s: the hook that make install wrote finds the program below its PREFIX" % builder,
           "\n".join(names[:20]))
    missing = [card for card in ("virtio_net", "hv_netvsc", "vmxnet3", "xen-netfront") if "/%s.ko" % card not in "\n".join(names)]
    rig.ok(not missing, "%s: the cards of virtual machines are in the image" % builder, " ".join(missing))


def fails_without(rig, kernel, builder, prefix):
    image = rig.path("without", ".initrd")
    program = os.path.join(prefix, "sbin", "iscsi-init")
    os.rename(program, program + ".away")
    try:
        build(builder, kernel, hook_of(builder, os.path.join(prefix, "share", "iscsi-init", "hooks")), image)
        said = "it made an image"
    except RuntimeError as error:
        said = str(error)
    os.rename(program + ".away", program)
    rig.ok("there is no program " + program in said, "%s: without a program it fails, and says why" % builder, said)
    rig.ok(not os.path.exists(image) or not os.path.getsize(image), "%s: and there is no image" % builder)


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    prefix = os.path.join(rig.folder, "prefix")
    run("make", "-C", TOP, "install", "PREFIX=" + prefix, env={name: value for name, value in os.environ.items()
                                                               if not name.startswith("MAKE") and name != "MFLAGS"})
    for place in ("/usr/sbin/iscsi-init", "/usr/local/sbin/iscsi-init"):
        rig.ok(not os.path.exists(place), "this machine has no %s that a hook could find instead" % place)
    for builder in sys.argv[1:] or ("initramfs-tools", "dracut", "mkinitcpio"):
        boots(rig, kernel, builder)
        finds_installed(rig, kernel, builder, prefix)
        fails_without(rig, kernel, builder, prefix)
