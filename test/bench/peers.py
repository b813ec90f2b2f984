# SPDX-License-Identifier: MIT
"""The candidates: for each an initramfs (uncompressed, cached by content) and the words of its kernel command line.

Peers are made of Debian's packages only, with the same kernel and the modules that an iSCSI root needs.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot"))
from rig import IMAGE_TOOL, cached, digest_of, run  # noqa: E402

INITIATOR = "iqn.2026-01.test.rig:guest"
MODULES = ["virtio_pci", "virtio_net", "af_packet", "crc32c", "iscsi_tcp", "sd_mod", "ext4"]
NOT_HERE = ("crc32c-intel",)  # for a CPU that the guest does not have: it would only be refused

# What people write who want no distribution's initramfs.
BUSYBOX_INIT = """#!/bin/busybox sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod /modules/$module; done </modules/order
for word in $(cat /proc/cmdline); do
	case $word in
	address=dhcp) ip link set eth0 up; udhcpc -i eth0 -q -n -s /udhcpc.sh ;;
	address=*) ip link set eth0 up; ip address add ${word#*=} dev eth0 ;;
	targets=*) targets=${word#*=} ;;
	portal=*) portal=${word#*=} ;;
	port=*) port=${word#*=} ;;
	disks=*) disks=${word#*=} ;;
	root=*) root=${word#*=} ;;
	esac
done
for name in $(seq 1 $targets); do iscsistart -i INITIATOR -t TARGET$name -g 1 -a $portal -p $port; done
while set -- /sys/block/sd*; [ $# -lt $disks ]; do sleep 0.01; done
while ! device=$(findfs $root); do sleep 0.01; done
mount -t ext4 -o ro $device /sysroot
mount -o move /proc /sysroot/proc
mount -o move /sys /sysroot/sys
mount -o move /dev /sysroot/dev
exec switch_root /sysroot /sbin/init
"""
APPLETS = "cat findfs insmod ip mount seq sleep switch_root udhcpc".split()
UDHCPC = """#!/bin/busybox sh
[ "$1" = bound ] || exit 0
ip address add $ip/${mask:-24} dev $interface
[ -z "$router" ] || ip route add default via $router
"""
# The builders read /lib/modules, /boot and /etc: in a mount namespace of their own, these are what we say.
BUILD = """
set -e
mkdir -p /lib/modules
mount --bind "$1/lib/modules" /lib/modules
mount -t tmpfs none /boot
cp "$1/config" /boot/config-"$2"
case $3 in
initramfs-tools) mkinitramfs -d "$5" -o "$4" "$2" ;;
dracut)
	dracut --quiet --force --no-hostonly --no-early-microcode --gzip --kver "$2" --kernel-image "$1/vmlinuz" \
		--modules "$DRACUT_MODULES" --drivers "$BENCH_MODULES" "$4"
	;;
esac
"""
# dracut's own iscsi module, what it depends on and what a root needs; its module "kernel-modules" takes what --drivers says.
DRACUT_MODULES = "bash network network-legacy url-lib iscsi base udev-rules rootfs-block fs-lib shutdown kernel-modules"


def module_files(kernel, names):
    """The files of modules and of what they need, in the order of loading. What is built in has none."""
    files = []
    for name in names:
        done = run("modprobe", "-S", kernel.version, "-d", kernel.folder, "-a", "--show-depends", name)
        for path in re.findall(r"^insmod (\S+)", done, re.M):
            if path not in files and not path.endswith(tuple("/%s.ko" % module for module in NOT_HERE)):
                files.append(path)
    return files


def libraries(program):
    """A program with what the dynamic linker loads for it."""
    return [program] + sorted(set(re.findall(r"(/\S+) \(0x", run("ldd", program))))


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Peer:
    """One candidate. image(): the path of its initramfs; words(link, disk): its part of the command line."""

    def __init__(self, name, words, image):
        self.name, self.words, self.make = name, words, image
        self.path = None

    def image(self):
        if not self.path:
            self.path = self.make()
        return self.path


def busybox_files(kernel, target_prefix):
    """Name -> content; a name's folders come with it."""
    modules = module_files(kernel, MODULES)
    files = {"modules/" + os.path.basename(path): read(path) for path in modules}
    files.update({path.lstrip("/"): read(path) for path in libraries("/sbin/iscsistart")})
    files["modules/order"] = "".join(os.path.basename(path) + "\n" for path in modules).encode()
    files["init"] = BUSYBOX_INIT.replace("INITIATOR", INITIATOR).replace("TARGET", target_prefix).encode()
    files["udhcpc.sh"] = UDHCPC.encode()
    files["bin/busybox"] = read("/bin/busybox")
    return files


def pack_busybox(files, path):
    with tempfile.TemporaryDirectory() as folder:
        for name in ("dev", "proc", "sys", "sysroot", "run/lock/iscsi"):
            os.makedirs(os.path.join(folder, name))
        for name, content in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
            os.chmod(os.path.join(folder, name), 0o755)
        for applet in APPLETS:
            os.symlink("busybox", os.path.join(folder, "bin", applet))
        run("sh", "-c", 'cd "$1" && find . | cpio --quiet -o -H newc -R +0:+0 >"$2"', "pack", folder, path)


