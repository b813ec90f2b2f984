# SPDX-License-Identifier: MIT
"""Debian systems as root disks: systemd, udev, one network manager, open-iscsi or none, built by mmdebstrap from the
machine's own mirror and cached. A unit of ours runs a test's commands from the console, as lab.py's root does.

A guest boots such a disk by one of WAYS: our root switch, our archive in front of a distribution's initramfs, or that
initramfs alone, which is what we are measured by.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile

from builders import distribution_initrd
from lab import LOOP, Lab
from rig import HERE, HOST, IMAGE_TOOL, MIB, TARGET_NAME, Disk, Target, cached, run, write_table

KERNELS = {"bookworm": "6.1-cloud-amd64", "trixie": "6.12-cloud-amd64"}
SIZE = 2048 * MIB
LAYOUT = 1  # of the disks that build() makes: another number makes all anew
BASE = "systemd systemd-sysv udev dbus kmod iproute2 procps e2fsprogs".split()
WAYS = ("own", "initramfs-tools", "dracut", "debian")
CARD = "52:54:00:12:34:56"  # QEMU's first

# manager: its packages, the units that are enabled besides, its files
DHCP_NETWORK = "[Match]\nType=ether\n\n[Network]\nDHCP=yes\n"
NETPLAN = "network:\n  version: 2\n  renderer: %s\n  ethernets:\n    all:\n      match: {name: \"e*\"}\n      dhcp4: true\n"
MANAGERS = {
    "ifupdown": (["ifupdown", "isc-dhcp-client"], [], {}),
    "networkd": ([], ["systemd-networkd.service", "systemd-networkd-wait-online.service"],
                 {"/etc/systemd/network/20-wired.network": DHCP_NETWORK}),
    "networkmanager": (["network-manager"], ["NetworkManager-wait-online.service"], {}),
    "netplan-networkd": (["netplan.io"], ["systemd-networkd.service", "systemd-networkd-wait-online.service"],
                         {"/etc/netplan/01-all.yaml": NETPLAN % "networkd"}),
    "netplan-networkmanager": (["netplan.io", "network-manager"], ["NetworkManager-wait-online.service"],
                               {"/etc/netplan/01-all.yaml": NETPLAN % "NetworkManager"}),
    "dhcpcd": (["dhcpcd"], ["dhcpcd.service"], {}),
    "connman": (["connman"], ["connman-wait-online.service"], {}),
}

# What the shell on the console runs first: is the boot over, and well?
SHELL = r"""#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_COLORS=0 SYSTEMD_PAGER= LANG=C
stty -echo
show() { echo; echo "<<$1"; cat; echo; echo ">>$1"; }
systemctl is-system-running --wait | show state
systemctl --failed --no-legend --plain | show failed
systemctl list-jobs --no-legend --plain | show jobs
systemd-analyze time 2>&1 | show analyze
{ ip -o link; ip -o -4 addr; ip route; } | show network
errors() { dmesg | grep -E "I/O error|Buffer I/O|EXT4-fs (error|warning)|Remounting filesystem|rejecting I/O"; }
echo LAB-READY
""" + LOOP + "\n"
UNIT = """[Unit]
Description=The rig's shell on the console
After=dbus.service
[Service]
ExecStart=/bin/sh /rig.sh
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
TTYVHangup=no
"""
FILES = {
    "/etc/systemd/system/rig.service": UNIT,
    "/etc/fstab": "UUID=%s / ext4 errors=remount-ro 0 1\n" % Disk.UUID,
    "/etc/hostname": "rig\n",
    "/etc/.updated": "",  # what systemd brings up to date in a boot after an upgrade is so: these are newer than /usr
    "/var/.updated": "",
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "/etc/iscsi/initiatorname.iscsi": "InitiatorName=iqn.2026-01.test.rig:guest\n",
}
# Nothing that only costs time: a terminal that nobody reads, timers, file system checks of a fresh disk
MASKED = ("serial-getty@ttyS0.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer "
          "dpkg-db-backup.timer fstrim.timer e2scrub_reap.service").split()
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/zoneinfo/*")


def own_mirror():
    """The Debian archive that this machine takes its packages from."""
    lines = run("apt-get", "indextargets", "--format", "$(CREATED_BY) $(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)")
    for words in map(str.split, lines.splitlines()):
        if len(words) == 5 and words[0] == "Packages" and words[3:] == ["main", "Debian"] and "-" not in words[2]:
            return words[1]
    raise RuntimeError("no Debian archive with component main in this machine's apt sources (apt-get update first)")


def write_files(tree, files):
    for name, content in files.items():
        path = tree + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(content)


def link_units(tree, folder, units, target=None):
    """In the tree's /etc/systemd/system: what systemctl enable and mask make."""
    os.makedirs(os.path.join(tree, "etc/systemd/system", folder), exist_ok=True)
    for unit in units:
        path = os.path.join(tree, "etc/systemd/system", folder, unit)
        if not os.path.lexists(path):
            os.symlink(target or "/lib/systemd/system/" + unit, path)


