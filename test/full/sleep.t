#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Machines that do not simply run until they are switched off: to RAM and idle and awake again, while the target stays or is
restarted, and with a lease that runs out meanwhile; hibernated; and Debian's systemd that sleeps and that ends by kexec."""

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
import distro  # noqa: E402
from lab import Lab  # noqa: E402
from rig import MIB, TOP, Disk, Kernel, NamespaceTarget, Process, Rig, run  # noqa: E402

SERVER, ADDRESS = "192.0.2.1", "192.0.2.50"
LEASE, SLEEP = 60, 40  # seconds: awake, half of the lease is over, and it is to be renewed


def sleeper():
    """QEMU's firmware wakes up only what it has started: no ELF kernel (PVH)."""
    kernel = Kernel("6.1-cloud-amd64")
    kernel.image = kernel.vmlinuz
    return kernel


def status(guest):
    return guest.monitor("query-status")["return"]["status"]


def falls_asleep(guest, how, seconds=60):
    """To RAM, the machine's monitor knows it; idle, its last words are the disk's."""
    if how == "freeze":
        return guest.expect("Synchronizing SCSI cache", seconds)
    deadline = time.monotonic() + seconds
    while status(guest) != "suspended" and time.monotonic() < deadline:
        guest.read_console(time.monotonic() + 0.2)
    return status(guest) == "suspended"


def wakes(lab, how):
    """What sent it to sleep goes on. Idle, it listens to its console: an empty line is a command that does nothing."""
    if how == "freeze":
        lab.guest.send("\n")
        return lab.guest.expect("^did 0 ", 60) and lab.guest.expect("^did 0 ", 60)
    lab.end = "b"  # this QEMU does not power off what has slept
    lab.guest.monitor("system_wakeup")
    return lab.guest.expect("^did 0 ", 60)


def asleep(rig, how, restarts):
    name = "%s, the target %s" % (how, "is restarted meanwhile" if restarts else "stays")
    kernel = sleeper()
    lab = Lab(rig, kernel, rig.initrd(kernel), words="ignore_loglevel no_console_suspend")
    lab.shell("echo enabled >/sys/class/tty/ttyS0/power/wakeup")
    lab.start_writer()
    lab.guest.send("echo %s >/sys/power/state\n" % how)
    rig.check(lab.guest, falls_asleep(lab.guest, how), name + ": the machine sleeps")
    time.sleep(3)  # its devices, too
    if restarts:
        lab.target.kill()
        lab.target.start()
    slept = lab.guest.seen
    rig.check(lab.guest, wakes(lab, how), name + ": and wakes up")
    if restarts:
        woke, lab.guest.seen = lab.guest.seen, slept  # the session may be faster than the shell
        lab.expect("is back at .*event=back", name + ": its session is back")
        lab.guest.seen = max(woke, lab.guest.seen)
    rig.check(lab.guest, lab.wrote(2), name + ": files are written again")
    lab.verify(name)


def lease(rig):
    """The time of which the clock of poll() knows nothing."""
    kernel, network = sleeper(), "iscsi-init-sleep-%d" % os.getpid()
    run("ip", "netns", "add", network)
    try:
        for arguments in ("link set lo up", "tuntap add tap0 mode tap", "addr add %s/24 dev tap0" % SERVER, "link set tap0 up"):
            run("ip", "-n", network, *arguments.split())
        program, log = rig.path("qemu", ".sh"), rig.path("dhcpd", ".log")
        with open(program, "w") as file:
            file.write('#!/bin/sh\nexec ip netns exec %s qemu-system-x86_64 "$@"\n' % network)
        os.chmod(program, 0o755)
        rig.processes.append(Process(["ip", "netns", "exec", network, sys.executable, os.path.join(TOP, "test", "net", "dhcpd.py"),
                                      "tap0", "address=" + ADDRESS, "server=" + SERVER, "lease=%d" % LEASE], open(log, "wb")))
        while "ready" not in open(log).read():
            time.sleep(0.1)
        lab = Lab(rig, kernel, rig.initrd(kernel), words="ip=dhcp ignore_loglevel", program=program,
                  network=["-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no", "-device",
                           "virtio-net-pci,netdev=n0,romfile="],
                  target=lambda disk: NamespaceTarget(rig, {1: disk}, network, SERVER))
        lab.guest.send("echo mem >/sys/power/state\n")
        rig.check(lab.guest, falls_asleep(lab.guest, "mem"), "a lease: the machine sleeps")
        before = open(log).read().count("REQUEST")
        time.sleep(SLEEP)
        rig.ok(open(log).read().count("REQUEST") == before, "a lease: nobody renews it")
        rig.check(lab.guest, wakes(lab, "mem"), "a lease: the machine is awake")
        deadline = time.monotonic() + 5
        while open(log).read().count("REQUEST") == before and time.monotonic() < deadline:
            time.sleep(0.1)
        rig.ok(open(log).read().count("REQUEST") > before, "a lease: it is renewed at once", open(log).read())
        lab.guest.kill()
    finally:
        for process in reversed(rig.processes):
            process.kill()
        run("ip", "netns", "del", network)


def swap_disk(rig, size):
    swap = Disk(rig.path("swap", ".img"))
    with open(swap.path, "wb") as file:
        file.truncate(size)
    run("mkswap", "--label", "rigswap", swap.path)
    return swap