def busybox_peer(kernel, target_prefix):
    """$targets sessions to TARGET1, TARGET2..., one after the other, as iscsistart knows just one at a time."""
    files = busybox_files(kernel, target_prefix)

    def words(link, disk, targets=1, disks=1):
        return "address=%s portal=%s port=%d targets=%d disks=%d root=UUID=%s ro" % (
            "dhcp" if link.dhcp else link.guest + "/24", link.target, link.port, targets, disks, disk.UUID)

    key = [sorted((name, hashlib.sha256(content).hexdigest()) for name, content in files.items()), digest_of(__file__)]
    return Peer("busybox + iscsistart", words, lambda: cached(
        json.dumps(key), ".bench", lambda path: pack_busybox(files, path)))


def kernel_ip(link):
    return "ip=dhcp" if link.dhcp else "ip=%s::%s:255.255.255.0::eth0:none" % (link.guest, link.target)


def distribution_image(kernel, builder, packages, folder):
    """Unpacked again: what is measured is not the kernel's decompressor, and sizes are compared with one compressor."""
    def make(path):
        run("unshare", "-m", "sh", "-c", BUILD, "build", kernel.folder, kernel.version, builder, path + ".gz", folder,
            env=dict(os.environ, BENCH_MODULES=" ".join(MODULES), DRACUT_MODULES=DRACUT_MODULES))
        with gzip.open(path + ".gz") as packed, open(path, "wb") as file:
            shutil.copyfileobj(packed, file)
        os.unlink(path + ".gz")

    key = [builder, kernel.version, run("dpkg-query", "-W", *packages), digest_of(__file__)]
    return cached(json.dumps(key), ".bench", make)


def initramfs_tools_peer(kernel, rig, target):
    """Debian's initramfs-tools with open-iscsi's hook and script, and just the modules that are needed."""
    folder = rig.path("initramfs-tools", "")
    for name in ("hooks", "scripts", "conf.d"):
        os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, "initramfs.conf"), "w") as file:
        file.write("MODULES=list\nBUSYBOX=auto\nCOMPRESS=gzip\nRUNSIZE=10%\nFSTYPE=ext4\n")
    with open(os.path.join(folder, "modules"), "w") as file:
        file.write("\n".join(MODULES) + "\n")

    def words(link, disk, targets=1, disks=1):
        return "%s iscsi_initiator=%s iscsi_target_name=%s1 iscsi_target_ip=%s iscsi_target_port=%d net.ifnames=0 " \
            "root=UUID=%s ro" % (kernel_ip(link), INITIATOR, target, link.target, link.port, disk.UUID)

    packages = ("initramfs-tools-core", "open-iscsi", "udev", "busybox-static", "klibc-utils")
    return Peer("initramfs-tools + open-iscsi", words,
                lambda: distribution_image(kernel, "initramfs-tools", packages, folder))


def dracut_peer(kernel, target):
    """dracut with its iscsi module, with its shell as init, with the drivers that are needed and those it adds itself."""
    def words(link, disk, targets=1, disks=1):
        return "%s rd.neednet=1 net.ifnames=0 rd.iscsi.initiator=%s netroot=iscsi:@%s::%d::%s1 root=UUID=%s ro" % (
            kernel_ip(link), INITIATOR, link.target, link.port, target, disk.UUID)

    packages = ("dracut-core", "dracut-network", "open-iscsi", "udev")
    return Peer("dracut + open-iscsi", words, lambda: distribution_image(kernel, "dracut", packages, ""))


def smallest_peer(kernel, rig, target):
    """Ours with just the modules that this boot loads: those for other words of the command line are left out."""
    wanted = {os.path.basename(path) for path in module_files(kernel, MODULES)}

    def make(path):
        with tempfile.TemporaryDirectory() as folder:
            tree = os.path.join(folder, "lib", "modules", kernel.version)
            shutil.copytree(kernel.modules, tree, ignore=lambda _, names: [
                name for name in names if name.endswith(".ko") and name not in wanted])
            run("depmod", "-b", folder, kernel.version)
            run(IMAGE_TOOL, "--modules", tree, "--binary", rig.binary, "--compress", "none", "--nic", "virtio_net", "-o", path)

    peer = our_peer(kernel, rig, target, "iscsi-init, smallest")
    peer.make = lambda: cached("smallest" + kernel.version + digest_of(rig.binary) + digest_of(__file__), ".bench", make)
    return peer


def our_peer(kernel, rig, target, name="iscsi-init", options="", config=None):
    """Ours: one iscsi= for each target. More than a kernel command line holds go into the image's own one."""
    def words(link, disk, targets=1, disks=1):
        sessions = ["iscsi=%s:%d,%s%d%s" % (link.target, link.port, target, number + 1, options)
                    for number in range(targets)]
        return "%s %s root=UUID=%s ro" % (kernel_ip(link), " ".join(sessions) if not config else "", disk.UUID)

    more = ["--config", "cmdline=" + config] if config else []
    return Peer(name, words, lambda: rig.initrd(kernel, *more))
