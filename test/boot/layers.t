#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A root that is shared and only read, with a writable layer over it; and a root that is verified block by block."""

import hashlib
import os
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
from layers import digest, hash_of, verified_disk  # noqa: E402
from liar import Liar, delay, flip, replace_by  # noqa: E402
from rig import MIB, Disk, Target, newc_archive, run, run_cases  # noqa: E402

SHOW = """cat /sys/block/sda/ro | show protected
echo changed >/etc/os-release; echo new >/new
ls -d /run/iscsi-init/root-ro/sbin/init /run/iscsi-init/root-rw /media/root-ro /media/root-rw 2>&1 | show layers
cat /new /etc/os-release | show written
dmesg | grep iscsi-init: | show said
"""


def boots(rig, kernel, initrd, words, name, root="overlay / overlay rw"):
    guest = rig.boot(kernel, initrd, words)
    guest.expect("^DONE")
    rig.check(guest, root in guest.section("mounts"), name)
    guest.wait()
    return guest


def fails(rig, kernel, initrd, words, pattern, name):
    guest = rig.boot(kernel, initrd, "iscsi.timeout=15 " + words)
    guest.wait()
    rig.check(guest, guest.said(pattern) and "ROOT-OK" not in guest.console, name)
    return guest


def memory(rig, kernel, initrd, words=("iscsi.overlay=tmpfs,size=64m", "overlayroot=tmpfs")):
    """Several words for the same: the layer is in memory, and the disk stays as it is to the last bit."""
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk})
    before = digest(disk)
    for word in words:
        guest = boots(rig, kernel, initrd, "quiet %s root=LABEL=rigroot rw %s" % (target.word(), word), "boots with " + word)
        rig.ok(guest.section("written").strip() == "new\nchanged", "root can be written to", guest.section("written"))
        rig.ok(guest.section("protected").strip() == "1", "the kernel refuses writes to the disk", guest.section("protected"))
        rig.ok("ro,relatime /dev/sda1" in guest.section("mounts") or
               re.search(r"/dev/sda1 /run/iscsi-init/root-ro ext4 ro", guest.section("mounts")), "the disk is mounted read-only",
               guest.section("mounts"))
        layers = guest.section("layers").splitlines()
        rig.ok("/run/iscsi-init/root-ro/sbin/init" in layers and "/run/iscsi-init/root-rw" in layers,
               "both layers can be reached", guest.section("layers"))
        rig.ok(("/media/root-ro" in layers) == word.startswith("overlayroot"), "also below /media where overlayroot= asks")
        rig.ok("size=65536k" in guest.section("mounts") or "size=" not in word, "the tmpfs has the size that was asked for",
               guest.section("mounts"))
    rig.ok(digest(disk) == before, "the image has not changed")


def other_words(rig, kernel, initrd):
    memory(rig, kernel, initrd, ("systemd.volatile=overlay", "rd.overlay=1"))


def device(rig, kernel, initrd):
    """Each machine has a directory on another LUN: what one wrote is there when it boots again, and only there."""
    disk = rig.disk(script=SHOW.replace("echo new >/new", "echo new >>/new"))
    layer = rig.disk(files={"/layer": "yes"})
    run("e2label", "%s?offset=%d" % (layer.path, MIB), "layers")
    run("tune2fs", "-U", "random", "%s?offset=%d" % (layer.path, MIB))
    target = Target(rig, {1: disk, 2: layer})
    before = digest(disk)
    words = "quiet %s root=UUID=%s iscsi.overlay=LABEL=layers,dir=%s"
    for directory, expected in (("one", "new\nchanged"), ("one", "new\nnew\nchanged"), ("two", "new\nchanged")):
        guest = boots(rig, kernel, initrd, words % (target.word(), disk.UUID, directory), "boots with a layer in " + directory)
        rig.ok(guest.section("written").strip() == expected, "and finds what was written before", guest.section("written"))
    rig.ok(digest(disk) == before, "the shared image has not changed")
    fails(rig, kernel, initrd, "%s root=UUID=%s iscsi.overlay=LABEL=none" % (target.word(), disk.UUID),
          "the device of the writable layer, LABEL=none, is not there", "a layer that is not there is named")


