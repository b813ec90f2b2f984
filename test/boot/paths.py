# SPDX-License-Identifier: MIT
"""Disks with several paths: a target at several portals, a lab whose root is on such a disk, and how its map looks."""

import re
import time

from between import Between
from lab import Lab
from lio import Lio
from rig import HOST, Kernel, Target

SHOW = """
for d in /sys/block/dm-*; do echo $(cat $d/dm/name) $(cat $d/dm/uuid) $(ls $d/slaves); done | show maps
ls /dev/mapper | show names
ls /dev/sd* | show disks
/run/initramfs/shutdown list | show list
/run/initramfs/shutdown list --json | show json
cat /run/udev/data/b* 2>/dev/null | show udev
cat /run/iscsi-init/sessions | show sessions
mkdir -p /p; mount /dev/sda1 /p 2>&1 | show path
"""
# A boot goes on with the first path that works: the second may come a moment later.
JOINED = "n=0; until [ ! -e /sys/block/dm-0 ] || [ $(ls /sys/block/dm-0/slaves | wc -l) = 2 ] || [ $((n += 1)) = 100 ]; do usleep 100000; done\n"
WWID = "360000000000000000e00000000010001"
COMMAND, DATA_IN, REPORT_GROUPS = 0x01, 0x25, (0xA3, 0x0A)
HAS_STATUS, UNDERFLOW, OVERFLOW = 0x01, 0x02, 0x04  # of a Data-In PDU, RFC 7143 11.7


def is_map(guest, paths):
    """Root is the partition of a map that has these paths."""
    match = re.search(r"^(\S+) part1-mpath-%s (dm-\d+)$" % WWID, guest.section("maps"), re.M)
    return match and re.search(r"^\S+ mpath-%s %s$" % (WWID, paths), guest.section("maps"), re.M) and \
        re.search(r"^/dev/(dm-\d+|mapper/\S+) / ext4", guest.section("mounts"), re.M)


class Portals:
    """Several portals of one target over the same disks, as an array has them: each has a server of its own."""

    def __init__(self, rig, luns, up=(True, True)):
        self.all = [Target(rig, luns, start=start) for start in up]

    def word(self, *options):
        return " ".join(target.word(*options) for target in self.all)

    def kill(self):
        for target in self.all:
            target.kill()

    def start(self):
        for target in self.all:
            target.start()

    def sessions(self):
        return sum(target.sessions() for target in self.all)


class Groups:
    """LIO: two portals of one target over one disk, each a target port group, whose access states can be set. UNIT ATTENTIONs
    are for initiators that an access list names."""

    NAME, ME = "iqn.2026-01.test.lio:groups", "iqn.2026-01.test.guest:me"
    OPTIMIZED, NON_OPTIMIZED, STANDBY = range(3)
    SETUP = """
echo 4711 >$core/iblock_0/vda/wwn/vpd_unit_serial
alua=$core/iblock_0/vda/alua
portal()	# number port
{
	mkdir $alua/g$1; echo $1 >$alua/g$1/tg_pt_gp_id; echo 1 >$alua/g$1/alua_access_type
	tpg=$fabric/%s/tpgt_$1
	mkdir -p $tpg/np/0.0.0.0:$2 $tpg/lun/lun_1
	ln -s $core/iblock_0/vda $tpg/lun/lun_1/disk
	echo g$1 >$tpg/lun/lun_1/alua_tg_pt_gp
	echo 0 >$tpg/attrib/authentication
	%s
	enable
}
state() { echo $2 >$alua/g$1/alua_access_state; }
power() { echo $2 >$fabric/%s/tpgt_$1/enable; }
portal 1 3260
portal 2 3262
"""

    def __init__(self, rig, disk, states, listed, explicit=False):
        """explicit: they change only when an initiator says so, which scsi_dh_alua does."""
        setup = self.SETUP % (self.NAME, "allow " + self.ME if listed else "open", self.NAME)
        setup += "".join("state %d %d\n" % (number, state) for number, state in enumerate(states, 1))
        setup += "for g in 1 2; do echo 2 >$alua/g$g/alua_access_type; done\n" if explicit else ""
        self.lio = Lio(rig, Kernel("6.1-cloud-amd64"), [disk], setup)
        self.all = [self.lio.port, self.lio.second_port]

    def word(self, *options):
        return " ".join("iscsi=" + ",".join(["%s:%d" % (HOST, port), self.NAME, "initiator=" + self.ME] + list(options)) for port in self.all)

    def shell(self, line):
        self.lio.guest.send(line + "\n")
        return self.lio.guest.expect(r"^did 0", 60)

    def set(self, number, state):
        return self.shell("state %d %d" % (number, state))


