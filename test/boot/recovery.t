#!/usr/bin/env python3
"""Root stays alive: the target is killed and comes back while a writer runs; the link goes down; the supervisor is
killed. Every file that the writer wrote is verified, in the guest and in the disk's image."""

import hashlib
import os
import random
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Kernel, Rig, Target  # noqa: E402

# Numbered files of random bytes, each synced, its checksum on the console; until the host says stop.
WRITER = """
mkdir -p /w; mkfifo /stop
(read x; echo >/stopped) &
n=0
while [ ! -e /stopped ]; do
	n=$((n + 1))
	dd if=/dev/urandom of=/w/$n bs=64k count=2 conv=fsync 2>/dev/null || echo "WRITE-ERROR $n"
	echo "WROTE $n $(md5sum /w/$n | cut -d ' ' -f 1) $(cut -d ' ' -f 1 /proc/uptime)"
	[ $n -ge 400 ] && n=0
done
sync; echo 3 >/proc/sys/vm/drop_caches
md5sum /w/* | show verified
cat /run/iscsi-init/sessions | show sessions
dmesg | grep -cE "I/O error|Buffer I/O|EXT4-fs error|remount" | show errors
for p in /proc/[0-9]*; do case "$(tr '\\0' ' ' <$p/cmdline)" in @iscsi-init*)
	grep -E "^(VmRSS|VmLck|Name)" $p/status; cat $p/oom_score_adj; ls -l $p/fd | wc -l; readlink $p/fd/0;; esac; done | show resident
"""


def boot(rig, kernel, initrd, options=(), more=""):
    disk = rig.disk(script="(read x; echo >/stopped) </dev/console & " + WRITER.replace("(read x; echo >/stopped) &\n", "")
                    .replace("; mkfifo /stop", ""))
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, initrd, "loglevel=5 rw root=/dev/sda1 %s %s" % (target.word(*options), more))
    return disk, target, guest


def written(guest):
    """The last checksum of every file."""
    return dict(re.findall(r"^WROTE (\d+) ([0-9a-f]{32}) ", guest.console, re.M))


def finish(rig, guest, disk, name):
    guest.send("stop\n")
    rig.check(guest, guest.expect("^DONE", 120), name + ": the writer ends and root's init goes on")
    sums = written(guest)
    verified = {os.path.basename(path): digest for digest, path in
                (line.split() for line in guest.section("verified").splitlines())}
    rig.check(guest, len(sums) > 3 and sums == verified, name + ": %d files, read back from the target, are right" %
              len(sums))
    rig.ok("WRITE-ERROR" not in guest.console, name + ": no write failed")
    rig.ok(guest.section("errors").strip() == "0", name + ": the file system saw no error", guest.section("errors"))
    rig.check(guest, guest.wait(), name + ": and the machine powers off")
    broken = [number for number, digest in sums.items()
              if hashlib.md5(disk.read_bytes("/w/" + number)).hexdigest() != digest]
    rig.ok(not broken, name + ": the image holds the same bytes", " ".join(broken))


def target_restarts(rig, kernel, initrd, times):
    disk, target, guest = boot(rig, kernel, initrd)
    latency = []
    guest.expect("^WROTE 2 ", 60)
    for _ in range(times):
        for _ in range(random.randint(1, 6)):
            guest.expect("^WROTE ", 30)
        target.kill()
        target.start()
        came_back = guest.seconds()
        back = guest.expect("is back at", 30)
        rig.check(guest, back, "the target was killed and restarted: its session is back")
        if not back:
            return
        latency.append(guest.seconds() - came_back)
    rig.note("from the target's return to the session's, s: " + " ".join("%.2f" % t for t in latency))
    finish(rig, guest, disk, "%d restarts of the target" % times)
    rig.ok(re.search(r"recoveries=%d " % times, guest.section("sessions")), "the supervisor counted them",
           guest.section("sessions"))
    resident = guest.section("resident")
    memory = re.search(r"VmRSS:\s+(\d+) kB", resident)
    rig.ok(memory and int(memory.group(1)) <= 512, "the supervisor has at most 512 KiB resident", resident)
    rig.ok("-1000" in resident and "/dev/null" in resident and "/dev/console" not in resident,
           "it is out of the OOM killer's reach and does not hold the console", resident)


def link_down(rig, kernel, initrd):
    disk, _, guest = boot(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2"])
    guest.expect("^WROTE 2 ", 60)
    guest.monitor("set_link", name="n0", up=False)
    rig.check(guest, guest.expect("lost .*NOP", 30), "a silent target is noticed by the unanswered NOP-Out")
    guest.monitor("set_link", name="n0", up=True)
    rig.check(guest, guest.expect("is back at", 30), "and the session comes back with the link")
    for _ in range(3):
        guest.expect("^WROTE ", 30)
    finish(rig, guest, disk, "link down and up")


def failed_in_between(rig, kernel, initrd):
    """replacement_timeout passes: the kernel fails the I/O; afterwards the session is brought back all the same."""
    disk, target, guest = boot(rig, kernel, initrd, ["replacement_timeout=2"])
    guest.expect("^WROTE 2 ", 60)
    target.kill()
    guest.expect("recovery timed out", 30)
    target.start()
    rig.check(guest, guest.expect("is back at", 30), "after replacement_timeout the session still comes back")
    rig.check(guest, guest.expect("^WROTE ", 30), "and the disk can be written again")
    guest.kill()


with Rig() as rig:
    random.seed(int(os.environ.get("SEED", "7")))
    cloud = Kernel("6.1-cloud-amd64")
    image = rig.initrd(cloud)
    target_restarts(rig, cloud, image, int(os.environ.get("RESTARTS", "4")))
    link_down(rig, cloud, image)
    failed_in_between(rig, cloud, image)
