#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Less common words of the kernel's and udev's for root, words for modules, and modules packed in every way."""

import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import IMAGE_TOOL, Kernel, Rig, Target, run  # noqa: E402

PARTUUID = "0b7a1c52-95a4-4a53-9c6e-6e1f6d2c8f01"
GZIPPED = "iscsi_tcp libiscsi libiscsi_tcp scsi_transport_iscsi"
PACKERS = (("zstd -q --rm", "zst", "virtio_net net_failover failover"),
           ("xz", "xz", "sd_mod scsi_mod scsi_common t10-pi crc-t10dif crct10dif_common"))  # xz by itself: CRC64


def boots(rig, kernel, initrd, words, flags="ro", script="", seconds=60):
    """words: with {target.port} and the like. The guest, at its root's end."""
    target = Target(rig, {1: rig.disk(script=script)})
    words = words.format(target=target)
    guest = rig.boot(kernel, initrd, "quiet iscsi.timeout=60 %s %s" % (target.word(), words))
    guest.expect("^DONE", seconds)
    rig.check(guest, "/dev/sda1 / ext4 " + flags in guest.section("mounts"), "boots with " + words)
    guest.wait()
    return guest


def roots(rig, kernel, initrd):
    boots(rig, kernel, initrd, "root=/dev/disk/by-path/ip-10.0.2.2:{target.port}-iscsi-{target.name}-lun-1-part1 rw", "rw")
    boots(rig, kernel, initrd, "root=8:1 rootfstype=xfs,ext4 rootflags=noatime", "ro,noatime")
    boots(rig, kernel, initrd, "root=0801 rootwait=20 rootdelay=0x1")
    boots(rig, kernel, initrd, "root=PARTUUID=%s/PARTNROFF=0" % PARTUUID.upper())
    boots(rig, kernel, initrd, "root=/dev/disk/by-partlabel/rigpart")


def module_words(rig, kernel, initrd):
    show = "cat /sys/module/iscsi_tcp/parameters/max_lun | show max_lun; ls /sys/module | show modules\n"
    guest = boots(rig, kernel, initrd, "root=/dev/sda1 iscsi_tcp.max_lun=77 modprobe.blacklist=ne2k_pci,floppy", script=show)
    rig.ok(guest.section("max_lun").split() == ["77"], "module.param= reaches the module", guest.section("max_lun"))
    target = Target(rig, {1: rig.disk()})
    for word in ("modprobe.blacklist", "module_blacklist"):
        guest = rig.boot(kernel, initrd, "quiet iscsi.timeout=12 root=/dev/sda1 %s %s=virtio_net" % (target.word(), word))
        rig.check(guest, guest.expect(r"iscsi-init: 10 s, still waiting for a network interface", 40),
                  word + "= keeps the card's driver out, and a quiet console says what is waited for")
        rig.check(guest, guest.expect(r"gave up after 12 s \(iscsi.timeout\), waiting for a network interface", 40),
                  "and that it gave up")
        guest.wait()


def packed(rig, kernel):
    """An image in which gzip, zstd and xz stand side by side, as the packages' own modules do not. gzip is put into the
    ready image, under the old names: Debian's depmod cannot read it, and libkmod looks at the bytes."""
    root = os.path.join(rig.folder, "packed")
    tree = os.path.join(root, "lib", "modules", kernel.version)
    run("cp", "-a", "--reflink=auto", kernel.modules, run_parent(tree))
    kinds = {}
    for command, ending, names in PACKERS:
        for path in modules(tree, names):
            run(*command.split(), path)
            kinds[ending] = kinds.get(ending, 0) + 1
    run("depmod", "-b", root, kernel.version)
    image, unpacked = rig.path("packed", ".initrd"), rig.path("unpacked", "")
    run(IMAGE_TOOL, "--modules", tree, "--binary", rig.binary, "--compress", "none", "--nic", "virtio_net", "-o", image)
    os.mkdir(unpacked)
    run("sh", "-c", "cpio --quiet -idm <%s" % image, cwd=unpacked)
    for path in modules(unpacked, GZIPPED):
        run("gzip", "-n", path)
        os.rename(path + ".gz", path)
        kinds["gz"] = kinds.get("gz", 0) + 1
    run("sh", "-c", "find . | cpio --quiet -o -H newc >%s" % image, cwd=unpacked)
    rig.ok(set(kinds) == {"gz", "zst", "xz"}, "modules packed in three ways: %s" % kinds)
    boots(rig, kernel, image, "root=/dev/sda1")


def modules(tree, names):
    return [path for name in names.split()
            for path in glob.glob(os.path.join(tree, "**", name.replace("-", "[-_]") + ".ko"), recursive=True)]


def run_parent(path):
    os.makedirs(os.path.dirname(path))
    return path


if __name__ == "__main__":
    with Rig() as the_rig:
        cloud = Kernel("6.1-cloud-amd64")
        archive = the_rig.initrd(cloud)
        roots(the_rig, cloud, archive)
        module_words(the_rig, cloud, archive)
        packed(the_rig, cloud)