class Reporter(Between):
    """A portal before another, whose answers to REPORT TARGET PORT GROUPS are what .answer makes of them; None: nothing comes."""

    def __init__(self, rig, port):
        self.answer, self.commands, self.asked = lambda data: data, {}, 0
        super().__init__(rig, {}, start=False)
        self.port = port

    def change(self, header, data, from_target):
        opcode, tag = header[0] & 0x3F, bytes(header[16:20])
        if not from_target:
            self.commands.pop(tag, None)
            if opcode == COMMAND and (header[32], header[33] & 0x1F) == REPORT_GROUPS:
                self.commands[tag] = int.from_bytes(header[20:24], "big")
                self.asked += 1
        elif opcode == DATA_IN and tag in self.commands:
            length = int.from_bytes(header[5:8], "big")
            said = self.answer(data[:length])
            if said is None:
                return None
            header[5:8] = len(said).to_bytes(3, "big")
            if header[1] & HAS_STATUS:
                missing = self.commands[tag] - len(said)
                header[1] = header[1] & ~(UNDERFLOW | OVERFLOW) | (UNDERFLOW if missing > 0 else OVERFLOW if missing else 0)
                header[44:48] = abs(missing).to_bytes(4, "big")
            return said + bytes(-len(said) & 3)
        return data


class Reported(Groups):
    """The same behind such portals."""

    def __init__(self, rig, *arguments, **options):
        super().__init__(rig, *arguments, **options)
        self.before = [Reporter(rig, port) for port in self.all]
        self.all = [one.listeners[0].getsockname()[1] for one in self.before]

    def answer(self, how):
        """From now on; how many times they have been asked up to now."""
        for one in self.before:
            one.answer = how
        return [one.asked for one in self.before]


class Paths(Lab):
    """A lab whose root is on such a disk."""

    def __init__(self, rig, kernel, initrd, options=(), up=(True, True), target=None, **more):
        super().__init__(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=1"] + list(options),
                         target=target or (lambda disk: Portals(rig, {1: disk}, up)), **more)
        self.portals = self.target.all
        # a path's own errors are nobody's: the map's count
        self.shell('errors() { dmesg | grep -E "Buffer I/O|EXT4-fs (error|warning)|emount|error, dev dm-" | grep -v "on dev sd"; }')
        rig.check(self.guest, re.search(r"/dev/dm-\d+ / ext4", self.shell("cat /proc/mounts") or ""), "root is on the map")

    def has_paths(self, count, seconds=20):
        """The map gets so many."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if len((self.shell("ls /sys/block/dm-0/slaves") or "").split()) == count:
                return True
            time.sleep(0.3)
        return False

    def states(self):
        """"active" or "failed" of each path, as list shows them."""
        shown = self.shell("/run/initramfs/shutdown list") or ""
        return dict(re.findall(r" (sd\w+) (active|failed)", "".join(re.findall(r"^map \S+ \(dm-\d+\):(.*)$", shown, re.M))))

    def gets_states(self, wanted, seconds=20):
        """The kernel may fail a path once more for what went wrong before its session was back, until it is looked at again."""
        return self.becomes(self.states, wanted, seconds)

    def record(self):
        """The same by the status file: "active" or "failed", and the number of its group."""
        shown = self.shell("grep ^map= /run/iscsi-init/sessions") or ""
        return {disk: (state, int(group)) for disk, state, group in re.findall(r"[=,](sd\w+):(active|failed):(\d+)", shown)}

    def gets_record(self, wanted, seconds=20):
        """It follows what the kernel tells of the map."""
        return self.becomes(self.record, wanted, seconds)

    def disk_of(self, port):
        """Which disk goes to that port: logins are side by side."""
        shown = self.shell("for s in 1 2; do cat /sys/class/iscsi_connection/connection$s:0/persistent_port; "
                           "ls /sys/class/iscsi_session/session$s/device/target*/*/block; done") or ""
        words = shown.split()
        return words[words.index(str(port)) + 1]

    def groups(self):
        """The group of each path, as list numbers them; {}: there is only one."""
        shown = self.shell("/run/initramfs/shutdown list") or ""
        return {disk: int(number) for disk, number in re.findall(r" (sd\w+) (?:active|failed) \(group (\d+)\)", shown)}

    def gets_groups(self, wanted, seconds=20):
        return self.becomes(self.groups, wanted, seconds)

    @staticmethod
    def becomes(look, wanted, seconds):
        deadline = time.monotonic() + seconds
        while look() != wanted:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.3)
        return True

    def writes_by(self, seconds=20):
        """Which disk gets all that is written next."""
        def count():
            shown = self.shell("cat /sys/block/sda/stat /sys/block/sdb/stat") or ""
            return [int(line.split()[4]) for line in shown.splitlines()]

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            before = count()
            self.wrote(3)
            by = [disk for disk, a, b in zip(("sda", "sdb"), before, count()) if a != b]
            if len(by) == 1:
                return by[0]
        return " ".join(by)

    def calm(self):
        """The longest time between two files while nothing happens to them: what this machine takes, busy or not."""
        self.skip()
        begun = self.guest.seen
        self.wrote(6)
        return self.stall(begun)[0]

    def stall(self, begun):
        """The longest time between two files since then, by the guest's clock, and the usual."""
        times = [float(at) for at in re.findall(r"^WROTE \d+ [0-9a-f]{32} (\d+\.\d\d)", self.guest.console[begun:], re.M)]
        gaps = sorted(b - a for a, b in zip(times, times[1:]))
        return (gaps[-1], gaps[len(gaps) // 2]) if gaps else (99, 0)