def bootstrap(suite, packages, tree):
    left_out = ["--dpkgopt=path-exclude=" + path for path in LEFT_OUT]
    run("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory",
        "--include=" + ",".join(packages), "--aptopt=Acquire::Languages \"none\"", *left_out, suite, tree, own_mirror())


def build(path, suite, manager, iscsid, kernel):
    packages, units, files = MANAGERS[manager]
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
        tree = folder + "/tree"
        bootstrap(suite, BASE + packages + (["open-iscsi"] if iscsid else []), tree)
        write_files(tree, dict(FILES, **files))
        link_units(tree, "", MASKED, "/dev/null")
        link_units(tree, "", ["default.target"], "/lib/systemd/system/multi-user.target")
        link_units(tree, "multi-user.target.wants", units)
        link_units(tree, "multi-user.target.wants", ["rig.service"], "/etc/systemd/system/rig.service")
        link_units(tree, "network-online.target.wants", [unit for unit in units if "wait-online" in unit])
        link_units(tree, "multi-user.target.wants", ["network-online.target"])  # as any service that needs the network
        shutil.copytree(kernel.modules, tree + "/usr/lib/modules/" + kernel.version, symlinks=True)
        with open(path, "wb") as file:
            file.truncate(SIZE)
        write_table(path, "gpt")
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-L", Disk.LABEL, "-U", Disk.UUID,
            "-E", "offset=%d,root_owner=0:0,nodiscard" % MIB, "-d", tree, path, str((SIZE - 2 * MIB) // 4096))


def root(rig, suite, manager, iscsid, kernel, files=None):
    """A fresh copy of such a disk; files (text, or bytes) are put into it, without a mount."""
    key = json.dumps([LAYOUT, suite, manager, iscsid, kernel.version, SIZE, BASE, MANAGERS[manager], FILES, MASKED, LEFT_OUT])
    image = cached(key, ".disk", lambda path: build(path, suite, manager, iscsid, kernel))
    path = rig.path("disk", ".img")
    run("cp", "--sparse=always", image, path)
    for name, content in dict(files or {}, **{"/rig.sh": SHELL}).items():
        with tempfile.NamedTemporaryFile() as file:
            file.write(content if isinstance(content, bytes) else content.encode())
            file.flush()
            for command in ("rm " + name, "write %s %s" % (file.name, name)):
                run("debugfs", "-w", "-R", command, "%s?offset=%d" % (path, MIB))
    return Disk(path)


def initrd(rig, kernel, way):
    if way == "own":
        return rig.initrd(kernel)
    theirs = distribution_initrd("initramfs-tools" if way == "debian" else way, kernel)
    if way == "debian":
        return theirs
    out = rig.path("appended", ".initrd")
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net", "--append", theirs,
        "-o", out)
    return out


def words(way, target, network="ip=dhcp", word=lambda target: target.word()):
    line = "root=UUID=%s rw loglevel=5 systemd.show_status=true systemd.log_color=no TERM=dumb %s " % (Disk.UUID, network)
    if way == "debian":
        return line + ("iscsi_initiator=iqn.2026-01.test.rig:guest iscsi_target_name=%s iscsi_target_ip=%s "
                       "iscsi_target_port=%d iscsi_target_group=1" % (TARGET_NAME, HOST, target.port))
    return line + ("" if way == "own" else "rdinit=/iscsi-init ") + word(target)


