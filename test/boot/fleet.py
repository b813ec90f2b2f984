#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A rack of diskless guests that boot one after the other, JOBS at a time, from one read-only LUN whose every block is verified,
each with a layer of its own in memory. DHCP (a real dnsmasq) says which disk, which name and which log server; a real rsyslogd
gets their lines. All of it is in a network namespace of its own. Called by `make fleet`: shows the table and the picture of
tools/iscsi-init-boots, and that the image has not changed."""

import ctypes
import os
import queue
import re
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from layers import digest, hash_of  # noqa: E402
from rig import TOP, Kernel, Process, Rig, Target, run  # noqa: E402
from syslogd import Server  # noqa: E402

KERNEL = "6.1-cloud-amd64"
TOOL = os.path.join(TOP, "tools", "iscsi-init-boots")
SERVER, NAME = "10.0.0.1", "iqn.2026-01.org.example:rack"
HEADING = "A rack from one verified image"
CLONE_NEWNET = 0x40000000
# The root's init. An empty machine-id is filled, as systemd does it; what is written goes to the layer.
INIT = """#!/bin/busybox sh
export PATH=/bin:/sbin
[ -s /etc/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
dd if=/dev/zero of=/written bs=1M count=4 2>/dev/null
echo
echo "UP $(hostname) $(cat /etc/machine-id) $(sed -n 's,^[^ ]* / \\([^ ]*\\) .*,\\1,p' /proc/mounts | tail -n 1) \
$(cat /sys/block/dm-0/dm/name) $(wc -c </written)"
exec /run/initramfs/shutdown shutdown poweroff
"""


class RackTarget(Target):
    """At the address and the port that the recipe names."""

    address = SERVER

    @staticmethod
    def free_port():
        return 3260


def recipe():
    """The three blocks of doc/recipes.md: the shell lines that make the hash tree, dnsmasq's configuration, the command line."""
    with open(os.path.join(TOP, "doc", "recipes.md"), encoding="utf-8") as file:
        section = file.read().split("## %s\n" % HEADING)[1].split("\n## ")[0]
    return re.findall(r"^```(?:sh)?\n(.*?)^```$", section, re.M | re.S)


def host_of(number):
    return "52:54:00:00:00:%02x" % number, "rack%02d" % number


class Rack:
    """The network, the servers and the image. say(text): each step; tell(text): what is seen; check(condition, name, detail):
    what must hold."""

    def __init__(self, rig, count, jobs, say, tell, check):
        self.rig, self.count, self.jobs = rig, count, min(jobs, count)
        self.say, self.tell, self.check = say, tell, check
        self.machines = {}  # name -> machine-id
        self.todo = queue.Queue()

    def prepare(self):
        self.say("a Debian kernel, and an initramfs with iscsi-init and its modules")
        self.kernel = Kernel(KERNEL)
        self.initrd = self.rig.initrd(self.kernel)
        self.tell("%s, initramfs %d KiB" % (self.kernel.version, os.stat(self.initrd).st_size >> 10))
        self.say("one image: ext4 with busybox, an empty /etc/machine-id, and the hash tree of veritysetup")
        self.disk = self.rig.disk(table="none", files={"/sbin/init": INIT, "/etc/machine-id": ""})
        self.disk.params = "readonly=1"
        script, self.config, line = recipe()
        said = run("sh", "-ec", script.replace("/srv/root.img", self.disk.path))
        for word, value in (("root", "LABEL=" + self.disk.LABEL), ("roothash", hash_of(said)),
                            ("systemd.verity_root_options", re.search(r"hash-offset=\d+", said).group(0))):
            line = re.sub(r"(?m)(^| )%s=\S+" % re.escape(word), r"\g<1>%s=%s" % (word, value), line)
        self.cmdline = line.strip()
        self.before = digest(self.disk)[0]
        self.tell("root hash %s\nsha256 of the image %s" % (hash_of(said), self.before))

    def start_servers(self):
        self.say("a network of its own, with tgtd (the LUN is read-only), dnsmasq and rsyslogd at %s; dnsmasq reads" % SERVER)
        config = re.sub(r"(?:^dhcp-host=.*\n)+", "".join("dhcp-host=%s,%s\n" % host_of(i + 1) for i in range(self.count)), self.config,
                        flags=re.M)
        self.tell("".join("%s\n" % row for row in config.splitlines()[:6]) + "...")
        Server.packages()  # fetched while there is a network
        if ctypes.CDLL(None).unshare(CLONE_NEWNET):
            sys.exit("fleet: no network namespace: this needs root")
        commands = ["link set lo up", "link add rack type bridge", "address add %s/24 dev rack" % SERVER, "link set rack up"]
        for job in range(self.jobs):
            commands += ["tuntap add tap%d mode tap" % job, "link set tap%d master rack up" % job]
        for command in commands:
            run("ip", *command.split())
        self.target = RackTarget(self.rig, {1: self.disk}, name=NAME)
        self.server = Server(self.rig, SERVER, 514)
        path = self.rig.path("dnsmasq", ".conf")
        with open(path, "w") as file:
            file.write(config + "interface=rack\nport=0\nleasefile-ro\nno-ping\nuser=root\n")
        with open(self.rig.path("dnsmasq", ".log"), "wb") as log:
            self.rig.processes.append(Process(["dnsmasq", "--keep-in-foreground", "--conf-file=" + path], log))

    def boot(self, job, number):
        mac, name = host_of(number)
        guest = self.rig.boot(self.kernel, self.initrd, "loglevel=4 " + self.cmdline, memory=256, network=[
            "-netdev", "tap,id=n0,ifname=tap%d,script=no,downscript=no" % job, "-device",
            "virtio-net-pci,netdev=n0,mac=%s,romfile=" % mac])
        up = guest.expect(r"^UP (\S+) ([0-9a-f]{32}) (\S+) (\S+) (\d+)\n", 120)
        seconds = guest.seconds()
        ended = up and guest.wait(60)
        guest.kill()
        if not up or not ended:
            self.check(False, "%s boots and powers off" % name, "\n".join(guest.console.splitlines()[-40:]))
            return
        self.tell("%s  up after %4.1f s, off after %4.1f s; machine-id %s; / is %s over dm-verity's %s" %
                  (up.group(1), seconds, guest.seconds(), up.group(2), up.group(3), up.group(4)))
        if up.groups()[2:] == ("overlay", "root", str(4 << 20)):
            self.machines[up.group(1)] = up.group(2)
        else:
            self.check(False, "%s has a layered, verified root that it can write to" % name, up.group(0))

    def work(self, job):
        while True:
            try:
                number = self.todo.get_nowait()
            except queue.Empty:
                return
            self.boot(job, number)

    def boot_all(self):
        self.say("%d guests, %d at a time, all with the same command line:" % (self.count, self.jobs))
        self.tell(self.cmdline)
        for number in range(1, self.count + 1):
            self.todo.put(number)
        workers = [threading.Thread(target=self.work, args=(job,)) for job in range(self.jobs)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def show(self, picture):
        self.say("what the log server knows: %s LOG --svg %s" % (os.path.relpath(TOOL, TOP), picture))
        for number in range(1, self.count + 1):
            self.server.has(r"(?m)^\S+ \S+ %s .* boot times ms" % host_of(number)[1])
        done = subprocess.run([TOOL, self.server.log, "--svg", picture], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.tell(done.stdout)
        return done.stdout

    def judge(self, table, picture):
        self.say("and what must hold")
        names = {host_of(number)[1] for number in range(1, self.count + 1)}
        self.check(set(self.machines) == names, "%d machines came up with %d names" % (self.count, len(names)), repr(self.machines))
        self.check(len(set(self.machines.values())) == self.count, "and as many machine-ids", repr(self.machines))
        up = set(re.findall(r"^(\S+) +up +\d+", table, re.M))
        self.check(up == names, "the log server knows each of them as up, with the times of its phases", table + self.server.text())
        with open(picture, encoding="utf-8") as file:
            drawing = file.read()
        self.check(all(">%s<" % name in drawing for name in names), "each has its row in the picture", drawing)
        self.check(self.target.sessions() == 0, "the target has no session left")
        after = digest(self.disk)[0]
        self.check(after == self.before, "the image has not changed: sha256 %s" % after)


def demonstrate(rig, count, jobs, picture, say, tell, check):
    rack = Rack(rig, count, jobs, say, tell, check)
    rack.prepare()
    rack.start_servers()
    rack.boot_all()
    rack.judge(rack.show(picture), picture)


def main():
    count, jobs = (int(word) for word in (sys.argv[1:] + ["20", "2"])[:2])
    picture = os.path.join("build", "fleet.svg")
    os.chdir(TOP)
    if os.geteuid():
        sys.exit("fleet: it makes a network namespace, which needs root: sudo make fleet")
    with Rig() as rig:
        def say(text):
            print("\n== " + text, flush=True)

        def tell(text):
            print("".join("   %s\n" % row for row in text.splitlines()), end="", flush=True)

        def check(condition, name, detail=""):
            rig.failed += not condition
            print("   %s %s" % ("yes:" if condition else "NO: ", name), flush=True)
            if not condition:
                tell(detail)

        demonstrate(rig, count, jobs, picture, say, tell, check)
        print("\nThe picture is %s." % picture)


if __name__ == "__main__":
    main()
