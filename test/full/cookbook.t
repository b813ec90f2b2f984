#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The README's way from zero to a booted machine, and the recipes: the lines that stand there are run, on a kernel of the
cache instead of an installed one, and what comes out of them boots."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from rig import MACHINES, TOP, Disk, Kernel, Process, Rig, Target, run  # noqa: E402
from layers import hash_of  # noqa: E402
from builders import distribution_initrd  # noqa: E402

NAME, PORTAL = "iqn.2026-01.org.example:disk", "10.0.0.1"
OVMF = "/usr/share/OVMF/OVMF_%s_4M.fd"
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
CLONE_NEWNET = 0x40000000
TAP = ["-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no"]


def text_of(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def recipes():
    """Heading -> its fenced blocks."""
    sections = re.split(r"^##? (.*)$", text_of("README.md") + text_of("doc/recipes.md"), flags=re.M)
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
        self.console = MACHINES[kernel.arch][2]
        self.network = "user,id=n0,net=10.0.0.0/24,host=%s,tftp=%s" % (PORTAL, self.folder)

    def here(self, text):
        """The documents' names of files, ports and labels are those of this test."""
        for readme, ours in (("/lib/modules/$(uname -r)", self.kernel.modules),
                             ("/lib/modules/$version", self.kernel.modules),
                             ("/boot/vmlinuz-$version", self.kernel.vmlinuz), ("/srv/tftp", self.folder),
                             ("/boot/efi", self.folder), ("/boot/initrd.img-$version", "theirs"),
                             ("/boot/initrd.img-iscsi", "ours"), ("LABEL=root", "LABEL=" + Disk.LABEL),
                             ("--cmdline '", "--cmdline '%s quiet panic=-1 " % self.console),
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


def leave_network():
    """For a network namespace of our own, where the documents' address is ours."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNET):
        raise RuntimeError("no network namespace: this needs root")
    run("sh", "-ec", "ip link set lo up; ip tuntap add tap0 mode tap; ip address add %s/24 dev tap0\n"
        "ip link set tap0 up" % PORTAL)


def start_dnsmasq(kitchen, config):
    path = kitchen.file("dnsmasq.conf", config + "interface=tap0\nport=0\nleasefile-ro\nuser=root\n")
    with open(kitchen.file("dnsmasq.log"), "wb") as log:
        kitchen.rig.processes.append(Process(["dnsmasq", "--keep-in-foreground", "--conf-file=" + path], log))


def ipxe(rig, kernel):
    script, chain, hook = RECIPES["A PC by iPXE"]
    for what, commands in (("", chain), (", the target from the firmware's table", hook)):
        kitchen = Kitchen(rig, kernel)
        kitchen.cook(script.replace("iscsi=%s,%s " % (PORTAL, NAME), "") if commands == hook else script)
        kitchen.file("start.ipxe", "#!ipxe\n" + kitchen.here(commands))
        guest = rig.boot(None, None, "", network=kitchen.nic("start.ipxe"), options=["-boot", "n"],
                         machine=["-M", "pc"] + MACHINES["amd64"][1][2:])
        kitchen.serve(guest, "a PC by iPXE" + what)


def boot_by_uefi(kitchen, script, name):
    rig = kitchen.rig
    os.makedirs(kitchen.file("EFI/BOOT"))
    kitchen.cook(script)
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
    kitchen.serve(guest, name)
    return guest


def uefi(rig, kernel):
    boot_by_uefi(Kitchen(rig, kernel), RECIPES["A PC by UEFI, one file"][0], "a PC by UEFI, one file")


def verified(rig, kernel):
    kitchen = Kitchen(rig, kernel)
    kitchen.target.kill()
    disk = rig.disk(table="none")
    said = run("sh", "-ec", RECIPES["A rack from one verified image"][0].replace("/srv/root.img", disk.path))
    kitchen.target = Target(rig, {1: disk}, name=NAME)
    script = RECIPES["A verified root in one EFI program"][0]
    script = re.sub(r"roothash=\w+", "roothash=" + hash_of(said), script)
    script = re.sub(r"hash-offset=\d+", re.search(r"hash-offset=\d+", said).group(0), script)
    guest = boot_by_uefi(kitchen, script, "a verified root in one EFI program")
    rig.ok("overlay / overlay rw" in guest.section("mounts") and "/dev/dm-0 /run/iscsi-init/root-ro ext4 ro" in guest.section("mounts"),
           "is verified, and has its layer", guest.section("mounts"))


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
    words = re.search(r"`(rdinit=/iscsi-init iscsi=[^`]*)`", text_of("doc/recipes.md")).group(1)
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
    kitchen = Kitchen(rig, kernel)
    kitchen.target.kill()
    kitchen.cook(RECIPES["Recipes"][0].replace("make\n", ""))
    leave_network()
    target = FleetTarget(rig, kitchen.target.luns, name=NAME)
    kitchen.target = target
    config, cmdline = (kitchen.here(block) for block in RECIPES["A fleet by DHCP"])
    start_dnsmasq(kitchen, config)
    guest = rig.boot(kernel, kitchen.file("initrd.img"), "quiet " + cmdline.strip(), network=TAP + [
        "-device", "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56,romfile="])
    kitchen.serve(guest, "a fleet by DHCP")


class Server(Kitchen):
    """The README's server: /srv and what tgt and dnsmasq read are folders of this test."""

    def __init__(self, rig, kernel):
        self.rig, self.kernel = rig, kernel
        self.folder = rig.path("server", "")
        for name in ("srv/tftp", "tgt"):
            os.makedirs(os.path.join(self.folder, name))

    def here(self, text):
        mirror = run("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages", "Component: main")
        uri = dict(reversed([line.split() for line in mirror.splitlines()]))["bookworm"]
        for readme, ours in ((" bookworm /srv/root", " bookworm %s/srv/root %s" % (self.folder, uri)),
                             ("--include=linux-image-amd64", "--include=linux-image-cloud-amd64"),  # the smaller one
                             ("/etc/tgt/conf.d", self.folder + "/tgt"),
                             (" /srv/", " %s/srv/" % self.folder), (">/srv/", ">%s/srv/" % self.folder),
                             ("=/srv/", "=%s/srv/" % self.folder), ("(ls /srv/", "(ls %s/srv/" % self.folder),
                             ("apt-get install", "apt-get install --simulate"),
                             ("iscsi-init-image", os.path.join(TOP, "tools", "iscsi-init-image")),
                             ("--cmdline '", "--cmdline 'console=ttyS0 panic=-1 ")):
            text = text.replace(readme, ours)
        return text

    def start_target(self):
        """What starting the service would do."""
        self.environment = dict(os.environ, TGT_IPC_SOCKET=os.path.join(self.folder, "tgt", "socket"))
        with open(self.file("tgtd.log"), "wb") as log:
            self.rig.processes.append(Process(["tgtd", "-f", "-C", "0", "--iscsi", "portal=%s:3260" % PORTAL], log,
                                              env=self.environment))
        os.environ["TGT_IPC_SOCKET"] = self.environment["TGT_IPC_SOCKET"]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not os.path.exists(os.environ["TGT_IPC_SOCKET"] + ".0"):
            time.sleep(0.01)


def zero(rig, kernel):
    """In a network of its own once all is fetched."""
    server = Server(rig, kernel)
    needs, root, target, files, config, seen = RECIPES["From zero to booted"]
    for block in (needs, root, files):
        server.cook(block)
    leave_network()
    server.start_target()
    server.cook(target)
    start_dnsmasq(server, server.here(config))
    guest = rig.boot(None, None, "", memory=1024, options=["-boot", "n"], machine=["-M", "pc"] + MACHINES["amd64"][1][2:],
                     network=TAP + ["-device", "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56"])
    rig.check(guest, guest.expect("^first login:", 400), "from zero to a login on a machine without a disk")
    for line in seen.splitlines()[:4]:  # but for what another machine has otherwise
        pattern = re.escape(line).replace(r"\.100/", r"\.[0-9]+/")
        rig.ok(re.search(pattern, guest.console), "the console shows: " + line)
    guest.kill()


def read_by_firmware(folder):
    """What a Raspberry Pi's firmware takes from config.txt (kernel=, initramfs FILE followkernel) and cmdline.txt."""
    with open(os.path.join(folder, "config.txt")) as file:
        lines = file.read().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line)
    initramfs = [line.split()[1] for line in lines if line.startswith("initramfs ") and line.endswith(" followkernel")]
    with open(os.path.join(folder, "cmdline.txt")) as file:
        words = file.read().splitlines()
    return settings, initramfs, words


def pi(rig):
    kernel = Kernel("6.12-cloud-arm64")
    kitchen = Kitchen(rig, kernel, "arm64")
    kitchen.cook(RECIPES["A Raspberry Pi without u-boot"][0])
    settings, initramfs, words = read_by_firmware(kitchen.folder)
    rig.ok(settings.get("arm_64bit") == "1" and len(initramfs) == 1 and len(words) == 1,
           "config.txt and cmdline.txt have what a Raspberry Pi's firmware reads", repr((settings, initramfs, words)))
    with open(kitchen.file(settings["kernel"]), "rb") as file:
        rig.ok(file.read(64)[56:60] == b"ARM\x64", "the kernel is an Image, as that firmware takes it")
    program, options, _ = MACHINES["arm64"]
    guest = rig.boot(None, None, "", program=program, machine=options, memory=1024, network=kitchen.nic(rom=False), options=[
        "-kernel", kitchen.file(settings["kernel"]), "-initrd", kitchen.file(initramfs[0]), "-append", words[0]])
    kitchen.serve(guest, "what a Raspberry Pi's firmware would start, on another board")


ON_AMD64 = {"ipxe": ipxe, "uefi": uefi, "verified": verified, "append": append, "password": password}
ON_ARM64 = {"uboot": uboot, "pi": pi}
IN_OWN_NETWORK = {"fleet": fleet, "zero": zero}  # each in a process of its own


def cook_apart(rig, name, kernel):
    """A recipe that changes its network, in a child: its lines are ours."""
    done = subprocess.run([sys.executable, __file__, name, "--here"], stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        match = re.match(r"(not )?ok \d+ - (.*)", line)
        if match:
            rig.ok(not match.group(1), match.group(2))
        elif line.startswith("#"):
            print(line)
    if done.returncode not in (0, 1) or "ok 1 - " not in done.stdout:
        rig.ok(False, name + " runs to its end", done.stdout)


with Rig() as rig:
    chosen = [word for word in sys.argv[1:] if word != "--here"]
    kernel = Kernel("6.1-cloud-amd64")
    for name, recipe in ON_AMD64.items():
        if not chosen or name in chosen:
            recipe(rig, kernel)
    for name, recipe in ON_ARM64.items():
        if not chosen or name in chosen:
            recipe(rig)
    for name, recipe in IN_OWN_NETWORK.items():
        if "--here" in sys.argv and name in chosen:
            recipe(rig, kernel)
        elif not chosen or name in chosen:
            cook_apart(rig, name, kernel)
