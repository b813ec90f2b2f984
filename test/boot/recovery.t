#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Root stays alive: whatever happens to target, link, memory or supervisor while a writer runs, every byte that was
written is there afterwards, in the guest and in the disk's image, and the file system sees no error."""

import os
import random
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from lab import Lab  # noqa: E402
from rig import IMAGE_TOOL, TOP, Kernel, Rig, Target, newc_archive, run  # noqa: E402
from target import Listener  # noqa: E402


def back(lab, name, seconds=60, after=None):
    """The supervisor says that the session is back, and files go on being written."""
    lab.expect(r"is back at .*\(event=back sid=\d+ outage_ms=\d+", name, seconds, after)
    lab.rig.check(lab.guest, lab.wrote(2), name + ", and files are written again")


def restarts(lab, times):
    """The target dies and comes back at random moments; how long its return takes to be felt."""
    latency, felt = [], []
    for _ in range(times):
        lab.lasts()
        time.sleep(random.random() * 0.5)
        before = len(lab.guest.console)
        lab.target.kill()
        time.sleep(random.random() * 0.3)
        lab.target.start()
        returned = time.monotonic()
        back_again = lab.guest.expect("is back at", 30)
        lab.since = time.monotonic()
        if not back_again:
            lab.rig.check(lab.guest, False, "the target was killed and restarted: its session is back")
            return
        latency.append(lab.since - returned)
        if "Power-on or device reset" not in lab.guest.console[before:]:
            lab.guest.expect("Power-on or device reset|^WROTE ", 30)  # the disk's first answer says the former
        felt.append(time.monotonic() - returned)
        lab.guest.expect("^WROTE ", 30)
    lab.rig.ok(True, "%d times the target was killed and restarted: its session came back" % times)
    for what, values in (("session", latency), ("first I/O that completes", felt)):
        values.sort()
        lab.rig.note("from the target's return to the %s: median %.0f ms, longest %.0f ms" %
                     (what, values[len(values) // 2] * 1000, values[-1] * 1000))


def silent(lab):
    """No answer, but no end of the connection either: only the NOP-Out tells."""
    # ARP, which repeats its question once a second, is left out of what is measured
    lab.shell("arp -s 10.0.2.2 $(awk '$1 == \"10.0.2.2\" { print $4 }' /proc/net/arp)")
    lab.rig.ok(lab.status == 0, "the portal's link-layer address is set")
    lab.guest.monitor("set_link", name="n0", up=False)
    lab.expect("lost .*NOP.*event=lost", "a link that goes down is noticed by the unanswered NOP-Out")
    time.sleep(4)  # by then TCP repeats its SYN rarely
    lab.guest.monitor("set_link", name="n0", up=True)
    plugged = time.monotonic()
    lab.expect("is back at", "the session comes back with the link")
    took = time.monotonic() - plugged
    lab.rig.ok(took < 1, "at once, %.0f ms after it" % (took * 1000))
    lab.rig.check(lab.guest, lab.wrote(2), "and files are written again")
    lab.target.process.popen.send_signal(signal.SIGSTOP)
    lab.expect("lost .*NOP", "so is a target that hangs, its connections half open")
    time.sleep(2)
    lab.target.process.popen.send_signal(signal.SIGCONT)
    back(lab, "the session comes back when the target goes on")


def supervisor_killed(lab):
    """SIGKILL: the keeper takes its place. Both killed, an outage that nobody sees, and a new supervisor."""
    first = lab.shell("resident")
    counted = re.findall(r"(\d+) recoveries", lab.shell("iscsi-init list") or "")
    lab.expect("event=restarted", "a supervisor that is killed has a successor", after="kill -9 %s" % first)
    listed = lab.shell("sleep 1; iscsi-init list") or ""
    pid = lab.shell("resident")
    lab.rig.ok(pid and pid != first and "repaired by: resident (process %s)" % pid in listed and
               re.findall(r"(\d+) recoveries", listed) == counted, "which list shows, and which goes on counting",
               "%s %s\n%s" % (first, counted, listed))
    lab.target.kill()
    lab.target.start()
    back(lab, "the next outage is repaired by it")
    lab.rig.ok(lab.shell("iscsi-init supervise") and lab.status == 1, "a second supervisor does not start")
    before = lab.shell("iscsi-init list")
    alone = lab.shell("kill -9 -- -$(cut -d ' ' -f 5 /proc/%s/stat); iscsi-init list" % pid) or ""
    lab.rig.ok("repaired by: nobody" in alone, "with the keeper killed as well, list says that nobody repairs", alone)
    lab.target.kill()
    lab.target.start()
    time.sleep(0.5)
    back(lab, "started again after SIGKILL it adopts the session, finds it disconnected and brings it back",
         after="(sleep 0.3; exec iscsi-init supervise) >/dev/console 2>&1 &")
    now = lab.shell("resident")
    lab.rig.ok(now and now != pid, "as a process of the same name", "%s, then %s" % (pid, now))
    after = lab.shell("iscsi-init list") or ""
    counts = [int(n) for n in re.findall(r"(\d+) recoveries", before + after)]
    lab.rig.ok(len(counts) == 2 and counts[1] == counts[0] + 1, "which goes on counting", before + "\n" + after)
    record = lab.shell("cat /run/iscsi-init/sessions") or ""
    lab.rig.ok(" chap_algs=6.5.0.0 " in record, "and knows the CHAP algorithms that were allowed", record)
    lab.rig.ok(re.search(r"session \d+: \S+ at \S+, LOGGED_IN\n  initiator: \S+\n  state: logged in since 20\d\d-.* \(\d+ s\), "
                         r"\d+ recoveries, last error \w+", after),
               "list tells state, portal, since when, recoveries and the last error", after)
    maps = lab.shell("grep -c '/bin/iscsi-init' /proc/%s/maps; readlink /proc/%s/exe" % (now, now)) or ""
    lab.rig.ok(maps.startswith("0\n/memfd:"), "and runs from memory, not from the disk it repairs", maps)
    locked = lab.shell("grep -A30 -m 1 'r-xp.*memfd:' /proc/%s/smaps | grep -E '^(Size|Locked)'" % now) or ""
    sizes = re.findall(r"\d+", locked)[:2]
    # the kernel gives each process its share of what both have locked: half, where there is a keeper
    lab.rig.ok(len(sizes) == 2 and int(sizes[0]) in (int(sizes[1]), 2 * int(sizes[1])) and int(sizes[0]) >= 64,
               "its code is locked", locked)
    lab.target.kill()
    lab.target.start()
    back(lab, "the next outage is its as well")


def holds_nothing(lab):
    """What the resident process of the boot keeps open, mapped and in memory."""
    rig, pid = lab.rig, lab.shell("resident")
    memory = lab.shell("grep ^Rss: /proc/%s/smaps_rollup; grep ^VmRSS /proc/%s/status" % (pid, pid)) or ""
    sizes = [int(n) for n in re.findall(r":\s+(\d+) kB", memory)]
    # VmRSS is the measure; smaps also counts what the kernel maps around each fault, which moves with every build
    rig.ok(len(sizes) == 2 and 0 < min(sizes) <= 896 and max(sizes) <= 960, "the supervisor has at most 896 KiB resident (%s)" %
           " ".join(memory.split()), memory)
    with open(os.path.join(TOP, "build", "resident"), "w") as file:
        file.write("resident process, KiB: %d (limit 896)\n" % max(sizes or [0]))
    keeper = lab.shell("for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = iscsi-keeper ] && grep ^Private_Dirty: $p/smaps_rollup; done") or ""
    private = [int(n) for n in re.findall(r":\s+(\d+) kB", keeper)]
    rig.ok(len(private) == 1 and private[0] <= 320, "its keeper adds %s KiB" % private, keeper)
    rights = lab.shell("grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/%s/status; grep 'core file' /proc/%s/limits; echo priority $(cut -d ' ' -f 40,41 /proc/%s/stat)"
                       % (pid, pid, pid)) or ""
    rig.ok(re.search(r"CapEff:\s+0000000000a47400$", rights, re.M) and re.search(r"CapBnd:\s+0000000000a47400$", rights, re.M) and
           re.search(r"NoNewPrivs:\s+1$", rights, re.M) and re.search(r"Seccomp:\s+2$", rights, re.M) and
           re.search(r"core file size\s+0\s+0", rights), "it has few capabilities and a filter of system calls", rights)
    rig.ok(re.search(r"^priority 1 1$", rights, re.M), "and real-time priority (SCHED_FIFO)", rights)
    # a second later: another's child may just have ended
    zombies = lab.shell("zombies() { grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null; }; zombies >/run/zombies; sleep 1; "
                        "zombies | grep -x -F -f /run/zombies")
    rig.ok(zombies == "", "it leaves no zombie", zombies)
    files = lab.shell("cd /proc/%s/fd; for i in *; do readlink $i; done; cd /" % pid) or ""
    rig.ok(files.count("/dev/null") == 3 and "console" not in files and "ttyS" not in files,
           "it holds no console", files)
    rest = [name for name in files.splitlines()
            if not re.fullmatch(r"/dev/null|/|/dev|/sys|/proc|/run|/run/iscsi-init(/sessions)?|anon_inode:\[(pidfd|timerfd)\]|socket:\[\d+\]|/proc/\d+/mountinfo",
                                name)]
    rig.ok(not rest, "and no file but the kernel's and its own in /run", " ".join(rest))
    sockets = lab.shell("for s in $(ls -l /proc/%s/fd | sed -n 's/.*socket:.\\([0-9]*\\).*/\\1/p'); do awk -v i=$s "
                        "'$NF == i { print $2 }' /proc/net/netlink; done | sort | uniq -c" % pid) or ""
    rig.ok(len(re.findall(r"^ *1 15$", sockets, re.M)) == 1, "one socket hears what units say of themselves", sockets)
    maps = lab.shell("awk 'NF > 5 { print $6, $7 }' /proc/%s/maps | sort -u" % pid) or ""
    maps = maps.replace("[vvar_vclock] ", "").rstrip()  # of kernels since 6.13
    rig.ok(maps.split("\n") == ["/init (deleted)", "/run/iscsi-init/sessions ", "[stack] ", "[vdso] ", "[vvar]"],
           "of the old initramfs only its own program is left in memory", maps)
    state = lab.shell("cat /proc/%s/oom_score_adj; grep -E 'SigIgn|VmLck' /proc/%s/status; head -c 1 /proc/%s/cmdline" %
                      (pid, pid, pid)) or ""
    rig.ok(state.startswith("-1000\n") and state.endswith("@") and not re.search(r"VmLck:\s+0 kB", state),
           "it is out of the OOM killer's reach, locked, and named with an @", state)
    before = lab.shell("resident")
    lab.shell("kill -15 %s; kill -1 %s; sleep 0.2" % (pid, pid))
    rig.ok(lab.shell("resident") == before, "and does not end when every process is told to")


def with_sbin(rig):
    with open(rig.binary, "rb") as file:
        return {"/bin/iscsi-init": file.read()}


def outages(rig, kernel, initrd):
    lab = Lab(rig, kernel, initrd, ["noop_out_interval=1", "noop_out_timeout=2", "chap_algs=sha1:md5"],
              files=with_sbin(rig))
    lab.start_writer()
    lab.shell("iscsi-init events >/run/events & sleep 0.2")
    restarts(lab, int(os.environ.get("RESTARTS", "3")))
    holds_nothing(lab)
    silent(lab)
    supervisor_killed(lab)
    events = lab.shell("cat /run/events") or ""
    rig.ok("event=error type=" in events and re.search(r"^event=lost sid=\d+ error=ISCSI_ERR_TCP_CONN_CLOSE$", events, re.M)
           and re.search(r"^event=back sid=\d+ outage_ms=\d+ attempts=\d+$", events, re.M),
           "events prints the kernel's events and the supervisor's, a line each", events)
    lab.verify("after all this")


def redirected(rig, kernel, initrd):
    """The portal moves: the target sends us elsewhere when we come back, and from there on, for good; later it is back at
    home, which is asked again since it did not say 'for good'."""
    lab = Lab(rig, kernel, initrd, words="loglevel=7")
    lab.start_writer()
    second = Target(rig, {1: lab.disk})
    lab.target.kill()
    between = Listener(lambda peer: peer.answer(peer.read(), {"TargetAddress": "10.0.2.2:%d" % second.port}, status=0x0102))
    lab.target.parameters = (("RedirectAddress", "10.0.2.2"), ("RedirectPort", between.port),
                             ("RedirectReason", "Temporary"))
    lab.target.start()
    lab.expect(r"sends us to 10.0.2.2:%d \(for now\)" % between.port, "at recovery the target sends us to another portal")
    lab.expect(r"10.0.2.2:%d sends us to 10.0.2.2:%d \(for good\)" % (between.port, second.port), "which has moved for good")
    back(lab, "and the session is there")
    rig.ok(second.sessions() == 1, "as that portal sees, too")
    lab.target.kill()
    lab.target.parameters = ()
    lab.target.start()
    second.kill()
    back(lab, "when that one is gone, the configured portal is asked again")
    rig.ok(lab.target.sessions() == 1, "which has the session now")
    between.close()
    lab.verify("moved there and back")


class Named(Target):
    def portal(self):
        return "portal.example:%d" % self.port


def named(rig, kernel, initrd):
    """The portal has a name, which a hosts file knows: that of an initramfs that is gone later, then that of the disk."""
    hosts = b"10.0.2.2 portal.example\n"
    lab = Lab(rig, kernel, rig.joined(initrd, newc_archive({"etc": None, "etc/hosts": hosts})),
              files=dict(with_sbin(rig), **{"/etc/hosts": hosts}), target=lambda disk: Named(rig, {1: disk}))
    lab.start_writer()
    lab.lasts()
    lab.target.kill()
    lab.target.start()
    back(lab, "the session of a portal with a name comes back")
    lab.shell("kill -9 $(resident); (exec iscsi-init supervise) >/dev/console 2>&1 & "
              "until [ \"$(resident)\" ]; do usleep 10000; done")
    lab.shell("rm /etc/hosts; mkfifo /etc/hosts")  # who opens it waits, as on a lost disk
    lab.lasts()
    lab.target.kill()
    lab.target.start()
    back(lab, "after supervise, too, which does not wait for the files of the disk")
    lab.verify("by a name")


def under_pressure(rig, kernel, initrd):
    """Dirty pages and a hog fill the memory while the disk is away: nothing that recovery needs may wait for the disk."""
    lab = Lab(rig, kernel, initrd, memory=128)
    lab.start_writer()
    lab.target.kill()
    lab.shell("dd if=/dev/zero of=/w/dirty bs=1M count=40 2>/dev/null & "
              "for i in 1 2 3 4; do dd if=/dev/zero bs=40M count=8 of=/dev/null 2>/dev/null & done")
    time.sleep(5)
    lab.target.start()
    back(lab, "with all memory in use, the session comes back", 90)
    lab.shell("rm -f /w/dirty")
    lab.verify("under memory pressure")


def timed_out(rig, kernel, initrd):
    """replacement_timeout passes: the kernel fails the I/O; afterwards the session is brought back all the same."""
    lab = Lab(rig, kernel, initrd, ["replacement_timeout=2", "noop_out_interval=1", "noop_out_timeout=1"], words="loglevel=7")
    lab.start_writer()
    lab.target.process.popen.send_signal(signal.SIGSTOP)
    lab.expect("recovery timed out", "a target that is silent for longer than replacement_timeout: the kernel gives up")
    lab.expect("^WRITE-ERROR", "and I/O fails, as was asked for")
    lab.target.kill()
    lab.target.start()
    lab.expect("is back at", "the session comes back all the same")
    lab.expect("^WROTE ", "and the disk can be written again", after="mount -o remount,rw /")
    rig.ok(lab.shell("cat /sys/block/sda/device/state") == "running", "its device is running")
    # The kernel's error handling may give a device up just then; here by hand, as its timers take minutes.
    lab.target.kill()
    lab.target.start()
    lab.expect("is back at", "another outage")
    lab.expect("set running again", "a device that is taken offline all the same is set running",
               after="echo offline >/sys/block/sda/device/state")
    lab.expect("^WROTE ", "and can be written again", after="mount -o remount,rw /")
    lab.guest.kill()


# A distribution's initramfs in the least form: finds the disk, leaves for it.
THEIR_INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t ext4 /dev/sda1 /sysroot
/bin/busybox mount --move /dev /sysroot/dev
/bin/busybox mount --move /run /sysroot/run
exec /bin/busybox switch_root /sysroot /sbin/init
"""


def chained(rig, kernel, initrd):
    """Behind us another initramfs's init, and its switch_root: the same process keeps the session."""
    with open("/bin/busybox", "rb") as file:
        content = dict(dict.fromkeys(["bin", "dev", "proc", "sys", "sysroot"]), **{"bin/busybox": file.read(),
                                                                                  "init": THEIR_INIT})
    del initrd
    appended = rig.path("appended", ".initrd")
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net", "--append",
        rig.joined(newc_archive(content)), "-o", appended)
    lab = Lab(rig, kernel, appended, words="rdinit=/iscsi-init")
    lab.start_writer()
    lab.lasts()
    lab.target.kill()
    lab.target.start()
    back(lab, "in a chain, too, the session comes back")
    name = lab.shell("readlink /proc/$(resident)/exe") or ""
    rig.ok(name.startswith("/iscsi-init"), "by the process of the first initramfs", name)
    record = lab.shell("cat /run/iscsi-init/sessions; ls -l /run/initramfs/shutdown") or ""
    rig.ok("recoveries=1 " in record and "-rwxr-xr-x" in record, "whose record is seen in root, and its shutdown", record)
    lab.verify("in a chain")


def long_away(rig, kernel, initrd):
    """Longer than the kernel's and iscsid's default of 120 s: by our default I/O waits for ever."""
    lab = Lab(rig, kernel, initrd)
    lab.start_writer()
    lab.target.kill()
    time.sleep(130)
    lab.target.start()
    returned = time.monotonic()
    lab.expect(r"is back at .* after 1[34]\d\.", "after more than two minutes the session comes back")
    rig.note("%.1f s after the target" % (time.monotonic() - returned))
    rig.check(lab.guest, lab.wrote(2), "and files are written again")
    lab.verify("away for 130 s")


CASES = {"chained": chained, "outages": outages, "redirected": redirected, "named": named, "pressure": under_pressure,
         "timeout": timed_out}

if __name__ == "__main__":
    with Rig() as the_rig:
        seed = int(os.environ.get("SEED", "7"))
        the_rig.note("SEED=%d" % seed)
        random.seed(seed)
        cloud = Kernel(os.environ.get("KERNEL", "6.1-cloud-amd64"))
        image = the_rig.initrd(cloud)
        for case in sys.argv[1:] or CASES:
            dict(CASES, long=long_away)[case](the_rig, cloud, image)
