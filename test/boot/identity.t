#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A target that comes back with another disk behind the same LUN gets none of the writes that were held for the first one;
root goes on, whole, as soon as the right disk is there again and ready. A writer runs all the time."""

import os
import re
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from lab import Lab  # noqa: E402
from lio import Lio  # noqa: E402
from rig import MIB, TARGET_NAME, Disk, Target, run_cases  # noqa: E402
from target import Closed, Listener, Request  # noqa: E402

FOREIGN = bytes(range(256)) * 4096  # 1 MiB that nobody may touch
BACK = r"is back at .*\(event=back"


def foreign_disk(rig, size=64 * MIB, params=""):
    path = rig.path("foreign", ".img")
    with open(path, "wb") as file:
        for _ in range(size // MIB):
            file.write(FOREIGN)
    return Disk(path, params)


def is_untouched(disk):
    with open(disk.path, "rb") as file:
        return all(piece == FOREIGN for piece in iter(lambda: file.read(MIB), b""))


def exchange(lab, luns):
    lab.target.kill()
    lab.target.luns = luns
    lab.target.start()


def comes_back(lab, name):
    lab.expect(BACK, name)
    lab.rig.check(lab.guest, lab.wrote(2), name + ", and files are written again")


def is_held(lab, luns, says, name, seconds=3):
    """With these LUNs the session is held: it says so, once, and nothing is written for a while."""
    exchange(lab, luns)
    lab.expect(says + r".*\(event=held sid=\d+\)", name + ": it is held, and says why")
    begun = len(lab.guest.console)
    lab.guest.expect("is back at|^WROTE ", seconds)
    said = lab.guest.console[begun:]
    lab.rig.ok("is back at" not in said and "WROTE" not in said, name + ": nothing is written meanwhile", said)
    lab.rig.ok(said.count("event=held") <= (seconds > 10), name + ": said once, not at every try", said)


def exchanged(rig, kernel, initrd):
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2"])
    right = {1: lab.disk}
    lab.start_writer()
    for name, disk, says in (
            ("another identity", foreign_disk(rig, params="scsi_id=other-disk,scsi_sn=other"),
             r"LUN 1 is another unit: naa\.6\w+, it was naa\.6\w+"),
            ("a smaller disk of the same identity", foreign_disk(rig, 32 * MIB), r"LUN 1 is smaller: 65536 blocks, it had 131072"),
            ("a write-protected disk of the same identity", foreign_disk(rig, params="readonly=1"),
             r"LUN 1 is write-protected"),
            ("another kind of unit", foreign_disk(rig, params="vendor_id=FOREIGN,scsi_id=x"), r"LUN 1 is another unit")):
        is_held(lab, {1: disk}, says, name)
        state = lab.shell("cat /run/iscsi-init/sessions") or ""
        rig.ok('state="held: another disk"' in state or "proving" in state or "logging" in state, name + ": its record says so", state)
        exchange(lab, right)
        comes_back(lab, name + ": the right disk is taken up")
        rig.ok(is_untouched(disk), name + ": not a byte of the foreign disk is touched")
    lab.verify("exchanged")


def missing(rig, kernel, initrd):
    """The portal is back before the LUN is, which then is not ready at first. A second LUN, which nothing uses, is taken away
    for good."""
    second = foreign_disk(rig)
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2"],
              by_path=True, target=lambda disk: Target(rig, {1: disk, 2: second}))
    lab.start_writer()
    is_held(lab, {}, "LUN [12] is not there", "a target without its LUNs", 20)
    begun = time.monotonic()
    lab.target.admin("--mode", "logicalunit", "--op", "new", "--tid", 1, "--lun", 2, "--backing-store", second.path)
    lab.target.admin("--mode", "logicalunit", "--op", "new", "--tid", 1, "--lun", 1, "--backing-store", lab.disk.path)
    comes_back(lab, "the LUN is there again")
    rig.note("%.1f s after the LUNs" % (time.monotonic() - begun))
    lab.disk.params = "online=0"
    is_held(lab, {1: lab.disk, 2: second}, r"LUN 1 cannot be used: .* \(sense 2/", "a LUN that is not ready")
    lab.target.admin("--mode", "logicalunit", "--op", "update", "--tid", 1, "--lun", 1, "--params", "online=1")
    comes_back(lab, "the LUN is ready")
    lab.disk.params = ""
    is_held(lab, {1: lab.disk}, "LUN 2 is not there", "a LUN that is taken away for good")
    lab.expect(BACK, "the kernel is told to forget it: root goes on without it", after="for unit in /sys/class/scsi_device/*:2; do echo 1 >$unit/device/delete; done")
    rig.check(lab.guest, lab.wrote(2), "and files are written again")
    rig.ok(is_untouched(second), "the second LUN was not touched")
    lab.verify("LUNs that came later")


class OneSession:
    """A portal in front of the target's, which allows one session only: a login with another ISID is refused, or ends the
    session that is there. Without a session of tgtd's own kind of limit, this is in its place. forgets: a session ends with its
    connection."""

    def __init__(self, target, ends_older, forgets=True):
        self.target, self.ends_older, self.forgets = target, ends_older, forgets
        self.isids = []  # of all logins
        self.live = {}  # connection -> ISID
        self.refused = self.ended = self.most = 0
        self.lock = threading.Lock()
        self.listener = Listener(self.serve)
        self.port = self.listener.port

    def admit(self, connection, isid):
        with self.lock:
            self.isids.append(isid)
            others = [other for other, its in self.live.items() if its != isid]
            if others and not self.ends_older:
                self.refused += 1
                return False
            for other in others:
                self.ended += 1
                other.shutdown(socket.SHUT_RDWR)
            self.live[connection] = isid
            return True

    def serve(self, peer):
        threading.Thread(target=self.relay, args=(peer, peer.connection.dup()), daemon=True).start()
        raise Closed

    def relay(self, peer, connection):
        peer.connection = connection
        connection.settimeout(None)
        try:
            bhs = peer.read_exactly(48)
            if not self.admit(connection, bhs[8:14]):
                data = peer.read_exactly(int.from_bytes(bhs[5:8], "big") + 3 & ~3)
                peer.answer(Request(bhs, data), status=0x0302)
                return
            with socket.create_connection(("127.0.0.1", self.target.port)) as onwards:
                onwards.sendall(bhs)
                threading.Thread(target=pump, args=(connection, onwards), daemon=True).start()
                pump(onwards, connection)
        except (Closed, OSError):
            pass
        finally:
            with self.lock:
                if self.forgets:
                    self.live.pop(connection, None)
            connection.close()


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Behind(Target):
    """A target that the guest sees through OneSession."""
    front, forgets = None, True

    def portal(self):
        self.front = self.front or OneSession(self, self.ends_older, self.forgets)
        return "10.0.2.2:%d" % self.front.port


def one_session(rig, kernel, initrd, ends_older=False, name="a target that refuses a second session"):
    maker = type("Maker", (Behind,), {"ends_older": ends_older})
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2"], target=lambda disk: maker(rig, {1: disk}))
    lab.start_writer()
    front, right = lab.target.front, {1: lab.disk}
    exchange(lab, right)
    comes_back(lab, name)
    tries = front.refused + front.ended  # beside a login that failed as the target was down, too
    rig.ok(0 < tries <= 10, name + ": it is asked beside the login first, then before it", "%d tries" % tries)
    other = foreign_disk(rig, params="scsi_id=other-disk")
    is_held(lab, {1: other}, "LUN 1 is another unit", name + ", and has another disk")
    exchange(lab, right)
    comes_back(lab, name + ": the right disk is taken up")
    rig.ok(is_untouched(other), name + ": not a byte of the foreign disk is touched")
    lab.verify(name)


def newest_session(rig, kernel, initrd):
    one_session(rig, kernel, initrd, True, "a target that ends the older session")


class Holding(Behind):
    """Holds the session of a machine that lost its power."""
    ends_older = forgets = False


def power_cut(rig, kernel, initrd):
    """The next boot's session is the one that the target holds: it has the same ISID, whichever target answers first."""
    root = Holding(rig, {1: rig.disk(script="echo UP; sleep 1000\n")})
    other = Holding(rig, {1: foreign_disk(rig, MIB)}, name=TARGET_NAME + "2")
    words = "loglevel=6 rw root=LABEL=rigroot initiator=iqn.2026-01.test.rig:me %s %s" % (other.word("login_timeout=3"), root.word())
    logins = []
    for turn in ("first", "second"):
        if turn == "second":
            other.kill()  # its portal ends connections until it is back: this one comes last
        guest = rig.boot(kernel, initrd, words)
        rig.check(guest, guest.expect("^UP", 90), "the %s boot" % turn)
        if turn == "second":
            other.start()
            rig.check(guest, guest.expect("logged in to " + other.name, 60), "the target that comes last")
        guest.kill()
        logins.append([list(target.front.isids) for target in (root, other)])
        root.front.isids.clear()
        other.front.isids.clear()
    first, second = logins
    rig.ok(len(second[0]) == 1 and root.front.refused == other.front.refused == 0,
           "the held sessions are reinstated at the first attempt", str(logins))
    rig.ok(first[0] == second[0] and set(first[1]) == set(second[1]) and set(first[0]).isdisjoint(first[1]),
           "each target has seen one ISID, and another one than the other target", str(logins))


