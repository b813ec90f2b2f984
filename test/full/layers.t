#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's systemd on a root that is shared: a layer in memory, a layer on another disk, and both the layer and the hash tree. All
units come up, nothing complains at the end, and the shared image keeps its every bit. Then each form of tree that veritysetup
makes, and an image of systemd-repart."""

import itertools
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
import distro  # noqa: E402
from layers import digest, hash_of, verified_disk  # noqa: E402
from rig import INIT, MIB, Disk, Kernel, Rig, Target, make_root_tree, run  # noqa: E402

SUITES = {"bookworm": ("ifupdown", True), "trixie": ("ifupdown", False)}
CLONE = {"/etc/machine-id": "", "/etc/hostname": ""}


class Layered(distro.Machine):
    """A machine whose root is a layer over the disk, or over its verified copy. layer: a disk for what is written."""

    def __init__(self, rig, kernel, disk, words, layer=None):
        self.rig, self.disk = rig, disk
        self.target = Target(rig, {1: disk, 2: layer} if layer else {1: disk})
        self.booted = self.ended = None
        self.guest = rig.boot(kernel, rig.initrd(kernel), distro.words("own", self.target) + " " + words, memory=1024, network=[
            "-netdev", "user,id=n0,hostname=rack07", "-device", "virtio-net-pci,netdev=n0,romfile="])
        if self.guest.expect("^LAB-READY", 240):
            self.booted = self.guest.seconds()


def is_clean(disk):
    return "Filesystem state:         clean" in run("dumpe2fs", "-h", "%s?offset=%d" % (disk.path, MIB))


def play(rig, name, machine, source="overlay"):
    """From multi-user to off."""
    guest = machine.guest
    rig.check(guest, machine.booted, name + ": boots to multi-user")
    if not machine.booted:
        guest.kill()
        return
    rig.ok(machine.failed() == "" and guest.section("state").strip().endswith("running"), name + ": no unit has failed, no job waits",
           guest.section("state") + "\n" + machine.failed() + "\n" +
           str(machine.shell("for u in $(systemctl --failed --no-legend --plain | cut -d ' ' -f 1); do systemctl status -l $u; done")))
    rig.ok(machine.shell("findmnt -n -o SOURCE,FSTYPE /").split() == [source, "overlay"], name + ": findmnt shows the layered root",
           machine.shell("findmnt"))
    lower = machine.shell("findmnt -n -o TARGET,FSTYPE,OPTIONS /run/iscsi-init/root-ro") or ""
    rig.ok(re.match(r"/run/iscsi-init/root-ro +ext4 +ro", lower), name + ": and the disk below it, read-only", lower)
    machine.shell("mount -o remount,rw /")
    rig.ok(machine.status == 0 or name.startswith("trixie"), name + ": root can be remounted by hand")
    rig.ok(machine.write("file") == "written", name + ": root can be written to")
    rig.ok(machine.shell("systemctl is-active systemd-remount-fs") == "active", name + ": systemd-remount-fs did no harm")
    identity = machine.shell("cat /etc/machine-id") or ""
    rig.ok(re.fullmatch("[0-9a-f]{32}", identity), name + ": the empty machine-id was filled", identity)
    rig.ok(machine.shell("hostname") == "rack07", name + ": the name is the lease's", machine.shell("hostname; hostnamectl"))
    rig.check(guest, machine.end(), name + ": powers off")
    rig.ok("FAILED" not in guest.console and "Failed to" not in guest.console, name + ": systemd complained of nothing",
           "\n".join(guest.console.splitlines()[-60:]))
    rig.ok(machine.target.sessions() == 0, name + ": the target has no session left")
    rig.note("%s: multi-user after %.0f s, off after %.0f s" % (name, machine.booted, machine.ended or 0))
    machine.target.kill()


def plain_of(rig, disk):
    """The file system alone, as veritysetup gets it."""
    plain = Disk(rig.path("plain", ".img"))
    run("dd", "if=" + disk.path, "of=" + plain.path, "bs=1M", "skip=1", "count=%d" % (distro.SIZE // MIB - 2), "conv=sparse")
    return plain


def root_of(rig, suite):
    manager, iscsid = SUITES[suite]
    kernel = Kernel(distro.KERNELS[suite])
    return kernel, distro.root(rig, suite, manager, iscsid, kernel, dict(distro.interfaces("eth0"), **CLONE))


def memory(rig, suite):
    kernel, disk = root_of(rig, suite)
    before = digest(disk)
    name = suite + ", a layer in memory"
    play(rig, name, Layered(rig, kernel, disk, "net.ifnames=0 systemd.volatile=overlay"))
    rig.ok(digest(disk) == before, name + ": the image has not changed")


def device(rig, suite):
    kernel, disk = root_of(rig, suite)
    before = digest(disk)
    name = suite + ", a layer on a disk"
    layer = rig.disk(files={"/layer": "yes"})
    run("e2label", "%s?offset=%d" % (layer.path, MIB), "layers")
    run("tune2fs", "-U", "random", "%s?offset=%d" % (layer.path, MIB))
    play(rig, name, Layered(rig, kernel, disk, "net.ifnames=0 iscsi.overlay=LABEL=layers", layer))
    rig.ok(is_clean(layer), name + ": the layer was unmounted")
    rig.ok(digest(disk) == before, name + ": the image has not changed")


def verified(rig, suite):
    kernel, disk = root_of(rig, suite)
    name = suite + ", verified, a layer in memory"
    both, root_hash = verified_disk(rig, plain_of(rig, disk))
    both.params = "readonly=1"
    before = digest(both)
    machine = Layered(rig, kernel, both, "net.ifnames=0 loglevel=7 iscsi.overlay=tmpfs roothash=" + root_hash)
    play(rig, name, machine)
    rig.ok(machine.guest.said("device root removed") and not machine.guest.said("unmounting: "),
           name + ": the verified device was removed", machine.guest.console[-3000:])
    rig.note("\n".join(re.findall(r"systemd-shutdown\S*: (.*(?:[Nn]ot all|busy|remain).*)", machine.guest.console)))
    rig.ok(digest(both) == before, name + ": the image has not changed")


def trees(rig):
    """veritysetup's: each hash, salt and size of blocks. One kernel, no systemd."""
    kernel = Kernel("6.1-cloud-amd64")
    initrd = rig.initrd(kernel)
    for algorithm, salt, block in itertools.product(("sha256", "sha512"), ("-", "ab" * 32), (4096, 1024)):
        disk, tree = rig.disk(table="none"), Disk(rig.path("tree", ".img"))
        root_hash = hash_of(run("veritysetup", "format", "--hash=" + algorithm, "--salt=" + salt, "--data-block-size=%d" % block,
                                "--hash-block-size=%d" % block, disk.path, tree.path))
        target = Target(rig, {1: disk, 2: tree})
        guest = rig.boot(kernel, initrd, "quiet %s root=%s roothash=%s systemd.verity_root_hash=%s" %
                         (target.word(), target.by_path(1), root_hash, target.by_path(2)))
        guest.expect("^DONE")
        rig.check(guest, "/dev/dm-0 / ext4 ro" in guest.section("mounts"), "boots from a tree of %s, salt %s, blocks of %d" %
                  (algorithm, "none" if salt == "-" else "of 32 bytes", block))
        guest.wait()
        target.kill()


