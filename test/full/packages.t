#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The packages of make deb and make rpm, on a system that debootstrap has just made: they install, lintian has no error,
update-initramfs and dracut find the hooks where they look, and what these make boots from the iSCSI disk."""

import os
import re
import shutil
import struct
import subprocess
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "boot"))
from rig import TOP, Kernel, Rig, Target, run  # noqa: E402

# What happens on that system; the kernel is one that was unpacked there, as its package would have done.
INSIDE = """
set -ex
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
version=$(cat /root/share/version)
apt-get -q update
apt-get -q -y install --no-install-recommends initramfs-tools dracut-core rpm zstd bash-completion man-db
cp -r /root/share/modules/. /lib/modules/
cp /root/share/config "/boot/config-$version"
cp /root/share/vmlinuz "/boot/vmlinuz-$version"
has() { lsinitramfs "$1" | grep -x -q iscsi-init; }
list() { find /usr /etc /lib -path '*iscsi-init*' | sort; }

update-initramfs -c -k "$version"
! has "/boot/initrd.img-$version"
apt-get -q -y install --no-install-recommends /root/share/iscsi-init.deb
has "/boot/initrd.img-$version"
cp "/boot/initrd.img-$version" /root/share/by-update-initramfs
iscsi-init --version
iscsi-init check 'iscsi=10.0.0.1,iqn.2026-01.org.example:disk root=LABEL=root'
iscsi-init-image --modules "/lib/modules/$version" --nic virtio_net -o /root/share/by-image-tool
man -w iscsi-init iscsi-init-image iscsi-init-boots
bash -ec '. /usr/share/bash-completion/bash_completion; _completion_loader iscsi-init || :; complete -p iscsi-init'
dracut --quiet --force --no-hostonly --add iscsi-init --kver "$version" /root/share/by-dracut
apt-get -q -y purge iscsi-init
! has "/boot/initrd.img-$version"
list >/root/share/left-by-deb

rpm -i --nodeps --force-debian /root/share/iscsi-init.rpm
rpm -V iscsi-init --nodeps
iscsi-init --version
dracut --quiet --force --no-hostonly --add iscsi-init --kver "$version" /root/share/by-dracut-rpm
rpm -e --nodeps --force-debian iscsi-init
list >/root/share/left-by-rpm
: >/root/share/complete
"""


def package(kind):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    env.update(DEBFULLNAME="A Builder", DEBEMAIL="builder@example.net")
    said = run("make", "--no-print-directory", "-C", TOP, kind, env=env)
    return os.path.join(TOP, re.findall(r"^build/packages/\S+$", said, re.M)[-1])


def same_again(rig, deb):
    """The package's bytes depend on its inputs only."""
    first = rig.path("first", ".deb")
    shutil.copy(deb, first)
    package("deb")
    rig.ok(subprocess.call(["cmp", first, deb]) == 0, "make deb makes the same bytes again")


def symbols_fit(rig, deb):
    """The program in the package names the file of the other package, which knows its lines."""
    folder = rig.path("unpacked", "")
    for file in (deb, deb.replace("iscsi-init_", "iscsi-init-dbgsym_")):
        run("dpkg-deb", "-x", file, folder)
    program, symbols = (os.path.join(folder, name) for name in ("usr/sbin/iscsi-init", "usr/lib/debug/usr/sbin/iscsi-init.debug"))
    with open(symbols, "rb") as file:
        crc = struct.pack("<I", zlib.crc32(file.read()))
    link = rig.path("link", "")
    run("objcopy", "-O", "binary", "-j", ".gnu_debuglink", "--set-section-flags", ".gnu_debuglink=alloc", program, link)
    with open(link, "rb") as file:
        rig.ok(file.read() == b"iscsi-init.debug\0".ljust(20, b"\0") + crc, "the program names the file of its symbols")
    main = re.search(r"^([0-9a-f]+) T main$", run("nm", symbols), re.M).group(1)
    where = run("addr2line", "-e", symbols, main)
    rig.ok(re.search(r"main\.c:[0-9]+$", where), "which knows the line of main", where)
    rig.ok(os.path.getsize(program) < 600000, "and the program itself has none", str(os.path.getsize(program)))


def share_folder(rig, kernel, deb, rpm):
    share = rig.path("share", "")
    shutil.copytree(os.path.dirname(kernel.modules), os.path.join(share, "modules"), symlinks=True)
    for source, name in ((deb, "iscsi-init.deb"), (rpm, "iscsi-init.rpm"), (kernel.vmlinuz, "vmlinuz"),
                         (os.path.join(kernel.folder, "config"), "config"),
                         (os.path.join(kernel.folder, "version"), "version")):
        shutil.copy(source, os.path.join(share, name))
    with open(os.path.join(share, "script"), "w") as file:
        file.write(INSIDE)
    return share


def boots(rig, kernel, image, words, name):
    disk = rig.disk()
    target = Target(rig, {1: disk})
    guest = rig.boot(kernel, image, "quiet %s %s root=UUID=%s rw" % (words, target.word(), disk.UUID), memory=768)
    rig.check(guest, guest.expect("^ROOT-OK", 120), "what %s made boots" % name)
    rig.check(guest, guest.wait(), name + ": powers off")


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    deb, rpm = package("deb"), package("rpm")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", "--suppress-tags",
                           "initial-upload-closes-no-bugs", deb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rig.ok(done.returncode == 0, "lintian has no error and no warning", done.stdout)
    same_again(rig, deb)
    symbols_fit(rig, deb)
    share = share_folder(rig, kernel, deb, rpm)
    log = subprocess.run([os.path.join(HERE, "fresh"), "sh", "/root/share/script"], env=dict(os.environ, FRESH_SHARE=share),
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    complete = os.path.exists(os.path.join(share, "complete"))
    rig.ok(complete, "both packages install, make their images, and go again", "\n".join(log.splitlines()[-40:]))
    if complete:
        for kind in ("deb", "rpm"):
            with open(os.path.join(share, "left-by-" + kind)) as file:
                left = file.read()
            rig.ok(not left, "the %s leaves no file behind" % kind, left)
        for image, words, name in (("by-update-initramfs", "rdinit=/iscsi-init", "update-initramfs with the deb"),
                                   ("by-dracut", "rdinit=/iscsi-init", "dracut with the deb"),
                                   ("by-image-tool", "", "iscsi-init-image of the deb"),
                                   ("by-dracut-rpm", "rdinit=/iscsi-init", "dracut with the rpm")):
            boots(rig, kernel, os.path.join(share, image), words, name)
