#!/usr/bin/env python3
"""The ways into a machine, each with the files that tools/iscsi-init-image wrote: u-boot (boot script, FIT, PXE with
extlinux syntax), SeaBIOS with iPXE (TFTP, HTTP, the firmware's boot table), UEFI with one EFI program."""

import functools
import http.server
import os
import shutil
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from rig import HOST, IMAGE_TOOL, MACHINES, TOP, Kernel, Rig, Target, run  # noqa: E402

OVMF = "/usr/share/OVMF/OVMF_%s_4M.fd"
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
SHOW = "cat /sys/class/iscsi_session/*/initiatorname | show initiator\n"


def write_files(rig, kernel, cmdline, *options):
    folder = rig.path("tftp", "")
    os.mkdir(folder)
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net,e1000" if
        kernel.has_module("e1000") else "virtio_net", "--kernel", kernel.vmlinuz, "--cmdline", cmdline,
        *[option.replace("FOLDER", folder) for option in options])
    return folder


def from_tftp(folder, rom="romfile=", file=None):
    return ["-netdev", "user,id=n0,tftp=%s%s" % (folder, ",bootfile=" + file if file else ""),
            "-device", "virtio-net-pci,netdev=n0" + ("," + rom if rom else "")]


def reaches_root(rig, guest, name, seconds=120):
    rig.check(guest, guest.expect("^ROOT-OK", seconds), name + " boots to the real init")
    guest.expect("^DONE", 30)
    guest.kill()


def uboot(rig):
    kernel = Kernel("6.12-cloud-arm64")
    rig.binary = os.path.join(TOP, "build", "arm64", "iscsi-init")
    if not os.path.exists(rig.binary):
        run("make", "-C", TOP, "ARCH=arm64")
    target = Target(rig, {1: rig.disk(arch="arm64")})
    cmdline = 'console=ttyAMA0 quiet panic=-1 root=/dev/sda1 note="two words" ' + target.word()
    folder = write_files(rig, kernel, cmdline, "--boot-files", "FOLDER", "--fit", "FOLDER/iscsi.itb")

    def machine():
        return rig.boot(None, None, "", program=MACHINES["arm64"][0], machine=MACHINES["arm64"][1], memory=1024,
                        network=from_tftp(folder), options=["-bios", UBOOT])

    reaches_root(rig, machine(), "u-boot with boot.scr by TFTP")
    for name, commands in (
            ("a FIT by TFTP", ["dhcp 0x50000000 iscsi.itb", "setenv bootargs '%s'" % cmdline,
                               "bootm 0x50000000#iscsi 0x50000000#iscsi ${fdtcontroladdr}"]),
            ("extlinux syntax by PXE", ["setenv autoload no", "dhcp", "pxe get", "pxe boot"])):
        guest = machine()
        guest.expect("stop autoboot", 30)
        guest.send(" ")
        guest.expect("=> ", 10)
        for command in commands[:-1]:
            guest.send(command + "; echo FINISHED\n")
            guest.expect("^FINISHED", 60)
        guest.send(commands[-1] + "\n")
        reaches_root(rig, guest, "u-boot with " + name)


def ibft(rig, kernel, through_http, accounts=()):
    disk = rig.disk(script=SHOW)
    target = Target(rig, {1: disk}, accounts=accounts)
    folder = write_files(rig, kernel, "console=ttyS0 quiet panic=-1 root=UUID=" + disk.UUID, "--boot-files", "FOLDER")
    server, base = None, ""
    if through_http:
        handler = functools.partial(QuietHandler, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = "http://%s:%d/" % (HOST, server.server_port)
    secrets = ("set username inuser\nset password insecret1234\nset reverse-username outuser\n"
               "set reverse-password outsecret1234\n" if accounts else "")
    with open(os.path.join(folder, "san.ipxe"), "w") as script:
        script.write("#!ipxe\nset initiator-iqn iqn.2026-01.test.rig:ipxe\nset keep-san 1\n%s"
                     "sanhook --drive 0x80 iscsi:%s::%d:1:%s\nchain %sboot.ipxe\n" %
                     (secrets, HOST, target.port, target.name, base))
    guest = rig.boot(None, None, "", network=from_tftp(folder, rom="", file="san.ipxe"),
                     machine=["-M", "pc"] + MACHINES["amd64"][1][2:], options=["-boot", "n"])
    name = "iPXE over %s, the target%s from the firmware's table" % ("HTTP" if through_http else "TFTP",
                                                                  " and mutual CHAP" if accounts else "")
    reaches_root(rig, guest, name)
    rig.ok("iqn.2026-01.test.rig:ipxe" in guest.section("initiator"), "and the initiator name",
           guest.section("initiator"))
    if server:
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def efi(rig, kernel):
    target = Target(rig, {1: rig.disk()})
    cmdline = "console=ttyS0 quiet panic=-1 root=/dev/sda1 " + target.word()
    folder = write_files(rig, kernel, cmdline, "--efi", "FOLDER/BOOTX64.EFI")
    os.makedirs(os.path.join(folder, "EFI", "BOOT"))
    shutil.move(os.path.join(folder, "BOOTX64.EFI"), os.path.join(folder, "EFI", "BOOT"))
    variables = rig.path("vars", ".fd")
    shutil.copy(OVMF % "VARS", variables)
    guest = rig.boot(None, None, "", memory=1024, options=[
        "-drive", "if=pflash,format=raw,readonly=on,file=" + OVMF % "CODE", "-drive", "if=pflash,format=raw,file=" + variables,
        "-drive", "if=none,id=esp,format=raw,file=fat:rw:" + folder, "-device", "virtio-blk-pci,drive=esp,bootindex=1"])
    reaches_root(rig, guest, "UEFI with one EFI program")


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    efi(rig, kernel)
    ibft(rig, kernel, through_http=False)
    ibft(rig, kernel, through_http=True)
    ibft(rig, kernel, through_http=False,
         accounts=[("inuser", "insecret1234"), ("outuser", "outsecret1234", "--outgoing")])
    uboot(rig)
