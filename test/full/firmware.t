#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ways into a machine, each with the files that tools/iscsi-init-image wrote: u-boot (boot script, FIT with and without
a device tree, PXE with extlinux syntax; from a card by script and by extlinux.conf), SeaBIOS and UEFI with iPXE (TFTP, HTTP, the firmware's boot table, with CHAP),
UEFI with one EFI program (by objcopy, by ukify)."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
from rig import HOST, IMAGE_TOOL, MACHINES, TOP, Kernel, Rig, Target, run  # noqa: E402
from booted import Booted, form_of  # noqa: E402

OVMF = "/usr/share/OVMF/OVMF_%s_4M.fd"
IPXE = "/usr/lib/ipxe/ipxe.efi"
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
SHOW = "cat /sys/class/iscsi_session/*/initiatorname | show initiator\nls /sys/firmware | show firmware\n"
ONE_WAY = [("inuser", "insecret1234")]
MUTUAL = ONE_WAY + [("outuser", "outsecret1234", "--outgoing")]
QUOTED = 'note="two words"'  # arrives in the environment of init


def write_files(rig, kernel, cmdline, *options, environment=None):
    folder = rig.path("tftp", "")
    os.mkdir(folder)
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net,e1000" if
        kernel.has_module("e1000") else "virtio_net", "--kernel", kernel.vmlinuz, "--cmdline", cmdline,
        *[option.replace("FOLDER", folder) for option in options], env=environment)
    return folder


def from_tftp(folder, rom="romfile=", file=None):
    return ["-netdev", "user,id=n0,tftp=%s%s" % (folder, ",bootfile=" + file if file else ""),
            "-device", "virtio-net-pci,netdev=n0" + ("," + rom if rom else "")]


class Chains:
    """Boots, and writes down what it saw."""

    def __init__(self, rig):
        self.rig, self.booted = rig, Booted(rig)

    def reaches_root(self, guest, kernel, name, seconds=120):
        reached = guest.expect("^ROOT-OK", seconds)
        self.booted.add(kernel.name, kernel.version, form_of(kernel), kernel.arch, name, reached, guest.seconds())
        self.rig.check(guest, reached, name + " boots to the real init")
        guest.expect("^DONE", 30)
        guest.kill()

    def reads_quotes(self, guest):
        self.rig.ok("note=two words" in guest.section("env").splitlines(), "and the quoted words arrive as they are",
                    guest.section("env"))


# ---- u-boot