class Machine(Lab):
    """One booted distribution. .booted, .ended: seconds, None where it did not happen."""

    def __init__(self, rig, kernel, disk, way="own", more="", seconds=240, disks=(), word=lambda target: target.word(), **boot):
        self.rig, self.disk = rig, disk
        self.target = Target(rig, dict(enumerate((disk,) + tuple(disks), 1)))
        self.booted = self.ended = None
        self.guest = rig.boot(kernel, initrd(rig, kernel, way), words(way, self.target, word=word) + " " + more,
                              memory=1024, **boot)
        if self.guest.expect("^LAB-READY", seconds):
            self.booted = self.guest.seconds()

    def end(self, command="systemctl poweroff", seconds=180):
        """Tells the machine to end: the seconds it took, None when it did not."""
        begun = self.guest.seconds()
        self.guest.send(command + "\n")
        if self.guest.wait(seconds):
            self.ended = self.guest.seconds() - begun
        return self.ended

    def failed(self):
        """Units that failed, or jobs that wait, in the boot."""
        return (self.guest.section("failed") + "\n" + self.guest.section("jobs")).strip()

    def is_clean(self):
        """Was the file system unmounted? A journal that has to be replayed says that it was not."""
        shown = subprocess.run(["dumpe2fs", "-h", "%s?offset=%d" % (self.disk.path, MIB)], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL).stdout.decode()
        return re.search(r"^Filesystem state: +clean$", shown, re.M) and "needs_recovery" not in shown

    def write(self, name):
        """A file of the guest's, on the disk when this returns; what was printed."""
        return self.shell("echo %s >/var/%s && sync -f /var/%s && echo written" % (name, name, name), 120)


def interfaces(name, how="auto"):
    """ifupdown's file; how: its words for the interface."""
    words = "".join("%s %s\n" % (word, name) for word in how.split())
    return {"/etc/network/interfaces": "auto lo\niface lo inet loopback\n%siface %s inet dhcp\n" % (words, name)}


def outage(rig, machine, name):
    """The target goes away and comes back; a write waits for it. The kernel says that it is away: iscsid is silent."""
    machine.shell("sleep 0; grep -q FAILED /sys/class/iscsi_session/*/state")  # both are in memory then
    machine.target.kill()
    said = machine.shell("until grep -q FAILED /sys/class/iscsi_session/*/state; do sleep .2; done", 60)
    rig.check(machine.guest, said is not None, name + ": the target is away")
    machine.guest.send("echo during >/var/during && sync -f /var/during\n")
    machine.target.start()
    rig.check(machine.guest, machine.guest.expect(r"^did 0 ", 90), name + ": a write waits for it and is done")
    errors = machine.shell("errors")
    rig.ok(errors == "", name + ": the file system saw no error", str(errors))


def from_on_to_off(rig, machine, name, during=None):
    """To multi-user with every unit well, an outage, what the test does besides, and off again."""
    rig.check(machine.guest, machine.booted, name + ": boots to multi-user")
    if not machine.booted:
        machine.guest.kill()
        return
    rig.ok(machine.failed() == "" and machine.guest.section("state").strip().endswith("running"),
           name + ": no unit has failed, no job waits", machine.guest.section("state") + "\n" + machine.failed())
    outage(rig, machine, name)
    if during:
        during(machine)
    rig.check(machine.guest, machine.end(), name + ": powers off")
    rig.ok(machine.is_clean(), name + ": the file system was unmounted")
    rig.ok(machine.target.sessions() == 0, name + ": the target has no session left")
    complaints = re.findall(r"^.*(?:\[FAILED\]|\[DEPEND\]|\[ TIME \]|Not all .* (?:detached|unmounted|stopped)).*",
                            machine.guest.console, re.M)
    rig.ok(not complaints, name + ": systemd complained of nothing", "\n".join(complaints))
    rig.note("%s: multi-user after %.0f s, off after %.0f s" % (name, machine.booted, machine.ended or 0))