def dirty(rig, kernel, initrd):
    """A journal that nobody may replay: said once, with what to do."""
    disk = rig.disk(script=SHOW)
    place = "%s?offset=%d" % (disk.path, MIB)
    run("tune2fs", "-O", "has_journal", "-J", "size=4", place)
    run("debugfs", "-w", "-R", "feature needs_recovery", place)
    target = Target(rig, {1: disk})
    before = digest(disk)
    guest = boots(rig, kernel, initrd, "%s root=LABEL=rigroot iscsi.overlay=tmpfs" % target.word(), "boots from a disk with a dirty journal")
    rig.check(guest, guest.said("was not unmounted cleanly. Root is mounted without replaying its journal"), "which is said")
    rig.ok(digest(disk) == before, "and not changed")


def usr(rig, kernel, initrd):
    """systemd.volatile=yes: nothing of the image but /usr."""
    with open("/bin/busybox", "rb") as file:
        busybox = file.read()
    init = "#!/bin/busybox sh\nb=/bin/busybox\n$b mkdir -p /proc\n[ -e /proc/self ] || $b mount -t proc proc /proc\necho ROOT-OK\n" \
           "echo; echo '<<mounts'; $b cat /proc/mounts; echo; echo '>>mounts'\n" \
           "echo '<<root'; $b ls -1 -d /etc /usr/sbin /sbin /dev; echo '>>root'\necho DONE; $b poweroff -f\n"
    disk = rig.disk(files={"/usr/sbin/init": init, "/usr/bin/busybox": busybox})
    target = Target(rig, {1: disk})
    before = digest(disk)
    guest = boots(rig, kernel, initrd, "quiet %s root=LABEL=rigroot systemd.volatile=yes" % target.word(),
                  "boots with an empty root and the image's /usr", "tmpfs / tmpfs rw")
    rig.ok("/usr ext4 ro" in guest.section("mounts"), "which is read-only", guest.section("mounts"))
    rig.ok("/etc" not in guest.section("root").splitlines() and "/sbin" in guest.section("root").splitlines(),
           "no /etc, but the links of a merged /usr", guest.section("root"))
    rig.ok(digest(disk) == before, "the image has not changed")


def verified(rig, kernel, initrd):
    """A tree of veritysetup, the devices named. test/full/layers.t has each form of tree."""
    script = SHOW + "cat /sys/block/dm-0/dm/name /sys/block/dm-0/dm/uuid | show dm; ls -l /dev/mapper/root | show link\n"
    disk = rig.disk(script=script, table="none")
    tree = Disk(rig.path("tree", ".img"))
    root_hash = hash_of(run("veritysetup", "format", "--hash=sha512", "--data-block-size=1024",
                            "--hash-block-size=1024", "--salt=" + "ab" * 32, disk.path, tree.path))
    target = Target(rig, {1: disk, 2: tree})
    guest = boots(rig, kernel, initrd, "quiet %s roothash=%s systemd.verity_root_data=%s systemd.verity_root_hash=%s" %
                  (target.word(), root_hash, target.by_path(1), target.by_path(2)), "boots from sha512 with blocks of 1024", "/dev/dm-0 / ext4 ro")
    rig.ok(re.match(r"root\nCRYPT-VERITY-[0-9a-f]{32}-root", guest.section("dm")), "as systemd and cryptsetup name it",
           guest.section("dm"))
    rig.ok("/dev/mapper/root -> ../dm-0" in guest.section("link"), "with its link", guest.section("link"))
    wrong = root_hash[:-1] + ("0" if root_hash[-1] != "0" else "1")
    guest = fails(rig, kernel, initrd, "%s roothash=%s root=%s systemd.verity_root_hash=%s" %
                  (target.word(), wrong, target.by_path(1), target.by_path(2)),
                  "/dev/dm-0 (holds|cannot)", "another root hash mounts nothing")


