#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The plain path: kernel, iscsi-init as /init, an ext4 root on the target; and each way to name that root."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "bench")]
from pcap import analyse  # noqa: E402
from rig import Kernel, Rig, Target  # noqa: E402

PHASES = ("modules", "link", "address", "connect", "login", "scan", "disk", "mount", "handover")
peaks = []  # KiB, of every boot


def plain(rig, kernel, initrd):
    disk = rig.disk(script="echo from the guest >/written\ncat /sys/kernel/rcu_expedited | show rcu\n")
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, initrd, "quiet %s root=UUID=%s rw other=word single -- one \"two words\"" %
                     (target.word("HeaderDigest=None"), disk.UUID), capture=True)
    rig.check(guest, guest.expect("^ROOT-OK"), "the real init runs")
    rig.check(guest, guest.wait(), "and powers off")
    rig.ok(disk.read_file("/written") == "from the guest\n", "what it wrote is on the target's disk")
    mounts = guest.section("mounts")
    rig.ok("/dev/sda1 / ext4 rw" in mounts, "root is the partition, read-write as asked", mounts)
    for name in ("proc", "sysfs", "devtmpfs", "tmpfs"):
        rig.ok(" %s rw" % name in mounts, name + " moved along", mounts)
    rig.ok("rootfs" not in mounts.replace("rootfs / rootfs", ""), "nothing of the initramfs is mounted", mounts)
    argv = guest.section("argv").splitlines()
    rig.ok(argv[-4:] == ["/sbin/init", "single", "one", "two words"], "init got the kernel's arguments", str(argv))
    environment = guest.section("env")
    rig.ok("other=word" in environment, "and the kernel's environment", environment)
    rig.ok("iscsi=" not in environment, "without the words that are ours", environment)
    rig.ok(guest.section("rcu").strip() == "0", "RCU is as it was", guest.section("rcu"))
    times = guest.times()
    rig.note(str(times))
    rig.ok(all(phase in times for phase in PHASES), "every phase's time is in /run/iscsi-init/times", str(times))
    rig.ok(list(times.values()) == sorted(times.values()) or times.get("handover", 0) < 20000,
           "the times are milliseconds", str(times))
    trips = {phase: count for phase, (count, _) in analyse(guest.capture, target.port)[0].items()}
    rig.ok(trips["connect"] + trips["login"] == 2, "connect and login take one round trip each", str(trips))
    rig.ok(trips["scan"] + trips["parts"] <= 42, "the scan asks for nothing twice, nor for what has no use",
           str(trips))


def authenticated(rig, kernel, initrd):
    """RFC 7143 section 12.1: the methods, the algorithms, the challenge's answer; then the parameters. None is spent on more."""
    disk = rig.disk()
    target = Target(rig, {1: disk}, accounts=[("user", "secret-of-user"), ("back", "secret-of-back", "--outgoing")])
    for words in ([], ["username_in=back", "password_in=secret-of-back"]):
        guest = rig.boot(kernel, initrd, "quiet %s root=LABEL=rigroot" % target.word(
            "chap_algs=md5", "username=user", "password=secret-of-user", *words), capture=True)
        guest.expect("^DONE")
        guest.wait()
        found = analyse(guest.capture, target.port)
        trips = {phase: count for phase, (count, _) in found[0].items()} if found else {}
        rig.check(guest, trips.get("connect", 0) + trips.get("login", 0) == 5,
                  "connect and login with %s CHAP take five round trips" % ("mutual" if words else "one-way"))


def named(rig, kernel, initrd, word, table="gpt", expected="/dev/sda1", flags="ro"):
    disk = rig.disk(table=table)
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, initrd, "quiet %s %s" % (target.word(), word))
    guest.expect("^DONE")
    mounts = guest.section("mounts")
    peaks.append(int(guest.section("peak").split()[1]))
    rig.check(guest, "%s / ext4 %s" % (expected, flags) in mounts, "boots with %s on a disk with table %s" % (word, table))
    guest.wait()


def kernel_is_told(rig, kernel, initrd):
    """A partition that begins behind the disk's end: the kernel shows none, so that the table says something else."""
    disk = rig.disk(table="mbr", script="dmesg | show said\n")
    with open(disk.path, "r+b") as file:
        file.seek(446 + 16)
        file.write(bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + (1 << 24).to_bytes(4, "little") + (2048).to_bytes(4, "little"))
    for word, count in (("", 1), (",partitions=kernel", 0)):
        target = Target(rig, {1: disk})
        guest = rig.boot(kernel, initrd, "quiet iscsi.log=debug %s%s root=PARTUUID=1b2c3d4e-01" % (target.word(), word))
        guest.expect("^DONE")
        said = guest.section("said").count("sda: the kernel is to read its partition table again")
        rig.check(guest, said == count and "/dev/sda1 / ext4" in guest.section("mounts"),
                  "a table unlike the kernel's partitions is read again %s" % ("" if count else "not with" + word))
        guest.wait()


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    initrd = rig.initrd(kernel)
    plain(rig, kernel, initrd)
    named(rig, kernel, initrd, "root=LABEL=rigroot")
    named(rig, kernel, initrd, "root=PARTUUID=0b7a1c52-95a4-4a53-9c6e-6e1f6d2c8f01 rootfstype=ext4")
    named(rig, kernel, initrd, "root=PARTLABEL=rigpart rootflags=noatime rw", flags="rw,noatime")
    named(rig, kernel, initrd, "root=PARTUUID=1b2c3d4e-01", table="mbr")
    named(rig, kernel, initrd, "root=/dev/sda", table="none", expected="/dev/sda")
    kernel_is_told(rig, kernel, initrd)
    authenticated(rig, kernel, initrd)
    # with huge pages it is more than 2 MiB in two of three boots, by where the program was put
    rig.ok(len(peaks) == 5 and max(peaks) < 1536, "no boot needs 1.5 MiB of memory", str(peaks))
