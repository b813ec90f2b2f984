#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The README's recipes: the lines that stand there are run, on a kernel of the cache instead of an installed one, and
what comes out of them boots."""

import ctypes
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from rig import MACHINES, TOP, Disk, Kernel, Process, Rig, Target, run  # noqa: E402
from builders import distribution_initrd  # noqa: E402

NAME, PORTAL = "iqn.2026-01.org.example:disk", "10.0.0.1"
OVMF = "/usr/share/OVMF/OVMF_%s_4M.fd"
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
CLONE_NEWNET = 0x40000000


def recipes():
    """Heading -> its fenced blocks."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        sections = re.split(r"^##+ (.*)$", file.read(), flags=re.M)
    return {heading: re.findall(r"^```(?:sh)?\n(.*?)^```$", text, re.M | re.S)
            for heading, text in zip(sections[1::2], sections[2::2])}


RECIPES = recipes()


class Kitchen:
    """Where one recipe is cooked: a target of its own, and the folders that the README names, elsewhere."""

    def __init__(self, rig, kernel, arch="amd64", accounts=()):
        self.rig, self.kernel = rig, kernel
        self.folder = rig.path("kitchen", "")
        os.mkdir(self.folder)
        for name in ("tools", "build", "iscsi-init"):
            os.symlink(os.path.join(TOP, name), os.path.join(self.folder, name))
        self.target = Target(rig, {1: rig.disk(arch=arch)}, name=NAME, accounts=accounts)
        self.tty = MACHINES[kernel.arch][2]
        self.network = "user,id=n0,net=10.0.0.0/24,host=%s,tftp=%s" % (PORTAL, self.folder)

    def here(self, text):
        """The README's names of files, ports and labels are those of this test."""
        for readme, ours in (("/lib/modules/$(uname -r)", self.kernel.modules),
                             ("/lib/modules/$version", self.kernel.modules),
                             ("/boot/vmlinuz-$version", self.kernel.vmlinuz), ("/srv/tftp", self.folder),
                             ("/boot/efi", self.folder), ("/boot/initrd.img-$version", "theirs"),
                             ("/boot/initrd.img-iscsi", "ours"), ("LABEL=root", "LABEL=" + Disk.LABEL),
                             ("--cmdline '", "--cmdline 'console=%s quiet panic=-1 " % self.tty),
                             ("iscsi=%s," % PORTAL, "iscsi=%s:%d," % (PORTAL, self.target.port)),
                             ("iscsi:%s::" % PORTAL, "iscsi:%s::%d" % (PORTAL, self.target.port))):
            text = text.replace(readme, ours)
        return text

    def cook(self, script):
        words = "make() { [ -e build/arm64/iscsi-init ] || command make -C %s \"$@\"; }\n" % TOP
        return run("sh", "-e", "-c", words + self.here(script), cwd=self.folder)

    def file(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(content)
        return path

    def nic(self, bootfile=None, rom=True):
        return ["-netdev", self.network + (",bootfile=" + bootfile if bootfile else ""),
                "-device", "virtio-net-pci,netdev=n0" + ("" if rom else ",romfile=")]

    def serve(self, guest, name):
        self.rig.check(guest, guest.expect("^ROOT-OK", 180), name)
        guest.expect("^DONE", 30)
        guest.kill()
        self.target.kill()


def ipxe(rig, kernel):
    script, chain, hook = RECIPES["A PC by iPXE"]
    for what, commands in (("", chain), (", the target from the firmware's table", hook)):
        kitchen = Kitchen(rig, kernel)
        kitchen.cook(script.replace("iscsi=%s,%s " % (PORTAL, NAME), "") if commands == hook else script)
        kitchen.file("start.ipxe", "#!ipxe\n" + kitchen.here(commands))
        guest = rig.boot(None, None, "", network=kitchen.nic("start.ipxe"), options=["-boot", "n"],
                         machine=["-M", "pc"] + MACHINES["amd64"][1][2:])
        kitchen.serve(guest, "a PC by iPXE" + what)


def uefi(rig, kernel):
    kitchen = Kitchen(rig, kernel)
    os.makedirs(kitchen.file("EFI/BOOT"))
    kitchen.cook(RECIPES["A PC by UEFI, one file"][0])
    variables = rig.path("vars", ".fd")
    shutil.copy(OVMF % "VARS", variables)
    partition = kitchen.file("partition")
    os.makedirs(partition)
    shutil.move(kitchen.file("EFI"), partition)
    drives = ["if=pflash,format=raw,readonly=on,file=" + OVMF % "CODE", "if=pflash,format=raw,file=" + variables,
              "if=none,id=esp,format=raw,file=fat:rw:" + partition]
    guest = rig.boot(None, None, "", memory=1024, network=kitchen.nic(rom=False),
                     options=[word for drive in drives for word in ("-drive", drive)] +
                     ["-device", "virtio-blk-pci,drive=esp,bootindex=1"])
    kitchen.serve(guest, "a PC by UEFI, one file")


def uboot(rig):
    kernel = Kernel("6.12-cloud-arm64")
    kitchen = Kitchen(rig, kernel, "arm64")
    kitchen.cook(RECIPES["An arm64 board by u-boot"][0])
    guest = rig.boot(None, None, "", program=MACHINES["arm64"][0], machine=MACHINES["arm64"][1], memory=1024,
                     network=kitchen.nic(rom=False), options=["-bios", UBOOT])
    kitchen.serve(guest, "an arm64 board by u-boot")


def append(rig, kernel):
    kitchen = Kitchen(rig, kernel)
    shutil.copy(distribution_initrd("initramfs-tools", kernel), kitchen.file("theirs"))
    heading = "An existing Debian or Fedora machine, by appending"
    kitchen.cook(RECIPES[heading][0])
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        words = re.search(r"`(rdinit=/iscsi-init iscsi=[^`]*)`", file.read()).group(1)
    guest = rig.boot(kernel, kitchen.file("ours"), kitchen.here("quiet root=LABEL=root rw " + words),
                     memory=768, network=kitchen.nic(rom=False))
    kitchen.serve(guest, "an existing machine by appending")


def password(rig, kernel):
    kitchen = Kitchen(rig, kernel, accounts=[("me", "a-long-secret-of-ours")])
    kitchen.cook(RECIPES["With a password"][0])
    words = kitchen.here("quiet root=LABEL=root iscsi=%s,%s" % (PORTAL, NAME))
    guest = rig.boot(kernel, kitchen.file("initrd.img"), words, network=kitchen.nic(rom=False))
    kitchen.serve(guest, "a password from the image")


class FleetTarget(Target):
    """On the address that the recipe's root-path names: this process is in a network namespace of its own."""

    def try_start(self):
        with open(self.log, "ab") as log:
            self.process = Process(["tgtd", "-f", "-C", "0", "--iscsi", "portal=%s:%d" % (PORTAL, self.port)], log,
                                   env=self.environment)
        self.rig.processes.append(self.process)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.admin("--mode", "portal", "--op", "show", check=False).returncode:
            time.sleep(0.01)
        return self.process.running()


def fleet(rig, kernel):
    """Last: it leaves this process in another network."""
    kitchen = Kitchen(rig, kernel)
    kitchen.target.kill()
    kitchen.cook(RECIPES["Your own image"][0].replace("make\n", ""))
    if ctypes.CDLL(None).unshare(CLONE_NEWNET):
        raise RuntimeError("no network namespace: this needs root")
    run("sh", "-ec", "ip link set lo up; ip tuntap add tap0 mode tap; ip address add %s/24 dev tap0\n"
        "ip link set tap0 up" % PORTAL)
    target = FleetTarget(rig, kitchen.target.luns, name=NAME)
    kitchen.target = target
    config, cmdline = (kitchen.here(block) for block in RECIPES["A fleet by DHCP"])
    path = kitchen.file("dnsmasq.conf", config + "interface=tap0\nport=0\nleasefile-ro\nuser=root\n")
    with open(kitchen.file("dnsmasq.log"), "wb") as log:
        rig.processes.append(Process(["dnsmasq", "--keep-in-foreground", "--conf-file=" + path], log))
    guest = rig.boot(kernel, kitchen.file("initrd.img"), "quiet " + cmdline.strip(), network=[
        "-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no",
        "-device", "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56,romfile="])
    kitchen.serve(guest, "a fleet by DHCP")


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    chosen = sys.argv[1:]
    for name, recipe in (("ipxe", ipxe), ("uefi", uefi), ("append", append), ("password", password), ("fleet", fleet)):
        if not chosen or name in chosen:
            recipe(rig, kernel)
        if name == "uefi" and (not chosen or "uboot" in chosen):
            uboot(rig)