def halves(rig, kernel, initrd):
    """One disk with both partitions, whose UUIDs are the halves of the root hash; with a layer over it."""
    both, root_hash = verified_disk(rig, rig.disk(script=SHOW, table="none"))
    target = Target(rig, {1: both})
    before = digest(both)
    guest = boots(rig, kernel, initrd, "quiet %s roothash=%s systemd.volatile=overlay" % (target.word(), root_hash),
                  "boots by the root hash alone, with a layer in memory")
    rig.ok(guest.section("written").strip() == "new\nchanged" and guest.section("protected").strip() == "1", "written to memory only",
           guest.section("written"))
    rig.ok(digest(both) == before, "the image has not changed")
    fails(rig, kernel, initrd, "%s roothash=%s" % (target.word(), "11" * 32), "the data of the verified root is not there: "
          "PARTUUID=11111111-1111-1111-1111-111111111111", "a hash that names no partition is said")


def corrupted(rig):
    """The words of a target that flips one bit of a file; which block it is in."""
    marker = b"the quick brown fox " * 205
    disk = rig.disk(script="cat /fox >/dev/null 2>&1; echo result $? | show cat; dmesg | grep -i verity | show said\n",
                    table="none", files={"/fox": marker})
    offset = os.path.getsize(disk.path)
    with open(disk.path, "r+b") as file:
        file.truncate(offset + MIB)
    root_hash = hash_of(run("veritysetup", "format", "--hash-offset=%d" % offset, "--data-blocks=%d" % (offset // 4096), disk.path,
                            disk.path))
    with open(disk.path, "r+b") as file:
        at = file.read().index(marker[:4096])
        file.seek(at + 100)
        file.write(b"Q")
    target = Target(rig, {1: disk})
    return "quiet %s root=/dev/sda roothash=%s systemd.verity_root_options=hash-offset=%d" % (target.word(), root_hash, offset), at // 4096


def corrupt(rig, kernel, initrd):
    """Never a wrong byte."""
    words, block = corrupted(rig)
    guest = boots(rig, kernel, initrd, words, "boots with data and tree on one device", "/dev/dm-0 / ext4 ro")
    rig.ok("result 1" in guest.section("cat"), "the block that was changed cannot be read", guest.section("cat"))
    rig.ok("data block %d is corrupted" % block in guest.section("said"), "and the kernel names it", guest.section("said"))


def policies(rig, kernel, initrd):
    """What is to happen then is obeyed."""
    words, _ = corrupted(rig)
    guest = boots(rig, kernel, initrd, words + ",ignore-corruption", "boots with ignore-corruption", "/dev/dm-0 / ext4 ro")
    rig.ok("result 0" in guest.section("cat"), "which reads it all the same", guest.section("cat"))
    guest = rig.boot(kernel, initrd, words + ",panic-on-corruption")
    guest.expect("^ROOT-OK")
    guest.wait()
    rig.check(guest, "dm-verity device has I/O error" in guest.console or "Kernel panic - not syncing: dm-verity" in guest.console,
              "panic-on-corruption panics")
    guest = rig.boot(kernel, initrd, words + ",restart-on-corruption")
    guest.expect("^ROOT-OK")
    rig.check(guest, guest.wait() and "DONE" not in guest.console, "restart-on-corruption restarts")


def lies(rig, kernel, initrd):
    """The image is right, but the target flips a bit of one block, sends another block in place of a second one and is late with a
    third: what is read is right, or is not read."""
    blocks = [(b"%d the quick brown fox " % i * 205)[:4096] for i in range(4)]
    disk = rig.disk(table="none", files={"/fox%d" % i: block for i, block in enumerate(blocks)},
                    script="for i in 0 1 2 3; do md5sum /fox$i 2>&1; echo result $?; done | show read; cut -d ' ' -f 1 /proc/uptime | "
                           "show late; dmesg | grep -i verity | show said\n")
    tree = Disk(rig.path("tree", ".img"))
    root_hash = hash_of(run("veritysetup", "format", disk.path, tree.path))
    with open(disk.path, "rb") as file:
        image = file.read()
    at = [image.index(block) for block in blocks]
    target = Liar(rig, {1: disk, 2: tree}, [(at[0], 4096, flip), (at[1], 4096, replace_by(blocks[3])), (at[2], 4096, delay(3))])
    words = "quiet %s roothash=%s root=%s systemd.verity_root_hash=%s" % (target.word(), root_hash, target.by_path(1), target.by_path(2))
    guest = boots(rig, kernel, initrd, words, "boots from a target that lies", "/dev/dm-0 / ext4 ro")
    read, said = guest.section("read"), guest.section("said")
    rig.ok(len(re.findall("^result 1$", read, re.M)) == 2 and len(re.findall("^result 0$", read, re.M)) == 2,
           "a flipped and a swapped block cannot be read, the others can", read)
    for i, name in enumerate(("flipped", "swapped")):
        rig.ok("data block %d is corrupted" % (at[i] // 4096) in said, "the kernel names the %s block" % name, said)
    for i, name in ((2, "late"), (3, "other")):
        rig.ok("%s  /fox%d" % (hashlib.md5(blocks[i]).hexdigest(), i) in read, "the %s block is read as it is" % name, read)
    rig.ok(set(at[:3]) <= set(target.told), "each lie was told", repr((at, target.told)))


# What systemd-shutdown does with a root: /run/initramfs becomes the root, and the old one is at /oldroot.
LEAVE = """cd /run/initramfs; mkdir -p oldroot dev proc sys run; mount --bind . .; cd /run/initramfs
for place in dev proc sys run; do mount --rbind /$place $place; done
pivot_root . oldroot
exec ./shutdown poweroff
"""


def is_clean(disk):
    return "Filesystem state:         clean" in run("dumpe2fs", "-h", "%s?offset=%d" % (disk.path, MIB))


def end(rig, kernel, initrd):
    """The layers go before the sessions: the upper one is clean, the verified device is removed, and the target has no session left."""
    both, root_hash = verified_disk(rig, rig.disk(script="echo new >/new\necho DONE\n" + LEAVE, table="none"))
    layer = rig.disk(files={"/layer": "yes"})
    run("e2label", "%s?offset=%d" % (layer.path, MIB), "layers")
    run("tune2fs", "-U", "random", "%s?offset=%d" % (layer.path, MIB))
    target = Target(rig, {1: both, 2: layer})
    guest = boots(rig, kernel, initrd, "%s roothash=%s iscsi.overlay=LABEL=layers" % (target.word(), root_hash), "boots with three layers")
    rig.check(guest, guest.said("device root removed"), "the verified device is removed at the end")
    rig.check(guest, not guest.said("unmounting: |stays in the kernel"), "nothing was in the way of unmounting")
    rig.ok(is_clean(layer), "the writable layer was unmounted")
    rig.ok(target.sessions() == 0, "the target has no session left")
    target.kill()
    disk = rig.disk(script="echo new >/new\necho DONE\nexec /run/initramfs/shutdown shutdown poweroff\n")
    target = Target(rig, {1: disk, 2: layer})
    boots(rig, kernel, initrd, "%s root=LABEL=rigroot iscsi.overlay=LABEL=layers,dir=two" % target.word(), "boots with a layer on a disk")
    rig.ok(is_clean(layer) and target.sessions() == 0, "ended from inside, the layer was made read-only before the logout")


def left(rig, kernel, initrd):
    """In front of another init the words have no effect on root, which is said."""
    with open("/bin/busybox", "rb") as file:
        theirs = newc_archive({"bin": None, "bin/busybox": file.read(), "other": "#!/bin/busybox sh\necho OTHER\n/bin/busybox poweroff -f\n"})
    target = Target(rig, {1: rig.disk()})
    guest = rig.boot(kernel, rig.joined(initrd, theirs), "%s root=LABEL=rigroot iscsi.init=/other iscsi.overlay=tmpfs" % target.word())
    rig.check(guest, guest.expect("^OTHER"), "another init is started")
    rig.check(guest, guest.said("iscsi.overlay= has no effect: the initramfs's own init mounts root"), "and a line says what has no effect")
    guest.kill()


CASES = {"memory": memory, "words": other_words, "device": device, "dirty": dirty, "usr": usr, "verified": verified,
         "halves": halves, "corrupt": corrupt, "policies": policies, "lies": lies, "end": end, "left": left}

SLOW = ("words", "policies")  # test/full/policies.t

if __name__ == "__main__":
    sys.argv[1:] = sys.argv[1:] or [name for name in CASES if name not in SLOW]
    run_cases(CASES)