def guarded(rig, kernel, initrd):
    """Mutual CHAP and digests, of the proof's session, too."""
    chap = ["username=inuser", "password=insecret1234", "username_in=outuser", "password_in=outsecret1234"]
    accounts = [("inuser", "insecret1234"), ("outuser", "outsecret1234", "--outgoing")]
    lab = Lab(rig, kernel, initrd, chap + ["HeaderDigest=CRC32C", "DataDigest=CRC32C"],
              target=lambda disk: Target(rig, {1: disk}, accounts=accounts, parameters=(
                  ("HeaderDigest", "CRC32C"), ("DataDigest", "CRC32C"))))
    lab.start_writer()
    other = foreign_disk(rig, params="scsi_id=other-disk")
    is_held(lab, {1: other}, "LUN 1 is another unit", "with mutual CHAP and digests, another disk")
    exchange(lab, {1: lab.disk})
    comes_back(lab, "with mutual CHAP and digests, the right disk is taken up")
    rig.ok(is_untouched(other), "not a byte of the foreign disk is touched")
    lab.verify("CHAP and digests")


def lean(rig, kernel, initrd):
    """scan=lean leaves out the pages that tell who a unit is: they are asked for after the hand-over."""
    lab = Lab(rig, kernel, initrd, ["scan=lean"])
    lab.start_writer()
    pages = lab.shell("ls /sys/block/sda/device | grep vpd_pg83")
    rig.ok(pages == "", "after a lean scan the kernel does not know the disk's identity", pages or "")
    other = foreign_disk(rig, params="scsi_id=other-disk")
    is_held(lab, {1: other}, "LUN 1 is another unit: naa", "after a lean scan, another disk")
    exchange(lab, {1: lab.disk})
    comes_back(lab, "after a lean scan, the right disk is taken up")
    rig.ok(is_untouched(other), "not a byte of the foreign disk is touched")
    lab.verify("a lean scan")