def uboot(chains):
    rig, kernel = chains.rig, Kernel("6.12-cloud-arm64")
    native, rig.binary = rig.binary, os.path.join(TOP, "build", "arm64", "iscsi-init")
    if not os.path.exists(rig.binary):
        run("make", "-C", TOP, "ARCH=arm64")
    target = Target(rig, {1: rig.disk(arch="arm64")})
    cmdline = 'console=ttyAMA0 quiet panic=-1 root=/dev/sda1 %s %s' % (QUOTED, target.word())
    folder, again = (write_files(rig, kernel, cmdline, "--boot-files", "FOLDER", "--boot-script", "--fit", "FOLDER/iscsi.itb")
                     for _ in range(2))
    rig.ok(subprocess.call(["diff", "-r", folder, again]) == 0, "all files of the folder, and the FIT, are the same again")
    run(MACHINES["arm64"][0], *MACHINES["arm64"][1][:1], "virt,dumpdtb=" + os.path.join(folder, "virt.dtb"),
        *MACHINES["arm64"][1][2:], "-m", "1024", *from_tftp(folder), "-bios", UBOOT, "-display", "none")
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net", "--kernel", kernel.vmlinuz,
        "--dtb", os.path.join(folder, "virt.dtb"), "--fit", os.path.join(folder, "tree.itb"))
    with open(os.path.join(folder, "tree.itb"), "rb") as good, open(os.path.join(folder, "bad.itb"), "wb") as bad:
        image = bytearray(good.read())
        image[len(image) // 2] ^= 1  # in the kernel: it has the most of it
        bad.write(image)

    def machine(*options):
        return rig.boot(None, None, "", program=MACHINES["arm64"][0], machine=MACHINES["arm64"][1], memory=1024,
                        network=from_tftp(folder), options=["-bios", UBOOT] + list(options))

    def card(name, *without):
        """The folder as the first partition of a card, which u-boot finds by itself before it looks to the network."""
        for unwanted in without:
            unwanted = os.path.join(again, unwanted)
            shutil.rmtree(unwanted) if os.path.isdir(unwanted) else os.unlink(unwanted)
        guest = machine("-drive", "if=none,id=card,format=raw,file=fat:rw:" + again, "-device", "virtio-blk-pci,drive=card")
        chains.reaches_root(guest, kernel, "u-boot, a card with " + name)
        chains.reads_quotes(guest)
        rig.ok("TFTP" not in guest.console, "and not from the network")

    def prompt(*commands):
        guest = machine()
        guest.expect("stop autoboot", 30)
        guest.send(" ")
        guest.expect("=> ", 10)
        for command in commands[:-1]:
            guest.send(command + "; echo FINISHED\n")
            guest.expect("^FINISHED", 60)
        guest.send(commands[-1] + "\n")
        return guest

    guest = machine()
    chains.reaches_root(guest, kernel, "u-boot, boot.scr by TFTP")
    chains.reads_quotes(guest)
    for name, commands in (
            ("FIT by TFTP", ["dhcp 0x50000000 iscsi.itb", "setenv bootargs '%s'" % cmdline,
                             "bootm 0x50000000#iscsi 0x50000000#iscsi ${fdtcontroladdr}"]),
            ("FIT with a device tree", ["dhcp 0x50000000 tree.itb", "setenv bootargs '%s'" % cmdline,
                                        "bootm 0x50000000#iscsi"]),
            ("extlinux syntax by PXE", ["setenv autoload no", "dhcp", "pxe get", "pxe boot"])):
        guest = prompt(*commands)
        chains.reaches_root(guest, kernel, "u-boot, " + name)
        chains.reads_quotes(guest)
    card("extlinux.conf", "boot.scr", "boot.scr.uimg", "iscsi.itb")
    shutil.copy(os.path.join(folder, "boot.scr"), again)
    card("boot.scr", "extlinux")
    guest = prompt("dhcp 0x50000000 bad.itb", "bootm 0x50000000#iscsi")
    rig.check(guest, guest.expect("[Bb]ad .*hash|sha256 error|Bad Data Hash", 60),
              "a FIT of which one bit is wrong is not started: the hashes are there")
    guest.kill()
    rig.binary = native


# ---- iPXE


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def uefi_drives(rig, partition):
    variables = rig.path("vars", ".fd")
    shutil.copy(OVMF % "VARS", variables)
    drives = ["if=pflash,format=raw,readonly=on,file=" + OVMF % "CODE", "if=pflash,format=raw,file=" + variables,
              "if=none,id=esp,format=raw,file=fat:rw:" + partition]
    return [word for drive in drives for word in ("-drive", drive)] + [
        "-device", "virtio-blk-pci,drive=esp,bootindex=1"]


def start_ipxe(rig, folder, uefi):
    """By SeaBIOS the card's ROM is iPXE; by UEFI it is a program on a partition."""
    if not uefi:
        return rig.boot(None, None, "", network=from_tftp(folder, rom="", file="san.ipxe"),
                        machine=["-M", "pc"] + MACHINES["amd64"][1][2:], options=["-boot", "n"])
    partition = rig.path("partition", "")
    os.makedirs(os.path.join(partition, "EFI", "BOOT"))
    shutil.copy(IPXE, os.path.join(partition, "EFI", "BOOT", "BOOTX64.EFI"))
    return rig.boot(None, None, "", memory=1024, network=from_tftp(folder, file="san.ipxe"),
                    options=uefi_drives(rig, partition))


def ibft(chains, kernel, uefi, through_http, accounts=()):
    rig = chains.rig
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk}, accounts=accounts)
    folder = write_files(rig, kernel, "console=ttyS0 quiet panic=-1 %s root=UUID=%s" % (QUOTED, disk.UUID),
                         "--boot-files", "FOLDER")
    server, base = None, ""
    if through_http:
        handler = functools.partial(QuietHandler, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = "http://%s:%d/" % (HOST, server.server_port)
    secrets = "".join("set %susername %s\nset %spassword %s\n" % (prefix, name, prefix, secret) for prefix, (name, secret, *_)
                      in zip(("", "reverse-"), accounts))
    with open(os.path.join(folder, "san.ipxe"), "w") as script:
        script.write("#!ipxe\nset initiator-iqn iqn.2026-01.test.rig:ipxe\nset keep-san 1\n%s"
                     "sanhook --drive 0x80 iscsi:%s::%d:1:%s\nchain %sboot.ipxe\n" %
                     (secrets, HOST, target.port, target.name, base))
    guest = start_ipxe(rig, folder, uefi)
    chap = ("", ", CHAP", ", mutual CHAP")[len(accounts)]
    chains.reaches_root(guest, kernel, "%s, iPXE by %s, iBFT%s" % ("UEFI" if uefi else "SeaBIOS",
                                                                   "HTTP" if through_http else "TFTP", chap))
    rig.ok("iqn.2026-01.test.rig:ipxe" in guest.section("initiator"), "and the initiator name is the table's",
           guest.section("initiator"))
    rig.ok(("efi" in guest.section("firmware").split()) == uefi, "and it is that kind of firmware", guest.section("firmware"))
    rig.ok("secret1234" not in guest.console.split("ROOT-OK")[-1], "and no secret is shown")
    chains.reads_quotes(guest)
    if server:
        server.shutdown()


# ---- one EFI program


def debians_ukify():
    """The environment with the ukify of Debian 13, which this machine may not have."""
    folder = run(os.path.join(HERE, "..", "boot", "kernels"), "--unpack", "trixie", "systemd-ukify",
                 "python3-pefile").split("\n")[-2]
    return dict(os.environ, PATH=os.path.join(folder, "usr/bin") + ":" + os.environ["PATH"],
                PYTHONPATH=os.path.join(folder, "usr/lib/python3/dist-packages"), PYTHONDONTWRITEBYTECODE="1")


def efi(chains, kernel, tool, environment):
    rig = chains.rig
    target = Target(rig, {1: rig.disk(script=SHOW)})
    cmdline = "console=ttyS0 quiet panic=-1 root=/dev/sda1 %s %s" % (QUOTED, target.word())
    folder, again = (write_files(rig, kernel, cmdline, "--efi", "FOLDER/BOOTX64.EFI", environment=environment)
                     for _ in range(2))
    rig.ok(subprocess.call(["cmp", folder + "/BOOTX64.EFI", again + "/BOOTX64.EFI"]) == 0,
           "the EFI program by %s is the same when it is made again" % tool)
    os.makedirs(os.path.join(folder, "EFI", "BOOT"))
    shutil.move(os.path.join(folder, "BOOTX64.EFI"), os.path.join(folder, "EFI", "BOOT"))
    guest = rig.boot(None, None, "", memory=1024, options=uefi_drives(rig, folder))
    chains.reaches_root(guest, kernel, "UEFI, one EFI program by " + tool)
    chains.reads_quotes(guest)


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    chains = Chains(rig)
    chosen = sys.argv[1:]
    if not chosen or "efi" in chosen:
        if not shutil.which("ukify"):
            efi(chains, kernel, "objcopy", None)
        efi(chains, kernel, "ukify", debians_ukify())
    if not chosen or "ipxe" in chosen:
        for uefi in (False, True):
            ibft(chains, kernel, uefi, through_http=True)
            ibft(chains, kernel, uefi, through_http=False, accounts=MUTUAL)
        ibft(chains, kernel, False, through_http=False)
        ibft(chains, kernel, False, through_http=False, accounts=ONE_WAY)
    if not chosen or "uboot" in chosen:
        uboot(chains)
    chains.booted.finish()