DEFINITIONS = {
    "10-root.conf": "[Partition]\nType=root\nFormat=ext4\nCopyFiles=%s:/\nVerity=data\nVerityMatchKey=root\nSizeMinBytes=32M\n",
    "20-verity.conf": "[Partition]\nType=root-verity\nVerity=hash\nVerityMatchKey=root\nSizeMinBytes=8M\nSizeMaxBytes=8M\n",
}


def repart(rig):
    """systemd-repart's image: it is found by its root hash alone."""
    kernel = Kernel("6.1-cloud-amd64")
    folder = rig.path("repart", "")
    make_root_tree(folder + "/tree", {"/sbin/init": INIT}, "/bin/busybox")
    distro.write_files(folder + "/d", {"/" + name: text.replace("%s", folder + "/tree") for name, text in DEFINITIONS.items()})
    disk = Disk(rig.path("disk", ".img"), "readonly=1")
    said = run("systemd-repart", "--empty=create", "--size=64M", "--definitions=" + folder + "/d", "--dry-run=no", "--json=short", disk.path)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, rig.initrd(kernel), "quiet %s systemd.volatile=overlay roothash=%s" %
                     (target.word(), re.search(r'"roothash":"([0-9a-f]{64})"', said).group(1)))
    guest.expect("^DONE")
    rig.check(guest, "overlay / overlay rw" in guest.section("mounts") and "/dev/dm-0 /run/iscsi-init/root-ro ext4 ro" in
              guest.section("mounts"), "boots from an image of systemd-repart")
    guest.wait()


CASES = {"memory": memory, "device": device, "verified": verified}

with Rig() as rig:
    for suite, case in itertools.product(SUITES, CASES):
        if not sys.argv[1:] or "%s-%s" % (suite, case) in sys.argv[1:]:
            CASES[case](rig, suite)
    if not sys.argv[1:] or "trees" in sys.argv[1:]:
        trees(rig)
    if not sys.argv[1:] or "repart" in sys.argv[1:]:
        repart(rig)