class LioTarget:
    """Linux's own target in a guest, as Lab wants one: its LUN 0 is the first disk, or the second, or none."""

    def __init__(self, rig, kernel, disks):
        self.rig = rig
        self.lio = Lio(rig, kernel, disks, """
for disk in vda vdb; do echo serial-of-$disk >$core/iblock_0/$disk/wwn/vpd_unit_serial; done
target %s; open; rm $tpg/lun/lun_1/disk; rmdir $tpg/lun/lun_1; enable
""" % TARGET_NAME)

    def word(self, *options):
        return "iscsi=" + ",".join(["10.0.2.2:%d" % self.lio.port, TARGET_NAME] + list(options))

    def tell(self, command):
        self.lio.guest.send(command + "\n")
        self.rig.check(self.lio.guest, self.lio.guest.expect("^did 0", 30), "LIO is told: " + command)

    def share(self, disk):
        self.tell("echo 0 >$tpg/enable; rm $tpg/lun/lun_0/disk 2>/dev/null; "
                  + ("ln -s $core/iblock_0/%s $tpg/lun/lun_0/disk; " % disk if disk else "") + "echo 1 >$tpg/enable")


def with_lio(rig, kernel, initrd):
    other = foreign_disk(rig)
    lab = Lab(rig, kernel, initrd, target=lambda disk: LioTarget(rig, kernel, [disk, other]))
    lab.start_writer()
    for disk, says, name in ((None, "LUN 0 is not there", "LIO without its LUN"),
                             ("vdb", r"LUN 0 is another unit: naa\.6001405\w+, it was naa\.6001405", "LIO with another disk")):
        lab.target.share(disk)
        lab.expect(says + r".*\(event=held sid=\d+\)", name + ": the session is held, and says why")
        begun = len(lab.guest.console)
        lab.guest.expect("is back at|^WROTE ", 4)
        said = lab.guest.console[begun:]
        rig.ok("is back at" not in said and "WROTE" not in said, name + ": nothing is written meanwhile", said)
        lab.target.share("vda")
        comes_back(lab, name + ": the right disk is taken up")
    lab.verify("LIO")
    rig.ok(is_untouched(other), "not a byte of the foreign disk is touched")
    lab.target.lio.guest.kill()