def hibernate(rig):
    """As the manual says: it boots anew. What was written before is there, as after a loss of power."""
    kernel = sleeper()
    swap = swap_disk(rig, 512 * MIB)
    lab = Lab(rig, kernel, rig.initrd(kernel), words="ignore_loglevel", by_path=True, target=lambda disk: distro.Target(rig, {1: disk, 2: swap}))
    said = lab.shell("swapon /dev/$(ls /sys/class/scsi_device/*:2/device/block) && echo before >/before && sync && echo shutdown >/sys/power/disk")
    rig.ok(said is not None and lab.status == 0, "hibernation: there is swap", str(said))
    lab.guest.send("echo disk >/sys/power/state\n")
    rig.check(lab.guest, lab.guest.wait(120), "hibernation: the machine goes off")
    guest = rig.boot(kernel, rig.initrd(kernel), "loglevel=5 rw root=LABEL=rigroot resume=LABEL=rigswap " + lab.target.word())
    rig.check(guest, guest.expect("^LAB-READY", 90), "hibernation: it boots anew")
    rig.ok(guest.said("resume= has no effect: a hibernated system boots anew"), "hibernation: and says so")
    guest.kill()
    rig.ok(lab.disk.read_file("/before").strip() == "before", "hibernation: what was written before is there")


def hibernate_chained(rig):
    """In front of initramfs-tools, which looks for what resume= names before it mounts root: the system goes on where it was, and
    its session comes back."""
    name, way, kernel = "hibernation in front of initramfs-tools", "initramfs-tools", Kernel(distro.KERNELS["trixie"])
    swap = swap_disk(rig, 2048 * MIB)
    more = "net.ifnames=0 resume=LABEL=rigswap no_console_suspend"
    machine = distro.Machine(rig, kernel, distro.root(rig, "trixie", "networkd", False, kernel), way, more, disks=(swap,))

    def hibernate_and_resume(machine):
        said = machine.shell("swapon -L rigswap && echo here >/run/here && sync && echo shutdown >/sys/power/disk")
        rig.ok(said is not None and machine.status == 0, name + ": there is swap", str(said))
        machine.guest.send("echo disk >/sys/power/state\n")
        rig.check(machine.guest, machine.guest.wait(180), name + ": the machine goes off")
        machine.guest = rig.boot(kernel, distro.initrd(rig, kernel, way), distro.words(way, machine.target) + " " + more, memory=1024)
        machine.answered = 0
        rig.check(machine.guest, machine.guest.expect("^did 0 ", 240), name + ": it goes on")
        rig.ok(machine.shell("cat /run/here") == "here", name + ": as the system that it was")
        rig.check(machine.guest, machine.write("resumed") == "written", name + ": and writes")

    distro.from_on_to_off(rig, machine, name, hibernate_and_resume)


class Sleeper(distro.Machine):
    def end(self, command="systemctl reboot", seconds=180):  # this QEMU does not power off what has slept
        return super().end(command, seconds)


def systemd_sleeps(rig):
    """systemctl suspend: all of systemd's own ways to bed, and networkd awake again."""
    name, kernel = "systemctl suspend", Kernel(distro.KERNELS["trixie"])
    disk = distro.root(rig, "trixie", "networkd", False, kernel)
    kernel.image = kernel.vmlinuz
    machine = Sleeper(rig, kernel, disk)

    def sleep(machine):
        machine.shell("systemctl suspend", 60)  # it does not wait for the sleep
        rig.check(machine.guest, falls_asleep(machine.guest, "mem"), name + ": the machine goes to sleep")
        machine.target.kill()
        machine.target.start()
        machine.guest.monitor("system_wakeup")
        rig.check(machine.guest, machine.guest.expect("event=back", 60), name + ": it wakes up, and its session is back")
        rig.check(machine.guest, machine.write("awake") == "written", name + ": awake, it writes")

    distro.from_on_to_off(rig, machine, name, sleep)


def kexec(rig):
    """The next kernel is on root, as it would be; nobody has to load it by hand but for the words."""
    name, kernel = "systemctl kexec", Kernel(distro.KERNELS["trixie"])
    packages, units, files = distro.MANAGERS["networkd"]
    distro.MANAGERS["kexec"] = (packages + ["kexec-tools"], units, files)
    with open(kernel.vmlinuz, "rb") as vmlinuz, open(distro.initrd(rig, kernel, "own"), "rb") as initrd:
        next_files = {"/next": vmlinuz.read(), "/next-initrd": initrd.read()}
    machine = distro.Machine(rig, kernel, distro.root(rig, "trixie", "kexec", False, kernel, next_files))
    rig.check(machine.guest, machine.booted, name + ": boots to multi-user")
    said = machine.shell("kexec -s -l /next --initrd=/next-initrd --command-line=\"$(cat /proc/cmdline)\"", 120)
    rig.ok(said is not None and machine.status == 0, name + ": the next kernel is loaded", str(said))
    machine.guest.send("systemctl kexec\n")
    rig.check(machine.guest, machine.guest.expect("^LAB-READY", 300), name + ": the next kernel boots to multi-user")
    rig.ok(machine.target.sessions() == 1, name + ": the first one has logged out")
    machine.booted = machine.guest.seconds()
    distro.from_on_to_off(rig, machine, name)


CASES = {"mem": lambda rig: asleep(rig, "mem", False), "mem-restart": lambda rig: asleep(rig, "mem", True),
         "freeze": lambda rig: asleep(rig, "freeze", False), "freeze-restart": lambda rig: asleep(rig, "freeze", True),
         "lease": lease, "hibernate": hibernate, "hibernate-chained": hibernate_chained, "suspend": systemd_sleeps, "kexec": kexec}

with Rig() as the_rig:
    for case in sys.argv[1:] or CASES:
        CASES[case](the_rig)