def cost(rig, kernel, initrd):
    """What the proof adds to an outage: the time in which the session waits for it alone."""
    for delay in (0, 20, 60):
        slow = ["-object", "filter-buffer,id=fb0,netdev=n0,queue=rx,interval=%d" % (delay * 1000)] if delay else []
        lab = Lab(rig, kernel, initrd, words="loglevel=8 iscsi.log=debug", network=[
            "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0,romfile="] + slow)
        lab.start_writer()
        times = []
        for _ in range(5):
            begun = len(lab.guest.console)
            lab.shell("sleep 6")  # a session that lasted is taken up at once
            exchange(lab, {1: lab.disk})
            lab.guest.expect("is back at", 60)
            lab.wrote(2)
            at = [float(re.findall(r"\[ *([\d.]+)\] iscsi-init: .* -> %s$" % state, lab.guest.console[begun:], re.M)[-1])
                  for state in ("proving", "logged in")]
            times.append((at[1] - at[0]) * 1000)
        times.sort()
        rig.note("%d ms a packet: the proof takes %.1f ms (median of %d; %.1f to %.1f)" % (
            delay, times[len(times) // 2], len(times), times[0], times[-1]))
        # the timer of the delay adds up to one more, the machine the rest
        rig.ok(times[len(times) // 2] < 3 * delay + 60, "with %d ms a packet, the proof costs two round trips" % delay, str(times))
        lab.guest.kill()


CASES = {"exchanged": exchanged, "missing": missing, "one-session": one_session, "newest-session": newest_session,
         "power-cut": power_cut, "guarded": guarded, "lean": lean, "lio": with_lio, "cost": cost}

SLOW = ("newest-session", "guarded", "lean", "lio", "cost")  # test/full/identity.t

if __name__ == "__main__":
    sys.argv[1:] = sys.argv[1:] or [name for name in CASES if name not in SLOW]
    run_cases(CASES)
